//! Sorted tables of an embedded database: written once, read in blocks.
//!
//! Blocks of entries in the order of keys, each in a frame; then the index, in a frame: how many records there are, the first key and
//! the place of each block, and a filter that tells of most keys that they are not in there; then where the index begins and how long
//! it is (8 bytes each), and the sum of these (8).

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::embedded::damaged;
use super::filter::Filter;
use super::{Files, KeyRange, StorageFault, Version, Versioned};
use crate::op::{Key, Value};
use crate::storage::frame::{framed, take_body, take_frame};

const FOOTER: u64 = 24;
/// How many bytes are written at once.
const CHUNK: usize = 1 << 18;

/// A key, and what is kept under it; None: nothing, whatever older tables say.
pub(super) type Entry = (Key, Option<Versioned>);

/// The same, as it is in a block.
#[derive(Serialize, Deserialize)]
struct RawEntry<'a> {
    key: &'a str,
    kept: Option<(&'a str, Version)>,
}

impl RawEntry<'_> {
    fn kept(&self) -> Option<Option<Versioned>> {
        let Some((value, version)) = self.kept else { return Some(None) };
        Some(Some(Versioned { value: Value::new(value).ok()?, version }))
    }

    fn entry(&self) -> Option<Entry> {
        Some((Key::new(self.key).ok()?, self.kept()?))
    }
}

/// Where a block is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Block {
    first: Key,
    position: u64,
    length: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    records: u64,
    blocks: Vec<Block>,
    filter: Filter,
}

/// A table that has been written, and what is known of it without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Table {
    file: String,
    index: Index,
}

impl Table {
    /// Reads the index of a table.
    pub(super) fn open(file: &str, files: &dyn Files) -> Result<Self, StorageFault> {
        let bad = |position| damaged(file, position, "this is no table, or its index is broken");
        let length = files.length(file)?.ok_or_else(|| damaged(file, 0, "it is not there"))?;
        let start = length.checked_sub(FOOTER).ok_or_else(|| bad(0))?;
        let footer = files.read_at(file, start, u32::try_from(FOOTER).unwrap_or(0))?.unwrap_or_default();
        let (position, length) = parse_footer(&footer).ok_or_else(|| bad(start))?;
        let index = files.read_at(file, position, length)?.unwrap_or_default();
        let index = take_frame(&mut &index[..]).ok_or_else(|| bad(position))?;
        Ok(Self { file: file.into(), index })
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn records(&self) -> u64 {
        self.index.records
    }

    /// What it says of a key; None: nothing.
    pub(super) fn get(&self, files: &dyn Files, key: &Key) -> Result<Option<Option<Versioned>>, StorageFault> {
        if !self.index.filter.may_hold(key) {
            return Ok(None);
        }
        let after = self.index.blocks.partition_point(|block| block.first <= *key);
        let Some(block) = after.checked_sub(1).and_then(|number| self.index.blocks.get(number)) else {
            return Ok(None);
        };
        self.with_block(files, block, |body| {
            let mut rest = body;
            while !rest.is_empty() {
                let (entry, behind) = postcard::take_from_bytes::<RawEntry<'_>>(rest).ok()?;
                if entry.key >= key.as_str() {
                    return if entry.key == key.as_str() { entry.kept().map(Some) } else { Some(None) };
                }
                rest = behind;
            }
            Some(None)
        })
    }

    /// All entries of a block.
    fn entries(&self, files: &dyn Files, block: &Block) -> Result<VecDeque<Entry>, StorageFault> {
        self.with_block(files, block, |body| {
            let (mut rest, mut entries) = (body, VecDeque::new());
            while !rest.is_empty() {
                let (entry, behind) = postcard::take_from_bytes::<RawEntry<'_>>(rest).ok()?;
                entries.push_back(entry.entry()?);
                rest = behind;
            }
            Some(entries)
        })
    }

    /// Reads a block, checks it, and makes something of it.
    fn with_block<T>(
        &self,
        files: &dyn Files,
        block: &Block,
        make: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, StorageFault> {
        let bytes = files.read_at(&self.file, block.position, block.length)?.unwrap_or_default();
        let made = take_body(&mut &bytes[..]).and_then(make);
        made.ok_or_else(|| damaged(&self.file, block.position, "the sum of a block does not match"))
    }
}

fn parse_footer(footer: &[u8]) -> Option<(u64, u32)> {
    let (body, sum) = footer.split_last_chunk::<8>()?;
    let (position, length) = body.split_first_chunk::<8>()?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let is_whole = u64::from_le_bytes(*sum) == xxh64(body, 0);
    is_whole.then_some((u64::from_le_bytes(*position), u32::try_from(length).ok()?))
}

/// Writes a table: entries come in the order of keys.
pub(super) struct TableWriter {
    file: String,
    block_bytes: usize,
    index: Index,
    /// The block that is being filled, and its first key.
    block: Vec<u8>,
    first: Option<Key>,
    /// What has not been handed to the file yet.
    chunk: Vec<u8>,
    position: u64,
    hashes: Vec<u64>,
    has_file: bool,
}

impl TableWriter {
    pub(super) fn new(file: String, block_bytes: u32) -> Self {
        Self {
            file,
            block_bytes: block_bytes as usize,
            index: Index::default(),
            block: Vec::new(),
            first: None,
            chunk: Vec::new(),
            position: 0,
            hashes: Vec::new(),
            has_file: false,
        }
    }

    pub(super) fn add(
        &mut self,
        files: &mut dyn Files,
        key: &Key,
        kept: Option<&Versioned>,
    ) -> Result<(), StorageFault> {
        let raw =
            RawEntry { key: key.as_str(), kept: kept.map(|versioned| (versioned.value.as_str(), versioned.version)) };
        self.first.get_or_insert_with(|| key.clone());
        // Encoding plain data into memory does not fail.
        self.block.extend(postcard::to_allocvec(&raw).unwrap_or_default());
        self.index.records += 1;
        self.hashes.push(Filter::hash(key));
        if self.block.len() >= self.block_bytes { self.end_block(files) } else { Ok(()) }
    }

    fn end_block(&mut self, files: &mut dyn Files) -> Result<(), StorageFault> {
        let Some(first) = self.first.take() else { return Ok(()) };
        let bytes = framed(&self.block);
        self.block.clear();
        // A block holds one entry more than its size, and entries are small.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.index.blocks.push(Block { first, position: self.position, length });
        self.push(files, &bytes)
    }

    fn push(&mut self, files: &mut dyn Files, bytes: &[u8]) -> Result<(), StorageFault> {
        self.position += bytes.len() as u64;
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK { self.write(files) } else { Ok(()) }
    }

    fn write(&mut self, files: &mut dyn Files) -> Result<(), StorageFault> {
        if !core::mem::replace(&mut self.has_file, true) {
            files.truncate(&self.file)?;
        }
        files.append(&self.file, &self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// The table, on the medium; None if nothing was added.
    pub(super) fn finish(mut self, files: &mut dyn Files) -> Result<Option<Table>, StorageFault> {
        self.end_block(files)?;
        if self.index.records == 0 {
            return Ok(None);
        }
        self.index.filter = Filter::new(&self.hashes);
        // Encoding plain data into memory does not fail.
        let index = framed(&postcard::to_allocvec(&self.index).unwrap_or_default());
        let mut footer = self.position.to_le_bytes().to_vec();
        footer.extend_from_slice(&(index.len() as u64).to_le_bytes());
        let sum = xxh64(&footer, 0);
        footer.extend_from_slice(&sum.to_le_bytes());
        self.push(files, &index)?;
        self.push(files, &footer)?;
        self.write(files)?;
        files.sync(&self.file)?;
        files.sync_directory()?;
        Ok(Some(Table { file: self.file, index: self.index }))
    }
}

/// Goes through the entries of a table, or of the memory.
pub(super) struct Cursor {
    entries: VecDeque<Entry>,
    /// The table, and its next block.
    rest: Option<(Arc<Table>, usize)>,
    from: Bound<Key>,
}

impl Cursor {
    pub(super) fn over_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { entries: entries.into_iter().collect(), rest: None, from: Bound::Unbounded }
    }

    /// From where the range begins; where it ends is for the caller to see.
    pub(super) fn over_table(table: Arc<Table>, range: &KeyRange) -> Self {
        let block = match &range.from {
            Bound::Unbounded => 0,
            Bound::Included(from) | Bound::Excluded(from) => {
                table.index.blocks.partition_point(|block| block.first <= *from).saturating_sub(1)
            }
        };
        Self { entries: VecDeque::new(), rest: Some((table, block)), from: range.from.clone() }
    }

    fn peek(&mut self, files: &dyn Files) -> Result<Option<&Key>, StorageFault> {
        while self.entries.is_empty() {
            let Some((table, number)) = &mut self.rest else { break };
            let Some(block) = table.index.blocks.get(*number) else { break };
            self.entries = table.entries(files, block)?;
            *number += 1;
            let range = KeyRange { from: self.from.clone(), to: Bound::Unbounded };
            while self.entries.pop_front_if(|(key, _)| !range.contains(key)).is_some() {}
        }
        Ok(self.entries.front().map(|(key, _)| key))
    }
}

/// Goes through the entries of several tables in the order of keys; of several entries with one key, only the newest is seen.
pub(super) struct Merge {
    /// Oldest first.
    cursors: Vec<Cursor>,
}

impl Merge {
    pub(super) fn new(cursors: Vec<Cursor>) -> Self {
        Self { cursors }
    }

    pub(super) fn next(&mut self, files: &dyn Files) -> Result<Option<Entry>, StorageFault> {
        let mut least: Option<Key> = None;
        for cursor in &mut self.cursors {
            if let Some(key) = cursor.peek(files)?
                && least.as_ref().is_none_or(|least| key < least)
            {
                least = Some(key.clone());
            }
        }
        let Some(least) = least else { return Ok(None) };
        let mut newest = None;
        for cursor in &mut self.cursors {
            if let Some(entry) = cursor.entries.pop_front_if(|(key, _)| *key == least) {
                newest = Some(entry);
            }
        }
        Ok(newest)
    }
}
