//! Who takes steps here, each with its disk.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use kvs_core::choice::Choose;
use kvs_core::disk::{CrashFate, Disk, Honesty};
use kvs_core::explore::exhaustive::fingerprint_of;
use kvs_core::ordering;
use kvs_core::ordering::paxos::{Acceptor, Ballot, Cluster, Message, P2a, PaxosConfig, Proposer, Timer};
use kvs_core::process::{Context, Effect, Event, EventOf, NodeId, Process};
use kvs_core::time::Time;

use super::names::{Mentions, mentions};

#[derive(Clone)]
enum Part {
    Proposer(Box<Proposer>),
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
pub(super) struct Member {
    part: Part,
    disk: Arc<Disk>,
    lives: u32,
    pub(super) fingerprint: u128,
    /// What a proposer knows of each acceptor, and what it is but for that.
    pub(super) mentions: Mentions,
    /// What a proposer does.
    pub(super) role: &'static str,
    /// Which ballot an acceptor follows.
    pub(super) promised: Ballot,
}

impl Member {
    fn new(part: Part, disk: Arc<Disk>, lives: u32) -> Self {
        let (fingerprint, mentions, role, promised) = match &part {
            Part::Proposer(proposer) => {
                let state = (proposer, lives);
                (fingerprint_of(&state), mentions(&state), proposer.glance().role, Ballot::default())
            }
            Part::Acceptor(acceptor) => {
                (fingerprint_of(&remembered(acceptor)), Mentions::default(), "acceptor", acceptor.promised())
            }
        };
        Self { part, disk, lives, fingerprint, mentions, role, promised }
    }
}

/// How its journal came to hold that does not matter: an acceptor that restarts knows this and no more. (Nobody asks for leases here.)
fn remembered(acceptor: &Acceptor) -> impl serde::Serialize {
    let accepted: Vec<_> = acceptor.accepted().map(|(slot, value)| (slot, value.clone())).collect();
    (acceptor.promised(), accepted, acceptor.truncated())
}

/// A message on its way.
pub(super) struct Letter {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) message: Message,
    pub(super) kind: Kind,
    pub(super) fingerprint: u128,
    /// But for the name of the acceptor.
    pub(super) nameless: u128,
}

/// What a message is good for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An acceptor is asked to follow this ballot, or to accept something by it.
    Asks(Ballot),
    /// It follows.
    Promise,
    /// It has accepted something.
    Vote,
    /// It follows a higher ballot.
    Refusal,
    Other,
}

impl Kind {
    fn of(message: &Message) -> Self {
        match message {
            Message::P1a { ballot, .. } | Message::P2a(P2a { ballot, .. }) => Self::Asks(*ballot),
            Message::P1b { promised, ballot, .. } | Message::P2b { promised, ballot, .. } if promised != ballot => {
                Self::Refusal
            }
            Message::P1b { .. } => Self::Promise,
            Message::P2b { .. } => Self::Vote,
            _ => Self::Other,
        }
    }
}

struct First;

impl Choose for First {
    fn choose(&mut self, _bound: u32) -> u32 {
        0
    }
}

/// What may happen to a member.
pub(super) enum Happening<'a> {
    /// It hears something.
    Hears(&'a Letter),
    /// It is a proposer, and finds that nobody leads.
    FindsNobody,
    /// It crashes, and is here again. Everything was on the medium: only memory is lost.
    Restarts,
}

/// What that leads to.
pub(super) struct Step {
    pub(super) member: Arc<Member>,
    pub(super) sent: Vec<Arc<Letter>>,
}

/// All steps that anybody takes: the same member in the same state takes the same one, so each is taken once, and looked up from then on.
pub(super) struct Steps {
    pub(super) config: Arc<PaxosConfig>,
    pub(super) cluster: Arc<Cluster>,
    /// By who takes it, the state it is in, and what happens to it.
    taken: RwLock<BTreeMap<(NodeId, u128, u128), Arc<Step>>>,
}

impl Steps {
    pub(super) fn new(config: PaxosConfig) -> Self {
        let config = Arc::new(config);
        let cluster = Arc::new(Cluster::new(&config));
        Self { config, cluster, taken: RwLock::default() }
    }

    /// A member that boots for the first time.
    pub(super) fn boot(&self, node: NodeId) -> Step {
        self.boot_from(node, Arc::new(Disk::new(Honesty::Honest)), 0)
    }

    fn boot_from(&self, node: NodeId, disk: Arc<Disk>, lives: u32) -> Step {
        let part = match self.cluster.proposers.iter().position(|other| *other == node) {
            Some(place) => {
                let proposer_id = u32::try_from(place).expect("few") + 1;
                Part::Proposer(Box::new(Proposer::new(self.config.clone(), self.cluster.clone(), proposer_id)))
            }
            None => Part::Acceptor(Acceptor::new(self.config.clone())),
        };
        self.take(node, part, disk, lives, Event::Boot)
    }

    /// What happens to a member, and what comes of it.
    pub(super) fn after(&self, node: NodeId, member: &Member, happening: &Happening<'_>) -> Arc<Step> {
        let what = match happening {
            Happening::Hears(letter) => letter.fingerprint,
            Happening::FindsNobody => 0,
            Happening::Restarts => 1,
        };
        let key = (node, member.fingerprint, what);
        if let Some(step) = self.taken.read().expect("nobody panics").get(&key) {
            return step.clone();
        }
        let event = match happening {
            Happening::Hears(Letter { from, message, .. }) => {
                Event::Receive { from: *from, message: ordering::Message::Paxos(message.clone()) }
            }
            Happening::FindsNobody => Event::Timer(ordering::Timer::Paxos(Timer::CheckIAmLeader)),
            Happening::Restarts => Event::Boot,
        };
        let step = if let Happening::Restarts = happening {
            let mut disk = member.disk.clone();
            Arc::make_mut(&mut disk).crash(CrashFate::Dropped, &mut First);
            self.boot_from(node, disk, member.lives + 1)
        } else {
            self.take(node, member.part.clone(), member.disk.clone(), member.lives, event)
        };
        let step = Arc::new(step);
        self.taken.write().expect("nobody panics").insert(key, step.clone());
        step
    }

    fn take(&self, node: NodeId, mut part: Part, mut disk: Arc<Disk>, lives: u32, event: EventOf<Part>) -> Step {
        let mut effects = Vec::new();
        part.step(event, &mut Context::new(node, lives, Time::ZERO, &mut effects, &mut disk, &mut First));
        // Disks take no time here.
        if disk.durable() != disk.last_write() {
            let last = disk.last_write();
            Arc::make_mut(&mut disk).reach_medium(last);
        }
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message: ordering::Message::Paxos(message), .. } => {
                Some(Arc::new(self.letter(node, to, message)))
            }
            _ => None,
        });
        let sent = sent.collect();
        Step { member: Arc::new(Member::new(part, disk, lives)), sent }
    }

    pub(super) fn is_member(&self, node: NodeId) -> bool {
        self.cluster.proposers.contains(&node) || self.cluster.acceptors.contains(&node)
    }

    pub(super) fn letter(&self, from: NodeId, to: NodeId, message: Message) -> Letter {
        let fingerprint = fingerprint_of(&(from, to, &message));
        let proposers = [from, to].map(|end| Some(end).filter(|end| self.cluster.proposers.contains(end)));
        let nameless = fingerprint_of(&(proposers, &message));
        let kind = Kind::of(&message);
        Letter { from, to, message, kind, fingerprint, nameless }
    }
}
