use crate::ordering::paxos::PaxosConfig;
use crate::server::ClientOptions;
use crate::time::Span;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, OrderingOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Linearizable,
    name: "linearizable",
    title: "Linearizable",
    summary: "Three replicas do what one server would: a proxy takes requests, proposers put them in order, acceptors vote, and replicas \
              execute what was chosen (Multi-Paxos).",
    promise: "Linearizable, through lost messages, cuts and crashes, as long as no disk is lost. A minority that is cut off does not answer.",
    try_this: "Put a value, then crash L1, which leads. Put another: a second proposer takes over, and nothing is lost or done twice.",
    architecture,
};

fn architecture() -> Architecture {
    let one = super::local::EXHIBIT.architecture();
    let config = PaxosConfig::default();
    Architecture {
        animal: Animal::Linearizable,
        servers: config.nodes(),
        ordering: OrderingOptions::MultiPaxos(config),
        client: ClientOptions { retry_after: Span::from_ms(500), retries: 20, ..one.client.clone() },
        ..one
    }
}
