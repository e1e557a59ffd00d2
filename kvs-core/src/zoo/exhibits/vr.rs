use crate::ordering::vr::VrOptions;
use crate::routing::RoutingOptions;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, OrderingOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::Vr,
    name: "vr",
    title: "Viewstamped Replication",
    summary: "A primary puts requests in order, and a majority has them before anybody is answered. When the primary is not heard of, it is \
              the next replica's turn: nobody else has to watch.",
    promise: "Linearizable, whoever crashes and whatever the network does. Answers as long as a majority is up, can talk, and has its memory.",
    try_this: "Crash the primary S1: S2 takes its turn. Restart S1, and it gets its memory back from the others. Then crash two at once: \
               nobody answers any more.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::Vr,
        servers: 3,
        routing: RoutingOptions::Leader,
        ordering: OrderingOptions::Vr(VrOptions::default()),
        ..super::local::EXHIBIT.architecture()
    }
}
