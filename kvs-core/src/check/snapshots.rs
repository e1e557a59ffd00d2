//! Whether reads of several keys saw them as they were at one moment.
//!
//! Single keys may be linearizable each, and a read of two of them still see one before and the other after a change of both: *read skew*
//! (Berenson et al., *A Critique of ANSI SQL Isolation Levels*, SIGMOD 1995, A5A). So the whole store is one object here.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::linearizable::Linearizability;
use super::model::{Store, StoreOp};
use super::{Budget, Run, Verdict};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::sim::{HistoryEvent, Operation};

/// Whether there is any such read.
pub(super) fn is_about(run: &Run<'_>) -> bool {
    run.operations().iter().any(|operation| matches!(operation.op(), KVSOperation::MGet(_)))
}

/// Whether one order of all operations explains the reads of several keys. If not, the operations that show it.
pub(super) fn judge(run: &Run<'_>, budget: Budget) -> Verdict<Vec<usize>> {
    let (mut keys, mut values) = (BTreeMap::new(), BTreeMap::new());
    let mut whole = Linearizability::new(Store);
    // Reads of single keys show nothing that reads of several do not.
    let is_part =
        |operation: &Operation| matches!(operation.op(), KVSOperation::MGet(_)) || operation.op().written().is_some();
    let mut numbers = BTreeMap::new();
    let mut places = Vec::new();
    for event in run.history.events().iter().take(run.events) {
        let (HistoryEvent::Called(place) | HistoryEvent::Returned(place)) = *event;
        let operation = &run.history.operations()[place];
        if !is_part(operation) {
            continue;
        }
        let write = write(operation.op(), &mut keys, &mut values);
        match *event {
            HistoryEvent::Called(_) => {
                let op = write.unwrap_or(StoreOp::MGet([].into()));
                numbers.insert(place, whole.call(0, op));
                places.push(place);
            }
            HistoryEvent::Returned(_) => {
                let Some(Outcome::Ok(response)) = operation.ended.as_ref().map(|ended| &ended.outcome) else {
                    continue;
                };
                let op = write.unwrap_or_else(|| read(response, &mut keys, &mut values));
                if let Some(number) = numbers.get(&place) {
                    whole.returned(*number, op);
                }
            }
        }
    }
    whole.judge(budget).map(|found| found.operations.iter().map(|number| places[*number as usize]).collect())
}

type Numbers<T> = BTreeMap<T, u32>;

fn number<T: Ord + Clone>(numbers: &mut Numbers<T>, thing: &T) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(thing.clone()).or_insert(next)
}

fn write(op: &KVSOperation, keys: &mut Numbers<Key>, values: &mut Numbers<Value>) -> Option<StoreOp> {
    match op {
        KVSOperation::Put(key, value) => Some(StoreOp::Set(number(keys, key), number(values, value))),
        KVSOperation::Delete(key) => Some(StoreOp::Delete(number(keys, key), None)),
        _ => None,
    }
}

fn read(response: &KVSResponse, keys: &mut Numbers<Key>, values: &mut Numbers<Value>) -> StoreOp {
    let mut seen = Vec::new();
    for item in response.items() {
        let value = match item.values.as_slice() {
            [] => None,
            [value] => Some(number(values, value)),
            // Siblings: as a whole, no store ever held that.
            _ => return StoreOp::Impossible,
        };
        seen.push((number(keys, &item.key), value));
    }
    StoreOp::MGet(seen.into())
}
