use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::Merge;

/// A pair in which the greater clock wins; where neither is greater, clocks and values are joined. **Not a lattice.**
///
/// It is not associative, even when every write bumps its own entry: with x written at a, y at b without having seen x, and z
/// at a over x, the order x, y, z ends in {x, y, z} and the order x, z, y in {y, z}, under the same clock. Kept as an exhibit;
/// [`MvRegister`](super::MvRegister) is what it wants to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomPair<K, V> {
    /// The clock.
    pub clock: K,
    /// The value.
    pub value: V,
}

impl<K: Merge + PartialOrd + Clone, V: Merge + Clone> Merge for DomPair<K, V> {
    fn merge(&mut self, other: &Self) -> bool {
        match self.clock.partial_cmp(&other.clock) {
            Some(Ordering::Greater) => false,
            Some(Ordering::Less) => {
                self.clone_from(other);
                true
            }
            Some(Ordering::Equal) | None => {
                let clock_changed = self.clock.merge(&other.clock);
                self.value.merge(&other.value) || clock_changed
            }
        }
    }
}
