//! What a crash leaves when writes reach the medium in any order that syncs allow.
//!
//! A file is a content, and names lead to contents: the two are written apart from each other. Of the content, what was appended goes
//! where it belongs, so that a hole is left where an earlier write is lost and a later one is not.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Disk, Honesty, Sync, Write};
use crate::choice::Choose;

/// Which content, in the order in which contents came to be.
type Content = usize;

/// One thing that reaches the medium, or does not.
enum Part<'a> {
    /// Bytes of a content, from a position on.
    Bytes { content: Content, position: usize, bytes: &'a [u8] },
    /// A content becomes empty.
    Emptied { content: Content },
    /// A name leads to a content from now on, and the name that it had does not.
    Named { name: &'a str, content: Content, before: Option<&'a str> },
    /// A name leads nowhere.
    Unnamed { name: &'a str },
}

impl Part<'_> {
    fn is_covered_by(&self, sync: Synced) -> bool {
        match self {
            Self::Bytes { content, .. } | Self::Emptied { content } => sync == Synced::Content(*content),
            Self::Named { .. } | Self::Unnamed { .. } => sync == Synced::Names,
        }
    }
}

/// What a sync was about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Synced {
    Content(Content),
    Names,
}

/// What has happened since the medium was last known to be complete: parts of writes, and syncs among them.
struct Story<'a> {
    parts: Vec<Part<'a>>,
    /// Each with the number of parts before it.
    syncs: Vec<(usize, Synced)>,
}

impl Disk {
    /// What the files are after a crash.
    pub(super) fn reordered(&self, choices: &mut dyn Choose) -> BTreeMap<String, Vec<u8>> {
        let mut contents: Vec<Vec<u8>> = self.medium.values().cloned().collect();
        let mut names: BTreeMap<&str, Content> =
            self.medium.keys().enumerate().map(|(content, name)| (name.as_str(), content)).collect();
        let story = self.story();

        // The crash comes while one of the syncs is waited for, or after all of them. A disk that lies lets nobody wait.
        let waits = if self.honesty == Honesty::Lying { 0 } else { story.syncs.len() };
        let ended = choices.choose(u32::try_from(waits).unwrap_or(u32::MAX).saturating_add(1)) as usize;
        let written = if ended < waits { story.syncs[ended].0 } else { story.parts.len() };
        let syncs = &story.syncs[..ended.min(waits)];

        for (place, part) in story.parts[..written].iter().enumerate() {
            let is_synced = syncs.iter().any(|(before, sync)| place < *before && part.is_covered_by(*sync));
            match part {
                Part::Bytes { content, position, bytes } => {
                    let kept = if is_synced { bytes.len() } else { survivor(bytes.len(), choices) };
                    if *content >= contents.len() {
                        contents.resize(content + 1, Vec::new());
                    }
                    put(&mut contents[*content], *position, &bytes[..kept]);
                }
                _ if !is_synced && choices.choose(2) == 0 => {}
                Part::Emptied { content } => {
                    if let Some(content) = contents.get_mut(*content) {
                        content.clear();
                    }
                }
                Part::Named { name, content, before } => {
                    if let Some(before) = before.filter(|before| names.get(before) == Some(content)) {
                        names.remove(before);
                    }
                    names.insert(name, *content);
                }
                Part::Unnamed { name } => {
                    names.remove(name);
                }
            }
        }
        let content = |content: Content| contents.get(content).cloned().unwrap_or_default();
        names.into_iter().map(|(name, number)| (name.to_owned(), content(number))).collect()
    }

    /// The pending writes in parts, as they would all happen.
    fn story(&self) -> Story<'_> {
        let mut story = Story { parts: Vec::new(), syncs: Vec::new() };
        let mut names = BTreeMap::new();
        let mut lengths = Vec::new();
        for (name, bytes) in &self.medium {
            names.insert(name.as_str(), lengths.len());
            lengths.push(bytes.len());
        }
        let mut syncs = self.syncs.iter().peekable();
        for (number, write) in (self.durable().0 + 1..).zip(&self.pending) {
            if let Write::Append { file, .. } | Write::Truncate { file } = write
                && !names.contains_key(file.as_str())
            {
                names.insert(file, lengths.len());
                story.parts.push(Part::Named { name: file, content: lengths.len(), before: None });
                lengths.push(0);
            }
            match write {
                Write::Append { file, bytes } => {
                    if let Some(&content) = names.get(file.as_str()) {
                        story.parts.push(Part::Bytes { content, position: lengths[content], bytes });
                        lengths[content] += bytes.len();
                    }
                }
                Write::Truncate { file } => {
                    if let Some(&content) = names.get(file.as_str()) {
                        story.parts.push(Part::Emptied { content });
                        lengths[content] = 0;
                    }
                }
                Write::Rename { from, to } => {
                    if let Some(content) = names.remove(from.as_str()) {
                        names.insert(to, content);
                        story.parts.push(Part::Named { name: to, content, before: Some(from) });
                    }
                }
                Write::Remove { file } => {
                    if names.remove(file.as_str()).is_some() {
                        story.parts.push(Part::Unnamed { name: file });
                    }
                }
            }
            while let Some((_, sync)) = syncs.next_if(|(after, _)| after.0 <= number) {
                let synced = match sync {
                    Sync::File(file) => names.get(file.as_str()).copied().map(Synced::Content),
                    Sync::Directory => Some(Synced::Names),
                };
                story.syncs.extend(synced.map(|synced| (story.parts.len(), synced)));
            }
        }
        story
    }
}

/// How many of some bytes survive: none, half of them, or all.
fn survivor(length: usize, choices: &mut dyn Choose) -> usize {
    match choices.choose(3) {
        0 => 0,
        1 => length / 2,
        _ => length,
    }
}

/// Puts bytes where they belong. What lies before them and was never written is zero.
fn put(content: &mut Vec<u8>, position: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = position + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[position..end].copy_from_slice(bytes);
}
