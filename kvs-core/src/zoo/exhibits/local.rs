use alloc::vec::Vec;

use crate::routing::RoutingOptions;
use crate::server::{CausalReads, ClientOptions, Pipeline, ReadContext, ReplicatedInto, ServerOptions};
use crate::storage::checkpoint::SnapshotPlace;
use crate::time::Span;
use crate::world::{DiskOptions, LinkOptions};
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, OrderingOptions, ReplicationOptions, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Local,
    name: "local",
    title: "Local",
    summary: "One server keeps every value; clients reach it over a network that may lose, delay and repeat messages.",
    promise: "Linearizable: every operation seems to happen at one instant between its call and its return. A crash forgets \
              everything unless the journal is on.",
    try_this: "Send a Put, crash the server, restart it, and read. Then switch the journal on and do it again.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::Local,
        servers: 1,
        clients: 2,
        routing: RoutingOptions::Sticky,
        sharding: None,
        ordering: OrderingOptions::Arrival,
        storage: StorageOptions::Core,
        replication: ReplicationOptions::NoReplication,
        server: ServerOptions {
            dedupe: true,
            journal: false,
            snapshots: SnapshotPlace::Journal,
            sync_before_reply: true,
            pipeline: Pipeline::Sequential,
            new_incarnation: true,
            replicated_into: ReplicatedInto::Store,
            causal_reads: CausalReads::default(),
        },
        client: ClientOptions {
            retry_after: Span::from_ms(300),
            retries: 8,
            read_context: ReadContext::Carried,
            clerk: None,
        },
        own_clients: Vec::new(),
        links: LinkOptions::default(),
        disks: DiskOptions::default(),
    }
}
