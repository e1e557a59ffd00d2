//! Versions: what a put says it has seen, and the rule that decides whether it may.

use serde::{Deserialize, Serialize};

use super::StorageError;

pub use crate::version::{Generation, Version, Versioned};

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
