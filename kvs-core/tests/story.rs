//! Every lesson is replayed: all it expects holds, and its run comes back exactly from its recording and from its text.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::fs;
use std::path::PathBuf;

use kvs_core::sim::schedule::{ParseProblem, Schedule};
use kvs_core::sim::{Fate, Input, Links, Recording, Replay, TraceHash};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::catalog;
use proptest::prelude::*;

fn lessons() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lessons");
    let files = fs::read_dir(folder).expect("the folder of lessons").map(|entry| entry.expect("a file").path());
    let mut lessons: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "kvs"))
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text")))
        .collect();
    lessons.sort();
    assert!(lessons.len() >= 12, "the lessons are found");
    lessons
}

fn trace_hash(recording: &Recording, until: Time) -> u64 {
    let mut hash = TraceHash::default();
    let mut replay = Replay::new(recording, &mut hash);
    replay.advance_to(until, recording, &mut hash);
    hash.digest()
}

#[test]
fn every_lesson_holds_what_it_expects() {
    for (name, text) in lessons() {
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let outcome = schedule.run(&mut ());
        assert_eq!(outcome.failure, None, "{name}");
    }
}

#[test]
fn every_lesson_comes_back_from_its_text_and_from_its_recording() {
    for (name, text) in lessons() {
        let schedule = Schedule::parse(&text).expect("it is parsed above");
        let printed =
            Schedule::parse(&schedule.to_string()).unwrap_or_else(|error| panic!("{name}: {error}\n{schedule}"));
        let statements =
            |schedule: &Schedule| schedule.lines.iter().map(|line| line.statement.clone()).collect::<Vec<_>>();
        assert_eq!(statements(&printed), statements(&schedule), "{name}");
        let outcome = schedule.run(&mut ());
        same_run_from_text(&outcome.recording, outcome.end);
    }
}

/// A recording, printed as a schedule and run, is the same recording.
fn same_run_from_text(recording: &Recording, until: Time) {
    let text = Schedule::from_recording(recording).to_string();
    let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let outcome = schedule.run(&mut ());
    assert_eq!(outcome.failure, None, "{text}");
    assert_eq!(&outcome.recording, recording, "{text}");
    assert_eq!(trace_hash(&outcome.recording, until), trace_hash(recording, until));
}

/// What somebody does, by numbers: which, where, to whom.
fn play(animal: usize, seed: u64, moves: &[(u8, u32, u32, u64)]) -> (Recording, Time) {
    use kvs_core::op::{KVSOperation, Key, Value};
    use kvs_core::process::NodeId;
    use kvs_core::server::{Call, Traffic};
    let architecture = catalog::EXHIBITS[animal].architecture();
    let servers = architecture.servers;
    let mut recording = Recording::new(architecture, seed);
    let mut replay = Replay::new(&recording, &mut ());
    for &(which, a, b, wait) in moves {
        for _ in 0..wait % 7 {
            replay.step(&recording, &mut ());
        }
        if wait > 500 {
            let until = replay.moment().time + Span::from_us(wait * 100);
            replay.advance_to(until, &recording, &mut ());
        }
        let (server, other) = (NodeId(a % servers), NodeId(b % servers));
        let client = NodeId(servers + b % 2);
        let key = Key::new(&format!("k {}", a % 3)).expect("short");
        let letters = replay.sim().world().letters();
        let message = (!letters.is_empty()).then(|| letters[a as usize % letters.len()].0);
        let input = match which % 14 {
            0 => Input::Call { client, call: Call { op: KVSOperation::Get(key), to: None }.into() },
            1 => {
                let op = KVSOperation::Put(key, Value::new(&format!("v\"{b}\n")).expect("short"));
                Input::Call { client, call: Call { op, to: Some(server) }.into() }
            }
            2 => Input::Call { client, call: Call { op: KVSOperation::Delete(key), to: None }.into() },
            3 => Input::Cut(Links::pair(server, other)),
            4 => Input::Cut(Links::OneWay { from: vec![server], to: vec![other] }),
            5 => Input::HealAll,
            6 => Input::Crash(server),
            7 => Input::Restart(server),
            8 => Input::Pause(server),
            9 => Input::Resume(server),
            10 => Input::Clock { node: server, offset_us: i64::from(b) * 1_000 - 500_000 },
            11 => {
                Input::Traffic((b % 2 == 0).then_some(Traffic { every: Span::from_ms(50), keys: 3, reads_percent: 50 }))
            }
            12 => Input::Wipe(server),
            _ => {
                let fates = [Fate::Drop, Fate::Duplicate, Fate::Hold, Fate::Release, Fate::Deliver];
                let Some(id) = message else { continue };
                Input::Message { id, fate: fates[b as usize % fates.len()] }
            }
        };
        // What the world refuses is not recorded.
        let _refused = replay.act(&mut recording, input, &mut ());
    }
    (recording, replay.moment().time)
}

proptest! {
    #[test]
    fn what_was_done_by_hand_comes_back_from_its_schedule(
        animal in 0..2_usize,
        seed in any::<u64>(),
        moves in proptest::collection::vec((any::<u8>(), 0..1_000_u32, 0..1_000_u32, 0..1_000_u64), 0..40),
    ) {
        let (recording, end) = play(animal, seed, &moves);
        same_run_from_text(&recording, end + Span::from_secs(1));
    }

    #[test]
    fn any_text_is_a_schedule_or_an_error(text in "\\PC{0,120}") {
        let _parsed = Schedule::parse(&text);
    }

    #[test]
    fn a_schedule_with_a_changed_character_is_a_schedule_or_an_error(
        lesson in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        new in "\\PC",
    ) {
        let lessons = lessons();
        let mut characters: Vec<char> = lesson.get(&lessons).1.chars().collect();
        let place = place.index(characters.len());
        characters[place] = new.chars().next().unwrap_or(' ');
        if let Ok(schedule) = Schedule::parse(&characters.into_iter().collect::<String>()) {
            prop_assert!(Schedule::parse(&schedule.to_string()).is_ok());
        }
    }
}

#[test]
fn says_where_it_went_wrong_and_what_was_expected() {
    let cases = [
        ("put k=x -> R9", "line 1, column 12: expected a server (R1, R2, R3), not `R9`"),
        ("\n\nput k x", "line 3, column 7: expected `=`, not `x`"),
        ("frob R1", "line 1, column 1: expected a statement: put, get"),
        ("cut R1", "line 1, column 7: expected `|` or `->`, not the end of the line"),
        ("get k -> R1 expect", "line 1, column 19: expected a value, not the end of the line"),
        ("run fast", "line 1, column 5: expected a time, such as 200ms or 1.5s, not `fast`"),
        ("zoo elephant", "line 1, column 5: expected local or replicated, not `elephant`"),
        ("zoo replicated replicas=0", "line 1, column 16: `replicas` must be a number from 1 to 50, not `0`"),
        ("zoo replicated fanout=9", "line 1, column 1: a fan-out of 9 needs"),
        ("put \"k", "line 1, column 5: the quotation that begins here does not end"),
        ("C7: get k", "line 1, column 1: expected a client (C1, C2), not `C7`"),
        ("drop Rumour R1->R2", "line 1, column 6: expected a message: a kind (Request"),
        ("crash C1", "line 1, column 7: expected a server (R1, R2, R3), not `C1`"),
        ("heal R1 | R2 now", "line 1, column 14: expected a node (R1, R2, R3, C1, C2), not `now`"),
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
    ];
    for (text, sentence) in cases {
        let outcome = Schedule::parse(text).expect(text).run(&mut ());
        assert_eq!(outcome.failure.map(|failure| failure.to_string()), Some(sentence.into()));
    }
}
