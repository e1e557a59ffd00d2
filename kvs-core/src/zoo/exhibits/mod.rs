//! One short file an exhibit.

pub(super) mod linearizable;
pub(super) mod local;
pub(super) mod primary_backup;
pub(super) mod raft;
pub(super) mod replicated;
pub(super) mod sharded;
pub(super) mod sharded_causal;
pub(super) mod sharded_replicated;
pub(super) mod smr;
pub(super) mod versioned;
pub(super) mod vr;
