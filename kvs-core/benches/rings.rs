//! Hash rings, beside the crate `hashring`: what a lookup costs, what it costs to make a ring, and how evenly keys are spread.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hashring::HashRing;
use kvs_core::op::Key;
use kvs_core::routing::hash::{HashOf, position_of};
use kvs_core::routing::ring::{RingOptions, RingRouter};

const SHARDS: [u32; 2] = [4, 64];
const VIRTUAL_NODES: u32 = 100;
const KEYS: u32 = 10_000;

/// A place on the other ring.
#[derive(Clone, Hash)]
struct Place {
    shard: u32,
    number: u32,
}

fn ours(shards: u32) -> RingRouter {
    let names: Vec<String> = (1..=shards).map(|number| format!("Shard{number}")).collect();
    let options = RingOptions { virtual_nodes: VIRTUAL_NODES, ..RingOptions::default() };
    RingRouter::new(options, names.iter().map(String::as_str))
}

fn theirs(shards: u32) -> HashRing<Place> {
    let mut ring = HashRing::new();
    ring.batch_add(
        (0..shards).flat_map(|shard| (0..VIRTUAL_NODES).map(move |number| Place { shard, number })).collect(),
    );
    ring
}

fn keys() -> Vec<Key> {
    (0..KEYS).map(|number| Key::new(&format!("user-{number}")).expect("short")).collect()
}

fn lookups(c: &mut Criterion) {
    let keys = keys();
    let mut group = c.benchmark_group("ring lookup");
    group.throughput(Throughput::Elements(KEYS.into()));
    for shards in SHARDS {
        let ring = ours(shards);
        let owner = |key: &Key| ring.owner(position_of(key, HashOf::Bytes)).expect("it is not empty");
        group.bench_function(BenchmarkId::new("ours", shards), |bencher| {
            bencher.iter(|| keys.iter().map(|key| u64::from(owner(key))).sum::<u64>());
        });
        let other = theirs(shards);
        let owner = |key: &Key| other.get(&key.as_str()).expect("it is not empty").shard;
        group.bench_function(BenchmarkId::new("hashring", shards), |bencher| {
            bencher.iter(|| keys.iter().map(|key| u64::from(owner(key))).sum::<u64>());
        });
    }
    group.finish();
}

fn making(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring made");
    for shards in SHARDS {
        group.bench_function(BenchmarkId::new("ours", shards), |bencher| bencher.iter(|| ours(shards)));
        group.bench_function(BenchmarkId::new("hashring", shards), |bencher| bencher.iter(|| theirs(shards)));
    }
    group.finish();
}

/// Printed, not timed: the share of the fullest and of the emptiest shard, where an equal one is 100 %.
fn balance(_: &mut Criterion) {
    let keys = keys();
    for shards in SHARDS {
        let (ring, other) = (ours(shards), theirs(shards));
        let mine =
            spread(shards, keys.iter().map(|key| ring.owner(position_of(key, HashOf::Bytes)).expect("an owner")));
        let its = spread(shards, keys.iter().map(|key| other.get(&key.as_str()).expect("an owner").shard));
        println!("balance, {shards} shards x {VIRTUAL_NODES}: ours {mine}, hashring {its}");
    }
}

fn spread(shards: u32, owners: impl Iterator<Item = u32>) -> String {
    let mut counts = vec![0_u32; shards as usize];
    owners.for_each(|owner| counts[owner as usize] += 1);
    let percent = |count: Option<&u32>| count.map_or(0, |count| count * shards * 100 / KEYS);
    format!("{} to {} %", percent(counts.iter().min()), percent(counts.iter().max()))
}

criterion_group!(benches, balance, lookups, making);
criterion_main!(benches);
