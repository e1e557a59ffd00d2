use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::mem;

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::smr::{self, KVStoreError, Snapshot};
use super::{KVSCore, Storage};
use crate::lattice::VectorClock;
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, RequestId, Value};
use crate::request::{Request, Response};
use crate::time::Time;

/// The table of served requests: the last answer to each client. It makes a request take effect once, however often it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sessions(BTreeMap<ClientId, Arc<Response>>);

/// What the table of served requests says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is new.
    New,
    /// It was served, and this was the answer.
    Repeated(Arc<Response>),
    /// Its client has had a later one served.
    Outdated,
}

impl Sessions {
    /// What is known of a request.
    pub fn recall(&self, id: RequestId) -> Known {
        match self.0.get(&id.client) {
            Some(served) if id.sequence < served.id.sequence => Known::Outdated,
            Some(served) if id.sequence == served.id.sequence => Known::Repeated(served.clone()),
            _ => Known::New,
        }
    }

    /// Keeps an answer; it replaces the one before to the same client.
    pub fn remember(&mut self, response: Arc<Response>) {
        self.0.insert(response.id.client, response);
    }

    /// The number of the last request of a client that was served; 0 if none was.
    pub fn last_sequence(&self, client: ClientId) -> u32 {
        self.0.get(&client).map_or(0, |served| served.id.sequence)
    }

    /// The last answers, in the order of clients.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Response>> {
        self.0.values()
    }
}

/// What requests lead to: values, and the last answer to each client. Where requests come in one order, equal machines that execute
/// equal requests stay equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The values.
    pub storage: Storage,
    /// The answers.
    pub served: Sessions,
    /// Whether a request takes effect once, however often it comes.
    #[serde(skip)]
    dedupe: bool,
}

/// A machine for operations in one order, on its way to another server or to the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSnapshot {
    /// The values.
    pub core: KVSCore,
    /// The answers.
    pub served: Sessions,
    /// Where there are commands: the state that they have led to, in place of the values.
    pub smr: Option<Snapshot>,
}

impl Checkpoint for MachineSnapshot {
    /// Where there are commands, an entry is more than its value: dates, and how often it was used. That stays, with empty texts.
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        let Some(smr) = &mut self.smr else { return self.core.take_values() };
        let entries = Arc::make_mut(&mut smr.state).data.iter_mut();
        entries.map(|(key, entry)| (key.clone(), mem::take(&mut entry.value))).collect()
    }

    fn put_values(&mut self, mut values: BTreeMap<Key, Value>) {
        let Some(smr) = &mut self.smr else { return self.core.put_values(values) };
        for (key, entry) in &mut Arc::make_mut(&mut smr.state).data {
            entry.value = values.remove(key).unwrap_or_default();
        }
    }
}

impl Machine {
    /// A machine that has served nobody. With `dedupe` a request takes effect once, however often it comes.
    pub fn new(storage: Storage, dedupe: bool) -> Self {
        Self { storage, served: Sessions::default(), dedupe }
    }

    /// What is known of a request: nothing, where requests are not remembered.
    pub fn known(&self, id: RequestId) -> Known {
        if self.dedupe { self.served.recall(id) } else { Known::New }
    }

    /// Applies a request after all that were executed before. A copy of one is answered as the first was, or not at all when its client
    /// has gone on.
    pub fn execute(&mut self, request: &Request) -> Option<Arc<Response>> {
        match self.served.recall(request.id) {
            Known::Repeated(response) if self.dedupe => return Some(response),
            Known::Outdated if self.dedupe => return None,
            _ => {}
        }
        let response = match &mut self.storage {
            Storage::Smr(store) => answer(request, smr::execute(store, &request.op)),
            Storage::Core(core) if request.op.written().is_some() => answer(request, core.apply(&request.op)),
            _ => self.read(request),
        };
        if self.dedupe {
            self.served.remember(response.clone());
        }
        Some(response)
    }

    /// The next decided slot begins, with the time that was decided along with it. `here` is the server's own clock, which tells nothing to
    /// a machine that is to stay equal to others.
    pub fn begin_slot(&mut self, logged: Time, here: Time) {
        if let Storage::Smr(store) = &mut self.storage {
            let slot = store.state().slot.map_or(0, |last| last.saturating_add(1));
            store.begin_slot(slot, logged, here);
        }
    }

    /// When the next value's time is up; None where values are kept until they are replaced.
    pub fn next_due(&self) -> Option<Time> {
        match &self.storage {
            Storage::Smr(store) => store.next_due(),
            Storage::Core(_) | Storage::Lattice(_) | Storage::Versioned(_) => None,
        }
    }

    /// After how many slots a snapshot is taken.
    pub fn snapshot_every(&self) -> u32 {
        const OTHERWISE: u32 = 16;
        match &self.storage {
            Storage::Smr(store) => store.config().snapshot_every.max(1),
            Storage::Core(_) | Storage::Lattice(_) | Storage::Versioned(_) => OTHERWISE,
        }
    }

    /// Answers a read from what is here now.
    pub fn read(&mut self, request: &Request) -> Arc<Response> {
        if let (Storage::Smr(store), Some(key)) = (&mut self.storage, request.op.key()) {
            store.read_here(key);
        }
        let result = match &request.op {
            KVSOperation::GetAll => KVSResponse::All { shard: "all".into(), epoch: 1, items: self.storage.all() },
            KVSOperation::MGet(keys) => self.storage.items(keys.iter()),
            KVSOperation::Get(key) => self.storage.read(key),
            KVSOperation::Exists(key) => KVSResponse::Exists(!self.storage.kept(key).values.is_empty()),
            KVSOperation::ListKeys => KVSResponse::Keys(self.storage.keys().into()),
            KVSOperation::Size => KVSResponse::Size(self.storage.keys().len() as u64),
            KVSOperation::Put(..)
            | KVSOperation::PutIf(..)
            | KVSOperation::PutFor(..)
            | KVSOperation::Delete(_)
            | KVSOperation::Clear
            | KVSOperation::Batch(_) => KVSResponse::Refused(KVStoreError::Unsupported),
        };
        answer(request, result)
    }

    /// A copy of it.
    pub fn snapshot(&self) -> MachineSnapshot {
        let (core, smr) = match &self.storage {
            Storage::Core(core) => (core.clone(), None),
            Storage::Smr(store) => {
                let (state, is_compressed) = (Arc::new(store.state().clone()), store.config().snapshot_compression);
                (KVSCore::default(), Some(Snapshot { state, is_compressed }))
            }
            Storage::Lattice(_) | Storage::Versioned(_) => (KVSCore::default(), None),
        };
        MachineSnapshot { core, served: self.served.clone(), smr }
    }

    /// Becomes a copy. What was here is replaced, not merged.
    pub fn install(&mut self, snapshot: &MachineSnapshot) {
        match (&mut self.storage, &snapshot.smr) {
            (Storage::Smr(store), smr) => {
                store.set_state(smr.as_ref().map(|snapshot| (*snapshot.state).clone()).unwrap_or_default());
            }
            (storage, _) => *storage = Storage::Core(snapshot.core.clone()),
        }
        self.served = snapshot.served.clone();
    }
}

fn answer(request: &Request, result: KVSResponse) -> Arc<Response> {
    Response { id: request.id, result, seen: VectorClock::default(), dependencies: None }.into()
}
