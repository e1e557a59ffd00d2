//! What a proposer does while it leads: phase 2, reads, and forgetting what is in snapshots.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Ballot, Cluster, Message, P2a, PaxosConfig, Timer, TruncatesAt, tell};
use crate::op::RequestId;
use crate::ordering::{Command, Glance, Host, ReadMode, Slot, SlotState};
use crate::process::{Context, Mark, NodeId};
use crate::quorum::Votes;
use crate::request::Request;
use crate::time::{Span, Time};

/// A new leader fills a slot of which nobody has reported anything.
pub const FILLED: Mark = Mark("fills a hole with a no-op");
/// A vote for another ballot, or a slot that is not open.
pub const STALE_VOTE: Mark = Mark("ignored: a vote in another ballot");
/// As many slots are open as may be.
pub const QUEUED: Mark = Mark("request waits: the window is full");
/// A leader with leases has none that lasts.
pub const NO_LEASE: Mark = Mark("no lease: asks the acceptors first");

/// How many slots one message brings to a replica that is behind.
const SLOTS_AT_ONCE: usize = 64;

/// A slot that is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Proposal {
    command: Command,
    votes: Votes,
    is_chosen: bool,
}

/// What is known of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Progress {
    slot_out: u64,
    snapshot: u64,
    /// What was chosen when it was last told so: it should have executed that by now.
    owed: u64,
}

/// A read that goes by no slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Read {
    request: Arc<Request>,
    /// What was chosen when it came; None while this leader does not know what is.
    index: Option<u64>,
    votes: Votes,
}

/// The promises of acceptors to follow nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Leases {
    round: u32,
    /// When it asked, on its own clock.
    asked: Time,
    grants: Votes,
    until: Option<Time>,
}

/// A proposer that leads, by one ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leader {
    #[serde(skip)]
    config: Arc<PaxosConfig>,
    #[serde(skip)]
    cluster: Arc<Cluster>,
    ballot: Ballot,
    log: BTreeMap<u64, Proposal>,
    next_slot: u64,
    /// All slots before this one are chosen.
    commit: u64,
    /// The first slot that is this ballot's own. Once it is chosen, all that was chosen before is known.
    own_slot: u64,
    /// Requests that wait for room in the window.
    queue: VecDeque<Arc<Request>>,
    /// Reads, by client.
    reads: BTreeMap<NodeId, Read>,
    replicas: BTreeMap<NodeId, Progress>,
    leases: Leases,
    /// What came before this slot is in snapshots.
    truncated: u64,
    /// Whether it will look for what acceptors have not answered.
    is_resending: bool,
    /// Slots before this one were open when it last looked.
    looked_at: u64,
    /// Which replica answers the next read.
    turn: u32,
}

impl Leader {
    pub(super) fn new(config: Arc<PaxosConfig>, cluster: Arc<Cluster>, ballot: Ballot, first: u64) -> Self {
        let replicas = cluster.replicas.iter().map(|replica| (*replica, Progress::default())).collect();
        let grants = Votes::new(config.safety.counted);
        Self {
            config,
            cluster,
            ballot,
            log: BTreeMap::new(),
            next_slot: first,
            commit: first,
            own_slot: first,
            queue: VecDeque::new(),
            reads: BTreeMap::new(),
            replicas,
            leases: Leases { round: 0, asked: Time::ZERO, grants, until: None },
            truncated: first,
            is_resending: false,
            looked_at: 0,
            turn: 0,
        }
    }

    /// By which ballot it leads.
    pub fn ballot(&self) -> Ballot {
        self.ballot
    }

    /// Whether it knows all that was chosen before it led.
    pub fn knows_the_past(&self) -> bool {
        self.commit > self.own_slot
    }

    pub(super) fn truncated(&self) -> u64 {
        self.truncated
    }

    // ---- phase 2

    /// Proposes a command that some acceptor may have accepted already, or that fills a hole.
    pub(super) fn propose<P: Host>(&mut self, slot: u64, command: Command, cx: &mut Context<'_, P>) {
        if command == Command::Noop {
            cx.mark(FILLED, slot);
        }
        self.send_p2a(slot, command, cx);
    }

    /// A slot for which it proposes nothing.
    pub(super) fn leave_out(&mut self, slot: u64) {
        self.next_slot = self.next_slot.max(slot + 1);
    }

    /// The first slot of its own.
    pub(super) fn propose_own<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        self.own_slot = self.next_slot;
        self.send_p2a(self.own_slot, Command::Noop, cx);
    }

    fn send_p2a<P: Host>(&mut self, slot: u64, command: Command, cx: &mut Context<'_, P>) {
        for acceptor in self.cluster.acceptors.iter() {
            let proposal = P2a { ballot: self.ballot, slot, command: command.clone() };
            tell(*acceptor, Message::P2a(proposal), &mut cx.durably());
        }
        let votes = Votes::new(self.config.safety.counted);
        self.log.insert(slot, Proposal { command, votes, is_chosen: false });
        self.next_slot = self.next_slot.max(slot + 1);
        self.resend_later(cx);
    }

    /// A request gets the next slot, or waits for one. One that waits already or is under way is not taken twice.
    pub(super) fn on_request<P: Host>(&mut self, request: &Arc<Request>, cx: &mut Context<'_, P>) {
        let is_it = |other: &Arc<Request>| other.id == request.id;
        let mut open = self.log.range(self.commit..).filter(|(_, proposal)| !proposal.is_chosen);
        if self.queue.iter().any(is_it) || open.any(|(_, proposal)| proposal.command.requests().iter().any(is_it)) {
            return;
        }
        self.queue.push_back(request.clone());
        if !self.has_room() {
            cx.mark(QUEUED, self.next_slot);
        }
        self.propose_queued(cx);
    }

    fn has_room(&self) -> bool {
        self.next_slot - self.commit < u64::from(self.config.window)
    }

    fn propose_queued<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        while self.has_room() && !self.queue.is_empty() {
            let count = self.queue.len().min(self.config.batch.max(1) as usize);
            let requests: Vec<Arc<Request>> = self.queue.drain(..count).collect();
            self.send_p2a(self.next_slot, Command::of(&requests), cx);
        }
    }

    /// Of `2f + 1` acceptors `f + 1` have accepted: it is chosen, and the replicas are told.
    pub(super) fn on_p2b<P: Host>(
        &mut self,
        from: NodeId,
        promised: Ballot,
        ballot: Ballot,
        slot: u64,
        truncated: u64,
        cx: &mut Context<'_, P>,
    ) {
        if truncated > slot {
            self.skip_to(truncated, cx);
            return;
        }
        let is_of_this = ballot == self.ballot || !self.config.safety.votes_by_ballot;
        let Some(proposal) = self.log.get_mut(&slot).filter(|_| is_of_this && promised == ballot) else {
            cx.mark(STALE_VOTE, slot);
            return;
        };
        let votes = proposal.votes.add(from);
        if proposal.is_chosen || votes <= self.config.f {
            return;
        }
        proposal.is_chosen = true;
        let command = proposal.command.clone();
        for replica in self.cluster.replicas.iter() {
            tell(*replica, Message::Decide { slot, command: command.clone() }, cx);
        }
        self.advance(cx);
    }

    fn advance<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let knew_the_past = self.knows_the_past();
        while self.log.get(&self.commit).is_some_and(|proposal| proposal.is_chosen) {
            self.commit += 1;
        }
        if self.knows_the_past() && !knew_the_past {
            let waiting: Vec<NodeId> = self.reads.keys().copied().collect();
            waiting.into_iter().for_each(|client| self.begin_read(client, cx));
        }
        self.propose_queued(cx);
    }

    /// All slots before this one are chosen: an acceptor has forgotten them.
    fn skip_to<P: Host>(&mut self, slot: u64, cx: &mut Context<'_, P>) {
        if slot > self.commit {
            self.log = self.log.split_off(&slot);
            self.commit = slot;
            self.next_slot = self.next_slot.max(slot);
            self.truncated = self.truncated.max(slot);
            self.advance(cx);
        }
    }

    fn resend_later<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if !self.is_resending {
            self.is_resending = true;
            cx.set_timer(super::timer(Timer::Resend), self.config.resend_after());
        }
    }

    /// Says again what was open the last time, too.
    pub(super) fn on_resend<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        self.is_resending = false;
        let open = self.log.range(self.commit..self.looked_at.max(self.commit));
        for (slot, proposal) in open.filter(|(_, proposal)| !proposal.is_chosen) {
            let command = &proposal.command;
            let has_voted = |acceptor: &&NodeId| proposal.votes.voters().any(|voter| voter == **acceptor);
            for acceptor in self.cluster.acceptors.iter().filter(|acceptor| !has_voted(acceptor)) {
                let proposal = P2a { ballot: self.ballot, slot: *slot, command: command.clone() };
                tell(*acceptor, Message::P2a(proposal), &mut cx.durably());
            }
        }
        for read in self.reads.values().filter(|read| read.index.is_some()) {
            for acceptor in self.cluster.acceptors.iter() {
                tell(*acceptor, Message::ReadIdx { id: read.request.id }, cx);
            }
        }
        self.looked_at = self.next_slot;
        if self.commit < self.next_slot || !self.reads.is_empty() {
            self.resend_later(cx);
        }
    }

    // ---- those who follow

    pub(super) fn on_send_i_am_leader<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let message = Message::IAmLeader { ballot: self.ballot, commit: self.commit };
        let others = self.cluster.proposers.iter().filter(|proposer| **proposer != cx.me());
        for node in others.chain(self.cluster.replicas.iter()).copied().collect::<Vec<_>>() {
            tell(node, message.clone(), cx);
        }
        self.tell_who_is_behind(cx);
        if self.config.reads == ReadMode::Lease {
            let grants = Votes::new(self.config.safety.counted);
            self.leases.round += 1;
            (self.leases.asked, self.leases.grants) = (cx.now(), grants);
            for acceptor in self.cluster.acceptors.iter() {
                tell(*acceptor, Message::Lease { ballot: self.ballot, round: self.leases.round }, cx);
            }
        }
        cx.set_timer(super::timer(Timer::SendIAmLeader), self.config.i_am_leader_send_timeout);
    }

    /// A replica that has not executed what it was told long ago is told again.
    fn tell_who_is_behind<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        for (replica, progress) in &mut self.replicas {
            let missing = self.log.range(progress.slot_out..progress.owed.max(progress.slot_out));
            for (slot, proposal) in missing.filter(|(_, proposal)| proposal.is_chosen).take(SLOTS_AT_ONCE / 8) {
                tell(*replica, Message::Decide { slot: *slot, command: proposal.command.clone() }, cx);
            }
            progress.owed = self.commit;
        }
    }

    pub(super) fn on_applied<P: Host>(&mut self, from: NodeId, slot_out: u64, snapshot: u64, cx: &mut Context<'_, P>) {
        let Some(progress) = self.replicas.get_mut(&from) else { return };
        // After a crash a replica has executed less than before.
        progress.slot_out = slot_out;
        progress.snapshot = progress.snapshot.max(snapshot);
        let mut snapshots: Vec<u64> = self.replicas.values().map(|progress| progress.snapshot).collect();
        snapshots.sort_unstable_by(|one, other| other.cmp(one));
        let holders = match self.config.safety.truncates_at {
            TruncatesAt::Quorum => self.config.f as usize,
            TruncatesAt::One => 0,
        };
        let upto = snapshots.get(holders).copied().unwrap_or(0).min(self.commit);
        if upto <= self.truncated {
            return;
        }
        self.truncated = upto;
        self.log = self.log.split_off(&upto);
        for acceptor in self.cluster.acceptors.iter() {
            tell(*acceptor, Message::Trunc { upto }, cx);
        }
    }

    /// Commands from a slot on, if they are still there.
    pub(super) fn on_learn<P: Host>(&mut self, from: NodeId, slot: u64, cx: &mut Context<'_, P>) {
        if slot < self.truncated || slot >= self.commit {
            return;
        }
        let chosen = self.log.range(slot..self.commit).take(SLOTS_AT_ONCE);
        let decisions = chosen.map(|(slot, proposal)| (*slot, proposal.command.clone())).collect();
        tell(from, Message::LearnResp { snapshot: None, decisions }, cx);
    }

    // ---- reads

    /// A read that goes by no slot. One that is under way goes on when it is asked for again: were it to begin again, it would never end where
    /// clients are more impatient than messages are quick.
    pub(super) fn on_read<P: Host>(&mut self, request: &Arc<Request>, cx: &mut Context<'_, P>) {
        let client = request.id.client.node;
        if self.reads.get(&client).is_some_and(|read| read.request.id == request.id) {
            return;
        }
        let votes = Votes::new(self.config.safety.counted);
        self.reads.insert(client, Read { request: request.clone(), index: None, votes });
        if self.knows_the_past() {
            self.begin_read(client, cx);
        }
    }

    fn begin_read<P: Host>(&mut self, client: NodeId, cx: &mut Context<'_, P>) {
        let Some(read) = self.reads.get_mut(&client) else { return };
        read.index = Some(self.commit);
        if self.config.reads == ReadMode::Lease {
            if self.leases.until.is_some_and(|until| cx.now() < until) {
                self.end_read(client, cx);
                return;
            }
            cx.mark(NO_LEASE, u64::from(read.request.id.sequence));
        }
        for acceptor in self.cluster.acceptors.iter() {
            tell(*acceptor, Message::ReadIdx { id: read.request.id }, cx);
        }
        self.resend_later(cx);
    }

    /// Enough acceptors follow it still, after the read came: nobody else can have had anything chosen before that.
    pub(super) fn on_read_idx_ack<P: Host>(
        &mut self,
        from: NodeId,
        id: RequestId,
        promised: Ballot,
        cx: &mut Context<'_, P>,
    ) {
        let client = id.client.node;
        let Some(read) = self.reads.get_mut(&client) else { return };
        if read.request.id == id
            && read.index.is_some()
            && promised == self.ballot
            && read.votes.add(from) > self.config.f
        {
            self.end_read(client, cx);
        }
    }

    fn end_read<P: Host>(&mut self, client: NodeId, cx: &mut Context<'_, P>) {
        let Some(Read { request, index: Some(slot), .. }) = self.reads.remove(&client) else { return };
        if let Some(replica) = super::turn_to(&self.cluster.replicas, &mut self.turn) {
            tell(replica, Message::ReadAt { slot, request }, cx);
        }
    }

    /// Trusted for a little less long than it was granted: clocks may differ in speed.
    pub(super) fn on_lease_grant(&mut self, from: NodeId, ballot: Ballot, round: u32) {
        if ballot == self.ballot && round == self.leases.round && self.leases.grants.add(from) > self.config.f {
            let trusted = Span::from_us(self.config.lease.as_us() / 10 * 9);
            self.leases.until = Some(self.leases.asked + trusted);
        }
    }

    /// Its newest slots.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let newest = self.log.iter().rev().take(Glance::SLOTS_MAX);
        let mut slots: Vec<Slot> = newest
            .map(|(slot, proposal)| Slot {
                number: *slot,
                command: proposal.command.to_string(),
                ballot: self.ballot.to_string(),
                state: if proposal.is_chosen { SlotState::Chosen } else { SlotState::Proposed },
            })
            .collect();
        slots.reverse();
        slots
    }
}
