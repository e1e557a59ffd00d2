use super::{Id, Model};

/// One key of a versioned store with optimistic concurrency: a put names the version it has seen.
///
/// Version 0 means "there is no such key"; the first put makes it 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versioned;

/// An operation on a versioned key. A put whose outcome is unknown has no outcome: the search may leave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionedOp {
    /// What was read: the value and its version, or that there is none.
    Get(Option<(Id, u64)>),
    /// The value was stored where this version was.
    Put {
        /// The new value.
        value: Id,
        /// The version it replaced.
        version: u64,
        /// The version that it made, if the store said so: the next, or any where there was no such key.
        stored: Option<u64>,
    },
    /// A put was refused because another version was there (or, with version 0, any).
    Mismatch {
        /// The version it named.
        version: u64,
        /// The version that was there, if the store said so.
        actual: Option<u64>,
    },
    /// A read that was not answered.
    Unanswered,
    /// An answer that no store gives.
    Impossible,
    /// A put was refused because there is no such key.
    NoKey {
        /// The version it named, more than 0.
        version: u64,
    },
}

impl Model for Versioned {
    type State = Option<(Id, u64)>;
    type Op = VersionedOp;

    fn initial(&self) -> Self::State {
        None
    }

    fn step(&self, state: &Self::State, op: &VersionedOp) -> Option<Self::State> {
        let current = state.map_or(0, |(_, version)| version);
        match *op {
            VersionedOp::Get(seen) => (*state == seen).then_some(*state),
            VersionedOp::Put { value, version, stored } => {
                let next = current.saturating_add(1);
                let fits = version == current && (state.is_none() || stored.is_none_or(|stored| stored == next));
                fits.then(|| Some((value, stored.unwrap_or(next))))
            }
            VersionedOp::Unanswered => Some(*state),
            VersionedOp::Impossible => None,
            VersionedOp::Mismatch { version, actual } => {
                let fits = state.is_some() && version != current && actual.is_none_or(|actual| actual == current);
                fits.then_some(*state)
            }
            VersionedOp::NoKey { version } => (state.is_none() && version > 0).then_some(None),
        }
    }

    fn is_read(&self, op: &VersionedOp) -> bool {
        !matches!(op, VersionedOp::Put { .. })
    }

    fn helps(&self, helper: &VersionedOp, op: &VersionedOp) -> bool {
        let VersionedOp::Put { value, version, stored } = *helper else { return false };
        match *op {
            // Every version below the one that is seen had to be written by somebody.
            VersionedOp::Get(seen) => {
                let made = stored.unwrap_or(version.saturating_add(1));
                seen.is_some_and(|(saw, at)| at > made || (at, saw) == (made, value))
            }
            VersionedOp::Put { version: needs, .. } => needs > version,
            VersionedOp::Mismatch { .. } => true,
            VersionedOp::NoKey { .. } | VersionedOp::Unanswered | VersionedOp::Impossible => false,
        }
    }
}
