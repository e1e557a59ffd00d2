//! What is kept? The socket that holds the values.

pub mod checkpoint;
mod core;
pub mod engine;
mod frame;
pub mod journal;
mod lattice_core;
mod machine;
pub mod smr;
pub mod versioned;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::lattice::VectorClock;
use crate::op::{KVSOperation, KVSResponse, Kept, Key, Value};

pub use self::core::KVSCore;
use self::smr::{KVStoreError, KVStoreSMR};
use self::versioned::KeyValueServer;
pub use frame::{HEAD as RECORD_HEAD, records};
pub use lattice_core::{Content, DeathCertificate, LatticeKVSCore, Stamp, Stored};
pub use machine::{Known, Machine, MachineSnapshot, Sessions};

/// What a store keeps under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Values {
    /// The version with the latest timestamp.
    Lww,
    /// Every version that no other has replaced.
    #[default]
    MvRegister,
    /// Whatever arrived last. Not a lattice.
    LwwWrapper,
    /// The set under the greater clock, joined where clocks are concurrent. Not a lattice.
    DomPair,
    /// The greatest version, with what it depends on.
    CausalWrapper,
    /// One of two concurrent values, under both clocks. Not a lattice.
    JoinedClock,
}

/// The storage part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Storage {
    /// For operations in one order.
    Core(KVSCore),
    /// For values that are merged.
    Lattice(LatticeKVSCore),
    /// For all commands of a replicated state machine, in one order.
    Smr(Box<KVStoreSMR>),
    /// For values with versions, which an engine keeps.
    Versioned(Box<KeyValueServer>),
}

/// What is kept under a key, on its way to another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parcel {
    /// The one value.
    Value(Value),
    /// All it takes to merge it.
    Stored(Arc<Stored>),
}

impl Parcel {
    /// The values a reader would get.
    pub fn values(&self) -> Vec<Value> {
        match self {
            Self::Value(value) => Vec::from([value.clone()]),
            Self::Stored(stored) => stored.values(),
        }
    }
}

impl Storage {
    /// Applies an operation; also says whether it changed anything.
    pub fn apply(&mut self, op: &KVSOperation, stamp: Stamp<'_>) -> (KVSResponse, bool) {
        match (op, &mut *self) {
            (KVSOperation::Get(key), _) => (self.read(key), false),
            (KVSOperation::MGet(keys), _) => (self.items(keys.iter()), false),
            (KVSOperation::GetAll, _) => (KVSResponse::Items(self.all()), false),
            (op, Self::Smr(store)) => (smr::execute(store, op), op.is_write()),
            (KVSOperation::PutIf(..), _) | (_, Self::Versioned(_)) => {
                (KVSResponse::Refused(KVStoreError::Unsupported), false)
            }
            (op, _) if op.is_command() => (KVSResponse::Refused(KVStoreError::Unsupported), false),
            (write, Self::Core(core)) => (core.apply(write), true),
            (KVSOperation::Put(key, value), Self::Lattice(store)) => {
                (KVSResponse::PutOk, store.write(key, Some(value), stamp))
            }
            (op, Self::Lattice(store)) => match op.written() {
                Some(key) => (KVSResponse::DeleteOk, store.write(key, None, stamp)),
                None => (KVSResponse::Refused(KVStoreError::Unsupported), false),
            },
        }
    }

    /// Answers a read.
    pub fn read(&self, key: &Key) -> KVSResponse {
        if let Self::Versioned(store) = self {
            return store.shown(key).cloned().map_or_else(KVSResponse::nothing, KVSResponse::GetAt);
        }
        let Kept { values, context, .. } = self.kept(key);
        KVSResponse::GetResult { values, context }
    }

    /// What is kept under all keys that have a value.
    pub fn all(&self) -> Arc<[Kept]> {
        let keys = self.keys();
        keys.iter().map(|key| self.kept(key)).filter(|kept| !kept.values.is_empty()).collect()
    }

    fn items<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> KVSResponse {
        KVSResponse::Items(keys.map(|key| self.kept(key)).collect())
    }

    /// What is kept under a key, for a reader.
    pub fn kept(&self, key: &Key) -> Kept {
        let key = key.clone();
        match self {
            Self::Core(core) => {
                let values = core.get(&key).cloned().into_iter().collect();
                Kept { key, values, context: VectorClock::default(), version: None }
            }
            Self::Smr(store) => {
                let values = store.get(&key).cloned().into_iter().collect();
                Kept { key, values, context: VectorClock::default(), version: None }
            }
            Self::Versioned(store) => {
                let values = store.shown(&key).map(|versioned| versioned.value.clone()).into_iter().collect();
                Kept { key, values, context: VectorClock::default(), version: None }
            }
            Self::Lattice(store) => {
                let stored = store.get(&key);
                let (values, context) = stored.map(|stored| (stored.values(), stored.context())).unwrap_or_default();
                Kept { key, values, context, version: stored.and_then(|stored| stored.version()) }
            }
        }
    }

    /// All keys of which something is kept, in order; deleted ones too, where they leave something behind.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::Core(core) => core.iter().map(|(key, _)| key.clone()).collect(),
            Self::Lattice(store) => store.iter().map(|(key, _)| key.clone()).collect(),
            Self::Smr(store) => store.state().data.keys().cloned().collect(),
            Self::Versioned(store) => store.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// Packs what is kept under a key.
    pub fn pack(&self, key: &Key) -> Option<Parcel> {
        match self {
            Self::Core(core) => core.get(key).cloned().map(Parcel::Value),
            Self::Lattice(store) => store.get(key).cloned().map(Parcel::Stored),
            // Shards of it are not handed over.
            Self::Smr(_) | Self::Versioned(_) => None,
        }
    }

    /// Takes in what was packed. A parcel from a store of another kind is not taken in. True if that changed anything.
    pub fn unpack(&mut self, key: &Key, parcel: &Parcel) -> bool {
        match (self, parcel) {
            (Self::Core(core), Parcel::Value(value)) => {
                core.apply(&KVSOperation::Put(key.clone(), value.clone()));
                true
            }
            (Self::Lattice(store), Parcel::Stored(stored)) => store.merge(key, stored),
            _ => false,
        }
    }

    /// Forgets a key altogether.
    pub fn forget(&mut self, key: &Key) {
        match self {
            Self::Core(core) => {
                core.apply(&KVSOperation::Delete(key.clone()));
            }
            Self::Lattice(store) => {
                store.forget(key);
            }
            Self::Smr(_) | Self::Versioned(_) => {}
        }
    }
}
