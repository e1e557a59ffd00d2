use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Ballot, Cluster, Message, PaxosConfig, Timer, tell};
use crate::op::RequestId;
use crate::ordering::{Glance, Host, ReadMode};
use crate::process::{Context, Event, NodeId};
use crate::quorum::Votes;
use crate::request::{Request, Response};

/// A request that nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Pending {
    request: Arc<Request>,
    /// With [`ReadMode::Quorum`]: which acceptors have said how far they have come, and how far the most advanced has.
    asked: Votes,
    next: u64,
}

/// Takes requests of clients, finds out who leads, and passes the first answer back. It keeps nothing that has to survive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proxy {
    #[serde(skip)]
    config: Arc<PaxosConfig>,
    #[serde(skip)]
    cluster: Arc<Cluster>,
    /// By client: each asks one thing at a time.
    pending: BTreeMap<NodeId, Pending>,
    /// The highest ballot that it knows of: whose it is, leads, as far as it knows.
    leader: Ballot,
    /// How many proposers further on it looks, since that one has not answered.
    turn: u32,
    /// How often it has looked further on: whoever knows of no newer leader does not make it begin again.
    tries: u32,
    /// Which replica answers the next read that goes by no leader.
    reader: u32,
}

impl Proxy {
    /// A proxy that has not booted.
    pub fn new(config: Arc<PaxosConfig>, cluster: Arc<Cluster>) -> Self {
        Self { config, cluster, pending: BTreeMap::new(), leader: Ballot::default(), turn: 0, tries: 0, reader: 0 }
    }

    /// Handles an event.
    pub fn step<P: Host>(&mut self, event: Event<Message, Timer>, cx: &mut Context<'_, P>) {
        match event {
            Event::Timer(Timer::ProxyRetry) => self.on_retry(cx),
            Event::Receive { from, message } => match message {
                // A replica was asked directly.
                Message::Propose { request } => self.on_request(&request, cx),
                Message::NotLeader { id, ballot } => self.on_not_leader(from, id, ballot, cx),
                Message::ReadIdxAck { id, next, .. } => self.on_read_idx_ack(from, id, next, cx),
                // Said to others.
                _ => {}
            },
            Event::Boot | Event::Timer(_) => {}
        }
    }

    /// A client asks. What it asked before it does not wait for any more.
    pub fn on_request<P: Host>(&mut self, request: &Arc<Request>, cx: &mut Context<'_, P>) {
        let client = request.id.client.node;
        let is_older = |pending: &Pending| pending.request.id >= request.id;
        if self.pending.get(&client).is_some_and(is_older) {
            // It is under way, and is passed on again when it is time.
            return;
        }
        if self.pending.is_empty() {
            cx.set_timer(super::timer(Timer::ProxyRetry), self.config.i_am_leader_check_timeout);
        }
        let asked = Votes::new(self.config.safety.counted);
        self.pending.insert(client, Pending { request: request.clone(), asked, next: 0 });
        self.pass_on(client, cx);
    }

    fn pass_on<P: Host>(&mut self, client: NodeId, cx: &mut Context<'_, P>) {
        let Some(Pending { request, .. }) = self.pending.get(&client) else { return };
        let request = request.clone();
        match (request.op.is_write(), self.config.reads) {
            (false, ReadMode::Quorum) => {
                for acceptor in self.cluster.acceptors.iter() {
                    tell(*acceptor, Message::ReadIdx { id: request.id }, cx);
                }
            }
            (false, ReadMode::Local) => {
                if let Some(replica) = super::turn_to(&self.cluster.replicas, &mut self.reader) {
                    tell(replica, Message::ReadAt { slot: 0, request }, cx);
                }
            }
            (true, _) | (false, ReadMode::Log | ReadMode::ReadIndex | ReadMode::Lease) => {
                tell(self.target(), Message::Propose { request }, cx);
            }
        }
    }

    /// The proposer that it takes for the leader; after a silence, the next one.
    fn target(&self) -> NodeId {
        let proposers = &self.cluster.proposers;
        let place = self.leader.proposer_id.saturating_sub(1).wrapping_add(self.turn) as usize;
        proposers[place % proposers.len()]
    }

    /// A proposer does not lead, and says who does, as far as it knows.
    fn on_not_leader<P: Host>(&mut self, from: NodeId, id: RequestId, ballot: Ballot, cx: &mut Context<'_, P>) {
        if ballot < self.leader {
            return;
        }
        (self.leader, self.turn) = (ballot, 0);
        let client = id.client.node;
        let waits = self.pending.get(&client).is_some_and(|pending| pending.request.id == id);
        // If that is the one who says so, it is time that will tell.
        if waits && ballot != Ballot::default() && self.target() != from {
            self.pass_on(client, cx);
        }
    }

    fn on_retry<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if self.pending.is_empty() {
            return;
        }
        let all_asked = |tries: u32| (tries as usize).is_multiple_of(self.cluster.proposers.len());
        self.tries = self.tries.wrapping_add(1);
        if self.turn == 0 && all_asked(self.tries) {
            // The one that is taken for the leader was asked just now: somebody has pointed at it.
            self.tries = self.tries.wrapping_add(1);
        }
        self.turn = self.tries;
        for client in self.pending.keys().copied().collect::<Vec<_>>() {
            self.pass_on(client, cx);
        }
        cx.set_timer(super::timer(Timer::ProxyRetry), self.config.i_am_leader_check_timeout);
    }

    /// Any `f + 1` acceptors share one with those that have accepted what was chosen before the read began. A replica that has executed
    /// all that they have accepted has executed that. Charapko, Ailijiang and Demirbas 2019.
    fn on_read_idx_ack<P: Host>(&mut self, from: NodeId, id: RequestId, next: u64, cx: &mut Context<'_, P>) {
        let is_it = |pending: &&mut Pending| pending.request.id == id;
        let Some(pending) = self.pending.get_mut(&id.client.node).filter(is_it) else { return };
        pending.next = pending.next.max(next);
        if pending.asked.add(from) == self.config.f + 1
            && let Some(replica) = super::turn_to(&self.cluster.replicas, &mut self.reader)
        {
            let read = Message::ReadAt { slot: pending.next, request: pending.request.clone() };
            tell(replica, read, cx);
            pending.asked = Votes::new(self.config.safety.counted);
            pending.next = 0;
        }
    }

    /// A replica answers. To whom that goes; None if nobody waits for it any more.
    pub fn on_response(&mut self, response: &Response) -> Option<NodeId> {
        let client = response.id.client.node;
        let waits = self.pending.get(&client).is_some_and(|pending| pending.request.id == response.id);
        waits.then(|| self.pending.remove(&client)).map(|_| client)
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        Glance { role: "proxy", leads: false, ballot: super::shown(self.leader), slots: Vec::new() }
    }
}
