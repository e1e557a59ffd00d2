//! A simulated disk: files whose writes reach the page cache at once and the medium later.
//!
//! Writes are numbered. The medium always holds the effect of writes `1..=durable`; a crash forgets the rest, or what its
//! [`CrashFate`] says. Reads see the page cache.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, VecDeque};
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Write {
    Append { file: String, bytes: Vec<u8> },
    Remove { file: String },
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

    /// Adds bytes at the end of a file, which is made if there is none.
    pub fn append(&mut self, file: &str, bytes: &[u8]) {
        self.write(Write::Append { file: file.to_owned(), bytes: bytes.to_vec() });
    }

    /// Removes a file.
    pub fn remove(&mut self, file: &str) {
        self.write(Write::Remove { file: file.to_owned() });
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
        }
        let durable = self.durable();
        self.pending.clear();
        self.last_write = durable;
        self.page_cache.clone_from(&self.medium);
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u32);
    impl Choose for Always {
        fn choose(&mut self, bound: u32) -> u32 {
            self.0.min(bound.saturating_sub(1))
        }
    }

    #[test]
    fn a_crash_forgets_what_was_not_synced_and_nothing_else() {
        let mut disk = Disk::new(Honesty::Honest);
        disk.append("log", b"one");
        disk.reach_medium(disk.last_write());
        disk.append("log", b"two");
        assert_eq!(disk.read("log"), Some(&b"onetwo"[..]));
        disk.crash(CrashFate::Dropped, &mut Always(0));
        assert_eq!(disk.read("log"), Some(&b"one"[..]));
        assert_eq!(disk.durable(), disk.last_write());
    }

    #[test]
    fn a_torn_write_keeps_a_prefix_of_the_writes_and_of_the_bytes() {
        let mut disk = Disk::new(Honesty::Honest);
        disk.append("log", b"one");
        disk.append("log", b"two");
        disk.append("log", b"three");
        disk.crash(CrashFate::Torn, &mut Always(1));
        assert_eq!(disk.read("log"), Some(&b"onet"[..]));
    }

    #[test]
    fn a_lying_disk_admits_what_it_has_not_written() {
        let mut disk = Disk::new(Honesty::Lying);
        disk.append("log", b"one");
        assert!(disk.admits(disk.last_write()));
        disk.crash(CrashFate::Dropped, &mut Always(0));
        assert_eq!(disk.read("log"), None);
    }
}
