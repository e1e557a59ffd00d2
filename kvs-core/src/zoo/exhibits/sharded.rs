use crate::routing::hash::HashOf;
use crate::routing::map::Placement;
use crate::routing::ring::RingOptions;
use crate::server::sharding::{HandoffEnds, Misrouted, ShardingOptions};
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, Shards};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Sharded,
    name: "sharded",
    title: "Sharded",
    summary: "Each key lives on one of several servers; a hash says on which. Servers may join and leave, and keys move.",
    promise: "Linearizable, key by key and all keys together: each has one home. What spans keys is not one moment, and a crash takes \
              the keys that live there.",
    try_this: "Fill the ring with keys, let a spare server join, and see how few of them move. Then do it with the modulo router.",
    architecture,
};

fn architecture() -> Architecture {
    let shards = Shards {
        shards: 3,
        replicas: 1,
        regions: 1,
        spares: 1,
        hashed: HashOf::Bytes,
        options: ShardingOptions {
            placement: Placement::Ring(RingOptions::default()),
            fencing: true,
            misrouted: Misrouted::Refused,
            handoff: HandoffEnds::WhenAcknowledged,
        },
    };
    Architecture {
        animal: Animal::Sharded,
        servers: shards.servers(),
        sharding: Some(shards),
        ..super::local::EXHIBIT.architecture()
    }
}
