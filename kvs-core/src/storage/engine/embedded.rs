//! An embedded database: a log of what is new, and sorted tables of what is not.
//!
//! A change is one record in the log `wal-<n>`, synced before it counts, and an entry in memory. When the memory is full it becomes a
//! sorted table, together with those tables that are not much larger than what came after them, and the log begins anew. Which tables
//! and which log there are says the file `manifest`; another takes its place in one step, so that a crash finds the old state of
//! affairs or the new one. What the manifest does not name is left over, and removed.
//!
//! Each table holds more than twice as many records as all that are newer together. So there are few of them, and what was replaced or
//! deleted takes no more room than twice what is kept.
//!
//! All that is read is checked by its sum. A log ends where a record is torn; one behind which there are whole ones is damaged, since
//! each was synced before the next was begun.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::plan::{Effect, Plan};
use super::table::{Cursor, Merge, Table, TableWriter};
use super::{Batch, Files, Generation, KeyRange, Life, Storage, StorageError, StorageFault, Version, Versioned};
use crate::op::Key;
use crate::storage::frame::{frame, holds_a_frame, take_frame};

/// The file that says which others there are.
const MANIFEST: &str = "manifest";
/// What is to take its place.
const NEW_MANIFEST: &str = "manifest.new";

/// How an embedded database is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedDbOptions {
    /// How many bytes of log there are before it becomes a table.
    pub log_bytes: u32,
    /// How many bytes of a table are read at once.
    pub block_bytes: u32,
    /// Whether a change is synced before it is answered.
    pub sync: bool,
}

impl Default for EmbeddedDbOptions {
    fn default() -> Self {
        Self { log_bytes: 4 << 20, block_bytes: 4 << 10, sync: true }
    }
}

impl EmbeddedDbOptions {
    /// So small that a reader sees tables come and go after a few changes.
    pub const SMALL: Self = Self { log_bytes: 1_024, block_bytes: 256, sync: true };
}

/// What the manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    /// The number of the next file.
    next: u64,
    /// The number of the log.
    log: u64,
    /// The numbers of the tables, oldest first.
    tables: Vec<u64>,
    generation: Generation,
    note: Option<Arc<str>>,
}

/// A store in an embedded database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmbeddedDbStorage {
    options: EmbeddedDbOptions,
    counts_deletions: bool,
    manifest: Manifest,
    /// What has changed since the newest table was written; None: nothing is kept.
    recent: BTreeMap<Key, Option<Versioned>>,
    log_bytes: u64,
    /// Oldest first.
    tables: Vec<Arc<Table>>,
    /// The files have failed: what is in them is not known before they are read again.
    broken: Option<StorageFault>,
}

impl EmbeddedDbStorage {
    /// The store that the files hold, or an empty one if there are none.
    pub fn open(options: EmbeddedDbOptions, files: &mut dyn Files, life: Life) -> Result<Self, StorageFault> {
        let manifest = match files.read(MANIFEST)? {
            Some(bytes) => take_frame(&mut &bytes[..]).ok_or_else(|| damaged(MANIFEST, 0, "its sum does not match"))?,
            None => Manifest { next: 1, generation: life.generation(), ..Manifest::default() },
        };
        let mut store = Self {
            options,
            counts_deletions: life.is_counted(),
            recent: BTreeMap::new(),
            log_bytes: 0,
            tables: Vec::new(),
            broken: None,
            manifest,
        };
        for number in &store.manifest.tables {
            store.tables.push(Table::open(&table_name(*number), files)?.into());
        }
        let is_torn = store.read_log(files)?;
        store.remove_leftovers(files)?;
        if options.sync && store.log_bytes > 0 {
            // A process that was killed may have left what is written, and not synced.
            files.sync(&log_name(store.manifest.log))?;
            files.sync_directory()?;
        }
        if is_torn {
            // Nothing is added behind a torn record.
            store.flush(files)?;
        }
        Ok(store)
    }

    /// How many records the tables and the memory hold, those that were replaced or say that a key was deleted included.
    pub fn records(&self) -> u64 {
        self.tables.iter().map(|table| table.records()).sum::<u64>() + self.recent.len() as u64
    }

    /// How many tables there are.
    pub fn tables(&self) -> usize {
        self.tables.len()
    }

    /// Reads the log back. True if it ends in a torn record.
    fn read_log(&mut self, files: &dyn Files) -> Result<bool, StorageFault> {
        let name = log_name(self.manifest.log);
        let Some(bytes) = files.read(&name)? else { return Ok(false) };
        let mut rest = &bytes[..];
        while let Some(effect) = take_frame::<Effect>(&mut rest) {
            self.remember(effect);
        }
        self.log_bytes = bytes.len() as u64;
        if rest.is_empty() {
            return Ok(false);
        }
        if self.options.sync && holds_a_frame(rest) {
            let position = (bytes.len() - rest.len()) as u64;
            return Err(damaged(&name, position, "a record is broken, and whole ones are behind it"));
        }
        Ok(true)
    }

    fn remember(&mut self, effect: Effect) {
        self.recent.extend(effect.entries);
        self.manifest.generation = effect.generation;
        if effect.note.is_some() {
            self.manifest.note = effect.note;
        }
    }

    /// Removes files that a crash has kept from being named, or from being removed.
    fn remove_leftovers(&self, files: &mut dyn Files) -> Result<(), StorageFault> {
        let log = log_name(self.manifest.log);
        let tables: Vec<String> = self.manifest.tables.iter().map(|number| table_name(*number)).collect();
        for file in files.list()? {
            let is_ours = file.starts_with(LOG) || file.starts_with(TABLE) || file == NEW_MANIFEST;
            if is_ours && file != log && !tables.contains(&file) {
                files.remove(&file)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, files: &mut dyn Files, effect: Effect) -> Result<(), StorageFault> {
        let record = frame(&effect);
        let name = log_name(self.manifest.log);
        files.append(&name, &record)?;
        if self.options.sync {
            files.sync(&name)?;
            if self.log_bytes == 0 {
                files.sync_directory()?;
            }
        }
        self.log_bytes += record.len() as u64;
        self.remember(effect);
        if self.log_bytes >= u64::from(self.options.log_bytes)
            && let Err(fault) = self.flush(files)
        {
            // The change is in the log, and done. What has failed is what comes after it.
            self.broken = Some(self.broken_by(&fault));
        }
        Ok(())
    }

    /// What is in memory becomes a table, with those tables that are to go into it; the log begins anew.
    fn flush(&mut self, files: &mut dyn Files) -> Result<(), StorageFault> {
        let kept = self.tables_to_keep();
        let merged = self.tables.split_off(kept);
        let recent = core::mem::take(&mut self.recent);
        let sources = merged.iter().map(|table| Cursor::over_table(table.clone(), &KeyRange::all()));
        let mut merge = Merge::new(sources.chain([Cursor::over_entries(recent)]).collect());

        let number = self.take_number();
        let mut writer = TableWriter::new(table_name(number), self.options.block_bytes);
        while let Some((key, entry)) = merge.next(files)? {
            // Below the oldest table there is nothing that a deletion could hide.
            if kept > 0 || entry.is_some() {
                writer.add(files, &key, entry.as_ref())?;
            }
        }
        self.manifest.tables.truncate(kept);
        if let Some(table) = writer.finish(files)? {
            self.tables.push(table.into());
            self.manifest.tables.push(number);
        }
        let new_log = self.take_number();
        let old_log = core::mem::replace(&mut self.manifest.log, new_log);
        self.log_bytes = 0;
        self.switch_manifest(files)?;
        files.remove(&log_name(old_log))?;
        for table in merged {
            files.remove(table.file())?;
        }
        Ok(())
    }

    /// How many of the oldest tables are so large that what is newer need not go into them.
    fn tables_to_keep(&self) -> usize {
        let mut newer = self.recent.len() as u64;
        let mut kept = self.tables.len();
        for table in self.tables.iter().rev() {
            if table.records() > 2 * newer {
                break;
            }
            newer += table.records();
            kept -= 1;
        }
        kept
    }

    fn take_number(&mut self) -> u64 {
        self.manifest.next += 1;
        self.manifest.next - 1
    }

    fn switch_manifest(&self, files: &mut dyn Files) -> Result<(), StorageFault> {
        files.truncate(NEW_MANIFEST)?;
        files.append(NEW_MANIFEST, &frame(&self.manifest))?;
        files.sync(NEW_MANIFEST)?;
        files.rename(NEW_MANIFEST, MANIFEST)?;
        files.sync_directory()
    }

    /// What it says after a fault.
    fn broken_by(&self, fault: &StorageFault) -> StorageFault {
        let why = format!("an earlier change failed: {fault}");
        StorageFault::Io { file: log_name(self.manifest.log), why }
    }

    fn check(&self) -> Result<(), StorageFault> {
        self.broken.clone().map_or(Ok(()), Err)
    }
}

impl Storage for EmbeddedDbStorage {
    fn get(&self, files: &dyn Files, key: &Key) -> Result<Option<Versioned>, StorageError> {
        self.check()?;
        if let Some(entry) = self.recent.get(key) {
            return Ok(entry.clone());
        }
        for table in self.tables.iter().rev() {
            if let Some(entry) = table.get(files, key)? {
                return Ok(entry);
            }
        }
        Ok(None)
    }

    fn scan(&self, files: &dyn Files, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError> {
        self.check()?;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let recent = self.recent.range(range.bounds()).map(|(key, entry)| (key.clone(), entry.clone()));
        let sources = self.tables.iter().map(|table| Cursor::over_table(table.clone(), range));
        let mut merge = Merge::new(sources.chain([Cursor::over_entries(recent)]).collect());
        let mut found = Vec::new();
        while let Some((key, entry)) = merge.next(files)? {
            if !range.contains(&key) {
                break;
            }
            found.extend(entry.map(|versioned| (key, versioned)));
        }
        Ok(found)
    }

    fn batch(&mut self, files: &mut dyn Files, batch: &Batch) -> Result<Vec<Version>, StorageError> {
        self.check()?;
        let current = |key: &Key| self.get(files, key);
        let Plan { effect, versions } = Plan::new(batch, self.manifest.generation, self.counts_deletions, current)?;
        if let Err(fault) = self.write(files, effect) {
            self.broken = Some(self.broken_by(&fault));
            return Err(fault.into());
        }
        Ok(versions)
    }

    fn note(&self) -> Option<&Arc<str>> {
        self.manifest.note.as_ref()
    }

    fn is_durable(&self) -> bool {
        self.options.sync
    }
}

const LOG: &str = "wal-";
const TABLE: &str = "table-";

fn log_name(number: u64) -> String {
    format!("{LOG}{number}")
}

fn table_name(number: u64) -> String {
    format!("{TABLE}{number}")
}

/// A file holds what no store has written.
pub(super) fn damaged(file: &str, position: u64, what: &str) -> StorageFault {
    StorageFault::Damaged { file: file.to_string(), position, what: what.to_string() }
}
