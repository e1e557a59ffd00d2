//! The player, driven by commands: whatever the reader does, the present is what the recording says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::sync::Arc;

use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::routing::map::moved;
use kvs_core::server::{Call, Traffic};
use kvs_core::sim::{Entry, Fate, History, Input, Links, Recording, Replay, Trace, What};
use kvs_core::time::{Span, Time};
use kvs_core::world::Sequence;
use kvs_core::zoo::catalog::{self, EXHIBITS};
use kvs_web::command::{Command, Speed};
use kvs_web::keyspace::Keyspace;
use kvs_web::player::Player;
use proptest::prelude::*;

fn player(animal: usize) -> Player {
    Player::new(Recording::new(EXHIBITS[animal].architecture(), 7))
}

fn put(client: u32, value: &str) -> Command {
    let op = KVSOperation::Put(Key::new("k").expect("short"), Value::new(value).expect("short"));
    Command::Input(Input::Call { client: NodeId(client), call: Arc::new(Call { op, to: None }) })
}

fn apply(player: &mut Player, command: Command) {
    // What the world refuses leaves the player as it was, which is what these tests look at.
    let _refused = player.apply(command).map(|_changes| ());
}

/// All that can be seen of a present.
fn look(player: &Player) -> (Time, String, Vec<Entry>) {
    let world = player.world();
    let nodes: Vec<String> =
        world.node_ids().map(|node| format!("{:?} {}", world.node(node), world.is_up(node))).collect();
    let cuts: Vec<_> = world.cuts().collect();
    (player.now(), format!("{nodes:?} {:?} {cuts:?}", world.letters()), player.trace().to_vec())
}

/// A fresh replay to the same place of the run finds the same world, trace and history.
fn check(player: &Player) {
    let recording = player.recording();
    let mut seen = (History::default(), Trace::default());
    let (history, trace) = (&mut seen.0, &mut seen.1);
    let mut replay = Replay::new(recording, &mut (&mut *history, &mut *trace));
    while replay.progress() < player.progress() && replay.step(recording, &mut (&mut *history, &mut *trace)) {}
    for node in replay.sim().world().node_ids() {
        assert_eq!(replay.sim().world().node(node), player.world().node(node));
    }
    let told = player.trace().iter().filter(|entry| !matches!(entry.what, What::Did(_)));
    assert!(told.eq(trace.entries()), "the trace is that of a fresh replay");
    let lived = &player.history().operations()[..history.operations().len()];
    assert!(
        lived.iter().zip(history.operations()).all(|(mine, fresh)| (mine.id, mine.called) == (fresh.id, fresh.called))
    );
    assert!(player.now() <= player.horizon());
}

#[test]
fn a_step_back_undoes_a_step_and_a_step_forward_does_it_again() {
    for (animal, exhibit) in EXHIBITS.iter().enumerate() {
        let mut player = player(animal);
        apply(&mut player, put(exhibit.architecture().servers, "x"));
        let mut seen = vec![look(&player)];
        for _ in 0..60 {
            apply(&mut player, Command::StepForward);
            seen.push(look(&player));
        }
        seen.dedup();
        for before in seen.iter().rev().skip(1) {
            apply(&mut player, Command::StepBack);
            assert_eq!(&look(&player), before);
        }
        for after in seen.iter().skip(1) {
            apply(&mut player, Command::StepForward);
            assert_eq!(&look(&player), after);
        }
    }
}

#[test]
fn undo_brings_the_old_future_back_and_redo_the_new_one() {
    let mut player = player(1);
    apply(&mut player, put(3, "x"));
    apply(&mut player, Command::Seek(Time::from_us(3_000_000)));
    let old = look(&player);
    apply(&mut player, Command::Seek(Time::from_us(40_000)));
    apply(&mut player, Command::Input(Input::Crash(NodeId(0))));
    assert_eq!(player.horizon(), Time::from_us(40_000), "what was lived beyond did not happen after all");
    apply(&mut player, Command::Seek(Time::from_us(3_000_000)));
    let new = look(&player);
    assert_ne!(new, old);
    apply(&mut player, Command::Undo);
    assert_eq!(look(&player), old);
    apply(&mut player, Command::Redo);
    assert_eq!(look(&player), new);
}

#[test]
fn a_refused_command_changes_nothing_and_says_why() {
    let mut player = player(1);
    apply(&mut player, put(3, "x"));
    apply(&mut player, Command::Seek(Time::from_us(500_000)));
    apply(&mut player, Command::Seek(Time::from_us(100_000)));
    let before = (look(&player), player.horizon(), player.recording().clone());
    let set = |name, value: &str| Command::SetOption { name, value: value.into() };
    let refusals = [
        (Command::Input(Input::Restart(NodeId(0))), "the server is up already"),
        (Command::Input(Input::Crash(NodeId(99))), "there is no such node"),
        (Command::Input(Input::Crash(NodeId(3))), "only a server can do that"),
        (set("replicas", "none"), "`replicas` must be a number from 1 to 1000, not `none`"),
        (set("latency-min", "9s"), "the shortest latency (9s) must not be longer than the longest (60ms)"),
    ];
    for (command, sentence) in refusals {
        assert_eq!(player.apply(command).expect_err(sentence).to_string(), sentence);
        assert_eq!((look(&player), player.horizon(), player.recording().clone()), before);
    }
}

#[test]
fn time_passes_at_the_chosen_speed_and_not_at_all_while_paused() {
    let mut player = player(1);
    assert!(!player.advance(1_000.0).any());
    apply(&mut player, Command::Play);
    let spans_us = [1_000, 2_000, 4_000, 10_000, 20_000, 40_000, 100_000, 200_000, 400_000, 1_000_000];
    for (speed, us) in Speed::all().zip(spans_us) {
        apply(&mut player, Command::SetSpeed(speed));
        let before = player.now();
        let _changes = player.advance(20.0);
        assert_eq!(player.now().since(before), Span::from_us(us), "{}", speed.label());
    }
}

fn command() -> impl Strategy<Value = Command> {
    let node = (0..6_u32).prop_map(NodeId);
    let traffic = Traffic { every: Span::from_ms(40), keys: 2, reads_percent: 30 };
    prop_oneof![
        3 => (2..6_u32, "[a-c]").prop_map(|(client, value)| put(client, &value)),
        4 => Just(Command::StepForward),
        3 => Just(Command::StepBack),
        3 => (0..3_000_000_u64).prop_map(|us| Command::Seek(Time::from_us(us))),
        1 => Just(Command::Undo),
        1 => Just(Command::Redo),
        1 => Just(Command::Restart),
        1 => node.clone().prop_map(|node| Command::Input(Input::Crash(node))),
        1 => node.clone().prop_map(|node| Command::Input(Input::Restart(node))),
        1 => (node.clone(), node).prop_map(|(a, b)| Command::Input(Input::Cut(Links::pair(a, b)))),
        1 => (0..60_u64).prop_map(|id| Command::Input(Input::Message { id: Sequence(id), fate: Fate::Hold })),
        1 => Just(Command::Input(Input::Traffic(Some(traffic)))),
    ]
}

proptest! {
    #[test]
    fn whatever_the_reader_does_the_present_is_what_the_recording_says(
        animal in 0..2_usize,
        commands in proptest::collection::vec(command(), 1..40),
    ) {
        let mut player = player(animal);
        for command in commands {
            apply(&mut player, command);
            check(&player);
        }
    }
}

#[test]
fn the_ring_shows_what_the_newest_view_up_to_the_present_has_moved() {
    let architecture = catalog::exhibit("sharded").expect("it is in the catalogue").architecture();
    let first = architecture.first_map();
    let mut player = Player::new(Recording::new(architecture, 7));
    let seconds = |seconds: u64| Command::Seek(Time::from_us(seconds * 1_000_000));
    apply(&mut player, Command::Input(Input::Fill(40)));
    apply(&mut player, seconds(2));
    let before = Keyspace::new(&player).expect("there are shards");
    assert_eq!((before.epoch, before.dots.len(), before.moves()), (1, 40, None));
    let joins = player.sim().change_of_members(&[NodeId(3)], true).expect("a server stands by");
    let Input::View { view, .. } = joins.clone() else { panic!("{joins:?}") };
    let keys: Vec<Key> = before.dots.iter().map(|dot| dot.key.clone()).collect();
    let wanted = moved(&first, &first.of(Arc::new(view)), &keys);
    apply(&mut player, Command::Input(joins));
    apply(&mut player, seconds(4));
    let after = Keyspace::new(&player).expect("there are shards");
    assert_eq!((after.epoch, after.dots.len(), after.moved), (2, 40, wanted));
    assert!(wanted > 0 && after.moves().is_some());
    apply(&mut player, seconds(1));
    assert_eq!(Keyspace::new(&player).map(|keyspace| keyspace.epoch), Some(1), "the view is still to come");
}

#[test]
fn changes_of_the_architecture_are_taken_back_one_by_one() {
    let mut player = player(1);
    apply(&mut player, put(3, "x"));
    apply(&mut player, Command::Seek(Time::from_us(400_000)));
    let first = (player.recording().clone(), player.now());
    let mut larger = player.architecture().clone();
    larger.servers = 5;
    apply(&mut player, Command::Compose(Box::new(larger.clone())));
    assert_eq!((player.architecture(), player.recording().seed, player.now()), (&larger, 7, Time::ZERO));
    apply(&mut player, Command::SetOption { name: "loss", value: "10%".into() });
    let mut refused = larger.clone();
    refused.links.latency_min = Span::from_secs(9);
    assert!(player.apply(Command::Compose(Box::new(refused))).is_err());
    // The same store from its beginning, which is no change of it.
    apply(&mut player, Command::Restart);
    apply(&mut player, Command::TakeBack);
    assert_eq!(player.architecture(), &larger);
    apply(&mut player, Command::TakeBack);
    assert_eq!((player.recording().clone(), player.now()), first);
    assert!(!player.can_take_back());
    assert!(!player.apply(Command::TakeBack).expect("it may").any());
    // Another run has another past.
    apply(&mut player, Command::Compose(Box::new(larger)));
    apply(&mut player, Command::Load(Box::new(first.0), first.1));
    assert!(!player.can_take_back());
}
