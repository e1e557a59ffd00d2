//! One message with another fate, and what becomes of it.

use kvs_core::process::NodeId;
use kvs_core::sim::{Difference, Entry, Fate, Input, Recording, Refusal, Trace, What, first_difference};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Moment, Sequence};

use crate::player::{Player, Then, is_on_a_link};

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

/// Which message is asked about, and when it is to meet another fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One that is on its way, now.
    Now(Sequence),
    /// One that has left or arrived, right after the one or right before the other, by the place in the story that tells of it.
    Then(usize),
}

impl Asked {
    /// Whatever can be asked about an entry of the story at a place, with the message's receiver.
    pub fn about(entry: &Entry, place: usize) -> Option<(Self, NodeId)> {
        match &entry.what {
            What::Sent { to, message, .. } | What::Delivered { to, message, .. } if is_on_a_link(message) => {
                Some((Self::Then(place), *to))
            }
            _ => None,
        }
    }

    /// Whatever can be asked about a message that is no longer on its way: about its arrival or else its departure.
    pub fn about_gone(player: &Player, gone: Sequence) -> Option<(Self, NodeId)> {
        let mut story = player.trace().iter().enumerate().rev();
        story.find_map(|(place, entry)| match entry.what {
            What::Sent { id, .. } | What::Delivered { id, .. } if id == gone => Self::about(entry, place),
            _ => None,
        })
    }

    /// The moment, and the message.
    fn find(self, player: &Player) -> Option<(Then, Sequence)> {
        match self {
            Self::Now(id) => Some((player.present(), id)),
            Self::Then(place) => match player.trace().get(place)?.what {
                What::Sent { id, .. } => Some((player.around(place, true)?, id)),
                What::Delivered { id, .. } => Some((player.around(place, false)?, id)),
                _ => None,
            },
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
    /// What would become of the player's run if a message met another fate. What is done to the run later is done in both, except to
    /// single messages: those are others then.
    pub fn new(player: &Player, asked: Asked, twist: Twist) -> Result<Self, Refusal> {
        let (Then { sim, inputs_done, entries }, id) = asked.find(player).ok_or(Refusal::NoSuchMessage)?;
        let world = sim.world();
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
        sim.clone().apply(&input, &mut trace)?;
        let as_it_is = player.recording().clone();
        let mut as_it_would_be = as_it_is.clone();
        let later = as_it_would_be.swap_tail(inputs_done, Vec::new());
        let is_about_one = |input: &Input| matches!(input, Input::Message { .. } | Input::Fire { .. });
        let mut tail: Vec<(Moment, Input)> = vec![(now, input)];
        tail.extend(later.into_iter().filter(|(_, input)| !is_about_one(input)));
        if twist == Twist::Late {
            let then = Moment { time: now.time + LATE, events: 0 };
            let place = tail.partition_point(|(at, _)| *at <= then);
            tail.insert(place, (then, Input::Message { id, fate: Fate::Release }));
        }
        as_it_would_be.swap_tail(inputs_done, tail);
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
            common: entries,
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

/// Whether a message's receiver may crash, as far as can be told at once: it is a server, and it is up, or was when the message came.
pub fn may_crash(player: &Player, asked: Asked, receiver: NodeId) -> bool {
    let is_up = matches!(asked, Asked::Then(_)) || player.world().is_up(receiver);
    player.architecture().is_server(receiver) && is_up
}
