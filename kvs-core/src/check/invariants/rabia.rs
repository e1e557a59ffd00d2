//! Replicas without a leader: what each may say about a slot, and what the slot may hold. From what was said, across crashes.
//!
//! The conjectures of the paper's proof in Ivy, one check each.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use super::Found;
use crate::op::RequestId;
use crate::ordering::Command;
use crate::ordering::rabia::agreement::Rules;
use crate::ordering::rabia::{Message, Missed, RabiaOptions, is_tick};
use crate::process::NodeId;
use crate::quorum::majority;
use crate::zoo::Architecture;

/// A phase of a slot.
type Round = (u64, u32);

#[derive(Clone)]
pub(super) struct Watch {
    options: RabiaOptions,
    replicas: u32,
    /// Whether a request may be in two slots: in batches, of which the second does not execute it again.
    may_repeat: bool,
    requests: BTreeSet<RequestId>,
    proposals: BTreeMap<u64, BTreeMap<NodeId, Command>>,
    states: BTreeMap<Round, BTreeMap<NodeId, bool>>,
    votes: BTreeMap<Round, BTreeMap<NodeId, Option<bool>>>,
    /// The votes that have arrived somewhere, with where.
    heard: BTreeMap<(Round, NodeId), BTreeMap<NodeId, Option<bool>>>,
    decisions: BTreeMap<u64, (NodeId, Command)>,
    /// Where each request was executed.
    executed: BTreeMap<RequestId, u64>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        let options = architecture.rabia()?.clone();
        let may_repeat = options.batch_max > 1 && architecture.server.dedupe;
        Some(Self {
            options,
            replicas: architecture.servers,
            may_repeat,
            requests: BTreeSet::new(),
            proposals: BTreeMap::new(),
            states: BTreeMap::new(),
            votes: BTreeMap::new(),
            heard: BTreeMap::new(),
            decisions: BTreeMap::new(),
            executed: BTreeMap::new(),
        })
    }

    fn rules(&self, slot: u64) -> Rules<'_> {
        Rules { options: &self.options, replicas: self.replicas, slot }
    }

    /// A client begins an operation.
    pub(super) fn called(&mut self, id: RequestId) {
        self.requests.insert(id);
    }

    /// A message arrives.
    pub(super) fn arrived(&mut self, from: NodeId, to: NodeId, message: &Message) {
        if let Message::Vote { slot, phase, vote } = message {
            self.heard.entry(((*slot, *phase), to)).or_default().insert(from, *vote);
        }
    }

    /// A message leaves.
    pub(super) fn said(&mut self, from: NodeId, message: &Message) -> Found {
        match message {
            Message::Proposal { slot, command } => {
                let known = self.proposals.entry(*slot).or_default().entry(from).or_insert_with(|| command.clone());
                if known == command {
                    return Ok(());
                }
                Err(("B1", format!("it has proposed {known} for slot {slot}, and now {command}")))
            }
            Message::State { slot, phase, value } => self.said_state(from, (*slot, *phase), *value),
            Message::Vote { slot, phase, vote } => self.said_vote(from, (*slot, *phase), *vote),
            Message::Decision { slot, command } => self.decided(from, *slot, command),
            Message::CatchUpResp { missed: Missed::Decisions { from: first, commands }, .. } => {
                (*first..).zip(commands.iter()).try_for_each(|(slot, command)| self.decided(from, slot, command))
            }
            Message::Forward { .. }
            | Message::AskProposal { .. }
            | Message::GiveProposal { .. }
            | Message::CatchUp { .. }
            | Message::CatchUpResp { .. } => Ok(()),
        }
    }

    fn said_state(&mut self, from: NodeId, round: Round, value: bool) -> Found {
        let (slot, phase) = round;
        let known = *self.states.entry(round).or_default().entry(from).or_insert(value);
        if known != value {
            return Err(("B1", format!("its state in phase {phase} of slot {slot} was another before")));
        }
        if phase <= 1 {
            return Ok(());
        }
        let before = (slot, phase - 1);
        self.decided_value_stays(before)?;
        // Those that this replica has heard, its own included.
        let nobody = BTreeMap::new();
        let mut heard = self.heard.get(&(before, from)).unwrap_or(&nobody).clone();
        heard.extend(self.votes.get(&before).and_then(|votes| votes.get(&from)).map(|own| (from, *own)));
        if heard.values().any(|vote| *vote == Some(value)) {
            return Ok(());
        }
        let rules = self.rules(slot);
        let questions = heard.values().filter(|vote| vote.is_none()).count();
        if questions < rules.heard_min() as usize {
            return Err((
                "B7",
                format!("it goes by the coin in phase {phase} of slot {slot}, and has heard {questions} ?"),
            ));
        }
        if value == rules.coin(phase - 1) {
            return Ok(());
        }
        Err((
            "B7",
            format!("in phase {phase} of slot {slot} it goes by a coin that shows another side than everybody's"),
        ))
    }

    fn said_vote(&mut self, from: NodeId, round: Round, vote: Option<bool>) -> Found {
        let (slot, phase) = round;
        let votes = self.votes.entry(round).or_default();
        if *votes.entry(from).or_insert(vote) != vote {
            return Err(("B1", format!("its vote in phase {phase} of slot {slot} was another before")));
        }
        let Some(value) = vote else { return Ok(()) };
        if votes.values().any(|other| *other == Some(!value)) {
            return Err(("B2", format!("in phase {phase} of slot {slot} there are votes for 0 and for 1")));
        }
        let states = self.states.get(&round).into_iter().flat_map(BTreeMap::values);
        let supporters = states.filter(|state| **state == value).count();
        if supporters < majority(self.replicas) as usize {
            let bit = u8::from(value);
            return Err((
                "B3",
                format!("it votes {bit} in phase {phase} of slot {slot}, as {supporters} have said before"),
            ));
        }
        self.decided_value_stays(round)
    }

    /// Once `f + 1` have voted for a value, every state of the next phase is that value.
    fn decided_value_stays(&self, round: Round) -> Found {
        let (slot, phase) = round;
        let votes = || self.votes.get(&round).into_iter().flat_map(BTreeMap::values);
        let is_decided = |value: &bool| {
            votes().filter(|vote| **vote == Some(*value)).count() > self.rules(slot).faulty_max() as usize
        };
        let Some(value) = [true, false].into_iter().find(is_decided) else { return Ok(()) };
        let next = self.states.get(&(slot, phase + 1)).into_iter().flat_map(BTreeMap::values);
        match next.into_iter().any(|state| *state != value) {
            false => Ok(()),
            true => Err(("B4", format!("phase {phase} of slot {slot} has decided, and somebody goes on otherwise"))),
        }
    }

    fn decided(&mut self, from: NodeId, slot: u64, command: &Command) -> Found {
        if let Some((other, known)) = self.decisions.get(&slot) {
            return match known == command {
                true => Ok(()),
                false => Err(("B5", format!("slot {slot} is {command} here, and {known} at node {}", other.0))),
            };
        }
        self.decisions.insert(slot, (from, command.clone()));
        if *command == Command::Noop {
            return Ok(());
        }
        let proposals = self.proposals.get(&slot).into_iter().flat_map(BTreeMap::values);
        let supporters = proposals.filter(|proposal| *proposal == command).count();
        if supporters < majority(self.replicas) as usize {
            return Err(("B5", format!("slot {slot} is {command}, which {supporters} have proposed")));
        }
        for request in command.requests() {
            let is_of_replica = request.id.client.node.0 < self.replicas && is_tick(&request.op);
            if !is_of_replica && !self.requests.contains(&request.id) {
                return Err(("B6", format!("slot {slot} holds {}, which nobody has asked for", request.id)));
            }
            let known = *self.executed.entry(request.id).or_insert(slot);
            if known != slot && !self.may_repeat {
                return Err(("B6", format!("{} is executed in slot {known} and again in slot {slot}", request.id)));
            }
        }
        Ok(())
    }
}
