//! One server.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M1: reads from a snapshot",
        animal: Animal::Local,
        under: &[("journal", "off")],
        mix: Mix::Everything,
        off: ("pipeline", "split"),
        seen_by: &["L1"],
        budget: 20,
    },
    Mutant {
        id: "M2: requests are not remembered",
        animal: Animal::Local,
        under: &[("duplication", "25%"), ("journal", "off")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["L1"],
        budget: 20,
    },
    Mutant {
        id: "M3: the answer goes out before the sync",
        animal: Animal::Local,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("sync-before-reply", "off"),
        seen_by: &["D1"],
        budget: 50,
    },
    Mutant {
        id: "M3: the disk lies",
        animal: Animal::Local,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["D1"],
        budget: 50,
    },
];
