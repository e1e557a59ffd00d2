//! Raft: the properties of figure 3, and what must not be forgotten in a crash.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::Found;
use super::reference::Reference;
use crate::ordering::raft::{Log, Members, Message, Raft};
use crate::ordering::{Command, ReadMode};
use crate::process::NodeId;
use crate::server::{Node, Server};
use crate::world::World;
use crate::zoo::Architecture;

/// An entry that somebody takes for committed.
#[derive(Clone)]
struct Committed {
    term: u64,
    command: Command,
    /// The least term of those who do: leaders of later ones must have it.
    seen_in: u64,
    by: NodeId,
}

#[derive(Clone)]
pub(super) struct Watch {
    /// Who led in each term.
    leaders: BTreeMap<u64, NodeId>,
    /// By index and term: the term of the entry before, and what the entry says.
    entries: BTreeMap<(u64, u64), (u64, Command)>,
    /// By index.
    committed: BTreeMap<u64, Committed>,
    /// For whom a server has voted in a term, as others were told.
    votes: BTreeMap<(NodeId, u64), NodeId>,
    /// The term that a server has told others.
    terms: BTreeMap<NodeId, u64>,
    /// Whether reads rest on leases, and all clocks have always gone alike.
    trusts_clocks: bool,
    /// What is committed leads to this; None if nobody has seen all of it.
    reference: Option<Reference>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        architecture.raft().map(|options| Self {
            trusts_clocks: options.reads == ReadMode::Lease,
            leaders: BTreeMap::new(),
            entries: BTreeMap::new(),
            committed: BTreeMap::new(),
            votes: BTreeMap::new(),
            terms: BTreeMap::new(),
            reference: Some(Reference::default()),
        })
    }

    /// Nobody has seen the logs that there were, nor that this server led in terms of which it had told nobody: its vote for itself may
    /// not have reached the disk.
    pub(super) fn forget(&mut self, node: NodeId) {
        let told = self.terms.get(&node).copied().unwrap_or(0);
        self.leaders.retain(|term, leader| *leader != node || *term <= told);
        self.entries.clear();
        self.committed.clear();
        self.reference = None;
    }

    /// A server has said something.
    pub(super) fn sent(&mut self, from: NodeId, to: NodeId, message: &Message) -> Found {
        let vote = match message {
            Message::RequestVote { term, .. } => Some((*term, from)),
            Message::VoteReply { term, granted: true } => Some((*term, to)),
            _ => None,
        };
        if let Some((term, candidate)) = vote {
            let first = *self.votes.entry((from, term)).or_insert(candidate);
            if first != candidate {
                let what = format!("it votes for node {} in term {term}, and has for node {}", candidate.0, first.0);
                return Err(("F6", what));
            }
        }
        // What is said of a term that has not begun promises nothing.
        if !matches!(message, Message::PreVote { .. } | Message::PreVoteReply { granted: true, .. }) {
            let told = self.terms.entry(from).or_default();
            *told = message.term().max(*told);
        }
        Ok(())
    }

    pub(super) fn look(&mut self, node: NodeId, before: Option<&Raft>, raft: &Raft, world: &World<Node>) -> Found {
        let term = raft.term();
        let told = self.terms.get(&node).copied().max(before.map(Raft::term)).unwrap_or(0);
        if term < told {
            return Err(("F7", format!("it is in term {term}, and was in term {told}")));
        }
        let led = before.is_some_and(|before| before.leads() && before.term() == term);
        if raft.leads() {
            let first = *self.leaders.entry(term).or_insert(node);
            if first != node {
                return Err(("F1", format!("it leads in term {term}, and so does node {}", first.0)));
            }
        }
        if let Some(before) = before.filter(|_| raft.leads() && led) {
            let first = raft.log().base().index + 1;
            let kept = before.log().iter().filter(|(index, _)| *index >= first);
            for (index, entry) in kept {
                if raft.log().get(index) != Some(entry) {
                    return Err(("F2", format!("it leads, and its own slot {index} is not what it was")));
                }
            }
        }
        self.look_at_entries(before, raft)?;
        self.look_at_commits(node, before, raft)?;
        look_at_changes(before, raft)?;
        if let Some(before) = before.filter(|before| before.leads() && raft.committed() > before.committed()) {
            look_at_majority(before, raft, world)?;
        }
        if raft.leads() && !led {
            self.look_at_leader(raft)?;
            self.look_at_leases(raft, world)?;
        }
        Ok(())
    }

    /// Log matching, by induction: whoever has an entry of an index and a term has the same one, and the same before it.
    fn look_at_entries(&mut self, before: Option<&Raft>, raft: &Raft) -> Found {
        let is_known = |index: u64, term: u64| {
            before.is_some_and(|before| {
                before.log().base() == raft.log().base() && before.log().term_at(index) == Some(term)
            })
        };
        let mut previous = raft.log().base().term;
        for (index, entry) in raft.log().iter() {
            let is_old = is_known(index, entry.term) && is_known(index - 1, previous);
            if !is_old {
                let known = self.entries.entry((index, entry.term));
                let (known, command) = known.or_insert_with(|| (previous, entry.command.clone()));
                if *known != previous || *command != entry.command {
                    let what = format!(
                        "slot {index} of term {} is {} after term {previous}, and elsewhere {command} after term {known}",
                        entry.term, entry.command
                    );
                    return Err(("F3", what));
                }
            }
            previous = entry.term;
        }
        Ok(())
    }

    /// Whoever is up has come to the members that were asked for.
    pub(super) fn when_quiet(world: &World<Node>) -> Result<(), (&'static str, NodeId, String)> {
        let rafts = || servers(world).map(|(_, raft)| raft);
        let asked = rafts().filter_map(Raft::asked_for).max_by_key(|asked| asked.view);
        let (Some(asked), Some((leader, raft))) = (asked, leader(world)) else { return Ok(()) };
        if raft.members().servers == asked.servers {
            return Ok(());
        }
        Err(("F11", leader, format!("it leads {}, and view {} asks for {asked}", raft.members(), asked.view)))
    }

    /// State machine safety: what is committed is the same everywhere.
    fn look_at_commits(&mut self, node: NodeId, before: Option<&Raft>, raft: &Raft) -> Found {
        // What a snapshot has replaced in the same step a leader had in its log before.
        let known = before.map_or(0, Raft::committed);
        let led = before.filter(|before| before.leads() && before.term() == raft.term());
        for index in known + 1..=raft.committed() {
            let entry = raft.log().get(index).or_else(|| led.and_then(|before| before.log().get(index)));
            let Some(entry) = entry else { continue };
            let first = self.committed.entry(index).or_insert_with(|| Committed {
                term: entry.term,
                command: entry.command.clone(),
                seen_in: raft.term(),
                by: node,
            });
            if first.term != entry.term || first.command != entry.command {
                let what = format!(
                    "slot {index} is committed as {} of term {}, and at node {} as {} of term {}",
                    entry.command, entry.term, first.by.0, first.command, first.term
                );
                return Err(("F5", what));
            }
            first.seen_in = first.seen_in.min(raft.term());
        }
        if let Some(reference) = &mut self.reference {
            while let Some(next) = self.committed.get(&(reference.executed() + 1)) {
                reference.execute(&next.command);
            }
        }
        Ok(())
    }

    /// What is committed takes effect in order, and each request once.
    pub(super) fn look_at_machine(&self, server: &Server) -> Found {
        self.reference.as_ref().map_or(Ok(()), |reference| reference.look(server))
    }

    /// Nobody is elected while somebody else may answer reads alone.
    fn look_at_leases(&mut self, raft: &Raft, world: &World<Node>) -> Found {
        self.trusts_clocks &= world.node_ids().all(|node| world.clock_offset_us(node) == 0);
        if !self.trusts_clocks {
            return Ok(());
        }
        for node in world.node_ids().filter(|node| world.is_up(*node)) {
            let other = world.node(node).as_server().and_then(|server| server.ordering().raft());
            if other.is_some_and(|other| other.term() < raft.term() && other.has_lease(world.now())) {
                let what = format!("it leads in term {}, and node {} still has a lease", raft.term(), node.0);
                return Err(("F8", what));
            }
        }
        Ok(())
    }

    /// Leader completeness: whoever is elected has all that was committed in earlier terms.
    fn look_at_leader(&self, raft: &Raft) -> Found {
        let base = raft.log().base().index;
        for (index, committed) in self.committed.range(base + 1..) {
            if committed.seen_in < raft.term() && raft.log().term_at(*index) != Some(committed.term) {
                let what = format!(
                    "it leads in term {} without slot {index}, {}, which node {} has committed",
                    raft.term(),
                    committed.command,
                    committed.by.0
                );
                return Err(("F4", what));
            }
        }
        Ok(())
    }
}

fn servers(world: &World<Node>) -> impl Iterator<Item = (NodeId, &Raft)> {
    let up = world.node_ids().filter(|node| world.is_up(*node));
    up.filter_map(|node| Some((node, world.node(node).as_server()?.ordering().raft()?)))
}

/// Who leads in the greatest term, if anybody does.
fn leader(world: &World<Node>) -> Option<(NodeId, &Raft)> {
    servers(world).filter(|(_, raft)| raft.leads()).max_by_key(|(_, raft)| raft.term())
}

/// Whether it was the only member at some time since its snapshot.
pub(super) fn was_alone(node: NodeId, raft: &Raft) -> bool {
    let members = raft.log().changes().map(|(_, members)| members).chain([raft.log().base_members()]);
    members.into_iter().any(|members| *members.servers == [node])
}

/// Whether a server has a voice, as the leader sees it.
pub(super) fn is_member(node: NodeId, world: &World<Node>) -> bool {
    leader(world).is_none_or(|(_, raft)| raft.members().has(node))
}

/// Majorities of members that follow each other have a server in common.
fn look_at_changes(before: Option<&Raft>, raft: &Raft) -> Found {
    if before.is_some_and(|before| before.log().members_at() == raft.log().members_at()) {
        return Ok(());
    }
    let mut last = raft.log().base_members();
    for (index, next) in raft.log().changes().rev() {
        if !last.always_meet(next) {
            return Err(("F9", format!("from slot {index} on there are {next}, after {last}: each may agree alone")));
        }
        last = next;
    }
    Ok(())
}

/// What a leader takes for committed, a majority of its members has; who is down has it on the disk. In one step it may commit by the
/// members of before, and go on to others.
fn look_at_majority(before: &Raft, raft: &Raft, world: &World<Node>) -> Found {
    let committed = raft.committed();
    let known = raft.log().term_at(committed).or_else(|| before.log().term_at(committed));
    let Some(term) = known.filter(|_| raft.term() == before.term()) else { return Ok(()) };
    let is_in = |log: &Log| log.base().index >= committed || log.term_at(committed) == Some(term);
    let has = |server: &NodeId| match world.node(*server).as_server().and_then(|server| server.ordering().raft()) {
        Some(raft) if world.is_up(*server) => is_in(raft.log()),
        Some(raft) => raft.kept_log(world.disk(*server)).is_some_and(|log| is_in(&log)),
        None => false,
    };
    let holders = |members: &Members| members.servers.iter().filter(|server| has(server)).count();
    let is_majority = |members: &Members| holders(members) >= members.majority() as usize;
    if is_majority(before.members()) || is_majority(raft.members()) {
        return Ok(());
    }
    let (holders, members) = (holders(raft.members()), raft.members());
    Err(("F10", format!("it takes slot {committed} for committed, which {holders} have of {members}")))
}
