use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Ballot, P2a};
use crate::op::RequestId;
use crate::ordering::Command;
use crate::request::Request;
use crate::storage::MachineSnapshot;

/// What an acceptor has accepted for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogValue {
    /// By which ballot.
    pub ballot: Ballot,
    /// What.
    pub value: Command,
}

/// What the parts say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The proxy to a proposer, or a replica that was asked to the proxy: a request.
    Propose {
        /// The request.
        request: Arc<Request>,
    },
    /// A proposer to the proxy: it does not lead.
    NotLeader {
        /// The request.
        id: RequestId,
        /// The highest ballot that it knows of.
        ballot: Ballot,
    },
    /// A proposer to an acceptor: follow no lower ballot from now on, and say what you have accepted.
    P1a {
        /// Its ballot.
        ballot: Ballot,
        /// What came before this slot need not be said.
        from: u64,
    },
    /// An acceptor to a proposer.
    P1b {
        /// The ballot that it follows. If it is a higher one than asked for, this is a refusal.
        promised: Ballot,
        /// The ballot that was asked for.
        ballot: Ballot,
        /// What it has accepted, by slot; nothing in a refusal.
        accepted: Arc<[(u64, LogValue)]>,
        /// What came before this slot is chosen, and forgotten here.
        truncated: u64,
    },
    /// A proposer to an acceptor: accept this.
    P2a(P2a),
    /// An acceptor to a proposer.
    P2b {
        /// The ballot that it follows. If it is a higher one than that of the proposal, this is a refusal.
        promised: Ballot,
        /// The ballot of the proposal.
        ballot: Ballot,
        /// Its slot.
        slot: u64,
        /// What came before this slot is chosen, and forgotten here. If the proposal is for one of those, it was not accepted.
        truncated: u64,
    },
    /// A leader to a replica: this is chosen.
    Decide {
        /// For which slot.
        slot: u64,
        /// What.
        command: Command,
    },
    /// A leader to other proposers and to replicas: it leads.
    IAmLeader {
        /// Its ballot.
        ballot: Ballot,
        /// All slots before this one are chosen.
        commit: u64,
    },
    /// A replica to the leader: how far it has come.
    Applied {
        /// It has executed all slots before this one.
        slot_out: u64,
        /// Its disk has a snapshot of what all slots before this one lead to.
        snapshot: u64,
    },
    /// A leader to an acceptor: forget what came before this slot.
    Trunc {
        /// The slot.
        upto: u64,
    },
    /// A replica to the leader or to another replica: what came from this slot on?
    Learn {
        /// The slot.
        from: u64,
    },
    /// What was chosen.
    LearnResp {
        /// What all slots before this one lead to, if the commands themselves are not there any more.
        snapshot: Option<(u64, Arc<MachineSnapshot>)>,
        /// Commands by slot.
        decisions: Arc<[(u64, Command)]>,
    },
    /// Somebody who has been asked to read to an acceptor: whom do you follow, and how far have you come?
    ReadIdx {
        /// The read.
        id: RequestId,
    },
    /// The answer.
    ReadIdxAck {
        /// The read.
        id: RequestId,
        /// The ballot that it follows.
        promised: Ballot,
        /// It has accepted nothing from this slot on.
        next: u64,
    },
    /// To a replica: answer this read as soon as all slots before this one are executed.
    ReadAt {
        /// The slot.
        slot: u64,
        /// The read.
        request: Arc<Request>,
    },
    /// A leader to an acceptor: follow nobody else for a while.
    Lease {
        /// Its ballot.
        ballot: Ballot,
        /// The number of the lease.
        round: u32,
    },
    /// An acceptor will.
    LeaseGrant {
        /// The ballot.
        ballot: Ballot,
        /// The number of the lease.
        round: u32,
    },
}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "Propose",
            Self::NotLeader { .. } => "NotLeader",
            Self::P1a { .. } => "P1a",
            Self::P1b { .. } => "P1b",
            Self::P2a(_) => "P2a",
            Self::P2b { .. } => "P2b",
            Self::Decide { .. } => "Decide",
            Self::IAmLeader { .. } => "IAmLeader",
            Self::Applied { .. } => "Applied",
            Self::Trunc { .. } => "Trunc",
            Self::Learn { .. } => "Learn",
            Self::LearnResp { .. } => "LearnResp",
            Self::ReadIdx { .. } => "ReadIdx",
            Self::ReadIdxAck { .. } => "ReadIdxAck",
            Self::ReadAt { .. } => "ReadAt",
            Self::Lease { .. } => "Lease",
            Self::LeaseGrant { .. } => "LeaseGrant",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Propose { request } => write!(f, "{}", request.op),
            Self::NotLeader { ballot, .. } if *ballot == Ballot::default() => f.write_str("nobody leads"),
            Self::NotLeader { ballot, .. } => write!(f, "ask {ballot}"),
            Self::P1a { ballot, .. } => write!(f, "{ballot}: who follows me?"),
            Self::P1b { promised, ballot, .. } if promised > ballot => write!(f, "no: I follow {promised}"),
            Self::P1b { ballot, accepted, .. } => match accepted.len() {
                0 => write!(f, "I follow {ballot}, and have accepted nothing"),
                1 => write!(f, "I follow {ballot}, and have accepted 1 slot"),
                slots => write!(f, "I follow {ballot}, and have accepted {slots} slots"),
            },
            Self::P2a(P2a { ballot, slot, command }) => write!(f, "{ballot}, slot {slot}: {command}"),
            Self::P2b { promised, ballot, .. } if promised > ballot => write!(f, "no: I follow {promised}"),
            Self::P2b { slot, truncated, .. } if slot < truncated => write!(f, "slot {slot} is long chosen"),
            Self::P2b { ballot, slot, .. } => write!(f, "{ballot}, slot {slot}: accepted"),
            Self::Decide { slot, command } => write!(f, "slot {slot}: {command}"),
            Self::IAmLeader { ballot, commit } => write!(f, "{ballot} leads; {commit} slots are chosen"),
            Self::Applied { slot_out, snapshot } => write!(f, "executed {slot_out} slots, {snapshot} on disk"),
            Self::Trunc { upto } => write!(f, "forget what came before slot {upto}"),
            Self::Learn { from } => write!(f, "what came from slot {from} on?"),
            Self::LearnResp { snapshot: Some((slot, _)), .. } => write!(f, "a snapshot of {slot} slots"),
            Self::LearnResp { snapshot: None, decisions } => match decisions.len() {
                1 => f.write_str("1 slot"),
                slots => write!(f, "{slots} slots"),
            },
            Self::ReadIdx { .. } => f.write_str("whom do you follow?"),
            Self::ReadIdxAck { promised, next, .. } => write!(f, "{promised}; nothing from slot {next} on"),
            Self::ReadAt { slot, request } => write!(f, "{} at slot {slot}", request.op),
            Self::Lease { ballot, .. } => write!(f, "follow nobody but {ballot} for a while"),
            Self::LeaseGrant { ballot, .. } => write!(f, "I will follow nobody but {ballot} for a while"),
        }
    }
}

/// What the parts wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// A leader says that it leads.
    SendIAmLeader,
    /// A proposer looks whether anybody does.
    CheckIAmLeader,
    /// A proposer says again what acceptors have not answered.
    Resend,
    /// The proxy passes on again what nobody has answered.
    ProxyRetry,
    /// A replica asks for what is missing.
    Gap,
}

impl Timer {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::SendIAmLeader, Self::CheckIAmLeader, Self::Resend, Self::ProxyRetry, Self::Gap];

    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendIAmLeader => "SendIAmLeader",
            Self::CheckIAmLeader => "CheckIAmLeader",
            Self::Resend => "Resend",
            Self::ProxyRetry => "ProxyRetry",
            Self::Gap => "Gap",
        }
    }

    /// What it means when it runs out, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::SendIAmLeader => "says that it leads",
            Self::CheckIAmLeader => "looks whether anybody leads",
            Self::Resend => "says again what acceptors have not answered",
            Self::ProxyRetry => "passes on again what nobody has answered",
            Self::Gap => "looks for slots that are missing",
        }
    }
}
