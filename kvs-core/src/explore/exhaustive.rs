//! Every run of a small world: at each point, every message on its way may be the next to arrive, and any timer may run out; up to a
//! bound, messages are lost or repeated and servers crash.
//!
//! Time stands still: what differs between two runs is the order of things only. Worlds that differ in nothing but the way they came
//! about are one state, and are looked at once.
//!
//! [`search`] knows nothing of worlds: any [`Space`] will do, such as the core of a protocol without all that surrounds it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Breach, Finding};
use crate::check::invariants::Invariants;
use crate::check::linearizable::memo::{Memo, fingerprint};
use crate::check::{Budget, Judge, Run};
use crate::choice::Probability;
use crate::process::NodeId;
use crate::server::{Call, Timer};
use crate::sim::{Fate, History, Input, Recording, Sim};
use crate::time::Span;
use crate::world::{Moment, Whereabouts};
use crate::zoo::Architecture;

/// States from which one gets to others by choices.
pub trait Space: Sized {
    /// A step to another state.
    type Choice;

    /// States that differ in nothing that matters have the same.
    fn fingerprint(&self) -> u128;

    /// Everything that may happen next.
    fn choices(&self) -> Vec<Self::Choice>;

    /// The state after one of the choices.
    #[must_use]
    fn after(&self, choice: &Self::Choice) -> Self;
}

/// What a search has found in the states that it has looked at.
#[derive(Clone, Debug)]
pub struct Searched<S, B> {
    /// How many distinct states there were.
    pub states: u64,
    /// How many ways there were from one of them to another.
    pub steps: u64,
    /// The greatest number of steps to a state.
    pub deepest: u32,
    /// Whether these are all.
    pub is_complete: bool,
    /// What was looked for, at one of the states that are nearest to the first.
    pub found: Option<(S, B)>,
}

/// Looks at every state that can be reached, nearest first, until one of them shows what is looked for, or there have been so many. After
/// every `1 << 10` states `may_go_on` is told how many there were.
pub fn search<S: Space, B>(
    first: S,
    states_max: u64,
    looked_for: impl Fn(&S) -> Option<B>,
    may_go_on: &mut impl FnMut(u64) -> bool,
) -> Searched<S, B> {
    let mut seen = Memo::default();
    seen.insert(first.fingerprint());
    let mut searched = Searched { states: 1, steps: 0, deepest: 0, is_complete: true, found: None };
    let mut layer = alloc::vec![first];
    while !layer.is_empty() {
        let mut next_layer = Vec::new();
        for state in layer {
            if let Some(found) = looked_for(&state) {
                searched.found = Some((state, found));
                searched.is_complete = false;
                return searched;
            }
            for choice in state.choices() {
                searched.steps += 1;
                let next = state.after(&choice);
                if !seen.insert(next.fingerprint()) {
                    continue;
                }
                searched.states += 1;
                next_layer.push(next);
                let is_report_due = searched.states.is_multiple_of(1 << 10);
                if searched.states >= states_max || is_report_due && !may_go_on(searched.states) {
                    searched.is_complete = false;
                    return searched;
                }
            }
        }
        layer = next_layer;
        searched.deepest += u32::from(!layer.is_empty());
    }
    searched
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many messages may be lost.
    pub drops: u32,
    /// How many messages may be repeated.
    pub duplicates: u32,
    /// How many times a server may crash. It may restart as often.
    pub crashes: u32,
    /// How many times a timer may run out.
    pub timers: u32,
    /// How many states to look at.
    pub states: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { drops: 0, duplicates: 0, crashes: 0, timers: 0, states: 1_000_000 }
    }
}

/// What was found in the states that were looked at.
#[derive(Clone, Debug)]
pub struct Explored {
    /// How many distinct states there were.
    pub states: u64,
    /// How many ways there were from one of them to another.
    pub steps: u64,
    /// The greatest number of steps to a state.
    pub deepest: u32,
    /// Whether these are all.
    pub is_complete: bool,
    /// The first breach, by one of the shortest ways to one.
    pub finding: Option<Finding>,
}

/// A small world at some point.
#[derive(Clone)]
pub struct State {
    sim: Sim,
    history: History,
    left: Bounds,
    /// What inside should hold on the way here.
    invariants: Invariants,
    broken: Option<Breach>,
    inputs: Vec<(Moment, Input)>,
}

impl State {
    /// A world in which these clients have asked for these things, each client for one after the other.
    pub fn new(architecture: &Architecture, calls: &[(NodeId, Call)], bounds: Bounds) -> Self {
        let mut history = History::default();
        let mut invariants = Invariants::new(architecture);
        let sim = Sim::new(architecture, 0, &mut (&mut history, &mut invariants));
        let mut state = Self { sim, history, left: bounds, invariants, broken: None, inputs: Vec::new() };
        for (client, call) in calls {
            state.act(Input::Call { client: *client, call: call.clone().into() });
        }
        state
    }

    /// The way here.
    pub fn inputs(&self) -> &[(Moment, Input)] {
        &self.inputs
    }

    /// Calls and returns on the way here.
    pub fn history(&self) -> &History {
        &self.history
    }

    fn act(&mut self, input: Input) {
        let moment = self.sim.world().moment();
        let mut observers = (&mut self.history, &mut self.invariants);
        // Only what is possible is chosen.
        let _possible = self.sim.apply(&input, &mut observers);
        // Disks take no time here.
        self.sim.advance_to(moment.time, &mut observers);
        self.inputs.push((moment, input));
        if let Err(violation) = self.invariants.after_step(self.sim.world()) {
            self.broken.get_or_insert(Breach::Invariant(violation));
        }
    }

    /// What it breaks, if the last choice broke something.
    fn breach(&self, architecture: &Architecture) -> Option<Breach> {
        if self.broken.is_some() {
            return self.broken.clone();
        }
        let events = self.history.events().len();
        let run = Run::new(architecture, self.sim.world(), &self.history, events, &self.inputs);
        Judge::new(architecture).breach(&run, Budget::LIVE).map(|(guarantee, proof)| Breach::Claim(guarantee, proof))
    }
}

impl Space for State {
    type Choice = Input;

    /// The way here is left out.
    fn fingerprint(&self) -> u128 {
        let world = self.sim.world();
        let nodes = world.node_ids();
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for node in nodes {
            parts.push(encode(&(world.node(node), world.is_up(node))));
            let mut timers: Vec<Timer> = world.timers(node).into_iter().map(|(timer, _)| timer).collect();
            timers.sort_unstable();
            parts.push(encode(&timers));
            let disk = world.disk(node);
            for file in disk.files() {
                parts.push(encode(&(String::from(file), disk.read(file).unwrap_or_default())));
            }
            parts.push(encode(&disk.durable().0));
        }
        let mut letters: Vec<Vec<u8>> = world
            .letters()
            .iter()
            .map(|(_, whereabouts, letter)| {
                encode(&(letter.from, letter.to, &letter.message, *whereabouts == Whereabouts::Parked))
            })
            .collect();
        letters.sort_unstable();
        parts.extend(letters);
        // The verdict rests on what clients were told, in which order.
        for operation in self.history.operations() {
            parts.push(encode(&(operation.id, operation.ended.as_ref().map(|ended| &ended.outcome))));
        }
        parts.push(encode(&self.history.events()));
        let Bounds { drops, duplicates, crashes, timers, .. } = self.left;
        fingerprint(&(parts, drops, duplicates, crashes, timers))
    }

    fn choices(&self) -> Vec<Input> {
        let world = self.sim.world();
        let mut choices = Vec::new();
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for (id, whereabouts, letter) in world.letters() {
            // Of equal messages one is enough. One that waits for a disk is let go by the sync.
            let encoded = encode(&(letter.from, letter.to, &letter.message));
            if matches!(whereabouts, Whereabouts::Parked) || seen.contains(&encoded) {
                continue;
            }
            seen.push(encoded);
            let fates = [(Fate::Deliver, 1), (Fate::Drop, self.left.drops), (Fate::Duplicate, self.left.duplicates)];
            choices
                .extend(fates.into_iter().filter(|(_, left)| *left > 0).map(|(fate, _)| Input::Message { id, fate }));
        }
        for node in world.node_ids() {
            let is_server = world.node(node).as_client().is_none();
            if is_server && world.is_up(node) && self.left.crashes > 0 {
                choices.push(Input::Crash(node));
            }
            if is_server && !world.is_up(node) {
                choices.push(Input::Restart(node));
            }
            if self.left.timers > 0 {
                choices.extend(world.timers(node).into_iter().map(|(timer, _)| Input::Fire { node, timer }));
            }
        }
        choices
    }

    fn after(&self, choice: &Input) -> Self {
        let mut next = self.clone();
        let left = match choice {
            Input::Message { fate: Fate::Drop, .. } => Some(&mut next.left.drops),
            Input::Message { fate: Fate::Duplicate, .. } => Some(&mut next.left.duplicates),
            Input::Crash(_) => Some(&mut next.left.crashes),
            Input::Fire { .. } => Some(&mut next.left.timers),
            _ => None,
        };
        if let Some(left) = left {
            *left = left.saturating_sub(1);
        }
        next.act(choice.clone());
        next
    }
}

/// A fingerprint of anything that can be encoded.
pub fn fingerprint_of(value: &impl Serialize) -> u128 {
    fingerprint(&encode(value))
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    // Encoding plain data into memory does not fail.
    postcard::to_allocvec(value).unwrap_or_default()
}

/// The same parts in a world in which nothing happens by itself.
pub fn standing_still(architecture: &Architecture) -> Architecture {
    let mut still = architecture.clone();
    (still.links.latency_min, still.links.latency_max) = (STILL, STILL);
    (still.links.loss, still.links.duplication) = (Probability::NEVER, Probability::NEVER);
    still.disks.sync_latency = Span::ZERO;
    still
}

/// Longer than anything takes here.
const STILL: Span = Span::from_secs(10);

/// Looks at every state of a world that can be reached, nearest first, until a promise is broken. After every `1 << 10` states
/// `may_go_on` is told how many there were.
pub fn explore(
    architecture: &Architecture,
    calls: &[(NodeId, Call)],
    bounds: Bounds,
    may_go_on: &mut impl FnMut(u64) -> bool,
) -> Explored {
    let architecture = &standing_still(architecture);
    let first = State::new(architecture, calls, bounds);
    let searched = search(first, bounds.states, |state| state.breach(architecture), may_go_on);
    let Searched { states, steps, deepest, is_complete, found } = searched;
    let finding = found.map(|(state, breach)| {
        let at = state.sim.world().now();
        let mut recording = Recording::new(architecture.clone(), 0);
        recording.swap_tail(0, state.inputs);
        Finding { breach, recording, at }
    });
    Explored { states, steps, deepest, is_complete, finding }
}
