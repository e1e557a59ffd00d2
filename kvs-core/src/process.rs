//! The step function: what a node is, and the one door through which it touches the world.
//!
//! A [`Process`] is plain state. The world hands it an [`Event`] and a [`Context`]; the process changes its own state and says
//! through the context what else should happen. **Equal state, event and context in: equal state and effects out.**

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::choice::Choose;
use crate::disk::{Disk, WriteNumber};
use crate::time::{Span, Time};

/// The number of a node in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Whoever stands outside the world: the reader, a test. Requests come from there and answers go there, at once and unseen
    /// by the network.
    pub const OUTSIDE: Self = Self(u32::MAX);

    /// The node's place in a list of all nodes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A node's program: its state, and what it does with an event.
pub trait Process: Clone {
    /// What it says to others.
    type Message: Clone;
    /// Its reasons to be woken. Setting a timer that is set already replaces it.
    type Timer: Copy + Ord;

    /// Handles one event.
    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>);
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<M, T> {
    /// The node starts, for the first time or after a crash. Only its disk has survived.
    Boot,
    /// A message arrives.
    Receive {
        /// Its sender.
        from: NodeId,
        /// What it says.
        message: M,
    },
    /// A timer that the node set has run out.
    Timer(T),
}

/// The events of a process.
pub type EventOf<P> = Event<<P as Process>::Message, <P as Process>::Timer>;

/// A fact worth telling a reader that neither messages nor state show, such as "ignored: duplicate request".
///
/// Marks are constants beside the protocol that leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Mark(pub &'static str);

/// What a step asked for. The world carries it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<M, T> {
    /// Send a message.
    Send {
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: M,
        /// It may leave only when this write is on the medium.
        after: Option<WriteNumber>,
        /// The sync that it waits for takes along all that is written when it begins, asked for or not.
        takes_all: bool,
    },
    /// Wake the node up `after` this long.
    SetTimer {
        /// The reason.
        timer: T,
        /// When, on the node's own clock.
        after: Span,
    },
    /// Do not wake the node up for this reason.
    CancelTimer(T),
    /// Tell the reader.
    Mark {
        /// The fact.
        mark: Mark,
        /// What it is about: a sequence number, a slot; 0 where there is nothing to name.
        subject: u64,
    },
}

/// The effects of a process.
pub type EffectOf<P> = Effect<<P as Process>::Message, <P as Process>::Timer>;

/// All that a step may touch besides its own state.
pub struct Context<'a, P: Process> {
    me: NodeId,
    incarnation: u32,
    now: Time,
    effects: &'a mut Vec<EffectOf<P>>,
    disk: &'a mut Arc<Disk>,
    choices: &'a mut dyn Choose,
    leaves: Leaves,
}

/// When a message leaves.
#[derive(Clone, Copy)]
enum Leaves {
    AtOnce,
    WhenWritten,
    WhenSynced,
}

impl<'a, P: Process> Context<'a, P> {
    /// A context for one step. The world makes these; a test of a single step may, too.
    pub fn new(
        me: NodeId,
        incarnation: u32,
        now: Time,
        effects: &'a mut Vec<EffectOf<P>>,
        disk: &'a mut Arc<Disk>,
        choices: &'a mut dyn Choose,
    ) -> Self {
        Self { me, incarnation, now, effects, disk, choices, leaves: Leaves::AtOnce }
    }

    /// The node that takes this step.
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// How often the node has crashed before this life. The one number that survives everything, as if an operator kept count:
    /// disks can be lost and clocks set back.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The time on this node's clock, which may be wrong.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Sends a message. It may be lost, late, or arrive twice.
    pub fn send(&mut self, to: NodeId, message: impl Into<P::Message>) {
        let after = match self.leaves {
            Leaves::AtOnce => None,
            Leaves::WhenWritten => Some(self.disk.last_write()),
            Leaves::WhenSynced => Some(self.disk.asked()),
        };
        let takes_all = matches!(self.leaves, Leaves::WhenWritten);
        self.effects.push(Effect::Send { to, message: message.into(), after, takes_all });
    }

    /// Asks to be woken after a span of this node's time, for a reason. Replaces an earlier request for the same reason.
    pub fn set_timer(&mut self, timer: impl Into<P::Timer>, after: Span) {
        self.effects.push(Effect::SetTimer { timer: timer.into(), after });
    }

    /// Takes back a request to be woken.
    pub fn cancel_timer(&mut self, timer: impl Into<P::Timer>) {
        self.effects.push(Effect::CancelTimer(timer.into()));
    }

    /// A number below `bound`: the only randomness there is.
    pub fn choose(&mut self, bound: u32) -> u32 {
        self.choices.choose(bound)
    }

    /// This node's disk. Writes reach the page cache at once and the medium later.
    pub fn disk(&mut self) -> &mut Disk {
        // Copied only if a world kept for later shares it.
        Arc::make_mut(self.disk)
    }

    /// What is on it, for whoever only reads.
    pub fn disk_content(&self) -> &Disk {
        self.disk
    }

    /// The same context, but what is sent through it leaves only when every write so far is on the medium. A crash before
    /// that takes the message along with the writes.
    pub fn durably(&mut self) -> Context<'_, P> {
        self.leaving(Leaves::WhenWritten)
    }

    /// The same context, but what is sent through it leaves only when all is on the medium that was
    /// [synced](Disk::sync) so far, and no more than that. Who has written and forgotten to sync waits for nothing, and finds out
    /// after a crash.
    pub fn when_synced(&mut self) -> Context<'_, P> {
        self.leaving(Leaves::WhenSynced)
    }

    fn leaving(&mut self, leaves: Leaves) -> Context<'_, P> {
        Context {
            me: self.me,
            incarnation: self.incarnation,
            now: self.now,
            effects: &mut *self.effects,
            disk: &mut *self.disk,
            choices: &mut *self.choices,
            leaves,
        }
    }

    /// Tells the reader a fact.
    pub fn mark(&mut self, mark: Mark, subject: u64) {
        self.effects.push(Effect::Mark { mark, subject });
    }
}
