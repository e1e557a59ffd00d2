//! The judge of a run: every guarantee with its verdict, beside what the architecture promises.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::causal::{CausalHistory, Notion, SessionGuarantee};
use super::linearizable::Linearizability;
use super::model::{Register, RegisterOp, Seen};
use super::replicas;
use super::sequential::SequentialConsistency;
use super::{Budget, Verdict};
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::process::NodeId;
use crate::server::{Node, Request};
use crate::sim::{Ended, History, HistoryEvent, Input, Operation};
use crate::storage::Values;
use crate::time::Time;
use crate::world::{Moment, World};
use crate::zoo::{Architecture, Claim, Fault, Guarantee, StorageOptions};

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
        operations
            .filter(|(_, operation)| operation.op().is_write() && operation.op().key() == key)
            .map(|(at, _)| at)
            .collect()
    }

    /// The faults that there have been, of those that end promises.
    pub fn faults(&self) -> BTreeSet<Fault> {
        let mut faults = BTreeSet::new();
        let mut targets: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for (_, input) in self.inputs {
            match input {
                Input::Crash(_) => {
                    faults.insert(Fault::Crash);
                }
                Input::Wipe(_) => {
                    faults.insert(Fault::Wipe);
                }
                Input::Clock { offset_us, .. } if *offset_us != 0 => {
                    faults.insert(Fault::Skew);
                }
                Input::Call { client, call } => {
                    let own = client.0.saturating_sub(self.architecture.servers) % self.architecture.servers.max(1);
                    targets.entry(*client).or_default().insert(call.to.unwrap_or(NodeId(own)));
                }
                // Requests that clients invent go to the servers they keep to.
                Input::Traffic(Some(_)) => {
                    for client in self.architecture.client_ids() {
                        let own = client.0.saturating_sub(self.architecture.servers) % self.architecture.servers.max(1);
                        targets.entry(client).or_default().insert(NodeId(own));
                    }
                }
                _ => {}
            }
        }
        if targets.values().any(|targets| targets.len() > 1) {
            faults.insert(Fault::Roaming);
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
    fed: usize,
    requests: Vec<Arc<Request>>,
    keys: BTreeMap<Key, u32>,
    values: BTreeMap<Value, u32>,
    sessions: BTreeMap<ClientId, u32>,
    linearizability: Linearizability<Register>,
    sequential: SequentialConsistency<Register>,
    sequential_verdict: Option<Verdict<Vec<u32>>>,
    causal: CausalHistory,
    /// The place among the calls of each operation in the causal history.
    causal_places: Vec<usize>,
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub fn new(architecture: &Architecture) -> Self {
        Self {
            claims: architecture.claims(),
            deletes_what_was_read: architecture.storage == StorageOptions::Lattice(Values::MvRegister),
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
        }
    }

    /// Every guarantee that makes sense for this run, in the order of [`Guarantee::ALL`].
    pub fn judge(&mut self, run: &Run<'_>, budget: Budget) -> Vec<Judgement> {
        self.follow(run);
        let faults = run.faults();
        let mut judgements = Vec::new();
        for guarantee in Guarantee::ALL {
            // One copy cannot differ from itself.
            if guarantee == Guarantee::Convergence && run.architecture.servers < 2 {
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
        let faults = run.faults();
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
                what: format!(
                    "no order explains {}: whatever the others did, one of these contradicts the rest",
                    if found.operations.len() == 1 { "this answer" } else { "these answers" }
                ),
                operations: found.operations.into_iter().map(|number| number as usize).collect(),
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

    /// Until when a loss is excused by a fault.
    fn excused_until(&self, run: &Run<'_>) -> Time {
        let durability = self.claims.iter().find(|claim| claim.guarantee == Guarantee::Durability);
        let Some(Claim { ended_by, .. }) = durability else { return Time::ZERO };
        let excuses = run.inputs.iter().filter_map(|(at, input)| match input {
            Input::Crash(_) if ended_by.contains(&Fault::Crash) => Some(at.time),
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
            operations: found.into_iter().map(|number| number as usize).collect(),
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
        for event in run.history.events().iter().take(run.events).skip(self.fed) {
            match *event {
                HistoryEvent::Called(place) => self.called(place, &run.history.operations()[place]),
                HistoryEvent::Returned(place) => self.returned(place, &run.history.operations()[place]),
            }
            self.sequential_verdict = None;
        }
        self.fed = run.events;
    }

    fn called(&mut self, place: usize, operation: &Operation) {
        self.requests.push(operation.request.clone());
        let key = number(&mut self.keys, operation.op().key());
        let session = number(&mut self.sessions, &operation.id.client);
        let write = match operation.op() {
            KVSOperation::Get(_) => None,
            KVSOperation::Put(_, value) => Some(Some(number(&mut self.values, value))),
            KVSOperation::Delete(_) => Some(None),
        };
        let op = write.map_or(RegisterOp::Read(Seen::Anything), RegisterOp::Write);
        self.linearizability.call(key, op);
        self.sequential.call(session, key, op);
        if let Some(value) = write {
            if value.is_none() && self.deletes_what_was_read {
                self.causal.delete_read(session, key);
            } else {
                self.causal.write(session, key, value);
            }
            self.causal_places.push(place);
        }
    }

    fn returned(&mut self, place: usize, operation: &Operation) {
        // An operation of which nobody knows stays open.
        let Some(Ended { outcome: Outcome::Ok(response), .. }) = &operation.ended else { return };
        let key = number(&mut self.keys, operation.op().key());
        let session = number(&mut self.sessions, &operation.id.client);
        let op = match (operation.op(), response) {
            (KVSOperation::Get(_), KVSResponse::GetResult { values, .. }) => {
                let numbers: Vec<u32> = values.iter().map(|value| number(&mut self.values, value)).collect();
                let seen = match numbers[..] {
                    [] => Seen::Value(None),
                    [value] => Seen::Value(Some(value)),
                    [_, _, ..] => Seen::Impossible,
                };
                self.causal.read(session, key, numbers);
                self.causal_places.push(place);
                RegisterOp::Read(seen)
            }
            (KVSOperation::Get(_), _) => RegisterOp::Read(Seen::Impossible),
            (KVSOperation::Put(_, value), _) => RegisterOp::Write(Some(number(&mut self.values, value))),
            (KVSOperation::Delete(_), _) => RegisterOp::Write(None),
        };
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.linearizability.returned(place, op);
        self.sequential.returned(place, op);
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
