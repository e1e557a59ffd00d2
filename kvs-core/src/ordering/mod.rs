//! When? The socket that puts requests in order, where several servers must do what one would.
//!
//! A protocol here agrees with its peers on one sequence of [`Command`]s and applies it to the [`Machine`](crate::storage::Machine) of its
//! server, slot after slot. It is hosted by anything whose messages can carry its own ([`Host`]), and hands what it has to say to clients to
//! its host as [`Reply`]s, by way of an [`Executor`].

mod command;
#[cfg(test)]
mod desk;
mod glance;
mod host;
pub mod paxos;
pub mod rabia;
pub mod raft;
mod reads;
pub mod vr;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use self::rabia::Rabia;
use self::raft::Raft;
use self::vr::Vr;
use crate::process::{Context, Event, NodeId};
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
    /// Replicas without a leader.
    Rabia(Box<Rabia>),
    /// It executes what others have agreed on.
    MultiPaxos(Box<paxos::Replica>),
    /// By a primary, and whoever's turn it is when that is gone.
    Vr(Box<Vr>),
}

/// What the protocols say to their like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A server of Raft to another.
    Raft(raft::Message),
    /// Replicas without a leader.
    Rabia(rabia::Message),
    /// The parts of Multi-Paxos.
    Paxos(paxos::Message),
    /// A replica of Viewstamped Replication to another.
    Vr(vr::Message),
}

/// What the protocols wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// A server of Raft.
    Raft(raft::Timer),
    /// Replicas without a leader.
    Rabia(rabia::Timer),
    /// A part of Multi-Paxos.
    Paxos(paxos::Timer),
    /// A replica of Viewstamped Replication.
    Vr(vr::Timer),
}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Raft(message) => message.kind(),
            Self::Rabia(message) => message.kind(),
            Self::Paxos(message) => message.kind(),
            Self::Vr(message) => message.kind(),
        }
    }
}

impl fmt::Display for Message {
    /// What it says, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raft(message) => message.fmt(f),
            Self::Rabia(message) => message.fmt(f),
            Self::Paxos(message) => message.fmt(f),
            Self::Vr(message) => message.fmt(f),
        }
    }
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raft(timer) => timer.name(),
            Self::Rabia(timer) => timer.name(),
            Self::Paxos(timer) => timer.name(),
            Self::Vr(timer) => timer.name(),
        }
    }

    /// What it means when it runs out, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Raft(timer) => timer.words(),
            Self::Rabia(timer) => timer.words(),
            Self::Paxos(timer) => timer.words(),
            Self::Vr(timer) => timer.words(),
        }
    }
}

impl Ordering {
    /// Takes a request of a client.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        match self {
            Self::Arrival => {}
            Self::Raft(raft) => raft.submit(request, executor, cx),
            Self::Rabia(rabia) => rabia.submit(request, executor, cx),
            Self::MultiPaxos(replica) => replica.submit(request, executor, cx),
            Self::Vr(vr) => vr.submit(request, executor, cx),
        }
    }

    /// Handles an event.
    #[inline(never)]
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
            (Self::Rabia(rabia), Event::Boot) => rabia.step(Event::Boot, executor, cx),
            (Self::Rabia(rabia), Event::Timer(Timer::Rabia(timer))) => rabia.step(Event::Timer(timer), executor, cx),
            (Self::Rabia(rabia), Event::Receive { from, message: Message::Rabia(message) }) => {
                rabia.step(Event::Receive { from, message }, executor, cx);
            }
            (Self::MultiPaxos(replica), Event::Boot) => replica.step(Event::Boot, executor, cx),
            (Self::MultiPaxos(replica), Event::Timer(Timer::Paxos(timer))) => {
                replica.step(Event::Timer(timer), executor, cx);
            }
            (Self::MultiPaxos(replica), Event::Receive { from, message: Message::Paxos(message) }) => {
                replica.step(Event::Receive { from, message }, executor, cx);
            }
            (Self::Vr(vr), Event::Boot) => vr.step(Event::Boot, executor, cx),
            (Self::Vr(vr), Event::Timer(Timer::Vr(timer))) => vr.step(Event::Timer(timer), executor, cx),
            (Self::Vr(vr), Event::Receive { from, message: Message::Vr(message) }) => {
                vr.step(Event::Receive { from, message }, executor, cx);
            }
            // Said to servers of another kind.
            _ => {}
        }
    }

    /// By way of whom answers go to clients that have not asked this server; None if they have.
    pub fn proxy(&self) -> Option<NodeId> {
        match self {
            Self::MultiPaxos(replica) => Some(replica.proxy()),
            _ => None,
        }
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Option<Glance> {
        match self {
            Self::Arrival => None,
            Self::Raft(raft) => Some(raft.glance()),
            Self::Rabia(rabia) => Some(rabia.glance()),
            Self::MultiPaxos(replica) => Some(replica.glance()),
            Self::Vr(vr) => Some(vr.glance()),
        }
    }

    /// Up to which slot, not included, the machine has executed, where the first is slot 0: that is how many; None where there are no
    /// slots.
    pub fn applied(&self) -> Option<u64> {
        match self {
            Self::Arrival => None,
            Self::Raft(raft) => Some(raft.applied()),
            Self::Rabia(rabia) => Some(rabia.applied()),
            Self::MultiPaxos(replica) => Some(replica.applied()),
            Self::Vr(vr) => Some(vr.applied()),
        }
    }

    /// The server of Raft, if it is one.
    pub fn raft(&self) -> Option<&Raft> {
        match self {
            Self::Raft(raft) => Some(raft),
            _ => None,
        }
    }

    /// The replica of Viewstamped Replication, if it is one.
    pub fn vr(&self) -> Option<&Vr> {
        match self {
            Self::Vr(vr) => Some(vr),
            _ => None,
        }
    }

    /// The replica of Multi-Paxos, if it is one.
    pub fn paxos(&self) -> Option<&paxos::Replica> {
        match self {
            Self::MultiPaxos(replica) => Some(replica),
            _ => None,
        }
    }

    /// The replica without a leader, if it is one.
    pub fn rabia(&self) -> Option<&Rabia> {
        match self {
            Self::Rabia(rabia) => Some(rabia),
            _ => None,
        }
    }
}
