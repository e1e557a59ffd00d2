//! A recording as a schedule.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::run::movable;
use super::{Front, Line, Schedule, Statement};
use crate::server::{Message, Node, PacketLoss};
use crate::sim::{Fate, Input, Pattern, Recording, Replay};
use crate::world::{LinkOptions, Moment, World};
use crate::zoo::OptionValue;

/// The schedule whose run is exactly this recording; before each input stands what `caption` makes of it and of the world then.
pub(super) fn from_recording(
    recording: &Recording,
    caption: impl Fn(&Input, &World<Node>) -> Option<Statement>,
) -> Schedule {
    let mut replay = Replay::new(recording, &mut ());
    let mut statements = Vec::new();
    for (moment, input) in recording.inputs() {
        statements.extend(passage(&replay, *moment));
        // All that comes before the input, but not the input itself.
        while replay.next_input(recording).is_none() && replay.step(recording, &mut ()) {}
        let world = replay.sim().world();
        if let Some(statement) = statement(input, world) {
            statements.extend(caption(input, world).into_iter().chain([statement]));
        }
        replay.step(recording, &mut ());
    }
    let lines = (3..).zip(statements).map(|(number, statement)| Line { number, statement });
    Schedule {
        front: Front::default(),
        architecture: recording.architecture.clone(),
        seed: recording.seed,
        lines: lines.collect(),
    }
}

/// How the text gets from where a run stands to the moment of its next input.
fn passage(replay: &Replay, moment: Moment) -> Option<Statement> {
    if replay.moment() == moment {
        return None;
    }
    // Where the world stands if the whole instant passes.
    let mut whole = replay.sim().clone();
    whole.advance_to(moment.time, &mut ());
    Some(if whole.world().moment() == moment {
        Statement::At { time: moment.time, events: None }
    } else {
        super::at(moment)
    })
}

/// An input as a statement; None for one that does nothing because what it names is not there.
fn statement(input: &Input, world: &World<Node>) -> Option<Statement> {
    Some(match input.clone() {
        Input::Call { client, call } => Statement::Call { client, call, expect: None },
        Input::Traffic(traffic) => Statement::Traffic(traffic),
        Input::Fill(keys) => Statement::Fill(keys),
        Input::Watch { client, watch } => Statement::Watch { client, watch },
        Input::View { view, to } => Statement::View { epoch: Some(view.epoch), shards: view.shards.to_vec(), to },
        Input::Lost(shard) => Statement::Lost(shard),
        Input::Cut(links) => Statement::Cut(links),
        Input::Heal(links) => Statement::Heal(links),
        Input::HealAll => Statement::HealAll,
        Input::Crash(node) => Statement::Crash(node),
        Input::Restart(node) => Statement::Restart(node),
        Input::Wipe(node) => Statement::Wipe(node),
        Input::Pause(node) => Statement::Pause(node),
        Input::Resume(node) => Statement::Resume(node),
        Input::Clock { node, offset_us } => Statement::Clock { node, offset_us },
        Input::Fire { node, timer } => Statement::Fire { timer, node },
        Input::Hold(pattern) => Statement::Message { fate: Fate::Hold, pattern, place: None },
        Input::Release(pattern) => Statement::Message { fate: Fate::Release, pattern, place: None },
        Input::DropNext(pattern) => Statement::DropNext(pattern),
        Input::Message { id, fate } => {
            let letters = world.letters();
            let (_, _, letter) = letters.iter().find(|(each, _, _)| *each == id)?;
            let kind = Message::KINDS.iter().position(|kind| *kind == letter.message.kind());
            let kind = kind.and_then(|kind| u8::try_from(kind).ok());
            let pattern = Pattern { kind, from: Some(letter.from), to: Some(letter.to) };
            let place = movable(&pattern, world).position(|each| each == id)?;
            Statement::Message { fate, pattern, place: u32::try_from(place + 1).ok() }
        }
        Input::PacketLoss(PacketLoss { requests, replies }) => {
            Statement::PacketLoss { requests: Some(requests), replies: Some(replies) }
        }
        Input::LinksEverywhere(options) => Statement::Links { links: None, changes: link_changes(&options) },
        Input::LinksBetween(links, options) => Statement::Links { links: Some(links), changes: link_changes(&options) },
    })
}

/// Link options as the options that set them.
fn link_changes(options: &LinkOptions) -> Vec<(String, String)> {
    let percent = |probability| OptionValue::Percent(probability).to_string();
    let switch = OptionValue::Switch(options.fifo).to_string();
    let changes = vec![
        ("latency-min", options.latency_min.to_string()),
        ("latency-max", options.latency_max.to_string()),
        ("loss", percent(options.loss)),
        ("duplication", percent(options.duplication)),
        ("fifo", switch),
    ];
    changes.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
