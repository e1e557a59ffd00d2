//! Equal recordings give equal runs. The same fingerprints are asked for in a browser (`tests/web.rs` at the top).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "../../tests/support/recordings.rs"]
mod recordings;

use kvs_core::sim::{Input, Replay, Trace, TraceHash};
use kvs_core::time::{Span, Time};
use kvs_core::world::Moment;
use recordings::Fixed;

#[test]
fn fixed_runs_have_their_fingerprints() {
    let differs = |Fixed { name, recording, until, hash }: Fixed| {
        let found = recordings::hash(&recording, until);
        (found != hash).then(|| format!("{name}: {found:#x}"))
    };
    let found: Vec<String> = recordings::all().into_iter().filter_map(differs).collect();
    assert_eq!(found, [""; 0], "If the protocols were meant to change, so must the fingerprints.");
}

#[test]
fn it_does_not_matter_in_which_steps_a_run_is_lived() {
    for Fixed { name, recording, until, hash } in recordings::all() {
        let mut found = TraceHash::default();
        let mut replay = Replay::new(&recording, &mut found);
        let mut time = Time::ZERO;
        while time < until {
            time += Span::from_us(37_001);
            replay.advance_to(time.min(until), &recording, &mut found);
        }
        assert_eq!(found.digest(), hash, "{name}, in chunks");

        let mut found = TraceHash::default();
        let mut replay = Replay::new(&recording, &mut found);
        while replay.next_moment(&recording).is_some_and(|next| next.time <= until) {
            replay.step(&recording, &mut found);
        }
        assert_eq!(found.digest(), hash, "{name}, step by step");
    }
}

#[test]
fn a_copy_lives_on_like_the_original() {
    for Fixed { name, recording, until, hash } in recordings::all() {
        let mut found = TraceHash::default();
        let mut replay = Replay::new(&recording, &mut found);
        for half in [Time::from_us(1_000_000), Time::from_us(2_500_001)] {
            replay.advance_to(half, &recording, &mut found);
            let copy = replay.clone();
            // What the original does meanwhile is of no concern to the copy.
            replay.advance_to(until, &recording, &mut ());
            replay = copy;
        }
        replay.advance_to(until, &recording, &mut found);
        assert_eq!(found.digest(), hash, "{name}");
    }
}

#[test]
fn a_late_click_leaves_the_past_alone_and_does_not_reshuffle_the_rest() {
    let Fixed { mut recording, until, .. } = recordings::all().into_iter().nth(1).expect("there are three");
    let trace = |recording: &kvs_core::sim::Recording| {
        let mut trace = Trace::default();
        Replay::new(recording, &mut trace).advance_to(until, recording, &mut trace);
        trace.entries().to_vec()
    };
    let click = Time::from_us(6_000_000);
    let before = trace(&recording);
    recording.record(Moment { time: click, events: 0 }, Input::HealAll);
    assert_eq!(trace(&recording), before, "healing what is whole changes nothing, not even the luck of later messages");
    recording.record(Moment { time: click, events: 0 }, Input::Crash(kvs_core::process::NodeId(0)));
    let after = trace(&recording);
    let past = |entries: &[kvs_core::sim::Entry]| {
        entries.iter().filter(|entry| entry.time < click).cloned().collect::<Vec<_>>()
    };
    assert_eq!(past(&after), past(&before));
    assert_ne!(after, before);
}
