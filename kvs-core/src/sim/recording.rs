use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Input, Refusal, Sim};
use crate::server::Node;
use crate::time::Time;
use crate::world::{Moment, Observer};
use crate::zoo::Architecture;

/// All it takes to live a run again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The parts, and the world they live in.
    pub architecture: Architecture,
    /// What all random streams grow from.
    pub seed: u64,
    inputs: Vec<(Moment, Input)>,
}

impl Recording {
    /// A recording in which nobody has done anything yet.
    pub fn new(architecture: Architecture, seed: u64) -> Self {
        Self { architecture, seed, inputs: Vec::new() }
    }

    /// What was done, and when, in order.
    pub fn inputs(&self) -> &[(Moment, Input)] {
        &self.inputs
    }

    /// Adds what was done at a moment, and forgets what was done later: from here on the run is another one.
    pub fn record(&mut self, moment: Moment, input: Input) {
        self.truncate(moment);
        self.inputs.push((moment, input));
    }

    /// Puts other inputs in the place of all from the `place`-th on, and returns those.
    pub fn swap_tail(&mut self, place: usize, tail: Vec<(Moment, Input)>) -> Vec<(Moment, Input)> {
        let old = self.inputs.split_off(place.min(self.inputs.len()));
        self.inputs.extend(tail);
        old
    }

    /// Forgets what was done after a moment.
    pub fn truncate(&mut self, moment: Moment) {
        self.inputs.truncate(self.inputs.partition_point(|(at, _)| *at <= moment));
    }
}

/// A run that follows a recording. Cloning one is cheap: that is what a keyframe is.
#[derive(Clone)]
pub struct Replay {
    sim: Sim,
    inputs_done: usize,
}

impl Replay {
    /// The run at its beginning.
    pub fn new(recording: &Recording, observer: &mut impl Observer<Node>) -> Self {
        Self { sim: Sim::new(&recording.architecture, recording.seed, observer), inputs_done: 0 }
    }

    /// The world at this point of the run.
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Where in its life the world is.
    pub fn moment(&self) -> Moment {
        self.sim.world().moment()
    }

    /// Does something now and records it; what was recorded for later is forgotten. On an error neither has changed.
    pub fn act(
        &mut self,
        recording: &mut Recording,
        input: Input,
        observer: &mut impl Observer<Node>,
    ) -> Result<(), Refusal> {
        self.sim.apply(&input, observer)?;
        // By place, not by moment: of several inputs at one moment, those that this replay has not come to are to be forgotten, too.
        recording.inputs.truncate(self.inputs_done);
        recording.inputs.push((self.moment(), input));
        self.inputs_done = recording.inputs.len();
        Ok(())
    }

    /// How many of the recording's inputs have been done.
    pub fn inputs_done(&self) -> usize {
        self.inputs_done
    }

    /// How many events and inputs there have been: a place in the run.
    pub fn progress(&self) -> u64 {
        self.sim.world().events() + self.inputs_done as u64
    }

    /// The moment of the next input or event; None if nothing is to come.
    pub fn next_moment(&mut self, recording: &Recording) -> Option<Moment> {
        match self.next_input(recording) {
            Some((at, _)) => Some(*at),
            None => self.sim.next_moment(),
        }
    }

    /// The input that comes before the next event, with its moment.
    pub fn next_input<'a>(&mut self, recording: &'a Recording) -> Option<&'a (Moment, Input)> {
        let input = recording.inputs.get(self.inputs_done)?;
        self.sim.next_moment().is_none_or(|event| input.0 < event).then_some(input)
    }

    /// Lets the next input or event happen, whichever comes first. False if nothing is to come.
    pub fn step(&mut self, recording: &Recording, observer: &mut impl Observer<Node>) -> bool {
        match self.next_input(recording) {
            Some((at, input)) => {
                self.do_input(*at, input, observer);
                true
            }
            None => self.sim.step(observer),
        }
    }

    /// Lets everything up to a moment happen, inputs at that very moment included.
    pub fn advance_to_moment(&mut self, until: Moment, recording: &Recording, observer: &mut impl Observer<Node>) {
        while let Some((at, input)) = recording.inputs.get(self.inputs_done).filter(|(at, _)| *at <= until) {
            self.do_input(*at, input, observer);
        }
        self.sim.advance_to_moment(until, observer);
    }

    /// Lets everything up to and including an instant happen.
    pub fn advance_to(&mut self, until: Time, recording: &Recording, observer: &mut impl Observer<Node>) {
        self.advance_to_moment(Moment { time: until, events: u32::MAX }, recording, observer);
    }

    fn do_input(&mut self, at: Moment, input: &Input, observer: &mut impl Observer<Node>) {
        self.sim.advance_to_moment(at, observer);
        // Refused while recording means not recorded; refused now means that the recording was made for another build, and
        // going on without the input is the nearest to it that there is.
        let _refused = self.sim.apply(input, observer);
        self.inputs_done += 1;
    }
}
