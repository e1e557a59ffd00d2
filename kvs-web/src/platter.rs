//! What is on a node's disk, as a reader looks at it: what the platter has, what only the page cache has, and what waits between them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kvs_core::disk::{Disk, Honesty, Write};
use kvs_core::storage::{RECORD_HEAD, records};

/// The most rows of a part that are shown: the newest.
const ROWS_MAX: usize = 8;
/// The most bytes of a record that are shown, and how many stand in a line.
const BYTES_MAX: usize = 40;
const BYTES_A_LINE: usize = 8;
/// The most writes that are listed.
const WAITING_MAX: usize = 6;

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platter {
    /// Its files, by name.
    pub files: Vec<File>,
    /// What has been written and has not reached the platter, oldest first.
    pub waiting: Vec<String>,
    /// How many more such writes there are.
    pub more_waiting: usize,
    /// Whether it says that something is synced before it is.
    pub lies: bool,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What is to be said of its name, if the cache and the platter do not agree about it.
    pub name_state: Option<&'static str>,
    /// How many bytes whoever reads it now gets.
    pub bytes: usize,
    /// Its content.
    pub parts: Vec<Part>,
}

/// A stretch of a file that is in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it is.
    pub place: Place,
    /// Its newest rows.
    pub rows: Vec<Row>,
    /// How many rows come before them.
    pub earlier: usize,
}

/// Where a stretch of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the platter, and in the cache as well.
    Synced,
    /// In the cache only.
    Unsynced,
    /// On the platter; the cache has something else, or nothing.
    Old,
}

impl Place {
    /// A sign for it, and what it means.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Synced => ("●", "on the platter"),
            Self::Unsynced => ("◌", "only in the cache: a power cut now may lose it"),
            Self::Old => ("↺", "still on the platter: a power cut now may bring it back"),
        }
    }
}

/// A line of text, or a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is, if it is not simply text.
    pub head: String,
    /// Its text, or its bytes.
    pub lines: Vec<String>,
}

impl Platter {
    /// What a reader sees of a disk.
    pub fn of(disk: &Disk) -> Self {
        let names: BTreeSet<&str> = disk.files().chain(disk.files_on_medium()).collect();
        let waiting = disk.pending().take(WAITING_MAX).map(words_of);
        Self {
            files: names.into_iter().map(|name| file(disk, name)).collect(),
            waiting: waiting.collect(),
            more_waiting: disk.pending().len().saturating_sub(WAITING_MAX),
            lies: disk.honesty() == Honesty::Lying,
        }
    }

    /// Whether nothing was ever written on it that is still there, or waits.
    pub fn is_blank(&self) -> bool {
        self.files.is_empty() && self.waiting.is_empty()
    }
}

/// Whether anything was ever written on a disk.
pub fn is_used(disk: &Disk) -> bool {
    disk.last_write().0 > 0 || disk.files_on_medium().next().is_some()
}

/// What has not reached the platter, in a few words: `41 B unsynced`. None if everything has.
pub fn unsynced(disk: &Disk) -> Option<String> {
    match (disk.pending().len(), disk.pending_bytes()) {
        (0, _) => None,
        (1, 0) => Some("1 change unsynced".into()),
        (changes, 0) => Some(format!("{changes} changes unsynced")),
        (_, bytes) => Some(format!("{} unsynced", size(bytes))),
    }
}

/// So many bytes, in a few characters.
pub fn size(bytes: usize) -> String {
    if bytes < 1_000 { format!("{bytes} B") } else { format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100) }
}

fn words_of(write: &Write) -> String {
    match write {
        Write::Append { file, bytes } => format!("add {} to {file}", size(bytes.len())),
        Write::Truncate { file } => format!("empty {file}"),
        Write::Remove { file } => format!("remove {file}"),
        Write::Rename { from, to } => format!("give {from} the name {to}"),
    }
}

fn file(disk: &Disk, name: &str) -> File {
    let (cache, platter) = (disk.read(name), disk.read_medium(name));
    let part = |place: Place, bytes: &[u8]| part(place, bytes, is_text(cache.or(platter).unwrap_or_default()));
    let (parts, name_state) = match (cache, platter) {
        (Some(cache), Some(platter)) if cache.starts_with(platter) => {
            let added = &cache[platter.len()..];
            let synced = (!platter.is_empty() || added.is_empty()).then(|| part(Place::Synced, platter));
            let unsynced = (!added.is_empty()).then(|| part(Place::Unsynced, added));
            (synced.into_iter().chain(unsynced).collect(), None)
        }
        (Some(cache), Some(platter)) => (vec![part(Place::Unsynced, cache), part(Place::Old, platter)], None),
        (Some(cache), None) => (vec![part(Place::Unsynced, cache)], Some("the platter does not know this name yet")),
        (None, platter) => {
            let old = part(Place::Old, platter.unwrap_or_default());
            (vec![old], Some("removed or renamed; the platter still has this name"))
        }
    };
    File { name: name.into(), name_state, bytes: cache.map_or(0, <[u8]>::len), parts }
}

fn part(place: Place, bytes: &[u8], is_text: bool) -> Part {
    let mut rows = if is_text { text_rows(bytes) } else { record_rows(bytes) };
    let earlier = rows.len().saturating_sub(ROWS_MAX);
    rows.drain(..earlier);
    Part { place, rows, earlier }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(|each: char| each.is_control() && each != '\n'))
}

fn text_rows(bytes: &[u8]) -> Vec<Row> {
    if bytes.is_empty() {
        return vec![Row { head: "empty".into(), lines: Vec::new() }];
    }
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(|line| Row { head: String::new(), lines: vec![line.to_owned()] }).collect()
}

/// Records where there are some, and what is behind the last of them.
fn record_rows(bytes: &[u8]) -> Vec<Row> {
    let (whole, rest) = records(bytes);
    let mut rows: Vec<Row> = whole
        .into_iter()
        .map(|record| {
            let head = format!("a record of {}, with a sum", size(RECORD_HEAD + record.len()));
            Row { head, lines: dump(record) }
        })
        .collect();
    if !rest.is_empty() {
        rows.push(Row { head: format!("{} that are no whole record", size(rest.len())), lines: dump(rest) });
    }
    rows
}

/// Bytes as numbers and as the characters that they may be.
fn dump(bytes: &[u8]) -> Vec<String> {
    let shown = &bytes[..bytes.len().min(BYTES_MAX)];
    let lines = shown.chunks(BYTES_A_LINE).map(|chunk| {
        let mut line = String::new();
        for byte in chunk {
            // Writing to a string does not fail.
            let _infallible = write!(line, "{byte:02x} ");
        }
        let gap = "   ".repeat(BYTES_A_LINE - chunk.len());
        let text = chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '·' });
        format!("{line}{gap} {}", text.collect::<String>())
    });
    let more = bytes.len().saturating_sub(BYTES_MAX);
    lines.chain((more > 0).then(|| format!("… and {} more", size(more)))).collect()
}
