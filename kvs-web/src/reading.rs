//! A lesson while somebody reads it: which words are shown, what was seen and answered, and the way back to it.

use std::rc::Rc;

use kvs_core::sim::Recording;
use kvs_core::sim::schedule::{Outcome, Shown, Words};
use kvs_core::time::Time;

use crate::progress::LessonMark;

/// What a lesson says, moment by moment, and how far its reader has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The words, in order, and when.
    pub words: Vec<(Time, Words)>,
    /// When it ends.
    pub end: Time,
    /// The place of the words that are shown; after the last, the end.
    pub place: usize,
    /// What it is called.
    pub title: Option<String>,
    /// The name of its file, if it is one of the zoo's own.
    pub file: Option<&'static str>,
    /// Its run.
    recording: Rc<Recording>,
    /// Of each of the words, whether they were shown.
    seen: Vec<bool>,
    /// Of each of the words, the answer that was chosen, if they are a question: its place among the answers.
    chosen: Vec<Option<usize>>,
    /// Whether the reader plays on her own.
    is_away: bool,
}

/// What a dot says of the words that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dot {
    /// They are shown now.
    pub is_current: bool,
    /// They were shown.
    pub is_seen: bool,
    /// They are a question: whether it was answered rightly, if it was.
    pub question: Option<Option<bool>>,
}

impl Dot {
    /// The same in words.
    pub fn words(self) -> &'static str {
        match (self.question, self.is_seen) {
            (Some(Some(true)), _) => "a question, answered",
            (Some(Some(false)), _) => "a question, not quite answered",
            (Some(None), true) => "a question, seen",
            (Some(None), false) => "a question, to come",
            (None, true) => "seen",
            (None, false) => "to come",
        }
    }
}

/// What is said to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The place of the answer that was chosen.
    pub chosen: usize,
    /// What shows in the run which answer is right.
    pub shown: Option<&'a Shown>,
}

impl Reply<'_> {
    /// Whether the run shows what was chosen.
    pub fn is_right(&self) -> bool {
        self.chosen == 0
    }
}

impl Lesson {
    /// The lesson of a run, at its beginning; None if it says nothing.
    pub fn new(outcome: &Outcome, title: Option<String>, file: Option<&'static str>) -> Option<Self> {
        if outcome.words.is_empty() {
            return None;
        }
        let count = outcome.words.len();
        let mut lesson = Self {
            words: outcome.words.clone(),
            end: outcome.end,
            place: 0,
            title,
            file,
            recording: Rc::new(outcome.recording.clone()),
            seen: vec![false; count],
            chosen: vec![None; count],
            is_away: false,
        };
        lesson.turn(0);
        Some(lesson)
    }

    /// The same where the files of the zoo are not: nothing leads on from it.
    #[must_use]
    pub fn without_file(self) -> Self {
        Self { file: None, ..self }
    }

    /// The moment of what is shown.
    pub fn moment(&self) -> Time {
        self.words.get(self.place).map_or(self.end, |(at, _)| *at)
    }

    /// Its run, as it was written.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Shows the words at a place; after the last, the end.
    pub fn turn(&mut self, place: usize) {
        self.place = place.min(self.words.len());
        if let Some(seen) = self.seen.get_mut(self.place) {
            *seen = true;
        }
    }

    /// Goes on while somebody watches. True where time has to stand still: at a question that she has not answered, and where there
    /// is more to read at one moment. Whoever lets time pass has read what was shown.
    pub fn watch(&mut self, now: Time) -> bool {
        if self.is_away {
            return false;
        }
        loop {
            let here = self.moment();
            let Some(at) = self.time_of(self.place + 1).filter(|at| *at <= now) else { return false };
            self.turn(self.place + 1);
            let has_more = at > here && self.time_of(self.place + 1).is_some_and(|next| next <= at);
            if has_more || self.is_asking() {
                return true;
            }
        }
    }

    fn time_of(&self, place: usize) -> Option<Time> {
        self.words.get(place).map(|(at, _)| *at)
    }

    /// Whether a question is shown that was not answered.
    fn is_asking(&self) -> bool {
        let is_question = matches!(self.words.get(self.place), Some((_, Words::Question { .. })));
        is_question && self.reply().is_none()
    }

    /// Goes on by itself when time has come so far.
    pub fn follow(&mut self, now: Time) {
        while let (Some((here, _)), Some((next, _))) = (self.words.get(self.place), self.words.get(self.place + 1)) {
            if self.is_away || next <= here || *next > now {
                break;
            }
            self.turn(self.place + 1);
        }
    }

    /// Answers the question that is shown. What was answered stands.
    pub fn answer(&mut self, choice: usize) {
        if let (Some((_, Words::Question { answers, .. })), Some(chosen @ None)) =
            (self.words.get(self.place), self.chosen.get_mut(self.place))
            && choice < answers.len()
        {
            *chosen = Some(choice);
        }
    }

    /// What is said to the answer of the question that is shown.
    pub fn reply(&self) -> Option<Reply<'_>> {
        let chosen = (*self.chosen.get(self.place)?)?;
        match self.words.get(self.place)? {
            (_, Words::Question { shown, .. }) => Some(Reply { chosen, shown: shown.as_ref() }),
            _ => None,
        }
    }

    /// A dot for each of the words.
    pub fn dots(&self) -> impl Iterator<Item = Dot> {
        self.words.iter().enumerate().map(|(place, (_, words))| Dot {
            is_current: place == self.place,
            is_seen: self.seen[place],
            question: match words {
                Words::Question { .. } => Some(self.chosen[place].map(|choice| choice == 0)),
                Words::Caption(_) => None,
            },
        })
    }

    /// How far she has come.
    pub fn mark(&self) -> LessonMark {
        let count = |is_it: fn(&Dot) -> bool| u32::try_from(self.dots().filter(is_it).count()).unwrap_or(u32::MAX);
        LessonMark {
            seen: count(|dot| dot.is_seen && dot.question != Some(None)),
            of: count(|_| true),
            right: count(|dot| dot.question == Some(Some(true))),
        }
    }

    /// Whether the reader plays on her own.
    pub fn is_away(&self) -> bool {
        self.is_away
    }

    /// She plays on her own: whatever happens is no longer what the words are about.
    pub fn leave(&mut self) {
        self.is_away = true;
    }

    /// She is back where she was.
    pub fn come_back(&mut self) {
        self.is_away = false;
    }

    /// Follows what is played: another run than the lesson's is her own.
    pub fn compare(&mut self, recording: &Recording) {
        self.is_away |= *recording != *self.recording;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::check::play;
    use kvs_core::sim::schedule::Schedule;

    fn lesson() -> Lesson {
        told(
            "zoo replicated\nsay \"one\"\ncut R1 | R2 R3\nC1: put x=1 -> R1 expect ok\nrun 2s\n\
                    ask \"What does R3 say?\" = \"none\" | \"1\"\nC2: get x -> R3 expect none\nsay \"three\"\nrun 1s",
        )
    }

    fn told(text: &str) -> Lesson {
        let outcome = play(&Schedule::parse(text).expect("it makes sense"), &mut ());
        assert_eq!(outcome.failure, None);
        Lesson::new(&outcome, Some("A test".into()), None).expect("it says something")
    }

    fn dots(lesson: &Lesson) -> String {
        let sign = |dot: Dot| match dot {
            Dot { is_current: true, .. } => '@',
            Dot { question: Some(Some(true)), .. } => '+',
            Dot { question: Some(Some(false)), .. } => '-',
            Dot { is_seen: true, .. } => 'o',
            Dot { is_seen: false, .. } => '.',
        };
        lesson.dots().map(sign).collect()
    }

    #[test]
    fn dots_tell_what_is_shown_seen_and_answered() {
        let mut lesson = lesson();
        assert_eq!((dots(&lesson).as_str(), lesson.mark()), ("@..", LessonMark { seen: 1, of: 3, right: 0 }));
        lesson.turn(1);
        assert_eq!((dots(&lesson).as_str(), lesson.mark().seen), ("o@.", 1), "a question is done when it is answered");
        lesson.answer(0);
        lesson.turn(2);
        assert_eq!((dots(&lesson).as_str(), lesson.mark()), ("o+@", LessonMark { seen: 3, of: 3, right: 1 }));
        lesson.turn(9);
        assert_eq!((lesson.place, lesson.moment(), dots(&lesson).as_str()), (3, lesson.end, "o+o"));
        assert!(lesson.mark().is_done());
    }

    #[test]
    fn the_run_says_which_answer_is_right() {
        let mut lesson = lesson();
        lesson.answer(1);
        assert_eq!(lesson.reply(), None, "there is no question yet");
        lesson.turn(1);
        lesson.answer(7);
        assert_eq!(lesson.reply(), None, "there is no such answer");
        lesson.answer(1);
        lesson.answer(0);
        let reply = lesson.reply().expect("the first answer stands");
        assert!(!reply.is_right());
        let shown = reply.shown.expect("the run shows it");
        assert_eq!(shown.line, "C2: get x -> R3 expect none");
        assert!(shown.at > lesson.moment());
    }

    #[test]
    fn words_come_when_their_time_has_come() {
        let mut lesson = lesson();
        let end = lesson.end;
        lesson.follow(Time::from_us(1));
        assert_eq!(lesson.place, 0);
        lesson.follow(lesson.words[1].0);
        assert_eq!(lesson.place, 1);
        lesson.leave();
        lesson.follow(end);
        assert_eq!(lesson.place, 1, "whoever plays on her own is not read to");
        lesson.come_back();
        lesson.follow(end);
        assert_eq!((lesson.place, dots(&lesson).as_str()), (2, "oo@"));
    }

    #[test]
    fn who_watches_is_asked_before_she_sees() {
        let mut lesson = lesson();
        let (question, end) = (lesson.words[1].0, lesson.end);
        assert!(!lesson.watch(Time::from_us(1)));
        assert!(lesson.watch(end), "however fast time passes, it stops at a question");
        assert_eq!((lesson.place, lesson.moment()), (1, question));
        assert!(!lesson.watch(question), "it stops once");
        assert!(!lesson.watch(end), "who does not answer goes on all the same");
        assert_eq!((lesson.place, dots(&lesson).as_str()), (2, "oo@"));
        lesson.turn(1);
        lesson.answer(0);
        lesson.turn(0);
        assert!(!lesson.watch(end), "what was answered is not asked again");
        assert_eq!(lesson.place, 2);
    }

    #[test]
    fn what_is_said_at_one_moment_is_read_one_by_one() {
        let mut lesson =
            told("zoo local\nsay \"one\"\nrun 1s\nsay \"two\"\nask \"What?\" = \"ok\" | \"no\"\nput x=1 expect ok");
        let (both, end) = (lesson.words[1].0, lesson.end);
        assert!(lesson.watch(end));
        assert_eq!((lesson.place, lesson.moment()), (1, both), "the caption first");
        assert!(lesson.watch(end), "then the question");
        assert_eq!((lesson.place, lesson.moment()), (2, both));
        assert!(!lesson.watch(end));
    }

    #[test]
    fn another_run_is_her_own_until_she_comes_back() {
        let mut lesson = lesson();
        let mut recording = lesson.recording().clone();
        lesson.compare(&recording);
        assert!(!lesson.is_away());
        recording.swap_tail(1, Vec::new());
        lesson.compare(&recording);
        assert!(lesson.is_away());
        lesson.compare(&lesson.recording().clone());
        assert!(lesson.is_away(), "she says herself when she is back");
        lesson.come_back();
        assert!(!lesson.is_away());
    }
}
