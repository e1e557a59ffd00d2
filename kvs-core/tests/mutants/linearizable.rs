//! Multi-Paxos.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    // M17, M19, M25 and M26 need what hardly any random world has: `paxos.rs` plays them, and `model_checked.rs` finds them.
    Mutant {
        id: "M16: an acceptor forgets in a crash",
        animal: Animal::Linearizable,
        under: &[("crash-fate", "dropped"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("acceptor-journal", "off"),
        seen_by: &["P1", "P4", "P5", "P6"],
        budget: 50,
    },
    Mutant {
        id: "M16: the disks of acceptors lie",
        animal: Animal::Linearizable,
        under: &[("crash-fate", "dropped"), ("retries", "20"), ("sync-latency", "30ms")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["P1", "P3", "P4", "P5", "P6"],
        budget: 100,
    },
    Mutant {
        id: "M18: messages are votes",
        animal: Animal::Linearizable,
        under: &[("duplication", "25%"), ("retries", "20")],
        mix: Mix::NoCrashes,
        off: ("votes-counted", "messages"),
        seen_by: &["P4", "P5"],
        budget: 50,
    },
    Mutant {
        id: "M20: holes stay open",
        animal: Animal::Linearizable,
        under: &[
            ("f", "1"),
            ("loss", "25%"),
            ("latency-max", "60ms"),
            ("retries", "20"),
            ("window", "16"),
            ("batch", "1"),
            ("clients", "3"),
            // A hole stays open for a while, if the leader dies meanwhile for ever.
            ("i-am-leader-send", "2s"),
            ("i-am-leader-check", "3s"),
        ],
        mix: Mix::Everything,
        off: ("fill-holes", "off"),
        seen_by: &["W1"],
        budget: 150,
    },
    Mutant {
        id: "M21: what looks chosen is left out",
        animal: Animal::Linearizable,
        under: &[("loss", "25%"), ("f", "1"), ("retries", "20"), ("reads", "log")],
        mix: Mix::Everything,
        off: ("proposed-again", "what-looks-open"),
        seen_by: &["W1", "B8"],
        budget: 100,
    },
    Mutant {
        id: "M22: replicas execute as it comes",
        animal: Animal::Linearizable,
        under: &[("fifo", "off"), ("retries", "20"), ("window", "16")],
        mix: Mix::Everything,
        off: ("gap-buffer", "none"),
        seen_by: &["P6", "P7"],
        budget: 50,
    },
    Mutant {
        id: "M23: the count of slots restarts",
        animal: Animal::Linearizable,
        under: &[("fifo", "off"), ("retries", "20"), ("window", "16")],
        mix: Mix::Everything,
        off: ("gap-buffer", "restarts"),
        seen_by: &["P6", "P7", "P8", "W1"],
        budget: 50,
    },
    Mutant {
        id: "M24: replicas remember no clients",
        animal: Animal::Linearizable,
        under: &[("loss", "25%"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7"],
        budget: 50,
    },
    Mutant {
        id: "M24: snapshots do not know clients",
        animal: Animal::Linearizable,
        under: &[("checkpoint-frequency", "1"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("table-in-snapshot", "off"),
        seen_by: &["P6", "P7", "L3"],
        budget: 100,
    },
    Mutant {
        id: "M27: one snapshot is enough",
        animal: Animal::Linearizable,
        under: &[("checkpoint-frequency", "1"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("truncated-at", "one"),
        seen_by: &["P9"],
        budget: 50,
    },
];
