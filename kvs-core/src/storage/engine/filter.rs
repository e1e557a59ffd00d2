//! A Bloom filter: most keys that are not in a table are known not to be.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use crate::op::Key;

const BITS_A_KEY: u64 = 10;
/// As many as let fewest strangers pass where there are ten bits a key.
const PROBES: u64 = 7;

/// The filter of a table. Without any bits it lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// What it remembers of a key.
    pub(super) fn hash(key: &Key) -> u64 {
        xxh64(key.as_str().as_bytes(), 0)
    }

    pub(super) fn new(hashes: &[u64]) -> Self {
        let words = (hashes.len() as u64 * BITS_A_KEY).div_ceil(64);
        let mut filter = Self { words: (0..words).map(|_| 0).collect() };
        for hash in hashes {
            for (word, bit) in places(*hash, words) {
                if let Some(word) = filter.words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        filter
    }

    pub(super) fn may_hold(&self, key: &Key) -> bool {
        let words = self.words.len() as u64;
        places(Self::hash(key), words).all(|(word, bit)| self.words.get(word).is_none_or(|word| word & bit != 0))
    }
}

/// The bits of a key: each hash is made of the two halves of one (Kirsch and Mitzenmacher, 2006).
fn places(hash: u64, words: u64) -> impl Iterator<Item = (usize, u64)> {
    let (first, second) = (hash & 0xffff_ffff, hash >> 32 | 1);
    (0..PROBES).map(move |probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(second)) % (words * 64).max(1);
        (usize::try_from(bit / 64).unwrap_or(usize::MAX), 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn no_key_is_turned_away_and_few_strangers_pass() {
        let key = |number: u32| Key::new(&format!("key-{number}")).expect("short");
        let hashes: Vec<u64> = (0..2_000).map(|number| Filter::hash(&key(number))).collect();
        let filter = Filter::new(&hashes);
        assert!((0..2_000).all(|number| filter.may_hold(&key(number))));
        let strangers = (2_000..12_000).filter(|number| filter.may_hold(&key(*number))).count();
        assert!(strangers < 300, "{strangers} of 10000 pass");
        assert!(Filter::default().may_hold(&key(0)));
    }
}
