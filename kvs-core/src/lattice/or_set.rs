use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Dot, Merge, ReplicaId, VectorClock};

/// A set in which an addition wins over a removal that did not know of it.
///
/// Each addition has a name; a removal takes away the names it has seen. The context remembers every name, so that what was removed
/// never comes back and no tombstones are kept: the optimised observed-remove set of Bieniusa et al. 2012.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRemoveSet<T: Ord> {
    elements: BTreeMap<T, BTreeSet<Dot>>,
    context: VectorClock,
}

impl<T: Ord> Default for ObservedRemoveSet<T> {
    fn default() -> Self {
        Self { elements: BTreeMap::new(), context: VectorClock::default() }
    }
}

impl<T: Ord> ObservedRemoveSet<T> {
    /// A replica adds an element.
    pub fn insert(&mut self, replica: ReplicaId, element: T) {
        let dot = Dot { replica, count: self.context.bump(replica) };
        // The new name stands for those it has seen.
        self.elements.insert(element, BTreeSet::from([dot]));
    }

    /// A replica removes an element, as far as it knows it. False if it is not there.
    pub fn remove(&mut self, element: &T) -> bool {
        self.elements.remove(element).is_some()
    }

    /// Whether it is there.
    pub fn contains(&self, element: &T) -> bool {
        self.elements.contains_key(element)
    }

    /// What is there, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements.keys()
    }
}

impl<T: Ord + Clone> Merge for ObservedRemoveSet<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        self.elements.retain(|element, dots| {
            let theirs = other.elements.get(element);
            let before = dots.len();
            dots.retain(|dot| theirs.is_some_and(|theirs| theirs.contains(dot)) || !other.context.covers(*dot));
            changed |= dots.len() != before;
            !dots.is_empty()
        });
        for (element, dots) in &other.elements {
            let new: BTreeSet<Dot> = dots.iter().copied().filter(|dot| !self.context.covers(*dot)).collect();
            if !new.is_empty() {
                changed = true;
                self.elements.entry(element.clone()).or_default().extend(new);
            }
        }
        self.context.merge(&other.context) || changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::NodeId;

    #[test]
    fn an_addition_wins_over_a_removal_that_did_not_know_of_it() {
        let [a, b] = [0, 1].map(|node| ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 });
        let mut here = ObservedRemoveSet::default();
        here.insert(a, 'x');
        let mut there = here.clone();
        assert!(there.remove(&'x') && !there.remove(&'x'));
        here.insert(b, 'x');
        assert!(there.merge(&here) && there.contains(&'x'));
        let mut informed = there.clone();
        informed.remove(&'x');
        assert!(there.merge(&informed) && !there.contains(&'x'));
        assert!(!there.merge(&here) && there.iter().next().is_none());
    }
}
