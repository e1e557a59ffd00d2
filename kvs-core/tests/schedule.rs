//! The language of schedules: what is printed reads back to the same, what was done comes back from its text, and whatever the
//! text is, the answer is a schedule or one sentence.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kvs_core::choice::Probability;
use kvs_core::command::KVOperation;
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Message, PacketLoss, Timer, Traffic, Watch};
use kvs_core::sim::schedule::{Expected, Front, Level, Line, ParseProblem, Schedule, Statement, Words};
use kvs_core::sim::{Fate, Input, Links, Pattern, Recording, Replay, TraceHash};
use kvs_core::time::{Span, Time};
use kvs_core::version::{Generation, Version, Versioned};
use kvs_core::world::LinkOptions;
use kvs_core::zoo::{Architecture, Guarantee, Kind, OPTIONS, catalog};
use proptest::prelude::*;
use proptest::sample::Index;

const FATES: [Fate; 5] = [Fate::Drop, Fate::Duplicate, Fate::Hold, Fate::Release, Fate::Deliver];

fn lessons() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lessons");
    let files = fs::read_dir(folder).expect("the folder of lessons").map(|entry| entry.expect("a file").path());
    let lessons = files.filter(|path| path.extension().is_some_and(|ending| ending == "kvs"));
    lessons.map(|path| fs::read_to_string(path).expect("text")).collect()
}

// ---- schedules out of nothing

/// Any text a key or value may be, above all those that mean something elsewhere.
fn text() -> impl Strategy<Value = String> {
    const WORDS: [&str; 24] = [
        "refused",
        "batch",
        "ttl",
        "yes",
        "",
        "none",
        "ok",
        "unknown",
        "pending",
        "expect",
        "up",
        "down",
        "agree",
        "mark",
        "R1",
        "#1",
        "a#1",
        "->",
        "a->b",
        "-",
        "50%",
        "🦓",
        "\u{202e}מפתח",
        "\u{feff}",
    ];
    prop_oneof![
        2 => "[a-z]{1,4}".boxed(),
        2 => proptest::sample::select(&WORDS[..]).prop_map(String::from).boxed(),
        1 => proptest::collection::vec(any::<char>(), 0..10).prop_map(|characters| characters.into_iter().collect()),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    text().prop_map(|text| Key::new(&text).expect("short"))
}

fn value() -> impl Strategy<Value = Value> {
    text().prop_map(|text| Value::new(&text).expect("short"))
}

/// What a read may find, in order.
fn values() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(value(), 0..4).prop_map(|mut values| {
        values.sort_unstable();
        values
    })
}

fn expected() -> impl Strategy<Value = Expected> {
    prop_oneof![
        Just(Expected::Ok),
        Just(Expected::Unknown),
        Just(Expected::Pending),
        Just(Expected::Refused),
        Just(Expected::UnknownClosed),
        version().prop_map(Expected::OkAt),
        version().prop_map(Expected::RefusedAt),
        (value(), version()).prop_map(|(value, version)| Expected::ValueAt(Versioned { value, version })),
        values().prop_map(Expected::Values),
        proptest::collection::vec(values(), 0..4).prop_map(Expected::Batch),
    ]
}

fn version() -> impl Strategy<Value = Version> {
    (any::<u64>(), any::<u32>(), 0..3_u32).prop_map(|(number, life, deletions)| {
        let generation = Generation { life: life % 3, deletions };
        Version { generation, number }
    })
}

fn links(nodes: u32) -> impl Strategy<Value = Links> {
    let group = proptest::collection::vec((0..nodes).prop_map(NodeId), 1..4).boxed();
    prop_oneof![
        (group.clone(), group.clone()).prop_map(|(from, to)| Links::OneWay { from, to }),
        proptest::collection::vec(group, 2..4).prop_map(Links::Between),
    ]
}

fn pattern(nodes: u32) -> impl Strategy<Value = Pattern> {
    let end = proptest::option::of((0..nodes).prop_map(NodeId)).boxed();
    let kind = proptest::option::of(0..u8::try_from(Message::KINDS.len()).expect("few"));
    (kind, end.clone(), end).prop_map(|(kind, from, to)| Pattern { kind, from, to })
}

fn operation() -> impl Strategy<Value = KVSOperation> {
    prop_oneof![
        (key(), value()).prop_map(|(key, value)| KVSOperation::Put(key, value)),
        (key(), value(), version()).prop_map(|(k, v, version)| KVSOperation::PutIf(k, v, version)),
        key().prop_map(KVSOperation::Get),
        key().prop_map(KVSOperation::Delete),
        (key(), value(), any::<u64>()).prop_map(|(k, v, us)| KVSOperation::PutFor(k, v, Span::from_us(us))),
        key().prop_map(KVSOperation::Exists),
        Just(KVSOperation::ListKeys),
        Just(KVSOperation::Size),
        Just(KVSOperation::Clear),
        proptest::collection::vec(command(), 0..5).prop_map(|commands| KVSOperation::Batch(commands.into())),
    ]
}

/// A command of a batch.
fn command() -> impl Strategy<Value = KVOperation> {
    let ttl = proptest::option::of(any::<u64>().prop_map(Span::from_us));
    prop_oneof![
        (key(), value(), ttl).prop_map(|(key, value, ttl)| KVOperation::Set { key, value, ttl }),
        key().prop_map(KVOperation::Get),
        key().prop_map(KVOperation::Delete),
        key().prop_map(KVOperation::Exists),
        Just(KVOperation::ListKeys),
        Just(KVOperation::Size),
        Just(KVOperation::Clear),
        Just(KVOperation::Tick),
    ]
}

/// Any statement about a world of so many servers and clients.
fn statement(servers: u32, clients: u32) -> impl Strategy<Value = Statement> {
    let nodes = servers + clients;
    let server = (0..servers).prop_map(NodeId).boxed();
    let client = (servers..nodes).prop_map(NodeId).boxed();
    let node = (0..nodes).prop_map(NodeId).boxed();
    let call = (client.clone(), operation(), proptest::option::of(server.clone()), proptest::option::of(expected()));
    let traffic = (1..u64::MAX, 1..=1_000_u32, 0..=100_u32).prop_map(|(every, keys, reads_percent)| Traffic {
        every: Span::from_us(every),
        keys,
        reads_percent,
    });
    let changes: [(&str, &str); 5] =
        [("loss", "2.5%"), ("duplication", "100%"), ("latency-min", "5ms"), ("latency-max", "1.25s"), ("fifo", "on")];
    let change = proptest::sample::select(changes.to_vec()).prop_map(|(name, value)| (name.into(), value.into()));
    let network = prop_oneof![
        links(nodes).prop_map(Statement::Cut),
        links(nodes).prop_map(Statement::Heal),
        Just(Statement::HealAll),
        (proptest::option::of(links(nodes)), proptest::collection::vec(change, 1..4))
            .prop_map(|(links, changes)| Statement::Links { links, changes }),
        (proptest::sample::select(&FATES[..]), pattern(nodes), proptest::option::of(1..u32::MAX))
            .prop_map(|(fate, pattern, place)| Statement::Message { fate, pattern, place }),
        pattern(nodes).prop_map(Statement::DropNext),
        (0..=1_000_000_u32, proptest::option::of(0..=1_000_000_u32), any::<bool>()).prop_map(
            |(one, other, is_first)| {
                let (one, other) = (Some(Probability::from_ppm(one)), other.map(Probability::from_ppm));
                let (requests, replies) = if is_first { (one, other) } else { (other, one) };
                Statement::PacketLoss { requests, replies }
            }
        ),
    ];
    let machines = prop_oneof![
        server.clone().prop_map(Statement::Crash),
        server.clone().prop_map(Statement::Restart),
        server.clone().prop_map(Statement::Wipe),
        server.clone().prop_map(Statement::Pause),
        server.clone().prop_map(Statement::Resume),
        (server.clone(), any::<i64>()).prop_map(|(node, offset_us)| Statement::Clock { node, offset_us }),
        (proptest::sample::select(&Timer::ALL[..]), node.clone())
            .prop_map(|(timer, node)| Statement::Fire { timer, node }),
        (client.clone(), server.clone(), key(), any::<bool>()).prop_map(|(client, server, prefix, is_on)| {
            Statement::Watch { client, watch: Arc::new(Watch { server, prefix, is_on }) }
        }),
    ];
    let time = prop_oneof![
        any::<u64>().prop_map(|us| Statement::Run(Span::from_us(us))),
        any::<u32>().prop_map(Statement::Step),
        (any::<u64>(), proptest::option::of(any::<u32>()))
            .prop_map(|(us, events)| Statement::At { time: Time::from_us(us), events }),
        Just(Statement::Settle),
    ];
    let expectations = prop_oneof![
        (server.clone(), key(), values()).prop_map(|(node, key, values)| Statement::ExpectHeld { node, key, values }),
        any::<bool>().prop_map(Statement::ExpectAgree),
        (server, any::<bool>()).prop_map(|(node, up)| Statement::ExpectUp { node, up }),
        (client, expected()).prop_map(|(client, expected)| Statement::ExpectLast { client, expected }),
        (proptest::sample::select(&Guarantee::ALL[..]), any::<bool>())
            .prop_map(|(guarantee, holds)| Statement::ExpectVerdict { guarantee, holds }),
        (text(), node).prop_map(|(mark, node)| Statement::ExpectMark { mark, node }),
    ];
    prop_oneof![
        call.prop_map(|(client, op, to, expect)| Statement::Call { client, call: Arc::new(Call { op, to }), expect }),
        proptest::option::of(traffic).prop_map(Statement::Traffic),
        network,
        machines,
        time,
        expectations,
        text().prop_map(Statement::Say),
        (text(), proptest::collection::vec(text(), 2..4))
            .prop_map(|(question, answers)| Statement::Ask { question, answers }),
    ]
}

/// Any schedule: an exhibit, with some options turned, and statements about it.
fn schedule() -> impl Strategy<Value = Schedule> {
    let turns = proptest::collection::vec((any::<Index>(), any::<Index>()), 0..6);
    let world = (0..catalog::EXHIBITS.len(), turns).prop_map(|(animal, turns)| {
        let mut architecture = catalog::EXHIBITS[animal].architecture();
        for (option, choice) in turns {
            let option = option.get(OPTIONS);
            let value = match option.kind {
                Kind::Count { max, .. } => max.min(5).to_string(),
                Kind::Span { max, .. } => max.to_string(),
                Kind::Percent => "2.5%".into(),
                Kind::Switch => (*choice.get(&["on", "off"])).into(),
                Kind::Choice(names) => choice.get(names).0.into(),
            };
            let before = architecture.clone();
            if architecture.set(option.name, &value).and_then(|()| architecture.validate()).is_err() {
                architecture = before;
            }
        }
        architecture
    });
    (world, any::<u64>()).prop_flat_map(|(architecture, seed)| {
        let statements = proptest::collection::vec(statement(architecture.servers, architecture.clients), 0..20);
        (statements, front(&architecture)).prop_map(move |(statements, front)| {
            let head = [front.title.is_some(), front.about.is_some(), front.level.is_some()];
            let first = 3 + u32::try_from(head.iter().filter(|is_there| **is_there).count()).expect("few");
            let lines = (first..).zip(statements).map(|(number, statement)| Line { number, statement });
            Schedule { front, architecture: architecture.clone(), seed, lines: lines.collect() }
        })
    })
}

/// What may stand at the head of a lesson in this world.
fn front(architecture: &Architecture) -> impl Strategy<Value = Front> + use<> {
    let words = proptest::option::of(text()).boxed();
    let goals: Vec<Guarantee> = architecture.claims().into_iter().map(|claim| claim.guarantee).collect();
    let turned = |name: &str| {
        ["on", "off"].into_iter().find_map(|value| {
            let mut other = architecture.clone();
            let is_other = other.set(name, value).and_then(|()| other.validate()).is_ok() && other != *architecture;
            is_other.then(|| (name.to_owned(), value.to_owned()))
        })
    };
    let options: Vec<(String, String)> = OPTIONS.iter().filter_map(|option| turned(option.name)).collect();
    let level = (any::<Index>(), any::<Index>(), 0..=Level::PAR_MAX, proptest::collection::vec(text(), 2..5));
    (words.clone(), words, proptest::option::of(level)).prop_map(move |(title, about, level)| {
        let level = level.filter(|_| !goals.is_empty() && !options.is_empty());
        let level = level.map(|(goal, option, par, rules)| Level {
            goal: *goal.get(&goals),
            par,
            option: option.get(&options).clone(),
            rules,
        });
        Front { title, about, level }
    })
}

// ---- runs out of nothing

fn trace_hash(recording: &Recording, until: Time) -> u64 {
    let mut hash = TraceHash::default();
    let mut replay = Replay::new(recording, &mut hash);
    replay.advance_to(until, recording, &mut hash);
    hash.digest()
}

/// One thing somebody does: which, to whom, and after how long.
type Move = (u8, u32, u32, u64);

fn input_of((which, a, b, _): Move, replay: &Replay, servers: u32) -> Option<Input> {
    let (server, other) = (NodeId(a % servers), NodeId(b % servers));
    let client = NodeId(servers + b % 2);
    let key = Key::new(&format!("k {}", a % 3)).expect("short");
    let call = |op, to| Input::Call { client, call: Arc::new(Call { op, to }) };
    let pattern = Pattern {
        kind: (a % 3 > 0).then_some(u8::try_from(b % 8).expect("few")),
        from: (b % 3 > 0).then_some(NodeId(a % (servers + 2))),
        to: (a % 2 > 0).then_some(NodeId(b % (servers + 2))),
    };
    let options = LinkOptions {
        latency_min: Span::from_us(u64::from(a)),
        latency_max: Span::from_us(u64::from(a + b)),
        loss: Probability::from_ppm(a * 100),
        duplication: Probability::from_ppm(b * 100),
        fifo: a % 2 == 0,
    };
    Some(match which % 25 {
        0 => call(KVSOperation::Get(key), None),
        1 | 2 => call(KVSOperation::Put(key, Value::new(&format!("v\"{b}\n")).expect("short")), Some(server)),
        3 => call(KVSOperation::Delete(key), None),
        4 => Input::Cut(Links::pair(server, other)),
        5 => Input::Cut(Links::OneWay { from: vec![server], to: vec![other, client] }),
        6 => Input::Heal(Links::pair(server, other)),
        7 => Input::HealAll,
        8 => Input::Crash(server),
        9 => Input::Restart(server),
        10 => Input::Wipe(server),
        11 => Input::Pause(server),
        12 => Input::Resume(server),
        13 => Input::Clock { node: server, offset_us: i64::from(b) * 1_000 - 500_000 },
        14 => Input::Traffic((b % 2 == 0).then_some(Traffic { every: Span::from_ms(50), keys: 3, reads_percent: 50 })),
        15 => {
            let node = NodeId(a % (servers + 2));
            Input::Fire { node, timer: Timer::ALL[b as usize % Timer::ALL.len()] }
        }
        16 => Input::Hold(pattern),
        17 => Input::Release(pattern),
        18 => Input::DropNext(pattern),
        19 => Input::LinksEverywhere(options),
        20 => Input::LinksBetween(Links::pair(server, other), options),
        21 => Input::PacketLoss(PacketLoss {
            requests: Probability::from_ppm(a * 100),
            replies: Probability::from_ppm(b * 100),
        }),
        _ => {
            let letters = replay.sim().world().letters();
            let letter = (!letters.is_empty()).then(|| letters[a as usize % letters.len()].0)?;
            Input::Message { id: letter, fate: FATES[b as usize % FATES.len()] }
        }
    })
}

/// What somebody does in a world, and where that leads.
fn play(animal: usize, seed: u64, moves: &[Move]) -> (Recording, Time) {
    let architecture = catalog::EXHIBITS[animal].architecture();
    let servers = architecture.servers;
    let mut recording = Recording::new(architecture, seed);
    let mut replay = Replay::new(&recording, &mut ());
    for &each in moves {
        let wait = each.3;
        for _ in 0..wait % 7 {
            replay.step(&recording, &mut ());
        }
        if wait > 500 {
            let until = replay.moment().time + Span::from_us(wait * 100);
            replay.advance_to(until, &recording, &mut ());
        }
        if let Some(input) = input_of(each, &replay, servers) {
            // What the world refuses is not recorded.
            let _refused = replay.act(&mut recording, input, &mut ());
        }
    }
    (recording, replay.moment().time)
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_to_the_same(schedule in schedule()) {
        let text = schedule.to_string();
        prop_assert_eq!(Schedule::parse(&text).map_err(|error| format!("{error}\n{text}")), Ok(schedule));
    }

    #[test]
    fn what_was_done_by_hand_comes_back_from_its_schedule(
        animal in 0..2_usize,
        seed in any::<u64>(),
        moves in proptest::collection::vec((any::<u8>(), 0..1_000_u32, 0..1_000_u32, 0..1_000_u64), 0..60),
    ) {
        let (recording, end) = play(animal, seed, &moves);
        let text = Schedule::from_recording(&recording).to_string();
        let outcome = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).run(&mut ());
        prop_assert_eq!(outcome.failure, None, "{}", text);
        prop_assert_eq!(&outcome.recording, &recording, "{}", text);
        let until = end + Span::from_secs(1);
        prop_assert_eq!(trace_hash(&outcome.recording, until), trace_hash(&recording, until));
    }

    #[test]
    fn any_text_is_a_schedule_or_a_sentence_about_one_of_its_places(text in any::<String>()) {
        ask_anything(&text)?;
    }

    #[test]
    fn any_words_of_the_language_are_a_schedule_or_a_sentence(
        words in proptest::collection::vec((any::<Index>(), "[ \n]?"), 0..30),
    ) {
        const WORDS: [&str; 54] = [
            "title", "about", "level", "linearizable", "par", "missing", "put", "get", "delete", "k", "=", "v", "->", "R1", "R2", "c1", ":", "expect", "ok", "none", "{", "}", ",", "cut", "|",
            "heal", "isolate", "drop", "next", "hold", "release", "Rumor", "*", "#", "#1", "run", "1s", "step", "3", "at", "after",
            "settle", "agree", "mark", "\"", "\"x\"", "\\u{", "links", "loss", "5%", "traffic", "every", "zoo", "99999999999999999999",
        ];
        let text: String = words.iter().map(|(word, gap)| format!("{}{gap}", word.get(&WORDS))).collect();
        ask_anything(&text)?;
    }

    #[test]
    fn a_lesson_with_a_changed_character_is_a_schedule_or_a_sentence(
        lesson in any::<Index>(),
        place in any::<Index>(),
        new in any::<char>(),
    ) {
        let mut characters: Vec<char> = lesson.get(&lessons()).chars().collect();
        let place = place.index(characters.len());
        *characters.get_mut(place).expect("within") = new;
        let text: String = characters.into_iter().collect();
        ask_anything(&text)?;
        if let Ok(schedule) = Schedule::parse(&text) {
            let _outcome = schedule.run(&mut ());
        }
    }
}

/// Parses what may be anything. What makes sense is printed and makes the same sense; what does not has one place and one sentence.
fn ask_anything(text: &str) -> Result<(), TestCaseError> {
    match Schedule::parse(text) {
        Ok(schedule) => {
            let again = Schedule::parse(&schedule.to_string());
            let again = again.map_err(|error| TestCaseError::fail(format!("{error}\n{schedule}")))?;
            let statements =
                |schedule: &Schedule| schedule.lines.iter().map(|line| line.statement.clone()).collect::<Vec<_>>();
            prop_assert_eq!(statements(&again), statements(&schedule));
            prop_assert_eq!((&again.architecture, again.seed), (&schedule.architecture, schedule.seed));
            prop_assert_eq!(&again.front, &schedule.front);
        }
        Err(error) => {
            let line = text.lines().nth(error.line as usize - 1);
            let line = line.ok_or_else(|| TestCaseError::fail(format!("{error}: there is no such line")))?;
            prop_assert!((1..=line.chars().count() + 1).contains(&(error.column as usize)), "{error}");
            prop_assert!(error.to_string().chars().count() < 500, "{error}");
        }
    }
    Ok(())
}

// ---- sentences

#[test]
fn says_where_it_went_wrong_and_what_was_expected() {
    let cases = [
        ("put k=x -> R9", "line 1, column 12: expected a server (R1, R2, R3), not `R9`"),
        ("\n\nput k x", "line 3, column 7: expected `=`, not `x`"),
        ("frob R1", "line 1, column 1: expected a statement: put, get"),
        ("cut R1", "line 1, column 7: expected `|` or `->`, not the end of the line"),
        ("get k -> R1 expect", "line 1, column 19: expected a value, not the end of the line"),
        ("run fast", "line 1, column 5: expected a time, such as 200ms or 1.5s, not `fast`"),
        (
            "zoo elephant",
            "line 1, column 5: expected a store (local, replicated, sharded, sharded-replicated, sharded-causal, primary-backup, vr, raft, linearizable, smr, versioned), not `elephant`",
        ),
        ("zoo replicated replicas=0", "line 1, column 16: `replicas` must be a number from 1 to 1000, not `0`"),
        ("zoo replicated fanout=9", "line 1, column 1: a fan-out of 9 needs"),
        ("put k=x\nzoo local", "line 2, column 1: `zoo`, `seed`, `title`, `about` and `level` stand before the first"),
        (
            "run 1s\ntitle \"Late\"",
            "line 2, column 1: `zoo`, `seed`, `title`, `about` and `level` stand before the first",
        ),
        ("title Hello", "line 1, column 7: expected the title, in quotes and with at most 300 characters, not `Hello`"),
        ("title \"a\"\ntitle \"b\"", "line 2, column 1: there is a `title` already"),
        ("level linearizable par 1", "line 1, column 7: expected a promise of this store, not `linearizable`"),
        ("zoo local\nlevel wonderful", "line 2, column 7: expected the promise to break, such as linearizable, not"),
        ("zoo local\nlevel durable par 21", "line 2, column 19: expected a number of faults up to 20, not `21`"),
        ("zoo local\nlevel durable par 1 missing dedupe=maybe", "line 2, column 29: `dedupe` must be on or off, not"),
        (
            "zoo local\nlevel durable par 1 missing dedupe=on = \"a\" | \"b\"",
            "line 2, column 29: expected an option that is something else in this store, not `dedupe`",
        ),
        (
            "zoo local dedupe=off\nlevel durable par 1 missing dedupe=on = \"a\"",
            "line 2, column 44: expected `|` and another rule, not the end of the line",
        ),
        (
            "zoo local dedupe=off\nlevel durable par 1 missing dedupe=on = \"a\" | \"b\"\nzoo local",
            "line 3, column 1: `zoo` stands before `level`, which is about that store",
        ),
        ("put \"k", "line 1, column 5: the quotation that begins here does not end"),
        ("put \"k\\q\"=x", "line 1, column 7: `\\` may be followed by"),
        ("put \"\\u{110000}\"=x", "line 1, column 6: `\\` may be followed by"),
        ("put \"\\u{0000041}\"=x", "line 1, column 6: `\\` may be followed by"),
        ("put 🦓🦓 x", "line 1, column 8: expected `=`, not `x`"),
        ("C7: get k", "line 1, column 1: expected a client (C1, C2), not `C7`"),
        ("drop Rumour R1->R2", "line 1, column 6: expected a message: a kind (as the picture names them"),
        ("drop Rumor #0", "line 1, column 13: expected a place from 1, not `0`"),
        ("crash C1", "line 1, column 7: expected a server (R1, R2, R3), not `C1`"),
        ("zoo replicated replicas=50\ncrash R51", "line 2, column 7: expected a server (R1, R2, …, R50), not `R51`"),
        ("heal R1 | R2 now", "line 1, column 14: expected a node (R1, R2, R3, C1, C2), not `now`"),
        ("links replicas=3", "line 1, column 7: expected links, such as R1 -> R2, or an option of links (latency-min"),
        ("links R1 -> R2 loss=200%", "line 1, column 16: `loss` must be a percentage from 0% to 100%, not `200%`"),
        ("traffic every 0s", "line 1, column 15: expected a time above 0s, not `0s`"),
    ];
    for (text, sentence) in cases {
        let error = Schedule::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(sentence), "{text}: {error}");
    }
    let long = format!("put {}=x", "k".repeat(65));
    assert!(matches!(Schedule::parse(&long).expect_err("long").problem, ParseProblem::TooLong(_)));
}

#[test]
fn a_line_that_fails_says_what_it_found() {
    let cases = [
        ("expect R1 k = x", "line 1: expected x, found none"),
        ("put k=x -> R1\nget k -> R1 expect y", "line 2: expected y, found x"),
        ("run 1s\nat 1ms", "line 2: that moment is past: it is 1s already"),
        ("deliver Rumor R1->R2", "line 1: no such message is on its way; nothing is"),
        ("crash R1\ncrash R1", "line 2: the server is down already"),
        ("expect disagree", "line 1: expected that they disagree, found that all stores agree"),
        ("put a=1 -> R1\ndeliver Response", "line 2: no such message is on its way; what is: Request C1->R1"),
        (
            "hold Request\nput a=1 -> R1\ndeliver Rumor",
            "line 3: no such message is on its way; what is: Request C1->R1 (held)",
        ),
        ("links latency-min=1s", "line 1: the shortest latency (1s) must not be longer than the longest (60ms)"),
        (
            "zoo replicated anti-entropy=off\ncut R1 | R2 R3\nput a=1 -> R1\nsettle",
            "line 4: the stores do not agree within 120s",
        ),
        ("zoo local\nhold Request\nput a=1 expect ok", "line 3: expected ok, found unknown"),
        (
            "ask \"Who?\" = \"a\" | \"b\"\nrun 1s",
            "line 1: nothing after this question shows which answer is right: expect something before the next one",
        ),
        (
            "ask \"Who?\" = \"a\" | \"b\"\nrun 1s\nask \"When?\" = \"a\" | \"b\"\nexpect agree",
            "line 1: nothing after this question shows which answer is right: expect something before the next one",
        ),
    ];
    for (text, sentence) in cases {
        let outcome = Schedule::parse(text).expect(text).run(&mut ());
        assert_eq!(outcome.failure.map(|failure| failure.to_string()), Some(sentence.into()), "{text}");
    }
}

#[test]
fn a_run_is_kept_up_to_the_line_that_fails() {
    let schedule = Schedule::parse("put k=x -> R1 expect ok\nexpect R1 k = y\nput k=z -> R1").expect("it makes sense");
    let outcome = schedule.run(&mut ());
    assert_eq!(outcome.failure.map(|failure| failure.line), Some(2));
    assert_eq!((outcome.recording.inputs().len(), outcome.history.operations().len()), (1, 1));
}

#[test]
fn nobody_waits_for_a_schedule_without_end() {
    for text in ["run 18446744073709s", "step 4294967295", "traffic every 1us\nrun 18446744073709s"] {
        let outcome = Schedule::parse(text).expect(text).run(&mut ());
        let sentence = outcome.failure.expect("it is too much").to_string();
        assert!(sentence.contains("a schedule may not ask for more"), "{sentence}");
    }
}

#[test]
fn long_schedules_take_no_longer_a_line_than_short_ones() {
    let mut text = String::from("zoo local\nC2: put a=1 expect ok\n");
    for line in 0..33_000 {
        text += &format!("put k{}=v{line} expect ok\nexpect C2 ok\nlinks S1->C1 loss=0%\n", line % 50);
    }
    let schedule = Schedule::parse(&text).expect("it makes sense");
    assert_eq!(schedule.run(&mut ()).failure, None);
    assert_eq!(Schedule::parse(&schedule.to_string()).map(|again| again.lines.len()), Ok(schedule.lines.len()));
}

// ---- what statements mean

/// Runs a schedule of which all is expected to hold.
fn holds(text: &str) -> Recording {
    let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")).run(&mut ());
    assert_eq!(outcome.failure.map(|failure| failure.to_string()), None, "{text}");
    outcome.recording
}

#[test]
fn a_comment_begins_at_a_sign_that_stands_alone() {
    holds("\u{feff}#1 one\r\n  #2 two\r\nput k=a#1 -> R1 expect ok #3 three\nget k -> R1 expect a#1 # four\n\n\t\n");
    holds(
        "hold Request\nput k=x -> R1\nhold Response # all\nrelease Request #1 # the first\nrun 1s\ndeliver Response#1 #1",
    );
}

#[test]
fn names_are_read_in_any_letters() {
    holds(
        "zoo REPLICATED Replicas=3 values=LWW\nc1: put k=x -> r1 expect ok\nfire gossiptick r1\nexpect c1 ok\nexpect r1 k = x",
    );
}

#[test]
fn any_text_is_put_and_found_again() {
    for text in ["\"\"", "\"none\"", "🦓", "مرحبا", "\"a b\\t\\\"c\\\"\\\\ \\u{1f993}\"", "a->", "50%", "-"] {
        if text == "a->" {
            Schedule::parse(&format!("put k={text} -> R1")).expect_err("an arrow is a sign");
            continue;
        }
        holds(&format!("put {text}={text} -> R1 expect ok\nget {text} -> R1 expect {text}\nexpect R1 {text} = {text}"));
    }
}

#[test]
fn waits_for_the_operation_it_has_begun_and_no_other() {
    holds("zoo local\nput k=1\nput k=2\nget k expect 2\nput k=3 expect ok\nC2: get k expect 3\nexpect C1 ok");
}

#[test]
fn the_next_is_lost_whatever_is_on_its_way() {
    let on_its_way = holds("zoo local\nput k=1\ndrop Request\nrun 1s\nexpect C1 ok");
    assert!(on_its_way.inputs().iter().any(|(_, input)| matches!(input, Input::Message { fate: Fate::Drop, .. })));
    let to_come = holds(
        "zoo local\nC1: put k=1\ndrop next Request\nC2: put k=2\nrun 100ms\nexpect S1 k = 1\nrun 2s\nexpect S1 k = 2",
    );
    assert!(to_come.inputs().iter().any(|(_, input)| matches!(input, Input::DropNext(_))));
}

#[test]
fn links_keep_what_a_line_does_not_change() {
    let recording = holds("links R1->R2 loss=100%\nlinks R1 | R2 R3 latency-max=80ms\nlinks latency-min=5ms");
    let mut losses: Vec<u32> = Vec::new();
    for (_, input) in recording.inputs() {
        if let Input::LinksBetween(_, options) | Input::LinksEverywhere(options) = input {
            losses.push(options.loss.as_ppm());
        }
    }
    assert_eq!(losses, [1_000_000, 1_000_000, 0, 0, 0, 0], "R1 to R2, then each of four directions, then all");
}

#[test]
fn what_is_expected_next_answers_a_question() {
    let text = "ask \"What?\" = \"none\" | \"x\"\nrun 1s\nget k -> R1 expect none\nexpect agree";
    let outcome = Schedule::parse(text).expect("it makes sense").run(&mut ());
    let [(at, Words::Question { shown: Some(shown), .. })] = &outcome.words[..] else { panic!("{:?}", outcome.words) };
    assert_eq!((*at, shown.line.as_str()), (Time::ZERO, "C1: get k -> R1 expect none"));
    assert!(shown.at > Time::from_us(1_000_000), "an answer takes time");
}

/// What a reader has done becomes a lesson that says so, and whose run is the same.
#[test]
fn a_run_is_told_as_a_lesson() {
    let recording = holds(
        "put k=x -> R1\nrun 10ms\nisolate R1\ndrop next Rumor\nrun 2s\nC2: get k -> R3\nrun 1s\nheal\ncrash R2\nrestart R2",
    );
    let text = Schedule::told(&recording, "What \"I\" did").to_string();
    let told = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(told.front.title.as_deref(), Some("What \"I\" did"));
    assert_eq!(told, Schedule::told(&recording, "What \"I\" did"), "its lines are where it says they are");
    let outcome = told.run(&mut ());
    assert_eq!((outcome.failure, &outcome.recording), (None, &recording));
    let captions: Vec<&str> = outcome
        .words
        .iter()
        .map(|(_, words)| match words {
            Words::Caption(caption) => caption.as_str(),
            Words::Question { question, .. } => question,
        })
        .collect();
    let expected = [
        "C1 asks R1: put k=x.",
        "You cut the link between R1 and R2, R3.",
        "The next Rumor is lost.",
        "C2 asks R3: get k.",
        "You heal all links.",
        "R2 crashes.",
        "R2 starts again.",
    ];
    assert_eq!(captions, expected);
}

#[test]
fn isolation_leaves_clients_alone() {
    holds(
        "isolate R1\nput k=x -> R1 expect ok\nrun 10s\nexpect R2 k = none\nexpect disagree\nheal\nsettle\nexpect R2 k = x\nexpect agree",
    );
}

#[test]
fn a_server_that_is_down_is_down() {
    holds(
        "crash R2\nexpect R2 down\nrestart R2\nexpect R2 up\nwipe R2\nboot R2\npause R3\nrun 1s\nresume R3\nclock R3 -500ms",
    );
    holds("zoo local retries=1\ncrash S1\nput k=x expect unknown\nexpect mark \"gave up: outcome unknown\" C1");
}

#[test]
fn a_verdict_that_is_not_as_expected_fails_its_line() {
    use kvs_core::check::play;
    let outcome = |text: &str| {
        let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        play(&schedule, &mut ()).failure.map(|failure| failure.to_string())
    };
    let stale = "zoo replicated\nput k=x -> R1 expect ok\nget k -> R3 expect none\n";
    assert_eq!(outcome(&format!("{stale}expect linearizable broken\nexpect durable holds\n")), None);
    let wrong = outcome(&format!("{stale}expect linearizable holds\n")).expect("it fails");
    assert!(wrong.starts_with("line 4: expected linearizable holds, found it is broken: "), "{wrong}");
    // It is judged by what has happened up to that line.
    assert_eq!(
        outcome("zoo replicated\nput k=x -> R1 expect ok\nexpect linearizable holds\nget k -> R3 expect none"),
        None
    );
    let wrong = outcome("zoo local\nput k=x expect ok\nexpect linearizable broken\nget k expect y").expect("it fails");
    assert_eq!(wrong, "line 3: expected linearizable broken, found it holds");
    let undecided = outcome("zoo replicated\nput k=x -> R1 expect ok\nexpect convergent holds").expect("it fails");
    assert_eq!(
        undecided,
        "line 3: expected convergent holds, found it is undecided: replicas still differ: it takes time"
    );
    // One server has nothing to converge with: neither verdict is there.
    for verdict in ["holds", "broken"] {
        let missing = outcome(&format!("zoo local\nput k=x expect ok\nexpect convergent {verdict}")).expect("it fails");
        assert_eq!(missing, format!("line 3: expected convergent {verdict}, found this store is not judged by it"));
    }
    for guarantee in Guarantee::ALL {
        let text = format!("zoo local\nseed 1\nexpect {} holds\n", guarantee.name());
        assert_eq!(Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}")).to_string(), text);
    }
    let error = Schedule::parse("expect linearizable maybe").expect_err("it is one or the other");
    assert_eq!(error.to_string(), "line 1, column 21: expected holds or broken, not `maybe`");
}
