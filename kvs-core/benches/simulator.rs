//! How many messages a second the simulator delivers (the step functions, the queue, the links, and nothing else), and how many random
//! worlds a second the search lives and judges on one core. Also how many keys a second the engines put, find and go through on a
//! simulated disk.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod workload;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const MESSAGES: u64 = 100_000;

fn deliveries(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulator");
    group.throughput(Throughput::Elements(MESSAGES));
    for replicas in [5, 50] {
        let mut warm = workload::gossiping_cluster(replicas);
        workload::deliver(&mut warm, MESSAGES);
        group.bench_function(format!("deliver on {replicas} gossiping replicas"), |b| {
            b.iter_batched_ref(|| warm.clone(), |sim| workload::deliver(sim, MESSAGES), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn worlds(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.throughput(Throughput::Elements(workload::WORLDS)).sample_size(20);
    for exhibit in workload::HUNTED {
        let (hunt, mut first) = (workload::hunt(exhibit), 0);
        group.bench_function(format!("live in random worlds of {exhibit}"), |b| {
            b.iter(|| {
                first += workload::WORLDS;
                workload::live(&hunt, first);
            });
        });
    }
    group.finish();
}

fn engines(c: &mut Criterion) {
    use workload::engines::{ENGINES, KEYS, Kept};
    let mut group = c.benchmark_group("engines");
    group.throughput(Throughput::Elements(u64::from(KEYS))).sample_size(10);
    for (name, options) in ENGINES {
        group.bench_function(format!("put in {name}"), |b| {
            b.iter_batched_ref(|| Kept::empty(options), Kept::put_all, BatchSize::PerIteration);
        });
        let full = Kept::full(options);
        group.bench_function(format!("get in {name}"), |b| b.iter(|| full.get_all()));
        group.bench_function(format!("scan in {name}"), |b| b.iter(|| full.scan_all()));
    }
    group.finish();
}

criterion_group!(benches, deliveries, worlds, engines);
criterion_main!(benches);
