//! Keys and their homes: all agree on them, they are spread evenly, and a change of views moves no more than it must.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kvs_core::check::{Budget, Judge, Run, play};
use kvs_core::op::Key;
use kvs_core::process::NodeId;
use kvs_core::routing::map::{Placement, ShardMap, moved};
use kvs_core::routing::ring::{PlacedBy, RingOptions};
use kvs_core::routing::view::{Shard, ShardName, View};
use kvs_core::sim::schedule::{Outcome, Schedule};
use kvs_core::sim::{Input, Replay};
use proptest::prelude::*;

fn keys(count: u32) -> Vec<Key> {
    (1..=count).map(|number| Key::new(&format!("k{number}")).expect("short")).collect()
}

fn map(placement: Placement, names: &[&str]) -> ShardMap {
    let shard = |(name, node): (&&str, u32)| Shard {
        name: ShardName::new(name).expect("a name"),
        nodes: [NodeId(node)].into(),
    };
    ShardMap::new(placement, Arc::new(View { epoch: 1, shards: names.iter().zip(0..).map(shard).collect() }))
}

fn ring(virtual_nodes: u32) -> Placement {
    Placement::Ring(RingOptions { virtual_nodes, ..RingOptions::default() })
}

const FOUR: [&str; 4] = ["Shard1", "Shard2", "Shard3", "Shard4"];

/// How much of the keys each shard has, in percent.
fn shares(map: &ShardMap) -> Vec<f64> {
    let mut counts = vec![0_u32; map.view().shards.len()];
    keys(10_000).iter().for_each(|key| counts[map.owner(key)] += 1);
    counts.into_iter().map(|count| f64::from(count) / 100.0).collect()
}

#[test]
fn a_hundred_virtual_nodes_spread_keys_evenly_and_one_does_not() {
    let (few, many) = (shares(&map(ring(1), &FOUR)), shares(&map(ring(100), &FOUR)));
    assert!(many.iter().all(|share| (18.75..=31.25).contains(share)), "{many:?}");
    assert!(few.iter().any(|share| !(18.75..=31.25).contains(share)), "{few:?}");
    let modulo = shares(&map(Placement::Modulo, &FOUR));
    assert!(modulo.iter().all(|share| (24.0..=26.0).contains(share)), "{modulo:?}");
}

/// M14: names that are nearly the same land near each other unless their hashes are mixed.
#[test]
fn without_a_finaliser_the_ring_is_out_of_balance() {
    let options = RingOptions { mixes: false, ..RingOptions::default() };
    let raw = shares(&map(Placement::Ring(options), &FOUR));
    assert!(raw.iter().any(|share| !(18.75..=31.25).contains(share)), "{raw:?}");
}

#[test]
fn a_shard_that_joins_a_ring_takes_its_part_and_nobody_else_gains() {
    let before = map(ring(100), &FOUR[..3]);
    let after = map(ring(100), &FOUR);
    let all = keys(10_000);
    for key in &all {
        let (from, to) = (&before.shard_of(key).name, &after.shard_of(key).name);
        assert!(from == to || to.as_str() == "Shard4", "{key} moved from {from} to {to}");
    }
    let share = moved(&before, &after, &all);
    assert!((1_900..=3_100).contains(&share), "{share} of 10000 moved");
    let by_modulo = moved(&map(Placement::Modulo, &FOUR[..3]), &map(Placement::Modulo, &FOUR), &all);
    assert!((7_300..=7_700).contains(&by_modulo), "{by_modulo} of 10000 moved");
}

/// M15: a shard that leaves gives its keys, and takes no others along; unless places come from numbers.
#[test]
fn a_shard_that_leaves_moves_its_own_keys_only() {
    let without_second = [FOUR[0], FOUR[2], FOUR[3]];
    let strangers = |placed_by| {
        let placement = Placement::Ring(RingOptions { placed_by, ..RingOptions::default() });
        let (before, after) = (map(placement, &FOUR), map(placement, &without_second));
        let moves = |key: &&Key| before.shard_of(key).name != after.shard_of(key).name;
        let all = keys(10_000);
        all.iter().filter(moves).filter(|key| before.shard_of(key).name.as_str() != "Shard2").count()
    };
    assert_eq!(strangers(PlacedBy::Name), 0);
    assert!(strangers(PlacedBy::Ordinal) > 1_000);
}

#[test]
fn every_text_is_a_key_and_has_a_home() {
    let map = map(ring(100), &FOUR);
    for text in ["", "🦓", "Größe", " ", "a\nb"] {
        let key = Key::new(text).expect("short");
        assert!(map.owner(&key) < 4);
        assert_eq!(map.owner(&key), map.of(map.view().clone()).owner(&key));
    }
}

#[test]
fn regions_do_not_unbalance_what_is_in_them() {
    for placement in [Placement::Modulo, ring(100)] {
        let nested = shares(&map(placement, &["east/a", "east/b", "west/a", "west/b"]));
        assert!(nested.iter().all(|share| (15.0..=35.0).contains(share)), "{placement:?}: {nested:?}");
    }
}

fn view() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..6_usize, 1..6)
}

proptest! {
    /// Who waits for whom is exact: nobody waits for keys that do not come, nor answers before they have.
    #[test]
    fn keys_come_from_the_shards_that_give_them(before in view(), after in view(), virtual_nodes in 1..9_u32) {
        const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        let of = |members: &BTreeSet<usize>| {
            let shard = |place: &usize| Shard {
                name: ShardName::new(NAMES[*place]).expect("a name"),
                nodes: [NodeId(u32::try_from(*place).expect("few"))].into(),
            };
            let view = View { epoch: 1, shards: members.iter().map(shard).collect() };
            ShardMap::new(ring(virtual_nodes), Arc::new(view))
        };
        let (before, after) = (of(&before), of(&after));
        let mut moves: BTreeMap<NodeId, BTreeSet<ShardName>> = BTreeMap::new();
        for key in keys(2_000) {
            let (from, to) = (before.shard_of(&key), after.shard_of(&key));
            if from.name != to.name {
                moves.entry(to.nodes[0]).or_default().insert(from.name.clone());
            }
        }
        for shard in after.view().shards.iter() {
            let node = shard.nodes[0];
            let seen = moves.remove(&node).unwrap_or_default();
            prop_assert!(seen.is_subset(&after.sources(&before, node)));
        }
    }
}

// ---- in a world

fn run(text: &str) -> Outcome {
    let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let outcome = play(&schedule, &mut ());
    assert_eq!(outcome.failure, None, "{text}");
    outcome
}

fn lesson(name: &str) -> Outcome {
    let file = format!("{}/../lessons/{name}.kvs", env!("CARGO_MANIFEST_DIR"));
    run(&std::fs::read_to_string(file).expect("a lesson"))
}

/// How many keys there are at the end of a run, and how many of them moved, to which shards.
fn moves(outcome: &Outcome) -> (usize, BTreeMap<String, u32>) {
    let recording = &outcome.recording;
    let first = recording.architecture.first_map();
    let view = recording.inputs().iter().find_map(|(_, input)| match input {
        Input::View { view, .. } => Some(view.clone()),
        _ => None,
    });
    let last = first.of(Arc::new(view.expect("a change of views")));
    let mut replay = Replay::new(recording, &mut ());
    replay.advance_to(outcome.end, recording, &mut ());
    let world = replay.sim().world();
    let mut kept: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    for server in recording.architecture.server_ids() {
        let server = world.node(server).as_server().expect("a server");
        let map = server.sharding().expect("shards").map();
        for key in server.storage().keys() {
            kept.entry(key.clone()).or_default().insert(map.shard_of(&key).name.to_string());
        }
    }
    let mut moved = BTreeMap::new();
    for (key, shards) in &kept {
        assert_eq!(shards.len(), 1, "{key} is kept by {shards:?}");
        let (from, to) = (&first.shard_of(key).name, &last.shard_of(key).name);
        if from != to {
            *moved.entry(to.to_string()).or_default() += 1;
        }
    }
    (kept.len(), moved)
}

#[test]
fn lessons_count_the_keys_that_move_as_their_captions_say() {
    let (keys, moved) = moves(&lesson("growing_pains"));
    assert!(keys == 240 && moved.len() == 1, "{keys} {moved:?}");
    assert!((40..=80).contains(&moved["S4"]), "about a quarter: {moved:?}");
    let (keys, moved) = moves(&lesson("growing_pains_modulo"));
    let all: u32 = moved.values().sum();
    assert!(keys == 240 && (165..=195).contains(&all) && moved.len() == 4, "about three quarters: {moved:?}");
    let (keys, moved) = moves(&lesson("a_shard_joins"));
    assert!(keys == 60 && moved.len() == 1 && (12..=28).contains(&moved["D"]), "about a third, all to D: {moved:?}");
}

#[test]
fn a_request_is_passed_on_and_the_answer_back() {
    run("zoo sharded misrouted=forwarded
         C1: put x=1 -> S1 expect ok
         expect mark \"wrong shard: passed on\" S1
         expect S3 x = 1
         C2: get x -> S2 expect 1
         drop next Response S3->S1
         C1: put x=2 -> S1 expect ok
         C2: get x expect 2");
}

/// SR2: what anti-entropy has spread survives the loss of any two of three replicas.
#[test]
fn any_two_of_three_replicas_may_be_lost() {
    for (one, other, left) in [("B1", "B2", "B3"), ("B1", "B3", "B2"), ("B2", "B3", "B1")] {
        run(&format!(
            "zoo sharded-replicated
             put x=1 expect ok
             put acl=2 expect ok
             settle
             wipe {one}
             wipe {other}
             get x -> {left} expect 1
             get acl -> {left} expect 2
             expect durable holds"
        ));
    }
}

/// C8: who is in no view keeps nothing and answers nothing.
#[test]
fn a_server_outside_of_the_view_refuses() {
    run("zoo sharded-causal misrouted=refused
         put x=1 -> D1 expect ok
         expect mark \"wrong shard: refused\" D1
         expect D1 x = none
         expect B1 x = 1
         leave B2
         settle
         get x -> B2 expect 1
         expect mark \"wrong shard: refused\" B2
         expect B2 x = none");
}

#[test]
fn who_waits_for_what_is_lost_waits_until_somebody_says_so() {
    run("zoo sharded retries=20
         put k2=gone expect ok
         cut S2 | S4
         join S4
         run 300ms
         C1: get k2
         run 200ms
         wipe S2
         run 1s
         expect C1 pending
         lost S2
         run 1s
         expect C1 none");
}

#[test]
fn a_server_that_slept_through_two_views_catches_up() {
    run("zoo sharded
         fill 30
         settle
         pause S1
         join S4
         leave S2
         run 2s
         resume S1
         settle
         get k1 expect 4.1
         get k4 expect 5.4
         get k12 expect 5.12
         expect linearizable holds");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let refusals = [
        ("zoo sharded shards=0", "line 1, column 13: `shards` must be a number from 1 to 12, not `0`"),
        ("zoo sharded virtual-nodes=0", "line 1, column 13: `virtual-nodes` must be a number from 1 to 1000, not `0`"),
        ("zoo sharded replicas=3", "line 1, column 13: the option `replicas` does not apply to the sharded store"),
        (
            "zoo sharded router=modulo virtual-nodes=8",
            "line 1, column 27: the option `virtual-nodes` does not apply to the sharded store",
        ),
        ("zoo sharded-replicated fanout=3", "line 1, column 1: a fan-out of 3 needs that many other replicas"),
        ("zoo sharded-replicated shards=12 replicas=9", "line 1, column 1: shards, spare ones and replicas make 108"),
        ("zoo sharded shards=2 regions=3", "line 1, column 1: 3 regions need that many shards, and there are 2"),
        ("zoo sharded-replicated read-context=nearest", "line 1, column 1: only versions that know their causes"),
        ("zoo sharded\nview S1 = S9", "line 2, column 11: expected a server (S1, S2, S3, S4), not `S9`"),
        ("zoo sharded\nview S1", "line 2, column 8: expected `=`, not the end of the line"),
        ("zoo sharded\njoin C1", "line 2, column 6: expected a server"),
        ("zoo sharded\nmget", "line 2, column 5: expected a key"),
        ("ask \"why?\" = \"so\"", "line 1, column 18: expected `|` and another answer"),
        ("say hello", "line 1, column 5: expected what is said, in quotes"),
    ];
    for (text, sentence) in refusals {
        let error = Schedule::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(sentence), "{text}: {error}");
    }
    let failures = [
        ("zoo replicated\njoin R1", "line 2: this store has no shards"),
        (
            "zoo raft spares=0\nleave S1",
            "line 2: no server stands by here, so none can join or leave: set spares to 1 or more",
        ),
        (
            "zoo primary-backup\njoin S1",
            "line 2: here a view service says who leads: set views to external, and you do",
        ),
        (
            "zoo sharded\nview 1: S1 = S1",
            "line 2: two views must not have one epoch, and none is left out: the next is 2",
        ),
        ("zoo sharded\nview S1 = S1 | S1 = S2", "line 2: two shards of a view have one name"),
        ("zoo sharded\nview S1 = S1 | S2 = S1", "line 2: a server keeps one shard only"),
        ("zoo sharded\nview S1 = S1 S2", "line 2: without replication a shard has one server"),
        ("zoo sharded\nview a = S1 | a/b = S2", "line 2: a shard of a view is called as a region is"),
        ("zoo sharded\nleave S1 S2 S3", "line 2: a view needs at least one shard"),
        (
            "zoo sharded-replicated delivery=causal\nleave A1",
            "line 2: with causal delivery shards stay as they are: switch to delivery=eventual",
        ),
    ];
    for (text, sentence) in failures {
        let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let failure = schedule.run(&mut ()).failure.map(|failure| failure.to_string());
        assert_eq!(failure.as_deref(), Some(sentence), "{text}");
    }
}

/// What a judge has seen of a future that was taken back does not count.
#[test]
fn a_judge_forgets_a_view_that_was_taken_back() {
    let puts: String = (1..=9).map(|key| format!("C1: put k{key}=1 expect ok\n")).collect();
    let leaves = run("zoo sharded\nleave S1\nsettle");
    let joins = run(&format!("zoo sharded\njoin S4\nsettle\n{puts}C1: getall -> S2\nsettle"));
    let judgements = |judge: &mut Judge, outcome: &Outcome| {
        let recording = &outcome.recording;
        let mut replay = Replay::new(recording, &mut ());
        replay.advance_to(outcome.end, recording, &mut ());
        let (history, inputs) = (&outcome.history, recording.inputs());
        let events = history.events().len();
        judge.judge(&Run::new(&recording.architecture, replay.sim().world(), history, events, inputs), Budget::PATIENT)
    };
    let fresh = || Judge::new(&joins.recording.architecture);
    let mut follows = fresh();
    judgements(&mut follows, &leaves);
    assert_eq!(judgements(&mut follows, &joins), judgements(&mut fresh(), &joins));
}
