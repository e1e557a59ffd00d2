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
            "There is no such key. But another copy of mine may still be on its way, and may be done when somebody \
                             has made that key. So I do not know how this ends."
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use kvs_core::sim::schedule::Schedule;

    /// What the client of the last operation thinks at the end of a schedule.
    fn thought(text: &str) -> Option<String> {
        let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}")).run(&mut ());
        assert_eq!(outcome.failure, None, "{text}");
        let mut player = Player::new(outcome.recording.clone());
        let _changes = player.apply(Command::Seek(outcome.end)).expect("a seek");
        let operation = player.history().operations().last().expect("an operation").clone();
        thoughts(&player, &operation)
    }

    fn assert_thinks(text: &str, beginning: &str) {
        let thought = thought(text).unwrap_or_else(|| panic!("it thinks nothing: {text}"));
        assert!(thought.starts_with(beginning), "{thought}");
    }

    #[test]
    fn who_waits_for_the_first_answer_thinks_nothing_yet_and_who_asks_again_does() {
        assert_eq!(thought("zoo versioned\nput x=a @0"), None);
        assert_eq!(thought("zoo versioned\nput x=a @0 expect ok"), None);
        let lost = "zoo versioned\nhold Response S1->C1\nput x=a @0\nrun 350ms";
        assert_thinks(lost, "No answer. My first copy may have arrived, or it may be lost");
        assert_thinks("zoo versioned\nhold Response S1->C1\nget x\nrun 350ms", "No answer. A read changes nothing");
    }

    #[test]
    fn what_never_left_cannot_have_been_done() {
        let begun = "zoo versioned request-loss=100%\nput x=a @0\n";
        assert_thinks(begun, "I dropped this request myself");
        assert_thinks(
            &format!("{begun}run 350ms"),
            "I have tried twice and dropped every copy before it left. Nothing",
        );
        assert_thinks(&format!("{begun}run 60s"), "I have tried ");
        assert!(thought(&format!("{begun}run 60s")).is_some_and(|thought| thought.ends_with("certainly not done.")));
    }

    #[test]
    fn each_conclusion_of_a_put_has_its_reason() {
        let maybe = "zoo versioned\ndrop next Response S1->C1\nput x=a @0 expect unknown-closed";
        assert_thinks(maybe, "My first copy may have arrived: there is such a key by now. I cannot tell");
        let second = "zoo versioned\nput x=a @0 expect ok\ndrop next Response S1->C1\nput x=b @1 expect unknown-closed";
        assert_thinks(second, "My first copy may have arrived: the version I asked for, @1, is past.");
        let refused = "zoo versioned\nput x=a @0 expect ok\nput x=b @0 expect refused";
        assert_thinks(refused, "I am refused, since there is such a key by now; and this was the only copy");
        assert_thinks("zoo versioned\nput x=a @3 expect refused", "There is no such key, and this was the only copy");
        let silence = "zoo versioned reply-loss=100%\nput x=a @0 expect unknown";
        assert_thinks(silence, "I have asked ");
        let copies = "zoo versioned assume-no-dup=off\nput x=a @0 expect ok\nput x=b @0 expect unknown-closed";
        assert_thinks(copies, "The network may have made a copy");
        let life = "zoo versioned engine=flat-file\nput x=a @0 expect ok\nhold Request C1->S1\nput x=b @0\n\
                    crash S1\nrestart S1\nrelease Request C1->S1\nrun 90ms";
        assert_thinks(life, "The server has started anew since I began.");
        let liar = "zoo versioned recovery=false-recovery\ndrop next Response S1->C1\nput x=a @0 expect ok";
        assert_thinks(liar, "I have asked before, and there is such a key by now: I take that for my own work");
    }

    #[test]
    fn what_another_session_has_marked_under_the_same_number_is_not_taken_for_this_ones() {
        // The first operation is given up: a new session begins at number 1 again, at that very instant.
        let text = "zoo versioned reply-loss=100% drop-reads=off\nput x=a @0\nget y\nrun 60s";
        assert_eq!(thought(text), None);
    }
}
