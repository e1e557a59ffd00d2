//! What a store may hold. Room is counted by a formula and never by an allocator, so that all replicas refuse alike.

use alloc::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::store::{Entry, KVStoreState};
use crate::command::KVStoreError;
use crate::op::{Key, Value};
use crate::time::Time;

/// What an entry takes besides the bytes of its key and its value.
pub const ENTRY_OVERHEAD: u64 = 48;

/// How a store of commands in one order behaves. All its replicas must be given the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KVStoreConfig {
    /// The most keys under which something is kept.
    pub max_entries: u64,
    /// The most room: the sum over all entries of their bytes and [`ENTRY_OVERHEAD`] each.
    pub max_memory_bytes: u64,
    /// The most bytes of a key. An empty key is never possible.
    pub max_key_bytes: u64,
    /// The most bytes of a value.
    pub max_value_bytes: u64,
    /// What is dropped when there is no room.
    pub eviction: Eviction,
    /// Whether values may be kept for a time only; if not, they are kept until they are replaced.
    pub key_expiration_enabled: bool,
    /// Whether changes can be subscribed to.
    pub enable_notifications: bool,
    /// How many changes wait for a slow subscriber; the oldest give way.
    pub notification_buffer_size: u32,
    /// After how many slots a snapshot is taken.
    pub snapshot_every: u32,
    /// Whether snapshots are compressed.
    pub snapshot_compression: bool,
    /// Whether a replica counts what it does.
    pub metrics_enabled: bool,
    /// By which clock it is judged that a value's time is up.
    pub expiry: Expiry,
    /// Which reads keep a value from being dropped, where the one not used for longest goes first.
    pub touch: Touch,
    /// By which clock the state says when it was made and changed.
    pub dates: Dates,
    /// What becomes of a batch of which a command is refused.
    pub batches: Batches,
}

impl Default for KVStoreConfig {
    fn default() -> Self {
        Self {
            max_entries: 10_000,
            max_memory_bytes: 1 << 20,
            max_key_bytes: 256,
            max_value_bytes: 1_024,
            eviction: Eviction::None,
            key_expiration_enabled: true,
            enable_notifications: true,
            notification_buffer_size: 64,
            snapshot_every: 64,
            snapshot_compression: false,
            metrics_enabled: true,
            expiry: Expiry::Log,
            touch: Touch::Logged,
            dates: Dates::Log,
            batches: Batches::Atomic,
        }
    }
}

/// What is dropped to make room. It is decided when a command is applied, and among equals the first key goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Eviction {
    /// Nothing: what does not fit is refused.
    #[default]
    None,
    /// What was written longest ago.
    OldestWrite,
    /// What was neither written nor read for longest, by the slots of the log.
    LruLogged,
}

/// By which clock it is judged that a value's time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiry {
    /// The time of the log, which is the same at all replicas.
    #[default]
    Log,
    /// The replica's own clock. Replicas come to differ.
    Local,
}

/// Which reads count as a use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Touch {
    /// Those in the log.
    #[default]
    Logged,
    /// Those that one replica answers by itself, too. Replicas come to differ.
    Local,
}

/// By which clock the state says when it was made and changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dates {
    /// The time of the log, which is the same at all replicas.
    #[default]
    Log,
    /// The replica's own clock. Replicas come to differ.
    Local,
}

/// What becomes of a batch of which a command is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Batches {
    /// None of it is done.
    #[default]
    Atomic,
    /// It stops there; what came before stays.
    StopAtError,
}

/// The room that an entry takes.
pub fn room(key: &Key, value: &Value) -> u64 {
    (key.as_str().len() as u64).saturating_add(value.as_str().len() as u64).saturating_add(ENTRY_OVERHEAD)
}

impl KVStoreConfig {
    /// Whether something of this kind may be kept at all.
    pub(super) fn admit(&self, key: &Key, value: &Value) -> Result<(), KVStoreError> {
        let bytes = key.as_str().len() as u64;
        if bytes == 0 || bytes > self.max_key_bytes {
            return Err(KVStoreError::InvalidKey);
        }
        if value.as_str().len() as u64 > self.max_value_bytes {
            return Err(KVStoreError::ValueTooLarge);
        }
        if self.max_entries == 0 || room(key, value) > self.max_memory_bytes {
            return Err(KVStoreError::StoreFull);
        }
        Ok(())
    }
}

/// What follows from the entries of a store and is looked up often: their room, whose time is up first, and who goes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) room: u64,
    due: BTreeSet<(Time, Key)>,
    order: BTreeSet<(u64, Key)>,
}

impl Index {
    pub(super) fn of(state: &KVStoreState, eviction: Eviction) -> Self {
        let mut index = Self::default();
        for (key, entry) in &state.data {
            index.enter(key, entry, eviction);
        }
        index
    }

    pub(super) fn enter(&mut self, key: &Key, entry: &Entry, eviction: Eviction) {
        self.room = self.room.saturating_add(room(key, &entry.value));
        self.due.extend(entry.due.map(|due| (due, key.clone())));
        self.order.extend(entry.place(eviction).map(|place| (place, key.clone())));
    }

    pub(super) fn leave(&mut self, key: &Key, entry: &Entry, eviction: Eviction) {
        self.room = self.room.saturating_sub(room(key, &entry.value));
        if let Some(due) = entry.due {
            self.due.remove(&(due, key.clone()));
        }
        if let Some(place) = entry.place(eviction) {
            self.order.remove(&(place, key.clone()));
        }
    }

    /// The key whose time was up first by now.
    pub(super) fn first_due(&self, now: Time) -> Option<&Key> {
        self.due.first().filter(|(due, _)| *due <= now).map(|(_, key)| key)
    }

    /// When the next value's time is up.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The key that goes first, of all but one.
    pub(super) fn first_to_go(&self, spared: &Key) -> Option<&Key> {
        self.order.iter().map(|(_, key)| key).find(|key| *key != spared)
    }
}

impl Entry {
    /// Its place in the order in which entries are dropped.
    fn place(&self, eviction: Eviction) -> Option<u64> {
        match eviction {
            Eviction::None => None,
            Eviction::OldestWrite => Some(self.written),
            Eviction::LruLogged => Some(self.touched),
        }
    }
}
