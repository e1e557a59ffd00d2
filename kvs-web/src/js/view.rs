//! What scripts read of a run, as plain values.

use kvs_core::check::{Budget, Judge, Verdict};
use kvs_core::process::NodeId;
use kvs_core::sim::{describe, summarize};
use kvs_core::world::Whereabouts;
use kvs_core::zoo::catalog;
use serde::Serialize;

use super::ms;
use crate::inspect::{self, Tree};
use crate::player::{Changes, Player};

#[derive(Serialize)]
pub(super) struct State {
    exhibit: &'static str,
    /// As text: a number of JavaScript does not hold every seed.
    seed: String,
    now: f64,
    nodes: Vec<Node>,
    messages: Vec<Message>,
    cuts: Vec<(String, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    is_server: bool,
    is_up: bool,
    is_paused: bool,
    state: Part,
}

#[derive(Serialize)]
struct Part {
    label: String,
    value: String,
    children: Vec<Part>,
}

impl From<Tree> for Part {
    fn from(Tree { label, value, children }: Tree) -> Self {
        Self { label, value, children: children.into_iter().map(Self::from).collect() }
    }
}

#[derive(Serialize)]
struct Message {
    id: String,
    kind: &'static str,
    from: String,
    to: String,
    says: String,
    #[serde(rename = "where")]
    whereabouts: &'static str,
    due: Option<f64>,
}

pub(super) fn state(player: &Player) -> State {
    let (world, architecture, names) = (player.world(), player.architecture(), player.names());
    let name = |node: NodeId| names.name(node).to_owned();
    let nodes = world.node_ids().map(|node| Node {
        name: name(node),
        is_server: architecture.is_server(node),
        is_up: world.is_up(node),
        is_paused: world.is_paused(node),
        state: inspect::tree(names.name(node), &**world.node(node), names).into(),
    });
    let messages = world.letters().into_iter().map(|(id, at, letter)| {
        let (whereabouts, due) = match at {
            Whereabouts::Travelling(due) => ("travelling", Some(ms(due))),
            Whereabouts::Held => ("held", None),
            Whereabouts::Parked => ("parked", None),
        };
        Message {
            id: id.0.to_string(),
            kind: letter.message.kind(),
            from: name(letter.from),
            to: name(letter.to),
            says: summarize(&letter.message),
            whereabouts,
            due,
        }
    });
    let pairs = world.node_ids().flat_map(|from| world.node_ids().map(move |to| (from, to)));
    let cuts = pairs.filter(|(from, to)| world.is_cut(*from, *to)).map(|(from, to)| (name(from), name(to)));
    State {
        exhibit: catalog::exhibit_of(architecture.animal).name,
        seed: player.recording().seed.to_string(),
        now: ms(player.now()),
        nodes: nodes.collect(),
        messages: messages.collect(),
        cuts: cuts.collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Judgement {
    guarantee: String,
    is_promised: bool,
    ended_by: Vec<String>,
    verdict: &'static str,
    is_breach: bool,
    why: Option<String>,
    operations: Vec<usize>,
}

pub(super) fn verdicts(player: &Player) -> Vec<Judgement> {
    let judgements = Judge::new(player.architecture()).judge(&player.run(), Budget::LIVE);
    let told = judgements.into_iter().map(|judgement| {
        let (verdict, why, operations) = match &judgement.verdict {
            Verdict::Holds => ("holds", None, Vec::new()),
            Verdict::Broken(proof) => ("broken", Some(proof.what.clone()), proof.operations.clone()),
            Verdict::Undecided(why) => ("undecided", Some(why.to_string()), Vec::new()),
        };
        Judgement {
            guarantee: judgement.guarantee.name(),
            is_promised: judgement.claim.is_some(),
            ended_by: judgement.ended_by.iter().map(ToString::to_string).collect(),
            verdict,
            is_breach: judgement.is_breach(),
            why,
            operations,
        }
    });
    told.collect()
}

#[derive(Serialize)]
pub(super) struct Entry {
    time: f64,
    words: String,
}

/// The entries of the trace from one place on, up to the present.
pub(super) fn entries(player: &Player, from: usize) -> Vec<Entry> {
    let new = player.trace().get(from..).unwrap_or_default().iter();
    new.filter_map(|entry| Some(Entry { time: ms(entry.time), words: describe(entry, player.names())? })).collect()
}

#[derive(Serialize)]
pub(super) struct Operation {
    client: String,
    operation: String,
    called: f64,
    ended: Option<f64>,
    outcome: Option<String>,
}

pub(super) fn operations(player: &Player) -> Vec<Operation> {
    let now = player.now();
    let called = player.history().operations().iter().filter(|operation| operation.called <= now);
    let told = called.map(|operation| {
        let ended = operation.ended.as_ref().filter(|ended| ended.at <= now);
        Operation {
            client: player.names().name(operation.client()).to_owned(),
            operation: operation.op().to_string(),
            called: ms(operation.called),
            ended: ended.map(|ended| ms(ended.at)),
            outcome: ended.map(|ended| ended.outcome.to_string()),
        }
    });
    told.collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each says of something whether it changed")]
pub(super) struct Change {
    now: f64,
    time: bool,
    playback: bool,
    recording: bool,
    run: bool,
    is_playing: bool,
    happened: Vec<Entry>,
}

/// What listeners are told: `told` is how much of the trace they know.
pub(super) fn change(player: &Player, changes: Changes, told: usize) -> Change {
    let Changes { time, playback, recording, run } = changes;
    let happened = if time { entries(player, told) } else { Vec::new() };
    Change { now: ms(player.now()), time, playback, recording, run, is_playing: player.is_playing(), happened }
}
