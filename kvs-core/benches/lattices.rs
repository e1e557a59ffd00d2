//! Merging, beside the crates `lattices` and `crdts` on the same data; and what a round of gossip costs as a cluster grows.
//!
//! Each merge takes in a state of which half is new. Of the others' merges, which take what they merge by value, making the copy is
//! not counted, nor is dropping the result.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::{BTreeMap, BTreeSet};

use crdts::{CmRDT, CvRDT};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kvs_core::lattice::{MapUnion, Max, Merge, ObservedRemoveSet, ReplicaId, SetUnion, VectorClock};
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::replication::gossip::GossipConfig;
use kvs_core::server::Call;
use kvs_core::sim::{Input, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::{Animal, Architecture, ReplicationOptions, catalog};

const SIZES: [u32; 2] = [10, 1_000];

fn replica(node: u32) -> ReplicaId {
    ReplicaId { node: NodeId(node), incarnation: 0, epoch: 0 }
}

/// Two ranges that overlap by half.
fn halves(size: u32) -> [std::ops::Range<u32>; 2] {
    [0..size, size / 2..size / 2 + size]
}

fn merges(c: &mut Criterion) {
    use lattices::Merge as _;
    for size in SIZES {
        let mut group = c.benchmark_group("merge");
        group.throughput(Throughput::Elements(size.into()));
        let of = |name: &str| BenchmarkId::new(name, size);

        let [a, b] = halves(size).map(|range| SetUnion(range.collect::<BTreeSet<u32>>()));
        group.bench_function(of("set, ours"), |bencher| {
            bencher.iter_batched_ref(|| a.clone(), |set| set.merge(&b), BatchSize::SmallInput);
        });
        let [a, b] = halves(size).map(|range| lattices::set_union::SetUnionBTreeSet::new(range.collect()));
        group.bench_function(of("set, lattices"), |bencher| {
            bencher.iter_batched(
                || (a.clone(), b.clone()),
                |(mut set, other)| (set.merge(other), set),
                BatchSize::SmallInput,
            );
        });

        let map = |range: std::ops::Range<u32>| range.map(|key| (key, u64::from(key)));
        let [a, b] = halves(size)
            .map(|range| MapUnion(map(range).map(|(key, value)| (key, Max(value))).collect::<BTreeMap<_, _>>()));
        group.bench_function(of("map of maxima, ours"), |bencher| {
            bencher.iter_batched_ref(|| a.clone(), |map| map.merge(&b), BatchSize::SmallInput);
        });
        let [a, b] = halves(size).map(|range| {
            lattices::map_union::MapUnionBTreeMap::new(
                map(range).map(|(key, value)| (key, lattices::Max::new(value))).collect(),
            )
        });
        group.bench_function(of("map of maxima, lattices"), |bencher| {
            bencher.iter_batched(
                || (a.clone(), b.clone()),
                |(mut map, other)| (map.merge(other), map),
                BatchSize::SmallInput,
            );
        });

        let [a, b] = halves(size).map(|range| {
            let mut clock = VectorClock::default();
            range.for_each(|node| {
                clock.bump(replica(node));
            });
            clock
        });
        group.bench_function(of("vector clock, ours"), |bencher| {
            bencher.iter_batched_ref(|| a.clone(), |clock| clock.merge(&b), BatchSize::SmallInput);
        });
        let [a, b] = halves(size).map(|range| {
            let mut clock = crdts::VClock::new();
            range.for_each(|node| clock.apply(clock.inc(node)));
            clock
        });
        group.bench_function(of("vector clock, crdts"), |bencher| {
            bencher.iter_batched(
                || (a.clone(), b.clone()),
                |(mut clock, other)| (CvRDT::merge(&mut clock, other), clock),
                BatchSize::SmallInput,
            );
        });

        let [a, b] = halves(size).map(|range| {
            let mut set = ObservedRemoveSet::default();
            // Each replica adds an element of its own.
            range.for_each(|node| set.insert(replica(node), node));
            set
        });
        group.bench_function(of("observed-remove set, ours"), |bencher| {
            bencher.iter_batched_ref(|| a.clone(), |set| set.merge(&b), BatchSize::SmallInput);
        });
        let [a, b] = halves(size).map(|range| {
            let mut set = crdts::Orswot::new();
            range.for_each(|node| {
                let add = set.add(node, set.read_ctx().derive_add_ctx(node));
                set.apply(add);
            });
            set
        });
        group.bench_function(of("observed-remove set, crdts"), |bencher| {
            bencher.iter_batched(
                || (a.clone(), b.clone()),
                |(mut set, other)| (CvRDT::merge(&mut set, other), set),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

/// One round of a cluster in which everybody knows one rumor and nobody loses interest: as many messages as replicas, and as many
/// answers. Time for each replica should not grow with their number, but for the queue.
fn rounds(c: &mut Criterion) {
    const ROUND: Span = Span::from_ms(500);
    let mut group = c.benchmark_group("a round of gossip");
    group.sample_size(10);
    for replicas in [10, 100, 1_000, 10_000] {
        let architecture = Architecture {
            servers: replicas,
            clients: 1,
            replication: ReplicationOptions::EpidemicGossip(GossipConfig {
                gossip_interval: ROUND,
                counter_limit: u32::MAX,
                anti_entropy: false,
                ..GossipConfig::default()
            }),
            ..catalog::exhibit_of(Animal::Replicated).architecture()
        };
        let mut sim = Sim::new(&architecture, 1, &mut ());
        let (key, value) = (Key::new("rumor").expect("short"), Value::new("x").expect("short"));
        let call = Call { op: KVSOperation::Put(key, value), to: Some(NodeId(0)) };
        sim.apply(&Input::Call { client: NodeId(replicas), call: call.into() }, &mut ()).expect("it is there");
        let mut now = Time::ZERO + ROUND.saturating_mul(40);
        sim.advance_to(now, &mut ());
        group.throughput(Throughput::Elements(replicas.into()));
        group.bench_function(BenchmarkId::from_parameter(replicas), |bencher| {
            bencher.iter(|| {
                now += ROUND;
                sim.advance_to(now, &mut ());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, merges, rounds);
criterion_main!(benches);
