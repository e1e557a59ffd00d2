//! A primary and its backups, or a chain.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M40: a primary reads from its own memory",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("primary-reads", "local"),
        seen_by: &["A1", "Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "M40: no view in what a primary forwards",
        animal: Animal::PrimaryBackup,
        under: &[("replicas", "3"), ("duplication", "25%")],
        mix: Mix::Everything,
        off: ("view-fencing", "off"),
        seen_by: &["A1", "A2", "A3", "A4", "A5", "Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "M40: an empty new primary",
        animal: Animal::PrimaryBackup,
        under: &[("views", "external"), ("replicas", "3")],
        mix: Mix::NoCrashes,
        off: ("state-transfer", "off"),
        seen_by: &["A3", "A4", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "M40: burnt numbers",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("backups", "2"), ("replicas", "3"), ("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("resend", "once"),
        seen_by: &["A3", "A6", "W1"],
        budget: 100,
    },
    Mutant {
        id: "a primary that remembers no requests",
        animal: Animal::PrimaryBackup,
        under: &[("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("dedupe", "off"),
        seen_by: &["Linearizable"],
        budget: 300,
    },
    Mutant {
        id: "a primary and a backup whose disks lie",
        animal: Animal::PrimaryBackup,
        under: &[("journal", "on"), ("crash-fate", "dropped"), ("sync-latency", "30ms"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["A1", "A3", "A4", "Linearizable", "Durable"],
        budget: 500,
    },
    Mutant {
        id: "a chain whose head answers",
        animal: Animal::PrimaryBackup,
        under: CHAIN,
        mix: Mix::Everything,
        off: ("answered-by", "head"),
        seen_by: &["A1", "A4", "A5", "Linearizable", "Durable"],
        budget: 200,
    },
    Mutant {
        id: "a chain in whose middle is read",
        animal: Animal::PrimaryBackup,
        under: CHAIN,
        mix: Mix::NoCrashes,
        off: ("primary-reads", "anywhere"),
        seen_by: &["Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "leases bind no view service",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("primary-reads", "lease"), ("lease", "5s")],
        mix: Mix::NoCrashes,
        off: ("leases-bind", "off"),
        seen_by: &["A7", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "leases bind no view service, and there is a chain",
        animal: Animal::PrimaryBackup,
        under: &[("form", "chain"), ("views", "service"), ("primary-reads", "lease"), ("lease", "5s")],
        mix: Mix::NoCrashes,
        off: ("leases-bind", "off"),
        seen_by: &["A7", "Linearizable"],
        budget: 100,
    },
];

/// A head, a middle and a tail.
const CHAIN: &[(&str, &str)] = &[("form", "chain"), ("views", "service"), ("replicas", "4"), ("backups", "2")];
