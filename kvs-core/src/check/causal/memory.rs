//! Causal memory: for each session there is one order of all it knows in which each of its reads saw the last write.
//!
//! The happened-before order of an operation is the least transitive one that holds CO and, for every read of its session that saw a
//! write, every other write of that key that happened before the read before that write. The last operation of a session knows all.

use alloc::vec::Vec;

use fixedbitset::FixedBitSet;

use super::{BadPattern, CausalHistory, Did, OperationNumber, Pattern};
use crate::check::{Budget, Undecided, Verdict};

impl CausalHistory {
    pub(super) fn look_at_memory(&self, mut budget: Budget) -> Verdict<BadPattern> {
        let mut is_undecided = false;
        for last in self.last.iter().flatten() {
            match self.look_at_memory_of(*last, &mut budget) {
                Verdict::Holds => {}
                Verdict::Undecided(_) => is_undecided = true,
                broken @ Verdict::Broken(_) => return broken,
            }
        }
        if is_undecided { Verdict::Undecided(Undecided::OutOfSteps) } else { Verdict::Holds }
    }

    fn look_at_memory_of(&self, last: OperationNumber, budget: &mut Budget) -> Verdict<BadPattern> {
        let mut own: Vec<_> = core::iter::once(last).chain(self.earlier(last)).collect();
        own.reverse();
        own.retain(|operation| matches!(self.node(*operation).did, Did::Read(_)));
        let mut before: Vec<FixedBitSet> = self.nodes.iter().map(|node| node.past.clone()).collect();
        let known = |operation: OperationNumber| operation == last || self.is_cause(operation, last);
        loop {
            let mut has_changed = false;
            for &read in &own {
                let node = self.node(read);
                let (&[second], Did::Read(values)) = (&node.saw[..], &node.did) else { continue };
                if values.len() != 1 {
                    continue;
                }
                for &first in self.writes_of(node.key) {
                    if !budget.take() {
                        return Verdict::Undecided(Undecided::OutOfSteps);
                    }
                    let is_new = first != second
                        && before[read as usize].contains(first as usize)
                        && !before[second as usize].contains(first as usize);
                    if !is_new {
                        continue;
                    }
                    has_changed = true;
                    let mut more = before[first as usize].clone();
                    more.grow(self.nodes.len());
                    more.insert(first as usize);
                    if first == second || more.contains(second as usize) {
                        return Verdict::Broken(BadPattern {
                            pattern: Pattern::CyclicHb,
                            operations: alloc::vec![first, second, read],
                        });
                    }
                    budget.steps = budget.steps.saturating_sub(before.len() as u64);
                    for (other, past) in before.iter_mut().enumerate() {
                        let is_after = other == second as usize || past.contains(second as usize);
                        if is_after && u32::try_from(other).is_ok_and(known) {
                            past.union_with(&more);
                        }
                    }
                }
            }
            if !has_changed {
                break;
            }
        }
        let found = own.into_iter().find_map(|read| {
            let node = self.node(read);
            if !matches!(&node.did, Did::Read(values) if values.is_empty()) {
                return None;
            }
            let writes = self.writes_of(node.key);
            let has_deletes =
                writes.iter().any(|write| matches!(self.node(*write).did, Did::Wrote(None) | Did::DeletedWhatItRead));
            let write = writes.iter().copied().find(|write| before[read as usize].contains(*write as usize))?;
            let pattern = Pattern::WriteHbInitRead;
            (!has_deletes).then(|| BadPattern { pattern, operations: alloc::vec![write, read] })
        });
        found.map_or(Verdict::Holds, Verdict::Broken)
    }
}
