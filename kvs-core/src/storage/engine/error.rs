use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::Version;

/// Why a store has not done what it was asked to do. Nothing has changed then; but after a [`Fault`](Self::Fault) nobody knows before the
/// store is opened again: all of a change may be there, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StorageError {
    /// There is no such key, and a version of it was expected.
    #[error("there is no such key")]
    KeyNotFound,
    /// There is such a key, and none was expected.
    #[error("there is such a key already")]
    KeyAlreadyExists,
    /// The key has another version than was expected.
    #[error("version {expected} was expected, and it is {actual}")]
    VersionMismatch {
        /// The version that was expected.
        expected: Version,
        /// The version that is there.
        actual: Version,
    },
    /// The store does not work. It says nothing of whether there is such a key.
    #[error(transparent)]
    Fault(#[from] StorageFault),
}

/// Why a store does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StorageFault {
    /// The system refuses to read or write.
    #[error("{file}: {why}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// A file holds what no store has written.
    #[error("{file} is damaged at byte {position}: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// Where.
        position: u64,
        /// What is wrong.
        what: String,
    },
}
