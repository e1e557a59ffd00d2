//! What is kept? The socket that holds the values.

mod core;
pub mod journal;
mod lattice_core;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::lattice::VectorClock;
use crate::op::{KVSOperation, KVSResponse, Key};

pub use self::core::KVSCore;
pub use lattice_core::{Content, DeathCertificate, LatticeKVSCore, Stamp, Stored};

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
}

/// The storage part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Storage {
    /// For operations in one order.
    Core(KVSCore),
    /// For values that are merged.
    Lattice(LatticeKVSCore),
}

impl Storage {
    /// Applies an operation; also says whether it changed anything.
    pub fn apply(&mut self, op: &KVSOperation, stamp: Stamp<'_>) -> (KVSResponse, bool) {
        match self {
            Self::Core(core) => (core.apply(op), op.is_write()),
            Self::Lattice(store) => match op {
                KVSOperation::Get(key) => (store.read(key), false),
                KVSOperation::Put(key, value) => (KVSResponse::PutOk, store.write(key, Some(value), stamp)),
                KVSOperation::Delete(key) => (KVSResponse::DeleteOk, store.write(key, None, stamp)),
            },
        }
    }

    /// Answers a read.
    pub fn read(&self, key: &Key) -> KVSResponse {
        match self {
            Self::Core(core) => {
                let values: Vec<_> = core.get(key).cloned().into_iter().collect();
                KVSResponse::GetResult { values, context: VectorClock::default() }
            }
            Self::Lattice(store) => store.read(key),
        }
    }
}
