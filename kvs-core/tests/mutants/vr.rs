//! Viewstamped replication.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "VR: a new primary keeps its own log",
        animal: Animal::Vr,
        under: &[("replicas", "3"), ("loss", "25%")],
        mix: Mix::Everything,
        off: ("longest-log", "off"),
        seen_by: &["VR2", "P6", "Linearizable", "Durable"],
        budget: 300,
    },
    Mutant {
        id: "VR: whoever comes back takes part at once",
        animal: Animal::Vr,
        under: &[("replicas", "3")],
        mix: Mix::Everything,
        off: ("recovery-quorum", "off"),
        seen_by: &["VR1", "VR2", "P6", "Linearizable", "Durable"],
        budget: 200,
    },
    Mutant {
        id: "M24, VR: requests are not remembered",
        animal: Animal::Vr,
        under: &[("duplication", "25%"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7", "Linearizable"],
        budget: 50,
    },
];
