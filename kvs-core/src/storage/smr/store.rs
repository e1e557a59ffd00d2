//! The store itself: its state, and what each command does to it.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::limits::{Dates, Eviction, Expiry, Index, KVStoreConfig, Touch, room};
use super::notifications::{Cause, ChangeNotification, Delivery, Envelope, NotificationBus, Position, SubscriptionId};
use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::op::{Key, Value};
use crate::time::{Span, Time};

/// All that replicas agree on. It is a function of the decided slots, and of nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KVStoreState {
    /// What is kept, in the order of keys.
    pub data: BTreeMap<Key, Entry>,
    /// How many commands have been done.
    pub operation_count: u64,
    /// The time of the log at the first slot.
    pub created_at: Time,
    /// The time of the log at the last change.
    pub last_modified: Time,
    /// The time of the log: the latest that any decided slot has named. It never goes back.
    pub log_time: Time,
    /// The last slot; None before the first.
    pub slot: Option<u64>,
    /// How many changes that slot has made.
    pub changes: u32,
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// The slot that wrote it.
    pub written: u64,
    /// The last slot that used it, as far as that counts.
    pub touched: u64,
    /// When its time is up.
    pub due: Option<Time>,
}

/// What one replica has done so far: of no weight to the others, and no part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// Commands that were done.
    pub done: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Batches of several commands that were taken back.
    pub rolled_back: u64,
    /// Reads that found something.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Entries whose time was up.
    pub expired: u64,
    /// Entries that were dropped to make room.
    pub evicted: u64,
    /// Changes that a slow subscriber has not seen.
    pub lagged: u64,
}

/// A key-value store that executes commands in one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KVStoreSMR {
    #[serde(skip)]
    pub(super) config: Arc<KVStoreConfig>,
    pub(super) state: KVStoreState,
    #[serde(skip)]
    index: Index,
    bus: NotificationBus,
    metrics: Metrics,
    /// The replica's own clock when the present slot began.
    #[serde(skip)]
    here: Time,
}

/// What a batch has done so far, so that it can be taken back.
struct Overlay {
    /// What was there before, the latest change last.
    before: Vec<(Key, Option<Entry>)>,
    operation_count: u64,
    last_modified: Time,
    changes: Vec<(Cause, ChangeNotification)>,
    metrics: Metrics,
}

impl KVStoreSMR {
    /// An empty store.
    pub fn new(config: Arc<KVStoreConfig>) -> Self {
        let bus = NotificationBus::new(config.enable_notifications, config.notification_buffer_size);
        Self {
            config,
            state: KVStoreState::default(),
            index: Index::default(),
            bus,
            metrics: Metrics::default(),
            here: Time::ZERO,
        }
    }

    /// An empty store to whose changes one can subscribe, whatever else is wanted of it.
    pub fn new_with_notifications(config: KVStoreConfig) -> Self {
        Self::new(Arc::new(KVStoreConfig { enable_notifications: true, ..config }))
    }

    /// The next decided slot begins. `logged` is the time that was decided with it, `here` this replica's own clock, of which nothing in the
    /// state may depend. What is due by now is dropped, in the order of instants and keys. False for a slot that has been executed.
    pub fn begin_slot(&mut self, slot: u64, logged: Time, here: Time) -> bool {
        if self.state.slot.is_some_and(|last| slot <= last) {
            return false;
        }
        let is_first = self.state.slot.is_none();
        self.here = here;
        self.state.slot = Some(slot);
        self.state.changes = 0;
        self.state.log_time = self.state.log_time.max(logged);
        if is_first {
            self.state.created_at = self.date();
        }
        let now = match self.config.expiry {
            Expiry::Log => self.state.log_time,
            Expiry::Local => here,
        };
        while let Some(key) = self.index.first_due(now).cloned() {
            if let Some(old) = self.put(&key, None) {
                let change = ChangeNotification::KeyDeleted { key, old_value: old.value };
                self.state.last_modified = self.date();
                self.count(|metrics| metrics.expired += 1);
                self.publish(Cause::Ttl, change);
            }
        }
        true
    }

    /// Executes a command in the present slot.
    pub fn apply(&mut self, command: &KVOperation) -> KVResult {
        let mut results = self.apply_all(core::slice::from_ref(command), true);
        results.pop().unwrap_or(KVResult::NotFound)
    }

    /// Executes a batch in the present slot: all of it, or nothing if a command is refused. Each command has its result either way.
    pub(super) fn apply_all(&mut self, commands: &[KVOperation], is_atomic: bool) -> Vec<KVResult> {
        let mut overlay = Overlay {
            before: Vec::new(),
            operation_count: self.state.operation_count,
            last_modified: self.state.last_modified,
            changes: Vec::new(),
            metrics: self.metrics,
        };
        let mut results = Vec::with_capacity(commands.len());
        for command in commands {
            let result = self.execute(command, &mut overlay);
            let refused = result.error();
            results.push(result);
            if let Some(error) = refused {
                let rest = if is_atomic { KVStoreError::RolledBack } else { KVStoreError::NotRun };
                if is_atomic {
                    results.fill(KVResult::Error(rest));
                    results.pop();
                    results.push(KVResult::Error(error));
                    self.take_back(&mut overlay);
                }
                results.resize(commands.len(), KVResult::Error(rest));
                self.count(|metrics| {
                    metrics.refused += 1;
                    metrics.rolled_back += u64::from(is_atomic && commands.len() > 1);
                });
                break;
            }
        }
        for (cause, change) in overlay.changes {
            self.publish(cause, change);
        }
        results
    }

    fn take_back(&mut self, overlay: &mut Overlay) {
        for (key, entry) in overlay.before.drain(..).rev() {
            self.put(&key, entry);
        }
        overlay.changes.clear();
        self.state.operation_count = overlay.operation_count;
        self.state.last_modified = overlay.last_modified;
        self.metrics = overlay.metrics;
    }

    fn execute(&mut self, command: &KVOperation, overlay: &mut Overlay) -> KVResult {
        let result = match command {
            KVOperation::Set { key, value, ttl } => match self.set_entry(key, value, *ttl, overlay) {
                Ok(()) => KVResult::DONE,
                Err(error) => return KVResult::Error(error),
            },
            KVOperation::Get(key) => {
                self.touch(key, Some(overlay));
                let found = self.get(key).cloned();
                self.count_read(found.is_some());
                found.map_or(KVResult::NotFound, KVResult::success)
            }
            KVOperation::Exists(key) => {
                self.touch(key, Some(overlay));
                let is_there = self.get(key).is_some();
                self.count_read(is_there);
                KVResult::success(is_there)
            }
            KVOperation::Delete(key) => match self.replace(key, None, overlay) {
                Some(old) => {
                    let change = ChangeNotification::KeyDeleted { key: key.clone(), old_value: old.value };
                    overlay.changes.push((Cause::Client, change));
                    KVResult::DONE
                }
                None => KVResult::NotFound,
            },
            KVOperation::ListKeys => KVResult::Success(KVData::Keys(self.state.data.keys().cloned().collect())),
            KVOperation::Size => KVResult::success(self.size()),
            KVOperation::Clear => {
                let key_count = self.size();
                for key in self.state.data.keys().cloned().collect::<Vec<_>>() {
                    self.replace(&key, None, overlay);
                }
                if key_count > 0 {
                    overlay.changes.push((Cause::Client, ChangeNotification::StoreCleared { key_count }));
                }
                KVResult::DONE
            }
            KVOperation::Tick => KVResult::DONE,
        };
        self.state.operation_count += 1;
        self.count(|metrics| metrics.done += 1);
        result
    }

    fn set_entry(
        &mut self,
        key: &Key,
        value: &Value,
        ttl: Option<Span>,
        overlay: &mut Overlay,
    ) -> Result<(), KVStoreError> {
        self.config.admit(key, value)?;
        while !self.has_room_for(key, value) {
            // There always is somebody to go, or the value alone would be too much, which was asked before.
            let Some(victim) = self.index.first_to_go(key).cloned() else { return Err(KVStoreError::StoreFull) };
            if let Some(old) = self.replace(&victim, None, overlay) {
                self.count(|metrics| metrics.evicted += 1);
                let change = ChangeNotification::KeyDeleted { key: victim, old_value: old.value };
                overlay.changes.push((Cause::Evict, change));
            }
        }
        let now = self.present_slot();
        let due = ttl.filter(|_| self.config.key_expiration_enabled).map(|ttl| self.state.log_time + ttl);
        let entry = Entry { value: value.clone(), written: now, touched: now, due };
        let old_value = self.replace(key, Some(entry), overlay).map(|old| old.value);
        let change = ChangeNotification::KeySet { key: key.clone(), value: value.clone(), old_value };
        overlay.changes.push((Cause::Client, change));
        Ok(())
    }

    fn has_room_for(&self, key: &Key, value: &Value) -> bool {
        let old = self.state.data.get(key);
        let entries = self.size() + u64::from(old.is_none());
        let freed = old.map_or(0, |old| room(key, &old.value));
        let taken = (self.index.room - freed).saturating_add(room(key, value));
        entries <= self.config.max_entries && taken <= self.config.max_memory_bytes
    }

    /// A read counts as a use, where uses count.
    fn touch(&mut self, key: &Key, overlay: Option<&mut Overlay>) {
        if self.config.eviction != Eviction::LruLogged {
            return;
        }
        let now = self.present_slot();
        let Some(entry) = self.state.data.get(key).filter(|entry| entry.touched != now) else { return };
        let used = Some(Entry { touched: now, ..entry.clone() });
        let before = self.put(key, used);
        if let Some(overlay) = overlay {
            overlay.before.push((key.clone(), before));
        }
    }

    /// Changes what is kept under a key in a way that can be taken back; says what was there.
    fn replace(&mut self, key: &Key, entry: Option<Entry>, overlay: &mut Overlay) -> Option<Entry> {
        if entry.is_none() && !self.state.data.contains_key(key) {
            return None;
        }
        let old = self.put(key, entry);
        self.state.last_modified = self.date();
        overlay.before.push((key.clone(), old.clone()));
        old
    }

    /// The one place where entries change.
    fn put(&mut self, key: &Key, entry: Option<Entry>) -> Option<Entry> {
        let eviction = self.config.eviction;
        let old = self.state.data.remove(key);
        if let Some(old) = &old {
            self.index.leave(key, old, eviction);
        }
        if let Some(new) = entry {
            self.index.enter(key, &new, eviction);
            self.state.data.insert(key.clone(), new);
        }
        old
    }

    fn publish(&mut self, cause: Cause, change: ChangeNotification) {
        let position = Position { slot: self.present_slot(), i: self.state.changes };
        self.state.changes = self.state.changes.saturating_add(1);
        let lagged = self.bus.publish(Envelope { position, cause, change });
        self.count(|metrics| metrics.lagged += lagged);
    }

    fn count_read(&mut self, found: bool) {
        self.count(|metrics| {
            metrics.hits += u64::from(found);
            metrics.misses += u64::from(!found);
        });
    }

    fn count(&mut self, what: impl FnOnce(&mut Metrics)) {
        if self.config.metrics_enabled {
            what(&mut self.metrics);
        }
    }

    /// What the state says that it is now.
    fn date(&self) -> Time {
        match self.config.dates {
            Dates::Log => self.state.log_time,
            Dates::Local => self.here,
        }
    }

    fn present_slot(&self) -> u64 {
        self.state.slot.unwrap_or(0)
    }

    /// Becomes a state. What was here is replaced, not merged, and subscribers are told that they have missed something.
    pub fn set_state(&mut self, state: KVStoreState) {
        self.index = Index::of(&state, self.config.eviction);
        self.state = state;
        self.bus.jump(Position { slot: self.present_slot(), i: self.state.changes });
    }

    /// All that replicas agree on.
    pub fn state(&self) -> &KVStoreState {
        &self.state
    }

    /// How it behaves.
    pub fn config(&self) -> &KVStoreConfig {
        &self.config
    }

    /// What this replica has done.
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    /// The room that all entries take.
    pub fn room(&self) -> u64 {
        self.index.room
    }

    /// When the next value's time is up, by the time of the log.
    pub fn next_due(&self) -> Option<Time> {
        self.index.next_due()
    }

    /// What is kept under a key *here and now*: a local read, which may be stale. Only a logged [`KVOperation::Get`] is linearizable.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.state.data.get(key).map(|entry| &entry.value)
    }

    /// A local read by a client: the same, and where local reads count as a use, it changes this replica and no other.
    pub fn read_here(&mut self, key: &Key) -> Option<&Value> {
        if self.config.touch == Touch::Local {
            self.touch(key, None);
        }
        self.get(key)
    }

    /// Under how many keys something is kept, here and now.
    pub fn size(&self) -> u64 {
        self.state.data.len() as u64
    }

    /// Executes a [`KVOperation::Set`] in the present slot.
    pub fn set(&mut self, key: Key, value: Value) -> KVResult {
        self.apply(&KVOperation::Set { key, value, ttl: None })
    }

    /// Executes a [`KVOperation::Delete`] in the present slot.
    pub fn delete(&mut self, key: Key) -> KVResult {
        self.apply(&KVOperation::Delete(key))
    }

    /// Subscribes to all changes, after the one that is known (None: from now on). None if there are no subscriptions here.
    pub fn subscribe_to_changes(&mut self, after: Option<Position>) -> Option<SubscriptionId> {
        self.bus.subscribe("", after)
    }

    /// Subscribes to changes of keys that begin so.
    pub fn subscribe_to_prefix(&mut self, prefix: &str, after: Option<Position>) -> Option<SubscriptionId> {
        self.bus.subscribe(prefix, after)
    }

    /// Ends a subscription. False if there is none of this name.
    pub fn unsubscribe(&mut self, id: SubscriptionId) -> bool {
        self.bus.unsubscribe(id)
    }

    /// Takes what has waited longest for a subscriber.
    pub fn take_notification(&mut self, id: SubscriptionId) -> Option<Delivery> {
        self.bus.take(id)
    }

    /// The subscriptions.
    pub fn bus(&self) -> &NotificationBus {
        &self.bus
    }
}
