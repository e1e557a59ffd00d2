//! A store of versioned values: an engine that keeps them, and what its errors mean to a client.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::engine::{Engine, EngineOptions, Expected, Files, KeyRange, Life, Storage as _, StorageError, admit_put};
use crate::choice::Probability;
use crate::command::KVStoreError;
use crate::op::{KVSResponse, Key, Value};
use crate::version::{Version, Versioned};

/// What a server of versioned values does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionedOptions {
    /// Where values are kept.
    pub engine: EngineOptions,
    /// Whether a version says how often the store has begun anew.
    pub counts_generations: bool,
    /// Whether a put is checked and inserted in one step.
    pub insert: Insert,
    /// How likely an answer is dropped by the server itself, after it has served the request.
    pub reply_loss: Probability,
    /// Whether answers to reads are dropped, too.
    pub drops_reads: bool,
    /// Whether a copy of a request that was heard before in this life is dropped.
    pub drops_copies: bool,
}

impl Default for VersionedOptions {
    fn default() -> Self {
        Self {
            engine: EngineOptions::Memory,
            counts_generations: true,
            insert: Insert::AtOnce,
            reply_loss: Probability::NEVER,
            drops_reads: true,
            drops_copies: true,
        }
    }
}

impl VersionedOptions {
    /// Whether a crash is to leave what was acknowledged. Not all ways to keep a file do, but all are meant to.
    pub fn is_to_survive(&self) -> bool {
        self.engine != EngineOptions::Memory
    }
}

/// When a put is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Insert {
    /// In the step that has checked it.
    AtOnce,
    /// A while after it was checked. Not safe: another put may be checked in between.
    AfterCheck,
}

/// Versioned values for clients, kept by any engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KeyValueServer {
    /// None before it is open, and if it could not be opened.
    engine: Option<Engine>,
    /// What it would answer, for readers who look at it without its files.
    shown: BTreeMap<Key, Versioned>,
}

impl KeyValueServer {
    /// Opens the store that these files hold.
    pub fn open(options: &VersionedOptions, files: &mut dyn Files, life: u32) -> Self {
        let life = if options.counts_generations { Life::counted(life) } else { Life::UNCOUNTED };
        let engine = Engine::open(options.engine, files, life).ok();
        let all = engine.as_ref().and_then(|engine| engine.scan(files, &KeyRange::all()).ok());
        Self { engine, shown: all.into_iter().flatten().collect() }
    }

    /// Whether it has found something when it was opened, or was told since.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// What is kept under all keys, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Versioned)> {
        self.shown.iter()
    }

    /// What is kept under a key.
    pub fn shown(&self, key: &Key) -> Option<&Versioned> {
        self.shown.get(key)
    }

    /// Answers a read.
    pub fn get(&self, files: &dyn Files, key: &Key) -> KVSResponse {
        let Some(engine) = &self.engine else { return KVSResponse::Refused(KVStoreError::StorageError) };
        match engine.get(files, key) {
            Ok(Some(versioned)) => KVSResponse::GetAt(versioned),
            Ok(None) => KVSResponse::nothing(),
            // What cannot be read is not gone.
            Err(_) => KVSResponse::Refused(KVStoreError::StorageError),
        }
    }

    /// Keeps a value if this version of it is there: read, check and write in one step.
    pub fn put(&mut self, files: &mut dyn Files, key: &Key, value: &Value, version: Version) -> KVSResponse {
        self.write(files, key, value, version.into())
    }

    /// What would come of a put now; None if it would be done.
    pub fn check(&self, files: &dyn Files, key: &Key, version: Version) -> Option<KVSResponse> {
        let current = match self.get(files, key) {
            KVSResponse::GetAt(versioned) => Some(versioned.version),
            KVSResponse::Refused(error) => return Some(KVSResponse::Refused(error)),
            _ => None,
        };
        admit_put(current, version.into(), version.generation).err().as_ref().map(refusal)
    }

    /// Keeps a value, whatever is there.
    pub fn insert(&mut self, files: &mut dyn Files, key: &Key, value: &Value) -> KVSResponse {
        self.write(files, key, value, Expected::Any)
    }

    fn write(&mut self, files: &mut dyn Files, key: &Key, value: &Value, expected: Expected) -> KVSResponse {
        let Some(engine) = &mut self.engine else { return KVSResponse::Refused(KVStoreError::StorageError) };
        match engine.put(files, key, value, expected) {
            Ok(version) => {
                self.shown.insert(key.clone(), Versioned { value: value.clone(), version });
                KVSResponse::PutAt(version)
            }
            Err(error) => refusal(&error),
        }
    }
}

/// What an engine's error says to a client.
fn refusal(error: &StorageError) -> KVSResponse {
    KVSResponse::Refused(match *error {
        StorageError::KeyNotFound => KVStoreError::KeyNotFound,
        StorageError::KeyAlreadyExists => KVStoreError::KeyAlreadyExists,
        StorageError::VersionMismatch { expected, actual } => KVStoreError::VersionMismatch { expected, actual },
        StorageError::Fault(_) => KVStoreError::StorageError,
    })
}
