//! What stands at the head of a lesson beside its world: its title, what it is about, and, if it is a level, what is to be broken.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::parse::{Cursor, ParseProblem, Parsed};
use super::print::in_quotes;
use crate::zoo::{Architecture, Guarantee};

/// The front of a schedule that is a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// What it is called.
    pub title: Option<String>,
    /// What it is about, in a sentence or two.
    pub about: Option<String>,
    /// What is to be broken, if that is up to the reader.
    pub level: Option<Level>,
}

/// A store in which one rule is switched off, and a promise that can be broken because of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The promise.
    pub goal: Guarantee,
    /// The fewest faults with which it was broken so far.
    pub par: u32,
    /// The option that holds the rule, and its value where the rule is on.
    pub option: (String, String),
    /// What the missing rule may be, in words; the right one first.
    pub rules: Vec<String>,
}

impl Level {
    /// The most faults that a par may be.
    pub const PAR_MAX: u32 = 20;

    /// The same store with the rule on; as it is where the rule makes no sense there.
    pub fn with_rule(&self, architecture: &Architecture) -> Architecture {
        let mut repaired = architecture.clone();
        match repaired.set(&self.option.0, &self.option.1).and_then(|()| repaired.validate()) {
            Ok(()) => repaired,
            Err(_) => architecture.clone(),
        }
    }
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(title) = &self.title {
            writeln!(f, "title {}", in_quotes(title))?;
        }
        self.about.as_ref().map_or(Ok(()), |about| writeln!(f, "about {}", in_quotes(about)))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { goal, par, option: (option, value), rules } = self;
        let rules: Vec<_> = rules.iter().map(|rule| in_quotes(rule)).collect();
        write!(f, "level {} par {par} missing {option}={value} = {}", goal.name(), rules.join(" | "))
    }
}

impl Cursor<'_> {
    /// `linearizable par 1 missing dedupe=on = "Requests are remembered" | "Writes wait for the disk"`
    pub(super) fn level(&mut self) -> Parsed<Level> {
        let goal = self.meaning("the promise to break, such as linearizable", Guarantee::named)?;
        let claims = self.architecture().claims();
        if claims.iter().all(|claim| claim.guarantee != goal) {
            self.place -= 1;
            return self.expected("a promise of this store");
        }
        self.keyword("par")?;
        let par = self.meaning(&format!("a number of faults up to {}", Level::PAR_MAX), |word| {
            word.parse().ok().filter(|par| *par <= Level::PAR_MAX)
        })?;
        self.keyword("missing")?;
        let before = self.place;
        let option = self.setting()?;
        let mut repaired = self.architecture().clone();
        if let Err(error) = repaired.set(&option.0, &option.1).and_then(|()| repaired.validate()) {
            self.place = before;
            return self.fail(error);
        }
        if repaired == *self.architecture() {
            self.place = before;
            return self.expected("an option that is something else in this store");
        }
        self.sign("=")?;
        let rules = self.choices("the missing rule", "another rule")?;
        Ok(Level { goal, par, option, rules })
    }

    fn keyword(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { self.expected(format!("`{word}`")) }
    }

    /// `"the right one" | "another"`
    pub(super) fn choices(&mut self, right: &str, other: &str) -> Parsed<Vec<String>> {
        let mut choices = vec![self.words(right)?];
        while self.take_sign("|") {
            choices.push(self.words(other)?);
        }
        if choices.len() < 2 {
            return self.expected(format!("`|` and {other}"));
        }
        Ok(choices)
    }

    /// A line of the front; None if it is none.
    pub(super) fn front(&mut self, front: &mut Front) -> Parsed<Option<()>> {
        let Some(word) = self.word().map(ToString::to_string) else { return Ok(None) };
        let is_there = match word.as_str() {
            "title" => front.title.is_some(),
            "about" => front.about.is_some(),
            "level" => front.level.is_some(),
            _ => return Ok(None),
        };
        if is_there {
            return self.fail(ParseProblem::Twice(word));
        }
        self.place += 1;
        match word.as_str() {
            "title" => front.title = Some(self.words("the title")?),
            "about" => front.about = Some(self.words("what it is about")?),
            _ => front.level = Some(self.level()?),
        }
        self.end_of_line()?;
        Ok(Some(()))
    }
}
