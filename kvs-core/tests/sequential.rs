//! The search for a sequential order against all orders there are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::model::{Model, Register, RegisterOp, Seen};
use kvs_core::check::sequential::SequentialConsistency;
use kvs_core::check::{Budget, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

/// One operation: process, key, what.
type Operation = (u32, u32, RegisterOp);

fn has_order(kept: [Option<u32>; 2], left: &[Operation], open: &[Operation]) -> bool {
    if left.is_empty() {
        return true;
    }
    let step = |at: usize, from: &[Operation]| -> Option<[Option<u32>; 2]> {
        let (_, key, op) = from[at];
        let mut kept = kept;
        kept[key as usize] = Register::default().step(&kept[key as usize], &op)?;
        Some(kept)
    };
    let without = |at: usize, from: &[Operation]| [&from[..at], &from[at + 1..]].concat();
    (0..left.len()).any(|at| {
        let is_first = left[..at].iter().all(|(process, _, _)| *process != left[at].0);
        is_first && step(at, left).is_some_and(|kept| has_order(kept, &without(at, left), open))
    }) || (0..open.len()).any(|at| {
        // The last of its process: all others of it must have happened.
        let is_next = left.iter().all(|(process, _, _)| *process != open[at].0);
        is_next && step(at, open).is_some_and(|kept| has_order(kept, left, &without(at, open)))
    })
}

fn op() -> impl Strategy<Value = RegisterOp> {
    let value = || (0..3_u32).prop_map(|value| (value > 0).then_some(value));
    prop_oneof![
        value().prop_map(RegisterOp::Write),
        value().prop_map(|value| RegisterOp::Read(Seen::Value(value))),
        value().prop_map(|value| RegisterOp::Read(Seen::Value(value))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

    #[test]
    fn finds_an_order_if_there_is_one(
        operations in vec((0..3_u32, 0..2_u32, op()), 1..9),
        open in vec((0..3_u32, 0..2_u32, op()), 0..2),
        is_asked_often in any::<bool>(),
    ) {
        let mut check = SequentialConsistency::new(Register::default());
        let mut last = Verdict::Holds;
        for (fed, &(process, key, op)) in (1..).zip(&operations) {
            let number = check.call(process, key, op);
            check.returned(number, op);
            if is_asked_often {
                last = check.judge(Budget::LIVE);
                prop_assert_eq!(last.is_broken(), !has_order([None; 2], &operations[..fed], &[]));
            }
        }
        let mut open = open;
        open.dedup_by_key(|(process, _, _)| *process);
        for &(process, key, op) in &open {
            check.call(process, key, op);
        }
        last = if operations.is_empty() { last } else { check.judge(Budget::LIVE) };
        prop_assert_eq!(last.is_broken(), !has_order([None; 2], &operations, &open), "{:?} {:?}", operations, open);
        if let Verdict::Broken(proof) = last {
            // What the proof does not name may happen anywhere, or nowhere.
            let name = |at: usize| u32::try_from(at).expect("few");
            let kept: Vec<_> = (0..operations.len()).filter(|at| proof.contains(&name(*at))).map(|at| operations[at]).collect();
            let mut others: Vec<_> = Vec::new();
            for (at, (_, key, op)) in operations.iter().enumerate() {
                if !proof.contains(&name(at)) && matches!(op, RegisterOp::Write(_)) {
                    others.push((100 + name(at), *key, *op));
                }
            }
            for (at, (process, key, op)) in open.iter().enumerate() {
                let process = if proof.contains(&name(operations.len() + at)) { *process } else { 200 + name(at) };
                others.push((process, *key, *op));
            }
            prop_assert!(!has_order([None; 2], &kept, &others), "{:?} of {:?}", proof, operations);
        }
    }
}

#[test]
fn keys_that_are_consistent_each_by_itself_need_not_be_so_together() {
    let mut check = SequentialConsistency::new(Register::default());
    for (process, key) in [(0, 0), (1, 1)] {
        let write = RegisterOp::Write(Some(1));
        let number = check.call(process, key, write);
        check.returned(number, write);
        let read = RegisterOp::Read(Seen::Value(None));
        let number = check.call(process, 1 - key, read);
        check.returned(number, read);
    }
    assert_eq!(check.judge(Budget::LIVE), Verdict::Broken(vec![0, 1, 2, 3]));
}
