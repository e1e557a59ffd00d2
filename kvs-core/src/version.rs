//! Versions of what is kept under a key, and how often a store has begun anew.

use core::fmt;

use serde::{Deserialize, Serialize};

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

    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, generation) = match text.split_once('/') {
            None => (text, Generation::default()),
            Some((number, generation)) => {
                let (life, deletions) = generation.split_once('.')?;
                (number, Generation { life: life.parse().ok()?, deletions: deletions.parse().ok()? })
            }
        };
        Some(Self { generation, number: number.parse().ok()? })
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
