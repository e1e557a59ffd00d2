//! Looking for the run that breaks a promise: at random, then as small as it gets; or every run of a small world.
//!
//! A [`Hunt`] lives random worlds of one architecture, each with its own mix of faults, until an invariant or a claim breaks. What it
//! finds is a recording, which [`shrink()`] makes smaller for as long as it breaks the same promise, and which prints as a schedule.
//! [`exhaustive`] tries every order of deliveries, and faults up to a bound.
//!
//! A [`Storm`] is one workload and one weather for any architecture, and [`Figures`] are what became of a run, in numbers: together they
//! compare architectures.

pub mod exhaustive;
mod figures;
mod random;
mod shrink;
mod storm;
pub mod stress;

use alloc::string::String;
use core::fmt;

pub use figures::{Figures, Measure, Percentiles, Point};
pub use random::{Faults, Hunt, Life, Workload};
pub use shrink::{Shrink, shrink};
pub use storm::{Spell, SpellOf, Storm, Weather};

use crate::check::invariants::{Invariants, Violation};
use crate::check::{Budget, Judge, Proof, Run};
use crate::server::Node;
use crate::sim::{History, Recording, Replay};
use crate::time::Time;
use crate::world::Observer;
use crate::zoo::{Architecture, Guarantee};

/// Something that should hold does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// An invariant of the inside.
    Invariant(Violation),
    /// A promise to clients.
    Claim(Guarantee, Proof),
}

impl Breach {
    /// What is broken, in one word or two: two breaches of one name are of one kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invariant(violation) => violation.id,
            Self::Claim(guarantee, _) => guarantee.title(),
        }
    }

    /// What is wrong, in one sentence.
    pub fn what(&self) -> &str {
        match self {
            Self::Invariant(violation) => &violation.what,
            Self::Claim(_, proof) => &proof.what,
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invariant(violation) => violation.fmt(f),
            Self::Claim(guarantee, proof) => write!(f, "{}: {}", guarantee.title(), proof.what),
        }
    }
}

/// A run that breaks something.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it breaks.
    pub breach: Breach,
    /// The run.
    pub recording: Recording,
    /// When it breaks.
    pub at: Time,
}

/// Everybody who watches a run: invariants at every step, claims at every return.
pub struct Watch {
    architecture: Architecture,
    invariants: Invariants,
    watches_inside: bool,
    history: History,
    judge: Judge,
    judged: usize,
}

impl Watch {
    /// For a run of this architecture; with invariants, or with claims only.
    pub fn new(architecture: &Architecture, watches_inside: bool) -> Self {
        Self {
            architecture: architecture.clone(),
            invariants: Invariants::new(architecture),
            watches_inside,
            history: History::default(),
            judge: Judge::new(architecture),
            judged: 0,
        }
    }

    /// Calls and returns so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The invariants.
    pub fn invariants(&self) -> &Invariants {
        &self.invariants
    }

    /// To be called after every event and input.
    pub fn after_step(&mut self, recording: &Recording, replay: &Replay) -> Result<(), Breach> {
        if self.watches_inside {
            self.invariants.after_step(replay.sim().world()).map_err(Breach::Invariant)?;
        }
        if self.history.events().len() > self.judged {
            self.judged = self.history.events().len();
            self.judge(recording, replay)?;
        }
        Ok(())
    }

    /// Judges the claims as things stand.
    pub fn judge(&mut self, recording: &Recording, replay: &Replay) -> Result<(), Breach> {
        let events = self.history.events().len();
        let inputs = &recording.inputs()[..replay.inputs_done()];
        let run = Run::new(&self.architecture, replay.sim().world(), &self.history, events, inputs);
        match self.judge.breach(&run, Budget::LIVE) {
            Some((guarantee, proof)) => Err(Breach::Claim(guarantee, proof)),
            None => Ok(()),
        }
    }
}

impl Observer<Node> for Watch {
    fn saw(&mut self, now: Time, happening: crate::world::Happening<'_, Node>) {
        if self.watches_inside {
            self.invariants.saw(now, happening);
        }
        self.history.saw(now, happening);
    }
}

/// Lives a recording up to an instant and returns the first thing that it breaks, inside or (`watches_inside` off) of what was
/// promised to clients.
pub fn first_breach(recording: &Recording, until: Time, watches_inside: bool) -> Option<Finding> {
    const STEPS_MAX: u32 = 1_000_000;
    let mut watch = Watch::new(&recording.architecture, watches_inside);
    let mut replay = Replay::new(recording, &mut watch);
    let found = |breach, replay: &Replay| {
        let at = replay.moment().time;
        Some(Finding { breach, recording: recording.clone(), at })
    };
    for _ in 0..STEPS_MAX {
        if let Err(breach) = watch.after_step(recording, &replay) {
            return found(breach, &replay);
        }
        if replay.next_moment(recording).is_none_or(|next| next.time > until) {
            break;
        }
        replay.step(recording, &mut watch);
    }
    replay.advance_to(until, recording, &mut watch);
    match watch.judge(recording, &replay) {
        Err(breach) => found(breach, &replay),
        Ok(()) => None,
    }
}

/// What a search reports of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many worlds or attempts there have been.
    pub tried: u64,
    /// What is being done.
    pub doing: String,
}
