//! The search: what it finds replays, what it shrinks cannot be made smaller, and what it explores another checker counts as well.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::{Budget, Judge, Run, Verdict};
use kvs_core::explore::exhaustive::{Bounds, State, explore, standing_still};
use kvs_core::explore::{Faults, Finding, Hunt, Watch, first_breach, shrink};
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::Call;
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{Recording, Replay};
use kvs_core::zoo::{Architecture, catalog};

fn architecture(name: &str, options: &[(&str, &str)]) -> Architecture {
    let mut architecture = catalog::exhibit(name).expect("it is in the catalogue").architecture();
    for (name, value) in options {
        architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    architecture
}

/// Claims only, no faults of the inside.
fn hunt(name: &str, options: &[(&str, &str)]) -> Hunt {
    Hunt { watches_inside: false, ..Hunt::new(architecture(name, options)) }
}

fn find(hunt: &Hunt, worlds: u64) -> Finding {
    (1..=worlds).find_map(|seed| hunt.world(seed)).unwrap_or_else(|| panic!("nothing in {worlds} worlds: {hunt:?}"))
}

/// An exhibit, what is switched in it, and within how many worlds clients see it.
type Mutant = (&'static str, &'static [(&'static str, &'static str)], u64);

/// What clients can see of each safety option that is off.
const SEEN_BY_CLIENTS: &[Mutant] = &[
    ("local", &[("pipeline", "split")], 20),
    ("local", &[("dedupe", "off"), ("duplication", "25%")], 200),
    ("local", &[("journal", "on"), ("sync-before-reply", "off")], 200),
    ("local", &[("journal", "on"), ("disk", "lying")], 200),
    ("replicated", &[("values", "lww-wrapper")], 50),
    ("replicated", &[("values", "mv-register"), ("new-incarnation", "off")], 2_000),
    ("replicated", &[("anti-entropy", "off"), ("counter-limit", "1")], 50),
    ("replicated", &[("replicated-into", "second-store")], 20),
];

#[test]
fn clients_see_what_options_that_are_off_do_and_the_smallest_run_replays() {
    for (name, options, worlds) in SEEN_BY_CLIENTS {
        let found = find(&hunt(name, options), *worlds);
        let small = shrink(&found, &mut |_| true);
        let inputs = |finding: &Finding| finding.recording.inputs().len();
        println!("{name} {options:?}: {} ({} inputs, then {})", small.breach, inputs(&found), inputs(&small));
        assert_eq!(small.breach.name(), found.breach.name());
        assert!(inputs(&small) <= 12, "{}", Schedule::from_recording(&small.recording));

        // As text it is the same run, and breaks the same promise.
        let text = Schedule::from_recording(&small.recording).to_string();
        let again = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).run(&mut ());
        let again = first_breach(&again.recording, small.at, false).expect("it breaks again");
        assert_eq!(again.breach, small.breach, "{text}");

        // No input can be left out.
        for left_out in 0..inputs(&small) {
            let mut rest = small.recording.inputs().to_vec();
            rest.remove(left_out);
            let mut recording = Recording::new(small.recording.architecture.clone(), small.recording.seed);
            recording.swap_tail(0, rest);
            let breach = first_breach(&recording, small.at, false).map(|found| found.breach.name());
            assert_ne!(breach, Some(small.breach.name()), "{left_out} of\n{text}");
        }
    }
}

/// Judged at every return or only in the end, a run has the same verdicts.
#[test]
fn a_judge_who_follows_says_what_one_says_who_comes_late() {
    for (name, options) in
        [("local", &[("dedupe", "off"), ("duplication", "25%")][..]), ("replicated", &[]), ("local", &[])]
    {
        for seed in 0..30 {
            let architecture = architecture(name, options);
            let hunt = Hunt::new(architecture.clone());
            let mut observer = ();
            let mut life = kvs_core::explore::Life::new(&hunt, seed, &mut observer);
            let _breach = life.faults();
            let recording = life.recording().clone();
            let until = life.replay().moment().time;

            let mut watch = Watch::new(&architecture, false);
            let mut replay = Replay::new(&recording, &mut watch);
            let mut follows = Judge::new(&architecture);
            let mut seen = 0;
            while replay.next_moment(&recording).is_some_and(|next| next.time <= until) {
                replay.step(&recording, &mut watch);
                let events = watch.history().events().len();
                if events > seen {
                    seen = events;
                    let inputs = &recording.inputs()[..replay.inputs_done()];
                    let run = Run::new(&architecture, replay.sim().world(), watch.history(), events, inputs);
                    let _so_far = follows.judge(&run, Budget::LIVE);
                }
            }
            let inputs = &recording.inputs()[..replay.inputs_done()];
            let run = Run::new(&architecture, replay.sim().world(), watch.history(), seen, inputs);
            let late = Judge::new(&architecture).judge(&run, Budget::PATIENT);
            for (followed, late) in follows.judge(&run, Budget::LIVE).into_iter().zip(late) {
                assert_eq!(followed.guarantee, late.guarantee);
                let kind = |verdict: &Verdict<_>| match verdict {
                    Verdict::Holds => "holds",
                    Verdict::Broken(_) => "broken",
                    Verdict::Undecided(_) => "undecided",
                };
                assert_eq!(kind(&followed.verdict), kind(&late.verdict), "{name} {seed} {:?}", followed.guarantee);
            }
        }
    }
}

/// M46: if operations of which nobody knows the outcome are taken for operations that never happened, a good store is accused.
#[test]
fn an_unknown_outcome_is_not_a_failure() {
    use kvs_core::check::linearizable::Linearizability;
    use kvs_core::check::model::{Register, RegisterOp, Seen};
    use kvs_core::op::{KVSResponse, Outcome};
    use kvs_core::sim::HistoryEvent;
    let hunt = Hunt {
        faults: Faults { crashes: false, wipes: false, ..Faults::ALL },
        ..Hunt::new(architecture("local", &[("retries", "1"), ("loss", "25%")]))
    };
    let mut accused = 0;
    for seed in 0..60 {
        let mut observer = ();
        let mut life = kvs_core::explore::Life::new(&hunt, seed, &mut observer);
        assert_eq!(life.faults().map_err(|breach| breach.to_string()), Ok(()), "seed {seed}");
        let history = life.watch().history();
        let mut mistaken = Linearizability::new(Register::default());
        let mut numbers = vec![None; history.operations().len()];
        let name = |text: &str| text.bytes().fold(7, |sum: u32, byte| sum.wrapping_mul(31) + u32::from(byte));
        for event in history.events() {
            let (HistoryEvent::Called(place) | HistoryEvent::Returned(place)) = *event;
            let operation = &history.operations()[place];
            let outcome = operation.ended.as_ref().map(|ended| &ended.outcome);
            let op = match (operation.op(), outcome) {
                (_, None | Some(Outcome::Maybe | Outcome::Unavailable)) => continue,
                (KVSOperation::Put(_, value), _) => RegisterOp::Write(Some(name(value.as_str()))),
                (KVSOperation::Delete(_), _) => RegisterOp::Write(None),
                (KVSOperation::Get(_), Some(Outcome::Ok(KVSResponse::GetResult { values, .. }))) => {
                    RegisterOp::Read(Seen::Value(values.first().map(|value| name(value.as_str()))))
                }
                _ => panic!("an answer of another kind"),
            };
            match event {
                HistoryEvent::Called(_) => {
                    let part = name(operation.op().key().expect("one key").as_str()) % 100;
                    numbers[place] = Some(mistaken.call(part, op));
                }
                HistoryEvent::Returned(_) => {
                    if let Some(number) = numbers[place] {
                        mistaken.returned(number, op);
                    }
                }
            }
        }
        accused += u32::from(mistaken.judge(Budget::LIVE).is_broken());
    }
    assert!(accused > 0, "the mistake was never noticed");
}

// ---- every run of a small world

fn put(client: u32, key: &str, value: &str, to: u32) -> (NodeId, Call) {
    let op = KVSOperation::Put(Key::new(key).expect("short"), Value::new(value).expect("short"));
    (NodeId(client), Call { op, to: Some(NodeId(to)) })
}

fn get(client: u32, key: &str, to: u32) -> (NodeId, Call) {
    (NodeId(client), Call { op: KVSOperation::Get(Key::new(key).expect("short")), to: Some(NodeId(to)) })
}

#[test]
fn every_run_of_a_small_local_world_is_linearizable() {
    let calls = [put(1, "k", "1", 0), put(2, "k", "2", 0), get(1, "k", 0), get(2, "k", 0)];
    let bounds = Bounds { duplicates: 1, drops: 1, timers: 1, ..Bounds::default() };
    let explored = explore(&architecture("local", &[]), &calls, bounds, &mut |_| true);
    assert!(explored.is_complete && explored.finding.is_none(), "{explored:?}");
    assert!(explored.states > 500, "{}", explored.states);
}

/// The late duplicate: found with one repeated message, and not without.
#[test]
fn without_dedupe_one_repeated_message_is_enough() {
    let calls = [put(1, "k", "1", 0), put(2, "k", "2", 0), get(2, "k", 0), get(2, "k", 0)];
    let careless = architecture("local", &[("dedupe", "off")]);
    let found = explore(&careless, &calls, Bounds { duplicates: 1, ..Bounds::default() }, &mut |_| true);
    let found = found.finding.expect("it is there");
    assert_eq!(found.breach.name(), "L1");
    let text = Schedule::from_recording(&found.recording).to_string();
    let again = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).run(&mut ());
    assert!(first_breach(&again.recording, found.at, true).is_some(), "{text}");
    let without = explore(&careless, &calls, Bounds::default(), &mut |_| true);
    assert!(without.is_complete && without.finding.is_none());
}

/// The same world as a model of `stateright`, which counts the same states.
mod peer {
    use super::{Architecture, Bounds, Call, NodeId, State};
    use kvs_core::explore::exhaustive::Space;
    use kvs_core::sim::Input;
    use stateright::{Checker, Model, Property};

    #[derive(Clone)]
    pub(crate) struct Here(State);

    impl std::fmt::Debug for Here {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{:032x}", self.0.fingerprint())
        }
    }

    impl std::hash::Hash for Here {
        fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
            self.0.fingerprint().hash(hasher);
        }
    }

    impl PartialEq for Here {
        fn eq(&self, other: &Self) -> bool {
            self.0.fingerprint() == other.0.fingerprint()
        }
    }

    #[derive(Clone)]
    pub(crate) struct World {
        pub(crate) architecture: Architecture,
        pub(crate) calls: Vec<(NodeId, Call)>,
        pub(crate) bounds: Bounds,
    }

    impl Model for World {
        type State = Here;
        type Action = Input;

        fn init_states(&self) -> Vec<Here> {
            vec![Here(State::new(&self.architecture, &self.calls, self.bounds))]
        }

        fn actions(&self, state: &Here, actions: &mut Vec<Input>) {
            actions.extend(state.0.choices());
        }

        fn next_state(&self, last: &Here, action: Input) -> Option<Here> {
            Some(Here(last.0.after(&action)))
        }

        fn properties(&self) -> Vec<Property<Self>> {
            // Something to look for that is never found, so that all states are visited.
            vec![Property::always("goes on", |_, _| true)]
        }
    }

    pub(crate) fn states(world: World) -> u64 {
        world.checker().spawn_bfs().join().unique_state_count() as u64
    }
}

#[test]
fn another_model_checker_counts_the_same_states() {
    let calls = vec![put(1, "k", "1", 0), put(2, "k", "2", 0), get(1, "k", 0)];
    for bounds in [Bounds::default(), Bounds { drops: 1, duplicates: 1, timers: 1, crashes: 1, ..Bounds::default() }] {
        let local = architecture("local", &[]);
        let ours = explore(&local, &calls, bounds, &mut |_| true);
        // A crash without a journal forgets, and nothing else was promised.
        assert!(ours.is_complete && ours.finding.is_none());
        let world = peer::World { architecture: standing_still(&local), calls: calls.clone(), bounds };
        assert_eq!(ours.states, peer::states(world));
    }
}

/// Without a journal a server that crashed does not know any more what it has answered: an old copy of a request that comes late is
/// served again, and what it overwrites is not lost for another reason than the crash.
#[test]
fn a_late_copy_of_what_a_crash_made_forgotten_breaks_no_promise() {
    let text = "zoo local clients=2 latency-min=1ms latency-max=1ms
        hold Request C1->S1
        C1: put k=old
        run 1ms
        release Request C1->S1
        duplicate Request C1->S1
        hold Request C1->S1 #1
        run 1s
        crash S1
        restart S1
        C2: put k=new expect ok
        release Request C1->S1 #1
        run 1s
        expect S1 k = old";
    let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}")).run(&mut ());
    assert_eq!(outcome.failure, None);
    let found = first_breach(&outcome.recording, outcome.end, true);
    assert!(found.is_none(), "{found:?}");
}

/// M10, seen by clients: whoever reads the answer and then finds no question has been promised otherwise.
#[test]
fn an_effect_without_its_cause_breaks_what_causal_delivery_promises() {
    let lesson = concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons/effect_without_cause.kvs");
    let text = std::fs::read_to_string(lesson).expect("the lesson is there");
    let broken_in = |text: &str| {
        let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}")).run(&mut ());
        first_breach(&outcome.recording, outcome.end, false).map(|found| found.breach)
    };
    let breach = broken_in(&text).expect("a claim is broken");
    assert!(matches!(breach.name(), "Causal, converging" | "Causal") || breach.what().contains("WriteCO"), "{breach}");
    let heeded = text.replace("heed-causes=off ", "").replace("expect because", "expect none");
    assert_eq!(broken_in(&heeded), None);
}
