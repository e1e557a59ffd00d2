//! A simulated disk: files whose writes reach the page cache at once and the medium later.
//!
//! Writes are numbered. The medium always holds the effect of writes `1..=durable`; a crash forgets the rest, or what its
//! [`CrashFate`] says. Reads see the page cache.
//!
//! A step does not wait for the medium, so a sync is no write: it says that what was written before it reaches the medium before what is
//! written after it. [`Disk::sync`] says so of the content of one file, [`Disk::sync_directory`] of the names of all. A
//! [reordering](CrashFate::Reordered) crash keeps to that, and to nothing else.

mod reorder;
#[cfg(test)]
mod tests;

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::choice::Choose;

/// The number of a write on its disk, from 1; 0 is before any write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteNumber(pub u64);

/// Whether a disk that says "synced" means it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Honesty {
    /// A sync ends when the writes are on the medium.
    #[default]
    Honest,
    /// A sync ends at once; the writes reach the medium some time later, or never.
    Lying,
}

/// What a crash does to writes that are not on the medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CrashFate {
    /// All of them are lost.
    #[default]
    Dropped,
    /// All of them survive, by luck.
    Kept,
    /// The first few survive, and of the next one only some of its first bytes.
    Torn,
    /// Any of them survive, whole or in part, wherever no sync forbids it: of a file the content may be there and the name not, or the
    /// name and not the content.
    Reordered,
}

/// A change of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Write {
    /// Bytes come to its end; it is made if there is none.
    Append {
        /// Its name.
        file: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// It goes.
    Remove {
        /// Its name.
        file: String,
    },
    /// It is empty from now on; it is made if there is none.
    Truncate {
        /// Its name.
        file: String,
    },
    /// It has another name, and what had that name is gone.
    Rename {
        /// The name that it had.
        from: String,
        /// The name that it gets.
        to: String,
    },
}

/// What is on the medium before anything that is written later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Sync {
    /// The content that a file has had.
    File(String),
    /// The names that files have had.
    Directory,
}

/// The files of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// What the node reads.
    page_cache: BTreeMap<String, Vec<u8>>,
    /// What survives a crash.
    medium: BTreeMap<String, Vec<u8>>,
    /// Writes that have not reached the medium, oldest first; the last one has number `last_write`.
    pending: VecDeque<Write>,
    last_write: WriteNumber,
    /// Syncs, each with the last write before it, for as long as that is pending.
    syncs: VecDeque<(WriteNumber, Sync)>,
    /// The newest write that a sync was about.
    asked: WriteNumber,
    honesty: Honesty,
}

impl Disk {
    /// An empty disk.
    pub fn new(honesty: Honesty) -> Self {
        Self { honesty, ..Self::default() }
    }

    /// The number of the newest write.
    pub fn last_write(&self) -> WriteNumber {
        self.last_write
    }

    /// The number of the newest write that is on the medium.
    pub fn durable(&self) -> WriteNumber {
        WriteNumber(self.last_write.0 - self.pending.len() as u64)
    }

    /// The newest write that a sync was about: of the content of its file, or of names. What was never synced is not asked for, however
    /// old it is, and reaches the medium when the disk likes.
    pub fn asked(&self) -> WriteNumber {
        self.asked
    }

    /// Whether what waits for `write` may leave: it is durable, or the disk says so.
    pub fn admits(&self, write: WriteNumber) -> bool {
        self.honesty == Honesty::Lying || write <= self.durable()
    }

    /// The content of a file, if there is one.
    pub fn read(&self, file: &str) -> Option<&[u8]> {
        self.page_cache.get(file).map(Vec::as_slice)
    }

    /// The names of all files, in order.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.page_cache.keys().map(String::as_str)
    }

    /// What the medium has of a file, if it knows of one: what a reader gets after a crash that loses all the rest.
    pub fn read_medium(&self, file: &str) -> Option<&[u8]> {
        self.medium.get(file).map(Vec::as_slice)
    }

    /// The names of all files on the medium, in order.
    pub fn files_on_medium(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.medium.keys().map(String::as_str)
    }

    /// What has not reached the medium, oldest first.
    pub fn pending(&self) -> impl DoubleEndedIterator<Item = &Write> + ExactSizeIterator {
        self.pending.iter()
    }

    /// How many bytes were added to files and have not reached the medium.
    pub fn pending_bytes(&self) -> usize {
        let bytes =
            self.pending.iter().map(|write| if let Write::Append { bytes, .. } = write { bytes.len() } else { 0 });
        bytes.sum()
    }

    /// Whether it means it when it says that something is synced.
    pub fn honesty(&self) -> Honesty {
        self.honesty
    }

    /// Adds bytes at the end of a file, which is made if there is none.
    pub fn append(&mut self, file: &str, bytes: &[u8]) {
        self.write(Write::Append { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Removes a file.
    pub fn remove(&mut self, file: &str) {
        self.write(Write::Remove { file: file.to_owned() });
    }

    /// Leaves nothing in a file, which is made if there is none.
    pub fn truncate(&mut self, file: &str) {
        self.write(Write::Truncate { file: file.to_owned() });
    }

    /// Gives a file another name. What had that name is gone. Without such a file, nothing happens.
    pub fn rename(&mut self, from: &str, to: &str) {
        if self.page_cache.contains_key(from) {
            self.write(Write::Rename { from: from.to_owned(), to: to.to_owned() });
        }
    }

    /// What is written from now on reaches the medium after the content that the file has now.
    pub fn sync(&mut self, file: &str) {
        self.note_sync(Sync::File(file.to_owned()));
    }

    /// What is written from now on reaches the medium after the names that files have now: that of a new file too.
    pub fn sync_directory(&mut self) {
        self.note_sync(Sync::Directory);
    }

    fn note_sync(&mut self, sync: Sync) {
        if !self.pending.is_empty() {
            let newest = match &sync {
                Sync::File(file) => self.newest_of_content(file),
                Sync::Directory => self.newest_of_names(),
            };
            self.asked = self.asked.max(newest);
            self.syncs.push_back((self.last_write, sync));
        }
    }

    /// The newest pending write of the content that has this name now; 0 if it is all on the medium.
    fn newest_of_content(&self, file: &str) -> WriteNumber {
        let mut name = file;
        for (back, write) in self.pending.iter().rev().enumerate() {
            match write {
                Write::Append { file, .. } | Write::Truncate { file } if file == name => {
                    return WriteNumber(self.last_write.0 - back as u64);
                }
                Write::Rename { from, to } if to == name => name = from,
                // What had the name before was another content.
                Write::Rename { from, .. } if from == name => break,
                Write::Remove { file } if file == name => break,
                _ => {}
            }
        }
        WriteNumber::default()
    }

    /// The newest pending write that has made, given or removed a name; 0 if there is none.
    fn newest_of_names(&self) -> WriteNumber {
        let mut names: BTreeSet<&str> = self.medium.keys().map(String::as_str).collect();
        let mut newest = WriteNumber::default();
        for (number, write) in (self.durable().0 + 1..).zip(&self.pending) {
            let has_changed = match write {
                Write::Append { file, .. } | Write::Truncate { file } => names.insert(file),
                Write::Remove { file } => names.remove(file.as_str()),
                Write::Rename { from, to } => {
                    names.remove(from.as_str());
                    names.insert(to);
                    true
                }
            };
            if has_changed {
                newest = WriteNumber(number);
            }
        }
        newest
    }

    fn write(&mut self, write: Write) {
        apply(&mut self.page_cache, &write, usize::MAX);
        self.pending.push_back(write);
        self.last_write.0 += 1;
    }

    /// The medium takes every write up to `write`.
    pub fn reach_medium(&mut self, write: WriteNumber) {
        while self.durable() < write {
            let Some(next) = self.pending.pop_front() else {
                return;
            };
            apply(&mut self.medium, &next, usize::MAX);
        }
        let durable = self.durable();
        while self.syncs.pop_front_if(|(after, _)| *after <= durable).is_some() {}
    }

    /// The power goes: the page cache is lost, and what happens to unsynced writes is up to `fate`.
    pub fn crash(&mut self, fate: CrashFate, choices: &mut dyn Choose) {
        match fate {
            CrashFate::Dropped => {}
            CrashFate::Kept => self.reach_medium(self.last_write),
            CrashFate::Torn => {
                let pending = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
                let whole = choices.choose(pending.saturating_add(1));
                self.reach_medium(WriteNumber(self.durable().0 + u64::from(whole)));
                if let Some(torn @ Write::Append { bytes, .. }) = self.pending.front() {
                    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    apply(&mut self.medium, torn, choices.choose(length) as usize);
                }
            }
            CrashFate::Reordered => self.medium = self.reordered(choices),
        }
        let durable = self.durable();
        self.pending.clear();
        self.syncs.clear();
        self.last_write = durable;
        self.asked = self.asked.min(durable);
        self.page_cache.clone_from(&self.medium);
    }

    /// One bit of a file is not what was written, on the medium and to whoever reads: disks grow old. False if there is no such byte.
    pub fn rot(&mut self, file: &str, position: u64) -> bool {
        let mut has_rotted = false;
        for files in [&mut self.page_cache, &mut self.medium] {
            let content = files.get_mut(file);
            let byte = content.zip(usize::try_from(position).ok()).and_then(|(content, place)| content.get_mut(place));
            if let Some(byte) = byte {
                *byte ^= 1;
                has_rotted = true;
            }
        }
        has_rotted
    }

    /// Everything on the disk is lost: a new disk in an old machine.
    pub fn wipe(&mut self) {
        *self = Self::new(self.honesty);
    }
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, write: &Write, bytes_max: usize) {
    match write {
        Write::Append { file, bytes } => {
            let kept = &bytes[..bytes.len().min(bytes_max)];
            match files.get_mut(file) {
                Some(content) => content.extend_from_slice(kept),
                None => {
                    files.insert(file.clone(), kept.to_vec());
                }
            }
        }
        Write::Remove { file } => {
            files.remove(file);
        }
        Write::Truncate { file } => {
            files.insert(file.clone(), Vec::new());
        }
        Write::Rename { from, to } => {
            if let Some(content) = files.remove(from) {
                files.insert(to.clone(), content);
            }
        }
    }
}
