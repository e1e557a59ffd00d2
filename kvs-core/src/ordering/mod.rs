//! When? The socket that puts requests in order, where several servers must do what one would.
//!
//! A protocol here agrees with its peers on one sequence of [`Command`]s and applies it to the [`Machine`](crate::storage::Machine) of its
//! server, slot after slot. It is hosted by anything whose messages can carry its own ([`Host`]), and hands what it has to say to clients to
//! its host as [`Reply`]s, by way of an [`Executor`].

mod command;
mod glance;
mod host;
pub mod raft;
mod reads;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use self::raft::Raft;
use crate::process::{Context, Event};
use crate::request::Request;

pub use command::{Command, Reply};
pub use glance::{Glance, Slot, SlotState};
pub use host::{Executor, Host};
pub use reads::ReadMode;

/// The ordering part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Ordering {
    /// Each server takes requests as they arrive.
    Arrival,
    /// By a log that a leader replicates.
    Raft(Box<Raft>),
}

/// What the protocols say to their like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A server of Raft to another.
    Raft(raft::Message),
}

/// What the protocols wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// A server of Raft.
    Raft(raft::Timer),
}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Raft(message) => message.kind(),
        }
    }
}

impl fmt::Display for Message {
    /// What it says, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raft(message) => message.fmt(f),
        }
    }
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raft(timer) => timer.name(),
        }
    }

    /// What it means when it runs out, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Raft(timer) => timer.words(),
        }
    }
}

impl Ordering {
    /// Takes a request of a client.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        match self {
            Self::Arrival => {}
            Self::Raft(raft) => raft.submit(request, executor, cx),
        }
    }

    /// Handles an event.
    pub fn step<P: Host>(
        &mut self,
        event: Event<Message, Timer>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        match (self, event) {
            (Self::Raft(raft), Event::Boot) => raft.step(Event::Boot, executor, cx),
            (Self::Raft(raft), Event::Timer(Timer::Raft(timer))) => raft.step(Event::Timer(timer), executor, cx),
            (Self::Raft(raft), Event::Receive { from, message: Message::Raft(message) }) => {
                raft.step(Event::Receive { from, message }, executor, cx);
            }
            // Said to servers of another kind.
            (Self::Arrival, _) => {}
        }
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Option<Glance> {
        match self {
            Self::Arrival => None,
            Self::Raft(raft) => Some(raft.glance()),
        }
    }

    /// Up to which slot, not included, the machine has executed, where the first is slot 0: that is how many; None where there are no
    /// slots.
    pub fn applied(&self) -> Option<u64> {
        match self {
            Self::Arrival => None,
            Self::Raft(raft) => Some(raft.applied()),
        }
    }

    /// The server of Raft, if it is one.
    pub fn raft(&self) -> Option<&Raft> {
        match self {
            Self::Raft(raft) => Some(raft),
            Self::Arrival => None,
        }
    }
}
