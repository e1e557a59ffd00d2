//! Gossiping replicas.

use kvs_core::zoo::Animal;

use crate::Mutant;
use crate::rig::Mix;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M4: what arrives overwrites",
        animal: Animal::Replicated,
        under: &[],
        mix: Mix::Everything,
        off: ("values", "lww-wrapper"),
        seen_by: &["R1", "R2", "R3", "R4"],
        budget: 20,
    },
    Mutant {
        id: "M5: pairs that are no lattice",
        animal: Animal::Replicated,
        under: &[("replicas", "4"), ("anti-entropy", "on")],
        mix: Mix::Everything,
        off: ("values", "dom-pair"),
        seen_by: &["R1", "R4"],
        budget: 50,
    },
    Mutant {
        id: "M6: a key that went cold stays cold",
        animal: Animal::Replicated,
        under: QUIET_RUMORS,
        mix: Mix::NoCrashes,
        off: ("rumor-identity", "key"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M7: no anti-entropy",
        animal: Animal::Replicated,
        under: &[("rumors", "on"), ("counter-limit", "1"), ("direct-mail", "off")],
        mix: Mix::Everything,
        off: ("anti-entropy", "off"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M8: nobody keeps a death certificate asleep",
        animal: Animal::Replicated,
        under: &[
            ("values", "lww"),
            ("certificates", "limited"),
            ("certificate-age", "1s"),
            // One cut link keeps a replica away.
            ("replicas", "2"),
            ("latency-min", "1ms"),
            ("latency-max", "5ms"),
            ("anti-entropy-interval", "100ms"),
            ("dormant-age", "3600s"),
            ("anti-entropy", "on"),
            ("retries", "1"),
        ],
        mix: Mix::NoCrashes,
        off: ("retention-sites", "0"),
        seen_by: &["R8"],
        budget: 200,
    },
    Mutant {
        id: "M9: names of writes are used again",
        animal: Animal::Replicated,
        under: &[("values", "mv-register")],
        mix: Mix::Everything,
        off: ("new-incarnation", "off"),
        seen_by: &["R5"],
        budget: 100,
    },
    Mutant {
        id: "M10: effects before their causes",
        animal: Animal::Replicated,
        under: &[("delivery", "causal"), ("replicas", "3"), ("anti-entropy", "on"), ("certificates", "kept")],
        mix: Mix::Everything,
        off: ("heed-causes", "off"),
        seen_by: &["R7"],
        budget: 50,
    },
    Mutant {
        id: "M11: gossip goes into a second store",
        animal: Animal::Replicated,
        under: &[],
        mix: Mix::Everything,
        off: ("replicated-into", "second-store"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 20,
    },
];

/// Rumors that cannot miss anybody, so that anti-entropy is not needed: the option that is on, is safe.
const QUIET_RUMORS: &[(&str, &str)] = &[
    ("anti-entropy", "off"),
    ("rumors", "on"),
    ("direct-mail", "off"),
    ("replicas", "2"),
    ("contacts", "feedback"),
    ("cooling", "counter"),
    ("counter-limit", "1"),
    ("latency-max", "5ms"),
    ("values", "mv-register"),
];
