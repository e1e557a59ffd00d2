//! The simulator's benchmark in a browser: `scripts/bench` runs it beside the native one and prints the ratio.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "../kvs-core/benches/workload/mod.rs"]
mod workload;

use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const MESSAGES: u64 = 100_000;
const ROUNDS: u32 = 15;

#[wasm_bindgen_test]
fn deliveries() {
    for replicas in [5, 50] {
        let mut warm = workload::gossiping_cluster(replicas);
        workload::deliver(&mut warm, MESSAGES);
        let mut rounds_ms: Vec<f64> = (0..ROUNDS).map(|_| time_ms(&mut warm.clone())).collect();
        rounds_ms.sort_by(f64::total_cmp);
        let median_ms = rounds_ms[rounds_ms.len() / 2];
        console_log!(
            "deliver on {replicas} gossiping replicas: {:.2} million messages/s",
            MESSAGES as f64 / median_ms / 1_000.0
        );
    }
}

fn time_ms(sim: &mut kvs_core::sim::Sim) -> f64 {
    let began = js_sys::Date::now();
    workload::deliver(sim, MESSAGES);
    js_sys::Date::now() - began
}
