//! The stores of the zoo, step by step: a queue of messages, and nothing between.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use kvs_core::choice::{Purpose, Stream};
use kvs_core::disk::{Disk, Honesty};
use kvs_core::ordering::{self, paxos};
use kvs_core::process::{Context, Effect, Event, EventOf, NodeId, Process};
use kvs_core::server::{Message, Node, Timer};
use kvs_core::time::Time;
use kvs_core::zoo::{Architecture, catalog};

use super::{Store, request};

/// What is said now and then, however many operations there are: it is not counted.
const AT_ALL_TIMES: [&str; 4] = ["IAmLeader", "Applied", "Trunc", "Lease"];

struct Member {
    node: Node,
    disk: Arc<Disk>,
    timers: BTreeSet<Timer>,
}

pub(crate) struct Cluster {
    members: Vec<Member>,
    letters: VecDeque<(NodeId, NodeId, Message)>,
    effects: Vec<Effect<Message, Timer>>,
    luck: Stream,
    /// What each client has asked last.
    asked: BTreeMap<NodeId, u32>,
    /// Whom clients ask.
    entry: NodeId,
    answered: u64,
    messages: [u64; 2],
}

impl Cluster {
    pub(crate) fn paxos(servers: u32, clients: u32) -> Self {
        let f = (servers / 2).to_string();
        let replicas = servers.to_string();
        let options = [("f", &*f), ("replicas", &replicas), ("proposers", &replicas), ("checkpoint-frequency", "1000")];
        Self::new("linearizable", &options, clients, &[("window", "1"), ("batch", "64")])
    }

    pub(crate) fn raft(servers: u32, clients: u32) -> Self {
        let servers = servers.to_string();
        Self::new("raft", &[("replicas", &servers), ("snapshot-every", "1000")], clients, &[("batch", "64")])
    }

    pub(crate) fn rabia(servers: u32, clients: u32) -> Self {
        let servers = servers.to_string();
        Self::new("smr", &[("replicas", &servers), ("snapshot-every", "1000")], clients, &[("batch", "16")])
    }

    pub(crate) fn primary_backup(servers: u32, clients: u32) -> Self {
        let (servers, backups) = (servers.to_string(), (servers - 1).to_string());
        Self::new("primary-backup", &[("replicas", &servers), ("backups", &backups), ("journal", "on")], clients, &[])
    }

    /// A cluster in which somebody leads. With many clients, requests may wait for each other.
    fn new(exhibit: &str, options: &[(&str, &str)], clients: u32, together: &[(&str, &str)]) -> Self {
        let mut architecture = catalog::exhibit(exhibit).expect("it is in the catalogue").architecture();
        architecture.set("clients", "1").expect("one client");
        for (name, value) in options.iter().chain(if clients > 1 { together } else { &[] }) {
            architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
        }
        let mut cluster = Self::of(&architecture);
        for node in architecture.server_ids() {
            cluster.step(node, Event::Boot);
        }
        cluster.deliver();
        // Whoever is the first that would like to lead, does; views are made by pings.
        for _ in 0..20 {
            for node in 0..cluster.members.len() {
                let has_leader = cluster.members.iter().filter_map(|member| member.node.glance()).any(|it| it.leads);
                if has_leader && architecture.raft().is_some() {
                    break;
                }
                let due = cluster.members[node].timers.pop_first();
                if let Some(timer) = due {
                    cluster.step(NodeId(u32::try_from(node).expect("few")), Event::Timer(timer));
                    cluster.deliver();
                }
            }
        }
        let is_asked = |member: &Member| match &member.node {
            Node::Proxy(_) => true,
            Node::Server(_) => member.node.glance().is_some_and(|glance| glance.leads),
            _ => false,
        };
        if let Some(place) = cluster.members.iter().position(is_asked) {
            cluster.entry = NodeId(u32::try_from(place).expect("few"));
        }
        for client in 0..clients {
            let client = NodeId(1_000 + client);
            cluster.asked.insert(client, 0);
            cluster.ask(client);
        }
        cluster
    }

    fn of(architecture: &Architecture) -> Self {
        let mut nodes = architecture.build();
        nodes.truncate(architecture.server_ids().len());
        let disk = || Arc::new(Disk::new(Honesty::Honest));
        let member = |node| Member { node, disk: disk(), timers: BTreeSet::new() };
        Self {
            members: nodes.into_iter().map(member).collect(),
            letters: VecDeque::new(),
            effects: Vec::new(),
            luck: Stream::new(1, Purpose::Workload),
            asked: BTreeMap::new(),
            entry: NodeId(0),
            answered: 0,
            messages: [0; 2],
        }
    }

    fn ask(&mut self, client: NodeId) {
        let sequence = self.asked.get_mut(&client).expect("it is one of them");
        *sequence += 1;
        self.letters.push_back((client, self.entry, Message::Request(request(client, *sequence))));
    }

    fn step(&mut self, to: NodeId, event: EventOf<Node>) {
        let Member { node, disk, timers } = &mut self.members[to.index()];
        let effects = &mut self.effects;
        node.step(event, &mut Context::new(to, 0, Time::ZERO, effects, disk, &mut self.luck));
        // What is written is on the medium at once.
        let last = disk.last_write();
        if disk.durable() != last {
            Arc::make_mut(disk).reach_medium(last);
        }
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Send { to: receiver, message, .. } => self.letters.push_back((to, receiver, message)),
                Effect::SetTimer { timer, .. } => {
                    timers.insert(timer);
                }
                Effect::CancelTimer(timer) => {
                    timers.remove(&timer);
                }
                Effect::Mark { .. } => {}
            }
        }
    }

    fn deliver(&mut self) {
        while !self.letters.is_empty() {
            self.deliver_one();
        }
    }

    fn deliver_one(&mut self) {
        let Some((from, to, message)) = self.letters.pop_front() else {
            // Nothing moves until a timer of the server that was asked runs out: requests wait for more.
            let timer = self.members[self.entry.index()].timers.pop_first().expect("something is waited for");
            self.step(self.entry, Event::Timer(timer));
            return;
        };
        let count = self.members.len();
        if !AT_ALL_TIMES.contains(&message.kind()) {
            self.messages[usize::from(from.index() >= count || to.index() >= count)] += 1;
        }
        if to.index() < count {
            self.step(to, Event::Receive { from, message });
        } else if let Message::Response(response) = message
            && self.asked.get(&to) == Some(&response.id.sequence)
        {
            self.answered += 1;
            self.ask(to);
        }
    }
}

impl Store for Cluster {
    fn commit(&mut self, operations: u64) {
        // A leader speaks now and then; so acceptors learn what they may forget.
        for place in 0..self.members.len() {
            let timer = Timer::Ordering(ordering::Timer::Paxos(paxos::Timer::SendIAmLeader));
            if self.members[place].timers.remove(&timer) {
                self.step(NodeId(u32::try_from(place).expect("few")), Event::Timer(timer));
            }
        }
        let until = self.answered + operations;
        while self.answered < until {
            self.deliver_one();
        }
    }

    fn messages(&self) -> [u64; 2] {
        self.messages
    }
}
