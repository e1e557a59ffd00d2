//! What has come of an attempt to break a promise: a level, and a run of its store.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Budget, Judge, Run, Verdict};
use crate::sim::schedule::Level;
use crate::sim::{FaultKind, History, Recording, Replay};
use crate::time::Time;
use crate::zoo::Fault;

/// A run as an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The faults so far, in order.
    pub faults: Vec<FaultKind>,
    /// How the promise stands.
    pub standing: Standing,
}

/// How a promise that is to be broken stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    Kept,
    /// It is broken; why, in a sentence.
    Broken(String),
    /// It ended, because nobody promises it under such faults.
    Over(BTreeSet<Fault>),
    /// The judge needs longer.
    Open,
}

impl Attempt {
    /// Judges a run up to its present.
    pub fn new(level: &Level, judge: &mut Judge, run: &Run<'_>, budget: Budget) -> Self {
        let faults = run.inputs.iter().filter_map(|(_, input)| input.fault()).collect();
        let judgement = judge.judge(run, budget).into_iter().find(|judgement| judgement.guarantee == level.goal);
        let standing = match judgement {
            Some(judgement) if !judgement.ended_by.is_empty() => Standing::Over(judgement.ended_by),
            Some(judgement) => match judgement.verdict {
                Verdict::Holds => Standing::Kept,
                Verdict::Broken(proof) => Standing::Broken(proof.what),
                Verdict::Undecided(_) => Standing::Open,
            },
            None => Standing::Kept,
        };
        Self { faults, standing }
    }

    /// The same for a recording up to an instant, with all the time that it takes.
    pub fn of(level: &Level, recording: &Recording, until: Time) -> Self {
        let mut history = History::default();
        let mut replay = Replay::new(recording, &mut history);
        replay.advance_to(until, recording, &mut history);
        let inputs = &recording.inputs()[..replay.inputs_done()];
        let events = history.events().len();
        let run = Run::new(&recording.architecture, replay.sim().world(), &history, events, inputs);
        Self::new(level, &mut Judge::new(&recording.architecture), &run, Budget::PATIENT)
    }

    /// Whether the promise is broken.
    pub fn has_broken_it(&self) -> bool {
        matches!(self.standing, Standing::Broken(_))
    }
}
