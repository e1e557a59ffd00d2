//! What must hold in a world, and whether it does.
//!
//! [`invariants`] look at the inside after every step. The other checks look at a history only, at what clients were told; one file
//! a question. Each has a [`Budget`] and three answers: a [`Verdict`] is never "holds" because nobody looked far enough.

pub mod causal;
pub mod foreign;
pub mod invariants;
mod judge;
pub mod linearizable;
pub mod model;
mod play;
mod replicas;
pub mod sequential;
mod snapshots;
mod versioned;
mod whole;

use core::fmt;

pub use invariants::is_stuck;
pub use judge::{Judge, Judgement, Proof, Run};
pub use play::play;
pub use replicas::{settling_time, states};

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<Proof> {
    /// It holds.
    Holds,
    /// It does not, and this is why.
    Broken(Proof),
    /// Nobody knows.
    Undecided(Undecided),
}

impl<Proof> Verdict<Proof> {
    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// The same verdict with another proof.
    pub fn map<Other>(self, change: impl FnOnce(Proof) -> Other) -> Verdict<Other> {
        match self {
            Self::Holds => Verdict::Holds,
            Self::Broken(proof) => Verdict::Broken(change(proof)),
            Self::Undecided(why) => Verdict::Undecided(why),
        }
    }
}

/// Why a check has not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// The budget of steps is used up.
    OutOfSteps,
    /// The budget of memory is used up.
    OutOfMemory,
    /// The history is longer than the check takes on.
    TooLong {
        /// The most operations.
        limit: u32,
    },
    /// Two writes of one key wrote the same value, so that a read of it does not say which one it saw.
    Ambiguous,
    /// The run has to go on before it can be told.
    NotYet(&'static str),
    /// Nobody looks: there are operations that the check knows nothing of, and what would imply it does not hold.
    Unknown,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfSteps => f.write_str("the budget of steps is used up"),
            Self::OutOfMemory => f.write_str("the budget of memory is used up"),
            Self::TooLong { limit } => write!(f, "the history has more than {limit} operations"),
            Self::Ambiguous => f.write_str("a value was written twice under one key: it does not tell who wrote it"),
            Self::NotYet(why) => f.write_str(why),
            Self::Unknown => f.write_str("there are operations that are looked at together only, not one by one"),
        }
    }
}

/// How much a check may do before it must say that it is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many steps of the model it may still try.
    pub steps: u64,
    /// How many configurations it may keep in mind, each some 20 to 40 bytes.
    pub configurations: u32,
}

impl Budget {
    /// A part of a frame of an animation.
    pub const GLANCE: Self = Self { steps: 12_500, configurations: 100_000 };
    /// Enough for anything a reader makes by hand, and gone in a blink.
    pub const LIVE: Self = Self { steps: 200_000, configurations: 100_000 };
    /// Some seconds of one core and at most some 600 MB.
    pub const PATIENT: Self = Self { steps: 200_000_000, configurations: 16_000_000 };

    /// Takes one step off. False if there is none left.
    pub(crate) fn take(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                true
            }
            None => false,
        }
    }
}
