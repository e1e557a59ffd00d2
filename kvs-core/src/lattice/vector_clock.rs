use alloc::collections::{BTreeMap, BTreeSet};
use core::cmp::Ordering;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Dot, Merge};
use crate::process::NodeId;

/// Names a replica as an author of writes.
///
/// A replica that loses its memory must come back under another name, or it gives a new write the name of an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReplicaId {
    /// The replica's node.
    pub node: NodeId,
    /// Which of its lives: how often it had crashed before.
    pub incarnation: u32,
    /// The epoch of the view in which it writes; 0 where there are none. Keys that it handed over and got back it counts anew.
    pub epoch: u32,
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        if self.incarnation > 0 { write!(f, " in its life {}", self.incarnation + 1) } else { Ok(()) }
    }
}

/// How many writes of each replica something has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VectorClock(BTreeMap<ReplicaId, u64>);

impl VectorClock {
    /// How many writes of this replica it has seen.
    pub fn get(&self, replica: ReplicaId) -> u64 {
        self.0.get(&replica).copied().unwrap_or(0)
    }

    /// Counts one more write of a replica, and returns its number.
    pub fn bump(&mut self, replica: ReplicaId) -> u64 {
        let count = self.0.entry(replica).or_insert(0);
        *count += 1;
        *count
    }

    /// Counts the writes of a replica up to a number. False if it has seen as many.
    pub(super) fn raise(&mut self, replica: ReplicaId, count: u64) -> bool {
        let is_new = count > self.get(replica);
        if is_new {
            self.0.insert(replica, count);
        }
        is_new
    }

    /// Whether it has seen a write.
    pub fn covers(&self, dot: Dot) -> bool {
        dot.count <= self.get(dot.replica)
    }

    /// Whether it has seen nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its entries, in the order of replicas.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaId, u64)> {
        self.0.iter().map(|(replica, count)| (*replica, *count))
    }

    /// Whether the other has seen all that this one has, and more.
    pub fn happened_before(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Less)
    }

    /// Whether each has seen something that the other has not.
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.partial_cmp(other).is_none()
    }

    /// Which of two is greater at the first replica of which they have seen different numbers.
    pub(super) fn lexicographic_cmp(&self, other: &Self) -> Ordering {
        let replicas = self.0.keys().chain(other.0.keys()).collect::<BTreeSet<_>>();
        let counts = replicas.into_iter().map(|replica| self.get(*replica).cmp(&other.get(*replica)));
        counts.fold(Ordering::Equal, Ordering::then)
    }

    /// The part of it that is about these replicas.
    pub fn only(&self, is_meant: impl Fn(ReplicaId) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(replica, _)| is_meant(**replica))
                .map(|(replica, count)| (*replica, *count))
                .collect(),
        )
    }

    /// Whether it has seen all that the other has.
    pub fn has_seen(&self, other: &Self) -> bool {
        other.iter().all(|(replica, count)| count <= self.get(replica))
    }
}

impl Merge for VectorClock {
    fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (replica, count) in other.iter() {
            changed |= self.raise(replica, count);
        }
        changed
    }
}

impl PartialOrd for VectorClock {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.has_seen(other), other.has_seen(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_before_from_beside() {
        let [r1, r2] = [0, 1].map(|node| ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 });
        let mut a = VectorClock::default();
        assert_eq!(a.bump(r1), 1);
        let mut b = a.clone();
        b.bump(r2);
        assert!(a.happened_before(&b) && !b.happened_before(&a));
        a.bump(r1);
        assert!(a.is_concurrent(&b));
        assert!(a.merge(&b) && b.happened_before(&a) && !a.merge(&b));
    }
}
