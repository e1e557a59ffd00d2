//! What a reader would check in the survey of the zoo: who answers on which side of a cut, what a crash takes, and what it costs.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::{Budget, Judge, Run};
use kvs_core::explore::survey::{Level, Trial, Weather, trial, worst};
use kvs_core::sim::{History, Replay};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::{Guarantee, catalog};

fn of(name: &str, weather: Weather) -> Trial {
    trial(&catalog::exhibit(name).expect("it is in the catalogue").architecture(), weather, 1)
}

/// Of a thousand, on each side.
fn served(trial: &Trial) -> Vec<u32> {
    trial.served.iter().map(|share| share.per_mille().expect("there are clients")).collect()
}

#[test]
fn in_a_cut_replicas_answer_on_both_sides_and_majorities_on_one() {
    assert!(served(&of("replicated", Weather::Cut)).iter().all(|side| *side >= 990));
    for name in ["raft", "vr", "linearizable", "smr"] {
        let trial = of(name, Weather::Cut);
        let [few, rest] = served(&trial)[..] else { panic!("a cut has two sides") };
        // The rest may have to find a new leader first.
        assert!(few < 100 && rest > 250, "{name}: {few} and {rest}");
        assert_eq!(trial.level, Level::Linearizable, "{name}");
    }
}

#[test]
fn one_server_alone_is_one_copy_and_forgets_everything_in_a_crash() {
    assert_eq!(of("local", Weather::Calm).level, Level::Linearizable);
    let crashed = of("local", Weather::OneDown);
    assert_eq!((crashed.level, crashed.durable), (Level::Nothing, Some(false)));
    assert!(served(&crashed)[0] < 100, "nobody is there to answer");
    // Unless it keeps a journal.
    let mut careful = catalog::EXHIBITS[0].architecture();
    careful.set("journal", "on").expect("an option");
    let crashed = trial(&careful, Weather::OneDown, 1);
    assert_eq!((crashed.level, crashed.durable), (Level::Linearizable, Some(true)));
}

#[test]
fn whoever_agrees_outlives_a_crash_and_pays_in_messages_and_time() {
    let one = of("local", Weather::Calm);
    for name in ["primary-backup", "vr", "raft", "linearizable", "smr"] {
        let crashed = of(name, Weather::OneDown);
        assert_eq!((crashed.level, crashed.durable), (Level::Linearizable, Some(true)), "{name}");
        let calm = of(name, Weather::Calm);
        assert!(calm.messages_milli > 3 * one.messages_milli, "{name}: {}", calm.messages_milli);
        assert!(calm.latency > one.latency, "{name}");
    }
}

#[test]
fn a_lone_server_sends_two_messages_an_operation() {
    assert!((1_900..2_100).contains(&of("local", Weather::Calm).messages_milli));
}

#[test]
fn gossip_is_not_one_copy_in_a_cut_but_loses_nothing() {
    let replicated = catalog::EXHIBITS[1].architecture();
    let worst = worst(&replicated, Weather::Cut, 1..4).expect("three runs");
    assert!(worst.level < Level::Sequential, "{:?}", worst.level);
    assert_eq!(worst.durable, Some(true));
    assert_eq!(worst.served[0].of, Span::from_secs(3 * 6), "one client on this side, three times six seconds");
}

#[test]
fn the_run_that_is_shown_is_the_one_that_was_judged() {
    let trial = of("replicated", Weather::Cut);
    let mut history = History::default();
    let mut replay = Replay::new(&trial.recording, &mut history);
    replay.advance_to(Time::from_us(60_000_000), &trial.recording, &mut history);
    let recording = &trial.recording;
    let world = replay.sim().world();
    let run = Run::new(&recording.architecture, world, &history, history.events().len(), recording.inputs());
    let judgements = Judge::new(&recording.architecture).judge(&run, Budget::LIVE);
    let linearizable = judgements.iter().find(|judgement| judgement.guarantee == Guarantee::Linearizability);
    assert_eq!(linearizable.expect("it is judged").verdict.is_broken(), trial.level < Level::Linearizable);
    assert_eq!(trial, of("replicated", Weather::Cut), "and it comes out the same each time");
}
