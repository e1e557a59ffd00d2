//! What happened, in sentences: for the log, for paper, and for those who listen to the page.

use kvs_core::sim::{Entry, What, describe};
use kvs_core::time::Time;
use kvs_core::world::Loss;

use crate::panels::sentence;
use crate::player::Player;

/// Which entries are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// What somebody would tell a friend: no message that arrived as it should, none that could not arrive, no timer.
    Story,
    /// All of it.
    All,
    /// What clients ask, and what they are told.
    Clients,
    /// What goes wrong.
    Faults,
}

/// All of them, with what they are called.
pub const FILTERS: [(Filter, &str); 4] = [
    (Filter::Story, "The story"),
    (Filter::All, "Every message"),
    (Filter::Clients, "What clients see"),
    (Filter::Faults, "What goes wrong"),
];

impl Filter {
    /// The one of this name; the story if there is none.
    pub fn named(name: &str) -> Self {
        FILTERS.iter().find(|(_, known)| *known == name).map_or(Self::Story, |(filter, _)| *filter)
    }

    fn admits(self, entry: &Entry) -> bool {
        let is_fault = matches!(
            entry.what,
            What::Lost { .. } | What::Crashed { .. } | What::Booted { .. } | What::Did(_) | What::Marked { .. }
        );
        // That a link is cut or a server down is told once, not with every message that is lost because of it.
        let is_consequence = matches!(entry.what, What::Lost { why: Loss::Cut | Loss::Down, .. });
        match self {
            Self::All => true,
            Self::Clients => matches!(entry.what, What::Told { .. }),
            Self::Faults => is_fault,
            Self::Story => (is_fault && !is_consequence) || matches!(entry.what, What::Told { .. }),
        }
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something broke, or was lost.
    Fault,
    /// The reader did something.
    Did,
    /// A client asked, or was told.
    Told,
    /// A node came to know something.
    Mark,
    /// Whatever else.
    Other,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub time: Time,
    /// What, as a sentence.
    pub words: String,
    /// What it is about.
    pub kind: Kind,
    /// Its place in the story.
    pub place: usize,
}

/// What has happened up to the present, the newest first.
pub fn backwards(player: &Player, filter: Filter) -> impl Iterator<Item = Line> {
    let names = player.names();
    let admitted = player.trace().iter().enumerate().rev().filter(move |(_, entry)| filter.admits(entry));
    admitted.filter_map(|(place, entry)| {
        let words = sentence(&describe(entry, names)?);
        Some(Line { time: entry.time, words, kind: kind(entry), place })
    })
}

fn kind(entry: &Entry) -> Kind {
    match entry.what {
        What::Lost { .. } | What::Crashed { .. } => Kind::Fault,
        What::Did(_) => Kind::Did,
        What::Told { .. } => Kind::Told,
        What::Marked { .. } => Kind::Mark,
        _ => Kind::Other,
    }
}

/// All of it as a text, one line a sentence, the oldest first.
pub fn text(player: &Player, filter: Filter) -> String {
    let mut lines: Vec<String> =
        backwards(player, filter).map(|line| format!("{}  {}\n", line.time, line.words)).collect();
    lines.reverse();
    lines.concat()
}

/// The most sentences that are said at once.
const SAID_AT_ONCE: usize = 3;
/// While time passes, somebody who listens is told no more often than this.
const BREATH_MS: f64 = 2_500.0;

/// Says the story to somebody who listens: what is new, a few sentences at a time, and not before the last ones can be over.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    told: usize,
    said_ms: Option<f64>,
    words: String,
}

impl Announcer {
    /// What is to be said now, at the page's time in milliseconds; the same words as before if it is too soon for others.
    pub fn say(&mut self, player: &Player, now_ms: f64) -> &str {
        let is_soon = self.said_ms.is_some_and(|said_ms| now_ms - said_ms < BREATH_MS);
        let happened = player.trace().len();
        if player.is_playing() && is_soon || happened == self.told {
            return &self.words;
        }
        // After a step back, what is there now is not new.
        let new = player.trace().get(self.told..).unwrap_or_default();
        let is_new = |entry: &&Entry| Filter::Story.admits(entry);
        let mut sentences: Vec<String> = new
            .iter()
            .filter(is_new)
            .filter_map(|entry| describe(entry, player.names()))
            .map(|words| sentence(&words))
            .collect();
        self.told = happened;
        if sentences.is_empty() {
            return &self.words;
        }
        let left_out = sentences.len().saturating_sub(SAID_AT_ONCE);
        if left_out > 0 {
            sentences.drain(..left_out);
            sentences.insert(0, format!("{left_out} more before."));
        }
        (self.words, self.said_ms) = (sentences.join(" "), Some(now_ms));
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use kvs_core::sim::Recording;
    use kvs_core::sim::schedule::Schedule;
    use kvs_core::time::Time;

    use super::*;
    use crate::command::Command;

    fn player() -> Player {
        let text = "zoo replicated\ncut R1 | R2 R3\nC1: put x=1 -> R1\nrun 500ms\ncrash R2\nrun 500ms\nC2: get x -> R3\nrun 1s";
        let outcome = Schedule::parse(text).expect("a schedule").run(&mut ());
        Player::new(Recording::clone(&outcome.recording))
    }

    fn at(player: &mut Player, ms: u64) {
        let _changes = player.apply(Command::Seek(Time::from_us(ms * 1_000))).expect("time can be reached");
    }

    #[test]
    fn the_story_leaves_messages_out_that_arrive_and_everything_has_them() {
        let mut player = player();
        at(&mut player, 2_000);
        let story = text(&player, Filter::Story);
        for words in ["You cut the link between R1 and R2, R3.", "C1 calls put x=1.", "R2 crashes.", "C2 reads"] {
            assert!(story.contains(words), "{words} is missing in:\n{story}");
        }
        assert!(!story.contains("receives"), "{story}");
        assert!(text(&player, Filter::All).contains("receives"));
        assert!(!text(&player, Filter::Clients).contains("crashes"));
        assert!(!text(&player, Filter::Faults).contains("calls"));
        assert!(story.starts_with("0s  You cut"), "{story}");
    }

    #[test]
    fn a_listener_hears_what_is_new_a_few_sentences_at_a_time() {
        let (mut player, mut announcer) = (player(), Announcer::default());
        at(&mut player, 400);
        let first = announcer.say(&player, 0.0).to_owned();
        assert!(first.contains("put x=1"), "{first}");
        at(&mut player, 600);
        let second = announcer.say(&player, 100.0).to_owned();
        assert!(second.ends_with("R2 crashes.") && !second.contains("put x=1"), "{second}");
        at(&mut player, 2_000);
        let _changes = player.apply(Command::Play).expect("it plays");
        assert_eq!(announcer.say(&player, 200.0), second, "too soon");
        let later = announcer.say(&player, 200.0 + BREATH_MS).to_owned();
        assert!(later.contains("C2 reads"), "{later}");
        at(&mut player, 300);
        assert_eq!(announcer.say(&player, 99_999.0), later, "what is there after a step back is not new");
    }
}
