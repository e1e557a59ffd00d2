//! Two proposers and three acceptors: their own step functions, with every order of messages between them.
//!
//! The world begins where L1 leads by ballot 1.1: slot 0 is history, and in slot 1 it proposes a request of C1. Whatever is said to replicas
//! and to the proxy is looked at, and goes no further. A message may stay on its way for ever: so none needs to be lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use kvs_core::choice::Choose;
use kvs_core::disk::{CrashFate, Disk, Honesty};
use kvs_core::explore::exhaustive::{Space, fingerprint_of};
use kvs_core::ordering::paxos::{
    Acceptor, Adopts, Ballot, Cluster, Message, P2a, PaxosConfig, Proposer, Safety, Timer,
};
use kvs_core::ordering::{self, Command};
use kvs_core::process::{Context, Effect, Event, EventOf, NodeId, Process};
use kvs_core::time::Time;

use super::Core;
use super::names::{Mentions, mentions};

/// Who can take steps here.
#[derive(Clone)]
enum Part {
    Proposer(Proposer),
    Acceptor(Acceptor),
}

impl Process for Part {
    type Message = ordering::Message;
    type Timer = ordering::Timer;

    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>) {
        let event = match event {
            Event::Boot => Event::Boot,
            Event::Timer(ordering::Timer::Paxos(timer)) => Event::Timer(timer),
            Event::Receive { from, message: ordering::Message::Paxos(message) } => Event::Receive { from, message },
            Event::Timer(_) | Event::Receive { .. } => return,
        };
        match self {
            Self::Proposer(proposer) => proposer.step(event, cx),
            Self::Acceptor(acceptor) => acceptor.step(event, cx),
        }
    }
}

/// A part and its disk.
struct Member {
    part: Part,
    disk: Arc<Disk>,
    lives: u32,
    fingerprint: u128,
    /// What a proposer knows of each acceptor, and what it is but for that.
    mentions: Mentions,
}

struct Letter {
    from: NodeId,
    to: NodeId,
    message: Message,
    fingerprint: u128,
    /// But for the name of the acceptor.
    nameless: u128,
}

/// What may still happen besides deliveries.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// How often each proposer may find that nobody leads.
    pub(crate) elections: [u8; 2],
    /// How many messages may come twice.
    pub(crate) duplicates: u8,
    /// How often an acceptor may crash and restart.
    pub(crate) crashes: u8,
}

/// What everybody together has said.
#[derive(Clone, Default, serde::Serialize)]
struct Seen {
    proposed: BTreeMap<(u64, Ballot), Command>,
    accepted: BTreeMap<(u64, Ballot), BTreeSet<NodeId>>,
    decided: BTreeMap<u64, Command>,
}

/// All of them at some point.
#[derive(Clone)]
pub(crate) struct Agreeing {
    config: Arc<PaxosConfig>,
    cluster: Arc<Cluster>,
    members: BTreeMap<NodeId, Arc<Member>>,
    letters: Vec<Arc<Letter>>,
    left: Left,
    /// Whether proposers hear of votes. Where they do not, nobody learns what is chosen, but chosen it is.
    votes_come_back: bool,
    /// Whether states that differ only in the names of acceptors are two.
    names_matter: bool,
    seen: Arc<Seen>,
    broken: Option<&'static str>,
    fingerprint: u128,
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Deliver(u128),
    Duplicate(u128),
    Elect(NodeId),
    Crash(NodeId),
}

struct First;

impl Choose for First {
    fn choose(&mut self, _bound: u32) -> u32 {
        0
    }
}

impl Agreeing {
    /// L1 leads, and what it proposes for slot 1 is on its way to all acceptors.
    pub(crate) fn while_l1_leads(safety: Safety, left: Left) -> Self {
        // Whoever adopts any command adopts that of the acceptor with the lowest number.
        let names_matter = safety.adopts == Adopts::Any;
        let config = Arc::new(PaxosConfig { replicas: 2, proposers: 2, safety, ..PaxosConfig::default() });
        let cluster = Arc::new(Cluster::new(&config));
        let mut all = Self {
            config,
            cluster: cluster.clone(),
            members: BTreeMap::new(),
            letters: Vec::new(),
            left,
            votes_come_back: true,
            names_matter,
            seen: Arc::default(),
            broken: None,
            fingerprint: 0,
        };
        for node in cluster.acceptors.iter().chain(&*cluster.proposers) {
            all.boot(*node, Arc::new(Disk::new(Honesty::Honest)), 0);
        }
        all.deliver_all();
        // Slot 0 is in the snapshots of both replicas: acceptors need not keep it.
        let l1 = cluster.proposers[0];
        for replica in cluster.replicas.iter() {
            all.hear(l1, *replica, Message::Applied { slot_out: 1, snapshot: 1 });
        }
        all.deliver_all();
        let Command::Op(request) = super::rabia::command(9) else { unreachable!("one request") };
        all.hear(l1, cluster.proxy, Message::Propose { request });
        all.seal()
    }

    /// Only A1 has heard L1's proposal, and its vote is on its way; or votes do not come back, neither this one nor later ones. L1 has
    /// crashed, and is here again.
    pub(crate) fn after_l1_has_crashed(safety: Safety, left: Left, votes_come_back: bool) -> Self {
        let mut all = Self { votes_come_back, ..Self::while_l1_leads(safety, left) };
        let (l1, a1) = (all.cluster.proposers[0], all.cluster.acceptors[0]);
        let proposals = std::mem::take(&mut all.letters);
        let to_a1 = proposals.into_iter().find(|letter| letter.to == a1).expect("it is on its way");
        all.hear(a1, l1, to_a1.message.clone());
        all.restart(l1);
        all.seal()
    }

    /// It is ready to be compared with others.
    fn seal(mut self) -> Self {
        let Left { elections, duplicates, crashes } = self.left;
        let left = (elections, duplicates, crashes);
        self.fingerprint = if self.names_matter {
            let members: Vec<u128> = self.members.values().map(|member| member.fingerprint).collect();
            let letters: Vec<u128> = self.letters.iter().map(|letter| letter.fingerprint).collect();
            fingerprint_of(&(members, letters, &*self.seen, left, self.broken))
        } else {
            let proposers = || self.cluster.proposers.iter().map(|node| &self.members[node]);
            let mut acceptors: Vec<u128> = self.cluster.acceptors.iter().map(|node| self.all_about(*node)).collect();
            acceptors.sort_unstable();
            let proposers: Vec<u128> = proposers().map(|proposer| proposer.mentions.rest).collect();
            fingerprint_of(&(acceptors, proposers, &self.seen.proposed, &self.seen.decided, left, self.broken))
        };
        self
    }

    /// Everything in which an acceptor is named, but for its name. No fact names two of them, so that these, and what names none, are the whole state.
    fn all_about(&self, acceptor: NodeId) -> u128 {
        let known: Vec<u128> =
            self.cluster.proposers.iter().map(|node| self.members[node].mentions.of(acceptor)).collect();
        let letters = self.letters.iter().filter(|letter| letter.from == acceptor || letter.to == acceptor);
        let mut letters: Vec<u128> = letters.map(|letter| letter.nameless).collect();
        letters.sort_unstable();
        let votes = self.seen.accepted.iter().filter(|(_, voters)| voters.contains(&acceptor)).map(|(of, _)| of);
        fingerprint_of(&(self.members[&acceptor].fingerprint, known, letters, votes.collect::<Vec<_>>()))
    }

    /// The same, but no proposer ever hears of a vote.
    pub(crate) fn without_votes(self) -> Self {
        Self { votes_come_back: false, ..self }.seal()
    }

    fn boot(&mut self, node: NodeId, disk: Arc<Disk>, lives: u32) {
        let place = |nodes: &[NodeId]| nodes.iter().position(|other| *other == node);
        let part = match place(&self.cluster.proposers) {
            Some(place) => {
                let proposer_id = u32::try_from(place).expect("few") + 1;
                Part::Proposer(Proposer::new(self.config.clone(), self.cluster.clone(), proposer_id))
            }
            None => Part::Acceptor(Acceptor::new(self.config.clone())),
        };
        let mentions = Mentions::default();
        self.members.insert(node, Arc::new(Member { part, disk, lives, fingerprint: 0, mentions }));
        self.step(node, Event::Boot);
    }

    /// Everything was on the medium: only memory is lost.
    fn restart(&mut self, node: NodeId) {
        let member = self.members[&node].clone();
        let mut disk = member.disk.clone();
        Arc::make_mut(&mut disk).crash(CrashFate::Dropped, &mut First);
        self.boot(node, disk, member.lives + 1);
    }

    fn hear(&mut self, node: NodeId, from: NodeId, message: Message) {
        self.step(node, Event::Receive { from, message: ordering::Message::Paxos(message) });
    }

    fn step(&mut self, node: NodeId, event: EventOf<Part>) {
        let member = &self.members[&node];
        let (mut part, mut disk, lives) = (member.part.clone(), member.disk.clone(), member.lives);
        let mut effects = Vec::new();
        part.step(event, &mut Context::new(node, lives, Time::ZERO, &mut effects, &mut disk, &mut First));
        // Disks take no time here.
        if disk.durable() != disk.last_write() {
            let last = disk.last_write();
            Arc::make_mut(&mut disk).reach_medium(last);
        }
        let (fingerprint, mentions) = match &part {
            Part::Proposer(proposer) => (fingerprint_of(&(proposer, lives)), mentions(&(proposer, lives))),
            Part::Acceptor(acceptor) => (fingerprint_of(&(acceptor, lives)), Mentions::default()),
        };
        self.members.insert(node, Arc::new(Member { part, disk, lives, fingerprint, mentions }));
        for effect in effects {
            if let Effect::Send { to, message: ordering::Message::Paxos(message), .. } = effect {
                self.look_at(node, &message);
                let is_lost = match &message {
                    // Who leads is heard from acceptors only.
                    Message::IAmLeader { .. } => true,
                    Message::P2b { .. } => !self.votes_come_back,
                    _ => !self.members.contains_key(&to),
                };
                if !is_lost {
                    let fingerprint = fingerprint_of(&(node, to, &message));
                    let is_proposer = |node: &NodeId| self.cluster.proposers.contains(node);
                    let proposers = [node, to].map(|end| Some(end).filter(is_proposer));
                    let nameless = fingerprint_of(&(proposers, &message));
                    self.letters.push(Arc::new(Letter { from: node, to, message, fingerprint, nameless }));
                }
            }
        }
        self.letters.sort_by_key(|letter| letter.fingerprint);
    }

    fn deliver_all(&mut self) {
        let mut letters = VecDeque::from(std::mem::take(&mut self.letters));
        while let Some(letter) = letters.pop_front() {
            self.hear(letter.to, letter.from, letter.message.clone());
            letters.extend(std::mem::take(&mut self.letters));
        }
    }

    /// What must never be said: two commands by one ballot, something else than what is chosen, a decision that no majority has made.
    fn look_at(&mut self, from: NodeId, message: &Message) {
        let seen = match message {
            Message::P2a(_) | Message::P2b { .. } | Message::Decide { .. } => Arc::make_mut(&mut self.seen),
            _ => return,
        };
        let mut breaks = |is_broken: bool, what| {
            if is_broken {
                self.broken.get_or_insert(what);
            }
        };
        match message {
            Message::P2a(P2a { ballot, slot, command }) => {
                let known = seen.proposed.entry((*slot, *ballot)).or_insert_with(|| command.clone());
                breaks(known != command, "two commands by one ballot");
            }
            Message::P2b { promised, ballot, slot, truncated } if promised == ballot && slot >= truncated => {
                seen.accepted.entry((*slot, *ballot)).or_default().insert(from);
            }
            Message::Decide { slot, command } => {
                let known = seen.decided.entry(*slot).or_insert_with(|| command.clone());
                breaks(known != command, "two decisions for one slot");
                let is_chosen = seen.chosen().any(|(of, _, chosen)| of == *slot && chosen == command);
                breaks(!is_chosen, "decided, and not chosen");
            }
            _ => {}
        }
        let is_otherwise = seen.chosen().any(|(slot, ballot, command)| {
            let later = seen.proposed.range((slot, ballot)..).take_while(|((of, _), _)| *of == slot);
            later.into_iter().any(|(_, other)| other != command)
        });
        breaks(is_otherwise, "something else than what is chosen");
    }
}

impl Seen {
    /// What two of the three acceptors have accepted by one ballot.
    fn chosen(&self) -> impl Iterator<Item = (u64, Ballot, &Command)> {
        let by_majority = self.accepted.iter().filter(|(_, voters)| voters.len() >= 2);
        by_majority.map(|((slot, ballot), _)| (*slot, *ballot, &self.proposed[&(*slot, *ballot)]))
    }
}

impl Space for Agreeing {
    type Choice = Choice;

    fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for letter in &self.letters {
            if choices.last() != Some(&Choice::Deliver(letter.fingerprint)) {
                choices.push(Choice::Deliver(letter.fingerprint));
            }
        }
        if self.left.duplicates > 0 {
            choices.extend(self.letters.iter().map(|letter| Choice::Duplicate(letter.fingerprint)));
        }
        for (node, left) in self.cluster.proposers.iter().zip(self.left.elections) {
            if let Part::Proposer(proposer) = &self.members[node].part
                && left > 0
                && proposer.glance().role == "follower"
            {
                choices.push(Choice::Elect(*node));
            }
        }
        if self.left.crashes > 0 {
            choices.extend(self.cluster.acceptors.iter().map(|node| Choice::Crash(*node)));
        }
        choices
    }

    fn after(&self, choice: &Choice) -> Self {
        let mut next = self.clone();
        match choice {
            Choice::Deliver(letter) | Choice::Duplicate(letter) => {
                let Some(place) = next.letters.iter().position(|other| other.fingerprint == *letter) else {
                    return next;
                };
                let letter = next.letters[place].clone();
                if matches!(choice, Choice::Deliver(_)) {
                    next.letters.remove(place);
                } else {
                    next.left.duplicates -= 1;
                }
                let before = next.members[&letter.to].fingerprint;
                next.hear(letter.to, letter.from, letter.message.clone());
                // What changes nothing may as well stay on its way.
                let is_unchanged = next.members[&letter.to].fingerprint == before;
                if is_unchanged && next.letters.len() < self.letters.len() && next.broken == self.broken {
                    return self.clone();
                }
            }
            Choice::Elect(node) => {
                let place = self.cluster.proposers.iter().position(|other| other == node);
                next.left.elections[place.expect("it is a proposer")] -= 1;
                next.step(*node, Event::Timer(ordering::Timer::Paxos(Timer::CheckIAmLeader)));
            }
            Choice::Crash(node) => {
                next.left.crashes -= 1;
                next.restart(*node);
            }
        }
        next.seal()
    }
}

impl Core for Agreeing {
    fn broken(&self) -> Option<&'static str> {
        self.broken
    }
}
