//! A run in the formats of other tools.
//!
//! | function | for |
//! |---|---|
//! | [`json_lines`] | `jq` and scripts: everything that happened, one JSON object a line |
//! | [`shiviz`] | ShiViz: events with vector clocks, as a space-time diagram |
//! | [`mermaid`] | Mermaid, hence any Markdown: a sequence diagram |
//! | [`jepsen`] | checkers of histories: calls and returns as Jepsen's EDN |
//!
//! None of them reads anything but a trace or a history, and equal ones give equal texts.

mod jepsen;
mod json_lines;
mod mermaid;
mod shiviz;

use super::{Recording, Replay, Trace, What};
use crate::process::NodeId;
use crate::server::Message;
use crate::time::Time;
use crate::world::Loss;

pub use jepsen::jepsen;
pub use json_lines::{FORMAT, VERSION, json_lines};
pub use mermaid::mermaid;
pub use shiviz::{PARSER, shiviz};

/// What happened in a recorded run up to and including an instant, with what somebody outside did before what came of
/// it.
pub fn trace_of(recording: &Recording, until: Time) -> Trace {
    let mut trace = Trace::default();
    let mut replay = Replay::new(recording, &mut trace);
    while replay.next_moment(recording).is_some_and(|next| next.time <= until) {
        if let Some((at, input)) = replay.next_input(recording) {
            trace.did(at.time, input.clone());
        }
        replay.step(recording, &mut trace);
    }
    trace
}

/// What an entry is, in one word.
fn kind(what: &What) -> &'static str {
    match what {
        What::Sent { .. } => "sent",
        What::Lost { .. } => "lost",
        What::Delivered { .. } => "delivered",
        What::Asked { .. } => "asked",
        What::Told { .. } => "told",
        What::Fired { .. } => "fired",
        What::Booted { .. } => "booted",
        What::Crashed { .. } => "crashed",
        What::Synced { .. } => "synced",
        What::Marked { .. } => "marked",
        What::Did(_) => "did",
    }
}

/// Why a message was lost, in one word.
fn loss(why: Loss) -> &'static str {
    match why {
        Loss::Random => "random",
        Loss::Cut => "cut",
        Loss::Down => "down",
        Loss::Dropped => "dropped",
    }
}

/// The message that an entry is about.
fn message(what: &What) -> Option<&Message> {
    match what {
        What::Sent { message, .. }
        | What::Lost { message, .. }
        | What::Delivered { message, .. }
        | What::Asked { message, .. }
        | What::Told { message, .. } => Some(message),
        What::Fired { .. }
        | What::Booted { .. }
        | What::Crashed { .. }
        | What::Synced { .. }
        | What::Marked { .. }
        | What::Did(_) => None,
    }
}

/// The node at which an entry alone happens; None if it is about a message between two nodes, or about none.
fn node(what: &What) -> Option<NodeId> {
    match what {
        What::Asked { node, .. }
        | What::Told { node, .. }
        | What::Fired { node, .. }
        | What::Booted { node }
        | What::Crashed { node }
        | What::Synced { node }
        | What::Marked { node, .. } => Some(*node),
        What::Sent { .. } | What::Lost { .. } | What::Delivered { .. } | What::Did(_) => None,
    }
}
