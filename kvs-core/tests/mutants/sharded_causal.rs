//! Shards of replicas that keep causes before effects.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M41: a joined clock over one of the values",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("values", "causal")],
        mix: Mix::Everything,
        off: ("values", "joined-clock"),
        seen_by: &["R1", "R2", "R3", "R4", "Convergent"],
        budget: 200,
    },
    Mutant {
        id: "M42: the nearest dependencies are not enough",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("read-context", "nearest"),
        seen_by: CAUSAL,
        budget: 200,
    },
    Mutant {
        id: "reads do not wait for what their client has seen",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("wait-for-causes", "off"),
        seen_by: CAUSAL,
        budget: 200,
    },
    Mutant {
        id: "M43: a read of all keys misses causes",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("shards", "1"), ("direct-mail", "on"), ("rumors", "off")],
        mix: Mix::NoCrashes,
        off: ("closed-get-all", "off"),
        seen_by: CAUSAL,
        budget: 1_500,
    },
    Mutant {
        id: "M3, where values are merged: the answer goes out before the sync",
        animal: Animal::ShardedCausal,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("sync-before-reply", "off"),
        seen_by: &["Durable", "Causally convergent", "Read your writes", "Monotonic reads"],
        budget: 300,
    },
    Mutant {
        id: "M45: a deletion without its version",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("name-deletions", "off"),
        seen_by: CAUSAL,
        budget: 1_500,
    },
];

/// The promises of which causal convergence is made.
const CAUSAL: &[&str] = &[
    "Causally convergent",
    "Causally consistent",
    "Read your writes",
    "Monotonic reads",
    "Monotonic writes",
    "Writes follow reads",
];
