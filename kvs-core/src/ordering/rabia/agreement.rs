//! One slot: weak multi-valued consensus. It is about whether the request that most have proposed goes into the slot (1), or nothing does (0).
//!
//! No messages, no clock, no disk: what was heard goes in, and what to say next comes out.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AgreeOn, Coin, RabiaOptions, WithoutMajority, common_coin};
use crate::ordering::Command;
use crate::process::NodeId;
use crate::quorum::majority;

/// The one set of replicas there is.
const EPOCH: u32 = 1;

/// What a replica says about a slot. Each is said once, and never otherwise: not even after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// What it would like to see in the slot.
    Proposal(Command),
    /// The first round of a phase: what it takes the outcome to be.
    State {
        /// From 1.
        phase: u32,
        /// Whether the proposed request, or nothing.
        value: bool,
    },
    /// The second round of a phase.
    Vote {
        /// From 1.
        phase: u32,
        /// What a majority takes the outcome to be; None, written `?`, if it has heard no majority.
        vote: Option<bool>,
    },
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Say this to all.
    Say {
        /// What.
        said: Said,
        /// Whether it is what the coin has shown.
        by_coin: bool,
    },
    /// It is decided.
    Decide(bool),
}

/// What an agreement goes by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The safety options.
    pub options: &'a RabiaOptions,
    /// How many replicas there are.
    pub replicas: u32,
    /// Which slot it is about.
    pub slot: u64,
}

impl Rules<'_> {
    /// How many replicas may be gone.
    pub fn faulty_max(&self) -> u32 {
        self.replicas.saturating_sub(1) / 2
    }

    /// How many must be heard: no more than that are sure to answer.
    pub fn heard_min(&self) -> u32 {
        self.replicas - self.faulty_max()
    }

    /// What the common coin shows.
    pub fn coin(&self, phase: u32) -> bool {
        common_coin(self.options.coin_seed, EPOCH, self.slot, phase)
    }
}

/// What was heard in a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Phase {
    states: BTreeMap<NodeId, bool>,
    votes: BTreeMap<NodeId, Option<bool>>,
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Stage {
    /// Proposals.
    #[default]
    Proposals,
    /// The states of a phase.
    States(u32),
    /// The votes of a phase.
    Votes(u32),
    /// Nothing: it is decided.
    Decided(bool),
}

/// A slot as one replica sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    stage: Stage,
    proposals: BTreeMap<NodeId, Command>,
    phases: BTreeMap<u32, Phase>,
    /// What it knows a majority to have proposed, from before a crash.
    held: Option<Command>,
}

impl Agreement {
    /// What a replica knows that has crashed and said all this before, and held the request that a majority has proposed.
    pub fn restored(me: NodeId, said: &[Said], held: Option<Command>, rules: Rules<'_>) -> Self {
        let mut agreement = Self { held, ..Self::default() };
        for said in said {
            agreement.hear(me, said.clone(), rules);
            agreement.stage = match said {
                Said::Proposal(_) => Stage::Proposals,
                Said::State { phase, .. } => Stage::States(*phase),
                Said::Vote { phase, .. } => Stage::Votes(*phase),
            };
        }
        agreement
    }

    /// What it waits for.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The phase that it is in; 0 as long as it waits for proposals.
    pub fn phase(&self) -> u32 {
        match self.stage {
            Stage::Proposals | Stage::Decided(_) => 0,
            Stage::States(phase) | Stage::Votes(phase) => phase,
        }
    }

    /// Somebody, perhaps this very replica, has said something. Whoever says it again says nothing new.
    pub fn hear(&mut self, from: NodeId, said: Said, rules: Rules<'_>) {
        let is_final = rules.options.votes_are_frozen;
        match said {
            Said::Proposal(command) => {
                self.proposals.entry(from).or_insert(command);
            }
            Said::State { phase, value } => {
                self.phases.entry(phase).or_default().states.entry(from).or_insert(value);
            }
            Said::Vote { phase, vote } => {
                let votes = &mut self.phases.entry(phase).or_default().votes;
                let known = votes.entry(from).or_insert(vote);
                if !is_final {
                    *known = vote;
                }
            }
        }
    }

    /// What there is to say or to decide, now that this was heard. `toss` is the replica's own coin.
    pub fn turn(&mut self, rules: Rules<'_>, toss: &mut dyn FnMut() -> bool) -> Option<Turn> {
        match self.stage {
            Stage::Proposals => {
                let is_enough = count(&self.proposals) >= rules.heard_min();
                is_enough.then(|| self.state(1, self.most_proposed(rules).is_some(), false))
            }
            Stage::States(phase) => {
                let states = &self.phases.get(&phase)?.states;
                (count(states) >= rules.heard_min()).then(|| self.vote(phase, rules, toss))
            }
            Stage::Votes(phase) => {
                let votes = &self.phases.get(&phase)?.votes;
                if count(votes) < rules.heard_min() {
                    return None;
                }
                let for_value = |value| number(votes.values().filter(|vote| **vote == Some(value)));
                Some(match [true, false].map(|value| (value, for_value(value))) {
                    [(value, many), _] | [_, (value, many)] if many > rules.faulty_max() => {
                        self.stage = Stage::Decided(value);
                        Turn::Decide(value)
                    }
                    [(value, some), _] | [_, (value, some)] if some > 0 => self.state(phase + 1, value, false),
                    _ => {
                        let is_common = rules.options.coin == Coin::Common;
                        let value = if is_common { rules.coin(phase) } else { toss() };
                        self.state(phase + 1, value, true)
                    }
                })
            }
            Stage::Decided(_) => None,
        }
    }

    fn state(&mut self, phase: u32, value: bool, by_coin: bool) -> Turn {
        self.stage = Stage::States(phase);
        Turn::Say { said: Said::State { phase, value }, by_coin }
    }

    /// The vote is computed once, from the states that were heard first; those that come later do not change it.
    fn vote(&mut self, phase: u32, rules: Rules<'_>, toss: &mut dyn FnMut() -> bool) -> Turn {
        self.stage = Stage::Votes(phase);
        let of_majority = self.of_majority(phase, rules);
        let vote = match rules.options.without_majority {
            WithoutMajority::Question => of_majority,
            WithoutMajority::Random => of_majority.or_else(|| Some(toss())),
        };
        Turn::Say { said: Said::Vote { phase, vote }, by_coin: false }
    }

    fn of_majority(&self, phase: u32, rules: Rules<'_>) -> Option<bool> {
        let states = &self.phases.get(&phase)?.states;
        let many = |value: &bool| number(states.values().filter(|state| *state == value)) >= majority(rules.replicas);
        [true, false].into_iter().find(many)
    }

    /// Where votes are not frozen: another vote, if what was heard since then makes a difference.
    pub fn vote_again(&self, me: NodeId, rules: Rules<'_>) -> Option<Turn> {
        let Stage::Votes(phase) = self.stage else { return None };
        let mine = *self.phases.get(&phase)?.votes.get(&me)?;
        let vote = self.of_majority(phase, rules);
        (vote != mine).then_some(Turn::Say { said: Said::Vote { phase, vote }, by_coin: false })
    }

    /// The request that a majority has proposed, as far as was heard.
    pub fn most_proposed(&self, rules: Rules<'_>) -> Option<&Command> {
        let many = |command: &&Command| {
            number(self.proposals.values().filter(|other| other == command)) >= majority(rules.replicas)
        };
        self.proposals.values().find(many).or(self.held.as_ref())
    }

    /// What goes into the slot when 1 is decided; None if this replica does not hold it.
    pub fn request(&self, me: NodeId, rules: Rules<'_>) -> Option<&Command> {
        match rules.options.agree_on {
            AgreeOn::Request => self.most_proposed(rules),
            AgreeOn::Bit => self.proposals.get(&me),
        }
    }

    /// The proposals that were heard.
    pub fn proposals(&self) -> impl Iterator<Item = (NodeId, &Command)> {
        self.proposals.iter().map(|(node, command)| (*node, command))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
fn number(of: impl Iterator) -> u32 {
    of.count() as u32
}

fn count<T>(of: &BTreeMap<NodeId, T>) -> u32 {
    number(of.keys())
}
