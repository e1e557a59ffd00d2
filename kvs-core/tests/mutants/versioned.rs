//! One server whose values have versions.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M36: what is there after asking again is taken for success",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("reply-loss", "25%"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("recovery", "false-recovery"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M37: who wants to make a key overwrites it",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("create", "overwrites"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M37: the same value is put on top",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("retry", "blind"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M38: checked in one step and inserted in another",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("latency-max", "5ms"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("insert", "after-check"),
        seen_by: &["V2"],
        budget: 100,
    },
    Mutant {
        id: "copies are served, and clerks trust that they are not",
        animal: Animal::Versioned,
        under: &[("duplication", "25%"), ("drop-copies", "on"), ("assume-no-dup", "on"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("drop-copies", "off"),
        seen_by: &["V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "copies are served, and clerks begin to trust that they are not",
        animal: Animal::Versioned,
        under: &[("duplication", "25%"), ("drop-copies", "off"), ("assume-no-dup", "off"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("assume-no-dup", "on"),
        seen_by: &["V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M39: the file is rewritten in place",
        animal: Animal::Versioned,
        under: &[("engine", "flat-file"), ("flat-file", "atomic-replace"), ("crash-fate", "torn")],
        mix: Mix::Everything,
        off: ("flat-file", "rewrite-in-place"),
        seen_by: &["V4", "V5", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M3, versioned: the log is not synced before the answer",
        animal: Animal::Versioned,
        under: &[("engine", "embedded"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("log-sync", "off"),
        seen_by: &["V4", "V5"],
        budget: 50,
    },
    Mutant {
        id: "M3, versioned: the disk lies",
        animal: Animal::Versioned,
        under: &[("engine", "flat-file"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["V4", "V5"],
        budget: 50,
    },
];
