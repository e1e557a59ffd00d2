//! Two proposers and three acceptors, or five: their own step functions, with every order of messages between them.
//!
//! The world begins where L1 leads by ballot 1.1: slot 0 is history, and in slot 1 it proposes a request of C1. Whatever is said to replicas
//! and to the proxy is looked at, and goes no further. A message may stay on its way for ever: so none needs to be lost.

mod member;
mod names;
mod seen;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kvs_core::explore::exhaustive::{Space, fingerprint_of};
use kvs_core::ordering::Command;
use kvs_core::ordering::paxos::{Adopts, Message, PaxosConfig, Safety};
use kvs_core::process::NodeId;

use super::Core;
use member::{Happening, Kind, Letter, Member, Step, Steps};
use names::Mentions;
use seen::Seen;
pub(crate) use seen::{Chosen, Decided, Outcome};

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

/// All of them at some point.
#[derive(Clone)]
pub(crate) struct Agreeing {
    steps: Arc<Steps>,
    members: BTreeMap<NodeId, Arc<Member>>,
    /// In the order of their fingerprints.
    letters: Vec<Arc<Letter>>,
    left: Left,
    /// Whether proposers hear of votes. Where they do not, nobody learns what is chosen, but chosen it is.
    votes_come_back: bool,
    /// Whether states that differ only in the names of acceptors are two.
    names_matter: bool,
    /// Whether what cannot matter any more is left out.
    is_reduced: bool,
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

impl Agreeing {
    /// L1 leads, and what it proposes for slot 1 is on its way to all three acceptors.
    pub(crate) fn while_l1_leads(safety: Safety, left: Left) -> Self {
        Self::while_l1_leads_many(1, safety, left)
    }

    /// Likewise, of `2f + 1` acceptors.
    pub(crate) fn while_l1_leads_many(f: u32, safety: Safety, left: Left) -> Self {
        // Whoever adopts any command adopts that of the acceptor with the lowest number.
        let names_matter = safety.adopts == Adopts::Any;
        let steps =
            Arc::new(Steps::new(PaxosConfig { f, replicas: f + 1, proposers: 2, safety, ..PaxosConfig::default() }));
        let cluster = steps.cluster.clone();
        let mut all = Self {
            steps,
            members: BTreeMap::new(),
            letters: Vec::new(),
            left,
            votes_come_back: true,
            names_matter,
            is_reduced: false,
            seen: Arc::new(Seen::new(f)),
            broken: None,
            fingerprint: 0,
        };
        for node in cluster.acceptors.iter().chain(&*cluster.proposers) {
            let booted = all.steps.boot(*node);
            all.become_what(*node, &booted);
        }
        all.deliver_all();
        // Slot 0 is in the snapshots of all replicas: acceptors need not keep it.
        let l1 = cluster.proposers[0];
        for replica in cluster.replicas.iter() {
            all.hear(&all.steps.letter(*replica, l1, Message::Applied { slot_out: 1, snapshot: 1 }));
        }
        all.deliver_all();
        let Command::Op(request) = super::rabia::command(9) else { unreachable!("one request") };
        all.hear(&all.steps.letter(cluster.proxy, l1, Message::Propose { request }));
        all.seal()
    }

    /// Only A1 has heard L1's proposal, and its vote is on its way; or votes do not come back, neither this one nor later ones. L1 has
    /// crashed, and is here again.
    pub(crate) fn after_l1_has_crashed(safety: Safety, left: Left, votes_come_back: bool) -> Self {
        let mut all = Self { votes_come_back, ..Self::while_l1_leads(safety, left) };
        let (l1, a1) = (all.steps.cluster.proposers[0], all.steps.cluster.acceptors[0]);
        let proposals = std::mem::take(&mut all.letters);
        let to_a1 = proposals.into_iter().find(|letter| letter.to == a1).expect("it is on its way");
        all.hear(&to_a1);
        all.happen(l1, &Happening::Restarts);
        all.seal()
    }

    /// The same, but no proposer ever hears of a vote.
    pub(crate) fn without_votes(self) -> Self {
        Self { votes_come_back: false, ..self }.seal()
    }

    /// The same without what cannot matter any more, as long as all rules are kept.
    pub(crate) fn reduced(self) -> Self {
        Self { is_reduced: true, ..self }.seal()
    }

    /// Leaves out what cannot matter any more.
    ///
    /// - Whoever follows says nothing whatever it hears: where it will not try again, neither what it knows nor what is on its way to it
    ///   matters. Where it will, it matters what ballots are there, which it hears in refusals.
    /// - Whoever leads counts votes, in any order: it may as well hear of them at once, and what it then says to be decided was chosen even
    ///   earlier. More promises change nothing.
    /// - A refusal makes a proposer step down. Where it will not try again, it does less then than if it had not heard of it. So a refusal does
    ///   not matter there, nor does anything to an acceptor that can only refuse it.
    fn leave_out(&mut self) {
        if !self.is_reduced || self.left.duplicates > 0 {
            return;
        }
        let proposers = self.steps.cluster.proposers.clone();
        for (node, left) in proposers.iter().zip(self.left.elections) {
            let role = self.members[node].role;
            if role == "leader" {
                let is_vote = |letter: &mut Arc<Letter>| letter.to == *node && letter.kind == Kind::Vote;
                let votes: Vec<Arc<Letter>> = self.letters.extract_if(.., is_vote).collect();
                votes.iter().for_each(|vote| self.hear(vote));
            }
            let members = &self.members;
            self.letters.retain(|letter| match letter.kind {
                Kind::Vote | Kind::Promise if letter.to == *node => role == "candidate",
                Kind::Refusal if letter.to == *node => left > 0,
                Kind::Asks(ballot) if letter.from == *node => left > 0 || members[&letter.to].promised <= ballot,
                _ => true,
            });
        }
    }

    /// Whether this is a proposer of which nothing is to be expected.
    fn is_done(&self, place: usize, node: NodeId) -> bool {
        self.is_reduced && self.left.elections[place] == 0 && self.members[&node].role == "follower"
    }

    /// It is ready to be compared with others.
    fn seal(mut self) -> Self {
        self.leave_out();
        let of_proposer =
            |(place, node): (usize, &NodeId)| (!self.is_done(place, *node)).then(|| &self.members[node].mentions);
        let known: Vec<Option<&Mentions>> = self.steps.cluster.proposers.iter().enumerate().map(of_proposer).collect();
        let Left { elections, duplicates, crashes } = self.left;
        let left = (elections, duplicates, crashes);
        let cluster = &self.steps.cluster;
        let mut acceptors: Vec<u128> = cluster.acceptors.iter().map(|node| self.all_about(*node, &known)).collect();
        let proposers: Vec<u128> = known.iter().map(|known| known.map_or(0, |known| known.rest)).collect();
        if !self.names_matter {
            acceptors.sort_unstable();
        }
        let rest = [self.seen.fingerprint, fingerprint_of(&(left, self.broken))];
        self.fingerprint = of_all(acceptors.into_iter().chain(proposers).chain(rest));
        self
    }

    /// Everything in which an acceptor is named, but for its name. No fact names two of them, so that these, and what names none, are the whole state.
    fn all_about(&self, acceptor: NodeId, known: &[Option<&Mentions>]) -> u128 {
        let known = known.iter().map(|known| known.map_or(0, |known| known.of(acceptor)));
        let letters = self.letters.iter().filter(|letter| letter.from == acceptor || letter.to == acceptor);
        let letters = letters.fold(0_u128, |sum, letter| sum.wrapping_add(letter.nameless));
        of_all(known.chain([self.members[&acceptor].fingerprint, letters, self.seen.accepted_by(acceptor)]))
    }

    fn hear(&mut self, letter: &Letter) {
        self.happen(letter.to, &Happening::Hears(letter));
    }

    fn happen(&mut self, node: NodeId, happening: &Happening<'_>) {
        let step = self.steps.after(node, &self.members[&node], happening);
        self.become_what(node, &step);
    }

    fn become_what(&mut self, node: NodeId, step: &Step) {
        self.members.insert(node, step.member.clone());
        for letter in &step.sent {
            if let Some(broken) = self.seen.add(node, &letter.message) {
                self.broken.get_or_insert(broken);
            }
            let is_lost = match &letter.message {
                // Who leads is heard from acceptors only.
                Message::IAmLeader { .. } => true,
                Message::P2b { .. } => !self.votes_come_back,
                _ => !self.steps.is_member(letter.to),
            };
            if !is_lost {
                let place = self.letters.partition_point(|other| other.fingerprint < letter.fingerprint);
                self.letters.insert(place, letter.clone());
            }
        }
    }

    fn deliver_all(&mut self) {
        let mut letters = VecDeque::from(std::mem::take(&mut self.letters));
        while let Some(letter) = letters.pop_front() {
            self.hear(&letter);
            letters.extend(std::mem::take(&mut self.letters));
        }
    }

    /// What has come out so far.
    pub(crate) fn outcome(&self) -> Outcome {
        self.seen.outcome()
    }
}

/// The fingerprint of several in this order: each step is one-to-one.
fn of_all(fingerprints: impl IntoIterator<Item = u128>) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    fingerprints.into_iter().fold(0, |all, one| {
        let mixed = (all ^ one).wrapping_mul(ODD);
        (mixed ^ mixed >> 67).wrapping_mul(ODD)
    })
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
        for (node, left) in self.steps.cluster.proposers.iter().zip(self.left.elections) {
            if left > 0 && self.members[node].role == "follower" {
                choices.push(Choice::Elect(*node));
            }
        }
        if self.left.crashes > 0 {
            choices.extend(self.steps.cluster.acceptors.iter().map(|node| Choice::Crash(*node)));
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
                next.hear(&letter);
                // What changes nothing may as well stay on its way.
                let is_unchanged = next.members[&letter.to].fingerprint == before;
                if is_unchanged && next.letters.len() < self.letters.len() && next.broken == self.broken {
                    return self.clone();
                }
            }
            Choice::Elect(node) => {
                let place = self.steps.cluster.proposers.iter().position(|other| other == node);
                next.left.elections[place.expect("it is a proposer")] -= 1;
                next.happen(*node, &Happening::FindsNobody);
            }
            Choice::Crash(node) => {
                next.left.crashes -= 1;
                next.happen(*node, &Happening::Restarts);
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
