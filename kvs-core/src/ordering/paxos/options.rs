use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ordering::ReadMode;
use crate::process::NodeId;
use crate::quorum::Counted;
use crate::storage::checkpoint::SnapshotPlace;
use crate::time::Span;

/// How many take part, how long they wait, and what they take care of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaxosConfig {
    /// How many acceptors, and how many replicas, may be gone at once. There are `2f + 1` acceptors.
    pub f: u32,
    /// How many replicas there are: `f + 1` at least.
    pub replicas: u32,
    /// How many proposers there are: `f + 1` at least.
    pub proposers: u32,
    /// How often a leader says that it leads.
    pub i_am_leader_send_timeout: Span,
    /// How long a proposer hears of no leader before it would like to be one.
    pub i_am_leader_check_timeout: Span,
    /// By how many send timeouts longer the second proposer waits than the first, the third than the second, and so on.
    pub i_am_leader_check_timeout_delay_multiplier: u32,
    /// Whether a proposer that has lost to another waits a while before it tries again, and longer each time.
    pub backoff: bool,
    /// After how many slots a replica writes a snapshot to its disk.
    pub checkpoint_frequency: u32,
    /// Where it keeps the values of that.
    pub snapshots: SnapshotPlace,
    /// How many requests go into one slot at most.
    pub batch: u32,
    /// How many slots may be open at once.
    pub window: u32,
    /// How reads are answered.
    pub reads: ReadMode,
    /// With [`ReadMode::Lease`]: for how long an acceptor follows nobody else.
    pub lease: Span,
    /// What makes it safe.
    pub safety: Safety,
}

impl Default for PaxosConfig {
    fn default() -> Self {
        Self {
            f: 1,
            replicas: 3,
            proposers: 3,
            i_am_leader_send_timeout: Span::from_ms(250),
            i_am_leader_check_timeout: Span::from_secs(1),
            i_am_leader_check_timeout_delay_multiplier: 1,
            backoff: true,
            checkpoint_frequency: 16,
            snapshots: SnapshotPlace::Journal,
            batch: 4,
            window: 4,
            reads: ReadMode::Log,
            lease: Span::from_ms(800),
            safety: Safety::default(),
        }
    }
}

/// What makes it safe. Each of these that is switched off breaks something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Safety {
    /// Acceptors keep promises and votes on their disks.
    pub acceptors_persist: bool,
    /// Proposers keep the number of their last ballot on their disks.
    pub ballots_persist: bool,
    /// A vote counts for the ballot that it was given in, and for no other.
    pub votes_by_ballot: bool,
    /// What counts as a vote.
    pub counted: Counted,
    /// Which of the commands that acceptors report a new leader adopts.
    pub adopts: Adopts,
    /// A new leader fills slots of which nobody reports anything.
    pub fills_holes: bool,
    /// Which slots a new leader proposes again.
    pub reproposes: Reproposes,
    /// What replicas do with commands that come before their turn.
    pub gap_buffer: GapBuffer,
    /// A snapshot says what clients were answered.
    pub table_in_snapshot: bool,
    /// An acceptor that has granted a lease follows nobody else until it ends.
    pub leases_bind: bool,
    /// Which slots acceptors may forget.
    pub truncates_at: TruncatesAt,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            acceptors_persist: true,
            ballots_persist: true,
            votes_by_ballot: true,
            counted: Counted::Voters,
            adopts: Adopts::HighestBallot,
            fills_holes: true,
            reproposes: Reproposes::All,
            gap_buffer: GapBuffer::Kept,
            table_in_snapshot: true,
            leases_bind: true,
            truncates_at: TruncatesAt::Quorum,
        }
    }
}

/// Which of the commands that acceptors report for a slot a new leader adopts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adopts {
    /// The one with the highest ballot: if any was chosen, it is that.
    #[default]
    HighestBallot,
    /// The first that it finds.
    Any,
}

/// Which slots a new leader proposes again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reproposes {
    /// All that may be open.
    #[default]
    All,
    /// Those for which not all promises of its quorum report the same.
    WhatLooksOpen,
}

/// What replicas do with commands that come before their turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GapBuffer {
    /// They wait for the slots before.
    #[default]
    Kept,
    /// They wait, but the number of the next slot begins again from 0.
    Restarts,
    /// There is none: commands are executed as they arrive.
    None,
}

/// Which slots acceptors may forget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TruncatesAt {
    /// Those that are in snapshots on the disks of `f + 1` replicas.
    #[default]
    Quorum,
    /// Those that are in a snapshot of one replica.
    One,
}

/// The part that a node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Executes what is chosen, and keeps the values.
    Replica,
    /// Proposes what comes next.
    Proposer,
    /// Votes.
    Acceptor,
    /// Takes requests of clients and passes them on.
    Proxy,
}

impl PaxosConfig {
    /// How many acceptors there are.
    pub fn acceptors(&self) -> u32 {
        2 * self.f + 1
    }

    /// How many nodes there are that are no clients.
    pub fn nodes(&self) -> u32 {
        self.replicas + self.proposers + self.acceptors() + 1
    }

    /// The part of a node, and its place among those that have the same part, from 0; None for a client.
    pub fn part(&self, node: NodeId) -> Option<(Part, u32)> {
        let parts = [
            (Part::Replica, self.replicas),
            (Part::Proposer, self.proposers),
            (Part::Acceptor, self.acceptors()),
            (Part::Proxy, 1),
        ];
        let mut place = node.0;
        for (part, count) in parts {
            if place < count {
                return Some((part, place));
            }
            place -= count;
        }
        None
    }

    /// How much longer than the first proposer this one waits, which is at this place from 1.
    pub(super) fn stagger(&self, proposer_id: u32) -> Span {
        let times = self.i_am_leader_check_timeout_delay_multiplier * proposer_id.saturating_sub(1);
        self.i_am_leader_send_timeout.saturating_mul(u64::from(times))
    }

    /// The longest silence after which a proposer that has lost to nobody would like to lead.
    pub fn longest_silence(&self) -> Span {
        // The random part is as long as the timeout itself at most.
        self.i_am_leader_check_timeout.saturating_mul(2) + self.stagger(self.proposers)
    }
}

/// Who has which part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// In the order of their numbers.
    pub replicas: Arc<[NodeId]>,
    /// Likewise.
    pub proposers: Arc<[NodeId]>,
    /// Likewise.
    pub acceptors: Arc<[NodeId]>,
    /// The one proxy.
    pub proxy: NodeId,
}

impl Cluster {
    /// Those of a store with these options: replicas first, then proposers, acceptors, and the proxy.
    pub fn new(config: &PaxosConfig) -> Self {
        let of = |wanted: Part| -> Arc<[NodeId]> {
            let nodes = (0..config.nodes()).map(NodeId);
            nodes.filter(|node| config.part(*node).is_some_and(|(part, _)| part == wanted)).collect()
        };
        Self {
            replicas: of(Part::Replica),
            proposers: of(Part::Proposer),
            acceptors: of(Part::Acceptor),
            proxy: NodeId(config.nodes() - 1),
        }
    }

    /// The proposer that a ballot belongs to.
    pub fn proposer(&self, proposer_id: u32) -> Option<NodeId> {
        self.proposers.get(proposer_id.checked_sub(1)? as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_one_part_and_replicas_come_first() {
        for f in 1..=2 {
            let config = PaxosConfig { f, ..PaxosConfig::default() };
            let cluster = Cluster::new(&config);
            let all = cluster.replicas.iter().chain(&*cluster.proposers).chain(&*cluster.acceptors);
            let all: alloc::vec::Vec<u32> = all.chain([&cluster.proxy]).map(|node| node.0).collect();
            assert_eq!(all, (0..config.nodes()).collect::<alloc::vec::Vec<u32>>());
            assert_eq!(config.part(NodeId(config.nodes())), None);
            assert_eq!(cluster.proposer(1), Some(NodeId(3)));
            assert_eq!(cluster.proposer(0), None);
        }
    }
}
