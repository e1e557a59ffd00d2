//! Every lesson is replayed: all it expects holds, and its run comes back exactly from its recording and from its text.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::fs;
use std::path::PathBuf;

use kvs_core::check::play;
use kvs_core::sim::schedule::{Schedule, Statement};
use kvs_core::sim::{Recording, Replay, TraceHash};
use kvs_core::time::Time;

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
        let outcome = play(&schedule, &mut ());
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

/// A lesson tells what happens, asks before the step that surprises, and shows the answer.
#[test]
fn every_lesson_tells_and_asks_and_then_shows() {
    for (name, text) in lessons() {
        let lines = Schedule::parse(&text).expect("it is parsed above").lines;
        let place = |is_it: fn(&Statement) -> bool| lines.iter().position(|line| is_it(&line.statement));
        let tells = place(|statement| matches!(statement, Statement::Say(_)));
        let asks = place(|statement| matches!(statement, Statement::Ask { .. }));
        assert!(tells.is_some(), "{name} says nothing");
        let asks = asks.unwrap_or_else(|| panic!("{name} asks nothing"));
        let shows = lines[asks..].iter().any(|line| match &line.statement {
            Statement::Call { expect, .. } => expect.is_some(),
            statement => matches!(
                statement,
                Statement::ExpectHeld { .. }
                    | Statement::ExpectAgree(_)
                    | Statement::ExpectLast { .. }
                    | Statement::ExpectMark { .. }
                    | Statement::ExpectHeard { .. }
                    | Statement::ExpectVerdict { .. }
            ),
        });
        assert!(shows, "{name} shows nothing after its question");
    }
}
