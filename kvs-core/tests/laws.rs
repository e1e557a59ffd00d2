//! The laws of lattices, on states that replicas really reach, and the two types that break them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use kvs_core::lattice::{DomPair, LwwWrapper, Merge, ReplicaId, SetUnion, VectorClock, Violation, check_laws};
use kvs_core::op::Key;
use kvs_core::process::NodeId;
use kvs_core::server::Traffic;
use kvs_core::sim::{Input, Recording, Replay};
use kvs_core::storage::{Storage, Stored};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::catalog;

/// The different states of each key that replicas reach while clients write and links are slow.
fn reached(values: &str) -> Vec<Vec<Stored>> {
    let mut architecture = catalog::exhibit("replicated").expect("an exhibit").architecture();
    for (name, value) in [("values", values), ("clients", "3"), ("latency-max", "400ms"), ("loss", "10%")] {
        architecture.set(name, value).expect("an option");
    }
    let mut states: BTreeMap<Key, Vec<Arc<Stored>>> = BTreeMap::new();
    for seed in 0..12 {
        let mut recording = Recording::new(architecture.clone(), seed);
        let mut replay = Replay::new(&recording, &mut ());
        let traffic = Traffic { every: Span::from_ms(30), keys: 3, reads_percent: 40 };
        replay.act(&mut recording, Input::Traffic(Some(traffic)), &mut ()).expect("clients");
        while replay.moment().time < Time::from_us(6_000_000) && replay.step(&recording, &mut ()) {
            let world = replay.sim().world();
            let servers = world.node_ids().filter_map(|node| world.node(node).as_server());
            for (key, stored) in servers.flat_map(|server| match server.storage() {
                Storage::Lattice(store) => store.iter().collect::<Vec<_>>(),
                Storage::Core(_) | Storage::Smr(_) | Storage::Versioned(_) => Vec::new(),
            }) {
                let key = Key::new(&format!("{key} {seed}")).expect("short");
                let known = states.entry(key).or_default();
                if known.len() < 25 && !known.iter().any(|state| Arc::ptr_eq(state, stored) || state == stored) {
                    known.push(stored.clone());
                }
            }
        }
    }
    let states: Vec<Vec<Stored>> =
        states.into_values().map(|known| known.iter().map(|state| (**state).clone()).collect()).collect();
    assert!(states.iter().map(Vec::len).sum::<usize>() > 200, "many states are reached");
    states
}

#[test]
fn the_lattices_keep_the_laws_on_what_is_reached() {
    for values in ["mv-register", "lww"] {
        for states in reached(values) {
            assert_eq!(check_laws(&states), Ok(()), "{values}");
        }
    }
    let clocks: Vec<VectorClock> =
        reached("mv-register").into_iter().flatten().map(|state| state.context()).take(40).collect();
    assert_eq!(check_laws(&clocks), Ok(()));
    let sets: Vec<SetUnion<u8>> =
        (0..16_u8).map(|bits| SetUnion((0..4).filter(|bit| bits >> bit & 1 == 1).collect())).collect();
    assert_eq!(check_laws(&sets), Ok(()));
}

#[test]
fn the_exhibits_break_them_on_what_is_reached() {
    let broken = |values: &str| reached(values).iter().filter_map(|states| check_laws(states).err()).next();
    assert!(matches!(broken("lww-wrapper"), Some(Violation::Commutativity(..))));
    assert!(matches!(broken("dom-pair"), Some(Violation::Associativity(..))));
}

#[test]
fn what_arrives_last_is_not_commutative() {
    let states = [LwwWrapper(1), LwwWrapper(2)];
    assert_eq!(check_laws(&states), Err(Violation::Commutativity(LwwWrapper(1), LwwWrapper(2))));
}

/// Three writes, each of which bumps its own entry as it should: x at a, y at b without having seen x, z at a in place of x.
#[test]
fn a_pair_of_clock_and_set_brings_back_what_was_replaced() {
    let [a, b] = [0, 1].map(|node| ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 });
    let pair = |bumps: &[ReplicaId], value: char| {
        let mut clock = VectorClock::default();
        for replica in bumps {
            clock.bump(*replica);
        }
        DomPair { clock, value: SetUnion([value].into()) }
    };
    let (x, y, z) = (pair(&[a], 'x'), pair(&[b], 'y'), pair(&[a, a], 'z'));
    let merged = |order: [&DomPair<VectorClock, SetUnion<char>>; 3]| {
        let mut state = order[0].clone();
        state.merge(order[1]);
        state.merge(order[2]);
        state
    };
    let (one, other) = (merged([&x, &y, &z]), merged([&x, &z, &y]));
    assert_eq!(one.clock, other.clock);
    assert_eq!(one.value.0, ['x', 'y', 'z'].into());
    assert_eq!(other.value.0, ['y', 'z'].into());
    assert!(matches!(check_laws(&[x, y, z]), Err(Violation::Associativity(..))));
}
