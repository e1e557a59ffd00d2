use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::log::{Entry, Position};
use super::members::Members;
use crate::storage::MachineSnapshot;

/// What servers say to each other. All that figure 2 calls a remote procedure is two messages here, because the answer may be lost alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Would you vote for me? Thesis, section 9.6.
    PreVote {
        /// The term that would begin.
        term: u64,
        /// The end of the sender's log.
        last: Position,
    },
    /// Yes, or no.
    PreVoteReply {
        /// The term that would begin; with a no, that of the receiver.
        term: u64,
        /// Whether it would.
        granted: bool,
    },
    /// Vote for me. Section 5.2.
    RequestVote {
        /// The candidate's term.
        term: u64,
        /// The end of its log.
        last: Position,
    },
    /// A vote, or none.
    VoteReply {
        /// The voter's term.
        term: u64,
        /// Whether it is a vote.
        granted: bool,
    },
    /// What comes next in the log; with nothing in it, a sign of life. Section 5.3.
    AppendEntries {
        /// The leader's term.
        term: u64,
        /// The position after which the entries come.
        prev: Position,
        /// The entries.
        entries: Arc<[Entry]>,
        /// Up to where the leader knows entries to be committed.
        commit: u64,
        /// The leader's round: whoever answers it has followed the leader after that round began.
        round: u64,
    },
    /// What became of it, and of a snapshot likewise.
    AppendReply {
        /// The follower's term.
        term: u64,
        /// The round that is answered.
        round: u64,
        /// Whether the logs agree.
        result: Appended,
    },
    /// What all entries up to a position have led to. Section 7; in one piece.
    InstallSnapshot {
        /// The leader's term.
        term: u64,
        /// The last position that it covers.
        last: Position,
        /// Values, and the last answer to each client.
        machine: Arc<MachineSnapshot>,
        /// Who agreed there.
        members: Members,
        /// The leader's round.
        round: u64,
    },
}

/// Whether a follower's log agrees with the leader's at the place where entries were to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Appended {
    /// It does, up to this index.
    UpTo(u64),
    /// It does not: something else stands there, or nothing. Section 5.3, last but one paragraph.
    Refused {
        /// The term that stands there, if there is one.
        term: Option<u64>,
        /// The first index of that term; or the first that is empty.
        index: u64,
    },
    /// Nobody looked: the sender's term is over.
    TermIsOver,
}

impl Message {
    /// What kind of message it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PreVote { .. } => "PreVote",
            Self::PreVoteReply { .. } => "PreVoteReply",
            Self::RequestVote { .. } => "RequestVote",
            Self::VoteReply { .. } => "VoteReply",
            Self::AppendEntries { .. } => "AppendEntries",
            Self::AppendReply { .. } => "AppendReply",
            Self::InstallSnapshot { .. } => "InstallSnapshot",
        }
    }

    /// The sender's term; of a [`PreVote`](Self::PreVote) and of a yes to it, the one that would begin.
    pub fn term(&self) -> u64 {
        match self {
            Self::PreVote { term, .. }
            | Self::PreVoteReply { term, .. }
            | Self::RequestVote { term, .. }
            | Self::VoteReply { term, .. }
            | Self::AppendEntries { term, .. }
            | Self::AppendReply { term, .. }
            | Self::InstallSnapshot { term, .. } => *term,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreVote { term, .. } => write!(f, "would you vote for me in term {term}?"),
            Self::PreVoteReply { term, granted: true } => write!(f, "I would, in term {term}"),
            Self::PreVoteReply { term, granted: false } => write!(f, "I would not; it is term {term}"),
            Self::RequestVote { term, .. } => write!(f, "vote for me in term {term}"),
            Self::VoteReply { term, granted: true } => write!(f, "my vote in term {term}"),
            Self::VoteReply { term, granted: false } => write!(f, "no vote; it is term {term}"),
            Self::AppendEntries { term, prev, entries, commit, .. } => match &entries[..] {
                [] => write!(f, "term {term} goes on, committed up to {commit}"),
                [one] => write!(f, "term {term}, slot {}: {}", prev.index + 1, one.command),
                several => {
                    let last = prev.index + several.len() as u64;
                    write!(f, "term {term}, slots {} to {last}", prev.index + 1)
                }
            },
            Self::AppendReply { result: Appended::UpTo(index), .. } => write!(f, "I have all up to slot {index}"),
            Self::AppendReply { result: Appended::Refused { index, .. }, .. } => {
                write!(f, "does not fit: send me what comes from slot {index} on")
            }
            Self::AppendReply { term, result: Appended::TermIsOver, .. } => write!(f, "no, it is term {term}"),
            Self::InstallSnapshot { last, .. } => write!(f, "all up to slot {} has led to this", last.index),
        }
    }
}

/// What a server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// To hear of a leader; who leads, to hear of a majority.
    Election,
    /// To give a sign of life.
    Heartbeat,
}

impl Timer {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Election, Self::Heartbeat];

    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Election => "Election",
            Self::Heartbeat => "Heartbeat",
        }
    }

    /// What it means when it runs out.
    pub fn words(self) -> &'static str {
        match self {
            Self::Election => "has waited long enough for a sign of the others",
            Self::Heartbeat => "time for a sign of life",
        }
    }
}
