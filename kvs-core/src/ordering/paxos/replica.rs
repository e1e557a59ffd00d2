use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Ballot, Cluster, GapBuffer, Message, PaxosConfig, SlotOrderEnforcer, Timer, shown, tell};
use crate::disk::Disk;
use crate::op::{Key, Value};
use crate::ordering::{Command, Executor, Glance, Host, ReadMode, Slot, SlotState};
use crate::process::{Context, Event, Mark, NodeId};
use crate::request::Request;
use crate::storage::MachineSnapshot;
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;

/// A replica lacks a slot that others have.
pub const BEHIND: Mark = Mark("slots are missing: asks for them");
/// A replica has installed a snapshot of another.
pub const CAUGHT_UP: Mark = Mark("goes on from another replica's snapshot");
/// A replica has written a snapshot.
pub const CHECKPOINT: Mark = Mark("writes a snapshot to its disk");
/// A replica has been asked by a client, and passes that on.
pub const ASKED: Mark = Mark("asked directly: passes it on to the proxy");

/// How many slots one message brings.
const SLOTS_AT_ONCE: usize = 64;

/// What all slots before one have led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Snapshot {
    /// The first slot that has not been executed.
    slot_out: u64,
    machine: MachineSnapshot,
}

impl Checkpoint for Snapshot {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        self.machine.take_values()
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        self.machine.put_values(values);
    }
}

/// Executes what was chosen, slot after slot, and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replica {
    #[serde(skip)]
    config: Arc<PaxosConfig>,
    #[serde(skip)]
    cluster: Arc<Cluster>,
    // On disk: a snapshot of the machine.
    snapshots: Journal<Snapshot, ()>,
    /// Up to which slot, not included, that goes.
    snapshot: u64,
    // In memory.
    enforcer: SlotOrderEnforcer,
    /// What was executed since the snapshot, for others that lack it.
    executed: BTreeMap<u64, Command>,
    /// It has heard that all slots before this one are chosen.
    commit: u64,
    /// The highest ballot by which somebody has said to lead.
    leader: Ballot,
    /// Reads that wait for a slot, by client.
    reads: BTreeMap<NodeId, (u64, Arc<Request>)>,
    /// Whether it will look for what is missing.
    is_looking: bool,
    /// Whom it asks next.
    turn: u32,
}

impl Replica {
    /// A replica that has not booted.
    pub fn new(config: Arc<PaxosConfig>, cluster: Arc<Cluster>) -> Self {
        let enforcer = SlotOrderEnforcer::new(config.safety.gap_buffer);
        Self {
            config,
            cluster,
            snapshots: Journal::default(),
            snapshot: 0,
            enforcer,
            executed: BTreeMap::new(),
            commit: 0,
            leader: Ballot::default(),
            reads: BTreeMap::new(),
            is_looking: false,
            turn: 0,
        }
    }

    /// A client asks this replica by name. A read may be answered here; all else goes the usual way.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        if !request.op.is_write() && self.config.reads == ReadMode::Local {
            executor.read(request);
            return;
        }
        cx.mark(ASKED, u64::from(request.id.sequence));
        tell(self.cluster.proxy, Message::Propose { request: request.clone() }, cx);
    }

    /// Handles an event.
    pub fn step<P: Host>(
        &mut self,
        event: Event<Message, Timer>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        match event {
            Event::Boot => self.on_boot(executor, cx),
            Event::Timer(Timer::Gap) => self.on_gap(cx),
            Event::Timer(_) => {}
            Event::Receive { from, message } => match message {
                Message::Decide { slot, command } => self.on_decide(slot, command, executor, cx),
                Message::IAmLeader { ballot, commit } => self.on_i_am_leader(from, ballot, commit, cx),
                Message::Learn { from: slot } => self.on_learn(from, slot, executor, cx),
                Message::LearnResp { snapshot, decisions } => {
                    self.on_learn_resp(snapshot, &decisions, executor, cx);
                }
                Message::ReadAt { slot, request } => self.on_read_at(slot, &request, executor),
                // Said to others.
                _ => {}
            },
        }
    }

    fn on_boot<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let (snapshots, recovered) = Journal::recover_from(self.config.snapshots, cx.disk());
        let (snapshot, _): (Snapshot, Vec<()>) = recovered.unwrap_or_default();
        self.snapshots = snapshots;
        self.snapshots.checkpoint(cx.disk(), &snapshot);
        if snapshot.slot_out > 0 {
            executor.install(&snapshot.machine);
            self.enforcer.skip_to(snapshot.slot_out);
            self.snapshot = snapshot.slot_out;
        }
    }

    /// What is chosen is executed when all before it has been.
    fn on_decide<P: Host>(
        &mut self,
        slot: u64,
        command: Command,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        self.enforcer.push(slot, command);
        self.perform(executor, cx);
        self.look_for_gaps(cx);
    }

    fn perform<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        while let Some((slot, command)) = self.enforcer.pop() {
            executor.execute(&command);
            self.executed.insert(slot, command);
        }
        let (next, reads) = (self.enforcer.next(), core::mem::take(&mut self.reads));
        let (ready, waiting) = reads.into_iter().partition(|(_, (slot, _))| *slot <= next);
        self.reads = waiting;
        let ready: BTreeMap<NodeId, (u64, Arc<Request>)> = ready;
        ready.values().for_each(|(_, request)| executor.read(request));
        if next >= self.snapshot + u64::from(self.config.checkpoint_frequency.max(1)) {
            self.write_snapshot(executor, cx);
        }
    }

    fn write_snapshot<P: Host>(&mut self, executor: &Executor<'_>, cx: &mut Context<'_, P>) {
        cx.mark(CHECKPOINT, self.enforcer.next());
        self.snapshot = self.enforcer.next();
        self.executed = self.executed.split_off(&self.snapshot);
        let machine = self.copy(executor);
        self.snapshots.checkpoint(cx.disk(), &Snapshot { slot_out: self.snapshot, machine });
    }

    /// A copy of the machine, with what clients were answered.
    fn copy(&self, executor: &Executor<'_>) -> MachineSnapshot {
        let snapshot = executor.snapshot();
        match self.config.safety.table_in_snapshot {
            true => snapshot,
            false => MachineSnapshot { core: snapshot.core, ..MachineSnapshot::default() },
        }
    }

    fn on_i_am_leader<P: Host>(&mut self, from: NodeId, ballot: Ballot, commit: u64, cx: &mut Context<'_, P>) {
        self.leader = self.leader.max(ballot);
        self.commit = self.commit.max(commit);
        // Leaves when the snapshot is on the disk. What is in memory only is not for others to rely on.
        let snapshot = if self.snapshots.keeps_snapshots() { self.snapshot } else { 0 };
        let applied = Message::Applied { slot_out: self.enforcer.next(), snapshot };
        tell(from, applied, &mut cx.durably());
        self.look_for_gaps(cx);
    }

    fn is_behind(&self) -> bool {
        self.enforcer.has_gap() || self.enforcer.next() < self.commit
    }

    fn look_for_gaps<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if self.is_behind() && !self.is_looking {
            self.is_looking = true;
            cx.set_timer(super::timer(Timer::Gap), self.config.i_am_leader_send_timeout);
        }
    }

    /// What was missing some time ago is missing still: somebody else may have it.
    fn on_gap<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        self.is_looking = false;
        if !self.is_behind() {
            return;
        }
        cx.mark(BEHIND, self.enforcer.next());
        let leader = self.cluster.proposer(self.leader.proposer_id);
        let others = self.cluster.replicas.iter().copied().filter(|replica| *replica != cx.me());
        let others: Vec<NodeId> = leader.into_iter().chain(others).collect();
        if let Some(other) = super::turn_to(&others, &mut self.turn) {
            tell(other, Message::Learn { from: self.enforcer.next() }, cx);
        }
        self.look_for_gaps(cx);
    }

    /// Commands from a slot on; if they are not there any more, what they have led to.
    fn on_learn<P: Host>(&self, from: NodeId, slot: u64, executor: &Executor<'_>, cx: &mut Context<'_, P>) {
        if slot >= self.enforcer.next() {
            return;
        }
        if slot < self.snapshot {
            let snapshot = Some((self.enforcer.next(), Arc::new(self.copy(executor))));
            tell(from, Message::LearnResp { snapshot, decisions: Arc::default() }, cx);
            return;
        }
        let executed = self.executed.range(slot..).take(SLOTS_AT_ONCE);
        let decisions = executed.map(|(slot, command)| (*slot, command.clone())).collect();
        tell(from, Message::LearnResp { snapshot: None, decisions }, cx);
    }

    fn on_learn_resp<P: Host>(
        &mut self,
        snapshot: Option<(u64, Arc<MachineSnapshot>)>,
        decisions: &[(u64, Command)],
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if let Some((slot, machine)) = snapshot.filter(|(slot, _)| *slot > self.enforcer.next()) {
            cx.mark(CAUGHT_UP, slot);
            executor.install(&machine);
            self.enforcer.skip_to(slot);
            self.write_snapshot(executor, cx);
        }
        for (slot, command) in decisions {
            self.enforcer.push(*slot, command.clone());
        }
        self.perform(executor, cx);
        self.look_for_gaps(cx);
    }

    /// A read waits until what it must see is executed.
    fn on_read_at(&mut self, slot: u64, request: &Arc<Request>, executor: &mut Executor<'_>) {
        if slot <= self.enforcer.next() {
            executor.read(request);
        } else {
            self.reads.insert(request.id.client.node, (slot, request.clone()));
        }
    }

    /// The proxy, by which answers go to clients.
    pub fn proxy(&self) -> NodeId {
        self.cluster.proxy
    }

    /// It has executed all slots before this one.
    pub fn applied(&self) -> u64 {
        self.enforcer.next()
    }

    /// Up to which slot, not included, the snapshot on this disk goes; 0 if there is none.
    pub fn durable_slot(&self, disk: &Disk) -> u64 {
        let kept = Journal::<Snapshot, ()>::look(self.config.snapshots, disk);
        kept.map_or(0, |(snapshot, _)| snapshot.slot_out)
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let executed = self.executed.iter().map(|(slot, command)| (*slot, command, SlotState::Applied));
        let waiting = self.enforcer.waiting().iter().map(|(slot, command)| (*slot, command, SlotState::Chosen));
        let slot = |(number, command, state): (u64, &Command, SlotState)| Slot {
            number,
            command: command.to_string(),
            ballot: String::new(),
            state,
        };
        let mut slots: Vec<Slot> = executed.chain(waiting).map(slot).collect();
        let missing = self.enforcer.next();
        if self.enforcer.has_gap() && self.config.safety.gap_buffer == GapBuffer::Kept {
            let hole = Slot { number: missing, command: String::new(), ballot: String::new(), state: SlotState::Hole };
            let place = slots.iter().position(|slot| slot.number > missing).unwrap_or(slots.len());
            slots.insert(place, hole);
        }
        let slots = slots.split_off(slots.len().saturating_sub(Glance::SLOTS_MAX));
        Glance { role: "replica", leads: false, ballot: shown(self.leader), slots }
    }
}
