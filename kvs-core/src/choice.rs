//! The only randomness: a number below a bound, answered by whoever runs the step.
//!
//! The simulator answers from a seeded [`Stream`]; a test or an exhaustive search may answer with a list of its own.

use alloc::vec::Vec;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

/// Something that answers [`Context::choose`](crate::process::Context::choose).
pub trait Choose {
    /// A number from 0 up to, but not including, `bound`. A bound of 0 counts as 1.
    fn choose(&mut self, bound: u32) -> u32;
}

/// What a random stream is for. Streams are separate, so that one more draw in one of them moves nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Latency, loss and duplication of messages.
    Network,
    /// What happens to unsynced writes when a node crashes.
    Disk,
    /// The choices of one life of one node (`incarnation` counts its boots).
    Node {
        /// The node's number.
        node: u32,
        /// How often it has booted.
        incarnation: u32,
    },
    /// Whatever a test or a workload generator needs.
    Workload,
}

/// A seeded stream of random numbers: xoshiro256++, whose output is specified and the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of a world with this seed for this purpose.
    pub fn new(world_seed: u64, purpose: Purpose) -> Self {
        let (tag, node, incarnation) = match purpose {
            Purpose::Network => (1, 0, 0),
            Purpose::Disk => (2, 0, 0),
            Purpose::Node { node, incarnation } => (3, node, incarnation),
            Purpose::Workload => (4, 0, 0),
        };
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&u32::to_le_bytes(tag));
        bytes[4..8].copy_from_slice(&node.to_le_bytes());
        bytes[8..].copy_from_slice(&incarnation.to_le_bytes());
        Self(Xoshiro256PlusPlus::seed_from_u64(xxh64(&bytes, world_seed)))
    }

    /// Whether something with this probability happens now.
    pub fn chance(&mut self, probability: Probability) -> bool {
        // Certain outcomes draw nothing: a perfect network must not depend on how often it was asked.
        match probability.0 {
            0 => false,
            Probability::WHOLE => true,
            ppm => self.choose(Probability::WHOLE) < ppm,
        }
    }
}

impl Choose for Stream {
    fn choose(&mut self, bound: u32) -> u32 {
        // Lemire's multiplication without the rejection step: a bias below bound / 2^32, and always one draw.
        let draw = self.0.next_u64() >> 32;
        ((draw * u64::from(bound.max(1))) >> 32) as u32
    }
}

/// Answers every way that a run can be answered, one run after the other: whoever asks it becomes exhaustive.
///
/// What is asked may depend on what was answered, and on nothing else.
#[derive(Clone, Debug, Default)]
pub struct Odometer {
    /// What was answered in this run, and below which bound.
    wheels: Vec<(u32, u32)>,
    place: usize,
    runs: u64,
}

impl Odometer {
    /// Goes on to the next run. False after the last one.
    pub fn turn(&mut self) -> bool {
        self.place = 0;
        self.runs += 1;
        if self.runs == 1 {
            return true;
        }
        while self.wheels.pop_if(|(answer, bound)| *answer + 1 >= *bound).is_some() {}
        self.wheels.last_mut().map(|(answer, _)| *answer += 1).is_some()
    }

    /// The number of this run, from 1.
    pub fn runs(&self) -> u64 {
        self.runs
    }
}

impl Choose for Odometer {
    fn choose(&mut self, bound: u32) -> u32 {
        if self.place == self.wheels.len() {
            self.wheels.push((0, bound.max(1)));
        }
        self.place += 1;
        self.wheels[self.place - 1].0
    }
}

/// A probability in parts per million, so that no float takes part in a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Probability(u32);

impl Probability {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const ALWAYS: Self = Self(Self::WHOLE);
    const WHOLE: u32 = 1_000_000;

    /// `ppm` out of a million; more than a million counts as always.
    pub const fn from_ppm(ppm: u32) -> Self {
        Self(if ppm > Self::WHOLE { Self::WHOLE } else { ppm })
    }

    /// `percent` out of a hundred; more than a hundred counts as always.
    pub const fn from_percent(percent: u32) -> Self {
        Self::from_ppm(percent.saturating_mul(10_000))
    }

    /// Parts per million.
    pub const fn as_ppm(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_separate() {
        let draws = |purpose| {
            let mut stream = Stream::new(42, purpose);
            [(); 4].map(|()| stream.choose(1_000))
        };
        let first = draws(Purpose::Node { node: 0, incarnation: 1 });
        assert_eq!(first, draws(Purpose::Node { node: 0, incarnation: 1 }));
        assert_ne!(first, draws(Purpose::Node { node: 0, incarnation: 2 }));
        assert_ne!(first, draws(Purpose::Network));
    }

    #[test]
    fn an_odometer_shows_every_combination_once() {
        let (mut odometer, mut seen) = (Odometer::default(), Vec::new());
        while odometer.turn() {
            let first = odometer.choose(3);
            // What is asked depends on what was answered.
            let second = if first == 1 { odometer.choose(2) } else { 0 };
            seen.push((first, second));
        }
        assert_eq!(seen, [(0, 0), (1, 0), (1, 1), (2, 0)]);
    }

    #[test]
    fn choices_stay_below_the_bound_and_reach_all_of_it() {
        let mut stream = Stream::new(7, Purpose::Workload);
        let mut seen = [false; 5];
        for _ in 0..1_000 {
            seen[stream.choose(5) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(stream.choose(0), 0);
    }
}
