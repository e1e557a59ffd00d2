//! A run that can be played, stopped, sought and branched. No Yew, no DOM: tested natively.
//!
//! The player holds a recording and one replay of it, the *present*. The furthest point ever lived is the *horizon*; behind it
//! the past can be sought at will from keyframes. Doing something in the past makes the run another one from there on.

pub mod script;
mod timeline;

use kvs_core::check::Run;
use kvs_core::process::NodeId;
use kvs_core::server::{Message, Node};
use kvs_core::sim::{Entry, History, Input, Recording, Refusal, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Moment, World};
use kvs_core::zoo::{Architecture, Names, OptionError, catalog};

use crate::command::{Command, Speed};
use timeline::Timeline;

pub use timeline::Then;

/// What a command has changed, so that only what shows it is drawn anew.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The present moved.
    pub time: bool,
    /// Playing began or stopped, or the speed changed.
    pub playback: bool,
    /// What is recorded changed: the link is another one.
    pub recording: bool,
    /// It is another run altogether: other nodes, perhaps.
    pub run: bool,
}

impl Changes {
    const TIME: Self = Self { time: true, playback: false, recording: false, run: false };
    const PLAYBACK: Self = Self { time: false, playback: true, recording: false, run: false };
    const BRANCH: Self = Self { time: true, playback: false, recording: true, run: false };
    const RUN: Self = Self { time: true, playback: true, recording: true, run: true };

    /// Whether anything changed.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// Why a command did nothing. The player is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The world refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The option makes no sense.
    #[error(transparent)]
    Option(#[from] OptionError),
}

/// How far ahead of everything lived a seek may go.
const SEEK_AHEAD_MAX: Span = Span::from_secs(600);

/// The most changes of the architecture that can be taken back.
const REPLACED_MAX: usize = 50;

/// A run, and the present in it.
pub struct Player {
    timeline: Timeline,
    names: Names,
    playing: bool,
    speed: Speed,
    undone: Vec<Branch>,
    done: Vec<Branch>,
    /// What there was before each change of the architecture, and the instant that was looked at.
    replaced: Vec<(Recording, Time)>,
}

/// Another way the run went, or might go: these inputs instead of all from the `place`-th on.
struct Branch {
    place: usize,
    tail: Vec<(Moment, Input)>,
}

impl Player {
    /// A run at its beginning.
    pub fn new(recording: Recording) -> Self {
        Self {
            names: Names::new(&recording.architecture),
            timeline: Timeline::new(recording),
            playing: false,
            speed: Speed::default(),
            undone: Vec::new(),
            done: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// A run at one of its instants.
    pub fn at(recording: Recording, time: Time) -> Self {
        let mut player = Self::new(recording);
        player.timeline.seek(time);
        player
    }

    // ---- looking

    /// The present world, with standing orders.
    pub fn sim(&self) -> &Sim {
        self.timeline.sim()
    }

    /// The present world.
    pub fn world(&self) -> &World<Node> {
        self.timeline.sim().world()
    }

    /// The parts.
    pub fn architecture(&self) -> &Architecture {
        &self.recording().architecture
    }

    /// All it takes to live this run again.
    pub fn recording(&self) -> &Recording {
        self.timeline.recording()
    }

    /// What the nodes are called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.world().now()
    }

    /// The furthest instant ever lived in this run.
    pub fn horizon(&self) -> Time {
        self.timeline.horizon()
    }

    /// Whether time passes by itself.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// How fast.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Whether a change of the architecture can be taken back.
    pub fn can_take_back(&self) -> bool {
        !self.replaced.is_empty()
    }

    /// How many events and inputs there were up to the present.
    pub fn progress(&self) -> u64 {
        self.timeline.progress()
    }

    /// Whether there is an event or input before the present.
    pub fn can_step_back(&self) -> bool {
        self.timeline.progress() > 0
    }

    /// What happened up to the present.
    pub fn trace(&self) -> &[Entry] {
        self.timeline.trace()
    }

    /// What happened over all that was lived, beyond the present as well.
    pub fn whole_trace(&self) -> &[Entry] {
        self.timeline.whole_trace()
    }

    /// The entries that the last event or input up to the present has made.
    pub fn last_step(&self) -> &[Entry] {
        self.timeline.last_step()
    }

    /// The operations of clients over all that was lived; some may lie after the present.
    pub fn history(&self) -> &History {
        self.timeline.history()
    }

    /// How many of the recording's inputs lie before the present.
    pub fn inputs_done(&self) -> usize {
        self.timeline.inputs_done()
    }

    /// The run up to the present, for a judge.
    pub fn run(&self) -> Run<'_> {
        let inputs = &self.recording().inputs()[..self.timeline.inputs_done()];
        Run::new(self.architecture(), self.world(), self.history(), self.timeline.history_events(), inputs)
    }

    /// A node as it was before the last event or input.
    pub fn node_before_last_step(&self, node: NodeId) -> Option<std::sync::Arc<Node>> {
        self.timeline.before_last_step().map(|world| world.node(node).clone())
    }

    /// When a node has crashed last before the present, and the world right before.
    pub fn before_last_crash(&self, node: NodeId) -> Option<(Time, World<Node>)> {
        let done = &self.recording().inputs()[..self.inputs_done()];
        let is_crash = |input: &Input| matches!(input, Input::Crash(crashed) if *crashed == node);
        let place = done.iter().rposition(|(_, input)| is_crash(input))?;
        let world = self.timeline.before_input(place)?;
        Some((world.now(), world))
    }

    /// The run as it is now.
    pub fn present(&self) -> Then {
        Then { sim: self.sim().clone(), inputs_done: self.inputs_done(), entries: self.trace().len() }
    }

    /// The run right after one of the things that have happened, by its place in the story, or right before it.
    pub fn around(&self, entry: usize, is_after: bool) -> Option<Then> {
        self.timeline.around(entry, is_after)
    }

    // ---- changing

    /// Does something. On an error nothing has changed.
    pub fn apply(&mut self, command: Command) -> Result<Changes, CommandError> {
        Ok(match command {
            Command::Input(input) => self.input(input)?,
            Command::Play => self.set_playing(true),
            Command::Pause => self.set_playing(false),
            Command::TogglePlay => self.set_playing(!self.playing),
            Command::StepForward => self.pausing(Timeline::step_forward),
            Command::StepBack => self.pausing(Timeline::step_back),
            Command::Seek(time) => {
                let time = time.min(self.horizon() + SEEK_AHEAD_MAX);
                self.timeline.seek(time);
                Changes::TIME
            }
            Command::SetSpeed(speed) => {
                self.speed = speed;
                Changes::PLAYBACK
            }
            Command::Undo => self.swap_recording(true),
            Command::Redo => self.swap_recording(false),
            Command::Restart => {
                let Recording { architecture, seed, .. } = self.recording();
                self.begin(Recording::new(architecture.clone(), *seed))
            }
            Command::Reseed(seed) => self.begin(Recording::new(self.architecture().clone(), seed)),
            Command::Choose(animal) => self.replace(catalog::exhibit_of(animal).architecture()),
            Command::Compose(architecture) => {
                architecture.validate()?;
                self.replace(*architecture)
            }
            Command::SetOption { name, value } => {
                let mut architecture = self.architecture().clone();
                architecture.set(name, &value)?;
                architecture.validate()?;
                self.replace(architecture)
            }
            Command::TakeBack => match self.replaced.pop() {
                Some((recording, time)) => self.begin_at(recording, time),
                None => Changes::default(),
            },
            Command::Continue(recording, time) => self.go_on(*recording, time),
            Command::Load(recording, time) => {
                // Whatever came before was about another run.
                self.replaced.clear();
                self.begin_at(*recording, time)
            }
        })
    }

    /// Lets time pass, if it passes by itself. `elapsed_ms` is how long the reader has waited.
    pub fn advance(&mut self, elapsed_ms: f64) -> Changes {
        let span = self.speed.passes(elapsed_ms);
        if !self.playing || span == Span::ZERO {
            return Changes::default();
        }
        self.timeline.pass(span);
        Changes::TIME
    }

    fn input(&mut self, input: Input) -> Result<Changes, CommandError> {
        let place = self.timeline.inputs_done();
        let tail = self.recording().inputs()[place..].to_vec();
        self.timeline.act(input)?;
        self.done.push(Branch { place, tail });
        self.undone.clear();
        Ok(Changes::BRANCH)
    }

    /// Another recording, which may differ from this one in its past as well.
    fn go_on(&mut self, recording: Recording, time: Time) -> Changes {
        let both = self.recording().inputs().iter().zip(recording.inputs());
        let place = both.take_while(|(mine, other)| mine == other).count();
        let tail = self.recording().inputs()[place..].to_vec();
        self.timeline.rewrite(recording);
        self.timeline.seek(time);
        self.done.push(Branch { place, tail });
        self.undone.clear();
        Changes::BRANCH
    }

    fn set_playing(&mut self, playing: bool) -> Changes {
        self.playing = playing;
        Changes::PLAYBACK
    }

    fn pausing(&mut self, act: impl FnOnce(&mut Timeline)) -> Changes {
        self.playing = false;
        act(&mut self.timeline);
        Changes { playback: true, ..Changes::TIME }
    }

    fn swap_recording(&mut self, is_undo: bool) -> Changes {
        let (from, to) = if is_undo { (&mut self.done, &mut self.undone) } else { (&mut self.undone, &mut self.done) };
        let Some(Branch { place, tail }) = from.pop() else { return Changes::default() };
        let mut recording = self.timeline.recording().clone();
        let tail = recording.swap_tail(place, tail);
        to.push(Branch { place, tail });
        self.timeline.rewrite(recording);
        Changes::BRANCH
    }

    fn begin(&mut self, recording: Recording) -> Changes {
        let (speed, replaced) = (self.speed, core::mem::take(&mut self.replaced));
        *self = Self { speed, replaced, ..Self::new(recording) };
        Changes::RUN
    }

    fn begin_at(&mut self, recording: Recording, time: Time) -> Changes {
        let changes = self.begin(recording);
        self.timeline.seek(time);
        changes
    }

    /// Another architecture with the same seed.
    fn replace(&mut self, architecture: Architecture) -> Changes {
        self.replaced.push((self.recording().clone(), self.now()));
        if self.replaced.len() > REPLACED_MAX {
            self.replaced.remove(0);
        }
        self.begin(Recording::new(architecture, self.recording().seed))
    }
}

/// Whether a message is one that travels on a link, as opposed to one between a client and the reader.
pub fn is_on_a_link(message: &Message) -> bool {
    Message::KINDS.contains(&message.kind())
}
