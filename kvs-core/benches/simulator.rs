//! How many messages a second the simulator delivers: the step functions, the queue, the links, and nothing else.

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

criterion_group!(benches, deliveries);
criterion_main!(benches);
