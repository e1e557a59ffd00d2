//! Causal memory: for each session there is one order of all it knows in which each of its reads saw the last write.
//!
//! The happened-before order of an operation is the least transitive one that holds CO and, for every read of its session that saw a
//! write, every other write of that key that happened before the read before that write. The last operation of a session knows all.

use alloc::vec::Vec;

use fixedbitset::FixedBitSet;

use super::{BadPattern, CausalHistory, Did, OperationNumber, Pattern};

impl CausalHistory {
    pub(super) fn look_at_memory(&self) -> Option<BadPattern> {
        self.last.iter().flatten().find_map(|last| self.look_at_memory_of(*last))
    }

    fn look_at_memory_of(&self, last: OperationNumber) -> Option<BadPattern> {
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
                        return Some(BadPattern {
                            pattern: Pattern::CyclicHb,
                            operations: alloc::vec![first, second, read],
                        });
                    }
                    for other in 0..before.len() {
                        let is_after = other == second as usize || before[other].contains(second as usize);
                        if is_after && u32::try_from(other).is_ok_and(known) {
                            before[other].union_with(&more);
                        }
                    }
                }
            }
            if !has_changed {
                break;
            }
        }
        own.into_iter().find_map(|read| {
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
        })
    }
}
