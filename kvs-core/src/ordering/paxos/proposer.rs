use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::leader::Leader;
use super::{Adopts, Ballot, Cluster, LogValue, Message, PaxosConfig, Reproposes, Timer, shown, tell};
use crate::ordering::{Command, Glance, Host, ReadMode};
use crate::process::{Context, Event, Mark, NodeId};
use crate::quorum::Votes;
use crate::request::Request;
use crate::storage::journal::Journal;
use crate::time::Span;

/// A proposer leads.
pub const LEADS: Mark = Mark("leads: enough acceptors follow it");
/// A proposer has heard of a higher ballot than its own.
pub const STEPPED_DOWN: Mark = Mark("steps down: there is a higher ballot");

/// How often the random part of a wait may double.
const DOUBLINGS_MAX: u32 = 3;

/// What it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Phase {
    /// Nothing, as long as somebody leads.
    Follower,
    /// It would like to lead.
    Prepare(Prepare),
    /// It leads.
    Lead(Box<Leader>),
}

/// What acceptors have said to a proposer that would like to lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Prepare {
    /// What came before this slot need not be said.
    from: u64,
    promises: BTreeMap<NodeId, Promise>,
    votes: Votes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Promise {
    accepted: Arc<[(u64, LogValue)]>,
    truncated: u64,
}

/// Puts requests in order while it leads, and sees to it that somebody does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposer {
    #[serde(skip)]
    config: Arc<PaxosConfig>,
    #[serde(skip)]
    cluster: Arc<Cluster>,
    /// Its place among the proposers, from 1.
    proposer_id: u32,
    // On disk: the number of its last ballot, so that it never goes by one twice.
    max_num: u32,
    journal: Journal<u32, ()>,
    // In memory.
    /// Its last ballot.
    ballot: Ballot,
    /// The highest that it knows of.
    seen: Ballot,
    phase: Phase,
    /// Whether somebody has said that it leads since this was last looked at.
    has_heard: bool,
    /// How often it has lost since somebody led.
    attempts: u32,
    /// What came before this slot is in snapshots.
    truncated: u64,
}

impl Proposer {
    /// A proposer that has not booted, at this place among the proposers, from 1.
    pub fn new(config: Arc<PaxosConfig>, cluster: Arc<Cluster>, proposer_id: u32) -> Self {
        Self {
            config,
            cluster,
            proposer_id,
            max_num: 0,
            journal: Journal::default(),
            ballot: Ballot::default(),
            seen: Ballot::default(),
            phase: Phase::Follower,
            has_heard: false,
            attempts: 0,
            truncated: 0,
        }
    }

    /// Handles an event.
    #[inline(never)]
    pub fn step<P: Host>(&mut self, event: Event<Message, Timer>, cx: &mut Context<'_, P>) {
        match event {
            Event::Boot => self.on_boot(cx),
            Event::Timer(Timer::CheckIAmLeader) => self.on_check(cx),
            Event::Timer(Timer::SendIAmLeader) => self.lead(cx, Leader::on_send_i_am_leader),
            Event::Timer(Timer::Resend) => self.on_resend(cx),
            Event::Timer(_) => {}
            Event::Receive { from, message } => self.on_message(from, message, cx),
        }
    }

    fn on_message<P: Host>(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, P>) {
        match message {
            Message::Propose { request } => self.on_propose(from, &request, cx),
            Message::P1b { promised, ballot, accepted, truncated } => {
                self.on_p1b(from, promised, ballot, Promise { accepted, truncated }, cx);
            }
            Message::P2b { promised, ballot, slot, truncated } => {
                self.see(promised, cx);
                self.lead(cx, |leader, cx| leader.on_p2b(from, promised, ballot, slot, truncated, cx));
            }
            Message::IAmLeader { ballot, .. } => self.on_i_am_leader(ballot, cx),
            Message::Applied { slot_out, snapshot } => {
                self.lead(cx, |leader, cx| leader.on_applied(from, slot_out, snapshot, cx));
            }
            Message::Learn { from: slot } => self.lead(cx, |leader, cx| leader.on_learn(from, slot, cx)),
            Message::ReadIdxAck { id, promised, .. } => {
                self.see(promised, cx);
                self.lead(cx, |leader, cx| leader.on_read_idx_ack(from, id, promised, cx));
            }
            Message::LeaseGrant { ballot, round } => {
                self.lead(cx, |leader, _| leader.on_lease_grant(from, ballot, round));
            }
            // Said to others.
            _ => {}
        }
    }

    /// The first proposer of a new store begins at once; all others wait and see.
    fn on_boot<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if self.config.safety.ballots_persist {
            let (journal, recovered) = Journal::recover(cx.disk());
            self.journal = journal;
            self.max_num = recovered.map_or(0, |(max_num, _)| max_num);
            self.journal.checkpoint(cx.disk(), &self.max_num);
        }
        if self.proposer_id == 1 && cx.incarnation() == 0 {
            self.start_election(cx);
        } else {
            self.wait(cx);
        }
    }

    fn wait<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        const PARTS: u32 = 16;
        self.has_heard = false;
        let usual = self.config.i_am_leader_check_timeout;
        let part = usual.as_us() * u64::from(cx.choose(PARTS)) / u64::from(PARTS);
        let random = Span::from_us(part << self.attempts.min(DOUBLINGS_MAX));
        cx.set_timer(super::timer(Timer::CheckIAmLeader), usual + self.config.stagger(self.proposer_id) + random);
    }

    /// If nobody has said that it leads, this would like to.
    fn on_check<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if !matches!(self.phase, Phase::Follower) {
            return;
        }
        if self.has_heard {
            self.attempts = 0;
            self.wait(cx);
        } else {
            self.start_election(cx);
        }
    }

    // ---- phase 1

    fn start_election<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        self.max_num = self.max_num.max(self.seen.num).saturating_add(1);
        if self.config.safety.ballots_persist {
            self.journal.checkpoint(cx.disk(), &self.max_num);
        }
        self.ballot = Ballot { num: self.max_num, proposer_id: self.proposer_id };
        self.seen = self.seen.max(self.ballot);
        let votes = Votes::new(self.config.safety.counted);
        self.phase = Phase::Prepare(Prepare { from: self.truncated, promises: BTreeMap::new(), votes });
        cx.cancel_timer(super::timer(Timer::CheckIAmLeader));
        self.send_p1a(cx);
    }

    /// Asks the acceptors that have not answered.
    fn send_p1a<P: Host>(&self, cx: &mut Context<'_, P>) {
        let Phase::Prepare(prepare) = &self.phase else { return };
        for acceptor in self.cluster.acceptors.iter().filter(|node| !prepare.promises.contains_key(node)) {
            tell(*acceptor, Message::P1a { ballot: self.ballot, from: prepare.from }, &mut cx.durably());
        }
        cx.set_timer(super::timer(Timer::Resend), self.config.resend_after());
    }

    fn on_p1b<P: Host>(
        &mut self,
        from: NodeId,
        promised: Ballot,
        ballot: Ballot,
        promise: Promise,
        cx: &mut Context<'_, P>,
    ) {
        self.see(promised, cx);
        let Phase::Prepare(prepare) = &mut self.phase else { return };
        if ballot != self.ballot || promised != self.ballot {
            return;
        }
        prepare.promises.insert(from, promise);
        if prepare.votes.add(from) > self.config.f {
            self.become_leader(cx);
        }
    }

    /// Whatever may have been chosen is proposed again, under the ballot of this one; then come new requests.
    fn become_leader<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let Phase::Prepare(Prepare { from, promises, .. }) = core::mem::replace(&mut self.phase, Phase::Follower)
        else {
            return;
        };
        cx.mark(LEADS, u64::from(self.ballot.num));
        let first = promises.values().map(|promise| promise.truncated).max().unwrap_or(0).max(from);
        let reported = promises.values().flat_map(|promise| promise.accepted.iter().map(|(slot, _)| slot + 1));
        let next = reported.max().unwrap_or(0).max(first);
        let mut leader = Box::new(Leader::new(self.config.clone(), self.cluster.clone(), self.ballot, first));
        for slot in first..next {
            match self.adopted(slot, &promises) {
                Some(command) => leader.propose(slot, command, cx),
                None => leader.leave_out(slot),
            }
        }
        leader.propose_own(cx);
        leader.on_send_i_am_leader(cx);
        self.attempts = 0;
        self.phase = Phase::Lead(leader);
    }

    /// What to propose for a slot: if something may have been chosen, that; otherwise nothing is to happen there.
    fn adopted(&self, slot: u64, promises: &BTreeMap<NodeId, Promise>) -> Option<Command> {
        let safety = &self.config.safety;
        let of_slot = |promise: &'_ Promise| {
            let place = promise.accepted.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
            Some(promise.accepted[place].1.clone())
        };
        let reported: Vec<LogValue> = promises.values().filter_map(of_slot).collect();
        let alike = |value: &LogValue| reported.iter().filter(|other| other.value == value.value).count();
        let looks_chosen = reported.iter().any(|value| alike(value) > self.config.f as usize);
        if safety.reproposes == Reproposes::WhatLooksOpen && looks_chosen {
            return None;
        }
        let adopted = match safety.adopts {
            Adopts::HighestBallot => reported.into_iter().max_by_key(|value| value.ballot),
            Adopts::Any => reported.into_iter().next(),
        };
        adopted.map(|value| value.value).or_else(|| safety.fills_holes.then_some(Command::Noop))
    }

    // ---- leading

    /// Hands something to the leader in it, if it leads.
    fn lead<P: Host>(&mut self, cx: &mut Context<'_, P>, act: impl FnOnce(&mut Leader, &mut Context<'_, P>)) {
        if let Phase::Lead(leader) = &mut self.phase {
            act(leader, cx);
            self.truncated = self.truncated.max(leader.truncated());
        }
    }

    fn on_propose<P: Host>(&mut self, from: NodeId, request: &Arc<Request>, cx: &mut Context<'_, P>) {
        match &mut self.phase {
            Phase::Lead(leader) => {
                let goes_by_log = request.op.is_write() || self.config.reads == ReadMode::Log;
                if goes_by_log { leader.on_request(request, cx) } else { leader.on_read(request, cx) }
            }
            Phase::Follower | Phase::Prepare(_) => {
                tell(from, Message::NotLeader { id: request.id, ballot: self.seen }, cx);
            }
        }
    }

    fn on_resend<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        match &mut self.phase {
            Phase::Follower => {}
            Phase::Prepare(_) => self.send_p1a(cx),
            Phase::Lead(leader) => leader.on_resend(cx),
        }
    }

    // ---- others

    fn on_i_am_leader<P: Host>(&mut self, ballot: Ballot, cx: &mut Context<'_, P>) {
        self.see(ballot, cx);
        self.has_heard |= ballot >= self.seen;
    }

    /// Whoever hears of a ballot that is higher than its own does not lead any more, and lets the other try.
    fn see<P: Host>(&mut self, ballot: Ballot, cx: &mut Context<'_, P>) {
        self.seen = self.seen.max(ballot);
        if ballot <= self.ballot || matches!(self.phase, Phase::Follower) {
            return;
        }
        cx.mark(STEPPED_DOWN, u64::from(ballot.num));
        self.attempts = self.attempts.saturating_add(u32::from(matches!(self.phase, Phase::Prepare(_))));
        self.phase = Phase::Follower;
        cx.cancel_timer(super::timer(Timer::SendIAmLeader));
        cx.cancel_timer(super::timer(Timer::Resend));
        if self.config.backoff {
            self.wait(cx);
        } else {
            self.start_election(cx);
        }
    }

    /// The leader in it, while it leads.
    pub fn leader(&self) -> Option<&Leader> {
        match &self.phase {
            Phase::Lead(leader) => Some(leader),
            Phase::Follower | Phase::Prepare(_) => None,
        }
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let (role, ballot) = match &self.phase {
            Phase::Follower => ("follower", self.seen),
            Phase::Prepare(_) => ("candidate", self.ballot),
            Phase::Lead(_) => ("leader", self.ballot),
        };
        let slots = self.leader().map(Leader::slots).unwrap_or_default();
        Glance { role, leads: self.leader().is_some(), ballot: shown(ballot), slots }
    }
}
