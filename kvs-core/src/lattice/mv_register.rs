use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Merge, ReplicaId, VectorClock};

/// Names one write: the replica that coordinated it, and its number there, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dot {
    /// The replica.
    pub replica: ReplicaId,
    /// The number.
    pub count: u64,
}

/// A register that keeps every value that no other value has replaced.
///
/// A write replaces what its author had read, and nothing else; writes that did not know of each other stay side by side. The
/// context remembers every write seen, so that a replaced or deleted value never comes back. The optimised observed-remove
/// construction of Bieniusa et al. 2012, and the dotted version vectors of Preguiça et al. 2010.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MvRegister<T> {
    versions: BTreeMap<Dot, T>,
    context: VectorClock,
}

impl<T> Default for MvRegister<T> {
    fn default() -> Self {
        Self { versions: BTreeMap::new(), context: VectorClock::default() }
    }
}

impl<T> MvRegister<T> {
    /// Writes a value in place of all that the writer had read.
    pub fn put(&mut self, replica: ReplicaId, value: T, read: &VectorClock) {
        self.delete(read);
        let count = self.context.bump(replica);
        self.versions.insert(Dot { replica, count }, value);
    }

    /// Removes all that the writer had read.
    pub fn delete(&mut self, read: &VectorClock) {
        self.versions.retain(|dot, _| !read.covers(*dot));
        self.context.merge(read);
    }

    /// The values, each with the write that made it.
    pub fn versions(&self) -> impl Iterator<Item = (Dot, &T)> {
        self.versions.iter().map(|(dot, value)| (*dot, value))
    }

    /// Every write it has seen.
    pub fn context(&self) -> &VectorClock {
        &self.context
    }
}

impl<T: Clone + PartialEq> Merge for MvRegister<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let before = self.versions.len();
        let has_replaced = |dot: Dot| other.context.covers(dot) && !other.versions.contains_key(&dot);
        self.versions.retain(|dot, _| !has_replaced(*dot));
        let mut changed = self.versions.len() != before;
        for (dot, value) in other.versions() {
            if !self.context.covers(dot) {
                self.versions.insert(dot, value.clone());
                changed = true;
            }
        }
        self.context.merge(&other.context) || changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::NodeId;
    use alloc::vec::Vec;

    fn values<T: Clone>(register: &MvRegister<T>) -> Vec<T> {
        register.versions().map(|(_, value)| value.clone()).collect()
    }

    #[test]
    fn what_was_replaced_stays_away_in_any_order_of_arrival() {
        let [a, b] = [0, 1].map(|node| ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 });
        let (mut x, mut y) = (MvRegister::default(), MvRegister::default());
        x.put(a, 'x', &VectorClock::default());
        y.put(b, 'y', &VectorClock::default());
        let mut z = x.clone();
        z.put(a, 'z', x.context());
        for order in [[&x, &y, &z], [&x, &z, &y], [&z, &x, &y]] {
            let mut register = MvRegister::default();
            for state in order {
                register.merge(state);
            }
            assert_eq!(values(&register), ['z', 'y']);
        }
    }

    #[test]
    fn a_blind_write_stands_beside_and_an_informed_one_replaces() {
        let a = ReplicaId { node: NodeId(0), incarnation: 0, epoch: 0 };
        let mut register = MvRegister::default();
        register.put(a, 1, &VectorClock::default());
        register.put(a, 2, &VectorClock::default());
        assert_eq!(values(&register), [1, 2]);
        let read = register.context().clone();
        register.put(a, 3, &read);
        assert_eq!(values(&register), [3]);
        let read = register.context().clone();
        register.delete(&read);
        assert!(values(&register).is_empty() && !register.context().is_empty());
    }
}
