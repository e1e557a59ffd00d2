//! Runs under one clock: lanes go together, links come back, charts lead to events, and one message's other fate makes another future.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::explore::{Figures, Measure, Point, Weather};
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::Call;
use kvs_core::sim::{Fate, Input, Recording, Refusal, What};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Moment, Sequence};
use kvs_core::zoo::catalog;
use kvs_web::command::Command;
use kvs_web::compare::chart::{outline, scale, stretch, target, words};
use kvs_web::compare::figures::{Tone, rows, span_words};
use kvs_web::compare::what_if_dialog::parting;
use kvs_web::compare::{Asked, Comparison, StormError, StormLink, Twist, WhatIf};
use kvs_web::player::Player;
use proptest::prelude::*;

fn ms(ms: u64) -> Time {
    Time::ZERO + Span::from_ms(ms)
}

fn storm(fragment: &str) -> Comparison {
    let link = StormLink::decode(fragment).expect("it makes sense");
    Comparison::new(link.runs(), link.at, StormLink::horizon())
}

fn lived(fragment: &str) -> Comparison {
    let mut comparison = storm(fragment);
    while comparison.live_next() {}
    comparison
}

#[test]
fn all_lanes_are_at_one_instant_wherever_they_go() {
    let mut comparison = lived("storm?weather=storm&store=local&store=raft");
    let nows = |comparison: &Comparison| -> Vec<Time> {
        comparison.lanes().iter().map(|lane| lane.player().now()).chain([comparison.now()]).collect()
    };
    assert_eq!(nows(&comparison), [Time::ZERO; 3]);
    comparison.seek(ms(5_000));
    assert_eq!(nows(&comparison), [ms(5_000); 3]);
    comparison.step(true);
    let next = comparison.now();
    assert!(next > ms(5_000));
    assert_eq!(nows(&comparison), [next; 3]);
    // Between two steps nothing happens to anybody.
    let happens = |comparison: &Comparison, from: Time, until: Time| {
        let traces = comparison.lanes().iter().map(|lane| lane.player().whole_trace());
        traces.flatten().filter(|entry| entry.time > from && entry.time < until).count()
    };
    assert_eq!(happens(&comparison, ms(5_000), next), 0);
    comparison.step(false);
    assert!(comparison.now() <= ms(5_000));
    comparison.seek(ms(99_000));
    assert_eq!(nows(&comparison), [ms(20_000); 3]);
}

#[test]
fn time_passes_for_all_and_ends_for_all() {
    let mut comparison = storm("storm?weather=calm&store=local&store=versioned&at=19.9s");
    assert!(!comparison.advance(16.0), "nobody has asked for it");
    comparison.toggle();
    assert!(comparison.advance(16.0));
    assert!(comparison.now() > ms(19_900) && comparison.is_playing());
    for _ in 0..200 {
        comparison.advance(250.0);
    }
    assert_eq!((comparison.now(), comparison.is_playing()), (ms(20_000), false));
    comparison.toggle();
    assert_eq!((comparison.now(), comparison.is_playing()), (Time::ZERO, true), "who plays at the end begins again");
}

#[test]
fn a_run_is_counted_once_and_then_it_is_there() {
    let mut comparison = storm("storm?store=local&store=replicated&at=2s");
    assert!(!comparison.is_ready());
    assert!(comparison.live_next() && !comparison.is_ready());
    assert!(comparison.live_next() && comparison.is_ready());
    assert!(!comparison.live_next());
    assert_eq!(comparison.now(), ms(2_000));
    for lane in comparison.lanes() {
        let expected = Figures::of(lane.player().recording(), comparison.horizon(), comparison.every());
        assert_eq!(lane.figures(), Some(&expected));
        assert_eq!((lane.player().now(), lane.player().horizon()), (ms(2_000), ms(20_000)));
    }
}

#[test]
fn rows_say_what_came_of_a_run() {
    let comparison = lived("storm?weather=cable&seed=1&store=replicated&store=raft");
    let row = |lane: usize, name: &str| {
        let rows = rows(comparison.lanes()[lane].figures().expect("it is lived"));
        rows.into_iter().find(|row| row.name == name).expect("there is such a row")
    };
    assert_eq!(
        (row(0, "linearizable").value.as_str(), row(0, "linearizable").tone),
        ("✕ no (not promised)", Tone::Plain)
    );
    assert_eq!((row(1, "linearizable").value.as_str(), row(1, "linearizable").tone), ("✓ yes", Tone::Fine));
    assert_eq!(row(1, "promises").value, "✓ kept");
    assert!(row(1, "stale").value.starts_with("none of "), "{}", row(1, "stale").value);
    assert!(row(0, "stale").value.contains(" old"), "{}", row(0, "stale").value);
    let figures = comparison.lanes()[1].figures().expect("it is lived");
    assert!(row(1, "answered").value.starts_with(&format!("{} of {}", figures.answered, figures.asked)));
    assert!(figures.unknown == 0 || row(1, "answered").value.contains("unknown"));
    assert!(row(0, "messages").value.ends_with(" an operation"));
    assert_eq!(row(0, "waited").value.split(" · ").count(), 3);
    assert_eq!([0, 999, 1_000, 5_270].map(|of| span_words(Span::from_ms(of))), ["0 ms", "999 ms", "1.0 s", "5.2 s"]);
}

#[test]
fn a_click_on_a_spike_leads_to_its_event() {
    let comparison = lived("storm?weather=cable&seed=1&store=replicated&store=raft");
    let figures = comparison.lanes()[1].figures().expect("it is lived");
    let series = figures.series(Measure::Latency);
    let (place, spike) =
        series.iter().enumerate().max_by_key(|(_, point)| point.map(|point| point.value)).expect("one");
    let at = target(&comparison, 1, Measure::Latency, place);
    assert_eq!(Some(at), spike.map(|point| point.at));
    // That is when somebody asked for it.
    let is_call = |(moment, input): &(Moment, Input)| moment.time == at && matches!(input, Input::Call { .. });
    assert!(comparison.lanes()[1].player().recording().inputs().iter().any(is_call));
    assert_eq!(stretch(&comparison, at), place);
    // Where there is nothing, it leads to the beginning of the stretch.
    let empty = series.iter().rposition(Option::is_none).expect("nobody asks in the end");
    let begins = Time::ZERO + comparison.every().saturating_mul(empty as u64);
    assert_eq!(target(&comparison, 1, Measure::Latency, empty), begins);
    assert_eq!(stretch(&comparison, comparison.horizon()), 39);
}

#[test]
fn charts_of_all_lanes_have_one_scale_and_words() {
    let comparison = lived("storm?weather=cable&seed=1&store=replicated&store=raft");
    let greatest = |lane: usize| {
        let figures = comparison.lanes()[lane].figures().expect("it is lived");
        figures.series(Measure::Latency).iter().flatten().map(|point| point.value).max()
    };
    assert_eq!(Some(scale(Measure::Latency, comparison.lanes())), greatest(0).max(greatest(1)));
    assert_eq!(scale(Measure::Availability, comparison.lanes()), 100);
    let point = |value| Some(Point { value, at: Time::ZERO });
    assert_eq!(
        outline(Measure::Availability, &[point(100), None, point(50)], 100),
        "M0 100V4.0H1V100ZM2 100V52.0H3V100Z"
    );
    // One state is as it should be.
    assert_eq!(outline(Measure::Convergence, &[point(3)], 3), "M0 100V4.0H1V100Z");
    let said = [
        words(Measure::Availability, point(75)),
        words(Measure::Latency, point(1_250_000)),
        words(Measure::Staleness, point(0)),
        words(Measure::Convergence, point(2)),
        words(Measure::Latency, None),
    ];
    assert_eq!(said, ["75 %", "1.2 s", "fresh", "2", "nothing"]);
}

#[test]
fn a_storm_as_a_link_comes_back() {
    let link = StormLink::decode(
        "storm?weather=lossy&seed=18446744073709551615&store=replicated&replicas=5&loss=2.5%25&store=raft&at=1.25s",
    )
    .expect("it makes sense");
    assert_eq!((link.weather, link.seed, link.at), (Weather::Lossy, u64::MAX, ms(1_250)));
    assert_eq!((link.stores[0].servers, link.stores.len()), (5, 2));
    assert_eq!(StormLink::decode(&link.encode()), Ok(link));
    assert_eq!(StormLink::decode("storm"), Ok(StormLink::default()));
    assert_eq!(StormLink::decode(&StormLink::default().encode()), Ok(StormLink::default()));
    assert!(StormLink::is_one("storm") && StormLink::is_one("storm?x") && !StormLink::is_one("stormy?x"));
    let vr = catalog::exhibit("vr").expect("a store").architecture();
    assert_eq!(StormLink::with(&vr).stores.len(), 3);
    assert_eq!(StormLink::with(&vr).stores[0], vr);
}

#[test]
fn what_is_wrong_with_a_link_is_said_in_a_sentence() {
    for (fragment, words) in [
        ("storm?weather=hail", "(hail)"),
        ("storm?store=elephant&store=raft", "(elephant)"),
        ("storm?store=raft", "names 1"),
        ("storm?store=raft&store=raft&store=raft&store=raft&store=raft&store=raft&store=raft", "names 7"),
        ("storm?seed=many", "`seed=many`"),
        ("storm?at=then", "`at=then`"),
        ("storm?replicas=3&store=raft&store=local", "`replicas=3`"),
        ("storm?store=replicated&replicas=9000&store=raft", "must be a number"),
        ("storm?store=replicated&replicas=200&store=raft", "one in this link has 200"),
        ("storm?store=replicated&fanout=9&store=raft", "a fan-out of 9 needs"),
        ("storm?nonsense", "`nonsense`"),
    ] {
        let sentence = StormLink::decode(fragment).expect_err(fragment).to_string();
        assert!(sentence.contains(words) && sentence.contains("a storm of our own"), "{sentence}");
    }
    let long = format!("storm?{}", "store=raft&".repeat(1_000));
    assert_eq!(StormLink::decode(&long), Err(StormError::TooLong));
}

proptest! {
    #[test]
    fn anything_may_stand_in_the_address(text in "\\PC{0,80}", tail in "[a-z0-9=&?%-]{0,60}") {
        let _decoded = StormLink::decode(&text);
        let _decoded = StormLink::decode(&format!("storm?store=replicated&{tail}&store=raft"));
    }
}

/// Replicas that gossip, right after a put has been sent to the first of them.
fn asked() -> (Player, Sequence) {
    let mut player = Player::new(Recording::new(catalog::EXHIBITS[1].architecture(), 1));
    let op = KVSOperation::Put(Key::new("k").expect("short"), Value::new("v").expect("short"));
    let call = Call { op, to: Some(NodeId(0)) };
    let _done = player.apply(Command::Input(Input::Call { client: NodeId(3), call: call.into() })).expect("it may ask");
    let id = player.world().letters().first().expect("the request is on its way").0;
    (player, id)
}

/// Both futures.
fn futures(what_if: &WhatIf) -> Comparison {
    let mut comparison = Comparison::new(what_if.runs(), what_if.at, what_if.horizon);
    while comparison.live_next() {}
    comparison
}

/// When the message arrives in a lane, however often.
fn arrivals(comparison: &Comparison, lane: usize, message: &str) -> Vec<Time> {
    let trace = comparison.lanes()[lane].player().whole_trace();
    let arrives = trace.iter().filter(|entry| match &entry.what {
        What::Delivered { from: NodeId(3), to: NodeId(0), message: delivered, .. } => delivered.kind() == message,
        _ => false,
    });
    arrives.map(|entry| entry.time).collect()
}

#[test]
fn what_if_it_were_lost_late_or_twice() {
    let (player, id) = asked();
    let (_, _, letter) = player.world().letters()[0];
    let kind = letter.message.kind();
    for (twist, check) in [
        (Twist::Lost, (|was, is| is > was) as fn(Time, Time) -> bool),
        (Twist::Late, |was, is| is > was),
        (Twist::Twice, |was, is| is <= was),
    ] {
        let what_if = WhatIf::new(&player, Asked::Now(id), twist).expect("it is on its way");
        let comparison = futures(&what_if);
        let (was, is) = (arrivals(&comparison, 0, kind), arrivals(&comparison, 1, kind));
        assert!(check(was[0], is[0]), "{}: {was:?}, {is:?}", twist.name());
        if twist == Twist::Twice {
            assert!(is.len() > was.len(), "{was:?}, {is:?}");
        }
        let parting = parting(&what_if, &comparison).expect("it makes a difference");
        assert!(parting.time > what_if.at && parting.time <= was[0].max(is[0]), "{}", twist.name());
        assert_ne!(parting.as_it_is, parting.as_it_would_be);
        assert!(what_if.question.contains(kind) && what_if.question.contains("R1"), "{}", what_if.question);
    }
}

#[test]
fn the_first_difference_of_a_loss_is_that_it_does_not_arrive() {
    let (player, id) = asked();
    let what_if = WhatIf::new(&player, Asked::Now(id), Twist::Lost).expect("it is on its way");
    let comparison = futures(&what_if);
    let parting = parting(&what_if, &comparison).expect("it makes a difference");
    assert!(parting.as_it_is.starts_with("R1 receives"), "{parting:?}");
    assert_eq!(parting.as_it_would_be, "Nothing of the kind.");
}

#[test]
fn what_if_the_receiver_crashed() {
    let (player, id) = asked();
    let what_if = WhatIf::new(&player, Asked::Now(id), Twist::Crashed).expect("R1 is up");
    let mut comparison = futures(&what_if);
    comparison.seek(comparison.horizon());
    let is_up = |lane: usize| comparison.lanes()[lane].player().world().is_up(NodeId(0));
    assert_eq!((is_up(0), is_up(1)), (true, false));
    // Nobody can make a client crash.
    let mut player = player;
    let at = player.now() + Span::from_secs(1);
    while player.now() < at {
        let _stepped = player.apply(Command::StepForward).expect("it may");
        let letters = player.world().letters();
        if let Some((id, _, _)) = letters.iter().find(|(_, _, letter)| letter.to == NodeId(3)) {
            assert_eq!(WhatIf::new(&player, Asked::Now(*id), Twist::Crashed), Err(Refusal::NotAServer));
            return;
        }
    }
    panic!("the client is never answered");
}

#[test]
fn another_future_can_be_kept_and_undone() {
    let (mut player, id) = asked();
    let before = player.recording().clone();
    let what_if = WhatIf::new(&player, Asked::Now(id), Twist::Lost).expect("it is on its way");
    assert_eq!(player.recording(), &before, "asking changes nothing");
    let kept = Command::Continue(Box::new(what_if.as_it_would_be.clone()), what_if.at);
    assert!(player.apply(kept).expect("it goes on").recording);
    assert_eq!(player.recording(), &what_if.as_it_would_be);
    assert!(player.world().letters().iter().all(|(each, _, _)| *each != id), "the message is gone");
    let _undone = player.apply(Command::Undo).expect("it may");
    assert_eq!(player.recording(), &before);
    assert!(player.world().letters().iter().any(|(each, _, _)| *each == id), "and back");
}

#[test]
fn what_is_done_later_is_done_in_both_futures_but_not_to_single_messages() {
    let (mut player, id) = asked();
    let now = player.now();
    for (at, input) in [(ms(100), Input::Crash(NodeId(2))), (ms(300), Input::Restart(NodeId(2)))] {
        let _sought = player.apply(Command::Seek(at)).expect("it may");
        let _done = player.apply(Command::Input(input)).expect("it may");
    }
    while player.world().letters().is_empty() {
        let _stepped = player.apply(Command::StepForward).expect("it may");
    }
    let later = player.world().letters()[0].0;
    let _held = player.apply(Command::Input(Input::Message { id: later, fate: Fate::Hold })).expect("it is on its way");
    let _sought = player.apply(Command::Seek(now)).expect("it may");
    let what_if = WhatIf::new(&player, Asked::Now(id), Twist::Late).expect("it is on its way");
    let inputs = what_if.as_it_would_be.inputs();
    assert!(inputs.is_sorted_by_key(|(at, _)| *at));
    let says = |input: &Input| inputs.iter().filter(|(_, each)| each == input).count();
    assert_eq!((says(&Input::Crash(NodeId(2))), says(&Input::Restart(NodeId(2)))), (1, 1));
    assert_eq!(says(&Input::Message { id: later, fate: Fate::Hold }), 0);
    assert_eq!(says(&Input::Message { id, fate: Fate::Hold }), 1);
    let released = inputs.iter().find(|(_, input)| *input == Input::Message { id, fate: Fate::Release });
    assert_eq!(released.map(|(at, _)| at.time), Some(now + Span::from_secs(1)));
    assert_eq!(what_if.as_it_is, *player.recording());
}

/// The place in the story at which a message leaves or arrives, with its time.
fn tells(player: &Player, id: Sequence, of: fn(&What) -> Option<Sequence>) -> (usize, Time) {
    let place = player.trace().iter().position(|entry| of(&entry.what) == Some(id)).expect("it is told");
    (place, player.trace()[place].time)
}

fn sent(what: &What) -> Option<Sequence> {
    if let What::Sent { id, .. } = what { Some(*id) } else { None }
}

fn delivered(what: &What) -> Option<Sequence> {
    if let What::Delivered { id, .. } = what { Some(*id) } else { None }
}

#[test]
fn what_if_a_message_had_met_another_fate_is_asked_of_the_past() {
    let (mut player, id) = asked();
    let kind = player.world().letters()[0].2.message.kind();
    let _sought = player.apply(Command::Seek(player.now() + Span::from_secs(3))).expect("it may");
    assert!(player.world().letters().iter().all(|(each, _, _)| *each != id), "it has arrived");
    assert_eq!(WhatIf::new(&player, Asked::Now(id), Twist::Lost), Err(Refusal::NoSuchMessage));
    for told in [sent, delivered] {
        let (place, time) = tells(&player, id, told);
        for twist in Twist::ALL {
            let what_if = WhatIf::new(&player, Asked::Then(place), twist).expect("it was on its way then");
            assert_eq!(what_if.at, time, "{}", twist.name());
            let comparison = futures(&what_if);
            let (was, is) = (arrivals(&comparison, 0, kind), arrivals(&comparison, 1, kind));
            match twist {
                Twist::Twice => assert!(is.contains(&was[0]) && is.len() > was.len(), "{was:?}, {is:?}"),
                _ => assert!(!is.contains(&was[0]), "{}: {was:?}, {is:?}", twist.name()),
            }
            // Up to that moment the two are one.
            let before = |lane: usize| comparison.lanes()[lane].player().whole_trace()[..place].to_vec();
            assert_eq!(before(0), before(1));
            let parting = parting(&what_if, &comparison).expect("it makes a difference");
            assert!(parting.time >= what_if.at, "{}", twist.name());
        }
    }
    let (asked, receiver) = Asked::about_gone(&player, id).expect("it is told");
    assert_eq!((asked, receiver), (Asked::Then(tells(&player, id, delivered).0), NodeId(0)));
}

#[test]
fn another_past_can_be_kept_and_undone() {
    let (mut player, id) = asked();
    let _sought = player.apply(Command::Seek(player.now() + Span::from_secs(2))).expect("it may");
    let _done = player.apply(Command::Input(Input::Crash(NodeId(2)))).expect("it may");
    let (before, now) = (player.recording().clone(), player.now());
    let (place, time) = tells(&player, id, delivered);
    let what_if = WhatIf::new(&player, Asked::Then(place), Twist::Lost).expect("it was on its way then");
    let kept = Command::Continue(Box::new(what_if.as_it_would_be.clone()), what_if.at);
    assert!(player.apply(kept).expect("it goes on").recording);
    assert_eq!((player.recording(), player.now()), (&what_if.as_it_would_be, time));
    let _sought = player.apply(Command::Seek(now)).expect("it may");
    assert!(player.trace().iter().all(|entry| delivered(&entry.what) != Some(id)), "it never came");
    assert!(!player.world().is_up(NodeId(2)), "what was done later is still done");
    let _undone = player.apply(Command::Undo).expect("it may");
    assert_eq!(player.recording(), &before);
    assert!(player.trace().iter().any(|entry| delivered(&entry.what) == Some(id)), "and back");
    let _redone = player.apply(Command::Redo).expect("it may");
    assert_eq!(player.recording(), &what_if.as_it_would_be);
}

#[test]
fn lanes_are_called_by_what_tells_them_apart() {
    let called = |fragment: &str| -> Vec<(String, String)> {
        storm(fragment).lanes().iter().map(|lane| (lane.title().to_owned(), lane.name().to_owned())).collect()
    };
    let both = |name: &str| (name.to_owned(), name.to_owned());
    let engines = called("storm?store=versioned&store=versioned&engine=flat-file&store=versioned&engine=embedded");
    let names = ["In memory", "In a flat file", "In an embedded database"];
    assert_eq!(engines, names.map(|name| (format!("Versioned · {name}"), name.to_owned())));
    // What both have is not said of either; of one that is alone of its kind, what it has of its own is.
    assert_eq!(
        called("storm?store=replicated&replicas=5&store=replicated&replicas=5&loss=10%25&store=local&retries=9"),
        ["Replicated · loss=0%", "Replicated · loss=10%", "Local · retries=9"].map(both)
    );
    assert_eq!(called("storm?store=local&store=raft"), ["Local", "Raft"].map(both));
}
