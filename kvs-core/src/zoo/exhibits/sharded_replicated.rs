use crate::replication::gossip::GossipConfig;
use crate::storage::Values;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, ReplicationOptions, Shards, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::ShardedReplicated,
    name: "sharded-replicated",
    title: "Sharded + replicated",
    summary: "Each key belongs to one shard, and each shard is kept by several replicas that gossip among themselves.",
    promise: "Eventual, shard by shard: each replica of a key's shard answers for it, even when cut off, and they become equal in the end. \
              Nothing is promised across shards.",
    try_this: "Put a value, crash two of the three replicas of its shard, and read it from the third.",
    architecture,
};

fn architecture() -> Architecture {
    let one = super::sharded::EXHIBIT.architecture();
    let shards = one.sharding.clone().map(|shards| Shards { replicas: 3, spares: 0, ..shards });
    Architecture {
        animal: Animal::ShardedReplicated,
        servers: shards.as_ref().map_or(0, Shards::servers),
        sharding: shards,
        storage: StorageOptions::Lattice(Values::MvRegister),
        replication: ReplicationOptions::EpidemicGossip(GossipConfig::default()),
        ..one
    }
}
