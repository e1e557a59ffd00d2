//! What a power cut takes from a node, and what it leaves: found out on a copy of the world, by the crash itself.

use kvs_core::disk::{CrashFate, Disk};
use kvs_core::op::{KVSOperation, KVSResponse, Outcome};
use kvs_core::process::NodeId;
use kvs_core::server::Node;
use kvs_core::sim::{History, Operation};
use kvs_core::storage::records;
use kvs_core::version::Versioned;
use kvs_core::world::{Whereabouts, World};
use kvs_core::zoo::{Architecture, Names};

use crate::platter::size;
use crate::stage::scene::held_by;

/// What is left of a node when its power is cut at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// What it holds and would hold again: `x = a @1`.
    pub kept: Vec<String>,
    /// What it holds and would hold no longer; with who was told that it is done, if anybody was.
    pub lost: Vec<String>,
    /// What it does not hold, and would hold again.
    pub back: Vec<String>,
    /// What becomes of its files, those that stay as they are left out.
    pub files: Vec<String>,
    /// How many files stay as they are.
    pub whole_files: usize,
    /// How many messages wait for its disk, and would never leave.
    pub unsent: usize,
}

/// What would be left if the power of a node were cut in this world now; None if it is down already.
pub fn aftermath(
    world: &World<Node>,
    architecture: &Architecture,
    names: &Names,
    history: &History,
    node: NodeId,
) -> Option<Aftermath> {
    if !world.is_up(node) {
        return None;
    }
    let mut later = world.clone();
    later.crash(node, &mut ());
    let mut aftermath = Aftermath {
        unsent: (world.letters().iter())
            .filter(|(_, at, letter)| *at == Whereabouts::Parked && letter.from == node)
            .count(),
        ..Aftermath::default()
    };
    aftermath.compare_files(world.disk(node), later.disk(node));
    later.restart(node, &mut ());
    let held = |world: &World<Node>| world.node(node).as_server().map(held_by).unwrap_or_default();
    // Where requests are put in order, a server begins with its log, and learns from others how much of it counts.
    if !architecture.is_ordered() {
        let (before, after) = (held(world), held(&later));
        aftermath.kept = before.iter().filter(|line| after.contains(line)).cloned().collect();
        aftermath.back = after.iter().filter(|line| !before.contains(line)).cloned().collect();
        let lost = before.into_iter().filter(|line| !after.contains(line));
        let told = |line: String| match told(history, world, &line) {
            Some(operation) => format!("{line} ({} was told that it is done)", names.name(operation.client())),
            None => line,
        };
        aftermath.lost = lost.map(told).collect();
    }
    Some(aftermath)
}

/// The operation that has put what a line says, if its client was told so by now.
fn told<'a>(history: &'a History, world: &World<Node>, line: &str) -> Option<&'a Operation> {
    history.operations().iter().rev().find(|operation| {
        let Some(ended) = operation.ended.as_ref().filter(|ended| ended.at <= world.now()) else { return false };
        let (KVSOperation::Put(key, value) | KVSOperation::PutIf(key, value, _)) = operation.op() else { return false };
        match &ended.outcome {
            Outcome::Ok(KVSResponse::PutAt(version)) => {
                line == format!("{key} = {}", Versioned { value: value.clone(), version: *version })
            }
            Outcome::Ok(response) => response.is_confirmation() && line == format!("{key} = {value}"),
            _ => false,
        }
    })
}

impl Aftermath {
    fn compare_files(&mut self, before: &Disk, after: &Disk) {
        for name in before.files() {
            let was = before.read(name).unwrap_or_default();
            match after.read(name) {
                Some(is) if is == was => self.whole_files += 1,
                None => self.files.push(format!("{name} is gone")),
                Some([]) => self.files.push(format!("{name} is empty")),
                Some(is) if was.starts_with(is) => {
                    let (lost, _) = records(&was[is.len()..]);
                    let of = match lost.len() {
                        0 => String::new(),
                        1 => String::from(", 1 record"),
                        records => format!(", {records} records"),
                    };
                    self.files.push(format!("{name} loses its last {}{of}", size(was.len() - is.len())));
                }
                Some(is) if before.read_medium(name) == Some(is) => {
                    self.files.push(format!("{name} is again what it was before"));
                }
                Some(_) => self.files.push(format!("{name} is half old and half new")),
            }
        }
        let back = after.files().filter(|name| before.read(name).is_none());
        self.files.extend(back.map(|name| format!("{name} is there again")));
    }

    /// Whether nothing is lost, neither of what is held nor of what is written.
    pub fn is_harmless(&self) -> bool {
        self.lost.is_empty() && self.files.is_empty() && self.back.is_empty()
    }

    /// The worst of it, in one sentence, before it happens.
    pub fn gist(&self) -> String {
        match (self.lost.as_slice(), self.files.as_slice()) {
            ([], []) if self.kept.is_empty() => self.sentences(false).remove(0),
            ([], []) => "Nothing would be lost.".into(),
            ([], files) => format!("Files: {}.", shortened(files)),
            (lost, _) => format!("Lost: {}.", shortened(lost)),
        }
    }

    /// All of it, a sentence each; `has_happened` or may yet.
    pub fn sentences(&self, has_happened: bool) -> Vec<String> {
        let mut sentences = Vec::new();
        let lists = [("Kept", &self.kept), ("Lost", &self.lost), ("Back again", &self.back), ("Files", &self.files)];
        for (what, list) in lists {
            if !list.is_empty() {
                sentences.push(format!("{what}: {}.", shortened(list)));
            }
        }
        if self.is_harmless() && self.whole_files > 0 {
            let sentence = if has_happened {
                "All that was written was on the platter, and is there."
            } else {
                "All that is written is on the platter, and would still be there."
            };
            sentences.push(sentence.into());
        }
        match (self.unsent, has_happened) {
            (0, _) => {}
            (1, true) => sentences.push("One message waited for the disk, and has never left.".into()),
            (1, false) => sentences.push("One message waits for the disk, and would never leave.".into()),
            (count, true) => sentences.push(format!("{count} messages waited for the disk, and have never left.")),
            (count, false) => sentences.push(format!("{count} messages wait for the disk, and would never leave.")),
        }
        if sentences.is_empty() {
            sentences.push("It holds nothing that could be lost.".into());
        }
        sentences
    }
}

/// The first few of a list, and how many more there are.
fn shortened(list: &[String]) -> String {
    const ITEMS_MAX: usize = 4;
    let shown = list.iter().take(ITEMS_MAX).cloned().collect::<Vec<_>>().join("; ");
    match list.len().saturating_sub(ITEMS_MAX) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// What becomes of writes that are not on the platter, in a sentence.
pub fn fate_words(fate: CrashFate) -> &'static str {
    match fate {
        CrashFate::Dropped => "In this world a power cut loses all that is not on the platter.",
        CrashFate::Kept => "In this world luck keeps even what is not on the platter.",
        CrashFate::Torn => {
            "In this world some of what is not on the platter survives, up to a point; the write at that point is torn."
        }
        CrashFate::Reordered => {
            "In this world any part of what is not on the platter may survive, wherever no sync forbids it."
        }
    }
}
