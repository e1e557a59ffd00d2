use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Serialize, Serializer};

use super::{kind, message, node};
use crate::process::NodeId;
use crate::sim::{Entry, Fate, Input, Trace, What, describe, summarize};
use crate::world::{Loss, Sequence};
use crate::zoo::Names;

/// What to paste into ShiViz's field for the parser.
pub const PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<time>\S*) (?<event>.*)";

/// Writes a trace as a log for [ShiViz](https://bestchai.bitbucket.io/shiviz/), two lines an event:
///
/// ```text
/// R1 {"R1":2,"C1":3}
/// 12ms R1 receives Request from C1: put k=x
/// ```
///
/// In ShiViz, the regular expression is [`PARSER`]: `(?<host>\S*) (?<clock>{.*})\n(?<time>\S*) (?<event>.*)`. No
/// multiple executions.
///
/// The clocks are true vector clocks: what a node does or notices counts in its own entry, and a delivery knows what
/// its sender knew when it sent. A message that is lost has its sending only. What the network or the reader does to a
/// message (to hold it, release it, copy it, lose it) is nobody's event; what comes from outside the world or goes
/// there carries no clock.
pub fn shiviz(out: &mut impl fmt::Write, names: &Names, trace: &Trace) -> fmt::Result {
    let mut clocks = Clocks::new(names.iter().count());
    let mut copied = None;
    for entry in trace.entries() {
        if let Some(node) = clocks.tick(entry, copied)
            && let Some(clock) = clocks.nodes.get(node.index())
        {
            let clock = serde_json::to_string(&Shown { names, clock }).map_err(|_| fmt::Error)?;
            writeln!(out, "{} {clock}", names.name(node))?;
            writeln!(out, "{} {}", entry.time, one_line(&sentence(entry, node, names)))?;
        }
        copied = match entry.what {
            What::Did(Input::Message { id, fate: Fate::Duplicate }) => Some(id),
            _ => None,
        };
    }
    Ok(())
}

/// How many events of each node are known somewhere.
type Clock = Vec<u64>;

/// What every node knows, and what every message knew when it was sent.
struct Clocks {
    nodes: Vec<Clock>,
    messages: BTreeMap<Sequence, Clock>,
}

impl Clocks {
    fn new(nodes: usize) -> Self {
        Self { nodes: vec![vec![0; nodes]; nodes], messages: BTreeMap::new() }
    }

    /// Lets an entry happen. Returns the node whose event it is; None if it is nobody's. `copied` is the message of
    /// which the reader has just asked for a copy.
    fn tick(&mut self, entry: &Entry, copied: Option<Sequence>) -> Option<NodeId> {
        match &entry.what {
            What::Sent { id, from, .. } => {
                if self.messages.contains_key(id) {
                    // It was held, and goes on.
                    return None;
                }
                let original = copied.and_then(|id| self.messages.get(&id)).cloned();
                let is_event = original.is_none();
                let clock = match original {
                    Some(clock) => clock,
                    None => self.count(*from)?.clone(),
                };
                self.messages.insert(*id, clock);
                is_event.then_some(*from)
            }
            What::Lost { id, from, why, .. } => {
                // What is lost before it leaves was sent nevertheless.
                let is_sending = matches!(why, Loss::Random | Loss::Cut) && !self.messages.contains_key(id);
                if is_sending {
                    self.count(*from)?;
                }
                is_sending.then_some(*from)
            }
            What::Delivered { id, to, .. } => {
                if let Some(known) = self.messages.get(id) {
                    for (mine, theirs) in self.nodes.get_mut(to.index())?.iter_mut().zip(known) {
                        *mine = *theirs.max(mine);
                    }
                }
                self.count(*to)?;
                Some(*to)
            }
            what => {
                let node = node(what)?;
                self.count(node)?;
                Some(node)
            }
        }
    }

    /// Counts an event of a node.
    fn count(&mut self, node: NodeId) -> Option<&Clock> {
        let clock = self.nodes.get_mut(node.index())?;
        *clock.get_mut(node.index())? += 1;
        Some(clock)
    }
}

/// A clock as an object: the names of nodes of which something is known, and how many of their events.
struct Shown<'a> {
    names: &'a Names,
    clock: &'a [u64],
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(self.clock).filter(|(_, events)| **events > 0))
    }
}

fn sentence(entry: &Entry, node: NodeId, names: &Names) -> String {
    describe(entry, names).unwrap_or_else(|| {
        let (name, kind) = (names.name(node), kind(&entry.what));
        match message(&entry.what) {
            Some(message) => format!("{name} {kind}: {}", summarize(message)),
            None => format!("{name} {kind}"),
        }
    })
}

/// Escapes what would end a line, in any reader's eyes, and the escape itself.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if c.is_control() || matches!(c, '\\' | '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
