//! A run as a lesson to begin with: whoever made it writes better words in place of these.

use alloc::format;
use alloc::string::String;

use super::from_recording::from_recording;
use super::{Front, Schedule, Statement};
use crate::process::NodeId;
use crate::server::{Message, Node};
use crate::sim::{Entry, Fate, Input, Pattern, Recording, What, describe};
use crate::time::Time;
use crate::world::World;
use crate::zoo::Names;

/// The schedule of a recording, with a caption before each thing that somebody did.
pub(super) fn told(recording: &Recording, title: &str) -> Schedule {
    let names = Names::new(&recording.architecture);
    let caption = |input: &Input, world: &World<Node>| Some(Statement::Say(words(input, world, &names)));
    let mut schedule = from_recording(recording, caption);
    schedule.front = Front { title: Some(title.into()), ..Front::default() };
    schedule.lines.iter_mut().for_each(|line| line.number += 1);
    schedule
}

/// What somebody did, in a sentence.
fn words(input: &Input, world: &World<Node>, names: &Names) -> String {
    let name = |node: NodeId| names.name(node);
    let message = |pattern: &Pattern| {
        let kind = pattern.kind.and_then(|kind| Message::KINDS.get(usize::from(kind))).unwrap_or(&"message");
        let from = pattern.from.map_or_else(String::new, |from| format!(" from {}", name(from)));
        let to = pattern.to.map_or_else(String::new, |to| format!(" to {}", name(to)));
        format!("{kind}{from}{to}")
    };
    match input {
        Input::Call { client, call } => {
            let to = call.to.map_or_else(String::new, |to| format!(" {}", name(to)));
            format!("{} asks{to}: {}.", name(*client), call.op)
        }
        Input::Watch { client, watch } => {
            let verb = if watch.is_on { "wants to hear" } else { "no longer wants to hear" };
            format!("{} {verb} of changes from {}.", name(*client), name(watch.server))
        }
        Input::Crash(node) => format!("{} crashes.", name(*node)),
        Input::Restart(node) => format!("{} starts again.", name(*node)),
        Input::Fire { node, timer } => format!("A timer of {} runs out early: {}.", name(*node), timer.name()),
        Input::DropNext(pattern) => format!("The next {} is lost.", message(pattern)),
        Input::Message { id, fate: Fate::Drop } => {
            let letters = world.letters();
            match letters.iter().find(|(each, ..)| each == id) {
                Some((_, _, letter)) => {
                    format!("A {} from {} to {} is lost.", letter.message.kind(), name(letter.from), name(letter.to))
                }
                None => "A message is lost.".into(),
            }
        }
        other => {
            let entry = Entry { time: Time::ZERO, what: What::Did(other.clone()) };
            capital(&describe(&entry, names).unwrap_or_else(|| "something is done".into())) + "."
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}
