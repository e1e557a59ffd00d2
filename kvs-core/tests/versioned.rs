//! Values with versions, and what is built on them: the same on all engines, a counter that loses nothing, a lock that one holds, and
//! stress runs with their configuration.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::foreign::{ModelName, Options, Reader};
use kvs_core::check::{Budget, Verdict};
use kvs_core::explore::stress::{ServerRunner, StressConfig};
use kvs_core::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use kvs_core::process::NodeId;
use kvs_core::server::Call;
use kvs_core::server::recipes::{Counter, Grip, Lock, Next, sum};
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{History, HistoryEvent, Input, Recording, Replay, export};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::{Animal, Architecture, catalog};

fn key(name: &str) -> Key {
    Key::new(name).expect("short")
}

fn value(text: &str) -> Value {
    Value::new(text).expect("short")
}

fn architecture(options: &[(&str, &str)]) -> Architecture {
    let mut architecture = catalog::exhibit_of(Animal::Versioned).architecture();
    for (name, value) in options {
        architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    architecture
}

/// A world that loses, repeats and mixes up what is sent, on both sides and in between.
const ROUGH: &[(&str, &str)] = &[
    ("clients", "3"),
    ("loss", "10%"),
    ("duplication", "10%"),
    ("request-loss", "10%"),
    ("reply-loss", "10%"),
    ("retries", "2"),
];

/// What a client asks next, from what came of its last operation (None at first); None when it is done.
type Worker<'a> = Box<dyn FnMut(Time, Option<&Outcome>) -> Option<KVSOperation> + 'a>;

/// Lets workers work until all are done, each as a client of its own. Returns the world's history and its end.
fn work(architecture: &Architecture, seed: u64, mut workers: Vec<Worker<'_>>) -> (History, Replay) {
    let mut recording = Recording::new(architecture.clone(), seed);
    let mut history = History::default();
    let mut replay = Replay::new(&recording, &mut history);
    let client = |place: usize| NodeId(architecture.servers + u32::try_from(place).expect("few"));
    let mut busy: Vec<bool> = vec![false; workers.len()];
    let ask = |place: usize,
               op: Option<KVSOperation>,
               recording: &mut Recording,
               replay: &mut Replay,
               history: &mut History| {
        if let Some(op) = op {
            let input = Input::Call { client: client(place), call: Call { op, to: None }.into() };
            replay.act(recording, input, history).expect("it may be asked");
            return true;
        }
        false
    };
    for (place, worker) in workers.iter_mut().enumerate() {
        busy[place] = ask(place, worker(Time::ZERO, None), &mut recording, &mut replay, &mut history);
    }
    let mut seen = 0;
    while busy.contains(&true) {
        assert!(replay.moment().time < Time::ZERO + Span::from_secs(100_000), "somebody is never done");
        assert!(replay.step(&recording, &mut history), "somebody waits for nothing");
        let events: Vec<HistoryEvent> = history.events()[seen..].to_vec();
        seen = history.events().len();
        for event in events {
            let HistoryEvent::Returned(at) = event else { continue };
            let operation = history.operations()[at].clone();
            let ended = operation.ended.as_ref().expect("it has returned");
            let place = (operation.client().0 - architecture.servers) as usize;
            let next = workers[place](ended.at, Some(&ended.outcome));
            busy[place] = ask(place, next, &mut recording, &mut replay, &mut history);
            seen = seen.min(history.events().len());
        }
    }
    drop(workers);
    (history, replay)
}

/// A worker who adds one to a counter, so many times.
fn adder<'a>(name: &'static str, times: u32, puts_blindly: bool) -> Worker<'a> {
    let mut addition = 1;
    let mut counter = Counter::add(&key("n"), name, addition, 1);
    Box::new(move |_, outcome| {
        let Some(outcome) = outcome else { return Some(counter.begin()) };
        // Somebody who thinks that a put that was sent is a put that was done.
        if puts_blindly && !matches!(outcome, Outcome::Ok(KVSResponse::GetAt(_) | KVSResponse::GetResult { .. })) {
            addition += 1;
            counter = Counter::add(&key("n"), name, addition, 1);
            return (addition <= times).then(|| counter.begin());
        }
        match counter.after(outcome) {
            Next::Ask(op) => Some(op),
            Next::Done(sum) => {
                assert!(sum.is_some(), "it is a counter");
                addition += 1;
                counter = Counter::add(&key("n"), name, addition, 1);
                (addition <= times).then(|| counter.begin())
            }
        }
    })
}

fn total(replay: &Replay) -> i64 {
    let server = replay.sim().world().node(NodeId(0)).as_server().expect("a server");
    let answer = server.read(&key("n"));
    answer.values().and_then(<[Value]>::first).map_or(0, |value| sum(value).expect("a counter"))
}

#[test]
fn a_counter_counts_every_addition_once() {
    for seed in 1..=20 {
        let names = ["a", "b", "c"];
        let workers = names.map(|name| adder(name, 10, false)).into_iter().collect();
        let (_, replay) = work(&architecture(ROUGH), seed, workers);
        assert_eq!(total(&replay), 30, "seed {seed}");
    }
}

#[test]
fn who_does_not_look_loses_additions() {
    let lost = (1..=20).any(|seed| {
        let workers = ["a", "b", "c"].map(|name| adder(name, 10, true)).into_iter().collect();
        total(&work(&architecture(ROUGH), seed, workers).1) < 30
    });
    assert!(lost, "so the counter above could lose some, too");
}

/// The times between which a lock is held.
type Held = std::cell::RefCell<Vec<(Time, Time)>>;

/// A worker who takes a lock, holds it while it writes something, and lets go, so many times.
fn holder<'a>(name: &'static str, times: u32, token: impl Fn(u32) -> Value + 'a, held: &'a Held) -> Worker<'a> {
    let mut turn = 1;
    let mut lock = Lock::new(&key("lock"), &token(turn));
    let (mut since, mut is_working) = (Time::ZERO, false);
    Box::new(move |now, outcome| {
        let Some(outcome) = outcome else { return Some(lock.acquire()) };
        if is_working {
            is_working = false;
            held.borrow_mut().push((since, now));
            return Some(lock.release());
        }
        match lock.after(outcome) {
            Next::Ask(op) => Some(op),
            Next::Done(Grip::Held) => {
                (since, is_working) = (now, true);
                Some(KVSOperation::Get(key(name)))
            }
            Next::Done(Grip::Busy) => Some(lock.acquire()),
            Next::Done(Grip::Released) => {
                turn += 1;
                lock = Lock::new(&key("lock"), &token(turn));
                (turn <= times).then(|| lock.acquire())
            }
        }
    })
}

fn overlaps(held: &[(Time, Time)]) -> bool {
    let mut held = held.to_vec();
    held.sort();
    held.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

#[test]
fn one_holds_a_lock_whose_tokens_are_used_once() {
    for seed in 1..=10 {
        let held = Held::default();
        let of = |name: &'static str| holder(name, 5, move |turn| value(&format!("{name} {turn}")), &held);
        work(&architecture(ROUGH), seed, vec![of("a"), of("b"), of("c")]);
        assert_eq!(held.borrow().len(), 15);
        assert!(!overlaps(&held.borrow()), "seed {seed}: {:?}", held.borrow());
    }
}

#[test]
fn two_hold_a_lock_whose_token_is_everybodys() {
    let two = (1..=10).any(|seed| {
        let held = Held::default();
        let of = |name: &'static str| holder(name, 5, |_| value("held"), &held);
        work(&architecture(ROUGH), seed, vec![of("a"), of("b"), of("c")]);
        let held = held.borrow();
        overlaps(&held)
    });
    assert!(two, "so the lock above could be held by two, too");
}

/// One script, all engines: the same answers.
#[test]
fn all_engines_answer_alike() {
    const SCRIPT: &str = "
        C1: put x=a @0
        C2: put x=b @0
        C1: put x=b @1
        C2: get x
        C1: put y=q @3
        C2: put \"a,b\"=\"1,2\" @0
        C1: get \"a,b\"
        C2: put x=c @2
        C1: put x=d @2
        C2: get none
        run 5s";
    let answers = |options: &str| -> Vec<Option<Outcome>> {
        let text = format!(
            "zoo versioned {options} latency-min=5ms latency-max=5ms fifo=on\n{}",
            SCRIPT.replace("\n", "\nrun 200ms\n")
        );
        let outcome = Schedule::parse(&text).expect("it makes sense").run(&mut ());
        assert_eq!(outcome.failure, None);
        let ended = |operation: &kvs_core::sim::Operation| operation.ended.as_ref().map(|ended| ended.outcome.clone());
        outcome.history.operations().iter().map(ended).collect()
    };
    let memory = answers("engine=memory");
    assert_eq!(memory.len(), 10);
    assert!(memory.iter().all(Option::is_some));
    for engine in ["flat-file flat-file=append", "flat-file flat-file=rewrite-in-place", "flat-file", "embedded"] {
        assert_eq!(answers(&format!("engine={engine}")), memory, "{engine}");
    }
}

const CONFIG: &str = include_str!("../../config.json");

/// The lesson of the three disks, on each: the same script, and the same answers until the power fails.
#[test]
fn one_script_runs_unchanged_on_every_engine_and_differs_only_after_the_crash() {
    let lesson = include_str!("../../lessons/three_disks_flat_file.kvs");
    let whole = Schedule::parse(lesson).expect("a lesson");
    let (before, _) = lesson.split_once("ask ").expect("it asks what is left");
    let before = Schedule::parse(before).expect("its beginning");
    for (engine, left) in [("memory", "none"), ("flat-file", "b @2"), ("embedded", "b @2")] {
        let begun = before.with_engine(engine).expect("an engine").run(&mut ());
        assert_eq!(begun.failure, None, "{engine}");
        let failure = whole.with_engine(engine).expect("an engine").run(&mut ()).failure;
        assert_eq!(failure.is_some(), engine == "memory", "{engine}: {failure:?}");
        let read = format!("{before}C2: get x expect {left}");
        let read = Schedule::parse(&read).expect("it makes sense").with_engine(engine).expect("an engine");
        assert_eq!(read.run(&mut ()).failure, None, "{engine}");
    }
    assert!(whole.with_engine("tape").is_err());
    let other = Schedule::parse("zoo raft").expect("it makes sense");
    assert!(other.with_engine("memory").is_err(), "values have no versions there");
}

#[test]
fn packet_loss_can_be_turned_in_the_middle_of_a_run_and_a_crash_does_not_turn_it_back() {
    let text = "
        zoo versioned engine=flat-file
        C1: put x=a @0 expect ok @1
        packet-loss replies=100%
        C1: put x=b @1
        run 100ms
        expect S1 x = b
        expect mark \"served, and the answer is dropped\" S1
        crash S1
        restart S1
        C2: get x expect unavailable
        packet-loss replies=0%
        C2: get x expect b @2
        packet-loss requests=100%
        C2: put y=c @0 expect unavailable
        expect mark \"dropped before it left: no copy of it can arrive\" C2
        expect S1 y = none
        packet-loss requests=0% replies=0%
        C2: put y=c @0 expect ok @1";
    let schedule = Schedule::parse(text).expect("it makes sense");
    let outcome = schedule.run(&mut ());
    assert_eq!(outcome.failure, None);
    let recorded = Schedule::from_recording(&outcome.recording).to_string();
    assert!(recorded.contains("packet-loss requests=100% replies=0%"), "{recorded}");
    let elsewhere = Schedule::parse("zoo replicated\npacket-loss requests=10%").expect("it makes sense").run(&mut ());
    let why = elsewhere.failure.expect("no clerks there").to_string();
    assert!(why.contains("only the network loses messages"), "{why}");
    for (text, expected) in [("packet-loss", "`requests=` or `replies=`"), ("packet-loss replies=7", "a percentage")] {
        let error = Schedule::parse(&format!("zoo versioned\n{text}")).expect_err("it makes no sense").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_stress_run_is_consistent_on_every_engine_and_comes_again() {
    let mut config = StressConfig::parse(CONFIG).expect("it is right");
    config.duration = Span::from_secs(5);
    for engine in ["memory", "flat-file", "embedded"] {
        let run = || ServerRunner::new(&config, engine, 7).expect("an engine").run(|_| {});
        let report = run();
        assert_eq!(report.linearizable.verdict, Verdict::Holds, "{engine}");
        assert!(report.kept.iter().all(|(_, kept)| kept.is_some()));
        for client in &report.clients {
            assert!(client.reads > 20 && client.puts > 20 && client.refused > 0, "{engine}: {client:?}");
        }
        assert_eq!(report.clients, run().clients, "equal seeds give equal runs");
        // What leaves as Jepsen's history is judged alike when it comes back.
        let mut history = History::default();
        let mut replay = Replay::new(&report.recording, &mut history);
        replay.advance_to(Time::ZERO + Span::from_secs(60), &report.recording, &mut history);
        let mut text = String::new();
        export::jepsen(&mut text, &history).expect("a text takes everything");
        let mut reader = Reader::default();
        reader.read(text.as_bytes()).expect("it is a history");
        let foreign = reader.finish().expect("it is a whole one");
        let options = Options { model: Some(ModelName::Versioned), ..Options::default() };
        let verdict = foreign.judge(&options, Budget::PATIENT).map(|(_, verdict)| verdict);
        assert_eq!(verdict, Ok(Verdict::Holds), "{engine}");
    }
}

#[test]
fn a_stress_run_of_a_client_that_lies_is_not() {
    let text = CONFIG.replace("\"server_packet_loss_rate\": 2.0", "\"server_packet_loss_rate\": 20.0");
    let config = StressConfig::parse(&text).expect("it is right");
    let report = ServerRunner::new(&config, "memory", 1).expect("an engine").with("recovery", "false-recovery");
    assert!(report.expect("an option").run(|_| {}).linearizable.verdict.is_broken());
}

#[test]
fn every_mistake_of_a_configuration_is_said_at_once_with_its_place() {
    let text = r#"{
        "test_duration_seconds": 0,
        "server_packet_loss_rate": 101,
        "max_retries": 3,
        "clients": [
            { "name": "a", "keys": ["x", 7, "x"], "client_packet_loss_rate": "1", "success_sleep_ms": -1, "error_sleep_ms": 1.5 },
            { "name": "a", "keys": [], "client_packet_loss_rate": 0.00001, "success_sleep_ms": 1 },
            3
        ]
    }"#;
    let mistakes: Vec<String> =
        StressConfig::parse(text).expect_err("it is wrong").iter().map(ToString::to_string).collect();
    let rate = "expected a rate in percent, from 0 to 100, with at most 4 decimals, not";
    let fields = "name, keys, client_packet_loss_rate, success_sleep_ms, error_sleep_ms";
    let all = "test_duration_seconds, server_packet_loss_rate, max_retries_server_packet_loss, clients";
    assert_eq!(
        mistakes,
        [
            format!("max_retries: there is no such field; there are {all}"),
            "test_duration_seconds: expected a whole number from 1 to 86400, not 0".into(),
            format!("server_packet_loss_rate: {rate} 101"),
            "max_retries_server_packet_loss: it is missing".into(),
            "clients[0].keys[1]: expected a key, not 7".into(),
            "clients[0].keys[2]: \"x\" is there already".into(),
            format!("clients[0].client_packet_loss_rate: {rate} \"1\""),
            "clients[0].success_sleep_ms: expected a whole number from 0 to 60000, not -1".into(),
            "clients[0].error_sleep_ms: expected a whole number from 0 to 60000, not 1.5".into(),
            "clients[1].keys: there are 1 to 1000 of them, not 0".into(),
            format!("clients[1].client_packet_loss_rate: {rate} 0.00001"),
            "clients[1].error_sleep_ms: it is missing".into(),
            "clients[1].name: another client is called \"a\", too".into(),
            format!("clients[2]: expected an object with {fields}, not 3"),
        ]
    );
    let broken = StressConfig::parse("{ \"clients\": [").expect_err("it is no JSON");
    assert!(broken.len() == 1 && broken[0].what.contains("line 1"), "{broken:?}");
}

#[test]
fn rates_are_percent_in_the_file_and_probabilities_inside() {
    let config = StressConfig::parse(CONFIG).expect("it is right");
    assert_eq!(config.server_packet_loss.as_ppm(), 20_000);
    assert_eq!(config.clients[2].packet_loss.as_ppm(), 50_000);
    assert_eq!(config.clients[0].keys, ["key1", "key2", "key3"].map(key));
}
