//! Where are values kept? The engines under a store: in memory, in a flat file, in an embedded database.
//!
//! An engine keeps a value and a [`Version`] under each key, and a put names the version that it has seen: read, check and write are
//! one step, so of two puts that have seen the same, one is refused. Engines touch nothing but [`Files`]: those of a simulated
//! [`Disk`](crate::disk::Disk), which a crash may tear and reorder, or those of a real directory.
//!
//! ```
//! use kvs_core::disk::{Disk, Honesty};
//! use kvs_core::op::{Key, Value};
//! use kvs_core::storage::engine::{Expected, InMemoryStorage, Life, Storage, StorageError, Version};
//!
//! let mut disk = Disk::new(Honesty::Honest);
//! let mut store = InMemoryStorage::new(Life::counted(0));
//! let (key, value) = (Key::new("k")?, Value::new("x")?);
//!
//! let first = store.put(&mut disk, &key, &value, Expected::ABSENT).expect("there is no such key yet");
//! assert_eq!(first, Version::new(1));
//! let again = store.put(&mut disk, &key, &value, Expected::ABSENT);
//! assert_eq!(again, Err(StorageError::KeyAlreadyExists));
//! # Ok::<(), kvs_core::op::TooLong>(())
//! ```

mod any;
#[cfg(feature = "std")]
mod directory;
mod embedded;
mod error;
mod files;
mod filter;
mod flat_file;
mod lines;
mod memory;
mod plan;
mod range;
mod table;
mod version;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::op::{Key, Value};

pub use any::{Engine, EngineOptions};
#[cfg(feature = "std")]
pub use directory::{Database, Directory};
pub use embedded::{EmbeddedDbOptions, EmbeddedDbStorage};
pub use error::{StorageError, StorageFault};
pub use files::Files;
pub use flat_file::{FlatFileMode, FlatFileOptions, FlatFileStorage, REPLACEMENT, STORE};
pub use lines::LineFormat;
pub use memory::InMemoryStorage;
pub use range::KeyRange;
pub use version::{Expected, Generation, Version, Versioned, admit_delete, admit_put};

/// A change under one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Keep a value.
    Put {
        /// The key.
        key: Key,
        /// The value.
        value: Value,
        /// What must be there before.
        expected: Expected,
    },
    /// Keep nothing.
    Delete {
        /// The key.
        key: Key,
        /// What must be there before.
        expected: Expected,
    },
}

impl Change {
    /// The key it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// Changes that happen all together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The changes, in order: each sees what those before it have done.
    pub changes: Vec<Change>,
    /// What the owner wants to find beside the values after a crash: how far it had come, say. Replaces the note before it.
    pub note: Option<Arc<str>>,
}

impl From<Change> for Batch {
    fn from(change: Change) -> Self {
        Self { changes: Vec::from([change]), note: None }
    }
}

/// The life of a server in which it opens a store, where generations are counted.
///
/// An empty store begins with the generation of its life; one that finds its files goes on with theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life(Option<u32>);

impl Life {
    /// The life after so many crashes: see [`Context::incarnation`](crate::process::Context::incarnation).
    pub const fn counted(crashes: u32) -> Self {
        Self(Some(crashes))
    }

    /// There is one generation only, whatever is lost or deleted: a version may mean two things.
    pub const UNCOUNTED: Self = Self(None);

    /// The generation of a store that begins empty.
    pub fn generation(self) -> Generation {
        Generation::of_life(self.0.unwrap_or(0))
    }

    /// Whether generations are counted.
    pub fn is_counted(self) -> bool {
        self.0.is_some()
    }
}

/// An ordered store of versioned values. What it needs of the outside comes in with each call.
pub trait Storage {
    /// What is kept under a key.
    fn get(&self, files: &dyn Files, key: &Key) -> Result<Option<Versioned>, StorageError>;

    /// What is kept under all keys of a range, in order.
    fn scan(&self, files: &dyn Files, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError>;

    /// Makes all changes, or none if one of them may not be; says of each which version it has made, or ended.
    fn batch(&mut self, files: &mut dyn Files, batch: &Batch) -> Result<Vec<Version>, StorageError>;

    /// The note of the last batch that had one.
    fn note(&self) -> Option<&Arc<str>>;

    /// Whether it claims that what it has kept survives a crash, once the files have what it has synced.
    fn is_durable(&self) -> bool;

    /// Keeps a value, and says which version it is.
    fn put(
        &mut self,
        files: &mut dyn Files,
        key: &Key,
        value: &Value,
        expected: Expected,
    ) -> Result<Version, StorageError> {
        let change = Change::Put { key: key.clone(), value: value.clone(), expected };
        Ok(only(&self.batch(files, &change.into())?))
    }

    /// Keeps nothing under a key, and says which version that has ended.
    fn delete(&mut self, files: &mut dyn Files, key: &Key, expected: Expected) -> Result<Version, StorageError> {
        let change = Change::Delete { key: key.clone(), expected };
        Ok(only(&self.batch(files, &change.into())?))
    }

    /// All that is kept, one key a line, for a reader.
    fn print_all(&self, files: &dyn Files) -> Result<String, StorageError> {
        let mut text = String::new();
        for (key, versioned) in self.scan(files, &KeyRange::all())? {
            // Writing into a string does not fail.
            let _ = writeln!(text, "{key} = {versioned}");
        }
        Ok(text)
    }
}

/// What a batch of one change has made: it has made one version.
fn only(versions: &[Version]) -> Version {
    versions.first().copied().unwrap_or(Version::ABSENT)
}
