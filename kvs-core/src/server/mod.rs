//! One server with sockets: routing → storage → replication. Every store of the zoo is this server with other parts.
//!
//! A request comes in, is applied by the *storage*, handed to *replication*, and answered. (*Routing* happens at the client, which
//! picks the server.) What a request must survive is decided here: retries by the table of served requests, crashes by the
//! journal.

mod client;
mod node;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::lattice::{ReplicaId, VectorClock};
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, RequestId};
use crate::process::{Context, Event, EventOf, Mark, NodeId};
use crate::replication::{Replication, gossip};
use crate::storage::journal::Journal;
use crate::storage::{KVSCore, LatticeKVSCore, Stamp, Storage};
use crate::time::Span;

pub use client::{Call, Client, ClientOptions, GAVE_UP, RETRIED, ReadContext, Return, Traffic};
pub use node::{Message, Node, Timer};

/// A client asks a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Names the operation; a retry keeps it.
    pub id: RequestId,
    /// What is asked.
    pub op: KVSOperation,
    /// What the client has read of this key; a write replaces that and nothing else.
    pub context: VectorClock,
    /// With causal delivery: the updates that its session has seen. A replica that has not lets it wait.
    pub seen: VectorClock,
}

/// A server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// What it answers.
    pub id: RequestId,
    /// The answer.
    pub result: KVSResponse,
    /// With causal delivery: the updates that it rests on.
    pub seen: VectorClock,
}

/// What a server does about retries and crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerOptions {
    /// Answer a repeated request from memory instead of applying it again.
    pub dedupe: bool,
    /// Write operations to a journal on the disk.
    pub journal: bool,
    /// Answer only when what the answer rests on is on the medium.
    pub sync_before_reply: bool,
    /// How reads and writes come together.
    pub pipeline: Pipeline,
    /// Whether a replica that comes back from a crash writes under a new name.
    pub new_incarnation: bool,
    /// Where values from other replicas go.
    pub replicated_into: ReplicatedInto,
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

/// The last request of a client that was served, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The number of the request.
    pub last_sequence: u32,
    /// What it was answered.
    pub response: Arc<Response>,
}

type Sessions = BTreeMap<ClientId, Served>;

/// A write in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: RequestId,
    op: KVSOperation,
}

/// What a checkpoint in the journal holds.
type Snapshot = (KVSCore, Sessions);

const CHECKPOINT_AFTER_RECORDS: u32 = 64;
const SPLIT_BATCH: Span = Span::from_ms(100);

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    #[serde(skip)]
    options: Arc<ServerOptions>,
    // On disk: what the journal holds. In memory:
    storage: Storage,
    replication: Replication,
    served: Sessions,
    /// Requests of clients that have seen more than this server, and where they came from.
    parked: BTreeMap<ClientId, (NodeId, Arc<Request>)>,
    /// Part of the name under which it writes; see [`ReplicaId`].
    incarnation: u32,
    journal: Journal<Snapshot, Record>,
    /// With [`Pipeline::Split`]: what reads are answered from.
    snapshot: Option<Storage>,
    /// With [`ReplicatedInto::SecondStore`]: the second store.
    second_store: Option<LatticeKVSCore>,
}

impl Server {
    /// A server that has not booted.
    pub fn new(options: Arc<ServerOptions>, storage: Storage, replication: Replication) -> Self {
        let snapshot = (options.pipeline == Pipeline::Split).then(|| storage.clone());
        let second_store = match (options.replicated_into, &storage) {
            (ReplicatedInto::SecondStore, Storage::Lattice(store)) => Some(store.clone()),
            _ => None,
        };
        Self {
            options,
            storage,
            replication,
            served: Sessions::new(),
            parked: BTreeMap::new(),
            incarnation: 0,
            journal: Journal::default(),
            snapshot,
            second_store,
        }
    }

    /// Its storage.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Its replication.
    pub fn replication(&self) -> &Replication {
        &self.replication
    }

    /// What it remembers of each client.
    pub fn served(&self) -> &BTreeMap<ClientId, Served> {
        &self.served
    }

    /// How many requests wait until this server has seen what their clients have.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// What a read of this key would answer here.
    pub fn read(&self, key: &Key) -> KVSResponse {
        self.snapshot.as_ref().unwrap_or(&self.storage).read(key)
    }

    /// The state that the journal on this disk leads to.
    pub fn replay(disk: &Disk) -> KVSCore {
        recover(disk).1.0
    }

    fn on_boot(&mut self, cx: &mut Context<'_, Node>) {
        if self.options.new_incarnation {
            self.incarnation = cx.incarnation();
        }
        if self.options.journal {
            let (journal, (core, served)) = recover(cx.disk());
            self.journal = journal;
            if !served.is_empty() {
                cx.mark(RECOVERED, served.len() as u64);
            }
            self.served = served;
            self.storage = Storage::Core(core);
            self.checkpoint(cx);
        }
        if self.snapshot.is_some() {
            self.snapshot = Some(self.storage.clone());
            cx.set_timer(Timer::Batch, SPLIT_BATCH);
        }
        self.replicate(Event::Boot, cx);
    }

    fn on_batch(&mut self, cx: &mut Context<'_, Node>) {
        self.snapshot = Some(self.storage.clone());
        cx.set_timer(Timer::Batch, SPLIT_BATCH);
    }

    fn on_request(&mut self, from: NodeId, request: &Arc<Request>, cx: &mut Context<'_, Node>) {
        if let Some(served) = self.served.get(&request.id.client).filter(|_| self.options.dedupe) {
            if request.id.sequence < served.last_sequence {
                cx.mark(OUTDATED, u64::from(request.id.sequence));
                return;
            }
            if request.id.sequence == served.last_sequence {
                cx.mark(REPEATED, u64::from(request.id.sequence));
                let response = served.response.clone();
                self.reply(from, response, cx);
                return;
            }
        }
        if !self.has_seen(&request.seen) {
            cx.mark(PARKED, u64::from(request.id.sequence));
            self.parked.insert(request.id.client, (from, request.clone()));
            return;
        }
        let result = self.apply(request, cx);
        let seen = self.updates().map_or_else(VectorClock::default, |updates| updates.applied().clone());
        let response = Arc::new(Response { id: request.id, result, seen });
        if self.options.dedupe {
            let served = Served { last_sequence: request.id.sequence, response: response.clone() };
            self.served.insert(request.id.client, served);
        }
        if self.options.journal && request.op.is_write() {
            self.journal.append(cx.disk(), &Record { id: request.id, op: request.op.clone() });
            if self.journal.records_since_checkpoint() >= CHECKPOINT_AFTER_RECORDS {
                self.checkpoint(cx);
            }
        }
        self.reply(from, response, cx);
    }

    /// Storage, then replication.
    fn apply(&mut self, request: &Request, cx: &mut Context<'_, Node>) -> KVSResponse {
        let key = request.op.key();
        if let (KVSOperation::Get(_), Some(snapshot)) = (&request.op, &self.snapshot) {
            return snapshot.read(key);
        }
        let retained_by = match &request.op {
            KVSOperation::Delete(_) => self.replication.gossip().and_then(|gossip| gossip.draw_retention_sites(cx)),
            KVSOperation::Put(..) | KVSOperation::Get(_) => None,
        };
        let me = ReplicaId { node: cx.me(), incarnation: self.incarnation };
        // What a session has seen it has seen of every key.
        let updates = self.updates().filter(|_| request.op.is_write());
        let in_session = updates.map(|updates| updates.context_of(key, &request.seen));
        let stamp = Stamp {
            replica: me,
            now: cx.now(),
            read: in_session.as_ref().unwrap_or(&request.context),
            retained_by: retained_by.as_deref(),
        };
        let (response, changed) = self.storage.apply(&request.op, stamp);
        if let (true, Storage::Lattice(store), Replication::EpidemicGossip(gossip)) =
            (changed, &self.storage, &mut self.replication)
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

    fn has_seen(&self, seen: &VectorClock) -> bool {
        self.updates().is_none_or(|updates| updates.applied().has_seen(seen))
    }

    /// Serves the requests that have waited long enough.
    fn serve_parked(&mut self, cx: &mut Context<'_, Node>) {
        let is_ready = |(client, (_, request)): (&ClientId, &(NodeId, Arc<Request>))| {
            self.has_seen(&request.seen).then_some(*client)
        };
        let ready: Vec<ClientId> = self.parked.iter().filter_map(is_ready).collect();
        for client in ready {
            if let Some((from, request)) = self.parked.remove(&client) {
                self.on_request(from, &request, cx);
            }
        }
    }

    /// What an answer says must not be undone by a crash: neither the write it confirms nor the one it shows.
    fn reply(&self, to: NodeId, response: Arc<Response>, cx: &mut Context<'_, Node>) {
        if self.options.journal && self.options.sync_before_reply {
            cx.durably().send(to, Message::Response(response));
        } else {
            cx.send(to, Message::Response(response));
        }
    }

    fn replicate(&mut self, event: Event<gossip::Message, gossip::Timer>, cx: &mut Context<'_, Node>) {
        if let (Storage::Lattice(store), Replication::EpidemicGossip(gossip)) =
            (&mut self.storage, &mut self.replication)
        {
            gossip.step(event, self.second_store.as_mut().unwrap_or(store), cx);
        }
        if !self.parked.is_empty() {
            self.serve_parked(cx);
        }
    }

    fn checkpoint(&mut self, cx: &mut Context<'_, Node>) {
        if let Storage::Core(core) = &self.storage {
            self.journal.checkpoint(cx.disk(), &(core.clone(), self.served.clone()));
        }
    }

    /// Handles one event.
    pub(crate) fn step(&mut self, event: EventOf<Node>, cx: &mut Context<'_, Node>) {
        match event {
            Event::Boot => self.on_boot(cx),
            Event::Timer(Timer::Batch) => self.on_batch(cx),
            Event::Timer(Timer::Gossip(timer)) => self.replicate(Event::Timer(timer), cx),
            Event::Receive { from, message: Message::Request(request) } => self.on_request(from, &request, cx),
            Event::Receive { from, message: Message::Gossip(message) } => {
                self.replicate(Event::Receive { from, message }, cx);
            }
            // Said to clients, or by them to the reader.
            Event::Timer(Timer::Retry | Timer::NextRequest) | Event::Receive { .. } => {}
        }
    }
}

/// Reads the journal back and applies it.
fn recover(disk: &Disk) -> (Journal<Snapshot, Record>, Snapshot) {
    let (journal, recovered) = Journal::<Snapshot, Record>::recover(disk);
    let ((mut core, mut served), records) = recovered.unwrap_or_default();
    for Record { id, op } in records {
        let result = core.apply(&op);
        let response = Arc::new(Response { id, result, seen: VectorClock::default() });
        served.insert(id.client, Served { last_sequence: id.sequence, response });
    }
    (journal, (core, served))
}
