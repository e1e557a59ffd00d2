//! What is measured natively and in the browser: the simulator, the search, and the engines.

pub(crate) mod engines;

use kvs_core::explore::Hunt;
use kvs_core::replication::gossip::GossipConfig;
use kvs_core::server::Traffic;
use kvs_core::sim::{Input, Sim};
use kvs_core::time::Span;
use kvs_core::zoo::{Animal, Architecture, ReplicationOptions, catalog};

/// A cluster of so many replicas that never stops gossiping: four clients keep changing a few keys, and each change spreads as a
/// rumor with feedback, with anti-entropy beside it.
pub(crate) fn gossiping_cluster(replicas: u32) -> Sim {
    let architecture = Architecture {
        servers: replicas,
        clients: 4,
        replication: ReplicationOptions::EpidemicGossip(GossipConfig {
            gossip_interval: Span::from_ms(20),
            gossip_fanout: 2,
            ..GossipConfig::default()
        }),
        ..catalog::exhibit_of(Animal::Replicated).architecture()
    };
    let mut sim = Sim::new(&architecture, 1, &mut ());
    let traffic = Traffic { every: Span::from_ms(100), keys: 5, reads_percent: 50 };
    let applied = sim.apply(&Input::Traffic(Some(traffic)), &mut ());
    assert_eq!(applied, Ok(()), "clients are there");
    sim
}

/// Lets so many messages be delivered. Returns how many events that took.
pub(crate) fn deliver(sim: &mut Sim, messages: u64) -> u64 {
    let before = sim.world().events();
    let until = sim.world().delivered() + messages;
    while sim.world().delivered() < until && sim.step(&mut ()) {}
    sim.world().events() - before
}

/// The exhibits of which random worlds are lived.
pub(crate) const HUNTED: [&str; 2] = ["local", "replicated"];
/// How many worlds are lived in one go.
pub(crate) const WORLDS: u64 = 50;

/// The search of the page's button: every kind of fault, invariants and claims.
pub(crate) fn hunt(exhibit: &str) -> Hunt {
    Hunt::new(catalog::exhibit(exhibit).expect("it is in the catalogue").architecture())
}

/// Lives so many worlds, none of which breaks anything.
pub(crate) fn live(hunt: &Hunt, first: u64) {
    for seed in first..first + WORLDS {
        assert!(hunt.world(seed).is_none(), "the defaults are safe");
    }
}
