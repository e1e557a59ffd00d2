//! Runs under one clock.

use kvs_core::explore::Figures;
use kvs_core::sim::Recording;
use kvs_core::time::{Span, Time};

use crate::command::{Command, Speed};
use crate::player::Player;

/// How many stretches of time a chart has.
const STRETCHES: u64 = 40;

/// What stands in a title between the name of a store and what is said of it.
pub(super) const ASIDE: &str = " · ";

/// One of the runs.
pub struct Lane {
    title: String,
    name: String,
    player: Player,
    figures: Option<Figures>,
}

impl Lane {
    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is called where there is little room: what tells it from the others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The run, at the present of all.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// What became of it; None until it has been lived to the end.
    pub fn figures(&self) -> Option<&Figures> {
        self.figures.as_ref()
    }
}

/// What all titles begin with, if that is the name of one store.
fn shared(runs: &[(String, Recording)]) -> &str {
    let Some((first, rest)) = runs.split_first() else { return "" };
    let Some(end) = first.0.find(ASIDE) else { return "" };
    let store = &first.0[..end + ASIDE.len()];
    if rest.iter().all(|(title, _)| title.starts_with(store)) { store } else { "" }
}

/// Runs under one clock.
pub struct Comparison {
    lanes: Vec<Lane>,
    now: Time,
    horizon: Time,
    is_playing: bool,
    speed: Speed,
}

impl Comparison {
    /// Runs with their titles, at an instant; all of them end at the horizon.
    pub fn new(runs: impl IntoIterator<Item = (String, Recording)>, now: Time, horizon: Time) -> Self {
        let runs: Vec<(String, Recording)> = runs.into_iter().collect();
        let shared = shared(&runs).len();
        let lane = |(title, recording): (String, Recording)| {
            let name = title.get(shared..).unwrap_or(&title).to_owned();
            Lane { title, name, player: Player::new(recording), figures: None }
        };
        let mut lanes: Vec<Lane> = runs.into_iter().map(lane).collect();
        let now = now.min(horizon);
        for lane in &mut lanes {
            go(&mut lane.player, Command::Seek(now));
        }
        Self { lanes, now, horizon, is_playing: false, speed: Speed::default() }
    }

    /// The runs.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The present of all.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Where all of them end.
    pub fn horizon(&self) -> Time {
        self.horizon
    }

    /// How long each point of a chart stands for.
    pub fn every(&self) -> Span {
        Span::from_us(self.horizon.as_us().div_ceil(STRETCHES).max(1))
    }

    /// Whether time passes by itself.
    pub fn is_playing(&self) -> bool {
        self.is_playing
    }

    /// How fast.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether all runs have been lived to the end.
    pub fn is_ready(&self) -> bool {
        self.lanes.iter().all(|lane| lane.figures.is_some())
    }

    /// Lives the next run that has not been lived to its end, and counts. False if there is none left: one a call, so that a page can
    /// show itself in between.
    pub fn live_next(&mut self) -> bool {
        let (now, horizon, every) = (self.now, self.horizon, self.every());
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.figures.is_none()) else { return false };
        go(&mut lane.player, Command::Seek(horizon));
        go(&mut lane.player, Command::Seek(now));
        lane.figures = Some(Figures::of(lane.player.recording(), horizon, every));
        true
    }

    /// All go to an instant.
    pub fn seek(&mut self, time: Time) {
        self.now = time.min(self.horizon);
        for lane in &mut self.lanes {
            go(&mut lane.player, Command::Seek(self.now));
        }
    }

    /// All go to the next instant at which anything happens to any of them, or back to the last one.
    pub fn step(&mut self, is_forward: bool) {
        self.is_playing = false;
        let now = self.now;
        let next = self.lanes.iter().filter_map(|lane| {
            let trace = lane.player.whole_trace();
            if is_forward {
                trace.get(trace.partition_point(|entry| entry.time <= now)).map(|entry| entry.time)
            } else {
                let before = trace.partition_point(|entry| entry.time < now);
                before.checked_sub(1).map(|place| trace[place].time)
            }
        });
        let next = if is_forward { next.min().unwrap_or(self.horizon) } else { next.max().unwrap_or(Time::ZERO) };
        self.seek(next);
    }

    /// Lets time pass by itself, or stand. Whoever plays at the end begins again.
    pub fn toggle(&mut self) {
        self.is_playing = !self.is_playing;
        if self.is_playing && self.now >= self.horizon {
            self.seek(Time::ZERO);
        }
    }

    /// How fast time passes by itself.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        for lane in &mut self.lanes {
            go(&mut lane.player, Command::SetSpeed(speed));
        }
    }

    /// Lets time pass, if it passes by itself. `elapsed_ms` is how long the reader has waited. Whether anything has changed.
    pub fn advance(&mut self, elapsed_ms: f64) -> bool {
        let elapsed = self.speed.passes(elapsed_ms);
        if !self.is_playing || elapsed == Span::ZERO {
            return false;
        }
        self.seek(self.now + elapsed);
        self.is_playing = self.now < self.horizon;
        true
    }
}

/// Neither a seek nor another speed is ever refused.
fn go(player: &mut Player, command: Command) {
    let _never_refused = player.apply(command);
}
