//! From a run that breaks something to one in which nothing can be left out.

use alloc::vec::Vec;

use super::{Breach, Finding, Progress, first_breach};
use crate::choice::Probability;
use crate::process::NodeId;
use crate::routing::view::{Shard, View};
use crate::server::Call;
use crate::sim::{Input, Links, Pattern, Recording};
use crate::time::Time;
use crate::world::Moment;
use crate::zoo::Architecture;

/// Makes a run smaller for as long as it breaks the same promise: fewer inputs, fewer nodes, kinder links, rounder times.
///
/// In the end it is locally minimal: no single input and no single node can be left out. `may_go_on` is asked after every attempt; once
/// it says no, what has been found so far is returned.
pub fn shrink(finding: &Finding, may_go_on: &mut impl FnMut(&Progress) -> bool) -> Finding {
    let mut shrink = Shrink::new(finding.clone());
    while !shrink.is_done() {
        shrink.attempt();
        if !may_go_on(&shrink.progress()) {
            break;
        }
    }
    shrink.best
}

/// The same in single attempts, for those who must not be kept waiting.
pub struct Shrink {
    best: Finding,
    tried: u64,
    candidates: Vec<Candidate>,
    /// Whether the present round has made anything smaller.
    has_gained: bool,
    phase: Phase,
}

/// What a round tries. Rounder times come later than sooner ones: tried by turns, the two would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Smaller,
    Rounder,
    /// With rounder times, too, nothing can be left out.
    LeaveOut,
    Done,
}

/// A way to make a run smaller.
#[derive(Clone, Debug)]
enum Candidate {
    /// Without these inputs.
    Without { from: usize, until: usize },
    /// Without this server.
    WithoutServer(u32),
    /// Without this client.
    WithoutClient(u32),
    /// With links that lose nothing and repeat nothing.
    KindLinks,
    /// The server to ask is not named.
    Unnamed(usize),
    /// This input and all after it come as early as the one before.
    Sooner(usize),
    /// This input comes at a time that is a multiple of so many microseconds.
    Rounder(usize, u64),
}

impl Shrink {
    /// Starts from a finding.
    pub fn new(finding: Finding) -> Self {
        let mut best = finding;
        best.recording.truncate(Moment { time: best.at, events: u32::MAX });
        let mut shrink = Self { best, tried: 0, candidates: Vec::new(), has_gained: false, phase: Phase::Smaller };
        shrink.begin_round();
        shrink
    }

    /// The smallest so far.
    pub fn best(&self) -> &Finding {
        &self.best
    }

    /// Whether nothing can be left out any more.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let inputs = self.best.recording.inputs().len();
        Progress { tried: self.tried, doing: alloc::format!("{inputs} inputs left") }
    }

    /// All candidates of a round, the last to be tried first.
    fn begin_round(&mut self) {
        let inputs = self.best.recording.inputs().len();
        let architecture = &self.best.recording.architecture;
        let mut candidates = Vec::new();
        if self.phase == Phase::Rounder {
            let units = [100_000, 10_000, 1_000];
            candidates.extend((0..inputs).flat_map(|at| units.map(|unit| Candidate::Rounder(at, unit))).rev());
        } else {
            if self.phase == Phase::Smaller {
                candidates.extend((1..inputs).map(Candidate::Sooner));
                candidates.extend((0..inputs).map(Candidate::Unnamed));
                candidates.push(Candidate::KindLinks);
            }
            candidates.extend((0..architecture.clients).map(Candidate::WithoutClient));
            candidates.extend((0..architecture.servers).map(Candidate::WithoutServer));
            let mut chunks = Vec::new();
            let mut size = inputs.div_ceil(2);
            while size > 0 {
                // From the end: what comes late is most often peace.
                let starts = (0..inputs).step_by(size).rev();
                chunks.extend(starts.map(|from| Candidate::Without { from, until: (from + size).min(inputs) }));
                size = if size == 1 { 0 } else { size.div_ceil(2) };
            }
            candidates.extend(chunks.into_iter().rev());
        }
        self.candidates = candidates;
        self.has_gained = false;
    }

    /// Tries one candidate.
    pub fn attempt(&mut self) {
        let Some(candidate) = self.candidates.pop() else {
            if !self.has_gained || self.phase == Phase::Rounder {
                self.phase = match self.phase {
                    Phase::Smaller => Phase::Rounder,
                    Phase::Rounder => Phase::LeaveOut,
                    Phase::LeaveOut | Phase::Done => Phase::Done,
                };
            }
            self.begin_round();
            return;
        };
        let Some(recording) = apply(&candidate, &self.best.recording) else { return };
        self.tried += 1;
        let inside = matches!(self.best.breach, Breach::Invariant(_));
        let Some(found) = first_breach(&recording, self.best.at, inside) else { return };
        if found.breach.name() != self.best.breach.name() {
            return;
        }
        self.best = found;
        self.best.recording.truncate(Moment { time: self.best.at, events: u32::MAX });
        self.has_gained = true;
        // What stood at the end of the list is somewhere else now.
        if let Candidate::Without { from, until } = candidate {
            let gone = until - from;
            let inputs = self.best.recording.inputs().len();
            self.candidates.retain_mut(|other| match other {
                Candidate::Without { from: other, until } if *other >= from => {
                    (*other, *until) = (other.saturating_sub(gone), until.saturating_sub(gone).min(inputs));
                    *other < *until
                }
                Candidate::Without { until, .. } => {
                    *until = (*until).min(inputs);
                    true
                }
                Candidate::Unnamed(at) | Candidate::Sooner(at) | Candidate::Rounder(at, _) => *at < inputs,
                _ => true,
            });
        }
    }
}

/// The smaller recording; None if there is no such candidate, or it is no smaller.
fn apply(candidate: &Candidate, recording: &Recording) -> Option<Recording> {
    let mut inputs = recording.inputs().to_vec();
    let mut architecture = recording.architecture.clone();
    match *candidate {
        Candidate::Without { from, until } => {
            if from >= until || until > inputs.len() {
                return None;
            }
            inputs.drain(from..until);
        }
        Candidate::WithoutServer(server) => {
            // Where servers decide together, one fewer is another store.
            if architecture.servers < 2 || server >= architecture.servers || architecture.is_ordered() {
                return None;
            }
            architecture.servers -= 1;
            inputs = without(&inputs, NodeId(server));
        }
        Candidate::WithoutClient(client) => {
            if architecture.clients < 2 || client >= architecture.clients {
                return None;
            }
            architecture.clients -= 1;
            inputs = without(&inputs, NodeId(architecture.servers + client));
        }
        Candidate::KindLinks => {
            let links = &mut architecture.links;
            if links.loss == Probability::NEVER && links.duplication == Probability::NEVER {
                return None;
            }
            (links.loss, links.duplication) = (Probability::NEVER, Probability::NEVER);
        }
        Candidate::Unnamed(at) => {
            let Input::Call { call, .. } = &mut inputs.get_mut(at)?.1 else { return None };
            call.to?;
            *call = Call { to: None, ..Call::clone(call) }.into();
        }
        Candidate::Sooner(at) => {
            let before = inputs.get(at.checked_sub(1)?)?.0;
            let gap = inputs.get(at)?.0.time.since(before.time).as_us();
            if gap == 0 {
                return None;
            }
            let first = inputs[at].0.time;
            for (moment, _) in &mut inputs[at..] {
                // Those at one instant stay together.
                let events = if moment.time == first { before.events } else { moment.events };
                *moment = Moment { time: Time::from_us(moment.time.as_us() - gap), events };
            }
        }
        Candidate::Rounder(at, unit) => {
            let moment = inputs.get(at)?.0;
            let time = Time::from_us(moment.time.as_us().next_multiple_of(unit));
            let is_in_order = inputs.get(at + 1).is_none_or(|(next, _)| time <= next.time);
            let rounder = Moment { time, events: 0 };
            if rounder == moment || !is_in_order || inputs.get(at + 1).is_some_and(|(next, _)| rounder > *next) {
                return None;
            }
            inputs[at].0 = rounder;
        }
    }
    let mut smaller = Recording::new(valid(architecture)?, recording.seed);
    smaller.swap_tail(0, inputs);
    Some(smaller)
}

fn valid(architecture: Architecture) -> Option<Architecture> {
    architecture.validate().is_ok().then_some(architecture)
}

/// The inputs for a cluster in which a node is missing: those about it are left out, and nodes behind it move up.
fn without(inputs: &[(Moment, Input)], gone: NodeId) -> Vec<(Moment, Input)> {
    let moved = |node: NodeId| NodeId(if node > gone { node.0 - 1 } else { node.0 });
    let keep = |node: NodeId| (node != gone).then(|| moved(node));
    let group = |nodes: &[NodeId]| nodes.iter().copied().filter_map(keep).collect::<Vec<_>>();
    let links = |links: &Links| match links {
        Links::Between(groups) => {
            let groups: Vec<_> = groups.iter().map(|nodes| group(nodes)).filter(|nodes| !nodes.is_empty()).collect();
            (groups.len() > 1).then_some(Links::Between(groups))
        }
        Links::OneWay { from, to } => {
            let (from, to) = (group(from), group(to));
            (!from.is_empty() && !to.is_empty()).then_some(Links::OneWay { from, to })
        }
    };
    let pattern = |pattern: &Pattern| {
        let end = |end: Option<NodeId>| end.map_or(Some(None), |node| keep(node).map(Some));
        Some(Pattern { kind: pattern.kind, from: end(pattern.from)?, to: end(pattern.to)? })
    };
    let input = |input: &Input| {
        Some(match input {
            Input::Call { client, call } => {
                let to = call.to.map_or(Some(None), |node| keep(node).map(Some));
                Input::Call { client: keep(*client)?, call: Call { op: call.op.clone(), to: to? }.into() }
            }
            Input::Cut(some) => Input::Cut(links(some)?),
            Input::Heal(some) => Input::Heal(links(some)?),
            Input::LinksBetween(some, options) => Input::LinksBetween(links(some)?, *options),
            Input::Crash(node) => Input::Crash(keep(*node)?),
            Input::Restart(node) => Input::Restart(keep(*node)?),
            Input::Wipe(node) => Input::Wipe(keep(*node)?),
            Input::Pause(node) => Input::Pause(keep(*node)?),
            Input::Resume(node) => Input::Resume(keep(*node)?),
            Input::Clock { node, offset_us } => Input::Clock { node: keep(*node)?, offset_us: *offset_us },
            Input::Fire { node, timer } => Input::Fire { node: keep(*node)?, timer: *timer },
            Input::Hold(some) => Input::Hold(pattern(some)?),
            Input::Release(some) => Input::Release(pattern(some)?),
            Input::DropNext(some) => Input::DropNext(pattern(some)?),
            Input::View { view, to } => {
                let shard = |shard: &Shard| Shard { name: shard.name.clone(), nodes: group(&shard.nodes).into() };
                let shards = view.shards.iter().map(shard).filter(|shard| !shard.nodes.is_empty());
                Input::View { view: View { epoch: view.epoch, shards: shards.collect() }, to: group(to) }
            }
            Input::Traffic(_)
            | Input::Fill(_)
            | Input::Watch { .. }
            | Input::Lost(_)
            | Input::PacketLoss(_)
            | Input::HealAll
            | Input::Message { .. }
            | Input::LinksEverywhere(_) => input.clone(),
        })
    };
    inputs.iter().filter_map(|(moment, some)| Some((*moment, input(some)?))).collect()
}
