//! The lattices: their laws on random states, and beside those of the `lattices` crate on the same random merges.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use kvs_core::lattice::{
    DomPair, GrowOnlyCounter, MapUnion, MapUnionWithTombstones, Max, Merge, Min, ObservedRemoveSet, Pair, ReplicaId,
    SetUnion, UpDownCounter, VectorClock, check_laws,
};
use kvs_core::process::NodeId;
use lattices::Merge as _;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

fn replica(node: u32) -> ReplicaId {
    ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 }
}

/// What replicas hold that each do random things and hear of random others: states that are really reached.
fn reached<T: Merge + Clone + Default + PartialEq, Op>(
    steps: &[(u8, u8, Op)],
    mut act: impl FnMut(&mut T, ReplicaId, &Op),
) -> Vec<T> {
    let mut replicas = [T::default(), T::default(), T::default()];
    let mut seen = vec![T::default()];
    for (at, from, op) in steps {
        let (at, from) = (usize::from(at % 3), usize::from(from % 6));
        // Half of the time it hears of another one.
        if let Some(other) = replicas.get(from).cloned() {
            replicas[at].merge(&other);
        } else {
            act(&mut replicas[at], replica(u32::try_from(at).expect("small")), op);
        }
        if seen.len() < 9 && !seen.contains(&replicas[at]) {
            seen.push(replicas[at].clone());
        }
    }
    seen
}

fn steps<Op: Debug>(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Vec<(u8, u8, Op)>> {
    vec((any::<u8>(), any::<u8>(), op), 1..20)
}

fn sets() -> impl Strategy<Value = BTreeSet<u8>> {
    btree_set(0..6_u8, 0..5)
}

fn maps() -> impl Strategy<Value = BTreeMap<u8, BTreeSet<u8>>> {
    btree_map(0..4_u8, btree_set(0..4_u8, 1..4), 0..4)
}

fn ours_of(map: BTreeMap<u8, BTreeSet<u8>>) -> MapUnion<u8, SetUnion<u8>> {
    MapUnion(map.into_iter().map(|(key, set)| (key, SetUnion(set))).collect())
}

type TheirSet = lattices::set_union::SetUnionBTreeSet<u8>;

fn theirs_of(map: BTreeMap<u8, BTreeSet<u8>>) -> lattices::map_union::MapUnionBTreeMap<u8, TheirSet> {
    lattices::map_union::MapUnion::new(map.into_iter().map(|(key, set)| (key, TheirSet::new(set))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_composed_of_lattices_is_one(values in vec((any::<u8>(), any::<i8>(), sets(), maps()), 1..7)) {
        let whole: Vec<_> = values
            .into_iter()
            .map(|(max, min, set, map)| Pair(Pair(Max(max), Min(min)), Pair(SetUnion(set), ours_of(map))))
            .collect();
        prop_assert_eq!(check_laws(&whole), Ok(()));
    }

    #[test]
    fn maps_with_tombstones(steps in steps((0..4_u8, 0..4_u8, any::<bool>()))) {
        let states = reached(&steps, |map: &mut MapUnionWithTombstones<u8, SetUnion<u8>>, _, (key, value, removes)| {
            let _changed = if *removes { map.remove(*key) } else { map.insert(*key, SetUnion([*value].into())) };
        });
        prop_assert_eq!(check_laws(&states), Ok(()));
        for state in &states {
            prop_assert!(state.map().keys().all(|key| !state.tombstones().contains(key)));
        }
    }

    #[test]
    fn counters_lose_nothing(steps in steps(-5..6_i64)) {
        let mut expected = 0;
        let states = reached(&steps, |counter: &mut UpDownCounter, me, amount| {
            counter.add(me, *amount);
            expected += i128::from(*amount);
        });
        prop_assert_eq!(check_laws(&states), Ok(()));
        let up = reached(&steps, |counter: &mut GrowOnlyCounter, me, amount| counter.add(me, amount.unsigned_abs()));
        prop_assert_eq!(check_laws(&up), Ok(()));
        // All that was counted anywhere is in the join of all replicas, once.
        let mut replicas = [UpDownCounter::default(), UpDownCounter::default(), UpDownCounter::default()];
        for (at, from, amount) in &steps {
            let (at, from) = (usize::from(at % 3), usize::from(from % 6));
            match replicas.get(from).cloned() {
                Some(other) => { replicas[at].merge(&other); }
                None => replicas[at].add(replica(u32::try_from(at).expect("small")), *amount),
            }
        }
        let [mut all, second, third] = replicas;
        all.merge(&second);
        all.merge(&third);
        prop_assert_eq!(all.sum(), expected);
    }

    #[test]
    fn observed_remove_sets(steps in steps((0..3_u8, any::<bool>()))) {
        let states = reached(&steps, |set: &mut ObservedRemoveSet<u8>, me, (element, removes)| {
            if *removes {
                let _was_there = set.remove(element);
            } else {
                set.insert(me, *element);
            }
        });
        prop_assert_eq!(check_laws(&states), Ok(()));
    }

    #[test]
    fn another_crate_merges_the_same_numbers_and_sets(a in any::<u8>(), b in any::<u8>(), x in sets(), y in sets()) {
        let (mut ours, mut theirs) = (Max(a), lattices::Max::new(a));
        prop_assert_eq!(ours.merge(&Max(b)), theirs.merge(lattices::Max::new(b)));
        prop_assert_eq!(ours.0, theirs.into_reveal());
        let (mut ours, mut theirs) = (Min(a), lattices::Min::new(a));
        prop_assert_eq!(ours.merge(&Min(b)), theirs.merge(lattices::Min::new(b)));
        prop_assert_eq!(ours.0, theirs.into_reveal());
        let (mut ours, mut theirs) = (SetUnion(x.clone()), TheirSet::new(x.clone()));
        prop_assert_eq!(ours.merge(&SetUnion(y.clone())), theirs.merge(TheirSet::new(y.clone())));
        prop_assert_eq!(&ours.0, theirs.as_reveal_ref());
        let mut ours = Pair(Max(a), SetUnion(x.clone()));
        let mut theirs = lattices::Pair::new(lattices::Max::new(a), TheirSet::new(x));
        let said = theirs.merge(lattices::Pair::new(lattices::Max::new(b), TheirSet::new(y.clone())));
        prop_assert_eq!(ours.merge(&Pair(Max(b), SetUnion(y))), said);
        prop_assert_eq!((&ours.0.0, &ours.1.0), (theirs.a.as_reveal_ref(), theirs.b.as_reveal_ref()));
    }

    #[test]
    fn another_crate_merges_the_same_maps(a in maps(), b in maps()) {
        let (mut ours, mut theirs) = (ours_of(a.clone()), theirs_of(a));
        prop_assert_eq!(ours.merge(&ours_of(b.clone())), theirs.merge(theirs_of(b)));
        let told: BTreeMap<u8, BTreeSet<u8>> =
            theirs.into_reveal().into_iter().map(|(key, set)| (key, set.into_reveal())).collect();
        prop_assert_eq!(ours, ours_of(told));
    }

    #[test]
    fn another_crate_merges_the_same_maps_with_tombstones(
        a in maps(), gone_a in sets(), b in maps(), gone_b in sets()
    ) {
        type Theirs = lattices::map_union_with_tombstones::MapUnionHashMapWithTombstoneHashSet<u8, TheirSet>;
        let ours = |map: &BTreeMap<u8, BTreeSet<u8>>, gone: &BTreeSet<u8>| {
            let mut made = MapUnionWithTombstones::default();
            gone.iter().for_each(|key| { made.remove(*key); });
            map.iter().for_each(|(key, set)| { made.insert(*key, SetUnion(set.clone())); });
            made
        };
        let theirs = |map: &BTreeMap<u8, BTreeSet<u8>>, gone: &BTreeSet<u8>| {
            let map =
                map.iter().filter(|(key, _)| !gone.contains(key)).map(|(key, set)| (*key, TheirSet::new(set.clone()))).collect();
            Theirs::new(map, gone.iter().copied().collect())
        };
        let (mut mine, mut other) = (ours(&a, &gone_a), theirs(&a, &gone_a));
        prop_assert_eq!(mine.merge(&ours(&b, &gone_b)), other.merge(theirs(&b, &gone_b)));
        let (map, gone) = other.into_reveal();
        let map: BTreeMap<u8, BTreeSet<u8>> = map.into_iter().map(|(key, set)| (key, set.into_reveal())).collect();
        prop_assert_eq!(mine, ours(&map, &gone.into_iter().collect()));
    }

    /// Both pairs are no lattice, and in the same way.
    #[test]
    fn another_crate_merges_the_same_dominating_pairs(writes in vec((0..3_u32, 1..4_u64, 0..5_u8), 2..6)) {
        type Clock = lattices::map_union::MapUnionBTreeMap<u32, lattices::Max<u64>>;
        let pair = |(node, count, value): &(u32, u64, u8)| {
            let mut clock = VectorClock::default();
            (0..*count).for_each(|_| { clock.bump(replica(*node)); });
            DomPair { clock, value: SetUnion([*value].into()) }
        };
        let their_pair = |(node, count, value): &(u32, u64, u8)| {
            let clock = Clock::new(BTreeMap::from([(*node, lattices::Max::new(*count))]));
            lattices::DomPair::new(clock, TheirSet::new([*value].into()))
        };
        let (mut ours, mut theirs) = (pair(&writes[0]), their_pair(&writes[0]));
        for write in &writes[1..] {
            prop_assert_eq!(ours.merge(&pair(write)), theirs.merge(their_pair(write)));
        }
        let (clock, value) = theirs.into_reveal();
        prop_assert_eq!(&ours.value.0, value.as_reveal_ref());
        let told: Vec<(u32, u64)> = clock.into_reveal().into_iter().map(|(node, max)| (node, max.into_reveal())).collect();
        prop_assert_eq!(ours.clock.iter().map(|(replica, count)| (replica.node.0, count)).collect::<Vec<_>>(), told);
    }
}
