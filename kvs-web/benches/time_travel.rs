//! What it costs to go back: a run of 60 simulated seconds on 5 replicas with a request every 100 ms.
//!
//! Prints the memory that the player holds, the worst time to reach any moment, and the length of the link, once with requests
//! that the clients invent and once with requests that the reader makes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Traffic};
use kvs_core::sim::{Input, Recording};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::catalog;
use kvs_web::command::Command;
use kvs_web::player::Player;
use kvs_web::share;

const LENGTH: Span = Span::from_secs(60);
const PERIOD: Span = Span::from_ms(100);
const REQUESTS: u64 = LENGTH.as_us() / PERIOD.as_us();

fn main() {
    report("requests invented by a client", &|player| {
        let traffic = Traffic { every: PERIOD, keys: 5, reads_percent: 50 };
        apply(player, Command::Input(Input::Traffic(Some(traffic))));
        apply(player, Command::Seek(Time::ZERO + LENGTH));
    });
    report("requests made by the reader", &|player| {
        for request in 0..REQUESTS {
            apply(player, Command::Seek(Time::ZERO + PERIOD.saturating_mul(request)));
            apply(player, Command::Input(call(request)));
        }
        apply(player, Command::Seek(Time::ZERO + LENGTH));
    });
}

fn call(request: u64) -> Input {
    let key = Key::new(&format!("k{}", request % 5)).expect("short");
    let op = match request % 2 {
        0 => KVSOperation::Put(key, Value::new(&format!("v{request}")).expect("short")),
        _ => KVSOperation::Get(key),
    };
    Input::Call { client: NodeId(5), call: Arc::new(Call { op, to: None }) }
}

fn apply(player: &mut Player, command: Command) {
    let _changes = player.apply(command).expect("the command makes sense");
}

fn report(name: &str, live: &dyn Fn(&mut Player)) {
    let exhibit = catalog::exhibit("replicated").expect("it is in the catalogue");
    let mut architecture = exhibit.architecture();
    (architecture.servers, architecture.clients) = (5, 1);
    let mut kept = None;
    let held = allocation_counter::measure(|| {
        let mut player = Player::new(Recording::new(architecture, 1));
        live(&mut player);
        kept = Some(player);
    });
    let mut player = kept.expect("it was just made");
    let events = player.world().events();
    let link = share::encode(player.recording(), player.now());
    println!("{name}: {events} events");
    println!("  memory held        {:>8.2} MB", held.bytes_current as f64 / 1e6);
    println!("  worst seek         {:>8.2} ms", worst_seek(&mut player).as_secs_f64() * 1e3);
    println!("  length of the link {:>8} characters", link.len());
}

/// The longest that it takes to reach a moment, over moments all along the run, coming from anywhere.
fn worst_seek(player: &mut Player) -> Duration {
    let targets = (0..2_000_u64).map(|n| Time::from_us(n.wrapping_mul(7_919_000_017) % LENGTH.as_us()));
    let timed = targets.map(|target| {
        let began = Instant::now();
        apply(player, Command::Seek(target));
        began.elapsed()
    });
    timed.max().unwrap_or_default()
}
