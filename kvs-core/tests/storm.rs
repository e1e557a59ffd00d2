//! One storm over several architectures: what comes over them is the same, and what became of it is counted right.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeSet;

use kvs_core::check::Verdict;
use kvs_core::explore::{Figures, Measure, SpellOf, Storm, Weather};
use kvs_core::op::{KVSOperation, Outcome};
use kvs_core::process::NodeId;
use kvs_core::server::Node;
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{History, Input, Recording, Replay, Trace, What, first_difference};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Happening, Observer};
use kvs_core::zoo::catalog::{self, EXHIBITS};
use kvs_core::zoo::{Architecture, Guarantee, Names};
use proptest::prelude::*;

const EVERY: Span = Span::from_ms(500);

fn architecture(name: &str) -> Architecture {
    catalog::exhibit(name).expect("an exhibit").architecture()
}

fn horizon() -> Time {
    Time::ZERO + Storm::LENGTH
}

/// The run as far as it is looked at.
fn lived(recording: &Recording, until: Time, observer: &mut impl Observer<Node>) -> Replay {
    let mut replay = Replay::new(recording, observer);
    replay.advance_to(until, recording, observer);
    replay
}

/// A schedule as a run of its own, with the end of it.
fn played(text: &str) -> (Recording, Time) {
    let schedule = Schedule::parse(text).expect("a schedule");
    let outcome = kvs_core::check::play(&schedule, &mut ());
    assert_eq!(outcome.failure.map(|failure| failure.to_string()), None);
    (outcome.recording, outcome.end)
}

/// Notes what was refused: a fault of a storm that an architecture cannot have.
fn refusals(recording: &Recording) -> Vec<String> {
    let mut lived = Recording::new(recording.architecture.clone(), recording.seed);
    let mut replay = Replay::new(&lived, &mut ());
    let mut refused = Vec::new();
    for (at, input) in recording.inputs() {
        replay.advance_to_moment(*at, &lived, &mut ());
        if let Err(error) = replay.act(&mut lived, input.clone(), &mut ()) {
            refused.push(format!("{input:?}: {error}"));
        }
    }
    refused
}

#[test]
fn everybody_is_asked_the_same_at_the_same_instants() {
    for weather in Weather::ALL {
        let storm = Storm::new(weather, 7);
        let asked = |recording: &Recording| -> Vec<(Time, u32, KVSOperation)> {
            let servers = recording.architecture.servers;
            let calls = recording.inputs().iter().filter_map(|(at, input)| match input {
                Input::Call { client, call } => Some((at.time, client.0 - servers, call.op.clone())),
                _ => None,
            });
            calls.collect()
        };
        let expected = asked(&storm.recording(&architecture("local")));
        assert_eq!(expected.len(), storm.requests());
        assert!(expected.iter().map(|(_, client, _)| client).collect::<BTreeSet<_>>().len() == Storm::SITES as usize);
        for exhibit in &EXHIBITS {
            let recording = storm.recording(&exhibit.architecture());
            assert_eq!(asked(&recording), expected, "{} under {}", exhibit.name, weather.name());
            let mut history = History::default();
            lived(&recording, horizon() + Span::from_secs(600), &mut history);
            // Each is begun in the end, in the order in which its client was asked.
            assert_eq!(history.operations().len(), expected.len(), "{} under {}", exhibit.name, weather.name());
        }
    }
}

#[test]
fn no_fault_of_a_storm_is_refused_and_all_of_them_end() {
    for seed in 0..6 {
        let storm = Storm::new(Weather::Storm, seed);
        assert!(storm.spells().len() > 2 && storm.spells().iter().all(|spell| spell.from < spell.until));
        for exhibit in &EXHIBITS {
            let recording = storm.recording(&exhibit.architecture());
            assert_eq!(refusals(&recording), Vec::<String>::new(), "{} with seed {seed}", exhibit.name);
            let replay = lived(&recording, horizon(), &mut ());
            let world = replay.sim().world();
            assert_eq!(world.cuts().count(), 0, "{} with seed {seed}", exhibit.name);
            let is_well = |server: NodeId| world.is_up(server) && !world.is_paused(server);
            assert!(recording.architecture.server_ids().all(is_well), "{} with seed {seed}", exhibit.name);
        }
    }
}

#[test]
fn a_site_is_cut_off_with_its_servers_and_its_client() {
    let storm = (0..20)
        .map(|seed| Storm::new(Weather::Cable, seed))
        .find(|storm| storm.spells().iter().any(|spell| spell.fault == SpellOf::Cut(1)));
    let storm = storm.expect("some seed cuts the second site off");
    let spell = storm.spells()[0];
    for (name, apart, together) in [
        ("replicated", [("R2", "R1"), ("C2", "R3"), ("C1", "R2")], [("R1", "R3"), ("C2", "R2")]),
        ("linearizable", [("A2", "A1"), ("R2", "L1"), ("C2", "P1")], [("A1", "R3"), ("A2", "R2")]),
        ("primary-backup", [("S2", "S1"), ("S2", "VS"), ("C2", "S1")], [("S1", "VS"), ("C2", "S2")]),
        ("local", [("C2", "S1"), ("S1", "C2"), ("C2", "C1")], [("C1", "S1"), ("C3", "S1")]),
    ] {
        let recording = storm.recording(&architecture(name));
        let names = Names::new(&recording.architecture);
        let node = |name: &str| names.node(name).unwrap_or_else(|| panic!("{name} is there"));
        let replay = lived(&recording, spell.from + Span::from_ms(1), &mut ());
        let is_cut = |(from, to): &(&str, &str)| replay.sim().world().is_cut(node(from), node(to));
        assert!(apart.iter().all(is_cut), "{name}");
        assert!(!together.iter().any(is_cut), "{name}");
    }
}

#[test]
fn where_no_server_stands_at_a_site_another_one_dies() {
    for seed in 0..6 {
        let storm = Storm::new(Weather::Crash, seed);
        let recording = storm.recording(&architecture("local"));
        let replay = lived(&recording, storm.spells()[0].from + Span::from_ms(1), &mut ());
        assert!(!replay.sim().world().is_up(NodeId(0)), "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_same_storm_is_the_same_run(seed: u64, weather in 0..5_usize, animal in 0..EXHIBITS.len()) {
        let (weather, architecture) = (Weather::ALL[weather], EXHIBITS[animal].architecture());
        let recording = Storm::new(weather, seed).recording(&architecture);
        prop_assert_eq!(&recording, &Storm::new(weather, seed).recording(&architecture));
        prop_assert!(recording.inputs().is_sorted_by_key(|(at, _)| *at));
        prop_assert_eq!(recording.architecture.clients, Storm::SITES);
        let end = Time::ZERO + Span::from_secs(5);
        prop_assert_eq!(Figures::of(&recording, end, EVERY), Figures::of(&recording, end, EVERY));
        let asked = recording.inputs().iter().filter(|(at, input)| at.time <= end && matches!(input, Input::Call { .. }));
        let figures = Figures::of(&recording, end, EVERY);
        prop_assert_eq!(figures.asked, asked.count() as u64);
    }
}

#[test]
fn weather_goes_by_its_name() {
    for weather in Weather::ALL {
        assert_eq!(Weather::named(weather.name()), Some(weather));
    }
    assert_eq!(Weather::named("hail"), None);
}

#[test]
fn in_calm_weather_all_is_answered_and_nothing_is_stale_where_that_is_promised() {
    for name in ["local", "sharded", "raft", "linearizable", "smr", "primary-backup", "vr", "versioned"] {
        let recording = Storm::new(Weather::Calm, 3).recording(&architecture(name));
        let figures = Figures::of(&recording, horizon(), EVERY);
        let refused = if name == "versioned" { figures.failed } else { 0 };
        assert_eq!((figures.answered + refused, figures.unknown, figures.open()), (figures.asked, 0, 0), "{name}");
        assert_eq!((figures.stale, figures.staleness), (0, Span::ZERO), "{name}");
        let verdict = |guarantee| figures.judgements.iter().find(|judgement| judgement.guarantee == guarantee);
        let linearizable = verdict(Guarantee::Linearizability).expect("it is judged");
        assert_eq!(linearizable.verdict, Verdict::Holds, "{name}");
        let available = figures.series(Measure::Availability).iter().flatten();
        assert!(name == "versioned" || available.clone().count() > 20, "{name}");
        assert!(name == "versioned" || available.clone().all(|point| point.value == 100), "{name}");
        let states = figures.series(Measure::Convergence).last().copied().flatten();
        assert_eq!(states.map(|point| point.value), Some(1), "{name}");
    }
}

#[test]
fn who_needs_a_majority_does_not_answer_a_site_that_is_cut_off_and_who_does_not_is_stale() {
    let storm = Storm::new(Weather::Cable, 1);
    let figures = |name: &str| Figures::of(&storm.recording(&architecture(name)), horizon(), EVERY);
    let (gossip, raft) = (figures("replicated"), figures("raft"));
    let worst = |figures: &Figures, measure| figures.series(measure).iter().flatten().map(|point| point.value).min();
    assert_eq!(worst(&gossip, Measure::Availability), Some(100));
    assert!(worst(&raft, Measure::Availability) < Some(100));
    assert!(gossip.stale > 0 && gossip.staleness > Span::from_secs(1));
    assert_eq!(raft.stale, 0);
    let most = gossip.series(Measure::Convergence).iter().flatten().map(|point| point.value).max();
    assert!(most >= Some(2));
    assert!(gossip.latency.expect("answers").p99 < raft.latency.expect("answers").p99);
    assert!(gossip.latency.is_some_and(|took| took.p50 <= took.p95 && took.p95 <= took.p99));
}

/// Counts what was sent, in its own way.
#[derive(Default)]
struct Sent(u64);

impl Observer<Node> for Sent {
    fn saw(&mut self, _now: Time, happening: Happening<'_, Node>) {
        if let Happening::Sent { .. } = happening {
            self.0 += 1;
        }
    }
}

#[test]
fn outcomes_and_messages_are_counted() {
    let (recording, end) = played("zoo local\nput k=a\nrun 1s\ncrash S1\nput k=b\nget k\nrun 60s\n");
    let figures = Figures::of(&recording, end, EVERY);
    let (mut sent, mut history) = (Sent::default(), History::default());
    lived(&recording, end, &mut (&mut sent, &mut history));
    assert_eq!((figures.asked, figures.answered, figures.failed, figures.unknown, figures.open()), (3, 1, 1, 1, 0));
    assert_eq!(figures.messages, sent.0);
    assert_eq!(figures.tenths_of_messages_an_operation(), Some(sent.0 * 10 / 3));
    let first = &history.operations()[0];
    let took = first.ended.as_ref().map(|ended| ended.at.since(first.called));
    assert_eq!(figures.latency.map(|latency| (Some(latency.p50), Some(latency.p99))), Some((took, took)));
    assert!(matches!(history.operations()[1].ended.as_ref().map(|ended| &ended.outcome), Some(Outcome::Maybe)));
    // The put after the crash was asked for at the end of the first second.
    let missed = figures.series(Measure::Availability)[2].expect("it was asked for then");
    assert_eq!((missed.value, missed.at), (0, Time::from_us(1_000_000)));
}

#[test]
fn who_waits_for_a_client_that_is_busy_waits_all_the_same() {
    // One client, three requests at once: the third waits for the two before it.
    let (recording, end) = played("zoo local clients=1\nput k=a\nput k=b\nput k=c\nrun 5s\n");
    let mut history = History::default();
    lived(&recording, end, &mut history);
    let last = history.operations()[2].ended.as_ref().expect("it is answered").at;
    let figures = Figures::of(&recording, end, EVERY);
    assert_eq!(figures.latency.map(|latency| latency.p99), Some(last.since(Time::ZERO)));
}

#[test]
fn a_read_is_as_old_as_what_replaced_its_value_and_was_acknowledged() {
    let (recording, end) = played(
        "zoo replicated replicas=3\nput k=old -> R1\nsettle\ncut R1 | R2 R3\nput k=new -> R1\nrun 2s\nget k -> R3\nrun 1s\n",
    );
    let mut history = History::default();
    lived(&recording, end, &mut history);
    let (put, get) = (&history.operations()[1], &history.operations()[2]);
    let acknowledged = put.ended.as_ref().expect("it is acknowledged").at;
    let figures = Figures::of(&recording, end, EVERY);
    assert_eq!((figures.reads, figures.stale), (1, 1));
    assert_eq!(figures.staleness, get.called.since(acknowledged));
    let point = figures.series(Measure::Staleness).iter().flatten().next_back().expect("there is one read");
    assert_eq!(point.value, figures.staleness.as_us());
    assert_eq!(Some(point.at), get.ended.as_ref().map(|ended| ended.at));
}

#[test]
fn a_value_that_was_written_at_the_same_time_is_not_stale() {
    // Neither put was over when the other one began: whichever is read, nothing says that it was replaced.
    let (recording, end) = played(
        "zoo replicated replicas=3\ncut R1 | R2 R3\nC1: put k=one -> R1\nC2: put k=two -> R3\nrun 1s\nC1: get k -> R1\nC2: get k -> R3\nrun 1s\n",
    );
    let figures = Figures::of(&recording, end, EVERY);
    assert_eq!((figures.reads, figures.stale), (2, 0));
}

fn traces(one: &Recording, other: &Recording, until: Time) -> [Trace; 2] {
    [one, other].map(|recording| {
        let mut trace = Trace::default();
        lived(recording, until, &mut trace);
        trace
    })
}

#[test]
fn the_first_difference_is_what_happens_in_one_run_only() {
    let (recording, end) = played("zoo replicated replicas=3\nput k=a -> R1\nrun 3s\n");
    let [one, other] = traces(&recording, &recording, end);
    assert_eq!(first_difference(one.entries(), other.entries()), None);

    // The same run, in which the first message to a server is lost on its way.
    let mut twisted = Recording::new(recording.architecture.clone(), recording.seed);
    let mut replay = Replay::new(&twisted, &mut ());
    for (_, input) in recording.inputs() {
        replay.act(&mut twisted, input.clone(), &mut ()).expect("it was done before");
    }
    let first = replay.sim().world().letters()[0].0;
    let fate = kvs_core::sim::Fate::Drop;
    replay.act(&mut twisted, Input::Message { id: first, fate }, &mut ()).expect("it is on its way");
    let [one, other] = traces(&recording, &twisted, end);
    let dropped = other.entries().iter().position(|entry| matches!(entry.what, What::Lost { .. })).expect("it is lost");
    let difference = first_difference(&one.entries()[dropped..], &other.entries()[dropped + 1..]).expect("they differ");
    // What is different is that it arrives in one of them.
    let arrives = difference.one.expect("something happens in the run as it was");
    assert!(matches!(arrives.what, What::Delivered { id, .. } if id == first));
    assert_eq!((difference.time, difference.other), (arrives.time, None));
}

#[test]
fn a_story_that_ends_earlier_differs_where_it_ends() {
    let (recording, end) = played("zoo local\nput k=a\nrun 2s\n");
    let [trace, _] = traces(&recording, &recording, end);
    let (whole, part) = (trace.entries(), &trace.entries()[..3]);
    let difference = first_difference(whole, part).expect("one goes on");
    assert_eq!((difference.one, difference.other, difference.time), (Some(&whole[3]), None, whole[3].time));
    assert_eq!(first_difference(part, part), None);
}
