//! From statements to text: what [`parse`](super::parse) reads back to the same.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::tokens::{fate_word, is_bare};
use super::{Expected, Schedule, Statement};
use crate::command::KVOperation;
use crate::op::{KVSOperation, Key, Value};
use crate::process::NodeId;
use crate::server::Message;
use crate::sim::{Links, Pattern};
use crate::time::Span;
use crate::version::Versioned;
use crate::zoo::{Names, OptionValue, catalog};

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}zoo {}", self.front, catalog::exhibit_of(self.architecture.animal).name)?;
        for (option, value) in self.architecture.changes() {
            write!(f, " {}={value}", option.name)?;
        }
        writeln!(f, "\nseed {}", self.seed)?;
        if let Some(level) = &self.front.level {
            writeln!(f, "{level}")?;
        }
        let names = self.names();
        self.lines.iter().try_for_each(|line| writeln!(f, "{}", Shown { statement: &line.statement, names: &names }))
    }
}

/// A statement with the names to print it with.
struct Shown<'a> {
    statement: &'a Statement,
    names: &'a Names,
}

/// A statement as a line says it.
pub(super) fn line(statement: &Statement, names: &Names) -> String {
    Shown { statement, names }.to_string()
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |node: &NodeId| self.names.name(*node);
        match self.statement {
            Statement::Call { client, call, expect } => {
                write!(f, "{}: {}", name(client), operation(&call.op))?;
                if let Some(to) = &call.to {
                    write!(f, " -> {}", name(to))?;
                }
                match expect {
                    Some(expected) => write!(f, " expect {}", outcome(expected)),
                    None => Ok(()),
                }
            }
            Statement::Traffic(None) => f.write_str("traffic off"),
            Statement::Traffic(Some(traffic)) => {
                write!(f, "traffic every {} keys {} reads {}%", traffic.every, traffic.keys, traffic.reads_percent)
            }
            Statement::Fill(keys) => write!(f, "fill {keys}"),
            Statement::Watch { client, watch } => {
                let verb = if watch.is_on { "subscribe" } else { "unsubscribe" };
                write!(f, "{}: {verb} ", name(client))?;
                if !watch.prefix.as_str().is_empty() {
                    write!(f, "{} ", quoted(watch.prefix.as_str()))?;
                }
                write!(f, "-> {}", name(&watch.server))
            }
            Statement::View { epoch, shards, to } => {
                f.write_str("view ")?;
                if let Some(epoch) = epoch {
                    write!(f, "{epoch}: ")?;
                }
                for (place, shard) in shards.iter().enumerate() {
                    let glue = if place == 0 { "" } else { " | " };
                    write!(f, "{glue}{} = {}", shard.name, self.nodes(&shard.nodes))?;
                }
                if to.is_empty() { Ok(()) } else { write!(f, " -> {}", self.nodes(to)) }
            }
            Statement::Join(nodes) => write!(f, "join {}", self.nodes(nodes)),
            Statement::Leave(nodes) => write!(f, "leave {}", self.nodes(nodes)),
            Statement::Lost(shard) => write!(f, "lost {shard}"),
            Statement::Cut(links) => write!(f, "cut {}", self.links(links)),
            Statement::Heal(links) => write!(f, "heal {}", self.links(links)),
            Statement::HealAll => f.write_str("heal"),
            Statement::Crash(node) => write!(f, "crash {}", name(node)),
            Statement::Restart(node) => write!(f, "restart {}", name(node)),
            Statement::Wipe(node) => write!(f, "wipe {}", name(node)),
            Statement::Pause(node) => write!(f, "pause {}", name(node)),
            Statement::Resume(node) => write!(f, "resume {}", name(node)),
            Statement::Clock { node, offset_us } => {
                let sign = if *offset_us < 0 { '-' } else { '+' };
                write!(f, "clock {} {sign}{}", name(node), Span::from_us(offset_us.unsigned_abs()))
            }
            Statement::Links { links, changes } => {
                f.write_str("links")?;
                if let Some(links) = links {
                    write!(f, " {}", self.links(links))?;
                }
                changes.iter().try_for_each(|(option, value)| write!(f, " {option}={value}"))
            }
            Statement::PacketLoss { requests, replies } => {
                f.write_str("packet-loss")?;
                let rates = [("requests", requests), ("replies", replies)];
                rates
                    .into_iter()
                    .filter_map(|(what, loss)| Some((what, (*loss)?)))
                    .try_for_each(|(what, loss)| write!(f, " {what}={}", OptionValue::Percent(loss)))
            }
            Statement::Fire { timer, node } => write!(f, "fire {} {}", timer.name(), name(node)),
            Statement::Message { fate, pattern, place } => {
                write!(f, "{}{}", fate_word(*fate), self.pattern(pattern))?;
                place.map_or(Ok(()), |place| write!(f, " #{place}"))
            }
            Statement::DropNext(pattern) => write!(f, "drop next{}", self.pattern(pattern)),
            Statement::Run(span) => write!(f, "run {span}"),
            Statement::Step(events) => write!(f, "step {events}"),
            Statement::At { time, events: None } => write!(f, "at {time}"),
            Statement::At { time, events: Some(events) } => write!(f, "at {time} after {events}"),
            Statement::Settle => f.write_str("settle"),
            Statement::Say(text) => write!(f, "say {}", in_quotes(text)),
            Statement::Ask { question, answers } => {
                let answers: Vec<_> = answers.iter().map(|answer| in_quotes(answer)).collect();
                write!(f, "ask {} = {}", in_quotes(question), answers.join(" | "))
            }
            Statement::ExpectHeld { node, key, values } => {
                write!(f, "expect {} {} = {}", name(node), quoted(key.as_str()), several(values))
            }
            Statement::ExpectAgree(agree) => f.write_str(if *agree { "expect agree" } else { "expect disagree" }),
            Statement::ExpectUp { node, up } => write!(f, "expect {} {}", name(node), if *up { "up" } else { "down" }),
            Statement::ExpectLast { client, expected } => write!(f, "expect {} {}", name(client), outcome(expected)),
            Statement::ExpectVerdict { guarantee, holds } => {
                write!(f, "expect {} {}", guarantee.name(), if *holds { "holds" } else { "broken" })
            }
            Statement::ExpectHeard { client, notices } => {
                write!(f, "expect heard {}", name(client))?;
                if notices.is_empty() {
                    return f.write_str(" nothing");
                }
                notices.iter().try_for_each(|notice| write!(f, " {}", in_quotes(notice)))
            }
            Statement::ExpectMark { mark, node } => write!(f, "expect mark {} {}", quoted(mark), name(node)),
        }
    }
}

impl Shown<'_> {
    fn nodes(&self, nodes: &[NodeId]) -> String {
        nodes.iter().map(|node| self.names.name(*node)).collect::<Vec<_>>().join(" ")
    }

    fn links(&self, links: &Links) -> String {
        match links {
            Links::Between(groups) => groups.iter().map(|group| self.nodes(group)).collect::<Vec<_>>().join(" | "),
            Links::OneWay { from, to } => format!("{} -> {}", self.nodes(from), self.nodes(to)),
        }
    }

    fn pattern(&self, pattern: &Pattern) -> String {
        let kind = pattern.kind.and_then(|kind| Message::KINDS.get(usize::from(kind)));
        let kind = kind.map_or_else(String::new, |kind| format!(" {kind}"));
        if !kind.is_empty() && pattern.from.is_none() && pattern.to.is_none() {
            return kind;
        }
        let end = |node: Option<NodeId>| node.map_or("*", |node| self.names.name(node));
        format!("{kind} {}->{}", end(pattern.from), end(pattern.to))
    }
}

/// An operation as a schedule says it.
fn operation(op: &KVSOperation) -> String {
    match op {
        KVSOperation::Put(key, value) => put(key, value, None),
        KVSOperation::PutFor(key, value, ttl) => put(key, value, Some(*ttl)),
        KVSOperation::PutIf(key, value, version) => format!("{} @{version}", put(key, value, None)),
        KVSOperation::Get(key) => format!("get {}", quoted(key.as_str())),
        KVSOperation::Delete(key) => format!("delete {}", quoted(key.as_str())),
        KVSOperation::Exists(key) => format!("exists {}", quoted(key.as_str())),
        KVSOperation::MGet(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| quoted(key.as_str())).collect();
            format!("mget {}", keys.join(" "))
        }
        KVSOperation::GetAll => "getall".into(),
        KVSOperation::ListKeys => "keys".into(),
        KVSOperation::Clear => "clear".into(),
        KVSOperation::Size => "size".into(),
        KVSOperation::Batch(commands) => {
            let commands: Vec<String> = commands.iter().map(command).collect();
            format!("batch {{ {} }}", commands.join(", "))
        }
    }
}

fn put(key: &Key, value: &Value, ttl: Option<Span>) -> String {
    let ttl = ttl.map_or_else(String::new, |ttl| format!(" ttl={ttl}"));
    format!("put {}={}{ttl}", quoted(key.as_str()), quoted(value.as_str()))
}

/// A command of a batch.
fn command(command: &KVOperation) -> String {
    match command {
        KVOperation::Set { key, value, ttl } => put(key, value, *ttl),
        KVOperation::Get(key) => format!("get {}", quoted(key.as_str())),
        KVOperation::Delete(key) => format!("delete {}", quoted(key.as_str())),
        KVOperation::Exists(key) => format!("exists {}", quoted(key.as_str())),
        KVOperation::ListKeys => "keys".into(),
        KVOperation::Clear => "clear".into(),
        KVOperation::Size => "size".into(),
        KVOperation::Tick => "tick".into(),
    }
}

/// How an operation is to end, or has ended, as a schedule says it.
pub(super) fn outcome(expected: &Expected) -> String {
    match expected {
        Expected::Ok => "ok".into(),
        Expected::Unknown => "unknown".into(),
        Expected::UnknownClosed => "unknown-closed".into(),
        Expected::OkAt(version) => format!("ok @{version}"),
        Expected::RefusedAt(version) => format!("refused @{version}"),
        Expected::ValueAt(Versioned { value, version }) => format!("{} @{version}", quoted(value.as_str())),
        Expected::Unavailable => "unavailable".into(),
        Expected::Items(items) if items.is_empty() => "nothing".into(),
        Expected::Items(items) => {
            let shown = items.iter().map(|(key, values)| format!("{} = {}", quoted(key.as_str()), several(values)));
            shown.collect::<Vec<_>>().join(", ")
        }
        Expected::Pending => "pending".into(),
        Expected::Values(values) => several(values),
        Expected::Refused => "refused".into(),
        Expected::Batch(results) => {
            let results: Vec<String> = results.iter().map(|result| several(result)).collect();
            format!("batch {{ {} }}", results.join(", "))
        }
    }
}

/// `none`, `v`, or `{v, w}`.
pub(super) fn several(values: &[Value]) -> String {
    match values {
        [] => "none".into(),
        [value] => quoted(value.as_str()).into(),
        values => {
            let shown: Vec<_> = values.iter().map(|value| quoted(value.as_str())).collect();
            format!("{{{}}}", shown.join(", "))
        }
    }
}

/// A text as a schedule writes it: in quotes only where it must.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    if is_bare(text) { text.into() } else { in_quotes(text).into() }
}

/// A text in quotes, with nothing in it that a line could not show.
pub(super) fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}
