//! Shards of one server each.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M12: clients and servers hash keys differently",
        animal: Animal::Sharded,
        under: &[("shards", "3")],
        mix: Mix::Everything,
        off: ("client-hash", "text"),
        seen_by: &["H2"],
        budget: 10,
    },
    Mutant {
        id: "M13: two maps, and no fence",
        animal: Animal::Sharded,
        under: &[("shards", "3")],
        mix: Mix::Everything,
        off: ("fencing", "off"),
        seen_by: &["H1"],
        budget: 20,
    },
    Mutant {
        id: "M15: places on the ring by number",
        animal: Animal::Sharded,
        under: &[("shards", "4"), ("router", "ring")],
        mix: Mix::Everything,
        off: ("placed-by", "ordinal"),
        seen_by: &["C7"],
        budget: 100,
    },
    Mutant {
        id: "M44: handed over or not, the copy is dropped",
        animal: Animal::Sharded,
        under: &[("shards", "3"), ("spares", "1"), ("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("handoff", "a-few-tries"),
        seen_by: &["Durable", "Linearizable"],
        budget: 500,
    },
];
