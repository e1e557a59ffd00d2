use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::Said;
use crate::ordering::Command;
use crate::storage::MachineSnapshot;

/// What replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A proxy to all others: a client has asked for this.
    Forward {
        /// The request, or a batch of them.
        command: Command,
    },
    /// What the sender would like to see in a slot.
    Proposal {
        /// The slot.
        slot: u64,
        /// The request.
        command: Command,
    },
    /// The first round of a phase: what the sender takes the outcome to be.
    State {
        /// The slot.
        slot: u64,
        /// The phase, from 1.
        phase: u32,
        /// Whether the request goes into the slot.
        value: bool,
    },
    /// The second round of a phase: what a majority takes the outcome to be.
    Vote {
        /// The slot.
        slot: u64,
        /// The phase, from 1.
        phase: u32,
        /// None, written `?`: there is no such majority.
        vote: Option<bool>,
    },
    /// What is in a slot, for ever.
    Decision {
        /// The slot.
        slot: u64,
        /// The request; a no-op if the slot stays empty.
        command: Command,
    },
    /// The sender knows that a request goes into the slot, and not which.
    AskProposal {
        /// The slot.
        slot: u64,
    },
    /// The request that a majority has proposed.
    GiveProposal {
        /// The slot.
        slot: u64,
        /// The request.
        command: Command,
    },
    /// What came after that? The sender has all before it.
    CatchUp {
        /// The first slot that the sender lacks.
        from: u64,
    },
    /// What came after that.
    CatchUpResp {
        /// The first slot that the sender lacks in its turn.
        until: u64,
        /// What the asker lacked.
        missed: Missed,
    },
}

/// What somebody has missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missed {
    /// What was decided, slot after slot; nothing if nothing was missed.
    Decisions {
        /// The first of the slots.
        from: u64,
        /// What is in them.
        commands: Arc<[Command]>,
    },
    /// What all slots so far have led to: the decisions themselves are not kept any more.
    Snapshot(Arc<MachineSnapshot>),
}

/// Why a replica wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// To say again what it has said about an open slot, and to ask who is ahead and who is behind.
    Resend,
    /// To send a batch of requests although it is not full.
    SendBatch,
    /// To see whether the time of a value is up.
    Tick,
}

impl Timer {
    /// Every timer there is.
    pub const ALL: [Self; 3] = [Self::Resend, Self::SendBatch, Self::Tick];

    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resend => "ResendStage",
            Self::SendBatch => "SendBatch",
            Self::Tick => "Tick",
        }
    }

    /// What it is for, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Resend => "says again what it has said about the slot",
            Self::SendBatch => "has waited long enough for more requests",
            Self::Tick => "looks whether the time of a value is up",
        }
    }
}

impl Message {
    /// What a replica says about a slot.
    pub(super) fn of(slot: u64, said: &Said) -> Self {
        match said {
            Said::Proposal(command) => Self::Proposal { slot, command: command.clone() },
            Said::State { phase, value } => Self::State { slot, phase: *phase, value: *value },
            Said::Vote { phase, vote } => Self::Vote { slot, phase: *phase, vote: *vote },
        }
    }

    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Forward { .. } => "Forward",
            Self::Proposal { .. } => "Proposal",
            Self::State { .. } => "State",
            Self::Vote { .. } => "Vote",
            Self::Decision { .. } => "Decision",
            Self::AskProposal { .. } => "AskProposal",
            Self::GiveProposal { .. } => "GiveProposal",
            Self::CatchUp { .. } => "CatchUp",
            Self::CatchUpResp { .. } => "CatchUpResp",
        }
    }
}

fn bit(value: bool) -> char {
    if value { '1' } else { '0' }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward { command } => command.fmt(f),
            Self::Proposal { slot, command } | Self::GiveProposal { slot, command } => {
                write!(f, "slot {slot}: {command}")
            }
            Self::State { slot, phase, value } => write!(f, "slot {slot}, phase {phase}: {}", bit(*value)),
            Self::Vote { slot, phase, vote } => write!(f, "slot {slot}, phase {phase}: {}", vote.map_or('?', bit)),
            Self::Decision { slot, command: Command::Noop } => write!(f, "slot {slot} stays empty"),
            Self::Decision { slot, command } => write!(f, "slot {slot} is {command}"),
            Self::AskProposal { slot } => write!(f, "slot {slot}: which request?"),
            Self::CatchUp { from } => write!(f, "what came from slot {from} on?"),
            Self::CatchUpResp { until, missed: Missed::Snapshot(_) } => write!(f, "all before slot {until}"),
            Self::CatchUpResp { until, missed: Missed::Decisions { commands, .. } } => match commands.len() {
                0 => write!(f, "nothing new before slot {until}"),
                1 => f.write_str("1 decision"),
                some => write!(f, "{some} decisions"),
            },
        }
    }
}
