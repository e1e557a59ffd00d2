//! Other checkers of linearizability say what ours says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "../benches/linearizability/checkers.rs"]
mod checkers;
#[path = "../benches/linearizability/histories.rs"]
mod histories;

use histories::{Op, Recipe};
use kvs_core::check::Budget;

/// Few operations, some told something that was true once or never: half of them are linearizable and half are not.
#[test]
fn on_small_histories() {
    let mut verdicts = [0; 2];
    for seed in 0..4_000 {
        let clients = 2 + u32::try_from(seed % 4).expect("small");
        let mut history = Recipe { clients, keys: 1, operations: 8, is_legal: true, seed }.history();
        let reads: Vec<_> =
            history.iter().filter(|event| matches!(event.op, Op::Read(_)) && !event.is_call).copied().collect();
        if let Some(read) = reads.last() {
            let (told, change) = (read.op, u32::try_from(seed / 4 % 8).expect("small"));
            for event in history.iter_mut().filter(|event| event.client == read.client && event.op == told) {
                event.op = Op::Read(change);
            }
        }
        let ours = checkers::ours(&history, Budget::LIVE).expect("it is small");
        assert_eq!(checkers::stateright(&history), ours, "stateright, seed {seed}: {history:#?}");
        assert_eq!(checkers::todc(&history), ours, "todc-utils, seed {seed}: {history:#?}");
        verdicts[usize::from(ours)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 500), "{verdicts:?}");
}

#[test]
fn on_longer_ones() {
    for seed in 0..40 {
        for is_legal in [true, false] {
            let history = Recipe { clients: 4, keys: 1, operations: 300, is_legal, seed }.history();
            let ours = checkers::ours(&history, Budget::LIVE).expect("it is easy");
            assert_eq!(checkers::todc(&history), ours, "todc-utils, seed {seed}: {history:#?}");
            assert!(ours || !is_legal, "seed {seed}");
        }
    }
}
