use crate::replication::gossip::GossipConfig;
use crate::server::sharding::{Misrouted, ShardingOptions};
use crate::storage::Values;
use crate::time::Span;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, ReplicationOptions, Shards, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::ShardedCausal,
    name: "sharded-causal",
    title: "Sharded causal",
    summary: "Shards of replicas, as before; but each version knows its causes, and each client carries along what it has seen.",
    promise: "Causal, across all shards: whoever has seen an effect never misses its cause. Writes always succeed; a read waits where \
              its causes have not come.",
    try_this: "Cut a shard's replicas apart, put x at one, read it there, and read it at the other with the same client: the read waits.",
    architecture,
};

fn architecture() -> Architecture {
    let several = super::sharded_replicated::EXHIBIT.architecture();
    let shards = several.sharding.clone().map(|shards| Shards {
        shards: 2,
        replicas: 2,
        spares: 1,
        options: ShardingOptions { misrouted: Misrouted::Forwarded, ..shards.options },
        ..shards
    });
    let gossip = GossipConfig {
        direct_mail: true,
        rumor_mongering: false,
        anti_entropy_interval: Span::from_secs(2),
        ..GossipConfig::default()
    };
    Architecture {
        animal: Animal::ShardedCausal,
        servers: shards.as_ref().map_or(0, Shards::servers),
        clients: 3,
        sharding: shards,
        storage: StorageOptions::Lattice(Values::CausalWrapper),
        replication: ReplicationOptions::EpidemicGossip(gossip),
        ..several
    }
}
