use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Merge, ReplicaId};
use crate::time::Time;

/// The last write wins: the one with the latest timestamp; of two with one timestamp, the one of the greater replica.
///
/// A lattice, as long as a replica never gives one timestamp to two values; where it does, the greater value wins.
/// A replica whose clock is slow loses writes that it has acknowledged: see Demers et al. 1987, section 1.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lww<T> {
    /// When it was written, on the clock of the replica that wrote it.
    pub time: Time,
    /// The replica that wrote it.
    pub replica: ReplicaId,
    /// What was written.
    pub value: T,
}

impl<T> Lww<T> {
    /// What decides which of two wins.
    pub fn rank(&self) -> (Time, ReplicaId) {
        (self.time, self.replica)
    }
}

impl<T: Ord + Clone> Merge for Lww<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let order = self.rank().cmp(&other.rank()).then_with(|| self.value.cmp(&other.value));
        if order == Ordering::Less {
            self.clone_from(other);
        }
        order == Ordering::Less
    }
}

/// Whatever arrives overwrites what is there. **Not a lattice**: the order of arrival decides, so replicas stay apart.
///
/// Right on a single copy, where there is but one order. Kept as an exhibit among the replicated values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LwwWrapper<T>(pub T);

impl<T: Clone + PartialEq> Merge for LwwWrapper<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let changes = self != other;
        if changes {
            self.clone_from(other);
        }
        changes
    }
}
