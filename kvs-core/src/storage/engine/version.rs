//! Versions: what a put says it has seen, and the rule that decides whether it may.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::StorageError;
use crate::op::Value;

/// How often what a store knows of versions has been lost or cut off: a version of another generation is another version.
///
/// Without it, a key that comes back counts from 1 again, and a client that remembers version 3 of its first life takes version 3 of
/// its second life for the same (ABA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation {
    /// The life of the server in which the store began empty: how often it had crashed before.
    pub life: u32,
    /// How many keys have been deleted since.
    pub deletions: u32,
}

impl Generation {
    /// The generation of a store that begins empty in this life of its server.
    pub const fn of_life(life: u32) -> Self {
        Self { life, deletions: 0 }
    }

    /// The generation after one more deletion.
    #[must_use]
    pub const fn after_deletion(self) -> Self {
        match self.deletions.checked_add(1) {
            Some(deletions) => Self { deletions, ..self },
            None => Self { life: self.life.saturating_add(1), deletions: 0 },
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.life, self.deletions)
    }
}

/// The version of a key. Versions of one key only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// When the key was made.
    pub generation: Generation,
    /// How often the key was put in this generation, from 1; 0 means "there is no such key".
    pub number: u64,
}

impl Version {
    /// There is no such key.
    pub const ABSENT: Self = Self { generation: Generation::of_life(0), number: 0 };

    /// A version of the first generation.
    pub const fn new(number: u64) -> Self {
        Self { number, ..Self::ABSENT }
    }

    /// Of a key that is made now.
    pub const fn first(generation: Generation) -> Self {
        Self { generation, number: 1 }
    }

    /// After one more put.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), ..self }
    }
}

impl fmt::Display for Version {
    /// `3`, or `3/1.0` where the generation is not the first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)?;
        if self.generation == Generation::default() { Ok(()) } else { write!(f, "/{}", self.generation) }
    }
}

/// A value and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned {
    /// The value.
    pub value: Value,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @{}", self.value, self.version)
    }
}

/// What a change says must be there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// Whatever is there, or nothing.
    Any,
    /// This version; [`Version::ABSENT`], or any other with number 0: that there is no such key.
    Version(Version),
}

impl Expected {
    /// There is no such key.
    pub const ABSENT: Self = Self::Version(Version::ABSENT);
}

impl From<Version> for Expected {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

/// Whether a put may happen where `current` is kept, and the version that it makes. All engines decide here.
pub fn admit_put(
    current: Option<Version>,
    expected: Expected,
    generation: Generation,
) -> Result<Version, StorageError> {
    match (current, expected) {
        (None, Expected::Any) => Ok(Version::first(generation)),
        (None, Expected::Version(version)) if version.number == 0 => Ok(Version::first(generation)),
        (None, Expected::Version(_)) => Err(StorageError::KeyNotFound),
        (Some(current), Expected::Any) => Ok(current.next()),
        (Some(current), Expected::Version(version)) if version == current => Ok(current.next()),
        (Some(_), Expected::Version(version)) if version.number == 0 => Err(StorageError::KeyAlreadyExists),
        (Some(actual), Expected::Version(expected)) => Err(StorageError::VersionMismatch { expected, actual }),
    }
}

/// Whether a deletion may happen where `current` is kept, and the version that it ends.
pub fn admit_delete(current: Option<Version>, expected: Expected) -> Result<Version, StorageError> {
    match (current, expected) {
        (None, _) => Err(StorageError::KeyNotFound),
        (Some(current), Expected::Any) => Ok(current),
        (Some(current), Expected::Version(version)) if version == current => Ok(current),
        (Some(actual), Expected::Version(expected)) => Err(StorageError::VersionMismatch { expected, actual }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the lab: what is there, what was expected, what is said.
    #[test]
    fn the_rule_is_the_tables() {
        let now = Generation { life: 2, deletions: 5 };
        let (three, four) = (Version::new(3), Version::new(4));
        let put = |current, expected: Version| admit_put(current, expected.into(), now);
        assert_eq!(put(None, Version::ABSENT), Ok(Version { generation: now, number: 1 }));
        assert_eq!(put(None, three), Err(StorageError::KeyNotFound));
        assert_eq!(put(Some(three), three), Ok(four));
        assert_eq!(put(Some(three), Version::ABSENT), Err(StorageError::KeyAlreadyExists));
        assert_eq!(put(Some(three), four), Err(StorageError::VersionMismatch { expected: four, actual: three }));
        assert_eq!(admit_put(Some(three), Expected::Any, now), Ok(four));
        assert_eq!(admit_delete(Some(three), three.into()), Ok(three));
        assert_eq!(admit_delete(None, Expected::Any), Err(StorageError::KeyNotFound));
        let mismatch = StorageError::VersionMismatch { expected: Version::ABSENT, actual: three };
        assert_eq!(admit_delete(Some(three), Expected::ABSENT), Err(mismatch));
    }

    #[test]
    fn the_same_number_of_another_generation_is_another_version() {
        let old = Version::new(3);
        let new = Version { generation: Generation::of_life(1), number: 3 };
        let refused = admit_put(Some(new), old.into(), new.generation);
        assert_eq!(refused, Err(StorageError::VersionMismatch { expected: old, actual: new }));
        assert!(old < new);
    }

    #[test]
    fn after_the_last_deletion_that_can_be_counted_another_life_begins() {
        let last = Generation { life: 1, deletions: u32::MAX };
        assert_eq!(last.after_deletion(), Generation::of_life(2));
    }
}
