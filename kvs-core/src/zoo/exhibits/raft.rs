use crate::ordering::raft::RaftOptions;
use crate::routing::RoutingOptions;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, OrderingOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Raft,
    name: "raft",
    title: "Raft",
    summary: "Servers elect a leader; it puts requests into a log, the others copy it, and what a majority has is executed everywhere.",
    promise: "Linearizable and durable, whoever crashes and whatever the network does. Answers as long as a majority is up and can talk.",
    try_this: "Crash the leader and send a Put: another one takes over. Then crash two of three, and nobody answers any more.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::Raft,
        servers: 3,
        routing: RoutingOptions::Leader,
        ordering: OrderingOptions::Raft(RaftOptions::default()),
        ..super::local::EXHIBIT.architecture()
    }
}
