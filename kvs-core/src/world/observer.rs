//! What there is to see of a world, and who sees it.

use serde::{Deserialize, Serialize};

use super::Sequence;
use crate::process::{Mark, NodeId, Process};
use crate::time::Time;

/// What happens in a world, as told to an [`Observer`].
#[derive(Debug)]
pub enum Happening<'a, P: Process> {
    /// A message leaves. A duplicate is a further message with a number of its own.
    Sent {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// When it will arrive.
        due: Time,
        /// What it says.
        message: &'a P::Message,
    },
    /// A message will not arrive.
    Lost {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it said.
        message: &'a P::Message,
        /// Why not.
        why: Loss,
    },
    /// A message arrives; the receiver's step follows.
    Delivered {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: &'a P::Message,
    },
    /// Something arrives from outside the world; the step follows.
    Asked {
        /// Who is asked.
        node: NodeId,
        /// What is said.
        message: &'a P::Message,
    },
    /// A node tells something to whoever stands outside the world.
    Told {
        /// Who tells it.
        node: NodeId,
        /// What is said.
        message: &'a P::Message,
    },
    /// A timer runs out; the step follows.
    Fired {
        /// Whose timer.
        node: NodeId,
        /// Its reason.
        timer: P::Timer,
    },
    /// A node starts; the step follows.
    Booted {
        /// Which.
        node: NodeId,
    },
    /// A node crashes.
    Crashed {
        /// Which.
        node: NodeId,
    },
    /// Writes have reached the medium.
    Synced {
        /// Whose disk.
        node: NodeId,
    },
    /// A node marks a fact.
    Marked {
        /// Which node.
        node: NodeId,
        /// The fact.
        mark: Mark,
        /// What it is about.
        subject: u64,
    },
}

// By hand: the derive would ask the process to be `Copy`.
impl<P: Process> Clone for Happening<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Process> Copy for Happening<'_, P> {}

/// Why a message will not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loss {
    /// The link loses some.
    Random,
    /// The link was cut.
    Cut,
    /// The receiver was down.
    Down,
    /// The reader dropped it.
    Dropped,
}

/// Watches a world. `()` watches nothing and costs nothing.
pub trait Observer<P: Process> {
    /// Something happened.
    fn saw(&mut self, now: Time, happening: Happening<'_, P>);
}

impl<P: Process> Observer<P> for () {
    fn saw(&mut self, _now: Time, _happening: Happening<'_, P>) {}
}

/// Two observers watch together.
impl<P: Process, A: Observer<P>, B: Observer<P>> Observer<P> for (&mut A, &mut B) {
    fn saw(&mut self, now: Time, happening: Happening<'_, P>) {
        self.0.saw(now, happening);
        self.1.saw(now, happening);
    }
}
