//! What a batch would do, worked out before anything is written: so it happens as a whole or not at all, in every engine alike.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::version::{admit_delete, admit_put};
use super::{Batch, Change, Generation, StorageError, Version, Versioned};
use crate::op::Key;

/// A batch, worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) effect: Effect,
    /// What each change has made, or ended.
    pub(super) versions: Vec<Version>,
}

/// What is to be kept after a batch. It asks for nothing: to do it twice is to do it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Effect {
    /// What is kept under each key that has changed; None: nothing.
    pub(super) entries: BTreeMap<Key, Option<Versioned>>,
    /// The generation of keys that are made from now on.
    pub(super) generation: Generation,
    /// The note that replaces the one before it, if there is a new one.
    pub(super) note: Option<Arc<str>>,
}

impl Plan {
    /// Works out a batch: each change sees what those before it have done. `current` says what is kept now.
    pub(super) fn new(
        batch: &Batch,
        generation: Generation,
        counts_deletions: bool,
        mut current: impl FnMut(&Key) -> Result<Option<Versioned>, StorageError>,
    ) -> Result<Self, StorageError> {
        let mut effect = Effect { entries: BTreeMap::new(), generation, note: batch.note.clone() };
        let mut versions = Vec::with_capacity(batch.changes.len());
        for change in &batch.changes {
            let key = change.key();
            let before = match effect.entries.get(key) {
                Some(entry) => entry.as_ref().map(|versioned| versioned.version),
                None => current(key)?.map(|versioned| versioned.version),
            };
            let (version, entry) = match change {
                Change::Put { value, expected, .. } => {
                    let version = admit_put(before, *expected, effect.generation)?;
                    (version, Some(Versioned { value: value.clone(), version }))
                }
                Change::Delete { expected, .. } => {
                    let version = admit_delete(before, *expected)?;
                    if counts_deletions {
                        effect.generation = effect.generation.after_deletion();
                    }
                    (version, None)
                }
            };
            versions.push(version);
            effect.entries.insert(key.clone(), entry);
        }
        Ok(Self { effect, versions })
    }
}
