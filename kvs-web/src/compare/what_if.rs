//! One message with another fate, and what becomes of it.

use kvs_core::process::NodeId;
use kvs_core::sim::{Difference, Entry, Fate, Input, Recording, Refusal, Trace, first_difference};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Moment, Sequence};

use crate::player::Player;

/// How much longer a message is on its way that is late.
const LATE: Span = Span::from_secs(1);
/// How far ahead both futures are lived, at least and at most.
const AHEAD_MIN: Span = Span::from_secs(8);
const AHEAD_MAX: Span = Span::from_secs(60);

/// What might happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// It is lost.
    Lost,
    /// It arrives a second after it was let go.
    Late,
    /// A copy of it arrives as well.
    Twice,
    /// Its receiver crashes before it comes.
    Crashed,
}

impl Twist {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Late, Self::Twice, Self::Crashed];

    /// What tests and scripts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Twice => "twice",
            Self::Crashed => "crashed",
        }
    }

    /// What its button says.
    pub fn label(self, receiver: &str) -> String {
        match self {
            Self::Lost => "it is lost".into(),
            Self::Late => "it is late".into(),
            Self::Twice => "it comes twice".into(),
            Self::Crashed => format!("{receiver} crashes"),
        }
    }
}

/// What was, and what would be.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// The question, as a heading.
    pub question: String,
    /// When the two part.
    pub at: Time,
    /// How far both are lived.
    pub horizon: Time,
    /// The run as it is.
    pub as_it_is: Recording,
    /// The run as it would be.
    pub as_it_would_be: Recording,
    /// What the second is called.
    title: String,
    /// How many entries of the trace both have in common.
    common: usize,
    /// How many entries after those are the twist itself.
    own: usize,
}

impl WhatIf {
    /// What would become of the player's run if a message on its way met another fate now. What is done to the run later is done in
    /// both, except to single messages: those are others then.
    pub fn new(player: &Player, id: Sequence, twist: Twist) -> Result<Self, Refusal> {
        let world = player.world();
        let letters = world.letters();
        let (_, _, letter) = letters.into_iter().find(|(each, _, _)| *each == id).ok_or(Refusal::NoSuchMessage)?;
        let now = world.moment();
        let input = match twist {
            Twist::Lost => Input::Message { id, fate: Fate::Drop },
            Twist::Late => Input::Message { id, fate: Fate::Hold },
            Twist::Twice => Input::Message { id, fate: Fate::Duplicate },
            Twist::Crashed => Input::Crash(letter.to),
        };
        let mut trace = Trace::default();
        player.sim().clone().apply(&input, &mut trace)?;
        let as_it_is = player.recording().clone();
        let mut as_it_would_be = as_it_is.clone();
        let place = player.inputs_done();
        let later = as_it_would_be.swap_tail(place, Vec::new());
        let is_about_one = |input: &Input| matches!(input, Input::Message { .. } | Input::Fire { .. });
        let mut tail: Vec<(Moment, Input)> = vec![(now, input)];
        tail.extend(later.into_iter().filter(|(_, input)| !is_about_one(input)));
        if twist == Twist::Late {
            let then = Moment { time: now.time + LATE, events: 0 };
            let place = tail.partition_point(|(at, _)| *at <= then);
            tail.insert(place, (then, Input::Message { id, fate: Fate::Release }));
        }
        as_it_would_be.swap_tail(place, tail);
        let (from, to) = (player.names().name(letter.from), player.names().name(letter.to));
        let kind = letter.message.kind();
        let (question, title) = match twist {
            Twist::Lost => (format!("What if this {kind} from {from} to {to} were lost?"), "If it were lost"),
            Twist::Late => (format!("What if this {kind} from {from} to {to} were late?"), "If it were a second late"),
            Twist::Twice => (format!("What if this {kind} from {from} to {to} came twice?"), "If it came twice"),
            Twist::Crashed => (format!("What if {to} crashed before this {kind} from {from} came?"), "If it crashed"),
        };
        Ok(Self {
            question,
            at: now.time,
            horizon: player.horizon().max(now.time + AHEAD_MIN).min(now.time + AHEAD_MAX),
            as_it_is,
            as_it_would_be,
            title: title.into(),
            common: player.trace().len(),
            own: 1 + trace.entries().len(),
        })
    }

    /// The two, with their titles.
    pub fn runs(&self) -> Vec<(String, Recording)> {
        vec![("As it is".into(), self.as_it_is.clone()), (self.title.clone(), self.as_it_would_be.clone())]
    }

    /// What the second is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where the stories of the two part, the twist itself left out.
    pub fn difference<'a>(&self, as_it_is: &'a [Entry], as_it_would_be: &'a [Entry]) -> Option<Difference<'a>> {
        let rest = |story: &'a [Entry], from: usize| story.get(from..).unwrap_or_default();
        first_difference(rest(as_it_is, self.common), rest(as_it_would_be, self.common + self.own))
    }
}

/// Whether a message's receiver is a server, and up: then it may crash.
pub fn may_crash(player: &Player, receiver: NodeId) -> bool {
    player.architecture().is_server(receiver) && player.world().is_up(receiver)
}
