use serde::{Deserialize, Serialize};

use crate::ordering::ReadMode;
use crate::storage::checkpoint::SnapshotPlace;
use crate::time::Span;

/// What can be turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftOptions {
    /// The least time without a sign of a leader after which a server calls an election. Each draws its own, up to twice as long.
    pub election_timeout: Span,
    /// How often a leader gives a sign of life.
    pub heartbeat: Span,
    /// How many executed entries a server keeps before it replaces them by a snapshot.
    pub snapshot_every: u32,
    /// Where it keeps the values of that.
    pub snapshots: SnapshotPlace,
    /// How many entries one message carries at most.
    pub batch: u32,
    /// How reads are answered.
    pub reads: ReadMode,
    /// How many servers stand by: they are no members at first. Without any the members stay the same.
    pub spares: u32,
    /// Whoever joins is sent the log first, and votes when it has caught up. Thesis, section 4.2.1.
    pub catch_up: bool,
    /// Ask whether one could win before one calls an election. Thesis, section 9.6.
    pub pre_vote: bool,
    /// What must not be left out.
    pub rules: Rules,
}

/// What must not be left out. Every rule that is switched off can be seen to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Rules {
    /// A server votes once a term. Section 5.2.
    pub vote_once: bool,
    /// It remembers its vote through a crash. Figure 2, "persistent state".
    pub keep_vote: bool,
    /// It votes only for whoever has a log that is at least as up to date as its own. Section 5.4.1.
    pub vote_for_whole_logs: bool,
    /// A leader counts replicas of entries of its own term only; earlier ones are committed along with them. Section 5.4.2.
    pub commit_own_term: bool,
    /// A follower cuts off its log only where something else stands than the leader says. Figure 2, "AppendEntries", rule 3.
    pub truncate_on_conflict: bool,
    /// With [`ReadMode::Lease`]: whoever hears a leader follows nobody else. Thesis, section 6.4.1.
    pub heed_leader: bool,
    /// Members join and leave one by one, each when the one before is committed. Thesis, section 4.1.
    pub one_change_at_a_time: bool,
    /// A leader changes the members only when an entry of its own term is committed. Ongaro, *bug in single-server membership changes*,
    /// raft-dev, 10 July 2015.
    pub change_after_own_entry: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            vote_once: true,
            keep_vote: true,
            vote_for_whole_logs: true,
            commit_own_term: true,
            truncate_on_conflict: true,
            heed_leader: true,
            one_change_at_a_time: true,
            change_after_own_entry: true,
        }
    }
}

impl Default for RaftOptions {
    fn default() -> Self {
        Self {
            election_timeout: Span::from_ms(300),
            heartbeat: Span::from_ms(75),
            snapshot_every: 32,
            snapshots: SnapshotPlace::Journal,
            batch: 16,
            reads: ReadMode::Log,
            spares: 0,
            catch_up: true,
            pre_vote: true,
            rules: Rules::default(),
        }
    }
}

impl RaftOptions {
    /// The longest silence before a server acts.
    pub fn longest_election_timeout(&self) -> Span {
        self.election_timeout.saturating_mul(2)
    }

    /// How long a lease lasts on the leader's clock: its followers wait longer on theirs, and clocks may go wrong by a tenth.
    pub fn lease(&self) -> Span {
        Span::from_us(self.election_timeout.as_us() / 10 * 9)
    }
}
