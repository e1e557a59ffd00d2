//! Causal convergence: CO together with the conflict order CF has no cycle. One write stands before another of the same key in CF if
//! a read that saw the second had the first among its causes.

use alloc::vec::Vec;

use super::{BadPattern, CausalHistory, Did, OperationNumber, Pattern};

/// The conflict order as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Conflicts {
    /// (the first write, the second, the read that says so)
    edges: Vec<(OperationNumber, OperationNumber, OperationNumber)>,
    found: Option<BadPattern>,
}

impl Conflicts {
    pub(super) fn found(&self) -> Option<&BadPattern> {
        self.found.as_ref()
    }
}

impl CausalHistory {
    pub(super) fn look_at_conflicts(&mut self, read: OperationNumber) {
        // Values that are shown together were not put in an order.
        let [second] = self.node(read).saw[..] else { return };
        if !matches!(&self.node(read).did, Did::Read(values) if values.len() == 1) || self.convergence.found.is_some() {
            return;
        }
        let firsts = self.writes_of(self.node(read).key).iter().copied();
        let firsts: Vec<_> = firsts
            .filter(|first| *first != second && self.is_cause(*first, read) && !self.is_cause(*first, second))
            .collect();
        for first in firsts {
            self.convergence.edges.push((first, second, read));
            if let Some(way) = self.way(second, first) {
                let mut operations = alloc::vec![first, second];
                for operation in way.into_iter().chain([read]) {
                    if !operations.contains(&operation) {
                        operations.push(operation);
                    }
                }
                self.convergence.found = Some(BadPattern { pattern: Pattern::CyclicCf, operations });
                return;
            }
        }
    }

    /// A way from one write to another along CO and CF: the writes and reads on it, the first excluded.
    fn way(&self, from: OperationNumber, to: OperationNumber) -> Option<Vec<OperationNumber>> {
        let mut came_from: Vec<Option<(OperationNumber, Option<OperationNumber>)>> =
            alloc::vec![None; self.nodes.len()];
        let mut open = alloc::vec![from];
        while let Some(here) = open.pop() {
            if here == to || self.is_cause(here, to) {
                return Some(walk_back(&came_from, from, here, to));
            }
            // Along CO only to writes at which CF goes on.
            for &(first, second, read) in &self.convergence.edges {
                let is_next = first == here || self.is_cause(here, first);
                if is_next && second != from && came_from[second as usize].is_none() {
                    came_from[second as usize] = Some((here, Some(read)));
                    open.push(second);
                }
            }
        }
        None
    }
}

fn walk_back(
    came_from: &[Option<(OperationNumber, Option<OperationNumber>)>],
    from: OperationNumber,
    last: OperationNumber,
    to: OperationNumber,
) -> Vec<OperationNumber> {
    let mut way = alloc::vec![to];
    let mut here = last;
    while here != from {
        way.push(here);
        let Some((before, read)) = came_from[here as usize] else { break };
        way.extend(read);
        here = before;
    }
    way.reverse();
    way
}
