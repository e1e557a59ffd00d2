//! Multi-Paxos with separate roles: a proxy takes requests, proposers put them in order, acceptors vote, replicas execute.
//!
//! After Lamport 1998 and 2001 ("Paxos Made Simple"), and van Renesse and Altınbüken 2015 ("Paxos Made Moderately Complex"), whose roles
//! these are; their replicas' part in proposing is the proxy's here.
//!
//! **Promise**: at most one command is chosen for each slot, whatever messages are lost, late or repeated and whoever crashes, as long as no
//! disk is lost; so replicas that execute slot after slot do what one server would. Where `f + 1` of `2f + 1` acceptors, a proposer, a replica
//! and the proxy can talk, requests are answered; elsewhere they are not, which does not mean that they are not done.
//!
//! What it does not do: change who takes part, or forget clients (their last answers are kept for ever).

mod acceptor;
mod enforcer;
mod leader;
mod message;
mod options;
mod proposer;
mod proxy;
mod replica;

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::ordering::{self, Command, Host};
use crate::process::{Context, NodeId};
use crate::time::Span;

pub use acceptor::{Acceptor, LEASED, STALE_BALLOT};
pub use enforcer::SlotOrderEnforcer;
pub use leader::{FILLED, Leader, NO_LEASE, QUEUED, STALE_VOTE};
pub use message::{LogValue, Message, Timer};
pub use options::{Adopts, Cluster, GapBuffer, Part, PaxosConfig, Reproposes, Safety, TruncatesAt};
pub use proposer::{LEADS, Proposer, STEPPED_DOWN};
pub use proxy::Proxy;
pub use replica::{ASKED, BEHIND, CAUGHT_UP, CHECKPOINT, Replica};

/// Who proposes, and for which time: the number decides, then the proposer. The default is before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ballot {
    /// From 1.
    pub num: u32,
    /// The place of the proposer among the proposers, from 1: L1 is 1.
    pub proposer_id: u32,
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.num, self.proposer_id)
    }
}

/// A command for a slot, as a proposer by this ballot would have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct P2a {
    /// By which ballot.
    pub ballot: Ballot,
    /// For which slot.
    pub slot: u64,
    /// What.
    pub command: Command,
}

impl PaxosConfig {
    /// After how long a proposer says again what acceptors have not answered.
    fn resend_after(&self) -> Span {
        self.i_am_leader_send_timeout.saturating_mul(2)
    }
}

fn tell<P: Host>(to: NodeId, message: Message, cx: &mut Context<'_, P>) {
    cx.send(to, ordering::Message::Paxos(message));
}

fn timer(timer: Timer) -> ordering::Timer {
    ordering::Timer::Paxos(timer)
}

/// The next of several, one after the other.
fn turn_to(nodes: &[NodeId], turn: &mut u32) -> Option<NodeId> {
    let count = u32::try_from(nodes.len()).ok().filter(|count| *count > 0)?;
    let node = nodes[(*turn % count) as usize];
    *turn = turn.wrapping_add(1);
    Some(node)
}

/// A ballot as it is shown: the one before all others is none.
fn shown(ballot: Ballot) -> String {
    if ballot == Ballot::default() { String::new() } else { ballot.to_string() }
}
