//! The judge of a run: every guarantee with its verdict, beside what the architecture promises.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::causal::{CausalHistory, Notion, SessionGuarantee};
use super::linearizable::Linearizability;
use super::model::{Register, RegisterOp, Seen};
use super::sequential::SequentialConsistency;
use super::versioned::Versions;
use super::whole::Whole;
use super::{Budget, Undecided, Verdict, is_stuck, replicas, snapshots};
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::process::NodeId;
use crate::routing::map::ShardMap;
use crate::server::{Node, Request};
use crate::sim::{Ended, History, HistoryEvent, Input, Operation};
use crate::storage::Values;
use crate::time::Time;
use crate::world::{Moment, World};
use crate::zoo::{Architecture, Claim, Fault, Guarantee, Role, StorageOptions};

/// A run up to its present.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The parts.
    pub architecture: &'a Architecture,
    /// The world as it is now.
    pub world: &'a World<Node>,
    /// Calls and returns. It may know the future.
    pub history: &'a History,
    /// How many events of the history have happened.
    pub events: usize,
    /// What somebody outside has done.
    pub inputs: &'a [(Moment, Input)],
    /// When somebody outside or a client last did something.
    pub quiet_since: Time,
}

impl<'a> Run<'a> {
    /// A run at the end of its history.
    pub fn new(
        architecture: &'a Architecture,
        world: &'a World<Node>,
        history: &'a History,
        events: usize,
        inputs: &'a [(Moment, Input)],
    ) -> Self {
        let last_event = events.checked_sub(1).and_then(|last| history.events().get(last)).map(|event| match *event {
            HistoryEvent::Called(place) => history.operations()[place].called,
            HistoryEvent::Returned(place) => {
                let operation = &history.operations()[place];
                operation.ended.as_ref().map_or(operation.called, |ended| ended.at)
            }
        });
        let last_input = inputs.last().map(|(moment, _)| moment.time);
        let quiet_since = last_event.max(last_input).unwrap_or(Time::ZERO);
        Self { architecture, world, history, events, inputs, quiet_since }
    }

    /// The operations that have begun.
    pub fn operations(&self) -> &'a [Operation] {
        let events = self.history.events().iter().take(self.events);
        let begun = events.filter(|event| matches!(event, HistoryEvent::Called(_))).count();
        &self.history.operations()[..begun]
    }

    /// How an operation has ended, if it has by now.
    pub fn ended(&self, place: usize) -> Option<&'a Ended> {
        // At its very instant the event may still be to come; that makes no difference to what is asked here.
        let ended = self.history.operations().get(place)?.ended.as_ref()?;
        (ended.at <= self.world.now()).then_some(ended)
    }

    /// The operations on a key.
    pub(super) fn about(&self, key: &Key) -> Vec<usize> {
        let operations = self.operations().iter().enumerate();
        operations.filter(|(_, operation)| operation.op().writes(key)).map(|(at, _)| at).collect()
    }

    /// The faults that there have been, of those that end promises. `first`: who owned what at the beginning.
    fn faults(&self, first: &ShardMap) -> BTreeSet<Fault> {
        let mut faults = BTreeSet::new();
        let mut targets: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        let map = self.architecture.sharding.as_ref().map(|_| first);
        // The server that a client would ask by itself, if that does not change.
        let own = |client: NodeId, key: Option<&Key>| {
            let place = client.0.saturating_sub(self.architecture.servers);
            match map {
                Some(map) => {
                    let nodes = key.map_or(&map.view().shards[0].nodes, |key| &map.shard_of(key).nodes);
                    nodes[place as usize % nodes.len().max(1)]
                }
                // Who leads an ordered store is nobody's own, and all of its servers are as one.
                None if self.architecture.is_ordered() => NodeId(0),
                None => NodeId(place % self.architecture.servers.max(1)),
            }
        };
        for (_, input) in self.inputs {
            match input {
                // Who says who leads keeps no values, and its view is on its disk.
                Input::Crash(node) if self.architecture.role(*node) == Role::ViewService => {}
                Input::Crash(_) => {
                    faults.insert(Fault::Crash);
                }
                Input::Wipe(_) => {
                    faults.insert(Fault::Wipe);
                }
                Input::Clock { offset_us, .. } if *offset_us != 0 => {
                    faults.insert(Fault::Skew);
                }
                Input::View { .. } => {
                    faults.insert(Fault::Resharding);
                }
                Input::Call { client, call } => {
                    let own = own(*client, call.op.keys().first());
                    let asked = call.to.unwrap_or(own);
                    if map.is_none() {
                        targets.entry(*client).or_default().insert(asked);
                    } else if asked != own {
                        faults.insert(Fault::Roaming);
                    }
                }
                // Requests that clients invent go to the servers they keep to.
                Input::Traffic(Some(_)) | Input::Fill(_) if map.is_none() => {
                    for client in self.architecture.client_ids() {
                        targets.entry(client).or_default().insert(own(client, None));
                    }
                }
                _ => {}
            }
        }
        if !self.architecture.is_ordered() && targets.values().any(|targets| targets.len() > 1) {
            faults.insert(Fault::Roaming);
        }
        if faults.contains(&Fault::Crash) && is_stuck(self.architecture, self.world) {
            faults.insert(Fault::LostMemory);
        }
        faults
    }
}

/// Why a guarantee is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The operations that prove it, by their places among the calls, in that order.
    pub operations: Vec<usize>,
    /// One sentence.
    pub what: String,
}

/// A guarantee, whether it is promised, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Which.
    pub guarantee: Guarantee,
    /// The promise, if there is one.
    pub claim: Option<Claim>,
    /// The faults of this run that end the promise.
    pub ended_by: BTreeSet<Fault>,
    /// Whether it holds.
    pub verdict: Verdict<Proof>,
}

impl Judgement {
    /// Whether a promise that stands is broken.
    pub fn is_breach(&self) -> bool {
        self.claim.is_some() && self.ended_by.is_empty() && self.verdict.is_broken()
    }
}

/// Follows a run and judges it as it goes. What it has judged once it does not judge again.
#[derive(Clone)]
pub struct Judge {
    claims: Vec<Claim>,
    /// Whether a delete takes away only what its client had read.
    deletes_what_was_read: bool,
    /// Whether what a read of several keys sees is to be closed under causes.
    reads_are_closed: bool,
    fed: usize,
    requests: Vec<Arc<Request>>,
    keys: BTreeMap<Key, u32>,
    values: BTreeMap<Value, u32>,
    sessions: BTreeMap<ClientId, u32>,
    linearizability: Linearizability<Register>,
    sequential: SequentialConsistency<Register>,
    sequential_verdict: Option<Verdict<Vec<u32>>>,
    causal: CausalHistory,
    /// The place among the calls of each operation in the causal history, of each that is looked at for an order in real time, and of each
    /// that is looked at for any order.
    causal_places: Vec<usize>,
    places: Vec<usize>,
    sequential_places: Vec<usize>,
    /// Of each operation its parts, a key and a number each, and its number where any order is looked for.
    parts: Vec<Parts>,
    /// Who owned what at the beginning, and by every view that was announced, by epoch.
    first: Arc<ShardMap>,
    maps: BTreeMap<u32, Arc<ShardMap>>,
    /// Where operations may be about many keys at once: the store as a whole.
    whole: Option<Whole>,
    /// Where values have versions: these.
    versions: Option<Versions>,
}

/// What an operation is to the checks: one read or write of each of its keys.
#[derive(Clone, Default)]
struct Parts {
    of: Vec<(Key, u32)>,
    sequential: Option<u32>,
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub fn new(architecture: &Architecture) -> Self {
        let first = Arc::new(architecture.first_map());
        Self {
            claims: architecture.claims(),
            deletes_what_was_read: architecture.storage == StorageOptions::Lattice(Values::MvRegister),
            reads_are_closed: architecture.storage == StorageOptions::Lattice(Values::CausalWrapper),
            fed: 0,
            requests: Vec::new(),
            keys: BTreeMap::new(),
            values: BTreeMap::new(),
            sessions: BTreeMap::new(),
            linearizability: Linearizability::new(Register::default()),
            sequential: SequentialConsistency::new(Register::default()),
            sequential_verdict: None,
            causal: CausalHistory::default(),
            causal_places: Vec::new(),
            places: Vec::new(),
            sequential_places: Vec::new(),
            parts: Vec::new(),
            maps: BTreeMap::from([(1, first.clone())]),
            first,
            whole: Whole::new(architecture),
            versions: Versions::new(architecture),
        }
    }

    /// Every guarantee that makes sense for this run, in the order of [`Guarantee::ALL`].
    pub fn judge(&mut self, run: &Run<'_>, budget: Budget) -> Vec<Judgement> {
        self.follow(run);
        let faults = run.faults(&self.first);
        let mut judgements = Vec::new();
        for guarantee in Guarantee::ALL {
            // One copy cannot differ from itself, and one key is always read at one moment.
            let is_single =
                run.architecture.servers < 2 || !matches!(run.architecture.storage, StorageOptions::Lattice(_));
            if (guarantee == Guarantee::Convergence && is_single)
                || (guarantee == Guarantee::SnapshotReads && !snapshots::is_about(run))
            {
                continue;
            }
            let claim = self.claims.iter().find(|claim| claim.guarantee == guarantee).cloned();
            let mut ended_by = claim.as_ref().map_or_else(BTreeSet::new, |claim| &claim.ended_by & &faults);
            let mut verdict = self.verdict(guarantee, run, budget);
            if guarantee == Guarantee::Durability && !ended_by.is_empty() {
                // What was written after the last crash is promised again; what was lost in it is lost all the same.
                match verdict {
                    Verdict::Broken(_) => ended_by.clear(),
                    _ => verdict = replicas::durability(run, Time::ZERO).map(of_replicas),
                }
            }
            judgements.push(Judgement { guarantee, claim, ended_by, verdict });
        }
        judgements
    }

    /// The first promise that is broken. Stops looking there, and looks at promises only.
    pub fn breach(&mut self, run: &Run<'_>, budget: Budget) -> Option<(Guarantee, Proof)> {
        self.follow(run);
        let faults = run.faults(&self.first);
        let standing: Vec<Guarantee> = self
            .claims
            .iter()
            .filter(|claim| claim.guarantee == Guarantee::Durability || claim.ended_by.is_disjoint(&faults))
            .map(|claim| claim.guarantee)
            .collect();
        // What follows from something that holds, holds.
        let mut known: BTreeSet<Guarantee> = BTreeSet::new();
        for guarantee in standing {
            if known.contains(&guarantee) {
                continue;
            }
            match self.verdict(guarantee, run, budget) {
                Verdict::Broken(proof) => return Some((guarantee, proof)),
                Verdict::Holds => known.extend(guarantee.implied()),
                Verdict::Undecided(_) => {}
            }
        }
        None
    }

    fn verdict(&mut self, guarantee: Guarantee, run: &Run<'_>, budget: Budget) -> Verdict<Proof> {
        if let Some(verdict) = self.verdict_on_versions(guarantee, budget) {
            return verdict;
        }
        if let Some(verdict) = self.verdict_on_the_whole(guarantee, budget) {
            return verdict;
        }
        let causal = |this: &Self, operations: &[u32]| -> Vec<usize> {
            operations.iter().filter_map(|number| this.causal_places.get(*number as usize).copied()).collect()
        };
        let by_pattern = |this: &Self, notion| {
            this.causal.judge(notion, budget).map(|found| Proof {
                operations: causal(this, &found.operations),
                what: format!("{} ({})", found.pattern.meaning(), found.pattern.name()),
            })
        };
        let by_session = |this: &Self, which| {
            this.causal.judge_sessions(which).map(|found| Proof {
                operations: causal(this, &found),
                what: String::from(match which {
                    SessionGuarantee::ReadYourWrites => "a client wrote, and then read what its write had replaced",
                    SessionGuarantee::MonotonicReads => "a client read something, and then something older",
                    SessionGuarantee::MonotonicWrites => {
                        "a client saw a write, but not an earlier write of the client that wrote it"
                    }
                    SessionGuarantee::WritesFollowReads => {
                        "a client saw a write, but not what the client that wrote it had read before"
                    }
                }),
            })
        };
        match guarantee {
            Guarantee::Linearizability => self.linearizability.judge(budget).map(|found| Proof {
                what: contradiction(found.operations.len()),
                operations: self.places_of(&found.operations),
            }),
            Guarantee::SnapshotReads => snapshots::judge(run, budget).map(|operations| Proof {
                operations,
                what: String::from("a read of several keys saw them as they never were together"),
            }),
            Guarantee::SequentialConsistency => self.sequential(run, budget),
            Guarantee::CausalConvergence => by_pattern(self, Notion::Convergence),
            Guarantee::CausalConsistency => by_pattern(self, Notion::Consistency),
            Guarantee::CausalMemory => by_pattern(self, Notion::Memory),
            Guarantee::ReadYourWrites => by_session(self, SessionGuarantee::ReadYourWrites),
            Guarantee::MonotonicReads => by_session(self, SessionGuarantee::MonotonicReads),
            Guarantee::MonotonicWrites => by_session(self, SessionGuarantee::MonotonicWrites),
            Guarantee::WritesFollowReads => by_session(self, SessionGuarantee::WritesFollowReads),
            Guarantee::Convergence => replicas::convergence(run, self.excused_until(run)).map(of_replicas),
            Guarantee::Durability => replicas::durability(run, self.excused_until(run)).map(of_replicas),
        }
    }

    /// Where operations may be about many keys: linearizability is looked at for all of them together, and what follows from it follows.
    /// None if single keys say enough.
    fn verdict_on_the_whole(&mut self, guarantee: Guarantee, budget: Budget) -> Option<Verdict<Proof>> {
        let whole = self.whole.as_mut()?;
        let is_linearizability = guarantee == Guarantee::Linearizability;
        let is_implied = Guarantee::Linearizability.implied().contains(&guarantee);
        if !is_linearizability && !is_implied && guarantee != Guarantee::SnapshotReads {
            return None;
        }
        let verdict = whole.judge(budget).map(|operations| Proof { what: contradiction(operations.len()), operations });
        match verdict {
            Verdict::Holds => Some(Verdict::Holds),
            _ if is_linearizability => Some(verdict),
            _ if whole.is_plain() => None,
            _ => Some(Verdict::Undecided(Undecided::Unknown)),
        }
    }

    /// Where values have versions: linearizability is looked at with them, and what follows from it follows. None elsewhere.
    fn verdict_on_versions(&mut self, guarantee: Guarantee, budget: Budget) -> Option<Verdict<Proof>> {
        let is_linearizability = guarantee == Guarantee::Linearizability;
        let versions = self.versions.as_mut()?;
        if !is_linearizability && !Guarantee::Linearizability.implied().contains(&guarantee) {
            return None;
        }
        let verdict =
            versions.judge(budget).map(|operations| Proof { what: contradiction(operations.len()), operations });
        Some(if is_linearizability || verdict == Verdict::Holds {
            verdict
        } else {
            Verdict::Undecided(Undecided::Unknown)
        })
    }

    /// Until when a loss is excused by a fault.
    fn excused_until(&self, run: &Run<'_>) -> Time {
        let durability = self.claims.iter().find(|claim| claim.guarantee == Guarantee::Durability);
        let Some(Claim { ended_by, .. }) = durability else { return Time::ZERO };
        let is_lost = ended_by.contains(&Fault::LostMemory) && run.faults(&self.first).contains(&Fault::LostMemory);
        let excuses = run.inputs.iter().filter_map(|(at, input)| match input {
            Input::Crash(_) if ended_by.contains(&Fault::Crash) => Some(at.time),
            Input::Crash(node) if is_lost && run.architecture.role(*node) != Role::ViewService => Some(at.time),
            Input::Wipe(_) if ended_by.contains(&Fault::Wipe) => Some(at.time),
            // A stamp that lies lies for ever.
            Input::Clock { offset_us, .. } if *offset_us != 0 && ended_by.contains(&Fault::Skew) => Some(Time::MAX),
            _ => None,
        });
        excuses.max().unwrap_or(Time::ZERO)
    }

    /// Its search is the dearest of all, and mostly there is no need for it: what is linearizable is sequentially consistent, and what
    /// is not causally consistent in every sense is not.
    fn sequential(&mut self, run: &Run<'_>, budget: Budget) -> Verdict<Proof> {
        if self.verdict(Guarantee::Linearizability, run, budget) == Verdict::Holds {
            return Verdict::Holds;
        }
        for guarantee in [Guarantee::CausalConvergence, Guarantee::CausalMemory] {
            if let broken @ Verdict::Broken(_) = self.verdict(guarantee, run, budget) {
                return broken;
            }
        }
        let verdict = match self.sequential_verdict.take() {
            Some(known) => known,
            None => self.sequential.judge(budget),
        };
        if !matches!(verdict, Verdict::Undecided(_)) {
            self.sequential_verdict = Some(verdict.clone());
        }
        verdict.map(|found| Proof {
            operations: found
                .iter()
                .filter_map(|number| self.sequential_places.get(*number as usize).copied())
                .collect(),
            what: String::from("no order explains these answers, even if real time does not count"),
        })
    }

    /// Takes in what has happened since; if the run is another one, or an earlier point of it, all of it.
    fn follow(&mut self, run: &Run<'_>) {
        let operations = run.operations();
        let is_same = run.events >= self.fed
            && self.requests.len() <= operations.len()
            && self.requests.iter().zip(operations).all(|(fed, now)| Arc::ptr_eq(fed, &now.request));
        if !is_same {
            *self = Self {
                claims: core::mem::take(&mut self.claims),
                deletes_what_was_read: self.deletes_what_was_read,
                ..Self::new(run.architecture)
            };
        }
        for (_, input) in run.inputs {
            if let Input::View { view, .. } = input
                && self.maps.get(&view.epoch).is_none_or(|known| **known.view() != *view)
            {
                self.maps.insert(view.epoch, self.first.of(Arc::new(view.clone())).into());
            }
        }
        for event in run.history.events().iter().take(run.events).skip(self.fed) {
            match *event {
                HistoryEvent::Called(place) => self.called(place, &run.history.operations()[place]),
                HistoryEvent::Returned(place) => self.returned(place, &run.history.operations()[place]),
            }
            self.sequential_verdict = None;
        }
        self.fed = run.events;
        if let Some(whole) = &mut self.whole {
            whole.follow(run);
        }
        if let Some(versions) = &mut self.versions {
            versions.follow(run);
        }
    }

    fn called(&mut self, place: usize, operation: &Operation) {
        self.requests.push(operation.request.clone());
        let session = number(&mut self.sessions, &operation.id.client);
        let write = match operation.op() {
            KVSOperation::Put(_, value) => Some(Some(number(&mut self.values, value))),
            KVSOperation::Delete(_) => Some(None),
            _ => None,
        };
        let op = write.map_or(RegisterOp::Read(Seen::Anything), RegisterOp::Write);
        let mut parts = Parts::default();
        if operation.op().is_command() || self.versions.is_some() {
            self.parts.push(parts);
            return;
        }
        for name in operation.op().keys() {
            let key = number(&mut self.keys, name);
            parts.of.push((name.clone(), self.linearizability.call(key, op)));
            self.places.push(place);
        }
        if let Some(name) = operation.op().key() {
            let key = number(&mut self.keys, name);
            parts.sequential = Some(self.sequential.call(session, key, op));
            self.sequential_places.push(place);
            if let Some(value) = write {
                if value.is_none() && self.deletes_what_was_read {
                    self.causal.delete_read(session, key);
                } else {
                    self.causal.write(session, key, value);
                }
                self.causal_places.push(place);
            }
        }
        self.parts.push(parts);
    }

    fn returned(&mut self, place: usize, operation: &Operation) {
        // An operation of which nobody knows stays open.
        let Some(Ended { outcome: Outcome::Ok(response), .. }) = &operation.ended else { return };
        if self.versions.is_some() {
            return;
        }
        let parts = self.parts[place].clone();
        match operation.op() {
            KVSOperation::Put(..) | KVSOperation::Delete(_) => {
                let op = match operation.op() {
                    KVSOperation::Put(_, value) => RegisterOp::Write(Some(number(&mut self.values, value))),
                    _ => RegisterOp::Write(None),
                };
                for (_, part) in &parts.of {
                    self.linearizability.returned(*part, op);
                }
                if let Some(sequential) = parts.sequential {
                    self.sequential.returned(sequential, op);
                }
            }
            KVSOperation::Get(key) => {
                let values = match response {
                    KVSResponse::GetResult { values, .. } => Some(values.as_slice()),
                    _ => None,
                };
                let op = RegisterOp::Read(self.seen(values));
                for (_, part) in &parts.of {
                    self.linearizability.returned(*part, op);
                }
                if let Some(sequential) = parts.sequential {
                    self.sequential.returned(sequential, op);
                }
                self.causally_read(place, operation, key, values.unwrap_or_default());
            }
            // What shards answer at different moments has no order; it says something about causes only where clients see to that.
            KVSOperation::MGet(_) => {
                for (key, part) in &parts.of {
                    let kept = response.items().iter().find(|item| item.key == *key);
                    let op = RegisterOp::Read(self.seen(kept.map(|kept| kept.values.as_slice())));
                    self.linearizability.returned(*part, op);
                }
                if self.reads_are_closed {
                    for item in response.items().iter().chain(response.items()) {
                        self.causally_read(place, operation, &item.key, &item.values);
                    }
                }
            }
            KVSOperation::GetAll => {
                let read = self.read_of_all(response);
                // Twice: no part of what is read at one moment comes before another.
                for (key, values) in read.iter().chain(&read) {
                    self.causally_read(place, operation, key, values);
                }
            }
            // Looked at as a whole.
            KVSOperation::PutFor(..)
            | KVSOperation::PutIf(..)
            | KVSOperation::Exists(_)
            | KVSOperation::ListKeys
            | KVSOperation::Clear
            | KVSOperation::Size
            | KVSOperation::Batch(_) => {}
        }
    }

    fn seen(&mut self, values: Option<&[Value]>) -> Seen {
        match values {
            Some([]) => Seen::Value(None),
            Some([value]) => Seen::Value(Some(number(&mut self.values, value))),
            _ => Seen::Impossible,
        }
    }

    fn causally_read(&mut self, place: usize, operation: &Operation, key: &Key, values: &[Value]) {
        let session = number(&mut self.sessions, &operation.id.client);
        let key = number(&mut self.keys, key);
        let values: Vec<u32> = values.iter().map(|value| number(&mut self.values, value)).collect();
        self.causal.read(session, key, values);
        self.causal_places.push(place);
    }

    /// What a read of all keys of a shard has seen; of those that it does not name, that there is nothing.
    fn read_of_all(&self, response: &KVSResponse) -> Vec<(Key, Vec<Value>)> {
        let KVSResponse::All { shard, epoch, items } = response else { return Vec::new() };
        let Some(map) = self.maps.get(epoch) else { return Vec::new() };
        let is_of_shard = |key: &&Key| map.shard_of(key).name.as_str() == &**shard;
        let values = |key: &Key| {
            let item = items.iter().find(|item| item.key == *key);
            item.map(|item| item.values.clone()).unwrap_or_default()
        };
        self.keys.keys().filter(is_of_shard).map(|key| (key.clone(), values(key))).collect()
    }

    /// The operations of which these are parts.
    fn places_of(&self, numbers: &[u32]) -> Vec<usize> {
        let mut places: Vec<usize> =
            numbers.iter().filter_map(|number| self.places.get(*number as usize).copied()).collect();
        places.dedup();
        places
    }
}

fn of_replicas(missing: replicas::Missing) -> Proof {
    Proof { operations: missing.operations, what: missing.what }
}

/// The number of a thing; a new one gets the next.
fn number<T: Ord + Clone>(numbers: &mut BTreeMap<T, u32>, thing: &T) -> u32 {
    if let Some(known) = numbers.get(thing) {
        return *known;
    }
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    numbers.insert(thing.clone(), next);
    next
}

fn contradiction(answers: usize) -> String {
    let these = if answers == 1 { "this answer" } else { "these answers" };
    format!("no order explains {these}: whatever the others did, one of these contradicts the rest")
}
