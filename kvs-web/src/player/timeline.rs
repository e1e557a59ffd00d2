//! A recording, the present in it, and keyframes of its past.

use kvs_core::server::Node;
use kvs_core::sim::{Entry, History, Input, Recording, Refusal, Replay, Sim, Trace};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Happening, Moment, Observer, World};

/// Two keyframes are at least this many events and inputs apart; reliving that many takes well under 5 ms.
const KEYFRAME_EVERY: u64 = 512;
/// With more keyframes than this, every second one is dropped and new ones come half as often.
const KEYFRAMES_MAX: usize = 256;
/// The most events and inputs lived in one go, so that a frame ends.
const STEPS_MAX: u64 = 200_000;

pub(super) struct Timeline {
    recording: Recording,
    present: Replay,
    keyframes: Vec<Replay>,
    keyframe_every: u64,
    lived: Lived,
    horizon: Time,
}

/// A run at one of its moments.
pub struct Then {
    /// The world, with standing orders.
    pub sim: Sim,
    /// How many of the recording's inputs lie before it.
    pub inputs_done: usize,
    /// How many entries of the story do.
    pub entries: usize,
}

/// All that was lived, for people.
#[derive(Default)]
struct Lived {
    trace: Trace,
    history: History,
    /// How far it had come after each event or input: at 0 after the boot, and so on.
    steps: Vec<Extent>,
}

/// How much of a life there is to tell.
#[derive(Clone, Copy, Default)]
struct Extent {
    /// Entries of the trace.
    entries: usize,
    /// Calls and returns of the history.
    events: usize,
}

impl Lived {
    fn note_step(&mut self) {
        self.steps.push(Extent { entries: self.trace.entries().len(), events: self.history.events().len() });
    }
}

impl Observer<Node> for Lived {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        self.trace.saw(now, happening);
        self.history.saw(now, happening);
    }
}

impl Timeline {
    pub(super) fn new(recording: Recording) -> Self {
        let mut lived = Lived::default();
        let present = Replay::new(&recording, &mut lived);
        lived.note_step();
        Self {
            recording,
            keyframes: vec![present.clone()],
            present,
            keyframe_every: KEYFRAME_EVERY,
            lived,
            horizon: Time::ZERO,
        }
    }

    pub(super) fn recording(&self) -> &Recording {
        &self.recording
    }

    pub(super) fn sim(&self) -> &Sim {
        self.present.sim()
    }

    pub(super) fn horizon(&self) -> Time {
        self.horizon
    }

    pub(super) fn history(&self) -> &History {
        &self.lived.history
    }

    /// How many of the recording's inputs lie before the present.
    pub(super) fn inputs_done(&self) -> usize {
        self.present.inputs_done()
    }

    pub(super) fn progress(&self) -> u64 {
        self.present.progress()
    }

    pub(super) fn trace(&self) -> &[Entry] {
        &self.lived.trace.entries()[..self.extent_at(self.progress()).entries]
    }

    /// What happened over all that was lived, beyond the present as well.
    pub(super) fn whole_trace(&self) -> &[Entry] {
        self.lived.trace.entries()
    }

    /// How many calls and returns there were up to the present.
    pub(super) fn history_events(&self) -> usize {
        self.extent_at(self.progress()).events
    }

    pub(super) fn last_step(&self) -> &[Entry] {
        let before = self.progress().checked_sub(1).map_or(0, |before| self.extent_at(before).entries);
        &self.trace()[before..]
    }

    /// The world before the last event or input.
    pub(super) fn before_last_step(&self) -> Option<World<Node>> {
        let replay = self.replay_at(self.progress().checked_sub(1)?);
        Some(replay.sim().world().clone())
    }

    /// The world before one of the inputs that have been done.
    pub(super) fn before_input(&self, place: usize) -> Option<World<Node>> {
        let (at, _) = self.recording.inputs().get(place)?;
        let nearest =
            self.keyframes.partition_point(|keyframe| keyframe.inputs_done() <= place && keyframe.moment() <= *at);
        let mut replay = self.keyframes[nearest.checked_sub(1)?].clone();
        while replay.inputs_done() < place || replay.next_input(&self.recording).is_none() {
            if !replay.step(&self.recording, &mut ()) {
                return None;
            }
        }
        let mut sim = replay.sim().clone();
        sim.advance_to_moment(*at, &mut ());
        Some(sim.world().clone())
    }

    /// The run right after the event or input that made an entry of the story, or right before it.
    pub(super) fn around(&self, entry: usize, is_after: bool) -> Option<Then> {
        let step = self.lived.steps.partition_point(|extent| extent.entries <= entry);
        let place = if is_after { step } else { step.checked_sub(1)? };
        let entries = self.lived.steps.get(step).and(self.lived.steps.get(place))?.entries;
        let mut replay = self.replay_at(u64::try_from(place).ok()?);
        let mut sim = replay.sim().clone();
        if !is_after {
            let until = match replay.next_input(&self.recording) {
                Some((at, _)) => *at,
                None => Moment { time: replay.next_moment(&self.recording)?.time, events: 0 },
            };
            sim.advance_to_moment(until, &mut ());
        }
        Some(Then { sim, inputs_done: replay.inputs_done(), entries })
    }

    fn extent_at(&self, progress: u64) -> Extent {
        usize::try_from(progress).ok().and_then(|place| self.lived.steps.get(place)).copied().unwrap_or_default()
    }

    /// How many events and inputs were ever lived.
    fn furthest(&self) -> u64 {
        self.lived.steps.len() as u64 - 1
    }

    /// Lets one event or input happen; what has not been lived before is noted. False if nothing is to come.
    fn step(&mut self) -> bool {
        if self.progress() < self.furthest() {
            return self.present.step(&self.recording, &mut ());
        }
        if let Some((at, input)) = self.present.next_input(&self.recording) {
            self.lived.trace.did(at.time, input.clone());
        }
        let stepped = self.present.step(&self.recording, &mut self.lived);
        if stepped {
            self.note_step();
        }
        stepped
    }

    fn note_step(&mut self) {
        self.lived.note_step();
        self.horizon = self.horizon.max(self.present.moment().time);
        // Not nearer than it takes to live through what a keyframe has waiting, or keyframes would cost more than the life itself.
        let next = self
            .keyframes
            .last()
            .map_or(0, |last| last.progress() + self.keyframe_every.max(last.sim().world().waiting() as u64));
        if self.progress() >= next {
            self.keyframes.push(self.present.clone());
            if self.keyframes.len() > KEYFRAMES_MAX {
                let mut place = 0;
                self.keyframes.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.keyframe_every *= 2;
            }
        }
    }

    pub(super) fn step_forward(&mut self) {
        self.step();
    }

    pub(super) fn step_back(&mut self) {
        if let Some(progress) = self.progress().checked_sub(1) {
            self.present = self.replay_at(progress);
        }
    }

    /// The run after so many events and inputs, from the nearest keyframe.
    fn replay_at(&self, progress: u64) -> Replay {
        let place = self.keyframes.partition_point(|keyframe| keyframe.progress() <= progress);
        let mut replay = self.keyframes[place.saturating_sub(1)].clone();
        while replay.progress() < progress && replay.step(&self.recording, &mut ()) {}
        replay
    }

    pub(super) fn pass(&mut self, span: Span) {
        self.live_until(self.present.moment().time + span);
    }

    /// Moves the present to an instant, by living on or from a keyframe.
    pub(super) fn seek(&mut self, time: Time) {
        if time < self.present.moment().time {
            let place = self.keyframes.partition_point(|keyframe| keyframe.moment().time < time);
            self.present = self.keyframes[place.saturating_sub(1)].clone();
        }
        self.live_until(time);
    }

    fn live_until(&mut self, time: Time) {
        let until = Moment { time, events: u32::MAX };
        for _ in 0..STEPS_MAX {
            if self.present.next_moment(&self.recording).is_none_or(|next| next > until) {
                self.present.advance_to_moment(until, &self.recording, &mut ());
                self.horizon = self.horizon.max(time);
                return;
            }
            self.step();
        }
    }

    /// Does something now. What was lived beyond the present did not happen after all.
    pub(super) fn act(&mut self, input: Input) -> Result<(), Refusal> {
        // Tried on a copy, which costs next to nothing: a refused input must not make anybody forget.
        self.sim().clone().apply(&input, &mut ())?;
        self.forget_beyond_present();
        self.lived.trace.did(self.present.moment().time, input.clone());
        self.present.act(&mut self.recording, input, &mut self.lived)?;
        self.note_step();
        Ok(())
    }

    /// Another recording that agrees with this one up to some point: lives it up to the present instant.
    pub(super) fn rewrite(&mut self, recording: Recording) {
        let now = self.present.moment().time;
        let horizon = self.horizon;
        let inputs = self.recording.inputs().iter().zip(recording.inputs());
        let common = inputs.take_while(|(mine, other)| mine == other).count();
        let next = |inputs: &[(Moment, Input)]| inputs.get(common).map(|(at, _)| *at);
        let split = next(self.recording.inputs()).into_iter().chain(next(recording.inputs())).min();
        if let Some(split) = split {
            let agrees = |keyframe: &Replay| keyframe.moment() < split;
            let place = self.keyframes.iter().rposition(agrees).unwrap_or(0);
            self.present = self.keyframes[place].clone();
            self.forget_beyond_present();
        }
        self.recording = recording;
        self.live_until(horizon);
        self.seek(now);
    }

    /// Forgets all that was lived after the present.
    fn forget_beyond_present(&mut self) {
        let progress = self.progress();
        if progress < self.furthest() {
            let entries = self.extent_at(progress).entries;
            self.lived.trace.truncate(entries);
            self.lived.steps.truncate(usize::try_from(progress).map_or(usize::MAX, |place| place + 1));
            self.lived.history = self.relive_history(progress);
        }
        self.keyframes.retain(|keyframe| keyframe.progress() <= progress);
        self.horizon = self.present.moment().time;
    }

    fn relive_history(&self, progress: u64) -> History {
        let mut history = History::default();
        let mut replay = Replay::new(&self.recording, &mut history);
        while replay.progress() < progress && replay.step(&self.recording, &mut history) {}
        history
    }
}
