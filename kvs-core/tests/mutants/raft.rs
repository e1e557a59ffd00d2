//! Raft.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "Raft: two votes in one term",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("vote-once", "off"),
        seen_by: &["F6", "F1"],
        budget: 20,
    },
    Mutant {
        id: "Raft: a vote is forgotten in a crash",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("keep-vote", "off"),
        seen_by: &["F6", "F1"],
        budget: 500,
    },
    Mutant {
        id: "Raft: any candidate will do",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("vote-for-whole-logs", "off"),
        seen_by: &["F4", "F5", "P6", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "Raft: a late message cuts off what came after it",
        animal: Animal::Raft,
        under: LATE_MESSAGES,
        mix: Mix::Everything,
        off: ("truncate-on-conflict", "off"),
        seen_by: &["F4", "F5", "P6", "Linearizable", "Durable"],
        budget: 300,
    },
    Mutant {
        id: "M25, Raft: a lease that nobody keeps",
        animal: Animal::Raft,
        under: &[
            ("reads", "lease"),
            ("replicas", "3"),
            ("spares", "0"),
            ("pre-vote", "off"),
            ("latency-max", "60ms"),
            ("election-timeout", "300ms"),
        ],
        mix: Mix::NoCrashes,
        off: ("heed-leader", "off"),
        seen_by: &["F8", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "M24, Raft: requests are not remembered",
        animal: Animal::Raft,
        under: &[("duplication", "25%"), ("replicas", "3"), ("reads", "log")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7", "Linearizable"],
        budget: 20,
    },
    Mutant {
        id: "M3, Raft: the disk lies",
        animal: Animal::Raft,
        under: &[("replicas", "3"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["F4", "F5", "F6", "F7", "P6", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "Raft: several members change at once",
        animal: Animal::Raft,
        under: &[("replicas", "3"), ("spares", "2"), ("latency-max", "60ms"), ("election-timeout", "300ms")],
        mix: Mix::Everything,
        off: ("one-change-at-a-time", "off"),
        seen_by: &["F1", "F4", "F5", "F9"],
        budget: 50,
    },
];

/// Many elections.
const ELECTIONS: &[(&str, &str)] =
    &[("replicas", "3"), ("spares", "0"), ("pre-vote", "off"), ("latency-max", "60ms"), ("election-timeout", "300ms")];

/// Messages that come twice and late.
const LATE_MESSAGES: &[(&str, &str)] = &[
    ("replicas", "3"),
    ("spares", "0"),
    ("clients", "3"),
    ("duplication", "25%"),
    ("fifo", "off"),
    ("batch", "1"),
    ("snapshot-every", "32"),
    ("latency-max", "500ms"),
    ("election-timeout", "3s"),
];
