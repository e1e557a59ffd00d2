use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Merge, VectorClock};

/// A value under a vector clock; of two concurrent values the one under the lexicographically greater clock stays, **under the join of both
/// clocks. Not a lattice**: the clock then claims what the value does not know.
///
/// With p under {a: 1}, q under {b: 5} and r under {a: 1, b: 3, c: 1}, the order p, q, r ends with p, and p, r, q with r, although r has
/// overwritten p; both under {a: 1, b: 5, c: 1}, so that nobody notices. Kept as an exhibit; [`CausalWrapper`](super::CausalWrapper) keeps
/// the winner's own version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedClock<T> {
    /// The clock.
    pub clock: VectorClock,
    /// The value.
    pub value: T,
}

impl<T: Clone> Merge for JoinedClock<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let wins = match self.clock.partial_cmp(&other.clock) {
            // It seems to be known already; where clocks lie, that is not so.
            Some(Ordering::Greater | Ordering::Equal) => return false,
            Some(Ordering::Less) => true,
            None => self.clock.lexicographic_cmp(&other.clock) == Ordering::Less,
        };
        if wins {
            self.value = other.value.clone();
        }
        self.clock.merge(&other.clock) || wins
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReplicaId;
    use super::*;
    use crate::process::NodeId;

    fn under(counts: &[u64], value: &'static str) -> JoinedClock<&'static str> {
        let mut clock = VectorClock::default();
        for (node, count) in (0..).zip(counts) {
            clock.raise(ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 }, *count);
        }
        JoinedClock { clock, value }
    }

    #[test]
    fn the_order_of_arrival_decides_and_the_clock_hides_it() {
        let [p, q, r] = [under(&[1], "p"), under(&[0, 5], "q"), under(&[1, 3, 1], "r")];
        let merged = |values: [&JoinedClock<&'static str>; 3]| {
            let mut state = values[0].clone();
            values[1..].iter().for_each(|value| {
                state.merge(value);
            });
            state
        };
        let (one, other) = (merged([&p, &q, &r]), merged([&p, &r, &q]));
        assert_eq!((one.value, other.value), ("p", "r"));
        assert_eq!(one.clock, other.clock);
    }
}
