//! Who else must know? The socket behind the stores.

pub mod gossip;
pub mod primary_backup;

use alloc::boxed::Box;

use serde::Serialize;

use gossip::EpidemicGossip;
use primary_backup::PrimaryBackup;

/// The replication part of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Replication {
    /// Nobody else.
    NoReplication,
    /// The other replicas, by and by.
    EpidemicGossip(EpidemicGossip),
    /// Its backups, before a request is answered.
    PrimaryBackup(Box<PrimaryBackup>),
}

impl Replication {
    /// Its gossip, if that is what it is.
    pub fn gossip(&self) -> Option<&EpidemicGossip> {
        match self {
            Self::EpidemicGossip(gossip) => Some(gossip),
            Self::NoReplication | Self::PrimaryBackup(_) => None,
        }
    }

    /// Its part as primary or backup, if that is what it is.
    pub fn primary_backup(&self) -> Option<&PrimaryBackup> {
        match self {
            Self::PrimaryBackup(part) => Some(part),
            Self::NoReplication | Self::EpidemicGossip(_) => None,
        }
    }
}
