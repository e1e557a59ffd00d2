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

/// Versions of one generation are these: so many times this number, and the count in it. Those of the first are just counts.
pub(crate) const GENERATION: u64 = 1 << 40;

/// The version of a key that was made, nobody knows in which generation.
const FIRST_OF_SOME_GENERATION: u64 = 0;

/// Whether the version that is there may be this one.
fn is_at(current: u64, version: u64) -> bool {
    current == version || (current == FIRST_OF_SOME_GENERATION && version % GENERATION == 1)
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
            VersionedOp::Get(None) => state.is_none().then_some(None),
            VersionedOp::Get(Some((value, version))) => {
                let fits = state.is_some_and(|(kept, current)| kept == value && is_at(current, version));
                fits.then_some(*state)
            }
            VersionedOp::Put { value, version, stored } => {
                let next = if version == 0 { FIRST_OF_SOME_GENERATION } else { version.saturating_add(1) };
                let fits = match state {
                    None => version == 0,
                    Some(_) => version != 0 && is_at(current, version) && stored.is_none_or(|stored| stored == next),
                };
                fits.then(|| Some((value, stored.unwrap_or(next))))
            }
            VersionedOp::Unanswered => Some(*state),
            VersionedOp::Impossible => None,
            VersionedOp::Mismatch { version, actual } => {
                let fits = match actual {
                    Some(actual) => version != actual && is_at(current, actual),
                    None => version != current || version == 0,
                };
                (state.is_some() && fits).then_some(*state)
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
                let is_create = version == 0 && stored.is_none();
                seen.is_some_and(|(saw, at)| is_create || at > made || (at, saw) == (made, value))
            }
            VersionedOp::Put { version: needs, .. } => needs > version,
            VersionedOp::Mismatch { .. } => true,
            VersionedOp::NoKey { .. } | VersionedOp::Unanswered | VersionedOp::Impossible => false,
        }
    }
}
