//! From text to statements. Errors name the line, the column, and what was expected there.

mod cursor;
mod expectations;
mod front;
mod operations;
mod statements;

use alloc::string::String;
use alloc::vec::Vec;

use self::cursor::Cursor;
use super::tokens::{Token, tokens};
use super::{Front, Line, Schedule};
use crate::op::TooLong;
use crate::zoo::{Architecture, Names, OptionError, catalog};

/// A text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// What is wrong there.
    pub problem: ParseProblem,
}

/// What is wrong at a place of a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseProblem {
    /// Something else should stand here.
    #[error("expected {expected}, not {found}")]
    Expected {
        /// What should.
        expected: String,
        /// What does.
        found: String,
    },
    /// A key or value is too long.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// An option makes no sense.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A quotation does not end on its line.
    #[error("the quotation that begins here does not end")]
    OpenQuote,
    /// A quotation has a `\` that means nothing.
    #[error("`\\` may be followed by \", \\, n, t or u{{…}} only")]
    BadEscape,
    /// A line of the head comes late.
    #[error("`zoo`, `seed`, `title`, `about` and `level` stand before the first statement")]
    LateHead,
    /// A line of the head stands there already.
    #[error("there is a `{0}` already")]
    Twice(String),
    /// What a level says is about its store.
    #[error("`zoo` stands before `level`, which is about that store")]
    LateZoo,
}

pub(super) fn parse(text: &str) -> Result<Schedule, ParseError> {
    let exhibit = catalog::EXHIBITS[1].architecture();
    let mut schedule = Schedule { front: Front::default(), architecture: exhibit, seed: 1, lines: Vec::new() };
    let mut front = Front::default();
    let mut names = Names::new(&schedule.architecture);
    // Some editors begin every file with a mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let tokens = tokens(line, number)?;
        if tokens.is_empty() {
            continue;
        }
        let mut cursor =
            Cursor { tokens: &tokens, place: 0, line: number, end: columns(line), names: &names, schedule: &schedule };
        let is_head = schedule.lines.is_empty();
        if is_head && cursor.front(&mut front)?.is_some() {
            continue;
        }
        match cursor.peek() {
            Some(Token::Word(word)) if is_head && word == "zoo" && front.level.is_some() => {
                return cursor.fail(ParseProblem::LateZoo);
            }
            Some(Token::Word(word)) if is_head && word == "zoo" => {
                cursor.place += 1;
                let architecture = cursor.zoo()?;
                cursor.end_of_line()?;
                schedule.architecture = architecture;
                names = Names::new(&schedule.architecture);
            }
            Some(Token::Word(word)) if is_head && word == "seed" => {
                cursor.place += 1;
                let seed = cursor.number("a seed, such as 42")?;
                cursor.end_of_line()?;
                schedule.seed = seed;
            }
            _ => {
                let statement = cursor.statement()?;
                cursor.end_of_line()?;
                schedule.lines.push(Line { number, statement });
            }
        }
    }
    schedule.front = front;
    Ok(schedule)
}

fn columns(line: &str) -> u32 {
    u32::try_from(line.trim_end().chars().count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// An option of links by name, as a change of link options.
pub(super) fn set_link_options(
    architecture: &mut Architecture,
    changes: &[(String, String)],
) -> Result<(), OptionError> {
    changes.iter().try_for_each(|(name, value)| architecture.set(name, value))?;
    architecture.validate()
}
