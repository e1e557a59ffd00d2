//! Everything in memory: nothing survives a crash, and nobody says that it would.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::plan::{Effect, Plan};
use super::{Batch, Files, Generation, KeyRange, Life, Storage, StorageError, Version, Versioned};
use crate::op::Key;

/// A store in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InMemoryStorage {
    entries: BTreeMap<Key, Versioned>,
    generation: Generation,
    counts_deletions: bool,
    note: Option<Arc<str>>,
}

impl InMemoryStorage {
    /// An empty store.
    pub fn new(life: Life) -> Self {
        Self { generation: life.generation(), counts_deletions: life.is_counted(), ..Self::default() }
    }

    /// All that is kept, in the order of keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Versioned)> {
        self.entries.iter()
    }

    /// The generation of keys that are made from now on.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// An effect on nothing that leads here.
    pub(super) fn whole(&self) -> Effect {
        let entries = self.entries.iter().map(|(key, versioned)| (key.clone(), Some(versioned.clone()))).collect();
        Effect { entries, generation: self.generation, note: self.note.clone() }
    }

    /// What a batch would do.
    pub(super) fn plan(&self, batch: &Batch) -> Result<Plan, StorageError> {
        Plan::new(batch, self.generation, self.counts_deletions, |key| Ok(self.entries.get(key).cloned()))
    }

    /// What was planned is done.
    pub(super) fn carry_out(&mut self, effect: Effect) {
        for (key, entry) in effect.entries {
            match entry {
                Some(versioned) => self.entries.insert(key, versioned),
                None => self.entries.remove(&key),
            };
        }
        self.generation = effect.generation;
        if effect.note.is_some() {
            self.note = effect.note;
        }
    }
}

impl Storage for InMemoryStorage {
    fn get(&self, _files: &dyn Files, key: &Key) -> Result<Option<Versioned>, StorageError> {
        Ok(self.entries.get(key).cloned())
    }

    fn scan(&self, _files: &dyn Files, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.entries.range(range.bounds()).map(|(key, versioned)| (key.clone(), versioned.clone())).collect())
    }

    fn batch(&mut self, _files: &mut dyn Files, batch: &Batch) -> Result<Vec<Version>, StorageError> {
        let Plan { effect, versions } = self.plan(batch)?;
        self.carry_out(effect);
        Ok(versions)
    }

    fn note(&self) -> Option<&Arc<str>> {
        self.note.as_ref()
    }

    fn is_durable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Disk, Honesty};
    use crate::op::Value;
    use crate::storage::engine::{Change, Expected};

    fn put(key: &str, expected: Expected) -> Change {
        let (key, value) = (Key::new(key).expect("short"), Value::new("x").expect("short"));
        Change::Put { key, value, expected }
    }

    #[test]
    fn a_batch_is_done_as_a_whole_or_not_at_all() {
        let mut disk = Disk::new(Honesty::Honest);
        let mut store = InMemoryStorage::new(Life::counted(0));
        let mut batch = Batch::from(put("a", Expected::ABSENT));
        batch.changes.push(put("a", Version::new(1).into()));
        batch.note = Some("first".into());
        assert_eq!(store.batch(&mut disk, &batch), Ok([Version::new(1), Version::new(2)].into()));
        let before = store.clone();
        batch.changes[0] = put("b", Expected::ABSENT);
        batch.note = Some("second".into());
        let refused = store.batch(&mut disk, &batch);
        assert_eq!(refused, Err(StorageError::VersionMismatch { expected: Version::new(1), actual: Version::new(2) }));
        assert_eq!(store, before);
        assert_eq!(store.note().map(AsRef::as_ref), Some("first"));
    }

    #[test]
    fn a_key_that_comes_back_has_another_generation_unless_nobody_counts() {
        let mut disk = Disk::new(Honesty::Honest);
        let key = Key::new("a").expect("short");
        for (life, again) in [(Life::counted(1), "1/1.1"), (Life::UNCOUNTED, "1")] {
            let mut store = InMemoryStorage::new(life);
            store.batch(&mut disk, &put("a", Expected::ABSENT).into()).expect("it is new");
            store.delete(&mut disk, &key, Expected::Any).expect("it is there");
            store.batch(&mut disk, &put("a", Expected::ABSENT).into()).expect("it is new again");
            let version = store.get(&disk, &key).expect("it works").expect("it is there").version;
            assert_eq!(
                version,
                if life.is_counted() { Version::first(life.generation().after_deletion()) } else { Version::new(1) }
            );
            assert_eq!(store.print_all(&disk), Ok(alloc::format!("a = x @{again}\n")));
        }
    }
}
