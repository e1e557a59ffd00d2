//! The workload of the simulator's benchmark: shared by the native one and the one in the browser.

use kvs_core::replication::gossip::GossipConfig;
use kvs_core::server::Traffic;
use kvs_core::sim::{Input, Recording, Sim};
use kvs_core::time::Span;
use kvs_core::zoo::{Architecture, ReplicationOptions, catalog};

/// A cluster of so many replicas that never stops gossiping: four clients keep changing a few keys, and each change spreads as a
/// rumor with feedback, with anti-entropy beside it.
pub(crate) fn gossiping_cluster(replicas: u32) -> Sim {
    let exhibit = catalog::exhibit("replicated").map(|exhibit| exhibit.architecture());
    let architecture = exhibit.map(|exhibit| Architecture {
        servers: replicas,
        clients: 4,
        replication: ReplicationOptions::EpidemicGossip(GossipConfig {
            gossip_interval: Span::from_ms(20),
            gossip_fanout: 2,
            ..GossipConfig::default()
        }),
        ..exhibit
    });
    let recording = architecture.map(|architecture| Recording::new(architecture, 1));
    let mut sim =
        recording.map(|recording| Sim::new(&recording.architecture, recording.seed, &mut ())).expect("exhibit");
    let traffic = Traffic { every: Span::from_ms(100), keys: 5, reads_percent: 50 };
    sim.apply(&Input::Traffic(Some(traffic)), &mut ()).expect("clients are there");
    sim
}

/// Lets so many messages be delivered. Returns how many events that took.
pub(crate) fn deliver(sim: &mut Sim, messages: u64) -> u64 {
    let before = sim.world().events();
    let until = sim.world().delivered() + messages;
    while sim.world().delivered() < until && sim.step(&mut ()) {}
    sim.world().events() - before
}
