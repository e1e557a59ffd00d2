//! The picture of a run in time: every operation and every message is where it was, and nothing is there twice.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::sim::schedule::Schedule;
use kvs_core::time::Time;
use kvs_web::command::Command;
use kvs_web::diagram::{ARROWS_MAX, BARS_MAX, Crowd, Diagram, Fate, Mode, Window};
use kvs_web::player::Player;

/// A player at the end of a schedule.
fn player(text: &str) -> Player {
    let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}")).run(&mut ());
    assert_eq!(outcome.failure, None);
    let mut player = Player::new(outcome.recording);
    let _changes = player.apply(Command::Seek(outcome.end)).expect("it is lived");
    player
}

fn whole(player: &Player, mode: Mode) -> Diagram {
    Diagram::new(player, mode, Window::whole(player.horizon()), &[])
}

fn ms(ms: u64) -> Time {
    Time::from_us(ms * 1_000)
}

#[test]
fn calls_are_bars_from_call_to_return() {
    let player = player(
        "zoo local clients=2 latency-min=10ms latency-max=10ms
         C1: put k=x expect ok
         C2: get k expect x
         cut C1 | S1
         C1: get k
         run 1ms",
    );
    let diagram = whole(&player, Mode::Calls);
    let names: Vec<_> = diagram.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["C1", "C2"]);
    let bars: Vec<_> =
        diagram.bars.iter().map(|bar| (bar.row, bar.from, bar.to, bar.label.as_str(), bar.class)).collect();
    assert_eq!(
        bars,
        [
            (0, ms(0), Some(ms(20)), "put k=x", "write"),
            (1, ms(20), Some(ms(40)), "get k → x", "read"),
            (0, ms(40), None, "get k …", "open"),
        ]
    );
    assert!(diagram.arrows.is_empty());

    // Only what is in the window.
    let early = Diagram::new(&player, Mode::Calls, Window { from: 0, span: 10_000 }, &[]);
    assert_eq!(early.bars.len(), 1);
    let late = Diagram::new(&player, Mode::Calls, Window { from: 30_000, span: 5_000 }, &[]);
    assert_eq!(late.bars.iter().map(|bar| bar.operation).collect::<Vec<_>>(), [1]);
}

#[test]
fn every_message_is_one_arrow_with_its_fate() {
    let player = player(
        "zoo local clients=3 latency-min=10ms latency-max=10ms
         C1: put k=x
         run 15ms
         pause S1
         C2: get k
         run 20ms
         resume S1
         run 1ms
         cut S1 -> C3
         C3: get k
         run 15ms
         crash S1
         run 5ms
         restart S1
         heal
         C1: get k
         run 5ms",
    );
    let diagram = whole(&player, Mode::Messages);
    let arrows: Vec<_> = diagram
        .arrows
        .iter()
        .map(|arrow| (arrow.label.split(':').next().expect("a name"), arrow.sent, arrow.end, arrow.fate))
        .collect();
    assert_eq!(
        arrows,
        [
            ("Request C1 → S1", ms(0), ms(10), Fate::Arrived),
            ("Response S1 → C1", ms(10), ms(20), Fate::Arrived),
            // It waits while the server stands still.
            ("Request C2 → S1", ms(15), ms(35), Fate::Arrived),
            ("Response S1 → C2", ms(35), ms(45), Fate::Arrived),
            ("Request C3 → S1", ms(36), ms(46), Fate::Arrived),
            ("Response S1 → C3", ms(46), ms(46), Fate::Lost),
            ("Request C1 → S1", ms(56), ms(66), Fate::Travelling),
        ]
    );
    let idle: Vec<_> = diagram.idle.iter().map(|idle| (idle.row, idle.from, idle.to, idle.is_down)).collect();
    assert_eq!(idle, [(0, ms(15), ms(35), false), (0, ms(51), ms(56), true)]);
    let cuts: Vec<_> =
        diagram.cuts.iter().map(|cut| (cut.from_row, cut.to_row, cut.from, cut.to, cut.is_one_way)).collect();
    assert_eq!(cuts, [(0, 3, ms(36), ms(56), true)]);
}

#[test]
fn what_waits_at_a_server_that_crashes_is_lost_there() {
    let player = player(
        "zoo local latency-min=10ms latency-max=10ms
         pause S1
         C1: put k=x
         run 20ms
         crash S1
         run 1ms",
    );
    let diagram = whole(&player, Mode::Messages);
    let fates: Vec<_> = diagram.arrows.iter().map(|arrow| (arrow.sent, arrow.end, arrow.fate)).collect();
    assert_eq!(fates, [(ms(0), ms(20), Fate::Lost)]);
}

#[test]
fn a_link_that_was_cut_both_ways_is_one_cut() {
    let player = player("zoo replicated replicas=3\ncut R1 | R2\nrun 1s\nheal\nrun 1s");
    let cuts = whole(&player, Mode::Messages).cuts;
    assert_eq!(cuts.len(), 1);
    assert_eq!((cuts[0].from, cuts[0].to, cuts[0].is_one_way), (ms(0), ms(1_000), false));
}

#[test]
fn too_many_messages_leave_the_oldest_out() {
    let player = player("zoo replicated replicas=5 anti-entropy-interval=100ms\nrun 60s");
    let diagram = whole(&player, Mode::Messages);
    assert_eq!(diagram.arrows.len(), ARROWS_MAX);
    assert!(diagram.left_out > 0);
    let last = Diagram::new(&player, Mode::Messages, Window { from: 59_000_000, span: 1_000_000 }, &[]);
    assert_eq!(last.left_out, 0);
    assert!(!last.arrows.is_empty());
    assert!(last.arrows.iter().all(|arrow| arrow.end >= ms(59_000) && arrow.sent <= ms(60_000)));
}

#[test]
fn too_many_calls_are_drawn_together_but_for_those_that_are_pointed_at() {
    let player =
        player("zoo local clients=2 latency-min=1ms latency-max=5ms\ntraffic every 100ms keys 2 reads 50%\nrun 60s");
    let operations = player.history().operations().len();
    let window = Window::whole(player.horizon());
    let diagram = Diagram::new(&player, Mode::Calls, window, &[7]);
    let together: usize = diagram.crowds.iter().map(|crowd| crowd.count).sum();
    assert_eq!(diagram.bars.len() + together, operations);
    assert!(
        diagram.bars.iter().any(|bar| bar.operation == 7) && diagram.bars.len() <= BARS_MAX,
        "{}",
        diagram.bars.len()
    );
    let is_in_order = |crowd: &Crowd| crowd.spans.windows(2).all(|pair| pair[0].1 < pair[1].0);
    assert!(diagram.crowds.iter().all(is_in_order));
    assert!(diagram.crowds.iter().any(|crowd| crowd.row == 1 && crowd.class == "read"));

    let near = Diagram::new(&player, Mode::Calls, Window { from: 0, span: 2_000_000 }, &[]);
    assert!(near.crowds.is_empty() && !near.bars.is_empty());
}

#[test]
fn a_whole_run_that_goes_on_moves_the_picture_now_and_then_only() {
    let spans: std::collections::BTreeSet<_> = (60_000..120_000).map(|time| Window::whole(ms(time)).span).collect();
    assert!(spans.len() < 30, "{spans:?}");
    assert!((60_000..120_000).all(|time| (90.0..99.9).contains(&Window::whole(ms(time)).percent(ms(time)))));
}

#[test]
fn a_window_zooms_around_what_is_pointed_at_and_follows_the_present() {
    let window = Window { from: 1_000_000, span: 1_000_000 };
    let closer = window.zoomed(1, 2, 250);
    assert_eq!((closer.from, closer.span), (1_125_000, 500_000));
    assert_eq!(closer.zoomed(2, 1, 250), window);
    assert_eq!(window.time_at(0.25), closer.time_at(0.25));
    assert!((0..100).fold(window, |window, _| window.zoomed(1, 2, 500)).span > 0);
    assert!((0..100).fold(window, |window, _| window.zoomed(2, 1, 500)).span < u64::MAX / 2);
    assert_eq!(window.moved(-2_000).from, 0);
    assert_eq!(window.following(ms(1_500)), window);
    let followed = window.following(ms(9_000));
    assert!(followed.percent(ms(9_000)) > 50.0 && followed.percent(ms(9_000)) < 100.0);
    let ticks = window.ticks();
    assert!((3..=8).contains(&ticks.len()), "{ticks:?}");
    assert!(ticks.iter().all(|tick| (0.0..=100.0).contains(&window.percent(*tick))));
}
