//! The search for a linearization against all orders there are, as a whole and growing, and its proofs against their own meaning.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::linearizable::Linearizability;
use kvs_core::check::model::{
    Counter, CounterOp, Model, Register, RegisterOp, Seen, Store, StoreOp, Text, TextOp, TextSeen, TextState,
    Versioned, VersionedOp,
};
use kvs_core::check::{Budget, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Unknown,
    Never,
}

/// An operation with the places of its call and of its end; nobody shares a place.
#[derive(Clone, Debug)]
struct Interval<Op> {
    op: Op,
    call: usize,
    end: usize,
    how: End,
}

/// Whether there is an order, by trying all. `required` says which must be in it; others may have happened at any time.
fn has_order<M: Model>(model: &M, state: &M::State, left: &[Interval<M::Op>]) -> bool {
    if left.iter().all(|interval| interval.how != End::Done) {
        return true;
    }
    (0..left.len()).any(|at| {
        let interval = &left[at];
        // Those before whose end it cannot have come: they must have happened already, or never happen.
        let is_late = |other: &Interval<M::Op>| other.how == End::Done && other.end < interval.call;
        if left.iter().any(is_late) {
            return false;
        }
        let rest: Vec<_> = left
            .iter()
            .enumerate()
            .filter(|(other, interval_)| {
                *other != at && !(interval_.how == End::Unknown && interval_.end < interval.call)
            })
            .map(|(_, interval)| interval.clone())
            .collect();
        model.step(state, &interval.op).is_some_and(|state| has_order(model, &state, &rest))
    })
}

fn events<Op>(history: &[Interval<Op>]) -> Vec<(usize, usize, bool)> {
    let mut events = Vec::new();
    for (at, interval) in history.iter().enumerate() {
        events.push((interval.call, at, true));
        if interval.how != End::Never {
            events.push((interval.end, at, false));
        }
    }
    events.sort_unstable();
    events
}

/// Feeds a history, asking at the end or after every event, and returns the verdict and the events that were fed.
fn judge<M: Model>(
    model: &M,
    history: &[Interval<M::Op>],
    is_asked_often: bool,
    budget: Budget,
) -> (Verdict<Vec<usize>>, usize) {
    let mut check = Linearizability::new(model.clone());
    let mut numbers = vec![0; history.len()];
    let mut by_number = Vec::new();
    let events = events(history);
    for (done, &(_, at, is_call)) in events.iter().enumerate() {
        let Interval { op, how, .. } = &history[at];
        match (is_call, how) {
            (true, _) => {
                numbers[at] = check.call(0, op.clone());
                by_number.push(at);
            }
            (false, End::Done) => check.returned(numbers[at], op.clone()),
            (false, _) => check.returned_unknown(numbers[at], op.clone()),
        }
        if is_asked_often && check.judge(budget).is_broken() {
            return (named(check.judge(budget), &by_number), done + 1);
        }
    }
    (named(check.judge(budget), &by_number), events.len())
}

fn named(verdict: Verdict<kvs_core::check::linearizable::NotLinearizable>, by_number: &[usize]) -> Verdict<Vec<usize>> {
    verdict.map(|proof| proof.operations.iter().map(|number| by_number[*number as usize]).collect())
}

fn compare<M: Model>(model: &M, history: &[Interval<M::Op>])
where
    M::Op: std::fmt::Debug,
{
    let expected = has_order(model, &model.initial(), history);
    let (at_once, _) = judge(model, history, false, Budget::PATIENT);
    let (growing, fed) = judge(model, history, true, Budget::PATIENT);
    assert_eq!(at_once.is_broken(), !expected, "{history:#?}");
    assert_eq!(growing.is_broken(), !expected, "growing: {history:#?}");
    let (Verdict::Broken(proof), Verdict::Broken(_)) = (&at_once, &growing) else { return };

    // It broke at the first event at which it was broken.
    let known = |length: usize| -> Vec<(usize, Interval<M::Op>)> {
        let known = &events(history)[..length];
        let has_ended = |at: usize| known.iter().any(|(_, other, is_call)| *other == at && !is_call);
        let begun = known.iter().filter(|(_, _, is_call)| *is_call);
        let as_known = |at: usize| Interval {
            how: if has_ended(at) { history[at].how } else { End::Never },
            ..history[at].clone()
        };
        begun.map(|(_, at, _)| (*at, as_known(*at))).collect()
    };
    let prefix = |length| known(length).into_iter().map(|(_, interval)| interval).collect::<Vec<_>>();
    assert!(!has_order(model, &model.initial(), &prefix(fed)), "{history:#?}");
    assert!(has_order(model, &model.initial(), &prefix(fed - 1)), "{history:#?}");

    // The proof stands whatever the others that had begun by then did, and none of its operations can be spared.
    let relaxed = |proof: &[usize]| -> Vec<Interval<M::Op>> {
        let relax = |(at, interval): (usize, Interval<M::Op>)| match proof.contains(&at) {
            true => interval,
            false => Interval { call: 0, how: End::Never, ..interval },
        };
        known(fed).into_iter().map(relax).collect()
    };
    assert!(!has_order(model, &model.initial(), &relaxed(proof)), "{proof:?} of {history:#?}");
    for spared in proof {
        let rest: Vec<usize> = proof.iter().copied().filter(|at| at != spared).collect();
        assert!(has_order(model, &model.initial(), &relaxed(&rest)), "{spared} of {proof:?} of {history:#?}");
    }
}

/// Histories in which calls and ends lie anywhere.
fn history<Op: Clone + std::fmt::Debug>(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Vec<Interval<Op>>> {
    let end = prop_oneof![8 => Just(End::Done), 1 => Just(End::Unknown), 1 => Just(End::Never)];
    vec((op, 0..1_000_usize, 1..400_usize, end), 1..7).prop_map(|drawn| {
        // Stretched, so that no two events share a place.
        let interval = |(at, (op, call, length, how)): (usize, (Op, usize, usize, End))| Interval {
            op,
            call: call * 20 + 2 * at + 1,
            end: (call + length) * 20 + 2 * at + 2,
            how,
        };
        drawn.into_iter().enumerate().map(interval).collect()
    })
}

fn register_op() -> impl Strategy<Value = RegisterOp> {
    prop_oneof![
        (0..3_u32).prop_map(|value| RegisterOp::Write((value > 0).then_some(value))),
        (0..3_u32).prop_map(|value| RegisterOp::Read(Seen::Value((value > 0).then_some(value)))),
        (0..3_u32).prop_map(|value| RegisterOp::Read(Seen::Value((value > 0).then_some(value)))),
        (0..3_u32, 0..3_u32, any::<bool>()).prop_map(|(from, to, worked)| RegisterOp::Cas {
            from: (from > 0).then_some(from),
            to: (to > 0).then_some(to),
            worked
        }),
    ]
}

fn text_op() -> impl Strategy<Value = TextOp> {
    let read = prop_oneof![Just(""), Just("a"), Just("b"), Just("ab"), Just("ba")];
    let text = read.clone().prop_map(TextState::new);
    let read = read.prop_map(TextSeen::new);
    prop_oneof![
        text.clone().prop_map(TextOp::Put),
        text.prop_map(TextOp::Append),
        read.clone().prop_map(TextOp::Get),
        read.prop_map(TextOp::Get),
    ]
}

fn versioned_op() -> impl Strategy<Value = VersionedOp> {
    prop_oneof![
        (0..3_u32, 0..3_u64).prop_map(|(value, version)| VersionedOp::Get((version > 0).then_some((value, version)))),
        (0..3_u32, 0..3_u64, proptest::option::of(1..4_u64)).prop_map(|(value, version, stored)| VersionedOp::Put {
            value,
            version,
            stored
        }),
        Just(VersionedOp::Unanswered),
        Just(VersionedOp::Impossible),
        (0..3_u64, proptest::option::of(0..3_u64))
            .prop_map(|(version, actual)| VersionedOp::Mismatch { version, actual }),
        (1..3_u64).prop_map(|version| VersionedOp::NoKey { version }),
    ]
}

fn counter_op() -> impl Strategy<Value = CounterOp> {
    prop_oneof![
        (-2..3_i64, proptest::option::of(-2..4_i64)).prop_map(|(amount, sum)| CounterOp::Add(amount, sum)),
        (-2..4_i64).prop_map(CounterOp::Read),
    ]
}

fn store_op() -> impl Strategy<Value = StoreOp> {
    let batch = vec(single_store_op(), 0..3).prop_map(|ops| StoreOp::Batch(ops.into()));
    prop_oneof![4 => single_store_op(), 1 => batch]
}

fn single_store_op() -> impl Strategy<Value = StoreOp> {
    prop_oneof![
        (0..2_u32, 0..2_u32).prop_map(|(key, value)| StoreOp::Expire(key, value)),
        (0..2_u32, 0..2_u32).prop_map(|(key, value)| StoreOp::Set(key, value)),
        (0..2_u32, proptest::option::of(0..2_u32)).prop_map(|(key, value)| StoreOp::Get(key, value)),
        (0..2_u32, proptest::option::of(any::<bool>())).prop_map(|(key, was_there)| StoreOp::Delete(key, was_there)),
        (0..2_u32, any::<bool>()).prop_map(|(key, is_there)| StoreOp::Exists(key, is_there)),
        (0..3_u64).prop_map(StoreOp::Size),
        proptest::sample::subsequence(vec![0_u32, 1], 0..3).prop_map(|keys| StoreOp::List(keys.into())),
        Just(StoreOp::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn registers(history in history(register_op())) {
        compare(&Register::default(), &history);
    }

    #[test]
    fn texts(history in history(text_op())) {
        compare(&Text, &history);
    }

    #[test]
    fn versioned_keys(history in history(versioned_op())) {
        compare(&Versioned, &history);
    }

    #[test]
    fn counters(history in history(counter_op())) {
        compare(&Counter, &history);
    }

    #[test]
    fn whole_stores(history in history(store_op())) {
        compare(&Store, &history);
    }

    /// Stopped again and again, it comes to the same verdict.
    #[test]
    fn small_budgets_one_after_the_other(history in history(register_op())) {
        let mut check = Linearizability::new(Register::default());
        let mut numbers = vec![0; history.len()];
        for (_, at, is_call) in events(&history) {
            let Interval { op, how, .. } = &history[at];
            match (is_call, how) {
                (true, _) => numbers[at] = check.call(0, *op),
                (false, End::Done) => check.returned(numbers[at], *op),
                (false, _) => check.returned_unknown(numbers[at], *op),
            }
            let _verdict = check.judge(Budget { steps: 2, ..Budget::LIVE });
        }
        let mut verdict = check.judge(Budget { steps: 2, ..Budget::LIVE });
        let mut rounds = 0;
        while matches!(verdict, Verdict::Undecided(_)) {
            rounds += 1;
            prop_assert!(rounds < 10_000);
            verdict = check.judge(Budget { steps: 2, ..Budget::LIVE });
        }
        prop_assert_eq!(verdict.is_broken(), !has_order(&Register::default(), &None, &history));
    }
}

#[test]
fn a_stale_read_is_proved_by_three_operations() {
    let mut check = Linearizability::new(Register::default());
    let mut whole = |op: RegisterOp| {
        let number = check.call(0, op);
        check.returned(number, op);
        number
    };
    for value in 10..500 {
        whole(RegisterOp::Write(Some(value)));
        whole(RegisterOp::Read(Seen::Value(Some(value))));
    }
    let old = whole(RegisterOp::Write(Some(1)));
    let new = whole(RegisterOp::Write(Some(2)));
    let stale = whole(RegisterOp::Read(Seen::Value(Some(1))));
    let Verdict::Broken(proof) = check.judge(Budget::LIVE) else { panic!("it is stale") };
    assert_eq!(proof.operations, [old, new, stale]);
    assert_eq!(proof.cannot_be_placed, stale);
}

#[test]
fn a_search_without_end_is_undecided() {
    // Everything overlaps everything, and no order fits.
    let mut check = Linearizability::new(Counter);
    let numbers: Vec<u32> = (0..40).map(|place| check.call(0, CounterOp::Add(1 << place, None))).collect();
    let odd = check.call(0, CounterOp::Read(-1));
    for (place, number) in numbers.into_iter().enumerate() {
        check.returned(number, CounterOp::Add(1 << place, None));
    }
    check.returned(odd, CounterOp::Read(-1));
    assert!(matches!(check.judge(Budget::LIVE), Verdict::Undecided(_)));
}
