//! Every way to change the player, as one enum: buttons, keys, links and scripts all send these.

use kvs_core::sim::{Input, Recording};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::{Animal, Architecture};

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Do something to the world now. What was still to come is forgotten; [`Command::Undo`] brings it back.
    Input(Input),
    /// Let time pass by itself.
    Play,
    /// Let it stand.
    Pause,
    /// One or the other.
    TogglePlay,
    /// To the next event or input.
    StepForward,
    /// To before the last one.
    StepBack,
    /// To an instant, which may be one that has not been lived yet.
    Seek(Time),
    /// How fast time passes by itself.
    SetSpeed(Speed),
    /// As if the last thing done to the world had not been done.
    Undo,
    /// As if it had after all.
    Redo,
    /// The same architecture and seed from the beginning, nothing done yet.
    Restart,
    /// The same architecture with another seed, nothing done yet.
    Reseed(u64),
    /// Another animal, with its default options and the same seed.
    Choose(Animal),
    /// One option, from text; the run begins again.
    SetOption {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// Another architecture with the same seed.
    Compose(Box<Architecture>),
    /// As if the last change of the architecture had not been made: the run that there was before it, at the instant it was left.
    TakeBack,
    /// The same run up to some point, and from there on this one, at one of its instants.
    Continue(Box<Recording>, Time),
    /// Another run, at one of its instants.
    Load(Box<Recording>, Time),
}

/// How fast time passes: one of a few steps from 1/20 to 50 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(usize);

impl Speed {
    const STEPS: [(f64, &'static str); 10] = [
        (0.05, "1/20×"),
        (0.1, "1/10×"),
        (0.2, "1/5×"),
        (0.5, "1/2×"),
        (1.0, "1×"),
        (2.0, "2×"),
        (5.0, "5×"),
        (10.0, "10×"),
        (20.0, "20×"),
        (50.0, "50×"),
    ];

    /// All speeds, slowest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..Self::STEPS.len()).map(Self)
    }

    /// The next faster one, or itself.
    pub fn faster(self) -> Self {
        Self((self.0 + 1).min(Self::STEPS.len() - 1))
    }

    /// The next slower one, or itself.
    pub fn slower(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Simulated seconds a second.
    pub fn factor(self) -> f64 {
        Self::STEPS[self.0].0
    }

    /// How much time passes while the reader waits for so many milliseconds. A tab that was hidden for an hour must not live that hour
    /// at once.
    pub fn passes(self, elapsed_ms: f64) -> Span {
        let elapsed_us = elapsed_ms.clamp(0.0, 250.0) * 1_000.0 * self.factor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 12.5 million")]
        Span::from_us(elapsed_us as u64)
    }

    /// What the page calls it.
    pub fn label(self) -> &'static str {
        Self::STEPS[self.0].1
    }
}

/// Slow enough to follow a message with the eye: a link takes 20 to 60 simulated milliseconds.
impl Default for Speed {
    fn default() -> Self {
        Self(1)
    }
}
