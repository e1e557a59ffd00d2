use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{
    Batch, EmbeddedDbOptions, EmbeddedDbStorage, Files, FlatFileOptions, FlatFileStorage, InMemoryStorage, KeyRange,
    Life, Storage, StorageError, StorageFault, Version, Versioned,
};
use crate::op::Key;

/// Which engine, and how it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineOptions {
    /// In memory.
    #[default]
    Memory,
    /// In a flat file.
    FlatFile(FlatFileOptions),
    /// In an embedded database.
    Embedded(EmbeddedDbOptions),
}

/// One of the engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Engine {
    /// In memory.
    Memory(InMemoryStorage),
    /// In a flat file.
    FlatFile(FlatFileStorage),
    /// In an embedded database.
    Embedded(EmbeddedDbStorage),
}

impl Engine {
    /// The store that the files hold, or an empty one.
    pub fn open(options: EngineOptions, files: &mut dyn Files, life: Life) -> Result<Self, StorageFault> {
        Ok(match options {
            EngineOptions::Memory => Self::Memory(InMemoryStorage::new(life)),
            EngineOptions::FlatFile(options) => Self::FlatFile(FlatFileStorage::open(options, files, life)?),
            EngineOptions::Embedded(options) => Self::Embedded(EmbeddedDbStorage::open(options, files, life)?),
        })
    }

    fn part(&self) -> &dyn Storage {
        match self {
            Self::Memory(store) => store,
            Self::FlatFile(store) => store,
            Self::Embedded(store) => store,
        }
    }
}

impl Storage for Engine {
    fn get(&self, files: &dyn Files, key: &Key) -> Result<Option<Versioned>, StorageError> {
        self.part().get(files, key)
    }

    fn scan(&self, files: &dyn Files, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError> {
        self.part().scan(files, range)
    }

    fn batch(&mut self, files: &mut dyn Files, batch: &Batch) -> Result<Vec<Version>, StorageError> {
        match self {
            Self::Memory(store) => store.batch(files, batch),
            Self::FlatFile(store) => store.batch(files, batch),
            Self::Embedded(store) => store.batch(files, batch),
        }
    }

    fn note(&self) -> Option<&Arc<str>> {
        self.part().note()
    }

    fn is_durable(&self) -> bool {
        self.part().is_durable()
    }
}
