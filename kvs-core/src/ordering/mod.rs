//! When? The socket that puts requests in order, where several servers must do what one would.
//!
//! A protocol here agrees with its peers on one sequence of [`Command`]s and applies it to the [`Machine`](crate::storage::Machine) of its
//! server, slot after slot. It is hosted by anything whose messages can carry its own, and hands what it has to say to clients to its host as
//! [`Reply`]s.

mod command;
mod glance;

use core::fmt;

use serde::{Deserialize, Serialize};

pub use command::{Command, Reply};
pub use glance::{Glance, Slot, SlotState};

/// The ordering part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Ordering {
    /// Each server takes requests as they arrive.
    Arrival,
}

/// What the protocols say to their like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {}

/// What the protocols wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match *self {}
    }
}

impl fmt::Display for Message {
    /// What it says, in a few words.
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {}
    }
}

impl Ordering {
    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Option<Glance> {
        match self {
            Self::Arrival => None,
        }
    }

    /// Up to which slot, not included, the machine has executed; None where there are no slots.
    pub fn applied(&self) -> Option<u64> {
        match self {
            Self::Arrival => None,
        }
    }
}
