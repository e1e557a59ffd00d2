//! What an architecture promises, and which faults end the promise.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{Animal, Architecture, StorageOptions};
use crate::ordering::ReadMode;
use crate::replication::gossip::Delivery;
use crate::replication::primary_backup::Reads;
use crate::routing::RoutingOptions;
use crate::server::ReadContext;
use crate::storage::Values;
use crate::storage::smr::Eviction;
use crate::storage::versioned::VersionedOptions;

/// Something that a store may promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Every operation seems to happen at one instant between its call and its return.
    Linearizability,
    /// A read of several keys sees them as they were at one moment.
    SnapshotReads,
    /// There is one order of all operations that keeps the order of each session.
    SequentialConsistency,
    /// Whoever has seen an effect has seen its causes, and all agree on one order of the writes in the end.
    CausalConvergence,
    /// Whoever has seen an effect has seen its causes.
    CausalConsistency,
    /// Each session sees causes before effects, in one order of its own.
    CausalMemory,
    /// A session sees what it wrote, or something newer.
    ReadYourWrites,
    /// A session never sees less than before.
    MonotonicReads,
    /// Whoever sees a write sees the earlier ones of the same session.
    MonotonicWrites,
    /// Whoever sees a write sees what its session had read before it.
    WritesFollowReads,
    /// Replicas that can talk become equal in the end, and nothing that was acknowledged is missing then.
    Convergence,
    /// What was acknowledged is not lost.
    Durability,
}

impl Guarantee {
    /// All of them, the stronger ones first.
    pub const ALL: [Self; 12] = [
        Self::Linearizability,
        Self::SnapshotReads,
        Self::SequentialConsistency,
        Self::CausalConvergence,
        Self::CausalMemory,
        Self::CausalConsistency,
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
        Self::Convergence,
        Self::Durability,
    ];

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Linearizability => "Linearizable",
            Self::SnapshotReads => "Snapshot reads",
            Self::SequentialConsistency => "Sequentially consistent",
            Self::CausalConvergence => "Causally convergent",
            Self::CausalConsistency => "Causally consistent",
            Self::CausalMemory => "Causal memory",
            Self::ReadYourWrites => "Read your writes",
            Self::MonotonicReads => "Monotonic reads",
            Self::MonotonicWrites => "Monotonic writes",
            Self::WritesFollowReads => "Writes follow reads",
            Self::Convergence => "Convergent",
            Self::Durability => "Durable",
        }
    }

    /// What a schedule calls it: its title in small letters, with hyphens.
    pub fn name(self) -> String {
        self.title().to_ascii_lowercase().replace(' ', "-")
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guarantee| guarantee.name() == name)
    }

    /// One sentence: what it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Linearizability => "Every operation seems to happen at one instant between its call and its return.",
            Self::SnapshotReads => "A read of several keys sees them as they were at one moment.",
            Self::SequentialConsistency => {
                "One order of all operations explains every answer and keeps the order of each client."
            }
            Self::CausalConvergence => {
                "Whoever has seen an effect has seen its causes, and one order of all writes explains what everybody saw."
            }
            Self::CausalConsistency => "Whoever has seen an effect has seen its causes.",
            Self::CausalMemory => "Each client sees causes before effects, in one order of its own.",
            Self::ReadYourWrites => "A client that has written sees its write, or something newer.",
            Self::MonotonicReads => "A client never sees an older state than it saw before.",
            Self::MonotonicWrites => "Whoever sees a write sees the earlier writes of the same client.",
            Self::WritesFollowReads => "Whoever sees a write sees what its client had read before writing it.",
            Self::Convergence => {
                "Replicas that can talk become equal in the end, and no acknowledged write is missing then."
            }
            Self::Durability => "An acknowledged write is kept until it is overwritten.",
        }
    }

    /// What follows from it, itself left out.
    pub fn implied(self) -> &'static [Self] {
        const SESSIONS: [Guarantee; 4] = [
            Guarantee::ReadYourWrites,
            Guarantee::MonotonicReads,
            Guarantee::MonotonicWrites,
            Guarantee::WritesFollowReads,
        ];
        const OF_CAUSAL: [Guarantee; 5] =
            [Guarantee::CausalConsistency, SESSIONS[0], SESSIONS[1], SESSIONS[2], SESSIONS[3]];
        const OF_SEQUENTIAL: [Guarantee; 7] = [
            Guarantee::CausalConvergence,
            Guarantee::CausalMemory,
            Guarantee::CausalConsistency,
            SESSIONS[0],
            SESSIONS[1],
            SESSIONS[2],
            SESSIONS[3],
        ];
        const OF_LINEARIZABLE: [Guarantee; 8] = [
            Guarantee::SequentialConsistency,
            Guarantee::CausalConvergence,
            Guarantee::CausalMemory,
            Guarantee::CausalConsistency,
            SESSIONS[0],
            SESSIONS[1],
            SESSIONS[2],
            SESSIONS[3],
        ];
        match self {
            Self::Linearizability => &OF_LINEARIZABLE,
            Self::SequentialConsistency => &OF_SEQUENTIAL,
            Self::CausalConvergence | Self::CausalMemory => &OF_CAUSAL,
            Self::CausalConsistency => &SESSIONS,
            _ => &[],
        }
    }
}

/// What may end a promise. Messages that are lost, repeated, late or out of order, and links that are cut, end none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A server crashed.
    Crash,
    /// A server lost its disk.
    Wipe,
    /// Servers' clocks differ.
    Skew,
    /// A client asked one server, then another.
    Roaming,
    /// Keys moved to other servers.
    Resharding,
    /// Crashes have taken the memory of so many that nobody is left who may go on with it.
    LostMemory,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "a crash",
            Self::Wipe => "a lost disk",
            Self::Skew => "clocks that differ",
            Self::Roaming => "a client that changes its server",
            Self::Resharding => "a change of views",
            Self::LostMemory => "crashes that left too few who remember",
        })
    }
}

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is promised.
    pub guarantee: Guarantee,
    /// The faults that end it; under all others it must hold.
    pub ended_by: BTreeSet<Fault>,
}

impl Architecture {
    /// What it promises, what follows from its promises included.
    ///
    /// Safety options that are switched off change no promise: that is how a run can break it.
    pub fn claims(&self) -> Vec<Claim> {
        let claim = |guarantee, ended_by: &[Fault]| Claim { guarantee, ended_by: ended_by.iter().copied().collect() };
        let claims = match self.animal {
            Animal::Linearizable => {
                let reads = self.paxos().map_or(ReadMode::Log, |config| config.reads);
                let mut claims = vec![claim(Guarantee::Durability, &[Fault::Wipe])];
                match reads {
                    ReadMode::Log | ReadMode::ReadIndex | ReadMode::Quorum => {
                        claims.push(claim(Guarantee::Linearizability, &[Fault::Wipe]));
                    }
                    // A lease ends by the clocks of those who have granted it.
                    ReadMode::Lease => claims.push(claim(Guarantee::Linearizability, &[Fault::Wipe, Fault::Skew])),
                    // What a replica shows may be old, and older than what another has shown.
                    ReadMode::Local => {}
                }
                claims
            }
            Animal::Local | Animal::Sharded => {
                let ended_by: &[Fault] =
                    if self.server.journal { &[Fault::Wipe] } else { &[Fault::Crash, Fault::Wipe] };
                vec![claim(Guarantee::Linearizability, ended_by), claim(Guarantee::Durability, ended_by)]
            }
            Animal::Versioned => {
                let is_durable = self.versioned().is_some_and(VersionedOptions::is_to_survive);
                let ended_by: &[Fault] = if is_durable { &[Fault::Wipe] } else { &[Fault::Crash, Fault::Wipe] };
                vec![claim(Guarantee::Linearizability, ended_by), claim(Guarantee::Durability, ended_by)]
            }
            Animal::Raft => {
                let durability = claim(Guarantee::Durability, &[Fault::Wipe]);
                match self.reads() {
                    // What is read may be old, and older than what the same client read elsewhere.
                    Some(ReadMode::Local) => vec![durability],
                    Some(ReadMode::Lease) => {
                        vec![claim(Guarantee::Linearizability, &[Fault::Wipe, Fault::Skew]), durability]
                    }
                    _ => vec![claim(Guarantee::Linearizability, &[Fault::Wipe]), durability],
                }
            }
            Animal::Smr => {
                let mut claims = Vec::new();
                if self.reads() != Some(ReadMode::Local) {
                    claims.push(claim(Guarantee::Linearizability, &[Fault::Wipe]));
                }
                // What may be dropped to make room is not promised to anybody.
                if self.smr().is_none_or(|config| config.eviction == Eviction::None) {
                    claims.push(claim(Guarantee::Durability, &[Fault::Wipe]));
                }
                claims
            }
            Animal::PrimaryBackup => {
                // When all are gone who had the state, nobody answers any more: what is lost is lost, but nothing wrong is ever told.
                let has_journal = self.primary_backup().is_some_and(|options| options.journal);
                let lost_by: &[Fault] = if has_journal { &[Fault::Wipe] } else { &[Fault::LostMemory, Fault::Wipe] };
                let reads = self.primary_backup().map(|options| options.reads);
                let ended_by: &[Fault] =
                    if reads == Some(Reads::Lease) { &[Fault::Wipe, Fault::Skew] } else { &[Fault::Wipe] };
                vec![claim(Guarantee::Linearizability, ended_by), claim(Guarantee::Durability, lost_by)]
            }
            Animal::Vr => {
                // When a majority has lost its memory at once, nobody answers any more.
                let lost_by = [Fault::LostMemory, Fault::Wipe];
                vec![claim(Guarantee::Linearizability, &[Fault::Wipe]), claim(Guarantee::Durability, &lost_by)]
            }
            Animal::Replicated | Animal::ShardedReplicated | Animal::ShardedCausal => {
                // A change that only the replica knew that crashed is gone; one that a slow clock has stamped loses to older ones.
                let is_stamped = match self.storage {
                    StorageOptions::Core | StorageOptions::Smr(_) | StorageOptions::Versioned(_) => false,
                    StorageOptions::Lattice(values) => !matches!(values, Values::MvRegister | Values::CausalWrapper),
                };
                let lost_by: &[Fault] = match (is_stamped, self.server.journal) {
                    (true, false) => &[Fault::Crash, Fault::Wipe, Fault::Skew],
                    (true, true) => &[Fault::Wipe, Fault::Skew],
                    (false, false) => &[Fault::Crash, Fault::Wipe],
                    (false, true) => &[Fault::Wipe],
                };
                let mut claims = vec![claim(Guarantee::Convergence, &[]), claim(Guarantee::Durability, lost_by)];
                if self.is_causal() {
                    let ended_by: &[Fault] =
                        if self.server.journal { &[Fault::Wipe] } else { &[Fault::Crash, Fault::Wipe] };
                    claims.push(claim(Guarantee::CausalConvergence, ended_by));
                    return with_implied(claims);
                }
                // A client that keeps to one replica sees what that one has seen.
                if self.routing == RoutingOptions::Sticky && self.client.read_context == ReadContext::Carried {
                    let ended_by = [Fault::Crash, Fault::Wipe, Fault::Skew, Fault::Roaming, Fault::Resharding];
                    claims.push(claim(Guarantee::ReadYourWrites, &ended_by));
                    claims.push(claim(Guarantee::MonotonicReads, &ended_by));
                }
                claims
            }
        };
        with_implied(claims)
    }

    /// Whether effects never come before their causes.
    fn is_causal(&self) -> bool {
        if self.storage == StorageOptions::Lattice(Values::CausalWrapper) {
            return true;
        }
        // Updates of other shards are not delivered, and so not in order.
        let is_delivered_so = self.gossip().is_some_and(|config| config.delivery == Delivery::Causal);
        let is_whole = self.sharding.is_none();
        is_delivered_so && is_whole && matches!(self.storage, StorageOptions::Lattice(Values::MvRegister | Values::Lww))
    }
}

/// What is promised, and what follows from it.
fn with_implied(mut claims: Vec<Claim>) -> Vec<Claim> {
    let of_one = |claim: &Claim| {
        let of = |guarantee: &Guarantee| Claim { guarantee: *guarantee, ended_by: claim.ended_by.clone() };
        claim.guarantee.implied().iter().map(of).collect::<Vec<_>>()
    };
    let implied: Vec<Claim> = claims.iter().flat_map(of_one).collect();
    claims.extend(implied);
    claims
}
