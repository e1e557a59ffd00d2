//! Commands of a replicated state machine, and what came of each: what a batch is made of.

use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::op::{Key, Value};
use crate::time::Span;
use crate::version::Version;

/// One command. A batch is a list of them, and holds no other batch: what comes from outside cannot be nested without end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KVOperation {
    /// Keep a value under a key.
    Set {
        /// The key.
        key: Key,
        /// The value.
        value: Value,
        /// How long it is kept; None: until it is replaced.
        ttl: Option<Span>,
    },
    /// What is kept under a key?
    Get(Key),
    /// Keep nothing under a key.
    Delete(Key),
    /// Is anything kept under a key?
    Exists(Key),
    /// Under which keys is anything kept?
    ListKeys,
    /// Keep nothing at all.
    Clear,
    /// Under how many keys is anything kept?
    Size,
    /// Nothing, but time has passed: what was to be kept until now is dropped.
    Tick,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KVResult {
    /// It was done, or answered.
    Success(KVData),
    /// Nothing is kept under the key.
    NotFound,
    /// It was refused, and has changed nothing.
    Error(KVStoreError),
}

/// What a command has to say for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KVData {
    /// No more than that it was done.
    Done,
    /// A value.
    Value(Value),
    /// Yes or no.
    Answer(bool),
    /// Keys, in order.
    Keys(Arc<[Key]>),
    /// How many.
    Count(u64),
}

/// Why a command was refused. All replicas refuse alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
pub enum KVStoreError {
    /// There is no room, and nothing may be dropped to make some.
    #[error("the store is full")]
    StoreFull,
    /// The value has more bytes than values may have.
    #[error("the value is too large")]
    ValueTooLarge,
    /// The key is empty or has more bytes than keys may have.
    #[error("no such key is possible")]
    InvalidKey,
    /// Another command of its batch was refused, so this one was taken back, or not begun.
    #[error("the batch was rolled back")]
    RolledBack,
    /// A command before it in its batch was refused, and there the batch stopped.
    #[error("not run")]
    NotRun,
    /// The store has no such command.
    #[error("this store cannot do that")]
    Unsupported,
    /// A version of the key was named, and there is no such key.
    #[error("there is no such key")]
    KeyNotFound,
    /// It was said that there is no such key, and there is one.
    #[error("there is such a key already")]
    KeyAlreadyExists,
    /// Another version was named than is there.
    #[error("it is @{actual}, not @{expected}")]
    VersionMismatch {
        /// The version that was named.
        expected: Version,
        /// The version that is there.
        actual: Version,
    },
    /// The store does not work. It says nothing of whether there is such a key.
    #[error("the store does not work")]
    StorageError,
}

impl KVOperation {
    /// The key it is about; None for all of them, or none.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Set { key, .. } | Self::Get(key) | Self::Delete(key) | Self::Exists(key) => Some(key),
            Self::ListKeys | Self::Clear | Self::Size | Self::Tick => None,
        }
    }

    /// What it would keep, and under which key.
    pub fn put(&self) -> Option<(&Key, &Value)> {
        match self {
            Self::Set { key, value, .. } => Some((key, value)),
            _ => None,
        }
    }

    /// Whether it may change what is kept.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Set { .. } | Self::Delete(_) | Self::Clear)
    }

    /// Whether it may change what is kept under this key.
    pub fn writes(&self, key: &Key) -> bool {
        *self == Self::Clear || (self.is_write() && self.key() == Some(key))
    }
}

impl KVStoreError {
    /// Whether it only says that another command of the batch was refused.
    pub fn is_of_batch(self) -> bool {
        matches!(self, Self::RolledBack | Self::NotRun)
    }
}

impl KVResult {
    /// Success, with something to say.
    pub fn success(data: impl Into<KVData>) -> Self {
        Self::Success(data.into())
    }

    /// Success, and no more.
    pub const DONE: Self = Self::Success(KVData::Done);

    /// Why it was refused, if it was.
    pub fn error(&self) -> Option<KVStoreError> {
        match self {
            Self::Error(error) => Some(*error),
            Self::Success(_) | Self::NotFound => None,
        }
    }
}

impl From<Value> for KVData {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<bool> for KVData {
    fn from(answer: bool) -> Self {
        Self::Answer(answer)
    }
}

impl From<Arc<[Key]>> for KVData {
    fn from(keys: Arc<[Key]>) -> Self {
        Self::Keys(keys)
    }
}

impl From<u64> for KVData {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl fmt::Display for KVOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { key, value, ttl: None } => write!(f, "put {key}={value}"),
            Self::Set { key, value, ttl: Some(ttl) } => write!(f, "put {key}={value} ttl={ttl}"),
            Self::Get(key) => write!(f, "get {key}"),
            Self::Delete(key) => write!(f, "delete {key}"),
            Self::Exists(key) => write!(f, "exists {key}"),
            Self::ListKeys => f.write_str("keys"),
            Self::Clear => f.write_str("clear"),
            Self::Size => f.write_str("size"),
            Self::Tick => f.write_str("tick"),
        }
    }
}

impl fmt::Display for KVResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(data) => data.fmt(f),
            Self::NotFound => f.write_str("none"),
            Self::Error(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for KVData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("ok"),
            Self::Value(value) => value.fmt(f),
            Self::Answer(answer) => f.write_str(if *answer { "yes" } else { "no" }),
            Self::Keys(keys) => write_list(f, keys.iter()),
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// Writes `nothing`, or `a, b`.
pub(crate) fn write_list(
    f: &mut fmt::Formatter<'_>,
    things: impl ExactSizeIterator<Item = impl fmt::Display>,
) -> fmt::Result {
    if things.len() == 0 {
        return f.write_str("nothing");
    }
    let mut things = things.enumerate();
    things.try_for_each(|(place, thing)| write!(f, "{}{thing}", if place == 0 { "" } else { ", " }))
}
