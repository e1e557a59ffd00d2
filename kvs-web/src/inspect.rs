//! Any state as a tree of words, with what differs from the state before it marked.

use kvs_core::lattice::VectorClock;
use kvs_core::zoo::Names;
use serde::Serialize;
use serde_content::{Data, Number, Serializer, Value as Content};

/// A part of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// What it is called in its parent.
    pub label: String,
    /// What it is, in a few words.
    pub value: String,
    /// Its parts.
    pub children: Vec<Tree>,
}

/// How a part came about in the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was the same before.
    Same,
    /// It was there, but otherwise.
    Changed,
    /// It was not there.
    Added,
}

/// A state as a tree.
pub fn tree(label: &str, state: &impl Serialize, names: &Names) -> Tree {
    match Serializer::new().serialize(state) {
        Ok(content) => plant(label.into(), &content, names),
        Err(error) => Tree { label: label.into(), value: error.to_string(), children: Vec::new() },
    }
}

/// How a tree came about from the one before the last step, if there was one.
pub fn change(tree: &Tree, before: Option<&Tree>) -> Change {
    match before {
        None => Change::Added,
        Some(before) if before == tree => Change::Same,
        Some(_) => Change::Changed,
    }
}

impl Tree {
    /// The part of this name.
    pub fn part(&self, label: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.label == label)
    }

    fn leaf(label: String, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), children: Vec::new() }
    }

    fn branch(label: String, value: impl Into<String>, children: Vec<Self>) -> Self {
        Self { label, value: value.into(), children }
    }
}

fn plant(label: String, content: &Content<'_>, names: &Names) -> Tree {
    match content {
        Content::Unit | Content::Option(None) => Tree::leaf(label, "none"),
        Content::Bool(yes) => Tree::leaf(label, if *yes { "yes" } else { "no" }),
        Content::Number(number) => {
            let value = whole(number).map_or_else(|| "a number".into(), |whole| number_words(&label, whole, names));
            Tree::leaf(label, value)
        }
        Content::Char(character) => Tree::leaf(label, character.to_string()),
        Content::String(text) => Tree::leaf(label, if text.is_empty() { "\"\"" } else { text }),
        Content::Bytes(bytes) => Tree::leaf(label, format!("{} bytes", bytes.len())),
        Content::Option(Some(content)) => plant(label, content, names),
        Content::Seq(items) | Content::Tuple(items) => {
            let children = items.iter().enumerate().map(|(place, item)| plant((place + 1).to_string(), item, names));
            collection(label, children.collect())
        }
        Content::Map(entries) => {
            if let Some(clock) = vector_clock(entries, names) {
                return Tree::leaf(label, clock);
            }
            collection(label, entries.iter().map(|(key, value)| plant(key_words(key, names), value, names)).collect())
        }
        Content::Struct(fields) => data(label, String::new(), &fields.data, names),
        Content::Enum(variant) => data(label, spaced(&variant.variant), &variant.data, names),
    }
}

/// What a struct or an enum's variant holds.
fn data(label: String, name: String, data: &Data<'_>, names: &Names) -> Tree {
    match data {
        Data::Unit => Tree::leaf(label, if name.is_empty() { "none".into() } else { name }),
        Data::NewType { value } => {
            let inner = plant(label, value, names);
            let value =
                [name, inner.value].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(": ");
            Tree { value, ..inner }
        }
        Data::Tuple { values } => {
            let children = values.iter().enumerate().map(|(place, item)| plant((place + 1).to_string(), item, names));
            Tree::branch(label, name, children.collect())
        }
        Data::Struct { fields } => {
            let children = fields.iter().map(|(field, value)| plant(spaced(field), value, names));
            Tree::branch(label, name, children.collect())
        }
    }
}

fn collection(label: String, children: Vec<Tree>) -> Tree {
    let value = match children.len() {
        0 => "none".into(),
        1 => "1 entry".into(),
        entries => format!("{entries} entries"),
    };
    Tree::branch(label, value, children)
}

fn whole(number: &Number) -> Option<i128> {
    Some(match number {
        Number::I8(n) => i128::from(*n),
        Number::U8(n) => i128::from(*n),
        Number::I16(n) => i128::from(*n),
        Number::U16(n) => i128::from(*n),
        Number::I32(n) => i128::from(*n),
        Number::U32(n) => i128::from(*n),
        Number::I64(n) => i128::from(*n),
        Number::U64(n) => i128::from(*n),
        _ => return None,
    })
}

/// Times and nodes are numbers in the state; their field tells them apart.
fn number_words(label: &str, number: i128, names: &Names) -> String {
    match label {
        "node" | "server" | "to" | "from" => u32::try_from(number)
            .map_or_else(|_| number.to_string(), |node| names.name(kvs_core::process::NodeId(node)).into()),
        "time" | "last time" | "every" => u64::try_from(number)
            .map_or_else(|_| number.to_string(), |us| kvs_core::time::Time::from_us(us).to_string()),
        _ => number.to_string(),
    }
}

/// A key of a map in one line.
fn key_words(key: &Content<'_>, names: &Names) -> String {
    match key {
        Content::Number(number) => whole(number).map_or_else(String::new, |n| number_words("node", n, names)),
        key => {
            let tree = plant(String::new(), key, names);
            flat(&tree)
        }
    }
}

/// A tree in one line: `R1 · 3`.
fn flat(tree: &Tree) -> String {
    if tree.children.is_empty() {
        return tree.value.clone();
    }
    tree.children.iter().map(flat).filter(|part| part != "0" && part != "none").collect::<Vec<_>>().join(" · ")
}

/// A vector clock in one line, `R1:2 R2:1`, if that is what the entries are.
fn vector_clock(entries: &[(Content<'_>, Content<'_>)], names: &Names) -> Option<String> {
    let parts = entries.iter().map(|(key, value)| {
        let Content::Struct(replica) = key else { return None };
        if replica.name != "ReplicaId" {
            return None;
        }
        let Content::Number(count) = value else { return None };
        Some(format!("{}:{}", key_words(key, names), whole(count)?))
    });
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join("  "))
}

/// `last_sequence` and `LastSequence` as words.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut last_was_small = false;
    for character in name.chars() {
        if character == '_' {
            words.push(' ');
        } else if character.is_uppercase() && last_was_small {
            words.push(' ');
            words.push(character.to_ascii_lowercase());
        } else {
            words.push(character);
        }
        last_was_small = character.is_lowercase();
    }
    words
}

/// A vector clock in one line.
pub fn clock_words(clock: &VectorClock, names: &Names) -> String {
    tree("", clock, names).value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::player::Player;
    use kvs_core::op::{KVSOperation, Key, Value};
    use kvs_core::process::NodeId;
    use kvs_core::server::Call;
    use kvs_core::sim::{Input, Recording};
    use kvs_core::time::Time;
    use kvs_core::zoo::catalog;
    use std::sync::Arc;

    #[test]
    fn a_server_shows_its_values_and_what_the_last_step_changed() {
        let mut player = Player::new(Recording::new(catalog::EXHIBITS[1].architecture(), 1));
        let op = KVSOperation::Put(Key::new("k").expect("short"), Value::new("x").expect("short"));
        let call = Input::Call { client: NodeId(3), call: Arc::new(Call { op, to: None }) };
        let names = player.names().clone();
        let show = |player: &Player| tree("R1", &**player.world().node(NodeId(0)), &names);
        let before = show(&player);
        assert_eq!(change(&before, Some(&show(&player))), Change::Same);
        let _changes = player.apply(Command::Input(call)).expect("a client is there");
        let _changes = player.apply(Command::Seek(Time::from_us(200_000))).expect("a seek");
        let after = show(&player);
        assert_eq!(change(&after, Some(&before)), Change::Changed);
        let text = format!("{after:?}");
        assert!(text.contains("R1:1"), "the vector clock is shown in one line: {text}");
        assert!(text.contains("\"x\""), "{text}");
    }
}
