use crate::ordering::rabia::RabiaOptions;
use crate::storage::smr::KVStoreConfig;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, OrderingOptions, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Smr,
    name: "smr",
    title: "Rabia",
    summary: "Three replicas agree on what comes next, slot by slot, and nobody leads; a coin that shows the same everywhere breaks ties.",
    promise: "Linearizable, whatever happens to messages, and crashes forget nothing. It answers as long as more than half of the replicas \
              hear each other; it takes no election to go on. A batch is done altogether or not at all.",
    try_this: "Let three clients put at once: the proposals differ, the slot stays empty, and the next one is agreed upon. Then subscribe to changes, and keep a value for two seconds.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::Smr,
        servers: 3,
        clients: 3,
        ordering: OrderingOptions::Rabia(RabiaOptions::default()),
        storage: StorageOptions::Smr(KVStoreConfig { snapshot_every: 16, ..KVStoreConfig::default() }),
        ..super::local::EXHIBIT.architecture()
    }
}
