//! Who wants to know of changes, and what waits for each.
//!
//! A subscriber attaches to one replica. Whoever attaches to two gets two copies: exactly once is promised per replica and subscription
//! only. It takes what waits for it when it likes; what it does not take in time gives way, and it is told how much. So nobody slow ever
//! holds up a replica.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::op::{Key, Value};

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeNotification {
    /// A value was kept, maybe the same as before.
    KeySet {
        /// The key.
        key: Key,
        /// The value.
        value: Value,
        /// What was there before.
        old_value: Option<Value>,
    },
    /// A key has gone.
    KeyDeleted {
        /// The key.
        key: Key,
        /// What was there before.
        old_value: Value,
    },
    /// All keys have gone.
    StoreCleared {
        /// How many there were.
        key_count: u64,
    },
}

/// Why something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// A client wanted it.
    Client,
    /// Its time was up.
    Ttl,
    /// Something else needed the room.
    Evict,
}

/// The place of a change among all changes: the same at all replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The slot.
    pub slot: u64,
    /// Which of the changes in that slot, from 0.
    pub i: u32,
}

/// A change with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Where it stands.
    pub position: Position,
    /// Why it came.
    pub cause: Cause,
    /// What it is.
    pub change: ChangeNotification,
}

/// What a subscriber is handed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// A change.
    Change(Arc<Envelope>),
    /// So many changes had to give way: it was too slow.
    Lagged {
        /// How many.
        n: u64,
    },
    /// The replica jumped: what has changed up to this slot nobody here can say. Read the store anew.
    Resync {
        /// The last slot of the jump.
        slot: u64,
    },
}

/// Names a subscription at one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionId(pub u64);

/// A subscription, and what waits for its subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Subscription {
    /// Only changes of keys that begin so.
    prefix: Arc<str>,
    /// Only changes after this one.
    after: Option<Position>,
    resync: Option<u64>,
    lagged: u64,
    queue: VecDeque<Arc<Envelope>>,
}

/// The subscriptions of one replica. They are its own and no part of the replicated state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotificationBus {
    is_on: bool,
    buffer: u32,
    last_id: u64,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// The latest changes, for those who come back.
    latest: VecDeque<Arc<Envelope>>,
    /// Of changes before this place there is no record here.
    recorded_from: Position,
}

impl ChangeNotification {
    /// Whether it is about a key that begins so. That everything has gone is about every key.
    pub fn is_about(&self, prefix: &str) -> bool {
        match self {
            Self::KeySet { key, .. } | Self::KeyDeleted { key, .. } => key.as_str().starts_with(prefix),
            Self::StoreCleared { .. } => true,
        }
    }
}

impl Position {
    /// The place after this one, in the same slot.
    fn next(self) -> Self {
        Self { i: self.i.saturating_add(1), ..self }
    }

    /// Whether there may be places between that one and this.
    fn is_beyond(self, after: Self) -> bool {
        after.next() < self
    }
}

impl NotificationBus {
    /// A bus without subscribers; one that is not on never has any.
    pub fn new(is_on: bool, buffer: u32) -> Self {
        Self {
            is_on,
            buffer,
            last_id: 0,
            subscriptions: BTreeMap::new(),
            latest: VecDeque::new(),
            recorded_from: Position::default(),
        }
    }

    /// Subscribes to all changes of keys that begin so, after one that is known (None: from now on). None if there are no subscriptions.
    pub fn subscribe(&mut self, prefix: &str, after: Option<Position>) -> Option<SubscriptionId> {
        if !self.is_on {
            return None;
        }
        self.last_id += 1;
        let id = SubscriptionId(self.last_id);
        let mut new = Subscription { prefix: prefix.into(), after, resync: None, lagged: 0, queue: VecDeque::new() };
        if let Some(after) = after {
            // What lies between is known, or it is not.
            new.resync = self.recorded_from.is_beyond(after).then_some(self.recorded_from.slot);
            for envelope in &self.latest {
                new.push(envelope, self.buffer);
            }
        }
        self.subscriptions.insert(id, new);
        Some(id)
    }

    /// Ends a subscription, with all that waits for it. False if there is none of this name.
    pub fn unsubscribe(&mut self, id: SubscriptionId) -> bool {
        self.subscriptions.remove(&id).is_some()
    }

    /// Takes what has waited longest for a subscriber.
    pub fn take(&mut self, id: SubscriptionId) -> Option<Delivery> {
        let subscription = self.subscriptions.get_mut(&id)?;
        if let Some(slot) = subscription.resync.take() {
            return Some(Delivery::Resync { slot });
        }
        if subscription.lagged > 0 {
            return Some(Delivery::Lagged { n: core::mem::take(&mut subscription.lagged) });
        }
        subscription.queue.pop_front().map(Delivery::Change)
    }

    /// How many changes wait for a subscriber, and how many it has lost since it was last told.
    pub fn waiting(&self, id: SubscriptionId) -> (u64, u64) {
        self.subscriptions.get(&id).map_or((0, 0), |one| (one.queue.len() as u64, one.lagged))
    }

    /// How many subscribers there are.
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether nobody has subscribed.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Puts a change into the queue of everybody whom it concerns; says how many had to give way for it.
    pub(super) fn publish(&mut self, envelope: Envelope) -> u64 {
        if !self.is_on {
            return 0;
        }
        let envelope = Arc::new(envelope);
        let lost = self.subscriptions.values_mut().map(|subscription| subscription.push(&envelope, self.buffer)).sum();
        self.latest.push_back(envelope);
        while self.latest.len() > self.buffer as usize {
            if let Some(oldest) = self.latest.pop_front() {
                self.recorded_from = oldest.position.next();
            }
        }
        lost
    }

    /// The replica has jumped to a state, and this is the place of the next change. What had waited is of no use any more: everybody reads
    /// the store anew.
    pub(super) fn jump(&mut self, to: Position) {
        self.latest.clear();
        self.recorded_from = to;
        for subscription in self.subscriptions.values_mut() {
            if subscription.after.is_none_or(|after| to.is_beyond(after)) {
                subscription.queue.clear();
                subscription.lagged = 0;
                subscription.resync = Some(to.slot);
            }
        }
    }
}

impl Subscription {
    /// Says how many changes had to give way.
    fn push(&mut self, envelope: &Arc<Envelope>, buffer: u32) -> u64 {
        let is_new = self.after.is_none_or(|after| envelope.position > after);
        if !is_new || !envelope.change.is_about(&self.prefix) {
            return 0;
        }
        self.queue.push_back(envelope.clone());
        let mut lost = 0;
        while self.queue.len() > buffer as usize {
            self.queue.pop_front();
            lost += 1;
        }
        self.lagged += lost;
        lost
    }
}
