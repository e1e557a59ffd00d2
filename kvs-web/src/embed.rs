//! What an author asks for: the attributes of a `<kvs-zoo>`, or the options of a script, parsed at the door.

use kvs_core::check::play;
use kvs_core::sim::Recording;
use kvs_core::sim::schedule::{ParseError, Schedule};
use kvs_core::time::Time;
use kvs_core::zoo::{Architecture, OptionError, catalog, parse_span};

use crate::command::Speed;
use crate::lessons::lesson;
use crate::panels::caption::Lesson;
use crate::share::{self, ShareError};

/// The names of all that can be asked for.
pub const ATTRIBUTES: [&str; 9] =
    ["exhibit", "options", "seed", "lesson", "schedule", "run", "at", "speed", "autoplay"];

/// How an exhibit begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The run.
    pub recording: Recording,
    /// The instant that is shown first.
    pub at: Time,
    /// What a lesson says beside it.
    pub lesson: Option<Lesson>,
    /// How fast it plays.
    pub speed: Speed,
    /// Whether it plays without being asked.
    pub autoplay: bool,
}

/// What an author asks for makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// There is no such attribute.
    #[error("there is no `{0}` here; there are {known}", known = ATTRIBUTES.join(", "))]
    Unknown(String),
    /// There is no such store.
    #[error("there is no store `{0}` in the zoo; there are {known}", known = exhibits())]
    Exhibit(String),
    /// There is no such lesson.
    #[error("there is no lesson `{0}`; lessons are called as their files are, such as stale_read")]
    Lesson(String),
    /// Two attributes say different things.
    #[error("`{0}` says all that `{1}` does; leave one of them out")]
    Both(&'static str, &'static str),
    /// A lesson is about another store.
    #[error("this lesson is about the store `{0}`, not `{1}`")]
    OtherExhibit(&'static str, &'static str),
    /// It should be another kind of thing.
    #[error("`{0}` must be {1}, not `{2}`")]
    Value(&'static str, &'static str, String),
    /// An option makes no sense.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A link makes no sense.
    #[error("{}", link_words(.0))]
    Run(#[from] ShareError),
    /// A schedule is none.
    #[error("the schedule makes no sense: {0}")]
    Parse(#[from] ParseError),
    /// What a schedule expects does not come.
    #[error("the schedule fails: {0}")]
    Failed(String),
}

fn exhibits() -> String {
    catalog::EXHIBITS.map(|exhibit| exhibit.name).join(", ")
}

/// In a book there is no fresh run instead.
fn link_words(error: &ShareError) -> String {
    let words = error.to_string();
    let words = words.split(", so here").next().unwrap_or_default();
    words.split(". So here").next().unwrap_or_default().to_owned()
}

/// What was written, by name.
#[derive(Debug, Default)]
struct Written<'a>([Option<&'a str>; ATTRIBUTES.len()]);

impl<'a> Written<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        ATTRIBUTES.iter().position(|known| *known == name).and_then(|place| self.0[place])
    }

    /// Only one of two that say the same thing may be there.
    fn apart(&self, one: &'static str, others: &[&'static str]) -> Result<(), EmbedError> {
        let both = others.iter().find(|other| self.get(one).is_some() && self.get(other).is_some());
        both.map_or(Ok(()), |other| Err(EmbedError::Both(one, other)))
    }
}

/// What is shown where nobody asks for another store.
const USUAL: &catalog::Exhibit = &catalog::EXHIBITS[1];

/// Nobody asks for anything.
impl Default for Start {
    fn default() -> Self {
        Self::new(Recording::new(USUAL.architecture(), 1), Time::ZERO, None)
    }
}

impl Start {
    /// Reads names and values.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, EmbedError> {
        let mut written = Written::default();
        for (name, value) in pairs {
            let place = ATTRIBUTES.iter().position(|known| *known == name);
            let place = place.ok_or_else(|| EmbedError::Unknown(short(name)))?;
            written.0[place] = Some(value.trim());
        }
        written.apart("run", &["exhibit", "options", "seed", "lesson", "schedule"])?;
        written.apart("lesson", &["schedule"])?;
        let mut start = match (written.get("run"), written.get("lesson"), written.get("schedule")) {
            (Some(link), ..) => Self::link(link.trim_start_matches('#'))?,
            (_, Some(name), _) => {
                Self::told(lesson(name).ok_or_else(|| EmbedError::Lesson(short(name)))?.text, &written)?
            }
            (_, _, Some(text)) => Self::told(text, &written)?,
            _ => Self::plain(&written)?,
        };
        if let Some(text) = written.get("at") {
            let at = parse_span(text).map(|span| Time::ZERO + span).filter(|at| *at <= share::AT_MAX);
            start.at = at.ok_or_else(|| EmbedError::Value("at", "a time, such as 1.5s", short(text)))?;
        }
        if let Some(lesson) = &mut start.lesson {
            lesson.follow(start.at);
        }
        if let Some(text) = written.get("speed") {
            let speed =
                Speed::all().find(|speed| speed.label().trim_end_matches('×') == text.trim_end_matches(['×', 'x']));
            start.speed =
                speed.ok_or_else(|| EmbedError::Value("speed", "one of the page's, such as 1/10 or 2", short(text)))?;
        }
        start.autoplay = match written.get("autoplay") {
            None | Some("false") => false,
            Some("" | "autoplay" | "true") => true,
            Some(other) => return Err(EmbedError::Value("autoplay", "there or not", short(other))),
        };
        Ok(start)
    }

    /// As *Share* writes it.
    pub(crate) fn link(link: &str) -> Result<Self, ShareError> {
        let (recording, at) = share::decode(link)?;
        Ok(Self::new(recording, at, None))
    }

    fn new(recording: Recording, at: Time, lesson: Option<Lesson>) -> Self {
        Self { recording, at, lesson, speed: Speed::default(), autoplay: false }
    }

    /// Nothing has been done yet.
    fn plain(written: &Written<'_>) -> Result<Self, EmbedError> {
        let architecture = exhibit(written)?.unwrap_or(USUAL).architecture();
        let recording = Recording::new(with_options(architecture, written)?, seed(written)?.unwrap_or(1));
        Ok(Self::new(recording, Time::ZERO, None))
    }

    /// A schedule, shown from its beginning where it has words for a reader, and from its end where not.
    fn told(text: &str, written: &Written<'_>) -> Result<Self, EmbedError> {
        let mut schedule = Schedule::parse(text)?;
        let own = catalog::exhibit_of(schedule.architecture.animal).name;
        if let Some(exhibit) = exhibit(written)?.filter(|exhibit| exhibit.name != own) {
            return Err(EmbedError::OtherExhibit(own, exhibit.name));
        }
        schedule.architecture = with_options(schedule.architecture, written)?;
        schedule.seed = seed(written)?.unwrap_or(schedule.seed);
        let outcome = play(&schedule, &mut ());
        if let Some(failure) = outcome.failure {
            return Err(EmbedError::Failed(failure.to_string()));
        }
        let lesson = (!outcome.words.is_empty()).then(|| Lesson::new(outcome.words, outcome.end));
        let at = lesson.as_ref().map_or(outcome.end, Lesson::moment);
        Ok(Self::new(outcome.recording, at, lesson))
    }
}

fn exhibit(written: &Written<'_>) -> Result<Option<&'static catalog::Exhibit>, EmbedError> {
    let find = |name: &str| catalog::exhibit(name).ok_or_else(|| EmbedError::Exhibit(short(name)));
    written.get("exhibit").map(find).transpose()
}

fn seed(written: &Written<'_>) -> Result<Option<u64>, EmbedError> {
    let parse = |text: &str| text.parse().map_err(|_| EmbedError::Value("seed", "a whole number", short(text)));
    written.get("seed").map(parse).transpose()
}

/// `replicas=5 loss=10%`
fn with_options(mut architecture: Architecture, written: &Written<'_>) -> Result<Architecture, EmbedError> {
    for word in written.get("options").unwrap_or_default().split_whitespace() {
        let pair = word.split_once('=');
        let (name, value) =
            pair.ok_or_else(|| EmbedError::Value("options", "words such as replicas=5", short(word)))?;
        architecture.set(name, value)?;
    }
    architecture.validate()?;
    Ok(architecture)
}

/// As much of what was written as a sentence can hold.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pairs: &[(&'static str, &'static str)]) -> Result<Start, EmbedError> {
        Start::parse(pairs.iter().copied())
    }

    #[test]
    fn an_exhibit_with_options_begins_at_its_beginning() {
        let start = parse(&[("exhibit", "replicated"), ("options", "replicas=5 loss=10%"), ("seed", "42")])
            .expect("it makes sense");
        assert_eq!((start.recording.architecture.servers, start.recording.seed, start.at), (5, 42, Time::ZERO));
        assert!(!start.autoplay && start.lesson.is_none() && start.recording.inputs().is_empty());
        assert_eq!(parse(&[]).expect("a default").recording.architecture.servers, 3);
    }

    #[test]
    fn a_lesson_begins_with_its_first_words_and_may_be_shown_elsewhere() {
        let start =
            parse(&[("lesson", "stale-read"), ("exhibit", "replicated"), ("autoplay", "")]).expect("it makes sense");
        let lesson = start.lesson.expect("words");
        assert_eq!((start.at, lesson.place, start.autoplay), (lesson.moment(), 0, true));
        assert!(!start.recording.inputs().is_empty());
        let later = parse(&[("lesson", "stale_read"), ("at", "2s"), ("speed", "1/5")]).expect("it makes sense");
        assert_eq!((later.at, later.speed.label()), (Time::from_us(2_000_000), "1/5×"));
    }

    #[test]
    fn a_run_is_what_share_has_written() {
        let start = parse(&[("schedule", "zoo replicated\nput x=1 -> R1\nrun 1s")]).expect("it makes sense");
        let link = share::encode(&start.recording, start.at);
        let again = Start::parse([("run", link.as_str())]).expect("its own link");
        assert_eq!((again.recording, again.at), (start.recording, Time::from_us(1_000_000)));
    }

    #[test]
    fn says_in_one_sentence_what_is_wrong() {
        let cases: [(&[(&str, &str)], &str); 12] = [
            (&[("exibit", "local")], "there is no `exibit` here; there are exhibit, options"),
            (&[("exhibit", "elephant")], "there is no store `elephant`"),
            (&[("seed", "many")], "`seed` must be a whole number, not `many`"),
            (&[("options", "replicas")], "`options` must be"),
            (&[("options", "replicas=many")], "replicas"),
            (&[("lesson", "nothing")], "there is no lesson `nothing`"),
            (&[("lesson", "stale_read"), ("exhibit", "local")], "about the store `replicated`, not `local`"),
            (&[("lesson", "stale_read"), ("schedule", "run 1s")], "leave one of them out"),
            (&[("run", "replicated"), ("seed", "1")], "leave one of them out"),
            (&[("run", "replicated?run=AAAA")], "This link is damaged"),
            (&[("schedule", "jump")], "line 1, column 1"),
            (&[("schedule", "get x -> R1 expect 1")], "line 1: expected 1, found none"),
        ];
        for (pairs, words) in cases {
            let sentence = Start::parse(pairs.iter().copied()).expect_err(words).to_string();
            assert!(sentence.contains(words) && !sentence.contains("so here is"), "{sentence}");
        }
        for (name, value) in [("at", "soon"), ("at", "9999999999s"), ("speed", "3"), ("autoplay", "maybe")] {
            let sentence = Start::parse([(name, value)]).expect_err(name).to_string();
            assert!(sentence.contains(name) && sentence.contains(value), "{sentence}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_stand_in_an_attribute(place in 0..ATTRIBUTES.len(), value in "\\PC{0,60}") {
            let _parsed = Start::parse([(ATTRIBUTES[place], value.as_str())]);
        }
    }
}
