//! Multi-Paxos, seen from outside: what is said, what acceptors and proposers hold, and what replicas make of it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Found;
use super::reference::Reference;
use crate::choice::Choose;
use crate::disk::{CrashFate, Disk};
use crate::op::RequestId;
use crate::ordering::Command;
use crate::ordering::paxos::{Acceptor, Ballot, Message, P2a, Proposer, Replica};
use crate::process::NodeId;
use crate::server::Node;
use crate::world::World;
use crate::zoo::{Architecture, Role};

#[derive(Clone)]
pub(super) struct Watch {
    f: u32,
    replicas: Vec<NodeId>,
    /// The highest ballot that each acceptor has said that it follows.
    promised: BTreeMap<NodeId, Ballot>,
    /// What was proposed for a slot by a ballot.
    proposed: BTreeMap<(u64, Ballot), Command>,
    /// Which acceptors have said that they have accepted that.
    votes: BTreeMap<(u64, Ballot), BTreeSet<NodeId>>,
    /// What is chosen, and the lowest ballot that shows it.
    chosen: BTreeMap<u64, (Ballot, Command)>,
    /// What replicas were told.
    decided: BTreeMap<u64, Command>,
    reference: Reference,
    /// Who leads by a ballot.
    leaders: BTreeMap<Ballot, NodeId>,
    truncated: BTreeMap<NodeId, u64>,
    /// Reads that leaders have passed on, and those of this step.
    passed_on: BTreeSet<(NodeId, RequestId, u64)>,
    passing_on: Vec<NodeId>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        let config = architecture.paxos()?;
        let replicas = architecture.server_ids().filter(|node| architecture.role(*node) == Role::Replica).collect();
        Some(Self {
            f: config.f,
            replicas,
            promised: BTreeMap::new(),
            proposed: BTreeMap::new(),
            votes: BTreeMap::new(),
            chosen: BTreeMap::new(),
            decided: BTreeMap::new(),
            reference: Reference::default(),
            leaders: BTreeMap::new(),
            truncated: BTreeMap::new(),
            passed_on: BTreeSet::new(),
            passing_on: Vec::new(),
        })
    }

    /// Something leaves a node.
    pub(super) fn said(&mut self, from: NodeId, message: &Message) -> Found {
        match message {
            Message::P1b { promised, .. } => self.promises(from, *promised),
            Message::P2a(proposal) => return self.proposes(proposal),
            Message::P2b { promised, ballot, slot, truncated } => {
                self.promises(from, *promised);
                if promised == ballot && slot >= truncated {
                    return self.accepts(from, *slot, *ballot);
                }
            }
            Message::Decide { slot, command } => return self.decides(*slot, command),
            Message::LearnResp { decisions, .. } => {
                return decisions.iter().try_for_each(|(slot, command)| self.decides(*slot, command));
            }
            Message::ReadAt { slot, request }
                // A copy that the network makes says nothing new.
                if self.passed_on.insert((from, request.id, *slot)) => {
                    self.passing_on.push(from);
                }
            _ => {}
        }
        Ok(())
    }

    fn promises(&mut self, acceptor: NodeId, ballot: Ballot) {
        let known = self.promised.entry(acceptor).or_default();
        *known = ballot.max(*known);
    }

    fn proposes(&mut self, P2a { ballot, slot, command }: &P2a) -> Found {
        let known = self.proposed.entry((*slot, *ballot)).or_insert_with(|| command.clone());
        if known != command {
            return Err(("P3", format!("by {ballot} {known} was proposed for slot {slot}, and then {command}")));
        }
        match self.chosen.get(slot) {
            Some((chosen_by, chosen)) if chosen_by < ballot && chosen != command => Err((
                "P4",
                format!("{chosen} is chosen for slot {slot} by {chosen_by}, and {ballot} proposes {command}"),
            )),
            _ => Ok(()),
        }
    }

    fn accepts(&mut self, acceptor: NodeId, slot: u64, ballot: Ballot) -> Found {
        let Some(command) = self.proposed.get(&(slot, ballot)) else { return Ok(()) };
        let votes = self.votes.entry((slot, ballot)).or_default();
        votes.insert(acceptor);
        if votes.len() <= self.f as usize {
            return Ok(());
        }
        let (known_by, known) = self.chosen.entry(slot).or_insert_with(|| (ballot, command.clone()));
        if known != command {
            return Err(("P4", format!("for slot {slot} both {known} and {command} are chosen")));
        }
        *known_by = ballot.min(*known_by);
        let later = self.proposed.range((slot, ballot)..).take_while(|((of, _), _)| *of == slot);
        match later.map(|((_, by), other)| (by, other)).find(|(_, other)| *other != command) {
            Some((by, other)) => {
                Err(("P4", format!("{command} is chosen for slot {slot} by {ballot}, and {by} proposes {other}")))
            }
            None => Ok(()),
        }
    }

    fn decides(&mut self, slot: u64, command: &Command) -> Found {
        let known = self.decided.entry(slot).or_insert_with(|| command.clone());
        if known != command {
            return Err(("P5", format!("for slot {slot} {known} was decided, and then {command}")));
        }
        if self.chosen.get(&slot).is_none_or(|(_, chosen)| chosen != command) {
            return Err(("P5", format!("for slot {slot} {command} was decided, and no ballot has chosen it")));
        }
        while let Some(next) = self.decided.get(&self.reference.executed()) {
            self.reference.execute(next);
        }
        Ok(())
    }

    pub(super) fn look(&mut self, node: NodeId, before: Option<&Node>, now: &Node, world: &World<Node>) -> Found {
        match now {
            Node::Acceptor(acceptor) => {
                let before = match before {
                    Some(Node::Acceptor(before)) => Some(before),
                    _ => None,
                };
                self.look_at_acceptor(node, before, acceptor, world)
            }
            Node::Proposer(proposer) => self.look_at_proposer(node, proposer),
            Node::Server(server) => self.reference.look(server),
            Node::Proxy(_) | Node::Client(_) | Node::ViewService(_) => Ok(()),
        }
    }

    fn look_at_acceptor(
        &mut self,
        node: NodeId,
        before: Option<&Acceptor>,
        acceptor: &Acceptor,
        world: &World<Node>,
    ) -> Found {
        let promised = acceptor.promised();
        let said = self.promised.get(&node).copied().unwrap_or_default();
        let least = before.map_or(said, |before| before.promised().max(said));
        if promised < least {
            return Err(("P1", format!("it has followed {least}, and now follows {promised}")));
        }
        if let Some((slot, value)) = acceptor.accepted().find(|(_, value)| value.ballot > promised) {
            return Err(("P2", format!("it follows {promised}, and has accepted {} in slot {slot}", value.ballot)));
        }
        let known = self.truncated.entry(node).or_default();
        let truncated = acceptor.truncated();
        if truncated > *known {
            *known = truncated;
            let has_it = |replica: &&NodeId| {
                let disk = medium(world.disk(**replica));
                replica_at(world, **replica).is_some_and(|replica| replica.durable_slot(&disk) >= truncated)
            };
            let holders = self.replicas.iter().filter(has_it).count();
            if holders <= self.f as usize {
                let what =
                    format!("it forgets what came before slot {truncated}, which {holders} replicas have on disk");
                return Err(("P9", what));
            }
        }
        Ok(())
    }

    fn look_at_proposer(&mut self, node: NodeId, proposer: &Proposer) -> Found {
        let Some(leader) = proposer.leader() else { return Ok(()) };
        let other = *self.leaders.entry(leader.ballot()).or_insert(node);
        if other != node {
            return Err(("P11", format!("it leads by {}, and so does node {}", leader.ballot(), other.0)));
        }
        Ok(())
    }

    /// Leaders that have passed on reads in this step.
    pub(super) fn look_at_reads(&mut self, world: &World<Node>) -> Result<(), (&'static str, NodeId, String)> {
        for node in core::mem::take(&mut self.passing_on) {
            let Node::Proposer(proposer) = &**world.node(node) else { continue };
            if proposer.leader().is_some_and(|leader| !leader.knows_the_past()) {
                let what = "it has a read answered, and does not know what was chosen before it led".into();
                return Err(("P10", node, what));
            }
        }
        Ok(())
    }
}

/// What is left of a disk if the power goes now.
fn medium(disk: &Disk) -> Disk {
    struct NoChoice;
    impl Choose for NoChoice {
        fn choose(&mut self, _bound: u32) -> u32 {
            0
        }
    }
    let mut disk = disk.clone();
    disk.crash(CrashFate::Dropped, &mut NoChoice);
    disk
}

/// The replica that runs on a node, if one does.
fn replica_at(world: &World<Node>, node: NodeId) -> Option<&Replica> {
    let Node::Server(server) = &**world.node(node) else { return None };
    server.ordering().paxos()
}
