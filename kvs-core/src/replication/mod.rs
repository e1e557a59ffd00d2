//! Who else must know? The socket behind the stores.

pub mod gossip;

use serde::Serialize;

use gossip::EpidemicGossip;

/// The replication part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Replication {
    /// Nobody else.
    NoReplication,
    /// The other replicas, by and by.
    EpidemicGossip(EpidemicGossip),
}

impl Replication {
    /// Its gossip, if that is what it is.
    pub fn gossip(&self) -> Option<&EpidemicGossip> {
        match self {
            Self::EpidemicGossip(gossip) => Some(gossip),
            Self::NoReplication => None,
        }
    }
}
