//! What everybody together has said, and what must never be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kvs_core::explore::exhaustive::fingerprint_of;
use kvs_core::ordering::Command;
use kvs_core::ordering::paxos::{Ballot, Message, P2a};
use kvs_core::process::NodeId;

/// What was said so far.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// So many acceptors may be gone.
    f: u32,
    proposed: BTreeMap<(u64, Ballot), Command>,
    accepted: BTreeMap<(u64, Ballot), BTreeSet<NodeId>>,
    decided: BTreeMap<u64, Command>,
    /// Of what names no acceptor.
    pub(super) fingerprint: u128,
    /// Of what each acceptor has accepted.
    by: BTreeMap<NodeId, u128>,
}

impl Seen {
    pub(super) fn new(f: u32) -> Self {
        Self { f, ..Self::default() }
    }

    pub(super) fn accepted_by(&self, acceptor: NodeId) -> u128 {
        self.by.get(&acceptor).copied().unwrap_or(0)
    }

    /// Adds a message. What must never be said: two commands by one ballot, something else than what is chosen, a decision that no majority
    /// has made.
    pub(super) fn add(self: &mut Arc<Self>, from: NodeId, message: &Message) -> Option<&'static str> {
        match message {
            Message::P2a(P2a { ballot, slot, command }) => {
                match self.proposed.get(&(*slot, *ballot)) {
                    Some(known) if known != command => return Some("two commands by one ballot"),
                    Some(_) => return None,
                    None => Arc::make_mut(self).proposed.insert((*slot, *ballot), command.clone()),
                };
            }
            Message::P2b { promised, ballot, slot, truncated } if promised == ballot && slot >= truncated => {
                if !Arc::make_mut(self).accepted.entry((*slot, *ballot)).or_default().insert(from) {
                    return None;
                }
            }
            Message::Decide { slot, command } => {
                match self.decided.get(slot) {
                    Some(known) if known != command => return Some("two decisions for one slot"),
                    Some(_) => {}
                    None => {
                        Arc::make_mut(self).decided.insert(*slot, command.clone());
                    }
                }
                if !self.chosen().any(|(of, _, chosen)| of == *slot && chosen == command) {
                    return Some("decided, and not chosen");
                }
            }
            _ => return None,
        }
        Arc::make_mut(self).seal();
        let is_otherwise = self.chosen().any(|(slot, ballot, command)| {
            let later = self.proposed.range((slot, ballot)..).take_while(|((of, _), _)| *of == slot);
            later.into_iter().any(|(_, other)| other != command)
        });
        is_otherwise.then_some("something else than what is chosen")
    }

    fn seal(&mut self) {
        self.fingerprint = fingerprint_of(&(&self.proposed, &self.decided));
        let mut by: BTreeMap<NodeId, Vec<(u64, Ballot)>> = BTreeMap::new();
        for (of, voters) in &self.accepted {
            voters.iter().for_each(|voter| by.entry(*voter).or_default().push(*of));
        }
        self.by = by.into_iter().map(|(voter, of)| (voter, fingerprint_of(&of))).collect();
    }

    /// What a majority of acceptors has accepted by one ballot.
    fn chosen(&self) -> impl Iterator<Item = (u64, Ballot, &Command)> {
        let by_majority = self.accepted.iter().filter(|(_, voters)| voters.len() > self.f as usize);
        by_majority.map(|((slot, ballot), _)| (*slot, *ballot, &self.proposed[&(*slot, *ballot)]))
    }

    /// What may come out: what is chosen, and what is said to be.
    pub(super) fn outcome(&self) -> Outcome {
        let chosen = self.chosen().map(|(slot, ballot, command)| (slot, ballot, command.to_string())).collect();
        let decided = self.decided.iter().map(|(slot, command)| (*slot, command.to_string())).collect();
        Outcome { chosen, decided }
    }
}

/// A slot, a ballot, and the command.
pub(crate) type Chosen = BTreeSet<(u64, Ballot, String)>;
/// A slot and the command.
pub(crate) type Decided = (u64, String);

/// What is chosen, and what is said to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    pub(crate) chosen: Chosen,
    pub(crate) decided: BTreeSet<Decided>,
}
