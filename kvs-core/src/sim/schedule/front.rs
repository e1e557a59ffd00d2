//! What stands at the head of a lesson beside its world: its title, what it is about, and, if it is a level, what is to be broken.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

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
