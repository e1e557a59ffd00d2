//! Stores whose operations may be about many keys at once: batches, lists of keys, clearing everything.
//!
//! Linearizability is local to objects (Herlihy and Wing, 1990), and a key is an object only while every operation is about one key. Here
//! keys that one operation is about belong together, and so do those that they belong together with: each such component is an object. An
//! operation on all keys makes one object of the whole store.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::linearizable::{Linearizability, OperationNumber};
use super::model::{Store, StoreOp};
use super::{Budget, Run, Verdict};
use crate::command::{KVData, KVOperation, KVResult};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::sim::{HistoryEvent, Operation};
use crate::storage::smr::Eviction;
use crate::zoo::{Architecture, StorageOptions};

/// Follows a run of a store whose operations may be about many keys.
#[derive(Clone)]
pub(super) struct Whole {
    /// Whether the store may drop what it likes to make room.
    evicts: bool,
    keys: BTreeMap<Key, u32>,
    values: BTreeMap<Value, u32>,
    /// Of each key one that it belongs together with; its own number at the end of the chain.
    together: Vec<u32>,
    /// Whether all keys belong together.
    is_one: bool,
    /// How many operations have been looked at for what belongs together.
    known: usize,
    /// Whether each operation was about one key and said so: put, get, delete.
    is_plain: bool,
    fed: usize,
    search: Linearizability<Store>,
    numbers: Vec<OperationNumber>,
    /// The operations of the search; None: that a value is gone.
    places: Vec<Option<usize>>,
}

/// What nobody knows anything of.
fn nothing() -> StoreOp {
    StoreOp::MGet(Arc::default())
}

impl Whole {
    /// None where operations are about one key each.
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        let StorageOptions::Smr(config) = architecture.storage else { return None };
        Some(Self {
            evicts: config.eviction != Eviction::None,
            keys: BTreeMap::new(),
            values: BTreeMap::new(),
            together: Vec::new(),
            is_one: false,
            known: 0,
            is_plain: config.eviction == Eviction::None,
            fed: 0,
            search: Linearizability::new(Store),
            numbers: Vec::new(),
            places: Vec::new(),
        })
    }

    /// Whether what is said of single keys says everything.
    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether one order of all operations explains what everybody was told. If not, the operations that show it.
    pub(super) fn judge(&mut self, budget: Budget) -> Verdict<Vec<usize>> {
        let places = &self.places;
        let place = |number: &OperationNumber| places.get(*number as usize).copied().flatten();
        self.search.judge(budget).map(|found| found.operations.iter().filter_map(place).collect())
    }

    /// Takes in what has happened since.
    pub(super) fn follow(&mut self, run: &Run<'_>) {
        for operation in run.operations().iter().skip(self.known) {
            if self.learn(operation.op()) {
                // What was apart before is one now: it is looked at anew.
                self.fed = 0;
                self.search = Linearizability::new(Store);
                self.numbers.clear();
                self.places.clear();
            }
            self.known += 1;
        }
        for event in run.history.events().iter().take(run.events).skip(self.fed) {
            match *event {
                HistoryEvent::Called(place) => self.called(place, &run.history.operations()[place]),
                HistoryEvent::Returned(place) => self.returned(place, &run.history.operations()[place]),
            }
        }
        self.fed = run.events;
    }

    // ---- what belongs together

    /// Looks at what an operation is about. True if that joins what was apart.
    fn learn(&mut self, op: &KVSOperation) -> bool {
        self.is_plain &= matches!(op, KVSOperation::Put(..) | KVSOperation::Get(_) | KVSOperation::Delete(_));
        let Some(keys) = about(op) else { return !core::mem::replace(&mut self.is_one, true) };
        let numbers: Vec<u32> = keys.into_iter().map(|key| self.key(key)).collect();
        let Some((first, rest)) = numbers.split_first() else { return false };
        let mut joins = false;
        for number in rest {
            let (one, other) = (self.root(*first), self.root(*number));
            joins |= one != other;
            self.together[one.max(other) as usize] = one.min(other);
        }
        joins
    }

    fn key(&mut self, key: &Key) -> u32 {
        let number = number(&mut self.keys, key);
        if self.together.len() <= number as usize {
            self.together.push(number);
        }
        number
    }

    fn root(&self, key: u32) -> u32 {
        let mut at = key;
        while self.together[at as usize] != at {
            at = self.together[at as usize];
        }
        at
    }

    /// The object that an operation is about.
    fn part(&mut self, op: &KVSOperation) -> u32 {
        if self.is_one {
            return 0;
        }
        let key = about(op).and_then(|keys| keys.first().copied().cloned());
        key.map_or(0, |key| {
            let number = self.key(&key);
            self.root(number)
        })
    }

    // ---- calls and returns

    fn called(&mut self, place: usize, operation: &Operation) {
        let op = operation.op();
        let part = self.part(op);
        let call = match op {
            KVSOperation::Put(key, value) | KVSOperation::PutFor(key, value, _) => self.set(key, value),
            KVSOperation::Delete(key) => StoreOp::Delete(self.key(key), None),
            KVSOperation::Clear => StoreOp::Clear,
            KVSOperation::Batch(commands) if op.is_write() => {
                StoreOp::Batch(commands.iter().map(|command| self.blindly(command)).collect())
            }
            _ => nothing(),
        };
        self.numbers.push(self.search.call(part, call));
        self.places.push(Some(place));
        for (key, value) in self.passing(op) {
            self.search.call(part, StoreOp::Expire(key, value));
            self.places.push(None);
        }
    }

    /// The values that an operation keeps and that may be gone at some time, or never, without anybody having asked for it.
    fn passing(&mut self, op: &KVSOperation) -> Vec<(u32, u32)> {
        let puts: Vec<(Key, Value)> = match op {
            KVSOperation::PutFor(key, value, _) => [(key.clone(), value.clone())].into(),
            KVSOperation::Put(key, value) if self.evicts => [(key.clone(), value.clone())].into(),
            KVSOperation::Batch(commands) => {
                let is_passing =
                    |command: &&KVOperation| self.evicts || matches!(command, KVOperation::Set { ttl: Some(_), .. });
                let puts = commands.iter().filter(is_passing).filter_map(KVOperation::put);
                puts.map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => Vec::new(),
        };
        puts.iter().map(|(key, value)| (self.key(key), number(&mut self.values, value))).collect()
    }

    fn returned(&mut self, place: usize, operation: &Operation) {
        // An operation of which nobody knows stays open.
        let Some(Outcome::Ok(response)) = operation.ended.as_ref().map(|ended| &ended.outcome) else { return };
        let Some(number) = self.numbers.get(place).copied() else { return };
        let op = self.told(operation.op(), response);
        self.search.returned(number, op);
    }

    /// An operation with what was answered. What was refused has done nothing.
    fn told(&mut self, op: &KVSOperation, response: &KVSResponse) -> StoreOp {
        match (op, response) {
            (_, response) if response.refusal().is_some() => nothing(),
            (KVSOperation::Put(key, value) | KVSOperation::PutFor(key, value, _), KVSResponse::PutOk) => {
                self.set(key, value)
            }
            (KVSOperation::Delete(key), KVSResponse::DeleteOk) => StoreOp::Delete(self.key(key), None),
            (KVSOperation::Clear, KVSResponse::Cleared) => StoreOp::Clear,
            (KVSOperation::Get(key), KVSResponse::GetResult { values, .. }) => self.get(key, values),
            (KVSOperation::Exists(key), KVSResponse::Exists(is_there)) => StoreOp::Exists(self.key(key), *is_there),
            (KVSOperation::ListKeys, KVSResponse::Keys(keys)) => self.list(keys.iter()),
            (KVSOperation::Size, KVSResponse::Size(size)) => StoreOp::Size(*size),
            (KVSOperation::MGet(_), KVSResponse::Items(items)) => {
                StoreOp::Batch(items.iter().map(|item| self.get(&item.key, &item.values)).collect())
            }
            (KVSOperation::GetAll, KVSResponse::All { items, .. }) => {
                let list = self.list(items.iter().map(|item| &item.key));
                let values = items.iter().map(|item| self.get(&item.key, &item.values));
                let values: Vec<StoreOp> = values.collect();
                StoreOp::Batch([list].into_iter().chain(values).collect())
            }
            (KVSOperation::Batch(commands), KVSResponse::Batch(results)) if commands.len() == results.len() => {
                let mut may_be_gone = false;
                let mut told = |(command, result): (&KVOperation, &KVResult)| {
                    let said = self.said(command, result);
                    let said = if may_be_gone { unless_gone(said) } else { said };
                    // What it keeps may have made something else of the same batch go.
                    may_be_gone |= self.evicts && command.put().is_some();
                    said
                };
                StoreOp::Batch(commands.iter().zip(results.iter()).map(&mut told).collect())
            }
            _ => StoreOp::Impossible,
        }
    }

    /// A command of a batch of which nobody knows more.
    fn blindly(&mut self, command: &KVOperation) -> StoreOp {
        match command {
            KVOperation::Set { key, value, .. } => self.set(key, value),
            KVOperation::Delete(key) => StoreOp::Delete(self.key(key), None),
            KVOperation::Clear => StoreOp::Clear,
            KVOperation::Get(_)
            | KVOperation::Exists(_)
            | KVOperation::ListKeys
            | KVOperation::Size
            | KVOperation::Tick => nothing(),
        }
    }

    /// A command of a batch with its result.
    fn said(&mut self, command: &KVOperation, result: &KVResult) -> StoreOp {
        match (command, result) {
            (KVOperation::Set { .. } | KVOperation::Clear | KVOperation::Tick, KVResult::Success(KVData::Done)) => {
                self.blindly(command)
            }
            (KVOperation::Delete(key), KVResult::Success(KVData::Done)) => StoreOp::Delete(self.key(key), Some(true)),
            (KVOperation::Delete(key), KVResult::NotFound) => StoreOp::Delete(self.key(key), Some(false)),
            (KVOperation::Get(key), KVResult::Success(KVData::Value(value))) => {
                self.get(key, core::slice::from_ref(value))
            }
            (KVOperation::Get(key), KVResult::NotFound) => self.get(key, &[]),
            (KVOperation::Exists(key), KVResult::Success(KVData::Answer(is_there))) => {
                StoreOp::Exists(self.key(key), *is_there)
            }
            (KVOperation::ListKeys, KVResult::Success(KVData::Keys(keys))) => self.list(keys.iter()),
            (KVOperation::Size, KVResult::Success(KVData::Count(count))) => StoreOp::Size(*count),
            _ => StoreOp::Impossible,
        }
    }

    fn set(&mut self, key: &Key, value: &Value) -> StoreOp {
        StoreOp::Set(self.key(key), number(&mut self.values, value))
    }

    fn get(&mut self, key: &Key, values: &[Value]) -> StoreOp {
        match values {
            [] => StoreOp::Get(self.key(key), None),
            [value] => StoreOp::Get(self.key(key), Some(number(&mut self.values, value))),
            _ => StoreOp::Impossible,
        }
    }

    fn list<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) -> StoreOp {
        let mut numbers: Vec<u32> = keys.map(|key| self.key(key)).collect();
        numbers.sort_unstable();
        StoreOp::List(numbers.into())
    }
}

/// What a command has said, where anything may have gone before: that something is there still counts.
fn unless_gone(op: StoreOp) -> StoreOp {
    match op {
        StoreOp::Get(_, None) | StoreOp::Exists(_, false) | StoreOp::Size(_) | StoreOp::List(_) => nothing(),
        StoreOp::Delete(key, Some(false)) => StoreOp::Delete(key, None),
        other => other,
    }
}

/// The keys that an operation is about; None for all of them.
fn about(op: &KVSOperation) -> Option<Vec<&Key>> {
    match op {
        KVSOperation::GetAll | KVSOperation::ListKeys | KVSOperation::Clear | KVSOperation::Size => None,
        KVSOperation::Batch(commands) => {
            let sees_all = |command: &KVOperation| command.key().is_none() && *command != KVOperation::Tick;
            let keys = || commands.iter().filter_map(KVOperation::key).collect();
            (!commands.iter().any(sees_all)).then(keys)
        }
        _ => Some(op.keys().iter().collect()),
    }
}

fn number<T: Ord + Clone>(numbers: &mut BTreeMap<T, u32>, thing: &T) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(thing.clone()).or_insert(next)
}
