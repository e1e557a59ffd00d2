//! Stores of versioned values: what clients were told, versions and errors included, against one version after the other.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::linearizable::{Linearizability, OperationNumber};
use super::model::{GENERATION, Versioned as Model, VersionedOp};
use super::{Budget, Run, Verdict};
use crate::command::KVStoreError;
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::sim::{HistoryEvent, Operation};
use crate::version::{Generation, Version};
use crate::zoo::{Architecture, StorageOptions};

/// Follows a run of a store of versioned values.
#[derive(Clone)]
pub(super) struct Versions {
    keys: BTreeMap<Key, u32>,
    values: BTreeMap<Value, u32>,
    generations: BTreeMap<Generation, u32>,
    fed: usize,
    search: Linearizability<Model>,
    numbers: Vec<OperationNumber>,
}

impl Versions {
    /// None where values have no versions.
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        matches!(architecture.storage, StorageOptions::Versioned(_)).then(|| Self {
            keys: BTreeMap::new(),
            values: BTreeMap::new(),
            generations: BTreeMap::from([(Generation::default(), 0)]),
            fed: 0,
            search: Linearizability::new(Model),
            numbers: Vec::new(),
        })
    }

    /// Whether one order explains what everybody was told. If not, the operations that show it, by their places among the calls.
    pub(super) fn judge(&mut self, budget: Budget) -> Verdict<Vec<usize>> {
        // All operations are looked at, so that their numbers are their places.
        self.search.judge(budget).map(|found| found.operations.iter().map(|number| *number as usize).collect())
    }

    /// Takes in what has happened since.
    pub(super) fn follow(&mut self, run: &Run<'_>) {
        for event in run.history.events().iter().take(run.events).skip(self.fed) {
            match *event {
                HistoryEvent::Called(place) => self.called(&run.history.operations()[place]),
                HistoryEvent::Returned(place) => self.returned(place, &run.history.operations()[place]),
            }
        }
        self.fed = run.events;
    }

    fn called(&mut self, operation: &Operation) {
        let part = operation.op().key().map_or(0, |key| number(&mut self.keys, key));
        let op = match operation.op() {
            KVSOperation::PutIf(_, value, version) => self.put(value, *version, None),
            _ => VersionedOp::Unanswered,
        };
        self.numbers.push(self.search.call(part, op));
    }

    fn returned(&mut self, place: usize, operation: &Operation) {
        let (Some(ended), Some(number)) = (&operation.ended, self.numbers.get(place).copied()) else { return };
        match (&ended.outcome, operation.op()) {
            (Outcome::Ok(response), op) => {
                let op = self.told(op, response);
                self.search.returned(number, op);
            }
            // Before its return, or never.
            (Outcome::MaybeClosed, KVSOperation::PutIf(_, value, version)) => {
                let op = self.put(value, *version, None);
                self.search.returned_unknown(number, op);
            }
            // An operation of which nobody knows stays open.
            (Outcome::Maybe | Outcome::MaybeClosed | Outcome::Unavailable, _) => {}
        }
    }

    /// An operation with what was answered.
    fn told(&mut self, op: &KVSOperation, response: &KVSResponse) -> VersionedOp {
        match (op, response) {
            (KVSOperation::Get(_), KVSResponse::GetAt(seen)) => {
                VersionedOp::Get(Some((number(&mut self.values, &seen.value), self.version(seen.version))))
            }
            (KVSOperation::Get(_), KVSResponse::GetResult { values, .. }) if values.is_empty() => {
                VersionedOp::Get(None)
            }
            (KVSOperation::PutIf(_, value, version), KVSResponse::PutAt(made)) => {
                let follows = if version.number == 0 { made.number == 1 } else { *made == version.next() };
                if follows { self.put(value, *version, Some(*made)) } else { VersionedOp::Impossible }
            }
            (KVSOperation::PutIf(_, _, version), KVSResponse::Refused(error)) => match error {
                KVStoreError::KeyNotFound => VersionedOp::NoKey { version: self.version(*version) },
                KVStoreError::KeyAlreadyExists => VersionedOp::Mismatch { version: 0, actual: None },
                KVStoreError::VersionMismatch { actual, .. } => {
                    VersionedOp::Mismatch { version: self.version(*version), actual: Some(self.version(*actual)) }
                }
                _ => VersionedOp::Unanswered,
            },
            // The store did not work, or refused what it does not know: nothing was done, and nothing was said.
            (_, KVSResponse::Refused(_)) => VersionedOp::Unanswered,
            _ => VersionedOp::Impossible,
        }
    }

    fn put(&mut self, value: &Value, version: Version, made: Option<Version>) -> VersionedOp {
        let value = number(&mut self.values, value);
        VersionedOp::Put { value, version: self.version(version), stored: made.map(|made| self.version(made)) }
    }

    /// A version as the model counts: one after the other, and those of another generation far from it.
    fn version(&mut self, version: Version) -> u64 {
        if version.number == 0 {
            return 0;
        }
        u64::from(number(&mut self.generations, &version.generation)) * GENERATION + version.number % GENERATION
    }
}

fn number<T: Ord + Clone>(numbers: &mut BTreeMap<T, u32>, thing: &T) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(thing.clone()).or_insert(next)
}
