//! The part of a server that knows which keys are its own, and brings them where they belong when views change.
//!
//! A view change moves keys from server to server. Each server goes through the views one by one. On entering a view it hands every key that
//! it keeps and no longer owns to all owners, and keeps its copy until they say that they have it; it waits for what comes to it
//! from each shard that owned keys that are its own now. It enters the next view when nobody is owed anything any more. As a new owner
//! answers for a key only when the old one has handed it over, **the handoff is the fence**: there is no moment at which two answer for one key.
//! Epochs tell who has heard of a view; whoever meets a higher one asks for it.
//!
//! **Promise**: no key is lost or kept twice by a change of views, whatever messages are lost, late or repeated and whichever links are cut.
//! What it does not do: bring back what only a server knew that crashed, or go on when a whole shard has gone for ever, until somebody says
//! that it is [lost](Message::Lost).

mod handoff;
mod requests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::Request;
use crate::op::{ClientId, Key, RequestId, Value};
use crate::process::{Mark, NodeId};
use crate::routing::map::{Placement, ShardMap};
use crate::routing::view::{Shard, ShardName, View};
use crate::storage::{Parcel, Storage};
use crate::time::Span;

/// How servers deal with shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardingOptions {
    /// How keys are spread over shards.
    pub placement: Placement,
    /// Whether a server refuses keys that are not its own.
    pub fencing: bool,
    /// What becomes of a request for somebody else's key.
    pub misrouted: Misrouted,
    /// How long a server keeps what it hands over.
    pub handoff: HandoffEnds,
}

/// What becomes of a request for somebody else's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Misrouted {
    /// It is refused, with the newest view.
    #[default]
    Refused,
    /// It is passed on to an owner, whose answer is passed back.
    Forwarded,
}

/// How long a server keeps what it hands over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandoffEnds {
    /// Until its new owners say that they have it.
    #[default]
    WhenAcknowledged,
    /// Until it has tried a few times.
    AfterRetries,
}

/// What servers say to each other, and to clients, about shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Views, by epoch.
    View {
        /// They.
        views: Arc<[Arc<View>]>,
    },
    /// Are there views after this one?
    ViewReq {
        /// The last epoch that the sender knows.
        epoch: u32,
    },
    /// All that the sender keeps and the receiver owns.
    Handoff {
        /// In this epoch.
        epoch: u32,
        /// The shard that the sender kept before.
        shard: Option<ShardName>,
        /// The keys, and what is under them.
        parcels: Arc<[(Key, Parcel)]>,
    },
    /// The receiver has got it.
    HandoffAck {
        /// The epoch of the handoff.
        epoch: u32,
        /// A fingerprint of what came: by now its sender may keep more for the receiver.
        digest: u64,
    },
    /// The sender waits for what it owns now.
    HandoffReq {
        /// In this epoch.
        epoch: u32,
    },
    /// To a client, or to whoever asks for one: that is not kept here.
    WrongShard {
        /// The request. It was not applied here.
        id: RequestId,
        /// What the sender goes by. It will never apply what was sent in this epoch or before.
        epoch: u32,
        /// The newest view that it has heard of.
        hint: Arc<View>,
    },
    /// A request is passed on.
    Proxy(Arc<Request>),
    /// Said from outside: what this shard kept will never come.
    Lost {
        /// The shard.
        shard: ShardName,
    },
}

/// A request was for a key that is kept elsewhere.
pub const WRONG_SHARD: Mark = Mark("wrong shard: refused");
/// A request was passed on to the shard that keeps its key.
pub const FORWARDED: Mark = Mark("wrong shard: passed on");
/// A request waits for a key that has not been handed over.
pub const COMING: Mark = Mark("request waits: its key has not been handed over yet");
/// A server goes by a new view.
pub const INSTALLED: Mark = Mark("goes by a new view");
/// A server has dropped what it handed over.
pub const HANDED_OVER: Mark = Mark("handed over: dropped its copy");
/// A server has dropped what it could not hand over.
pub const GAVE_AWAY: Mark = Mark("could not hand over: dropped its copy all the same");
/// Gossip brought a key that is kept elsewhere.
pub const STRAY: Mark = Mark("gossip about another shard's key: passed on");

/// After how long a server says again what nobody has answered.
pub const RESEND: Span = Span::from_ms(300);
/// With [`HandoffEnds::AfterRetries`]: how often a handoff is tried.
const TRIES: u32 = 3;

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This server's.
    Here,
    /// This server's, as soon as it has been handed over.
    Coming,
    /// Somebody else's.
    Elsewhere,
}

/// A request that was passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Forwarded {
    request: Arc<Request>,
    to: NodeId,
    client: NodeId,
}

/// What a server knows about shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sharding {
    #[serde(skip)]
    options: Arc<ShardingOptions>,
    #[serde(skip)]
    me: NodeId,
    /// What it goes by.
    map: Arc<ShardMap>,
    /// All views that it has heard of, from the first, with who owns what by each: a ring is too dear to be made for every request.
    #[serde(skip)]
    known: Vec<Arc<ShardMap>>,
    /// The shards that have yet to hand over.
    waiting_for: BTreeSet<ShardName>,
    /// Who has yet to say that they have what is theirs, and how often they were sent it.
    unacknowledged: BTreeMap<NodeId, u32>,
    /// What it keeps and does not own.
    leaving: Storage,
    /// Whether values are merged.
    #[serde(skip)]
    merges: bool,
    /// By client: what it has passed on and not heard of again. A retry must go where the first copy went.
    forwarded: BTreeMap<ClientId, Forwarded>,
}

/// What of it survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Durable {
    epoch: u32,
    known: Vec<Arc<View>>,
    waiting_for: BTreeSet<ShardName>,
    unacknowledged: Vec<NodeId>,
    leaving: Vec<(Key, Parcel)>,
    forwarded: BTreeMap<ClientId, Forwarded>,
}

impl Durable {
    /// A request was passed on after this was written.
    pub(super) fn remember(&mut self, forwarded: Forwarded) {
        self.forwarded.insert(forwarded.request.id.client, forwarded);
    }

    /// Whether it is about to hand over this value.
    pub(super) fn hands_over(&self, key: &Key, value: &Value) -> bool {
        self.leaving.iter().any(|(other, parcel)| other == key && parcel.values().contains(value))
    }
}

impl Sharding {
    /// What a server knows in the first view. `empty` is a store of its kind.
    pub fn new(options: Arc<ShardingOptions>, map: Arc<ShardMap>, me: NodeId, empty: Storage) -> Self {
        let known = Vec::from([map.clone()]);
        Self {
            options,
            me,
            map,
            known,
            waiting_for: BTreeSet::new(),
            unacknowledged: BTreeMap::new(),
            merges: matches!(empty, Storage::Lattice(_)),
            leaving: empty,
            forwarded: BTreeMap::new(),
        }
    }

    /// What it goes by.
    pub fn map(&self) -> &Arc<ShardMap> {
        &self.map
    }

    /// What it will go by when it has entered every view that it has heard of.
    fn newest(&self) -> &Arc<ShardMap> {
        self.known.last().unwrap_or(&self.map)
    }

    /// Who owns what in an epoch, if it has heard of that.
    fn map_of(&self, epoch: u32) -> Option<&Arc<ShardMap>> {
        self.known.iter().find(|map| map.view().epoch == epoch)
    }

    /// What it went by before.
    fn before(&self) -> Option<&Arc<ShardMap>> {
        self.map_of(self.epoch().saturating_sub(1))
    }

    fn epoch(&self) -> u32 {
        self.map.view().epoch
    }

    /// The shards that have yet to hand over what is its own.
    pub fn waiting_for(&self) -> impl Iterator<Item = &ShardName> {
        self.waiting_for.iter()
    }

    /// What it keeps and does not own.
    pub fn leaving(&self) -> &Storage {
        &self.leaving
    }

    /// Whose a key is.
    pub fn place(&self, key: &Key) -> Place {
        if !self.map.owns(self.me, key) {
            return Place::Elsewhere;
        }
        let is_coming = self.before().is_some_and(|before| {
            let giver = before.shard_of(key);
            !giver.nodes.contains(&self.me) && self.waiting_for.contains(&giver.name)
        });
        if is_coming { Place::Coming } else { Place::Here }
    }

    /// The nodes of its shard; itself alone if it has none.
    fn members(&self) -> Arc<[NodeId]> {
        self.map.view().shard_of(self.me).map_or_else(|| Arc::from([self.me]), |shard| shard.nodes.clone())
    }

    /// Hears of views. True if it has learnt of any.
    fn hear(&mut self, views: &[Arc<View>]) -> bool {
        let count = self.known.len();
        for view in views {
            if view.epoch == self.newest().view().epoch + 1 {
                self.known.push(self.map.of(view.clone()).into());
            }
        }
        self.known.len() > count
    }

    /// Whether nobody is owed anything in the view that it goes by.
    pub fn is_settled(&self) -> bool {
        let has_got_it = |shard: &Shard| {
            let mut others = shard.nodes.iter().filter(|node| **node != self.me).peekable();
            others.peek().is_none() || others.any(|node| !self.unacknowledged.contains_key(node))
        };
        self.waiting_for.is_empty() && self.map.view().shards.iter().all(has_got_it)
    }

    /// Goes by the next view. What it no longer owns leaves the store.
    fn enter(&mut self, next: Arc<ShardMap>, storage: &mut Storage) {
        let before = core::mem::replace(&mut self.map, next);
        self.waiting_for = self.map.sources(&before, self.me);
        self.unacknowledged.clear();
        if let Some(mine) = before.view().shard_of(self.me).map(|shard| shard.name.clone()) {
            let receivers: Vec<NodeId> = self.map.view().nodes().collect();
            for node in receivers {
                if node != self.me && self.map.sources(&before, node).contains(&mine) {
                    self.unacknowledged.insert(node, 0);
                }
            }
        }
        for key in storage.keys() {
            if !self.map.owns(self.me, &key) {
                transfer(&key, storage, &mut self.leaving);
            }
        }
        for key in self.leaving.keys() {
            if self.map.owns(self.me, &key) {
                transfer(&key, &mut self.leaving, storage);
            } else {
                self.owe(&key);
            }
        }
    }

    /// Somebody else's key is kept here and must go.
    fn owe(&mut self, key: &Key) {
        for node in self.map.shard_of(key).nodes.iter().filter(|node| **node != self.me) {
            self.unacknowledged.entry(*node).or_insert(0);
        }
    }

    /// What is kept here of others' keys, as far as it is wanted.
    fn parcels<C: FromIterator<(Key, Parcel)>>(&self, is_wanted: impl Fn(&Key) -> bool) -> C {
        let pack = |key: Key| self.leaving.pack(&key).map(|parcel| (key, parcel));
        self.leaving.keys().into_iter().filter(is_wanted).filter_map(pack).collect()
    }

    /// What is kept here of a node's keys.
    fn parcels_for(&self, node: NodeId) -> Arc<[(Key, Parcel)]> {
        self.parcels(|key| self.map.owns(node, key))
    }

    fn handoff_to(&self, node: NodeId) -> Message {
        let shard = self.before().and_then(|before| before.view().shard_of(self.me));
        Message::Handoff {
            epoch: self.epoch(),
            shard: shard.map(|shard| shard.name.clone()),
            parcels: self.parcels_for(node),
        }
    }

    /// Drops what all its owners have. True if that is anything.
    fn drop_handed_over(&mut self) -> bool {
        let is_safe = |key: &Key| {
            let owners = &self.map.shard_of(key).nodes;
            owners.iter().all(|node| !self.unacknowledged.contains_key(node))
        };
        let safe: Vec<Key> = self.leaving.keys().into_iter().filter(|key| is_safe(key)).collect();
        safe.iter().for_each(|key| self.leaving.forget(key));
        !safe.is_empty()
    }

    /// What is to survive a crash; the keys that leave only where the others survive it, too.
    pub(super) fn durable(&self, keeps_values: bool) -> Durable {
        Durable {
            epoch: self.epoch(),
            known: self.known.iter().map(|map| map.view().clone()).collect(),
            waiting_for: self.waiting_for.clone(),
            unacknowledged: self.unacknowledged.keys().copied().collect(),
            leaving: self.parcels(|_| keeps_values),
            forwarded: if keeps_values { self.forwarded.clone() } else { BTreeMap::new() },
        }
    }

    /// Goes on where it was before a crash. Without its values it asks again for all that came to it in this view.
    fn recover(&mut self, durable: Durable, keeps_values: bool) {
        self.forwarded = durable.forwarded;
        self.hear(&durable.known);
        let Some(map) = self.map_of(durable.epoch) else { return };
        self.map = map.clone();
        let sources = || self.before().map(|before| self.map.sources(before, self.me)).unwrap_or_default();
        self.waiting_for = if keeps_values { durable.waiting_for } else { sources() };
        self.unacknowledged = durable.unacknowledged.into_iter().map(|node| (node, 0)).collect();
        for (key, parcel) in &durable.leaving {
            self.leaving.unpack(key, parcel);
        }
    }
}

/// A fingerprint of what is handed over.
fn digest(parcels: &[(Key, Parcel)]) -> u64 {
    // Encoding plain data into memory does not fail.
    postcard::to_allocvec(parcels).map_or(0, |bytes| xxh64(&bytes, 0))
}

fn transfer(key: &Key, from: &mut Storage, to: &mut Storage) {
    if let Some(parcel) = from.pack(key) {
        to.unpack(key, &parcel);
        from.forget(key);
    }
}
