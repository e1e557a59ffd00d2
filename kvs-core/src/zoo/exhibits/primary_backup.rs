use crate::replication::primary_backup::Options;
use crate::routing::RoutingOptions;
use crate::zoo::catalog::Exhibit;
use crate::zoo::{Animal, Architecture, ReplicationOptions};

pub(in crate::zoo) const EXHIBIT: Exhibit = Exhibit {
    animal: Animal::PrimaryBackup,
    name: "primary-backup",
    title: "Primary-backup",
    summary: "One server puts requests in order, and answers when its backup has applied them, too; a view service replaces whoever dies.",
    promise: "Linearizable, whatever is lost, late or cut. One crash costs one change of views. When all are gone who have the state, it \
              stands still rather than guess.",
    try_this: "Crash S1: S2 takes over, S3 becomes its backup, and a client that waits is answered. Then crash S2 and S3 at once: nobody answers any more.",
    architecture,
};

fn architecture() -> Architecture {
    Architecture {
        animal: Animal::PrimaryBackup,
        servers: 4,
        routing: RoutingOptions::Leader,
        replication: ReplicationOptions::PrimaryBackup(Options::default()),
        ..super::local::EXHIBIT.architecture()
    }
}
