//! What clients ask for, as commands; and what came of them, as an answer.

use alloc::vec::Vec;

use super::smr_impl::StateMachine;
use super::store::KVStoreSMR;
use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::lattice::VectorClock;
use crate::op::{KVSOperation, KVSResponse, Kept, Key, Value};

/// Executes what a client asks for in the present slot.
pub fn execute(store: &mut KVStoreSMR, op: &KVSOperation) -> KVSResponse {
    let one = |store: &mut KVStoreSMR, command| match store.apply_command(&command) {
        KVResult::Error(error) => Err(KVSResponse::Refused(error)),
        KVResult::NotFound => Ok(None),
        KVResult::Success(data) => Ok(Some(data)),
    };
    let done = match op {
        KVSOperation::Put(key, value) => {
            one(store, KVOperation::Set { key: key.clone(), value: value.clone(), ttl: None })
                .map(|_| KVSResponse::PutOk)
        }
        KVSOperation::PutFor(key, value, ttl) => {
            one(store, KVOperation::Set { key: key.clone(), value: value.clone(), ttl: Some(*ttl) })
                .map(|_| KVSResponse::PutOk)
        }
        // Nothing has a version there.
        KVSOperation::PutIf(..) => Err(KVSResponse::Refused(KVStoreError::Unsupported)),
        KVSOperation::Get(key) => one(store, KVOperation::Get(key.clone())).map(|found| KVSResponse::GetResult {
            values: found.and_then(value_of).into_iter().collect(),
            context: VectorClock::default(),
        }),
        KVSOperation::Delete(key) => one(store, KVOperation::Delete(key.clone())).map(|_| KVSResponse::DeleteOk),
        KVSOperation::Exists(key) => one(store, KVOperation::Exists(key.clone()))
            .map(|found| KVSResponse::Exists(found == Some(KVData::Answer(true)))),
        KVSOperation::ListKeys => one(store, KVOperation::ListKeys).map(|found| match found {
            Some(KVData::Keys(keys)) => KVSResponse::Keys(keys),
            _ => KVSResponse::Keys([].into()),
        }),
        KVSOperation::Clear => one(store, KVOperation::Clear).map(|_| KVSResponse::Cleared),
        KVSOperation::Size => one(store, KVOperation::Size).map(|_| KVSResponse::Size(store.size())),
        KVSOperation::Batch(commands) => Ok(KVSResponse::Batch(store.apply_commands(commands).into())),
        KVSOperation::MGet(keys) => Ok(KVSResponse::Items(several(store, keys).into())),
        KVSOperation::GetAll => {
            let keys: Vec<Key> = store.state().data.keys().cloned().collect();
            Ok(KVSResponse::All { shard: "all".into(), epoch: 1, items: several(store, &keys).into() })
        }
    };
    done.unwrap_or_else(|refused| refused)
}

/// Reads several keys at one moment.
fn several(store: &mut KVStoreSMR, keys: &[Key]) -> Vec<Kept> {
    let commands: Vec<KVOperation> = keys.iter().cloned().map(KVOperation::Get).collect();
    let results = store.apply_commands(&commands);
    let kept = |(key, result): (&Key, KVResult)| {
        let found = match result {
            KVResult::Success(data) => value_of(data),
            KVResult::NotFound | KVResult::Error(_) => None,
        };
        Kept { key: key.clone(), values: found.into_iter().collect(), context: VectorClock::default(), version: None }
    };
    keys.iter().zip(results).map(kept).collect()
}

fn value_of(data: KVData) -> Option<Value> {
    match data {
        KVData::Value(value) => Some(value),
        _ => None,
    }
}
