//! What comes of a schedule.

use alloc::string::String;
use alloc::vec::Vec;

use super::EVENTS_MAX;
use crate::sim::{History, Recording, Refusal};
use crate::time::{Span, Time};
use crate::zoo::{Guarantee, OptionError};

/// What came of a schedule.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run, as far as it went.
    pub recording: Recording,
    /// Its last instant.
    pub end: Time,
    /// What all clients were told.
    pub history: History,
    /// The verdicts that it expects. Who runs it does not judge: [`check::play`](crate::check::play) does.
    pub verdicts: Vec<ExpectedVerdict>,
    /// What readers are told and asked, and when.
    pub words: Vec<(Time, Words)>,
    /// The line that failed, if one did; the run ends there.
    pub failure: Option<Failure>,
}

/// Words for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// What happens.
    Caption(String),
    /// What will happen?
    Question {
        /// The question.
        question: String,
        /// Its answers, the right one first.
        answers: Vec<String>,
        /// What shows in the run which is right.
        shown: Option<Shown>,
    },
}

/// An expectation that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Time,
    /// The line that says so.
    pub line: String,
}

/// A verdict that is expected at some point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedVerdict {
    /// The line that says so.
    pub line: u32,
    /// How many events and inputs there have been by then.
    pub progress: u64,
    /// What is judged.
    pub guarantee: Guarantee,
    /// Whether it holds, or else is broken.
    pub holds: bool,
}

/// A line failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Failure {
    /// Where it stands in the text, from 1.
    pub line: u32,
    /// What went wrong.
    pub problem: Problem,
}

/// Why a line failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The world refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Options contradict each other.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// Something else was found.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was to be.
        expected: String,
        /// What was.
        found: String,
    },
    /// There is no such message.
    #[error("no such message is on its way; {on_their_way}")]
    NoSuchMessage {
        /// What is on its way.
        on_their_way: String,
    },
    /// A question whose answer nothing shows.
    #[error("nothing after this question shows which answer is right: expect something before the next one")]
    NothingShown,
    /// That moment is over.
    #[error("that moment is past: it is {0} already")]
    Past(Time),
    /// There is no event to come.
    #[error("nothing is to come any more")]
    NothingToCome,
    /// It takes too long.
    #[error("the stores do not agree within {0}")]
    DoesNotSettle(Span),
    /// Clients are busy all the time.
    #[error("some operation is under way all the time, for {0}")]
    NeverIdle(Span),
    /// An operation does not end.
    #[error("the operation does not end within {0}")]
    DoesNotEnd(Span),
    /// It is too much.
    #[error("by {0}, {EVENTS_MAX} events have happened: a schedule may not ask for more")]
    TooManyEvents(Time),
}
