use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Merge;

/// A map of lattices. Keys are only added; what two maps have under one key is merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MapUnion<K: Ord, V>(pub BTreeMap<K, V>);

impl<K: Ord, V> Default for MapUnion<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Clone, V: Merge + Clone> Merge for MapUnion<K, V> {
    fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (key, value) in &other.0 {
            changed |= match self.0.get_mut(key) {
                Some(mine) => mine.merge(value),
                None => self.0.insert(key.clone(), value.clone()).is_none(),
            };
        }
        changed
    }
}

/// A map of lattices from which keys can be removed, **once and for all**: a key that was removed anywhere never comes back.
///
/// That is more than "removed": whoever wants to write a key again after it was deleted needs names for versions, as
/// [`MvRegister`](super::MvRegister) and [`ObservedRemoveSet`](super::ObservedRemoveSet) have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapUnionWithTombstones<K: Ord, V> {
    map: MapUnion<K, V>,
    tombstones: BTreeSet<K>,
}

impl<K: Ord, V> Default for MapUnionWithTombstones<K, V> {
    fn default() -> Self {
        Self { map: MapUnion::default(), tombstones: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V: Merge + Clone> MapUnionWithTombstones<K, V> {
    /// Merges a value into what is under a key. False if that changes nothing, and always for a key that was removed.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        if self.tombstones.contains(&key) {
            return false;
        }
        self.map.merge(&MapUnion(BTreeMap::from([(key, value)])))
    }

    /// Removes a key for good. False if it was removed already.
    pub fn remove(&mut self, key: K) -> bool {
        self.map.0.remove(&key);
        self.tombstones.insert(key)
    }

    /// What is there.
    pub fn map(&self) -> &BTreeMap<K, V> {
        &self.map.0
    }

    /// What was removed.
    pub fn tombstones(&self) -> &BTreeSet<K> {
        &self.tombstones
    }
}

impl<K: Ord + Clone, V: Merge + Clone> Merge for MapUnionWithTombstones<K, V> {
    fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for key in &other.tombstones {
            changed |= self.remove(key.clone());
        }
        for (key, value) in &other.map.0 {
            changed |= self.insert(key.clone(), value.clone());
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::super::Max;
    use super::*;

    #[test]
    fn a_key_that_was_removed_never_comes_back() {
        let mut map = MapUnionWithTombstones::default();
        assert!(map.insert('k', Max(1)) && map.insert('k', Max(2)) && !map.insert('k', Max(1)));
        let before = map.clone();
        assert!(map.remove('k') && !map.remove('k') && !map.insert('k', Max(9)));
        assert!(!map.merge(&before) && map.map().is_empty());
    }
}
