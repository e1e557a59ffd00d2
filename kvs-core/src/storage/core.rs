use alloc::collections::BTreeMap;
use core::mem;

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use crate::op::{KVSOperation, KVSResponse, Key, Value};

/// The store for operations that come in one order: one value a key, the last write wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KVSCore(BTreeMap<Key, Value>);

impl KVSCore {
    /// Applies a put or a delete after all earlier ones. Of anything else it is said that nothing is kept.
    pub fn apply(&mut self, op: &KVSOperation) -> KVSResponse {
        match op {
            KVSOperation::Put(key, value) => {
                self.0.insert(key.clone(), value.clone());
                KVSResponse::PutOk
            }
            KVSOperation::Delete(key) => {
                self.0.remove(key);
                KVSResponse::DeleteOk
            }
            _ => KVSResponse::nothing(),
        }
    }

    /// What is kept under a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.0.get(key)
    }

    /// All keys with their values, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.0.iter()
    }
}

impl Checkpoint for KVSCore {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        mem::take(&mut self.0)
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        self.0 = values;
    }
}
