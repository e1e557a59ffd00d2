//! The benchmarks of the simulator, of the search and of the engines in a worker of a browser: `scripts/bench` runs them beside the native ones and
//! prints the ratios.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "../kvs-core/benches/workload/mod.rs"]
mod workload;

use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

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

#[wasm_bindgen_test]
fn worlds() {
    for exhibit in workload::HUNTED {
        let hunt = workload::hunt(exhibit);
        workload::live(&hunt, 0);
        let began = js_sys::Date::now();
        (1..=ROUNDS).for_each(|round| workload::live(&hunt, u64::from(round) * workload::WORLDS));
        let each_second = (u64::from(ROUNDS) * workload::WORLDS) as f64 / (js_sys::Date::now() - began) * 1_000.0;
        console_log!("live in random worlds of {exhibit}: {each_second:.0} worlds/s");
    }
}

/// Each engine on the simulated disk; the median of some rounds.
#[wasm_bindgen_test]
fn engines() {
    use workload::engines::{ENGINES, KEYS, Kept};
    let say = |what: &str, name: &str, act: &mut dyn FnMut() -> f64| {
        let mut rounds_ms: Vec<f64> = (0..ROUNDS).map(|_| act()).collect();
        rounds_ms.sort_by(f64::total_cmp);
        let each_ms = rounds_ms[rounds_ms.len() / 2] / f64::from(KEYS);
        console_log!("{what} in {name}: {:.4} million keys/s", 1.0 / each_ms / 1_000.0);
    };
    for (name, options) in ENGINES {
        say("put", name, &mut || {
            let mut empty = Kept::empty(options);
            elapsed_ms(|| empty.put_all())
        });
        let full = Kept::full(options);
        // One go is too short for the browser's clock.
        say("get", name, &mut || elapsed_ms(|| (0..GOES).for_each(|_| full.get_all())) / f64::from(GOES));
        say("scan", name, &mut || elapsed_ms(|| (0..SCANS).for_each(|_| full.scan_all())) / f64::from(SCANS));
    }
}

const GOES: u32 = 20;
const SCANS: u32 = 200;

fn elapsed_ms(act: impl FnOnce()) -> f64 {
    let began = js_sys::Date::now();
    act();
    js_sys::Date::now() - began
}

fn time_ms(sim: &mut kvs_core::sim::Sim) -> f64 {
    elapsed_ms(|| {
        workload::deliver(sim, MESSAGES);
    })
}
