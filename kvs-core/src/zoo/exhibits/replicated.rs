use crate::replication::gossip::GossipConfig;
use crate::storage::Values;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, ReplicationOptions, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Replicated,
    name: "replicated",
    title: "Replicated",
    summary: "Every replica keeps a copy and answers at once; changes spread from replica to replica as gossip.",
    promise: "Eventual: every replica answers even when cut off, and replicas that can talk become equal in the end. Until then \
              a read may be stale. Versions of one key are tracked causally; different keys are not.",
    try_this: "Cut the links of one replica, put a value on one side, read on the other, then heal and watch.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::Replicated,
        servers: 3,
        storage: StorageOptions::Lattice(Values::MvRegister),
        replication: ReplicationOptions::EpidemicGossip(GossipConfig::default()),
        ..super::local::EXHIBIT.architecture()
    }
}
