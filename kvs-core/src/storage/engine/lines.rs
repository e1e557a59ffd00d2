//! What a flat file looks like.
//!
//! As blocks of JSON lines, each of which is a batch, and is there as a whole or not at all:
//!
//! ```text
//! {"put":{"key":"x","value":"several\nlines","version":1}}
//! {"delete":"y"}
//! {"generation":{"life":0,"deletions":1}}
//! {"commit":5577426943311104137}
//! ```
//!
//! or as lines with commas, as one writes them before one has seen a comma in a value.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::plan::Effect;
use super::{Generation, Version, Versioned};
use crate::op::{Key, Value};

/// What a line of a flat file looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineFormat {
    /// JSON, with a sum at the end of each block.
    #[default]
    Json,
    /// `key,value,version`. A line that does not look like that is passed over.
    Commas,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Put {
        key: Key,
        value: Value,
        version: u64,
        #[serde(default, skip_serializing_if = "is_first")]
        generation: Generation,
    },
    Delete(Key),
    Generation(Generation),
    Note(Arc<str>),
    /// The sum of the block's lines before this one.
    Commit(u64),
}

fn is_first(generation: &Generation) -> bool {
    *generation == Generation::default()
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Block after block.
    pub(super) effects: Vec<Effect>,
    /// Where what is not understood begins, if there is such.
    pub(super) torn_at: Option<u64>,
    /// Whether there are whole blocks behind it.
    pub(super) goes_on: bool,
}

/// A block.
pub(super) fn block(format: LineFormat, effect: &Effect) -> Vec<u8> {
    match format {
        LineFormat::Json => json_block(effect),
        LineFormat::Commas => {
            let lines = effect.entries.iter().map(|(key, entry)| {
                let (value, version) =
                    entry.as_ref().map_or(("", 0), |kept| (kept.value.as_str(), kept.version.number));
                format!("{},{value},{version}\n", key.as_str())
            });
            lines.collect::<String>().into_bytes()
        }
    }
}

fn json_block(effect: &Effect) -> Vec<u8> {
    let entries = effect.entries.iter().map(|(key, entry)| match entry {
        Some(Versioned { value, version: Version { number, generation } }) => {
            Line::Put { key: key.clone(), value: value.clone(), version: *number, generation: *generation }
        }
        None => Line::Delete(key.clone()),
    });
    let generation = core::iter::once(Line::Generation(effect.generation));
    let note = effect.note.iter().map(|note| Line::Note(note.clone()));
    let mut block = Vec::new();
    for line in entries.chain(generation).chain(note) {
        add(&mut block, &line);
    }
    let sum = xxh64(&block, 0);
    add(&mut block, &Line::Commit(sum));
    block
}

fn add(block: &mut Vec<u8>, line: &Line) {
    // Encoding plain data into memory does not fail.
    block.extend(serde_json::to_vec(line).unwrap_or_default());
    block.push(b'\n');
}

/// What a file holds.
pub(super) fn read(format: LineFormat, bytes: &[u8]) -> Content {
    match format {
        LineFormat::Json => read_json(bytes),
        LineFormat::Commas => read_commas(bytes),
    }
}

fn read_json(bytes: &[u8]) -> Content {
    let mut content = Content::default();
    let mut position = 0;
    while position < bytes.len() {
        match take_block(&bytes[position..]) {
            Ok((effect, length)) => {
                content.goes_on |= content.torn_at.is_some();
                if content.torn_at.is_none() {
                    content.effects.push(effect);
                }
                position += length;
            }
            Err(length) => {
                content.torn_at.get_or_insert(position as u64);
                position += length;
            }
        }
    }
    content
}

/// A whole block at the front, and its length; or else behind how many bytes the next may begin.
fn take_block(bytes: &[u8]) -> Result<(Effect, usize), usize> {
    let mut effect = Effect { entries: [].into(), generation: Generation::default(), note: None };
    let mut position = 0;
    loop {
        let rest = &bytes[position..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or(bytes.len())? + 1;
        match serde_json::from_slice(&rest[..length]).map_err(|_| position + length)? {
            Line::Put { key, value, version: number, generation } => {
                effect.entries.insert(key, Some(Versioned { value, version: Version { generation, number } }));
            }
            Line::Delete(key) => {
                effect.entries.insert(key, None);
            }
            Line::Generation(generation) => effect.generation = generation,
            Line::Note(note) => effect.note = Some(note),
            Line::Commit(sum) if sum == xxh64(&bytes[..position], 0) => return Ok((effect, position + length)),
            Line::Commit(_) => return Err(position + length),
        }
        position += length;
    }
}

fn read_commas(bytes: &[u8]) -> Content {
    let mut effect = Effect { entries: [].into(), generation: Generation::default(), note: None };
    for line in String::from_utf8_lossy(bytes).lines() {
        let mut parts = line.splitn(3, ',');
        let (Some(key), Some(value), Some(version)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (Ok(key), Ok(value), Ok(number)) = (Key::new(key), Value::new(value), version.parse()) else { continue };
        let entry = (number > 0).then_some(Versioned { value, version: Version::new(number) });
        effect.entries.insert(key, entry);
    }
    Content { effects: [effect].into(), torn_at: None, goes_on: false }
}
