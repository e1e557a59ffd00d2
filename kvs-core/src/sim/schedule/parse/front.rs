//! The head of a lesson: what it is called, and what is to be broken.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::super::{Front, Level};
use super::ParseProblem;
use super::cursor::{Cursor, Parsed};
use crate::zoo::Guarantee;

impl Cursor<'_> {
    /// `linearizable par 1 missing dedupe=on = "Requests are remembered" | "Writes wait for the disk"`
    pub(super) fn level(&mut self) -> Parsed<Level> {
        let goal = self.meaning("the promise to break, such as linearizable", Guarantee::named)?;
        let claims = self.schedule.architecture.claims();
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
        let mut repaired = self.schedule.architecture.clone();
        if let Err(error) = repaired.set(&option.0, &option.1).and_then(|()| repaired.validate()) {
            self.place = before;
            return self.fail(error);
        }
        if repaired == self.schedule.architecture {
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
