//! What a clerk thinks, in words: why it asks again, and why it knows how its operation ended, or does not.

use kvs_core::op::{KVSOperation, KVSResponse, Outcome};
use kvs_core::process::Mark;
use kvs_core::server::{
    COPIES_POSSIBLE, FIRST_COPY, IN_ANOTHER_LIFE, MAY_HAVE_ARRIVED, MAY_STILL_ARRIVE, Message, NEVER_LEFT, NEVER_THERE,
    OVERWRITES, PUT_ON_TOP, RETRIED, TAKEN_FOR_SUCCESS,
};
use kvs_core::sim::{Entry, Operation, What};
use kvs_core::version::Version;

use crate::player::Player;

/// What the client of an operation thinks about it at the present; None where there is nothing to think about, and in stores whose
/// clients are no clerks.
pub fn thoughts(player: &Player, operation: &Operation) -> Option<String> {
    player.architecture().client.clerk.as_ref()?;
    let outcome = operation.ended.as_ref().filter(|ended| ended.at <= player.now()).map(|ended| &ended.outcome);
    reasoning(operation.op(), &marks_of(player.trace(), operation), outcome)
}

/// What the client of an operation has marked while it went on, in order.
pub fn marks_of(trace: &[Entry], operation: &Operation) -> Vec<Mark> {
    let (id, client) = (operation.id, operation.client());
    let start = trace.partition_point(|entry| entry.time < operation.called);
    let is_call =
        |what: &What| matches!(what, What::Told { message: Message::Called(request), .. } if request.id == id);
    let is_return =
        |what: &What| matches!(what, What::Told { message: Message::Returned(returned), .. } if returned.id == id);
    let during = trace[start..].iter().map(|entry| &entry.what).skip_while(|what| !is_call(what));
    let marks = during.take_while(|what| !is_return(what)).filter_map(|what| match what {
        What::Marked { node, mark, subject } if *node == client && *subject == u64::from(id.sequence) => Some(*mark),
        _ => None,
    });
    marks.collect()
}

/// What follows for a clerk from what it has marked; no outcome: it still waits.
pub fn reasoning(op: &KVSOperation, marks: &[Mark], outcome: Option<&Outcome>) -> Option<String> {
    let count = |wanted: Mark| marks.iter().filter(|mark| **mark == wanted).count();
    let asked = 1 + count(RETRIED);
    let left = asked.saturating_sub(count(NEVER_LEFT));
    let words = match outcome {
        None => waits(op, asked, left)?,
        Some(outcome) => {
            let judged = marks.iter().rev().find_map(|mark| conclusion(op, *mark));
            judged.or_else(|| ended(op, outcome, asked, left))?
        }
    };
    Some(words)
}

fn waits(op: &KVSOperation, asked: usize, left: usize) -> Option<String> {
    Some(match (asked, left) {
        (1, 0) => "I dropped this request myself, before it left. No copy of it can arrive; I shall ask again.".into(),
        (1, _) => return None,
        (_, 0) => {
            format!("I have tried {} and dropped every copy before it left. Nothing can have been done.", times(asked))
        }
        _ if !op.is_write() => {
            format!("No answer. A read changes nothing, so I simply ask again; I have asked {}.", times(asked))
        }
        (_, 1) => "No answer. One copy of mine has left, and may have arrived or not.".into(),
        _ => format!(
            "No answer. My first copy may have arrived, or it may be lost: I cannot tell. I have asked {}.",
            times(asked)
        ),
    })
}

/// What follows from the mark that ended an operation, or turned it into another one.
fn conclusion(op: &KVSOperation, mark: Mark) -> Option<String> {
    let past = match op {
        KVSOperation::PutIf(_, _, Version::ABSENT) => String::from("there is such a key by now"),
        KVSOperation::PutIf(_, _, version) => format!("the version I asked for, @{version}, is past"),
        _ => String::from("another version is there"),
    };
    Some(match mark {
        MAY_HAVE_ARRIVED => format!(
            "My first copy may have arrived: {past}. I cannot tell whether that was my own work. But no late copy of mine can be done \
             any more."
        ),
        COPIES_POSSIBLE => format!(
            "The network may have made a copy of my request, which came first: {past}. I cannot tell whether that was my own work. But \
             nothing more can come of it."
        ),
        IN_ANOTHER_LIFE => {
            "The server has started anew since I began. A copy of mine may have been done in its life before, so I \
                            cannot tell."
                .into()
        }
        MAY_STILL_ARRIVE => {
            "The key has not come to that version yet. But another copy of mine may still be on its way, and may be \
                             done when somebody has brought it there. So I do not know how this ends."
                .into()
        }
        NEVER_THERE => {
            "There is no such key, and this was the only copy that has left. So it was certainly not done.".into()
        }
        FIRST_COPY => format!(
            "I am refused, since {past}; and this was the only copy that has left. So it was certainly not done."
        ),
        TAKEN_FOR_SUCCESS => {
            format!("I have asked before, and {past}: I take that for my own work and say so. I cannot know.")
        }
        OVERWRITES => {
            "There was such a key, although I wanted to make it. I asked for its version and put my value on top."
                .into()
        }
        PUT_ON_TOP => {
            "Another version was there. I put the same value on top of it, without a look at what I replace.".into()
        }
        _ => return None,
    })
}

/// What follows from an outcome that needed no thought.
fn ended(op: &KVSOperation, outcome: &Outcome, asked: usize, left: usize) -> Option<String> {
    Some(match outcome {
        Outcome::Maybe | Outcome::MaybeClosed => format!(
            "I have asked {} and nobody answered. A late copy may still arrive and be done, so I do not know how this ends.",
            times(asked)
        ),
        Outcome::Unavailable if op.is_write() => {
            format!(
                "I have tried {} and dropped every copy before it left. So it was certainly not done.",
                times(asked)
            )
        }
        Outcome::Unavailable => {
            format!(
                "I have asked {} and nobody answered. A read changes nothing, so nothing is in doubt.",
                times(asked)
            )
        }
        Outcome::Ok(KVSResponse::PutAt(_)) if left > 1 => format!(
            "I have asked {}. A version can be replaced only once, and the answer says that it was by me: it was done, and not twice.",
            times(asked)
        ),
        Outcome::Ok(_) => return None,
    })
}

fn times(count: usize) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{count} times"),
    }
}
