//! Everything in one file that a person can read, and in memory while the store runs.
//!
//! | mode | what a change writes | after a crash |
//! |---|---|---|
//! | rewrite in place | empties the file, writes it anew, waits for nothing | the file may be empty, old and new may be mixed |
//! | atomic replace | a second file, a sync, its name becomes that of the first, a sync of the folder | all of it, or what was before |
//! | append | one block of lines behind the others, a sync | all of it; what was torn is left out |
//!
//! The first is what one writes before one has seen a crash.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::lines::{self, LineFormat};
use super::plan::{Effect, Plan};
use super::{Batch, Files, InMemoryStorage, KeyRange, Life, Storage, StorageError, StorageFault, Version, Versioned};
use crate::op::Key;

/// The file of a flat file store.
pub const STORE: &str = "store.jsonl";
/// What is to take its place.
pub const REPLACEMENT: &str = "store.jsonl.new";

/// How a flat file is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlatFileOptions {
    /// How changes come into the file.
    pub mode: FlatFileMode,
    /// What a line looks like.
    pub format: LineFormat,
}

/// How changes come into a flat file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlatFileMode {
    /// It is emptied and written anew.
    RewriteInPlace,
    /// Another takes its place.
    #[default]
    AtomicReplace,
    /// They are added at its end.
    Append,
}

/// With [`FlatFileMode::Append`], the file is written anew when it holds so many changes more than twice what is kept.
const SPARE_CHANGES: usize = 64;

/// A store in a flat file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlatFileStorage {
    options: FlatFileOptions,
    kept: InMemoryStorage,
    /// How many changes the file holds.
    written: usize,
    /// Whether there is a file.
    has_file: bool,
    /// The files have failed: what is in them is not known before they are read again.
    broken: Option<StorageFault>,
}

impl FlatFileStorage {
    /// The store that the file holds, or an empty one if there is no file.
    pub fn open(options: FlatFileOptions, files: &mut dyn Files, life: Life) -> Result<Self, StorageFault> {
        let mut store = Self { options, kept: InMemoryStorage::new(life), written: 0, has_file: false, broken: None };
        if files.length(REPLACEMENT)?.is_some() {
            // A crash came before it took the place of the store.
            files.remove(REPLACEMENT)?;
        }
        let is_torn = match files.read(STORE)? {
            None => false,
            Some(bytes) => {
                store.has_file = true;
                let content = lines::read(options.format, &bytes);
                let is_torn = content.torn_at.is_some();
                if let Some(position) = content.torn_at
                    && !store.forgives(&content)
                {
                    let what = String::from("no line of a store, or the sum of a block does not match");
                    return Err(StorageFault::Damaged { file: STORE.into(), position, what });
                }
                for effect in content.effects {
                    store.written += effect.entries.len();
                    store.kept.carry_out(effect);
                }
                is_torn
            }
        };
        if is_torn && options.mode == FlatFileMode::Append {
            // Nothing is added behind a torn block.
            store.replace(files)?;
        } else if store.has_file && store.is_durable() {
            // A process that was killed may have left what is written, and not synced.
            files.sync(STORE)?;
            files.sync_directory()?;
        }
        Ok(store)
    }

    /// Whether what could not be read may be what a crash has left of a change that was not answered.
    fn forgives(&self, content: &lines::Content) -> bool {
        match self.options.mode {
            FlatFileMode::RewriteInPlace => true,
            FlatFileMode::AtomicReplace => false,
            // Each block was synced before the next was begun.
            FlatFileMode::Append => !content.goes_on,
        }
    }

    fn write(&mut self, files: &mut dyn Files, effect: Effect) -> Result<(), StorageFault> {
        let changes = effect.entries.len();
        let is_spacious = self.written + changes <= 2 * self.kept.iter().len() + SPARE_CHANGES;
        match self.options.mode {
            FlatFileMode::RewriteInPlace => {
                self.kept.carry_out(effect);
                files.truncate(STORE)?;
                files.append(STORE, &lines::block(self.options.format, &self.kept.whole()))?;
            }
            FlatFileMode::Append if is_spacious => {
                files.append(STORE, &lines::block(self.options.format, &effect))?;
                files.sync(STORE)?;
                if !self.has_file {
                    files.sync_directory()?;
                }
                self.kept.carry_out(effect);
                self.written += changes;
            }
            FlatFileMode::AtomicReplace | FlatFileMode::Append => {
                self.kept.carry_out(effect);
                self.replace(files)?;
            }
        }
        self.has_file = true;
        Ok(())
    }

    /// Puts a file with all that is kept in the place of the old one.
    fn replace(&mut self, files: &mut dyn Files) -> Result<(), StorageFault> {
        files.truncate(REPLACEMENT)?;
        files.append(REPLACEMENT, &lines::block(self.options.format, &self.kept.whole()))?;
        files.sync(REPLACEMENT)?;
        files.rename(REPLACEMENT, STORE)?;
        files.sync_directory()?;
        self.written = self.kept.iter().len();
        Ok(())
    }

    fn check(&self) -> Result<(), StorageFault> {
        self.broken.clone().map_or(Ok(()), Err)
    }
}

impl Storage for FlatFileStorage {
    fn get(&self, files: &dyn Files, key: &Key) -> Result<Option<Versioned>, StorageError> {
        self.check()?;
        self.kept.get(files, key)
    }

    fn scan(&self, files: &dyn Files, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError> {
        self.check()?;
        self.kept.scan(files, range)
    }

    fn batch(&mut self, files: &mut dyn Files, batch: &Batch) -> Result<Vec<Version>, StorageError> {
        self.check()?;
        let Plan { effect, versions } = self.kept.plan(batch)?;
        if let Err(fault) = self.write(files, effect) {
            let why = format!("an earlier change failed: {fault}");
            self.broken = Some(StorageFault::Io { file: STORE.into(), why });
            return Err(fault.into());
        }
        Ok(versions)
    }

    fn note(&self) -> Option<&Arc<str>> {
        self.kept.note()
    }

    fn is_durable(&self) -> bool {
        self.options.mode != FlatFileMode::RewriteInPlace
    }
}
