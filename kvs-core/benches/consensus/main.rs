//! Stores that agree on an order, beside the crate `raft`: how many operations a second their step functions commit where messages, disks
//! and waiting take no time, and how many messages an operation takes.
//!
//! Clients ask again as soon as they are answered. One client: each operation goes its whole way alone. 64 clients: requests wait
//! for each other, and travel together.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]
#![allow(clippy::disallowed_types, reason = "it measures time")]

mod ours;
mod theirs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kvs_core::lattice::VectorClock;
use kvs_core::op::{ClientId, KVSOperation, Key, RequestId, Value};
use kvs_core::process::NodeId;
use kvs_core::request::Request;
use kvs_core::time::Time;

/// So many keys are written.
const KEYS: u32 = 100;
const MEASURED: Duration = Duration::from_secs(1);
/// Of so many measurements the best counts: what else the machine does makes them worse only.
const TIMES: u32 = 3;
/// So many operations show what one takes.
const COUNTED: u64 = 6_400;

/// A store that commits operations.
trait Store {
    /// Lets so many more operations be answered.
    fn commit(&mut self, operations: u64);

    /// How many messages there were between servers, and between them and clients.
    fn messages(&self) -> [u64; 2];
}

/// The `sequence`th operation of a client: it writes one of a few keys.
fn request(client: NodeId, sequence: u32) -> Arc<Request> {
    let key = format!("key-{}", (client.0 * 31 + sequence) % KEYS);
    let op = KVSOperation::Put(Key::new(&key).expect("short"), Value::new("a value of twenty b").expect("short"));
    let id = RequestId { client: ClientId { node: client, session: 0 }, sequence };
    let (context, seen) = (VectorClock::default(), VectorClock::default());
    Arc::new(Request { id, op, called: Time::ZERO, context, seen, dependencies: None, epoch: 0 })
}

fn operations_a_second(store: &mut dyn Store) -> f64 {
    const AT_ONCE: u64 = 640;
    store.commit(AT_ONCE);
    let rates = (0..TIMES).map(|_| {
        let (begun, mut operations) = (Instant::now(), 0_u32);
        while begun.elapsed() < MEASURED {
            store.commit(AT_ONCE);
            operations += 640;
        }
        f64::from(operations) / begun.elapsed().as_secs_f64()
    });
    rates.fold(0.0, f64::max)
}

fn messages_an_operation(store: &mut dyn Store) -> [f64; 2] {
    store.commit(640);
    let before = store.messages();
    store.commit(COUNTED);
    let after = store.messages();
    let each = |place: usize| u32::try_from(after[place] - before[place]).expect("few");
    let operations = u32::try_from(COUNTED).expect("few");
    [0, 1].map(|place| f64::from(each(place)) / f64::from(operations))
}

/// A store with so many servers, which so many clients keep busy.
type Make = fn(servers: u32, clients: u32) -> Box<dyn Store>;

const STORES: [(&str, Make); 5] = [
    ("Multi-Paxos", |servers, clients| Box::new(ours::Cluster::paxos(servers, clients))),
    ("Raft", |servers, clients| Box::new(ours::Cluster::raft(servers, clients))),
    ("Rabia", |servers, clients| Box::new(ours::Cluster::rabia(servers, clients))),
    ("primary and backups", |servers, clients| Box::new(ours::Cluster::primary_backup(servers, clients))),
    ("raft-rs", |servers, clients| Box::new(theirs::Cluster::new(servers, clients))),
];

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    for (name, make) in STORES.into_iter().filter(|(name, _)| only.as_ref().is_none_or(|only| name.contains(only))) {
        for servers in [3, 5] {
            for clients in [1, 64] {
                let rate = operations_a_second(&mut *make(servers, clients));
                let [inside, outside] = messages_an_operation(&mut *make(servers, clients));
                println!(
                    "{name}, {servers} servers, {clients} clients: {rate:.0} operations/s; an operation takes {inside:.2} messages \
                     between servers and {outside:.2} to and from clients"
                );
            }
        }
    }
}
