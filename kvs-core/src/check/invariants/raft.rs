//! Raft: the properties of figure 3, and what must not be forgotten in a crash.

use alloc::collections::BTreeMap;
use alloc::format;

use super::Found;
use crate::ordering::raft::{Message, Raft};
use crate::ordering::{Command, ReadMode};
use crate::process::NodeId;
use crate::server::Node;
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
        })
    }

    /// Nobody has seen the logs that there were.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.committed.clear();
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

    /// State machine safety: what is committed is the same everywhere.
    fn look_at_commits(&mut self, node: NodeId, before: Option<&Raft>, raft: &Raft) -> Found {
        let known = before.map_or(0, Raft::committed);
        for (index, entry) in raft.log().iter() {
            if index <= known || index > raft.committed() {
                continue;
            }
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
        Ok(())
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
