use crate::server::{ClerkOptions, ClientOptions};
use crate::storage::versioned::VersionedOptions;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, StorageOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Versioned,
    name: "versioned",
    title: "Versioned",
    summary: "One server keeps a version with every value; a put names the version that it replaces, so that two who have read the same cannot both write.",
    promise: "Linearizable, with outcomes that nobody knows told apart: what may still happen, and what may have happened but is over. A crash \
              leaves what the engine keeps: in memory, nothing.",
    try_this: "Put x as C1, and drop the answer. C1 asks again and is told that there is such a key: its own, or somebody else's?",
    architecture,
};

fn architecture() -> Architecture {
    let local = super::local::EXHIBIT.architecture();
    Architecture {
        animal: Animal::Versioned,
        storage: StorageOptions::Versioned(VersionedOptions::default()),
        client: ClientOptions { clerk: Some(ClerkOptions::default()), ..local.client.clone() },
        ..local
    }
}
