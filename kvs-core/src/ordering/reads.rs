use serde::{Deserialize, Serialize};

/// How a store whose servers agree on an order answers a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadMode {
    /// As a write: it gets a slot, and is answered when that is executed.
    #[default]
    Log,
    /// By the leader, once others have confirmed after the read came that it still leads. Ongaro 2014, section 6.4.
    ReadIndex,
    /// By the leader at once, for as long as others have promised to follow nobody else. Rests on clocks. Ongaro 2014, section 6.4.1.
    Lease,
    /// By any replica, once it has executed the newest slot that a majority of acceptors knows of. Charapko, Ailijiang and
    /// Demirbas 2019.
    Quorum,
    /// By whoever is asked, from what is there. May be old.
    Local,
}
