//! One slot of replicas without a leader: three of them, two requests, every order of messages.
//!
//! What a replica says it hears itself at once. What comes too early waits until it matters, then comes alone or along with what else does;
//! what comes too late to matter is not delivered any more. So states that differ in nothing else are one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kvs_core::explore::exhaustive::{Space, fingerprint_of};
use kvs_core::lattice::VectorClock;
use kvs_core::op::{ClientId, KVSOperation, Key, RequestId, Value};
use kvs_core::ordering::Command;
use kvs_core::ordering::rabia::agreement::{Agreement, Rules, Said, Stage, Turn};
use kvs_core::ordering::rabia::{Coin, RabiaOptions, WithoutMajority};
use kvs_core::process::NodeId;
use kvs_core::request::Request;
use kvs_core::time::Time;

use super::Core;

const REPLICAS: u32 = 3;

/// A command that is told from others by its client.
pub(crate) fn command(client: u32) -> Command {
    let op = KVSOperation::Put(Key::new("k").expect("short"), Value::new("v").expect("short"));
    let id = RequestId { client: ClientId { node: NodeId(client), session: 0 }, sequence: 1 };
    let (called, context, seen) = (Time::ZERO, VectorClock::default(), VectorClock::default());
    Command::Op(Request { id, op, called, context, seen, dependencies: None, epoch: 1 }.into())
}

#[derive(Clone)]
struct Replica {
    agreement: Agreement,
    /// What it has said in this life, or has on its disk.
    said: Vec<Said>,
    decided: Option<bool>,
}

/// A message on its way.
#[derive(Clone, serde::Serialize)]
struct Letter {
    from: u32,
    to: u32,
    said: Said,
}

/// A slot at some point.
#[derive(Clone)]
pub(crate) struct Slot {
    options: Arc<RabiaOptions>,
    /// By the number of the slot the common coin shows what it shows.
    number: u64,
    phases_max: u32,
    replicas: Vec<Replica>,
    letters: Vec<Letter>,
    /// How many replicas may crash and restart.
    crashes: u8,
    /// Everything that was ever said, in any life.
    votes: BTreeMap<u32, Vec<bool>>,
    decisions: Vec<bool>,
    /// Who has ever proposed what, and what was put into the slot.
    proposed: BTreeSet<(u32, u128)>,
    request: Option<u128>,
    broken: Option<&'static str>,
    fingerprint: u128,
}

/// What may happen next. Where a replica tosses a coin of its own, it shows `toss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Deliver { to: u32, place: usize, along: Option<usize>, toss: bool },
    Crash { replica: u32, proposes: u32 },
}

/// When it matters: what belongs to an earlier stage than a replica's does not.
fn order(stage: Stage) -> u32 {
    match stage {
        Stage::Proposals => 0,
        Stage::States(phase) => 2 * phase - 1,
        Stage::Votes(phase) => 2 * phase,
        Stage::Decided(_) => u32::MAX,
    }
}

fn order_of(said: &Said) -> u32 {
    match said {
        Said::Proposal(_) => 0,
        Said::State { phase, .. } => 2 * phase - 1,
        Said::Vote { phase, .. } => 2 * phase,
    }
}

impl Slot {
    /// Replicas that propose the requests of these clients, with a common coin that shows `coin` in the first phases, one after the other.
    pub(crate) fn new(options: RabiaOptions, proposed: [u32; 3], coin: &[bool], phases_max: u32, crashes: u8) -> Self {
        let options = Arc::new(options);
        let shows = |slot: &u64| {
            let rules = Rules { options: &options, replicas: REPLICAS, slot: *slot };
            (1..).zip(coin).all(|(phase, wanted)| rules.coin(phase) == *wanted)
        };
        let number = (0..).find(shows).expect("each of them shows sometime");
        let fresh = Replica { agreement: Agreement::default(), said: Vec::new(), decided: None };
        let replicas = vec![fresh; REPLICAS as usize];
        let (letters, votes) = (Vec::new(), BTreeMap::new());
        let mut slot = Self {
            options,
            number,
            phases_max,
            replicas,
            letters,
            crashes,
            votes,
            decisions: Vec::new(),
            proposed: BTreeSet::new(),
            request: None,
            broken: None,
            fingerprint: 0,
        };
        for (replica, client) in (0..).zip(proposed) {
            slot.say(replica, &Said::Proposal(command(client)));
        }
        slot.seal()
    }

    /// It is ready to be compared with others. What a replica said at earlier stages matters only if it may have to know it again.
    fn seal(mut self) -> Self {
        let replica = |replica: &Replica| {
            let said = if self.crashes > 0 {
                &replica.said[..]
            } else {
                replica.said.last().map_or(&[][..], std::slice::from_ref)
            };
            fingerprint_of(&(replica.agreement.stage(), said, replica.decided))
        };
        let replicas: Vec<u128> = self.replicas.iter().map(replica).collect();
        let mut letters: Vec<u128> = self.letters.iter().map(fingerprint_of).collect();
        letters.sort_unstable();
        let mut votes = self.votes.clone();
        votes.values_mut().for_each(|votes| votes.sort_unstable());
        let mut decisions = self.decisions.clone();
        decisions.sort_unstable();
        self.fingerprint = fingerprint_of(&(
            (replicas, letters, self.crashes, votes),
            (decisions, &self.proposed, self.request, self.broken),
        ));
        self
    }

    fn say(&mut self, replica: u32, said: &Said) {
        if let Said::Proposal(command) = said {
            self.proposed.insert((replica, fingerprint_of(command)));
        }
        if let Said::Vote { phase, vote: Some(vote) } = said {
            let votes = self.votes.entry(*phase).or_default();
            if !votes.contains(vote) {
                votes.push(*vote);
            }
            if votes.len() > 1 {
                self.broken.get_or_insert("votes for both in one phase");
            }
        }
        let options = self.options.clone();
        let rules = Rules { options: &options, replicas: REPLICAS, slot: self.number };
        let speaker = &mut self.replicas[replica as usize];
        speaker.said.push(said.clone());
        speaker.agreement.hear(NodeId(replica), said.clone(), rules);
        let others = (0..REPLICAS).filter(|to| *to != replica);
        self.letters.extend(others.map(|to| Letter { from: replica, to, said: said.clone() }));
    }

    /// A replica has heard something: it goes on as far as it can.
    fn go_on(&mut self, replica: u32, toss: bool) {
        let options = self.options.clone();
        let rules = Rules { options: &options, replicas: REPLICAS, slot: self.number };
        loop {
            let agreement = &mut self.replicas[replica as usize].agreement;
            match agreement.turn(rules, &mut || toss) {
                Some(Turn::Say { said, .. }) => self.say(replica, &said),
                Some(Turn::Decide(value)) => {
                    self.replicas[replica as usize].decided = Some(value);
                    self.decides(replica, value, rules);
                }
                None => break,
            }
        }
        let least = order(self.replicas[replica as usize].agreement.stage());
        self.letters.retain(|letter| letter.to != replica || order_of(&letter.said) >= least);
    }

    fn decides(&mut self, replica: u32, value: bool, rules: Rules<'_>) {
        if !self.decisions.contains(&value) {
            self.decisions.push(value);
        }
        if self.decisions.len() > 1 {
            self.broken.get_or_insert("two decisions");
        }
        let own = self.replicas[replica as usize].agreement.request(NodeId(replica), rules).filter(|_| value);
        let Some(own) = own.map(fingerprint_of) else { return };
        if self.proposed.iter().filter(|(_, command)| *command == own).count() < 2 {
            self.broken.get_or_insert("a request that no majority has proposed");
        }
        if *self.request.get_or_insert(own) != own {
            self.broken.get_or_insert("two requests");
        }
    }

    /// It comes back, and is told again what others have said.
    fn crash(&mut self, replica: u32, proposes: u32) {
        let options = self.options.clone();
        let rules = Rules { options: &options, replicas: REPLICAS, slot: self.number };
        let before = self.replicas[replica as usize].clone();
        self.letters.retain(|letter| letter.to != replica);
        if options.persists_votes {
            let held = before.agreement.most_proposed(rules).cloned();
            let agreement = Agreement::restored(NodeId(replica), &before.said, held, rules);
            self.replicas[replica as usize] = Replica { agreement, ..before };
        } else {
            let agreement = Agreement::default();
            self.replicas[replica as usize] = Replica { agreement, said: Vec::new(), decided: None };
            self.say(replica, &Said::Proposal(command(proposes)));
        }
        let least = order(self.replicas[replica as usize].agreement.stage());
        for other in (0..REPLICAS).filter(|other| *other != replica) {
            let said = self.replicas[other as usize].said.iter().filter(|said| order_of(said) >= least);
            let letters = said.map(|said| Letter { from: other, to: replica, said: said.clone() });
            self.letters.extend(letters.collect::<Vec<_>>());
        }
    }
}

impl Space for Slot {
    type Choice = Choice;

    fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    fn choices(&self) -> Vec<Choice> {
        let is_tossed = self.options.coin == Coin::Private || self.options.without_majority == WithoutMajority::Random;
        let coin: &[bool] = if is_tossed { &[false, true] } else { &[false] };
        let is_bounded = |letter: &Letter| order_of(&letter.said) <= 2 * self.phases_max;
        let is_due =
            |letter: &Letter| order_of(&letter.said) == order(self.replicas[letter.to as usize].agreement.stage());
        let due = self.letters.iter().enumerate().filter(|(_, letter)| is_bounded(letter) && is_due(letter));
        let due: Vec<(usize, u32)> = due.map(|(place, letter)| (place, letter.to)).collect();
        let mut choices = Vec::new();
        for (at, (place, to)) in due.iter().enumerate() {
            let others = due[at + 1..].iter().filter(|(_, other)| other == to).map(|(other, _)| Some(*other));
            for along in others.chain([None]) {
                choices.extend(coin.iter().map(|toss| Choice::Deliver { to: *to, place: *place, along, toss: *toss }));
            }
        }
        if self.crashes > 0 {
            let open = (0..REPLICAS).filter(|replica| self.replicas[*replica as usize].decided.is_none());
            choices.extend(open.flat_map(|replica| [1, 2].map(|proposes| Choice::Crash { replica, proposes })));
        }
        choices
    }

    fn after(&self, choice: &Choice) -> Self {
        let mut next = self.clone();
        match *choice {
            Choice::Deliver { to, place, along, toss } => {
                let rules = Rules { options: &self.options, replicas: REPLICAS, slot: self.number };
                // The later place first: the earlier one stays what it is.
                for place in along.into_iter().chain([place]) {
                    let Letter { from, said, .. } = next.letters.remove(place);
                    next.replicas[to as usize].agreement.hear(NodeId(from), said, rules);
                }
                next.go_on(to, toss);
            }
            Choice::Crash { replica, proposes } => {
                next.crashes -= 1;
                next.crash(replica, proposes);
            }
        }
        next.seal()
    }
}

impl Core for Slot {
    fn broken(&self) -> Option<&'static str> {
        self.broken
    }
}
