//! The coin that all replicas toss alike.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

/// Whose coin a replica tosses when nobody has voted for anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coin {
    /// All of them toss the same one: it shows the same everywhere.
    #[default]
    Common,
    /// Its own.
    Private,
}

/// What the common coin shows for a phase of a slot: one bit of a hash, for which nobody needs to ask anybody.
///
/// `epoch` numbers the sets of replicas; there is one as long as nobody joins or leaves.
pub fn common_coin(shared_seed: u32, epoch: u32, slot: u64, phase: u32) -> bool {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&shared_seed.to_le_bytes());
    bytes[4..8].copy_from_slice(&epoch.to_le_bytes());
    bytes[8..16].copy_from_slice(&slot.to_le_bytes());
    bytes[16..].copy_from_slice(&phase.to_le_bytes());
    xxh64(&bytes, 0) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coin_is_fair_and_each_of_its_tosses_is_a_new_one() {
        let tosses =
            |seed| (0..100).flat_map(move |slot| (1..=100).map(move |phase| common_coin(seed, 1, slot, phase)));
        let ones = tosses(7).filter(|shows_one| *shows_one).count();
        assert!((4_800..=5_200).contains(&ones), "{ones} of 10000");
        let alike = tosses(7).zip(tosses(8)).filter(|(one, other)| one == other).count();
        assert!((4_800..=5_200).contains(&alike), "{alike} of 10000");
    }
}
