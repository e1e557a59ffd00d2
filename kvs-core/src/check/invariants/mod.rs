//! What must hold after every step, and what must hold when nothing happens any more.
//!
//! | id | holds for | sentence |
//! |---|---|---|
//! | G3 | all | only what was asked is answered, in kind, and every operation ends at most once |
//! | G4 | all | every value read was written, and a replica answers a read with what it holds |
//! | L1 | local | an answer is what all requests before it, in order of arrival and each once, lead to |
//! | L2 | local, with a journal | the journal leads to the state |
//! | L3 | all | the numbers of served requests never fall within one life |
//! | D1 | local, with a journal | after a crash nothing is missing that was acknowledged, and nothing is there that was not asked |
//! | R1 | replicated | merging the states that were reached is commutative, associative and idempotent |
//! | R2 | replicated | what a replica holds only grows within one life |
//! | R3 | replicated, when quiet | all replicas hold the same, and no acknowledged write is missing that no crash took |
//! | R4 | replicated | a version that was replaced at a replica never comes back there within one life |
//! | R5 | replicated | a version's name means one value, everywhere and for ever |
//! | R6 | replicated | a rumor that went cold stays cold; only a newer version is hot again |
//! | R7 | replicated, causal delivery | a replica that has applied an update has applied all that it depends on |
//! | H1 | sharded | a server keeps its own keys only, and no two answer for one key |
//! | H2 | sharded | whoever goes by one view agrees on the owner of every key, and an epoch has one view |
//! | C2 | sharded causal | a version is greater than all that it depends on |
//! | C6 | sharded, when quiet | all go by the newest view, nobody waits, and nothing is kept by others than its owners |
//! | C7 | sharded, by a ring | who joins takes keys, who leaves gives them, and no others move |
//! | SR1 | sharded + replicated | gossip stays within its shard |
//! | P6 | ordered | servers that have executed equally many slots are in equal states |
//! | P8 | ordered | no slot is executed again within one life |
//! | A5 | ordered | whoever answers a write answers the same; with a primary and backups, a read as well |
//! | W1 | ordered, when quiet | whoever asks is answered |
//! | B1 | smr | of each slot a replica makes one proposal, and of each phase it says one state and one vote, crashes or not |
//! | B2 | smr | no two votes of a phase are for different values |
//! | B3 | smr | whoever votes for a value has it from a majority |
//! | B4 | smr | once `f + 1` have voted for a value, it is the state of all in the next phase |
//! | B5 | smr | a slot holds one thing everywhere: nothing, or what a majority has proposed for it |
//! | B6 | smr | what a slot holds a client has asked for, and no request is in two slots |
//! | B7 | smr | the coin is tossed by those only that have heard nothing but ?, and it shows the same everywhere |
//! | B8 | ordered, when quiet | who is up and has a voice has executed all that anybody had some time ago |
//! | B10 | all that take batches | a batch is done altogether, or not at all |
//! | B11 | all that notify | a subscriber hears of changes in order, each once, the same as everybody, and none is left out without a word |
//! | F1 | Raft | in each term there is one leader at most |
//! | F2 | Raft | a leader does not change or cut off its own log |
//! | F3 | Raft | logs that have an entry of the same place and term are the same up to there |
//! | F4 | Raft | whoever is elected has all that was committed in earlier terms |
//! | F5 | Raft | a place for which something was committed holds nothing else anywhere that is committed |
//! | F6 | Raft | a server votes for one candidate a term, whatever crashes |
//! | F7 | Raft | a term that a server has told others never falls, whatever crashes |
//! | F8 | Raft, with leases | nobody is elected while somebody else has a lease, as long as clocks go alike |
//! | F9 | Raft | of members that follow each other in a log, any two majorities have a server in common |
//! | F10 | Raft | what a leader takes for committed, a majority of its members has, those on their disks that are down |
//! | F11 | Raft, when quiet | the members are those that were asked for last |
//! | A1 | primary-backup | one server completes operations in a view, and what it completes is known to the primary of every later one |
//! | A2 | primary-backup | what is complete has been applied by every backup |
//! | A3 | primary-backup | who has all of one view up to one operation is in one state |
//! | A4 | primary-backup | who leads was in the view before, and has all that was ever answered |
//! | A6 | primary-backup | operations of a view are applied one after the other, and none is left out |
//! | A7 | primary-backup, with leases | no view is in place while somebody who goes by an older one has a lease, as long as clocks go alike |
//! | P1 | Multi-Paxos | the ballot that an acceptor follows never becomes lower, not by a crash either |
//! | P2 | Multi-Paxos | what an acceptor has accepted has no higher ballot than the one it follows |
//! | P3 | Multi-Paxos | for each ballot and slot one command is proposed |
//! | P4 | Multi-Paxos | if a command is chosen for a slot, every higher ballot proposes the same |
//! | P5 | Multi-Paxos | replicas are told one command for each slot, which is chosen |
//! | P7 | Raft, Multi-Paxos, VR | what a replica holds is what the slots lead to, in their order and each request once |
//! | P9 | Multi-Paxos | acceptors forget only what `f + 1` replicas have in snapshots on their disks |
//! | P10 | Multi-Paxos | a leader has no read answered before it knows what was chosen before it led |
//! | P11 | Multi-Paxos | one proposer leads by a ballot |
//! | VR1 | VR | replicas that take part in one view have equal logs, as far as they go |
//! | VR2 | VR | what was executed for a slot is executed by all, and is in the log of whoever begins to lead |
//! | VR3 | VR | who has told others of a view takes part in no earlier one, whatever crashes |
//! | V1 | versioned | the versions of a key go 1, 2, 3, … without gaps within a life, and no key vanishes |
//! | V2 | versioned | of the puts that name one version of a key, one is confirmed at most, by the server and to clients |
//! | V3 | versioned, when quiet | a version counts all puts that were confirmed, and of the others only those that nobody knows of |
//! | V4 | versioned, where a crash is survived | what is confirmed is on the medium |
//! | V5 | versioned, where a crash is survived | after a crash there is what the writes up to one of them led to, and no answer rests on a later one |
//! | R8 | replicated, when quiet | what was deleted stays deleted for as long as its death certificate should sleep somewhere |
//!
//! A store whose safety options are all on keeps all of them; each option that is switched off breaks one.

mod gossip;
mod local;
mod notices;
mod ordered;
mod paxos;
mod primary_backup;
mod rabia;
mod raft;
mod reference;
mod sharding;
mod versioned;
mod vr;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, RequestId, Value};
use crate::ordering;
use crate::process::NodeId;
use crate::replication::primary_backup::PrimaryBackup;
use crate::server::{ClerkMessage, Message, Node, Request, Response, Server};
use crate::storage::Storage;
use crate::time::Time;
use crate::world::{Happening, Loss, Observer, World};
use crate::zoo::{Animal, Architecture};

/// Whether a store stands still by design: nobody is left, or nobody who is known, that has the state.
pub fn is_stuck(architecture: &Architecture, world: &World<Node>) -> bool {
    primary_backup::is_stuck(architecture, world) || vr::is_stuck(world)
}

/// An invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which; see the table of this module.
    pub id: &'static str,
    /// When it was noticed.
    pub time: Time,
    /// At which node.
    pub node: NodeId,
    /// What is wrong, with the keys, values and requests it concerns.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}, node {}: {}", self.id, self.time, self.node.0, self.what)
    }
}

/// Watches a world and says what does not hold.
///
/// Give it to the world as its observer and call [`after_step`](Self::after_step) after every event and input.
#[derive(Clone)]
pub struct Invariants {
    local: Option<local::Watch>,
    gossip: Option<gossip::Watch>,
    sharding: Option<sharding::Watch>,
    ordered: Option<ordered::Watch>,
    raft: Option<raft::Watch>,
    rabia: Option<rabia::Watch>,
    notices: Option<notices::Watch>,
    primary_backup: Option<primary_backup::Watch>,
    paxos: Option<paxos::Watch>,
    vr: Option<vr::Watch>,
    versioned: Option<versioned::Watch>,
    /// The servers as they were after the last step: one that is the same value has not changed.
    seen: Vec<Option<Arc<Node>>>,
    requests: BTreeMap<RequestId, Arc<Request>>,
    written: BTreeSet<(Key, Value)>,
    acknowledged: BTreeSet<RequestId>,
    ended: BTreeSet<RequestId>,
    /// Whether answers leave later than they are given: by then the replica may hold something else.
    answers_wait: bool,
    /// New answers to reads that replicas gave in the present step.
    reads: Vec<(NodeId, Arc<Response>)>,
    /// Clients that sent a request in the present step, and who sent gossip to whom.
    routed: Vec<NodeId>,
    gossiped: Vec<(NodeId, NodeId)>,
    /// Every answer that a server gave. A copy that the network or the reader makes of one is no new answer.
    answers: BTreeMap<RequestId, Vec<Arc<Response>>>,
    violation: Option<Violation>,
}

impl Invariants {
    /// The invariants that an architecture should keep.
    pub fn new(architecture: &Architecture) -> Self {
        let is_local = architecture.animal == Animal::Local;
        Self {
            local: is_local.then(|| local::Watch::new(architecture)),
            gossip: architecture.gossip().map(|_| gossip::Watch::new(architecture)),
            sharding: sharding::Watch::new(architecture),
            ordered: ordered::Watch::new(architecture),
            raft: raft::Watch::new(architecture),
            rabia: rabia::Watch::new(architecture),
            notices: notices::Watch::new(architecture),
            primary_backup: primary_backup::Watch::new(architecture),
            paxos: paxos::Watch::new(architecture),
            vr: vr::Watch::new(architecture),
            versioned: versioned::Watch::new(architecture),
            routed: Vec::new(),
            gossiped: Vec::new(),
            seen: (0..architecture.servers).map(|_| None).collect(),
            requests: BTreeMap::new(),
            written: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            ended: BTreeSet::new(),
            answers_wait: architecture.server.journal,
            reads: Vec::new(),
            answers: BTreeMap::new(),
            violation: None,
        }
    }

    /// What does not hold now.
    pub fn after_step(&mut self, world: &World<Node>) -> Result<(), Violation> {
        if let Some(violation) = self.violation.take() {
            return Err(violation);
        }
        for (node, response) in core::mem::take(&mut self.reads) {
            let (Some(request), Some(server)) = (self.requests.get(&response.id), world.node(node).as_server()) else {
                continue;
            };
            // Not by way of the server's own reading, which is what is looked at.
            let Storage::Lattice(store) = server.storage() else { continue };
            let held = request.op.key().and_then(|key| store.get(key));
            let values = held.map(|stored| stored.values()).unwrap_or_default();
            let context = held.map(|stored| stored.context()).unwrap_or_default();
            let held = KVSResponse::GetResult { values, context };
            if held != response.result {
                let what = alloc::format!("{} was answered {}, and held is {held}", request.op, response.result);
                return Err(Violation { id: "G4", time: world.now(), node, what });
            }
        }
        self.look_at_routes(world)?;
        if let Some(watch) = &mut self.versioned {
            let found = watch.after_step(world);
            found.map_err(|(id, what)| Violation { id, time: world.now(), node: NodeId(0), what })?;
        }
        if let Some(watch) = &mut self.primary_backup {
            watch.after_step(world).map_err(|(id, node, what)| Violation { id, time: world.now(), node, what })?;
        }
        if let Some(watch) = &mut self.paxos {
            let found = watch.look_at_reads(world);
            found.map_err(|(id, node, what)| Violation { id, time: world.now(), node, what })?;
        }
        for (place, seen) in self.seen.iter_mut().enumerate() {
            let Some(node) = u32::try_from(place).ok().map(NodeId) else { break };
            let now = world.node(node);
            if !world.is_up(node) {
                *seen = None;
                if let Some(watch) = &mut self.ordered {
                    watch.crashed(node);
                }
                continue;
            }
            // Also when it has not changed: what it rests on may be on its disk by now.
            if let (Some(watch), Some(server)) = (&mut self.ordered, now.as_server()) {
                let found = watch.compare(node, server, world.disk(node), world.now());
                found.map_err(|(id, what)| Violation { id, time: world.now(), node, what })?;
            }
            if seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, now)) {
                continue;
            }
            let before = seen.replace(now.clone());
            if let Some(watch) = &mut self.paxos {
                let found = watch.look(node, before.as_deref(), now, world);
                found.map_err(|(id, what)| Violation { id, time: world.now(), node, what })?;
            }
            let Some(server) = now.as_server() else { continue };
            let before = before.as_ref().and_then(|before| before.as_server());
            let found = served_falls(before, server).map_or(Ok(()), |what| Err(("L3", what)));
            let found = found.and_then(|()| match &mut self.local {
                Some(watch) => watch.look(before, server, world.disk(node)),
                None => Ok(()),
            });
            let found = found.and_then(|()| match &mut self.gossip {
                Some(watch) => watch.look(node, before, server),
                None => Ok(()),
            });
            let found = found.and_then(|()| match &mut self.ordered {
                Some(watch) => watch.look(before, server),
                None => Ok(()),
            });
            let found = found.and_then(|()| match (&mut self.raft, server.ordering().raft()) {
                (Some(watch), Some(raft)) => {
                    watch.look(node, before.and_then(|before| before.ordering().raft()), raft, world)?;
                    watch.look_at_machine(server)
                }
                _ => Ok(()),
            });
            let found = found.and_then(|()| match (&mut self.vr, server.ordering().vr()) {
                (Some(watch), Some(vr)) => {
                    watch.look(node, before.and_then(|before| before.ordering().vr()), vr)?;
                    watch.look_at_machine(server)
                }
                _ => Ok(()),
            });
            let found = found.and_then(|()| match &mut self.primary_backup {
                Some(watch) => watch.look(node, before, server, world),
                None => Ok(()),
            });
            let found = found.and_then(|()| match &mut self.sharding {
                Some(watch) => watch.look(node, server, world),
                None => Ok(()),
            });
            found.map_err(|(id, what)| Violation { id, time: world.now(), node, what })?;
        }
        Ok(())
    }

    /// What does not hold although the world has had all it takes: no faults, every server up, and time.
    pub fn when_quiet(&self, world: &World<Node>) -> Result<(), Violation> {
        let sharding = self.sharding.as_ref().map_or(Ok(()), |watch| watch.when_quiet(world));
        let ordered = || self.ordered.as_ref().map_or(Ok(()), |watch| watch.when_quiet(world));
        let versioned = || self.versioned.as_ref().map_or(Ok(()), versioned::Watch::when_quiet);
        let primary_backup = || self.primary_backup.as_ref().map_or(Ok(()), |watch| watch.when_quiet(world));
        let notices = || self.notices.as_ref().map_or(Ok(()), notices::Watch::when_quiet);
        let raft = || self.raft.as_ref().map_or(Ok(()), |_| raft::Watch::when_quiet(world));
        let found = sharding
            .and_then(|()| ordered())
            .and_then(|()| notices())
            .and_then(|()| raft())
            .and_then(|()| primary_backup());
        let found = found.and_then(|()| versioned());
        let found = found.and_then(|()| {
            let acknowledged = self.acknowledged.iter().filter_map(|id| self.requests.get(id));
            self.gossip.as_ref().map_or(Ok(()), |watch| watch.when_quiet(world, acknowledged))
        });
        found.map_err(|(id, node, what)| Violation { id, time: world.now(), node, what })
    }

    /// Where requests and gossip went in this step.
    fn look_at_routes(&mut self, world: &World<Node>) -> Result<(), Violation> {
        let time = world.now();
        for client in core::mem::take(&mut self.routed) {
            if let (Some(watch), Some(sender)) = (&mut self.sharding, world.node(client).as_client()) {
                watch.routed(sender).map_err(|(id, what)| Violation { id, time, node: client, what })?;
            }
        }
        for (from, to) in core::mem::take(&mut self.gossiped) {
            if self.sharding.as_ref().is_some_and(|watch| !watch.have_met(from, to)) {
                let what = alloc::format!("it gossips with node {}, which keeps another shard", to.0);
                return Err(Violation { id: "SR1", time, node: from, what });
            }
        }
        Ok(())
    }

    fn fail(&mut self, id: &'static str, time: Time, node: NodeId, what: String) {
        self.violation.get_or_insert(Violation { id, time, node, what });
    }

    fn hear_server(&mut self, time: Time, server: NodeId, response: &Arc<Response>) {
        let answers = self.answers.entry(response.id).or_default();
        if answers.iter().any(|known| Arc::ptr_eq(known, response)) {
            return;
        }
        answers.push(response.clone());
        let is_read = self.requests.get(&response.id).is_none_or(|request| !request.op.is_write());
        match self.requests.get(&response.id).map(|request| &request.op) {
            None => self.fail("G3", time, server, alloc::format!("{} was answered and never asked", response.id)),
            Some(op) if !is_answer(op, &response.result) => {
                let what = alloc::format!("{op} was answered {}", response.result);
                self.fail("G3", time, server, what);
            }
            Some(op) if is_torn(&response.result) => {
                let what = alloc::format!("a part of {op} was done: {}", response.result);
                self.fail("B10", time, server, what);
            }
            Some(op) if is_read && op.key().is_some() && self.gossip.is_some() && !self.answers_wait => {
                self.reads.push((server, response.clone()));
            }
            Some(op) => {
                // Several requests that waited are served in one step: what was read before this write is not held any more.
                let key = op.key();
                let is_of_key = |id: &RequestId| self.requests.get(id).is_some_and(|request| request.op.key() == key);
                self.reads.retain(|(at, read)| *at != server || !is_of_key(&read.id));
            }
        }
        if let Some(watch) = &mut self.local
            && let Err((id, what)) = watch.answered(response)
        {
            self.fail(id, time, server, what);
        }
        if let (Some(watch), Some(request)) = (&mut self.versioned, self.requests.get(&response.id))
            && let Err((id, what)) = watch.answered(request, &response.result)
        {
            self.fail(id, time, server, what);
        }
        if let Some(watch) = &mut self.primary_backup
            && let Err((id, what)) = watch.answered(server, response, is_read)
        {
            self.fail(id, time, server, what);
        }
        if let Some(watch) = self.ordered.as_mut().filter(|_| !is_read)
            && let Err((id, what)) = watch.answered(response)
        {
            self.fail(id, time, server, what);
        }
    }

    /// A server says something about the order of requests.
    fn hear_ordering(&mut self, time: Time, from: NodeId, message: &ordering::Message) {
        let found = match message {
            ordering::Message::Rabia(message) => self.rabia.as_mut().map(|watch| watch.said(from, message)),
            ordering::Message::Paxos(message) => self.paxos.as_mut().map(|watch| watch.said(from, message)),
            ordering::Message::Raft(_) | ordering::Message::Vr(_) => None,
        };
        let found = found.unwrap_or(Ok(()));
        if let Err((id, what)) = found {
            self.fail(id, time, from, what);
        }
    }

    fn hear_client(&mut self, time: Time, node: NodeId, message: &Message) {
        match message {
            Message::Noticed(noticed) => {
                if let Some(Err((id, what))) = self.notices.as_mut().map(|watch| watch.told(node, noticed)) {
                    self.fail(id, time, node, what);
                }
            }
            Message::Called(request) => {
                let puts = request.op.puts().into_iter().map(|(key, value)| (key.clone(), value.clone()));
                self.written.extend(puts);
                if let Some(watch) = &mut self.rabia {
                    watch.called(request.id);
                }
                if let Some(watch) = &mut self.sharding {
                    watch.asked(request);
                    self.routed.push(node);
                }
                self.requests.insert(request.id, request.clone());
            }
            Message::Returned(returned) => {
                let Some(request) = self.requests.get(&returned.id) else { return };
                let request = request.clone();
                if !self.ended.insert(returned.id) {
                    self.fail("G3", time, node, alloc::format!("{} ended twice", returned.id));
                    return;
                }
                if let Some(watch) = &mut self.versioned
                    && let Err((id, what)) = watch.returned(&request, &returned.outcome)
                {
                    self.fail(id, time, node, what);
                }
                match &returned.outcome {
                    Outcome::Ok(result) => {
                        if request.op.is_write() {
                            self.acknowledged.insert(returned.id);
                        }
                        let read = read(&request.op, result);
                        let was_written =
                            |(key, value): &(&Key, &Value)| self.written.contains(&((*key).clone(), (*value).clone()));
                        if let Some((key, value)) = read.into_iter().find(|read| !was_written(read)) {
                            self.fail("G4", time, node, alloc::format!("{key} = {value} was read and never written"));
                        }
                    }
                    Outcome::Maybe | Outcome::MaybeClosed | Outcome::Unavailable => {}
                }
            }
            _ => {}
        }
    }
}

impl Observer<Node> for Invariants {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        match happening {
            Happening::Told { node, message } => self.hear_client(now, node, message),
            // An answer that is lost as it leaves was given all the same.
            Happening::Sent {
                from,
                message: Message::Response(response) | Message::Clerk(ClerkMessage::Answer { response, .. }),
                ..
            }
            | Happening::Lost {
                from,
                message: Message::Response(response) | Message::Clerk(ClerkMessage::Answer { response, .. }),
                ..
            } => {
                self.hear_server(now, from, response);
            }
            Happening::Sent { from, to, message: Message::Ordering(message), .. } => {
                self.hear_ordering(now, from, message);
                if let (Some(watch), ordering::Message::Vr(message)) = (&mut self.vr, message) {
                    watch.sent(from, message);
                }
                if let (Some(watch), ordering::Message::Raft(message)) = (&mut self.raft, message)
                    && let Err((id, what)) = watch.sent(from, to, message)
                {
                    self.fail(id, now, from, what);
                }
            }
            Happening::Lost { from, message: Message::Ordering(message), why: Loss::Random | Loss::Cut, .. } => {
                self.hear_ordering(now, from, message);
            }
            Happening::Delivered {
                from, to, message: Message::Ordering(ordering::Message::Rabia(message)), ..
            } => {
                if let Some(watch) = &mut self.rabia {
                    watch.arrived(from, to, message);
                }
            }
            Happening::Sent { from, to, message: Message::Gossip(_), .. } if self.sharding.is_some() => {
                self.gossiped.push((from, to));
            }
            Happening::Delivered { message: Message::Request(request), .. } => {
                if let Some(watch) = &mut self.local {
                    watch.arrived(request);
                }
            }
            Happening::Crashed { node } => {
                self.versioned.iter_mut().for_each(versioned::Watch::crashed);
                if let Some(watch) = &mut self.local {
                    watch.crashed();
                }
                if let Some(watch) = &mut self.gossip {
                    watch.crashed(node);
                }
                // Who is alone executes at once, and answers when the disk has it: what it did not get to say may be gone.
                let seen = self.seen.get(node.index()).and_then(|seen| seen.as_ref()?.as_server()?.ordering().raft());
                if self.seen.len() == 1 || seen.is_some_and(|raft| raft::was_alone(node, raft)) {
                    self.ordered.iter_mut().for_each(ordered::Watch::forget);
                    self.raft.iter_mut().for_each(|watch| watch.forget(node));
                }
            }
            _ => {}
        }
    }
}

/// Whether an answer is of the kind that the operation asks for.
fn is_answer(op: &KVSOperation, result: &KVSResponse) -> bool {
    matches!(
        (op, result),
        (KVSOperation::Put(..), KVSResponse::PutOk)
            | (KVSOperation::Delete(_), KVSResponse::DeleteOk)
            | (KVSOperation::Get(_), KVSResponse::GetResult { .. })
            | (KVSOperation::MGet(_), KVSResponse::Items(_))
            | (KVSOperation::GetAll, KVSResponse::All { .. })
            | (KVSOperation::PutFor(..), KVSResponse::PutOk)
            | (KVSOperation::Exists(_), KVSResponse::Exists(_))
            | (KVSOperation::ListKeys, KVSResponse::Keys(_))
            | (KVSOperation::Clear, KVSResponse::Cleared)
            | (KVSOperation::Size, KVSResponse::Size(_))
            | (KVSOperation::Put(..) | KVSOperation::PutFor(..) | KVSOperation::PutIf(..), KVSResponse::Refused(_))
            | (KVSOperation::PutIf(..), KVSResponse::PutAt(_))
            | (KVSOperation::Get(_), KVSResponse::GetAt(_) | KVSResponse::Refused(KVStoreError::StorageError))
    ) || is_batch(op, result)
}

/// Whether each command of a batch has a result.
fn is_batch(op: &KVSOperation, result: &KVSResponse) -> bool {
    matches!((op, result), (KVSOperation::Batch(commands), KVSResponse::Batch(results)) if commands.len() == results.len())
}

/// Whether an answer says that a part of a batch was done, and a part of it was not.
fn is_torn(result: &KVSResponse) -> bool {
    let KVSResponse::Batch(results) = result else { return false };
    let refused = results.iter().filter(|result| result.error().is_some()).count();
    refused > 0 && refused < results.len()
}

/// What a read saw: keys with their values.
fn read<'a>(op: &'a KVSOperation, result: &'a KVSResponse) -> Vec<(&'a Key, &'a Value)> {
    let of_command = |(command, result): (&'a KVOperation, &'a KVResult)| match (command, result) {
        (KVOperation::Get(key), KVResult::Success(KVData::Value(value))) => Some((key, value)),
        _ => None,
    };
    match (op, result) {
        (KVSOperation::Batch(commands), KVSResponse::Batch(results)) => {
            commands.iter().zip(results.iter()).filter_map(of_command).collect()
        }
        (KVSOperation::Get(key), result) => {
            result.values().unwrap_or_default().iter().map(|value| (key, value)).collect()
        }
        _ => result.items().iter().flat_map(|item| item.values.iter().map(|value| (&item.key, value))).collect(),
    }
}

fn served_falls(before: Option<&Server>, now: &Server) -> Option<String> {
    let part = |server: &Server| server.replication().primary_backup().map(PrimaryBackup::complete_in);
    if before.is_some_and(|before| part(before) != part(now)) {
        // A backup may have applied what its next primary has never heard of: nobody was told of it.
        return None;
    }
    let mut clients = before?.served().iter().map(|served| served.id);
    let RequestId { client, .. } = clients.find(|id| now.served().last_sequence(id.client) < id.sequence)?;
    Some(alloc::format!("the last request of {} was forgotten", client.node))
}

/// What a look finds wrong: which invariant, and what.
type Found = Result<(), (&'static str, String)>;
