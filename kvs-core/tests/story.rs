//! Every lesson is replayed: all it expects holds, and its run comes back exactly from its recording and from its text.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use kvs_core::check::play;
use kvs_core::sim::schedule::{Schedule, Words};
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

/// A lesson has a title, tells what happens, asks before the step that surprises, and its run shows the answer.
#[test]
fn every_lesson_tells_and_asks_and_then_shows() {
    let mut titles = BTreeSet::new();
    for (name, text) in lessons() {
        let schedule = Schedule::parse(&text).expect("it is parsed above");
        let title = schedule.front.title.clone().unwrap_or_else(|| panic!("{name} has no title"));
        assert!(titles.insert(title.clone()), "{name}: another lesson is called {title:?}, too");
        assert!(schedule.front.about.is_some(), "{name} does not say what it is about");
        let words = schedule.run(&mut ()).words;
        assert!(words.iter().any(|(_, words)| matches!(words, Words::Caption(_))), "{name} says nothing");
        let mut questions = 0;
        for (_, words) in &words {
            let Words::Question { answers, shown, .. } = words else { continue };
            let shown = shown.as_ref().unwrap_or_else(|| panic!("{name} shows no answer"));
            // Where an answer is what is expected to the letter, it is the right one.
            let found = shown.line.rsplit_once("expect ").map_or("", |(_, found)| found);
            let same = answers.iter().position(|answer| answer == found);
            assert!(same.is_none_or(|place| place == 0), "{name}: {found:?} is not said to be right");
            questions += 1;
        }
        assert!(questions > 0, "{name} asks nothing");
    }
}

/// What a newcomer reads first in a store is over in two minutes: a few short captions, and a question.
#[test]
fn the_first_lesson_of_each_store_is_short() {
    let order = include_str!("../../lessons/order.txt").lines().filter(|line| !line.starts_with('#'));
    let mut stores = BTreeSet::new();
    for name in order {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lessons").join(name).with_extension("kvs");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}, which order.txt lists: {error}"));
        let schedule = Schedule::parse(&text).expect("it is parsed above");
        if !stores.insert(schedule.architecture.animal as u32) {
            continue;
        }
        let outcome = schedule.run(&mut ());
        let written = outcome.words.iter().map(|(_, words)| match words {
            Words::Caption(caption) => caption.split_whitespace().count(),
            Words::Question { question, answers, .. } => {
                answers.iter().chain([question]).map(|text| text.split_whitespace().count()).sum()
            }
        });
        // At 120 words a minute, who reads slowly has half of the time left to look.
        let words: usize = written.sum();
        assert!(words <= 120 && outcome.words.len() <= 6, "{name} has {words} words in {} parts", outcome.words.len());
    }
    assert_eq!(stores.len(), kvs_core::zoo::catalog::EXHIBITS.len());
}
