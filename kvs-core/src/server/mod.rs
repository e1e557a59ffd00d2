//! One server with sockets: routing → ordering → storage → replication. Every store of the zoo is this server with other parts.
//!
//! A request comes in, waits for its turn if there is an *ordering*, is applied by the *storage*, handed to *replication*, and answered. (*Routing* happens at the client, which
//! picks the server; [`sharding`] sees to it that a server answers for its own keys only.) What a request must survive is decided here:
//! retries by the table of served requests, crashes by the journal. A read waits until the server has what its client has seen.

mod client;
mod node;
mod ordered;
mod packet_loss;
pub mod recipes;
pub mod sharding;
mod subscriber;
pub mod subscriptions;
mod versioned;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::lattice::{Dependencies, Max, Merge, ReplicaId, VectorClock};
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, RequestId, Value};
use crate::ordering::{Glance, Ordering};
use crate::process::{Context, Event, EventOf, Mark, NodeId};
use crate::replication::{Replication, gossip};
pub use crate::request::{Request, Response};
use crate::storage::checkpoint::{Checkpoint, SnapshotPlace};
use crate::storage::journal::Journal;
use crate::storage::{KVSCore, Known, LatticeKVSCore, Machine, Sessions, Stamp, Storage, Stored};
use crate::time::Span;

pub use client::{
    COPIES_POSSIBLE, Call, ClerkMessage, ClerkOptions, Client, ClientOptions, Create, FIRST_COPY, Fill, GAVE_UP,
    IN_ANOTHER_LIFE, MAY_HAVE_ARRIVED, MAY_STILL_ARRIVE, NEVER_LEFT, NEVER_THERE, OVERWRITES, OnMismatch, PUT_ON_TOP,
    REDIRECTED, REROUTED, RETRIED, ReadContext, Recovery, Return, SECOND_ROUND, TAKEN_FOR_SUCCESS, Traffic,
};
pub use node::{Message, Node, Timer};
pub use packet_loss::{PacketLoss, PacketLossWrapper};
pub use sharding::Sharding;
use sharding::{Forwarded, Place};
pub use subscriber::Subscription;
pub use subscriptions::{Notice, Noticed, Watch};
use versioned::Desk;
pub use versioned::{ANSWER_DROPPED, CHECKED, COPY_DROPPED};

/// What a server does about retries and crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerOptions {
    /// Answer a repeated request from memory instead of applying it again.
    pub dedupe: bool,
    /// Write operations to a journal on the disk.
    pub journal: bool,
    /// With a journal: where the values of its snapshots are kept.
    pub snapshots: SnapshotPlace,
    /// Answer only when what the answer rests on is on the medium.
    pub sync_before_reply: bool,
    /// How reads and writes come together.
    pub pipeline: Pipeline,
    /// Whether a replica that comes back from a crash writes under a new name.
    pub new_incarnation: bool,
    /// Where values from other replicas go.
    pub replicated_into: ReplicatedInto,
    /// How reads of versions that know their causes go.
    pub causal_reads: CausalReads,
}

/// How reads of versions that know their causes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CausalReads {
    /// A read waits until there is what its client has seen.
    pub wait: bool,
    /// A read of all keys waits until there is what the versions depend on that it would return.
    pub are_closed: bool,
    /// A read of a deleted key says which version that is.
    pub name_deletions: bool,
}

impl Default for CausalReads {
    fn default() -> Self {
        Self { wait: true, are_closed: true, name_deletions: true }
    }
}

/// How reads and writes come together in a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pipeline {
    /// One after the other, in the order of arrival.
    #[default]
    Sequential,
    /// Reads are answered from a snapshot that is taken now and then.
    Split,
}

/// Where values from other replicas go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicatedInto {
    /// The store that answers reads.
    #[default]
    Store,
    /// A second store that nobody reads.
    SecondStore,
}

/// A request was a repetition; the old answer went out again.
pub const REPEATED: Mark = Mark("repeated request: answered from memory");
/// A request was older than one that has been served.
pub const OUTDATED: Mark = Mark("outdated request: ignored");
/// A request waits until the replica has seen what its client has.
pub const PARKED: Mark = Mark("request waits: its client has seen more than this replica");
/// A server has read its journal back.
pub const RECOVERED: Mark = Mark("recovered from the journal");

/// What a journal keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Record {
    /// A write.
    Write { id: RequestId, op: KVSOperation },
    /// A request that was passed on.
    Forwarded(Forwarded),
    /// What is kept under a key now, where values are merged; None if it is forgotten.
    Stored(Key, Option<Arc<Stored>>),
    /// A write was answered, where values are merged.
    Served(Arc<Response>),
}

/// What a checkpoint in the journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Snapshot {
    core: KVSCore,
    entries: BTreeMap<Key, Arc<Stored>>,
    served: Sessions,
    sharding: Option<sharding::Durable>,
}

/// Values that are merged are versions with clocks: they stay in the journal, with what is on its way to other shards.
impl Checkpoint for Snapshot {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        self.core.take_values()
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        self.core.put_values(values);
    }
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Parked {
    from: NodeId,
    request: Arc<Request>,
    is_proxied: bool,
}

const CHECKPOINT_AFTER_RECORDS: u32 = 64;
const SPLIT_BATCH: Span = Span::from_ms(100);

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    #[serde(skip)]
    options: Arc<ServerOptions>,
    // On disk: what the journal holds, and what the ordering keeps there. In memory:
    machine: Machine,
    ordering: Ordering,
    replication: Replication,
    /// Requests that wait: their clients have seen more than this server, or their keys have not been handed over.
    parked: BTreeMap<ClientId, Parked>,
    /// Where requests are put in order: who has asked for what here, and waits for the answer.
    asked: BTreeMap<ClientId, (RequestId, NodeId)>,
    /// Who wants to hear of changes.
    subscribers: Vec<subscriptions::Subscriber>,
    /// What it knows about shards, if there are any.
    sharding: Option<Box<Sharding>>,
    /// Part of the name under which it writes; see [`ReplicaId`].
    incarnation: u32,
    journal: Journal<Snapshot, Record>,
    /// With [`Pipeline::Split`]: what reads are answered from.
    snapshot: Option<Box<Storage>>,
    /// With [`ReplicatedInto::SecondStore`]: the second store.
    second_store: Option<Box<LatticeKVSCore>>,
    /// Where values have versions: what it remembers of clerks.
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<Box<Desk>>,
}

impl Server {
    /// A server that has not booted.
    pub fn new(options: Arc<ServerOptions>, storage: Storage, replication: Replication) -> Self {
        let storage = match storage {
            Storage::Lattice(store) if options.journal => Storage::Lattice(store.remembering_changes()),
            other => other,
        };
        let snapshot = (options.pipeline == Pipeline::Split).then(|| Box::new(storage.clone()));
        let second_store = match (options.replicated_into, &storage) {
            (ReplicatedInto::SecondStore, Storage::Lattice(store)) => Some(Box::new(store.clone())),
            _ => None,
        };
        let machine = Machine::new(storage, options.dedupe);
        Self {
            options,
            machine,
            ordering: Ordering::Arrival,
            replication,
            parked: BTreeMap::new(),
            asked: BTreeMap::new(),
            subscribers: Vec::new(),
            sharding: None,
            incarnation: 0,
            journal: Journal::default(),
            snapshot,
            second_store,
            desk: None,
        }
    }

    /// The same server, as one of many that share the keys.
    pub fn with_sharding(self, sharding: Sharding) -> Self {
        Self { sharding: Some(sharding.into()), ..self }
    }

    /// The same server, as one of several that put requests in order before they execute them.
    pub fn with_ordering(self, ordering: Ordering) -> Self {
        Self { ordering, ..self }
    }

    /// How it puts requests in order.
    pub fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    /// What it knows about shards.
    pub fn sharding(&self) -> Option<&Sharding> {
        self.sharding.as_deref()
    }

    /// Its storage.
    pub fn storage(&self) -> &Storage {
        &self.machine.storage
    }

    /// Its values, and what it has answered.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How many slots it has executed; None where requests are not put in order.
    pub fn applied(&self) -> Option<u64> {
        self.ordering.applied()
    }

    /// What is to be seen at a glance of how it agrees with others; None where it does not.
    pub fn glance(&self) -> Option<Glance> {
        self.ordering.glance().or_else(|| Some(self.replication.primary_backup()?.glance()))
    }

    /// Its replication.
    pub fn replication(&self) -> &Replication {
        &self.replication
    }

    /// What it remembers of each client.
    pub fn served(&self) -> &Sessions {
        &self.machine.served
    }

    /// How many requests wait until this server has seen what their clients have.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// What a read of this key would answer here.
    pub fn read(&self, key: &Key) -> KVSResponse {
        self.snapshot.as_deref().unwrap_or(&self.machine.storage).read(key)
    }

    /// The state that the journal on this disk leads to.
    pub fn replay(&self, disk: &Disk) -> KVSCore {
        replayed(Journal::look(self.options.snapshots, disk)).core
    }

    /// Whether what the journal on this disk leads to has this value under a key, be it to hand it over.
    pub fn replays_to(&self, disk: &Disk, key: &Key, value: &Value) -> bool {
        let Snapshot { core, entries, sharding, .. } = replayed(Journal::look(self.options.snapshots, disk));
        let is_merged = entries.get(key).is_some_and(|stored| stored.values().contains(value));
        is_merged || core.get(key) == Some(value) || sharding.is_some_and(|sharding| sharding.hands_over(key, value))
    }

    fn on_boot(&mut self, cx: &mut Context<'_, Node>) {
        if self.options.new_incarnation {
            self.incarnation = cx.incarnation();
        }
        self.open_versions(cx);
        let mut durable = None;
        if self.options.journal || self.sharding.is_some() {
            let (journal, recovered) = Journal::recover_from(self.options.snapshots, cx.disk());
            let Snapshot { core, entries, served, sharding } = replayed(recovered);
            self.journal = journal;
            durable = sharding;
            if self.options.journal {
                if served.iter().len() > 0 {
                    cx.mark(RECOVERED, served.iter().len() as u64);
                }
                self.machine.served = served;
                match &mut self.machine.storage {
                    Storage::Core(mine) => *mine = core,
                    // What was decided is the ordering's to remember.
                    Storage::Smr(_) | Storage::Versioned(_) => {}
                    Storage::Lattice(store) => entries.iter().for_each(|(key, stored)| {
                        store.merge(key, stored);
                    }),
                }
            }
        }
        self.boot_sharding(durable, cx);
        if self.options.journal {
            self.checkpoint(cx);
        }
        if self.snapshot.is_some() {
            self.snapshot = Some(self.machine.storage.clone().into());
            cx.set_timer(Timer::Batch, SPLIT_BATCH);
        }
        self.replicate(Event::Boot, cx);
        self.order(Event::Boot, cx);
        self.back_up(Event::Boot, cx);
    }

    #[inline(never)]
    fn on_batch(&mut self, cx: &mut Context<'_, Node>) {
        self.snapshot = Some(self.machine.storage.clone().into());
        cx.set_timer(Timer::Batch, SPLIT_BATCH);
    }

    fn on_request(&mut self, from: NodeId, request: &Arc<Request>, is_proxied: bool, cx: &mut Context<'_, Node>) {
        // Several servers may be asked under one name for parts of a read of many keys; such a read is always new.
        let remembers = self.options.dedupe && !request.op.is_asked_in_parts() && self.may_repeat();
        match self.machine.served.recall(request.id) {
            Known::Outdated if remembers => {
                cx.mark(OUTDATED, u64::from(request.id.sequence));
                return;
            }
            Known::Repeated(response) if remembers => {
                cx.mark(REPEATED, u64::from(request.id.sequence));
                self.reply(from, response, cx);
                return;
            }
            _ => {}
        }
        if !self.admits(from, request, is_proxied, cx) {
            return;
        }
        if !self.has_what_is_seen(request) {
            cx.mark(PARKED, u64::from(request.id.sequence));
            self.park(from, request, is_proxied);
            return;
        }
        if self.is_ordered() {
            self.submit(from, request, cx);
            return;
        }
        let result = self.apply(request, cx);
        let seen = self.updates().map_or_else(VectorClock::default, |updates| updates.applied().clone());
        let dependencies = self.dependencies_of(&request.op);
        let response = Arc::new(Response { id: request.id, result, seen, dependencies });
        self.keep_changes(cx);
        if remembers {
            self.machine.served.remember(response.clone());
            if self.options.journal && request.op.is_write() && matches!(self.machine.storage, Storage::Lattice(_)) {
                self.journal.append(cx.disk(), &Record::Served(response.clone()));
            }
        }
        if self.options.journal && request.op.is_write() && matches!(self.machine.storage, Storage::Core(_)) {
            self.journal.append(cx.disk(), &Record::Write { id: request.id, op: request.op.clone() });
            if self.journal.records_since_checkpoint() >= CHECKPOINT_AFTER_RECORDS {
                self.checkpoint(cx);
            }
        }
        self.reply(from, response, cx);
    }

    /// Storage, then replication.
    fn apply(&mut self, request: &Request, cx: &mut Context<'_, Node>) -> KVSResponse {
        if let (KVSOperation::Get(key), Some(snapshot)) = (&request.op, &self.snapshot) {
            return snapshot.read(key);
        }
        if request.op == KVSOperation::GetAll {
            let map = self.sharding.as_ref().map(|sharding| sharding.map());
            let shard = map.and_then(|map| map.view().shard_of(cx.me())).map_or("all", |shard| shard.name.as_str());
            let epoch = map.map_or(1, |map| map.view().epoch);
            return KVSResponse::All { shard: shard.into(), epoch, items: self.machine.storage.all() };
        }
        let retained_by = match &request.op {
            KVSOperation::Delete(_) => self.replication.gossip().and_then(|gossip| gossip.draw_retention_sites(cx)),
            _ => None,
        };
        let epoch = self.sharding.as_ref().map_or(0, |sharding| sharding.map().view().epoch);
        let me = ReplicaId { node: cx.me(), incarnation: self.incarnation, epoch };
        // What a session has seen it has seen of every key.
        let written = request.op.written();
        let in_session = self.updates().zip(written).map(|(updates, key)| updates.context_of(key, &request.seen));
        let stamp = Stamp {
            replica: me,
            now: cx.now(),
            read: in_session.as_ref().unwrap_or(&request.context),
            dependencies: request.dependencies.as_ref(),
            retained_by: retained_by.as_deref(),
        };
        let (response, changed) = self.machine.storage.apply(&request.op, stamp);
        if let (Some(key), Storage::Lattice(store), Replication::EpidemicGossip(gossip)) =
            (written.filter(|_| changed), &self.machine.storage, &mut self.replication)
        {
            if let (Some(second), Some(stored)) = (&mut self.second_store, store.get(key)) {
                second.merge(key, stored);
            }
            gossip.on_local_change(me, key, store, cx);
        }
        response
    }

    fn updates(&self) -> Option<&gossip::Updates> {
        self.replication.gossip()?.updates()
    }

    /// Whether there is here what a request's session has seen.
    fn has_what_is_seen(&self, request: &Request) -> bool {
        let peers = || self.replication.gossip();
        let has_applied = self.updates().is_none_or(|updates| {
            // What it has seen at other shards does not come here.
            let here = request.seen.only(|replica| peers().is_some_and(|gossip| gossip.meets(replica.node)));
            updates.applied().has_seen(&here)
        });
        has_applied && self.has_dependencies(request)
    }

    /// Whether what a read may not miss has come.
    fn has_dependencies(&self, request: &Request) -> bool {
        let Storage::Lattice(store) = &self.machine.storage else { return true };
        let CausalReads { wait, are_closed, .. } = self.options.causal_reads;
        let has = |key: &Key, version| store.get(key).and_then(|stored| stored.version()) >= Some(version);
        let owns = |key: &Key| self.sharding.as_ref().is_none_or(|sharding| sharding.place(key) != Place::Elsewhere);
        let seen = request.dependencies.as_deref();
        let is_there = |key: &Key| seen.and_then(|seen| seen.0.get(key)).is_none_or(|Max(version)| has(key, *version));
        match &request.op {
            KVSOperation::Get(_) | KVSOperation::MGet(_) => !wait || request.op.keys().iter().all(is_there),
            KVSOperation::GetAll => {
                let kept = store.iter().filter_map(|(_, stored)| Some(&*stored.causal()?.dependencies));
                let needed = kept.filter(|_| are_closed).chain(seen.filter(|_| wait));
                let mut needed = needed.flat_map(|dependencies| &dependencies.0).filter(|(key, _)| owns(key));
                needed.all(|(key, Max(version))| has(key, *version))
            }
            _ => true,
        }
    }

    /// The versions that an answer shows or makes, with all that they depend on.
    fn dependencies_of(&self, op: &KVSOperation) -> Option<Arc<Dependencies>> {
        let Storage::Lattice(store) = &self.machine.storage else { return None };
        let mut dependencies = Dependencies::default();
        // Of a read of all keys, what is not shown because it is deleted counts as well.
        let all = store.iter().map(|(key, _)| key).filter(|_| *op == KVSOperation::GetAll);
        let keys = op.keys().iter().chain(all);
        for key in keys {
            let Some(wrapper) = store.get(key).and_then(|stored| stored.causal()) else { continue };
            if wrapper.value.is_none() && !op.is_write() && !self.options.causal_reads.name_deletions {
                continue;
            }
            dependencies.merge(&Dependencies::on(key, wrapper.version));
            if !op.is_write() {
                dependencies.merge(&wrapper.dependencies);
            }
        }
        (!dependencies.0.is_empty()).then(|| dependencies.into())
    }

    fn park(&mut self, from: NodeId, request: &Arc<Request>, is_proxied: bool) {
        self.parked.insert(request.id.client, Parked { from, request: request.clone(), is_proxied });
    }

    /// Serves the requests that have waited long enough.
    fn serve_parked(&mut self, cx: &mut Context<'_, Node>) {
        let is_ready = |(client, Parked { request, is_proxied, .. }): (&ClientId, &Parked)| {
            (!self.is_coming(request, *is_proxied) && self.has_what_is_seen(request)).then_some(*client)
        };
        let ready: Vec<ClientId> = self.parked.iter().filter_map(is_ready).collect();
        for client in ready {
            if let Some(Parked { from, request, is_proxied }) = self.parked.remove(&client) {
                self.on_request(from, &request, is_proxied, cx);
            }
        }
    }

    /// What an answer says must not be undone by a crash: neither the write it confirms nor the one it shows.
    fn reply(&self, to: NodeId, response: Arc<Response>, cx: &mut Context<'_, Node>) {
        if self.is_ordered() || (self.options.journal && self.options.sync_before_reply) {
            cx.durably().send(to, Message::Response(response));
        } else {
            cx.send(to, Message::Response(response));
        }
    }

    fn gossip(&mut self, event: Event<gossip::Message, gossip::Timer>, cx: &mut Context<'_, Node>) {
        if let (Storage::Lattice(store), Replication::EpidemicGossip(gossip)) =
            (&mut self.machine.storage, &mut self.replication)
        {
            gossip.step(event, self.second_store.as_deref_mut().unwrap_or(store), cx);
        }
    }

    fn replicate(&mut self, event: Event<gossip::Message, gossip::Timer>, cx: &mut Context<'_, Node>) {
        let event = match event {
            Event::Receive { from, message } => {
                let Some(message) = self.sort_gossip(from, message, cx) else { return };
                Event::Receive { from, message }
            }
            other => other,
        };
        self.gossip(event, cx);
        if !self.parked.is_empty() {
            self.serve_parked(cx);
        }
    }

    /// Keeps what must survive a crash: with a journal all of it, and in any case what it knows about shards.
    fn checkpoint(&mut self, cx: &mut Context<'_, Node>) {
        let keeps_values = self.options.journal;
        let (core, entries) = match &self.machine.storage {
            Storage::Core(core) if keeps_values => (core.clone(), BTreeMap::new()),
            Storage::Lattice(store) if keeps_values => {
                (KVSCore::default(), store.iter().map(|(key, stored)| (key.clone(), stored.clone())).collect())
            }
            _ => (KVSCore::default(), BTreeMap::new()),
        };
        let served = if keeps_values { self.machine.served.clone() } else { Sessions::default() };
        let sharding = self.sharding.as_ref().map(|sharding| sharding.durable(keeps_values));
        self.journal.checkpoint(cx.disk(), &Snapshot { core, entries, served, sharding });
    }

    /// Writes what has changed to the journal, where values are merged.
    #[inline(never)]
    fn keep_changes(&mut self, cx: &mut Context<'_, Node>) {
        let Storage::Lattice(store) = &mut self.machine.storage else { return };
        for key in store.take_changes() {
            let stored = store.get(&key).cloned();
            self.journal.append(cx.disk(), &Record::Stored(key, stored));
        }
        if self.journal.records_since_checkpoint() >= CHECKPOINT_AFTER_RECORDS {
            self.checkpoint(cx);
        }
    }

    /// Handles one event. What only some stores need is never inlined: the page fetches it when such a store is shown.
    pub(crate) fn step(&mut self, event: EventOf<Node>, cx: &mut Context<'_, Node>) {
        match event {
            Event::Boot => self.on_boot(cx),
            Event::Timer(Timer::Batch) => self.on_batch(cx),
            Event::Timer(Timer::Insert) => self.on_insert(cx),
            Event::Receive { from, message: Message::Clerk(ClerkMessage::Ask { request, attempt }) } => {
                self.on_ask(from, &request, attempt, cx);
            }
            Event::Timer(Timer::Gossip(timer)) => self.replicate(Event::Timer(timer), cx),
            Event::Timer(Timer::Handoff) => self.tell_again(cx),
            Event::Timer(Timer::Ordering(timer)) => self.order(Event::Timer(timer), cx),
            Event::Receive { from, message: Message::Ordering(message) } => {
                self.order(Event::Receive { from, message }, cx);
            }
            Event::Timer(Timer::PrimaryBackup(timer)) => self.back_up(Event::Timer(timer), cx),
            Event::Receive { from, message: Message::PrimaryBackup(message) } => {
                self.back_up(Event::Receive { from, message }, cx);
            }
            Event::Receive { from, message: Message::Request(request) } => self.on_request(from, &request, false, cx),
            Event::Receive { from, message: Message::Sharding(sharding::Message::View { views }) }
                if self.announce(from, &views, cx) => {}
            Event::Receive { from, message: Message::Sharding(message) } => self.on_sharding(from, &message, cx),
            Event::Receive { from, message: Message::Response(response) } => self.pass_back(from, &response, cx),
            Event::Receive { from, message: Message::Gossip(message) } => {
                self.replicate(Event::Receive { from, message }, cx);
            }
            Event::Receive { message: Message::PacketLoss(loss), .. } => self.drop_replies(loss.replies),
            Event::Receive { from, message: Message::Subscription(message) } => {
                self.on_subscription(from, message, cx);
            }
            // Said to clients, or by them to the reader.
            Event::Timer(Timer::Retry | Timer::NextRequest | Timer::Renew) | Event::Receive { .. } => {}
        }
        if self.options.journal {
            self.keep_changes(cx);
        }
        if !self.subscribers.is_empty() {
            self.notify(cx);
        }
    }
}

/// What was read back from a journal, with its records applied.
fn replayed(recovered: Option<(Snapshot, Vec<Record>)>) -> Snapshot {
    let (mut snapshot, records) = recovered.unwrap_or_default();
    for record in records {
        let (id, op) = match record {
            Record::Write { id, op } => (id, op),
            Record::Stored(key, stored) => {
                match stored {
                    Some(stored) => snapshot.entries.insert(key, stored),
                    None => snapshot.entries.remove(&key),
                };
                continue;
            }
            Record::Served(response) => {
                snapshot.served.remember(response);
                continue;
            }
            Record::Forwarded(forwarded) => {
                snapshot.sharding.get_or_insert_default().remember(forwarded);
                continue;
            }
        };
        let result = snapshot.core.apply(&op);
        let response = Arc::new(Response { id, result, seen: VectorClock::default(), dependencies: None });
        snapshot.served.remember(response);
    }
    snapshot
}
