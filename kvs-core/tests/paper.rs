//! Figures of papers, measured on our own replicas.
//!
//! Demers et al. 1987, tables 1 to 3: a rumor among 1,000 sites, all of which gossip in cycles. The residue is the share of sites that
//! never hear of it; the traffic is how often it is told, for each site. (Measured again by simulation in several places, since the
//! paper gives no spread: a site counts contacts in a row, and judges them by what was known when the cycle began.)

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::choice::Probability;
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::replication::gossip::{self, Contacts, Cooling, GossipConfig, Mode, Ticks};
use kvs_core::server::{Call, Message, Node};
use kvs_core::sim::{Input, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Happening, LinkOptions, Observer};
use kvs_core::zoo::{Animal, Architecture, ReplicationOptions, catalog};

const SITES: u32 = 1_000;
const CYCLE: Span = Span::from_ms(100);

/// Counts how often something was told.
#[derive(Default)]
struct Told(u64);

impl Observer<Node> for Told {
    fn saw(&mut self, _now: Time, happening: Happening<'_, Node>) {
        if let Happening::Sent {
            message: Message::Gossip(gossip::Message::Rumor { items, .. } | gossip::Message::PullResp { items, .. }),
            ..
        } = happening
        {
            self.0 += items.len() as u64;
        }
    }
}

/// One rumor. Returns the residue and the traffic.
fn rumor(config: &GossipConfig, seed: u64) -> (f64, f64) {
    let architecture = Architecture {
        servers: SITES,
        clients: 1,
        replication: ReplicationOptions::EpidemicGossip(config.clone()),
        links: LinkOptions {
            latency_min: Span::from_ms(1),
            latency_max: Span::from_ms(40),
            ..catalog::exhibit_of(Animal::Replicated).architecture().links
        },
        ..catalog::exhibit_of(Animal::Replicated).architecture()
    };
    let mut told = Told::default();
    let mut sim = Sim::new(&architecture, seed, &mut told);
    let (key, value) = (Key::new("rumor").expect("short"), Value::new("x").expect("short"));
    let call = Call { op: KVSOperation::Put(key.clone(), value), to: Some(NodeId(0)) };
    sim.apply(&Input::Call { client: NodeId(SITES), call: call.into() }, &mut told).expect("it is there");
    let servers = |sim: &Sim| {
        let world = sim.world();
        world.node_ids().filter_map(move |node| world.node(node).as_server()).cloned().collect::<Vec<_>>()
    };
    let is_hot = |sim: &Sim| {
        servers(sim).iter().any(|server| server.replication().gossip().is_some_and(|gossip| gossip.hot() > 0))
    };
    for cycle in 1..=200_u64 {
        sim.advance_to(Time::ZERO + CYCLE.saturating_mul(cycle) + Span::from_ms(90), &mut told);
        if !is_hot(&sim) {
            break;
        }
    }
    assert!(!is_hot(&sim), "the rumor dies out");
    let missed = servers(&sim).iter().filter(|server| server.read(&key).to_string() == "none").count();
    (missed as f64 / f64::from(SITES), told.0 as f64 / f64::from(SITES))
}

/// A row of a table: how many such contacts a rumor survives less one, the residue, and the traffic.
type Row = (u32, f64, f64);

fn reproduce(name: &str, mode: Mode, contacts: Contacts, cooling: Cooling, runs: u64, rows: &[Row]) {
    for &(k, residue, traffic) in rows {
        let config = GossipConfig {
            gossip_interval: CYCLE,
            gossip_fanout: 1,
            mode,
            ticks: Ticks::Together,
            contacts,
            cooling,
            counter_limit: k,
            tombstone_prob: Probability::from_ppm(1_000_000 / k),
            anti_entropy: false,
            ..GossipConfig::default()
        };
        let seen: Vec<_> = (0..runs).map(|seed| rumor(&config, seed)).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| seen.iter().map(of).sum::<f64>() / runs as f64;
        let (s, m) = (mean(|(s, _)| *s), mean(|(_, m)| *m));
        println!("{name}, k = {k}: residue {s:.4} ({residue}), traffic {m:.2} ({traffic})");
        // The paper's figures have two digits, and ours are means of a few runs.
        assert!((s - residue).abs() < 0.12 * residue + 0.003, "{name}, k = {k}: residue {s}, not {residue}");
        assert!((m - traffic).abs() < 0.06 * traffic + 0.02, "{name}, k = {k}: traffic {m}, not {traffic}");
    }
}

#[test]
fn table_1_push_feedback_counter() {
    let rows = [(1, 0.18, 1.74), (2, 0.037, 3.30), (3, 0.011, 4.53), (4, 0.0036, 5.64), (5, 0.0012, 6.68)];
    reproduce("push, feedback, counter", Mode::Push, Contacts::Feedback, Cooling::Counter, 12, &rows);
}

/// With k = 1 a site tells it once, and most often the only one who knows dies out at once: the mean is that of many runs.
#[test]
fn table_2_push_blind_coin() {
    let rows = [(1, 0.96, 0.04), (2, 0.20, 1.59), (3, 0.060, 2.82), (4, 0.021, 3.91), (5, 0.008, 4.95)];
    reproduce("push, blind, coin", Mode::Push, Contacts::Blind, Cooling::Coin, 40, &rows);
}

#[test]
fn table_3_pull_feedback_counter() {
    let rows = [(1, 0.031, 2.7), (2, 5.8e-4, 4.5), (3, 4e-6, 6.1)];
    reproduce("pull, feedback, counter", Mode::Pull, Contacts::Feedback, Cooling::Counter, 12, &rows);
}
