use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// The configurations that a search has come to: which operations were taken, and what the store kept then.
///
/// Kept as fingerprints of 128 bits: among 2³⁰ configurations two have the same one with a chance of 2⁻⁶⁹.
#[derive(Clone, Default)]
pub(crate) struct Memo(HashTable<u128>);

impl Memo {
    /// Adds a configuration. False if it was there.
    pub(crate) fn insert(&mut self, configuration: u128) -> bool {
        match self.0.entry(bucket(configuration), |known| *known == configuration, |known| bucket(*known)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(configuration);
                true
            }
        }
    }

    fn remove(&mut self, configuration: u128) {
        if let Ok(found) = self.0.find_entry(bucket(configuration), |known| *known == configuration) {
            found.remove();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A memory of which what came last can be forgotten.
#[derive(Clone, Default)]
pub(super) struct ShortMemo {
    memo: Memo,
    /// What may have to be forgotten, oldest first.
    recent: Vec<u128>,
    /// When it was found: from which place on, and how long the history was then.
    found: Vec<(usize, u32)>,
}

impl ShortMemo {
    /// Adds a configuration that was found in a history of so many events. False if it was there.
    pub(super) fn insert(&mut self, configuration: u128, events: u32) -> bool {
        if !self.memo.insert(configuration) {
            return false;
        }
        if self.found.last().is_none_or(|(_, last)| *last != events) {
            self.found.push((self.recent.len(), events));
        }
        self.recent.push(configuration);
        true
    }

    /// Forgets what was found since this event.
    pub(super) fn forget(&mut self, event: u32) {
        while let Some((from, _)) = self.found.pop_if(|(_, events)| *events > event) {
            for configuration in self.recent.drain(from..) {
                self.memo.remove(configuration);
            }
        }
    }

    /// What was found so far need never be forgotten.
    pub(super) fn keep(&mut self) {
        self.recent.clear();
        self.found.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.memo.len()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of a fingerprint is a good hash of it")]
fn bucket(configuration: u128) -> u64 {
    configuration as u64
}

/// A number that stands for an operation in the fingerprint of a set of operations, which is the sum (exclusive or) of its members'.
pub(crate) fn member(operation: u32) -> u128 {
    fingerprint(&operation) | 1
}

/// The fingerprint of a value: two lanes, each of which is one-to-one on a word.
pub(crate) fn fingerprint(value: &impl Hash) -> u128 {
    let mut lanes = Lanes(0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344);
    value.hash(&mut lanes);
    // Once more, so that the last word reaches every bit.
    lanes.write_u64(0x9e37_79b9_7f4a_7c15);
    lanes.write_u64(0);
    u128::from(lanes.0) << 64 | u128::from(lanes.1)
}

struct Lanes(u64, u64);

impl Hasher for Lanes {
    fn finish(&self) -> u64 {
        self.0 ^ self.1
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.0 ^= self.0 >> 32;
        self.1 = (self.1.rotate_left(25) ^ word).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        self.1 ^= self.1 >> 29;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
