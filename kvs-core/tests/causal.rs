//! The bad patterns against the definitions of causal consistency, and the guarantees of sessions against histories that break one.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::causal::{BadPattern, CausalHistory, Did, Notion, Pattern, SessionGuarantee};
use kvs_core::check::{Budget, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

const X: u32 = 0;
const Y: u32 = 1;
const Z: u32 = 2;

fn w(key: u32, value: u32) -> (u32, Did) {
    (key, Did::Wrote(Some(value)))
}

/// A read; 0 is nothing.
fn r(key: u32, value: u32) -> (u32, Did) {
    (key, Did::Read(if value == 0 { Vec::new() } else { vec![value] }))
}

fn pattern(sessions: &[Vec<(u32, Did)>], notion: Notion) -> Option<Pattern> {
    match CausalHistory::of_sessions(sessions).0.judge(notion, Budget::PATIENT) {
        Verdict::Holds => None,
        Verdict::Broken(BadPattern { pattern, .. }) => Some(pattern),
        Verdict::Undecided(why) => panic!("{why}"),
    }
}

/// The figure of the paper that tells the notions apart.
#[test]
fn the_notions_are_told_apart() {
    use Notion::{Consistency, Convergence, Memory};
    let a = [vec![w(X, 1), r(X, 2)], vec![w(X, 2), r(X, 1)]];
    assert_eq!(pattern(&a, Memory), None);
    assert_eq!(pattern(&a, Convergence), Some(Pattern::CyclicCf));
    let b = [vec![w(Z, 1), w(X, 1), w(Y, 1)], vec![w(X, 2), r(Z, 0), r(Y, 1), r(X, 2)]];
    assert_eq!(pattern(&b, Convergence), None);
    assert_eq!(pattern(&b, Memory), Some(Pattern::WriteHbInitRead));
    let c = [vec![w(X, 1), r(X, 2)], vec![w(X, 2), r(X, 1), r(X, 2)]];
    assert_eq!(pattern(&c, Consistency), None);
    assert_eq!(pattern(&c, Convergence), Some(Pattern::CyclicCf));
    assert_eq!(pattern(&c, Memory), Some(Pattern::CyclicHb));
    let d = [vec![w(X, 1), r(Y, 0), w(Y, 1), r(X, 1)], vec![w(X, 2), r(Y, 0), w(Y, 2), r(X, 2)]];
    assert_eq!([Consistency, Convergence, Memory].map(|notion| pattern(&d, notion)), [None; 3]);
    let e = [vec![w(X, 1), w(Y, 1)], vec![r(Y, 1), w(X, 2)], vec![r(X, 2), r(X, 1)]];
    assert_eq!([Consistency, Convergence, Memory].map(|n| pattern(&e, n)), [Some(Pattern::WriteCoRead); 3]);
}

#[test]
fn the_other_patterns_are_named() {
    let thin_air = [vec![r(X, 7)]];
    assert_eq!(pattern(&thin_air, Notion::Consistency), Some(Pattern::ThinAirRead));
    let circle = [vec![r(X, 1), w(Y, 1)], vec![r(Y, 1), w(X, 1)]];
    assert_eq!(pattern(&circle, Notion::Consistency), Some(Pattern::CyclicCo));
    let missing = [vec![w(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)]];
    assert_eq!(pattern(&missing, Notion::Consistency), Some(Pattern::WriteCoInitRead));
}

#[test]
fn a_delete_may_explain_what_is_missing() {
    let delete = || (X, Did::Wrote(None));
    let explained = [vec![w(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)], vec![delete()]];
    assert_eq!(pattern(&explained, Notion::Consistency), None);
    let too_early = [vec![delete(), w(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)]];
    assert_eq!(pattern(&too_early, Notion::Consistency), Some(Pattern::WriteCoInitRead));
    let undone = [vec![w(X, 1), delete(), w(Y, 1)], vec![r(Y, 1), r(X, 1)]];
    assert_eq!(pattern(&undone, Notion::Consistency), Some(Pattern::WriteCoRead));
}

#[test]
fn several_values_are_stale_only_together() {
    let both = |values: &[u32]| (X, Did::Read(values.to_vec()));
    let shown = [vec![w(X, 1)], vec![w(X, 2)], vec![both(&[1, 2]), w(X, 3)], vec![r(X, 3), both(&[2, 3])]];
    assert_eq!(pattern(&shown, Notion::Consistency), None);
    let stale = [vec![w(X, 1)], vec![w(X, 2)], vec![both(&[1, 2]), w(X, 3)], vec![r(X, 3), both(&[1, 2])]];
    assert_eq!(pattern(&stale, Notion::Consistency), Some(Pattern::WriteCoRead));
}

#[test]
fn a_value_that_was_written_twice_accuses_nobody() {
    let (history, _) = CausalHistory::of_sessions(&[vec![w(X, 1), w(X, 2), w(X, 1)], vec![r(X, 2), r(X, 1)]]);
    assert!(matches!(history.judge(Notion::Consistency, Budget::PATIENT), Verdict::Undecided(_)));
}

fn broken_guarantees(sessions: &[Vec<(u32, Did)>]) -> Vec<SessionGuarantee> {
    use SessionGuarantee::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
    let (history, _) = CausalHistory::of_sessions(sessions);
    let all = [ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads];
    all.into_iter().filter(|guarantee| history.judge_sessions(*guarantee).is_broken()).collect()
}

#[test]
fn each_guarantee_is_broken_alone() {
    use SessionGuarantee::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
    assert_eq!(broken_guarantees(&[vec![w(X, 1), r(X, 0)]]), [ReadYourWrites]);
    assert_eq!(broken_guarantees(&[vec![w(X, 1)], vec![r(X, 1), r(X, 0)]]), [MonotonicReads]);
    assert_eq!(broken_guarantees(&[vec![w(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)]]), [MonotonicWrites]);
    let follows = [vec![w(X, 1)], vec![r(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)]];
    assert_eq!(broken_guarantees(&follows), [WritesFollowReads]);
    let fine = [vec![w(X, 1), w(X, 2), r(X, 2)], vec![r(X, 1), r(X, 2)]];
    assert_eq!(broken_guarantees(&fine), []);
    // A concurrent write may win over one's own.
    assert_eq!(broken_guarantees(&[vec![w(X, 1), r(X, 2)], vec![w(X, 2)]]), []);
}

#[test]
fn the_proof_names_who_told_it() {
    let (history, order) = CausalHistory::of_sessions(&[vec![w(X, 1)], vec![r(X, 1), w(Y, 1)], vec![r(Y, 1), r(X, 0)]]);
    let Verdict::Broken(operations) = history.judge_sessions(SessionGuarantee::WritesFollowReads) else {
        panic!("it is broken")
    };
    let named: Vec<u32> = operations.iter().map(|number| order[*number as usize]).collect();
    assert_eq!(named, [0, 1, 2, 3, 4]);
}

// ---- against the definitions

/// A history of at most 8 operations without deletes: sessions, and for each operation its causes.
struct Small {
    operations: Vec<(usize, u32, Did)>,
    past: Vec<Vec<usize>>,
}

impl Small {
    /// None if there is a read of nothing known, or a circle.
    fn new(sessions: &[Vec<(u32, Did)>]) -> Option<Self> {
        let mut operations = Vec::new();
        let mut direct: Vec<Vec<usize>> = Vec::new();
        for (session, list) in sessions.iter().enumerate() {
            for (place, (key, did)) in list.iter().enumerate() {
                direct.push(if place > 0 { vec![operations.len() - 1] } else { Vec::new() });
                operations.push((session, *key, did.clone()));
            }
        }
        for (at, (_, key, did)) in operations.iter().enumerate() {
            if let Did::Read(values) = did {
                for value in values {
                    let writer = operations.iter().position(|(_, k, d)| k == key && *d == Did::Wrote(Some(*value)));
                    direct[at].push(writer?);
                }
            }
        }
        let mut past = direct;
        for _ in 0..operations.len() {
            for at in 0..operations.len() {
                let more: Vec<usize> = past[at].iter().flat_map(|cause| past[*cause].clone()).collect();
                past[at].extend(more);
                past[at].sort_unstable();
                past[at].dedup();
            }
        }
        past.iter().enumerate().all(|(at, causes)| !causes.contains(&at)).then_some(Self { operations, past })
    }

    /// Whether these operations can be lined up, causes first, so that the reads among `must` see the last write.
    fn can_be_lined_up(&self, left: &[usize], kept: &[u32; 3], must: &[usize]) -> bool {
        left.is_empty()
            || left.iter().any(|&at| {
                if left.iter().any(|other| self.past[at].contains(other)) {
                    return false;
                }
                let (_, key, did) = &self.operations[at];
                let mut kept = *kept;
                match did {
                    Did::Wrote(value) => kept[*key as usize] = value.expect("no deletes"),
                    Did::Read(values) if must.contains(&at) => {
                        if kept[*key as usize] != values.first().copied().unwrap_or(0) {
                            return false;
                        }
                    }
                    Did::Read(_) | Did::DeletedWhatItRead => {}
                }
                let left: Vec<usize> = left.iter().copied().filter(|other| *other != at).collect();
                self.can_be_lined_up(&left, &kept, must)
            })
    }

    fn causal_past(&self, at: usize) -> Vec<usize> {
        self.past[at].iter().copied().chain([at]).collect()
    }

    fn is_consistent(&self) -> bool {
        (0..self.operations.len()).all(|at| self.can_be_lined_up(&self.causal_past(at), &[0; 3], &[at]))
    }

    fn is_memory(&self) -> bool {
        (0..self.operations.len()).all(|at| {
            let session = self.operations[at].0;
            let past = self.causal_past(at);
            let must: Vec<usize> = past.iter().copied().filter(|other| self.operations[*other].0 == session).collect();
            self.can_be_lined_up(&past, &[0; 3], &must)
        })
    }

    /// Whether one order of all writes, causes first, explains every read.
    fn is_convergent(&self, order: &mut Vec<usize>) -> bool {
        let writes = || (0..self.operations.len()).filter(|at| matches!(self.operations[*at].2, Did::Wrote(_)));
        if order.len() == writes().count() {
            return (0..self.operations.len()).all(|at| {
                let (_, key, Did::Read(values)) = &self.operations[at] else { return true };
                let seen = order.iter().rev().find(|w| self.past[at].contains(w) && self.operations[**w].1 == *key);
                let seen = seen.map(|write| self.operations[*write].2.clone());
                seen == values.first().map(|value| Did::Wrote(Some(*value)))
            });
        }
        for write in writes() {
            let is_next = !order.contains(&write)
                && self.past[write]
                    .iter()
                    .all(|cause| order.contains(cause) || !matches!(self.operations[*cause].2, Did::Wrote(_)));
            if is_next {
                order.push(write);
                let fits = self.is_convergent(order);
                order.pop();
                if fits {
                    return true;
                }
            }
        }
        false
    }
}

/// Sessions in which every value is written once, and reads see what was written, or nothing.
fn sessions() -> impl Strategy<Value = Vec<Vec<(u32, Did)>>> {
    vec((0..3_usize, 0..2_u32, any::<bool>(), 0..100_u32), 1..9).prop_map(|drawn| {
        let mut sessions = vec![Vec::new(), Vec::new(), Vec::new()];
        let mut written = [0, 0];
        for (_, key, is_write, _) in &drawn {
            written[*key as usize] += u32::from(*is_write);
        }
        let mut next = [0, 0];
        for (session, key, is_write, choice) in drawn {
            sessions[session].push(if is_write {
                next[key as usize] += 1;
                w(key, next[key as usize])
            } else {
                r(key, choice % (written[key as usize] + 1))
            });
        }
        sessions
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn patterns_are_what_the_definitions_say(sessions in sessions()) {
        let Some(small) = Small::new(&sessions) else {
            prop_assert!(pattern(&sessions, Notion::Consistency).is_some());
            return Ok(());
        };
        prop_assert_eq!(pattern(&sessions, Notion::Consistency).is_none(), small.is_consistent());
        prop_assert_eq!(pattern(&sessions, Notion::Convergence).is_none(), small.is_convergent(&mut Vec::new()));
        prop_assert_eq!(pattern(&sessions, Notion::Memory).is_none(), small.is_memory());
    }

    /// A store with one copy breaks nothing.
    #[test]
    fn one_copy_is_never_accused(steps in vec((0..3_u32, 0..2_u32, 0..3_u8), 0..60)) {
        let mut history = CausalHistory::default();
        let mut kept = [None, None];
        for (number, (session, key, what)) in (1..).zip(steps) {
            match what {
                0 => { history.write(session, key, Some(number)); kept[key as usize] = Some(number); }
                1 if number % 4 == 0 => { history.write(session, key, None); kept[key as usize] = None; }
                _ => { history.read(session, key, kept[key as usize].into_iter().collect()); }
            }
        }
        for notion in [Notion::Consistency, Notion::Convergence, Notion::Memory] {
            prop_assert_eq!(history.judge(notion, Budget::PATIENT), Verdict::Holds);
        }
    }
}
