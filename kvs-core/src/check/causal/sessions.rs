//! The four guarantees of a session (Terry and others, "Session guarantees for weakly consistent replicated data", 1994), each broken
//! by a read that saw less than it should.

use alloc::vec::Vec;

use super::{CausalHistory, Did, OperationNumber};
use crate::check::Verdict;

/// What a session may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionGuarantee {
    /// A read sees what its session wrote before, or something newer.
    ReadYourWrites,
    /// A read sees what its session read before, or something newer.
    MonotonicReads,
    /// Whoever sees a write sees the earlier ones of the same session.
    MonotonicWrites,
    /// Whoever sees a write sees what its session had read before it.
    WritesFollowReads,
}

/// The operations that broke each of them first.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken([Option<Vec<OperationNumber>>; 4]);

impl CausalHistory {
    /// Whether a guarantee held in every session; if not, the operations that say so, causes before effects.
    pub fn judge_sessions(&self, guarantee: SessionGuarantee) -> Verdict<Vec<OperationNumber>> {
        self.verdict(self.sessions.0[guarantee as usize].clone())
    }

    pub(super) fn look_at_sessions(&mut self, read: OperationNumber) {
        let key = self.node(read).key;
        let is_write_of_key = |operation: OperationNumber| {
            self.node(operation).key == key && !matches!(self.node(operation).did, Did::Read(_))
        };
        let mut found: [Option<Vec<OperationNumber>>; 4] = Default::default();
        let saw = &self.node(read).saw;
        let with_saw = |operations: &[OperationNumber]| {
            let mut all: Vec<_> = saw.iter().copied().filter(|seen| !operations.contains(seen)).collect();
            all.extend(operations);
            all.push(read);
            all
        };
        for earlier in self.earlier(read) {
            if is_write_of_key(earlier) && self.is_stale(read, earlier) {
                found[SessionGuarantee::ReadYourWrites as usize].get_or_insert_with(|| with_saw(&[earlier]));
            }
            for &seen in &self.node(earlier).saw {
                if is_write_of_key(seen) && self.is_stale(read, seen) {
                    found[SessionGuarantee::MonotonicReads as usize].get_or_insert_with(|| with_saw(&[seen, earlier]));
                }
                // What one has written oneself is a matter of the first guarantee.
                if self.node(seen).session == self.node(read).session {
                    continue;
                }
                for cause in self.earlier(seen) {
                    if is_write_of_key(cause) && self.is_stale(read, cause) {
                        found[SessionGuarantee::MonotonicWrites as usize]
                            .get_or_insert_with(|| with_saw(&[cause, seen, earlier]));
                    }
                    for &known in &self.node(cause).saw {
                        if is_write_of_key(known) && self.is_stale(read, known) {
                            found[SessionGuarantee::WritesFollowReads as usize]
                                .get_or_insert_with(|| with_saw(&[known, cause, seen, earlier]));
                        }
                    }
                }
            }
        }
        for (broken, found) in self.sessions.0.iter_mut().zip(found) {
            if broken.is_none() {
                *broken = found;
            }
        }
    }
}
