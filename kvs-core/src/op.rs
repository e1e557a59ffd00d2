//! Operations on a key-value store, what they answer, and how a client names them.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::command::{KVOperation, KVResult, KVStoreError, write_list};
use crate::lattice::{self, VectorClock};
use crate::process::NodeId;
use crate::time::Span;
use crate::version::{Version, Versioned};

/// A text from outside was longer than a key or a value may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {what} has at most {limit} characters, this one has {length}")]
pub struct TooLong {
    /// What it was to be: "key" or "value".
    pub what: &'static str,
    /// The most characters allowed.
    pub limit: u32,
    /// The characters there were.
    pub length: u32,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("The most characters a ", $what, " may have.")]
            pub const CHARS_MAX: u32 = $limit;

            #[doc = concat!("A ", $what, " with this text, which may be empty.")]
            pub fn new(text: &str) -> Result<Self, TooLong> {
                let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                if length > $limit {
                    return Err(TooLong { what: $what, limit: $limit, length });
                }
                Ok(Self(text.into()))
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            /// The empty text.
            fn default() -> Self {
                Self("".into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if self.0.is_empty() { "\"\"" } else { &self.0 })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&Cow::<str>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text! {
    /// The name under which a store keeps a value. An empty one is shown as `""`.
    Key, "key", 64
}

text! {
    /// What a store keeps under a key. An empty one is shown as `""`.
    Value, "value", 256
}

/// What a client may ask of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KVSOperation {
    /// Keep a value under a key.
    Put(Key, Value),
    /// What is kept under a key?
    Get(Key),
    /// Keep nothing under a key.
    Delete(Key),
    /// What is kept under these keys? Each shard is asked for its own, and nothing makes their answers one moment.
    MGet(Arc<[Key]>),
    /// What does the server that is asked keep of its shard?
    GetAll,
    /// Keep a value under a key, for so long.
    PutFor(Key, Value, Span),
    /// Is anything kept under a key?
    Exists(Key),
    /// Under which keys is anything kept?
    ListKeys,
    /// Keep nothing at all.
    Clear,
    /// Under how many keys is anything kept?
    Size,
    /// All of these, or, if one of them is refused, none.
    Batch(Arc<[KVOperation]>),
    /// Keep a value under a key if this version of it is there, or, with [`Version::ABSENT`], if there is no such key.
    PutIf(Key, Value, Version),
}

impl KVSOperation {
    /// The most keys that one operation may ask for.
    pub const KEYS_MAX: usize = 16;

    /// The most commands of a batch.
    pub const BATCH_MAX: usize = 16;

    /// The keys it is about; none for all of them, and for a batch.
    pub fn keys(&self) -> &[Key] {
        match self {
            Self::MGet(keys) => keys,
            _ => self.key().map_or(&[], core::slice::from_ref),
        }
    }

    /// The one key it is about.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Put(key, _)
            | Self::PutFor(key, ..)
            | Self::PutIf(key, ..)
            | Self::Get(key)
            | Self::Delete(key)
            | Self::Exists(key) => Some(key),
            Self::MGet(_) | Self::GetAll | Self::ListKeys | Self::Clear | Self::Size | Self::Batch(_) => None,
        }
    }

    /// The one key that it may change, and no other.
    pub fn written(&self) -> Option<&Key> {
        match self {
            Self::Put(key, _) | Self::PutFor(key, ..) | Self::PutIf(key, ..) | Self::Delete(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it may change the store.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Clear => true,
            Self::Batch(commands) => commands.iter().any(KVOperation::is_write),
            _ => self.written().is_some(),
        }
    }

    /// Whether it may change what is kept under this key.
    pub fn writes(&self, key: &Key) -> bool {
        match self {
            Self::Clear => true,
            Self::Batch(commands) => commands.iter().any(|command| command.writes(key)),
            _ => self.written() == Some(key),
        }
    }

    /// What it would keep: keys with their values.
    pub fn puts(&self) -> Vec<(&Key, &Value)> {
        match self {
            Self::Put(key, value) | Self::PutFor(key, value, _) | Self::PutIf(key, value, _) => [(key, value)].into(),
            Self::Batch(commands) => commands.iter().filter_map(KVOperation::put).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether clients ask several servers under its name, each for a part, so that none can tell a copy of it from another part.
    pub fn is_asked_in_parts(&self) -> bool {
        matches!(self, Self::MGet(_) | Self::GetAll)
    }

    /// Whether only the store of a replicated state machine knows what to do with it.
    pub fn is_command(&self) -> bool {
        match self {
            Self::Put(..) | Self::PutIf(..) | Self::Get(_) | Self::Delete(_) | Self::MGet(_) | Self::GetAll => false,
            Self::PutFor(..) | Self::Exists(_) | Self::ListKeys | Self::Clear | Self::Size | Self::Batch(_) => true,
        }
    }
}

impl fmt::Display for KVSOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, value) => write!(f, "put {key}={value}"),
            Self::Get(key) => write!(f, "get {key}"),
            Self::Delete(key) => write!(f, "delete {key}"),
            Self::MGet(keys) => {
                f.write_str("mget")?;
                keys.iter().try_for_each(|key| write!(f, " {key}"))
            }
            Self::GetAll => f.write_str("getall"),
            Self::PutFor(key, value, ttl) => write!(f, "put {key}={value} ttl={ttl}"),
            Self::PutIf(key, value, version) => write!(f, "put {key}={value} @{version}"),
            Self::Exists(key) => write!(f, "exists {key}"),
            Self::ListKeys => f.write_str("keys"),
            Self::Clear => f.write_str("clear"),
            Self::Size => f.write_str("size"),
            Self::Batch(commands) => {
                f.write_str("batch {")?;
                for (place, command) in commands.iter().enumerate() {
                    write!(f, "{} {command}", if place == 0 { "" } else { "," })?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// What is kept under a key, as an answer about several keys says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The key.
    pub key: Key,
    /// The values, as in [`KVSResponse::GetResult`].
    pub values: Vec<Value>,
    /// The context, likewise.
    pub context: VectorClock,
    /// Of versions that know their causes: which it is.
    pub version: Option<lattice::Version>,
}

/// What a store answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KVSResponse {
    /// The value is kept.
    PutOk,
    /// Nothing is kept under the key any more.
    DeleteOk,
    /// What is kept: nothing, one value, or several that were written without knowing of each other, in order.
    GetResult {
        /// The values.
        values: Vec<Value>,
        /// What a later write of this key should say that it has seen.
        context: VectorClock,
    },
    /// What is kept under several keys, in the order of keys.
    Items(Arc<[Kept]>),
    /// What a server keeps of its shard, in the order of keys. What is not there has no value.
    All {
        /// The name of the shard.
        shard: Arc<str>,
        /// The epoch of the view in which it keeps that.
        epoch: u32,
        /// What it keeps.
        items: Arc<[Kept]>,
    },
    /// Whether anything is kept under the key.
    Exists(bool),
    /// The keys under which anything is kept, in order.
    Keys(Arc<[Key]>),
    /// Nothing is kept any more.
    Cleared,
    /// Under how many keys anything is kept.
    Size(u64),
    /// What came of each command of a batch.
    Batch(Arc<[KVResult]>),
    /// It was refused, and has changed nothing.
    Refused(KVStoreError),
    /// The value is kept, as this version.
    PutAt(Version),
    /// What is kept, with its version. Where nothing is kept, there is no version of it: that is [`nothing`](Self::nothing).
    GetAt(Versioned),
}

impl KVSResponse {
    /// What it says about several keys.
    pub fn items(&self) -> &[Kept] {
        match self {
            Self::Items(items) | Self::All { items, .. } => items,
            _ => &[],
        }
    }

    /// Whether it says no more than that a write was done.
    pub fn is_confirmation(&self) -> bool {
        matches!(self, Self::PutOk | Self::DeleteOk | Self::Cleared | Self::PutAt(_))
    }

    /// What it says is kept under the key that was read; None if it is no answer to that.
    pub fn values(&self) -> Option<&[Value]> {
        match self {
            Self::GetResult { values, .. } => Some(values),
            Self::GetAt(Versioned { value, .. }) => Some(core::slice::from_ref(value)),
            _ => None,
        }
    }

    /// Why nothing was changed, if it was refused.
    pub fn refusal(&self) -> Option<KVStoreError> {
        match self {
            Self::Refused(error) => Some(*error),
            // The one that was refused says why; the others, that they were taken back.
            Self::Batch(results) => results.iter().filter_map(KVResult::error).find(|error| !error.is_of_batch()),
            _ => None,
        }
    }

    /// Nothing.
    pub fn nothing() -> Self {
        Self::GetResult { values: Vec::new(), context: VectorClock::default() }
    }
}

impl fmt::Display for KVSResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutOk | Self::DeleteOk | Self::Cleared => f.write_str("ok"),
            Self::Exists(is_there) => f.write_str(if *is_there { "yes" } else { "no" }),
            Self::Keys(keys) => write_list(f, keys.iter()),
            Self::Size(size) => size.fmt(f),
            Self::Batch(results) => write_list(f, results.iter()),
            Self::Refused(error) => write!(f, "refused: {error}"),
            Self::PutAt(version) => write!(f, "ok @{version}"),
            Self::GetAt(versioned) => versioned.fmt(f),
            Self::GetResult { values, .. } => write_values(f, values),
            Self::Items(items) | Self::All { items, .. } if items.is_empty() => f.write_str("nothing"),
            Self::Items(items) | Self::All { items, .. } => {
                for (place, Kept { key, values, .. }) in items.iter().enumerate() {
                    write!(f, "{}{key} = ", if place == 0 { "" } else { ", " })?;
                    write_values(f, values)?;
                }
                Ok(())
            }
        }
    }
}

/// Writes `none`, `v`, or `{v, w}`.
pub(crate) fn write_values(f: &mut impl fmt::Write, values: &[Value]) -> fmt::Result {
    match values {
        [] => f.write_str("none"),
        [value] => write!(f, "{value}"),
        [first, rest @ ..] => {
            write!(f, "{{{first}")?;
            rest.iter().try_for_each(|value| write!(f, ", {value}"))?;
            f.write_str("}")
        }
    }
}

/// Names one session of one client. A client that has lost track of an operation goes on under a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId {
    /// The client's node.
    pub node: NodeId,
    /// From 0.
    pub session: u32,
}

/// Names one operation. A retry keeps the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId {
    /// Whose it is.
    pub client: ClientId,
    /// From 1 in each session.
    pub sequence: u32,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, sequence } = self;
        write!(f, "request {sequence} of {}", client.node)?;
        if client.session > 0 { write!(f, ", session {}", client.session) } else { Ok(()) }
    }
}

/// What a client knows of an operation in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was answered.
    Ok(KVSResponse),
    /// No answer came. It may have taken effect, may still do so later, or never.
    Maybe,
    /// No answer came, and it had no effect: it was a read, or it has never left.
    Unavailable,
    /// It may have taken effect, but what came back shows that it will not do so from now on.
    MaybeClosed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(response) => response.fmt(f),
            Self::Maybe => f.write_str("unknown"),
            Self::Unavailable => f.write_str("unavailable"),
            Self::MaybeClosed => f.write_str("unknown, and over"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_text_may_be_empty_or_an_emoji_but_not_endless() {
        assert_eq!(Key::new("").map(|key| key.to_string()), Ok("\"\"".into()));
        assert_eq!(Value::new("🦓").map(|value| value.to_string()), Ok("🦓".into()));
        let long = "é".repeat(65);
        assert_eq!(Key::new(&long), Err(TooLong { what: "key", limit: 64, length: 65 }));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_when_it_is_read_back() {
        let bytes = postcard::to_allocvec(&"x".repeat(257)).expect("a string is encoded");
        assert!(postcard::from_bytes::<Value>(&bytes).is_err());
    }
}
