//! Histories that other tools recorded.
//!
//! A [`Reader`] takes a text piece by piece, tells its format by its content, and gives a [`History`]; [`History::judge`] says whether
//! it is linearizable.
//!
//! | format | looks like |
//! |---|---|
//! | Jepsen's operation maps in EDN, one after the other, in a vector or in a list | `{:process 0, :type :invoke, :f :write, :value 3}` |
//! | the console log of Jepsen | `INFO  jepsen.util - 4 :invoke :cas [1 3]` |
//! | Porcupine's key-value histories, which are such maps | `{:process 0, :type :ok, :f :append, :key "0", :value "x 0 0 y"}` |
//! | JSON lines, the same maps in JSON | `{"process":0,"type":"invoke","f":"put","key":"x","value":"1"}` |
//!
//! # What a line means
//!
//! - A **process** does one thing at a time. Those without a number (the nemesis) are no clients and left out.
//! - `type` is `invoke`, then `ok`, `fail` or `info`. After `info`, and without a return, an operation is open: it may take effect at any
//!   later time, or never.
//! - A **`fail`** says that the operation did not happen. Only in a console log a failed `cas` ran and found another value.
//! - The order of lines is the order in time. Other fields (`time`, `index`, …) are left alone.
//!
//! # Models
//!
//! | model | `f` and `value` |
//! |---|---|
//! | `register` | `read`: what was read; `write`: what is written |
//! | `cas-register` | also `cas`: `[from to]` |
//! | `kv` | `get`, `put`, `append`, `delete` under a `key`; a missing key reads as the empty text |
//! | `counter` | `add`: a whole number; `read`: the sum |
//! | `versioned` | `put` and `get`: `[value version]`. A `fail` with `error` `version` found another version, with `no-key` no key; an `info` with `maybe-closed` has taken effect before its return or never |
//! | `store` | `get`, `set`, `delete`, `exists` under a `key`; `size`, `list`, `clear` |
//!
//! A register may have a `key`, too: then it is many registers. A read of `nil` saw that nothing is stored; where a history does not
//! begin with nothing ([`Options::initial`]) and has no log to say so, it is a read of which the answer is not known.

mod console;
mod edn;
mod event;
mod history;
mod json_lines;
mod judge;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use event::{Datum, Function};
pub use history::{End, Event, History, Operation};
pub use judge::{ModelName, Options, Proof};

/// Why a text is no history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1.
    pub line: u64,
    /// A sentence.
    pub cause: String,
}

impl Error {
    fn new(line: u64, cause: impl Into<String>) -> Self {
        Self { line, cause: cause.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.cause)
    }
}

impl core::error::Error for Error {}

/// How much of a text is looked at in one go.
const PIECE: usize = 1 << 16;
/// The longest line or operation. What is longer is no operation.
const LENGTH_MAX: usize = 1 << 20;
/// The most operations, so that a history stays below some 500 MB.
const OPERATIONS_MAX: usize = 4_000_000;

/// A history in the making: give it the text in pieces of any size, then [`finish`](Reader::finish).
#[derive(Default)]
pub struct Reader {
    format: Option<Format>,
    /// What was given and not yet understood.
    pending: Vec<u8>,
    /// The lines before it.
    lines: u64,
    history: History,
}

#[derive(Clone, Copy)]
enum Format {
    Edn(edn::Outside),
    Console,
    JsonLines,
}

impl Reader {
    /// Reads the next piece of a text.
    pub fn read(&mut self, text: &[u8]) -> Result<(), Error> {
        for piece in text.chunks(PIECE) {
            self.pending.extend_from_slice(piece);
            self.digest(false)?;
        }
        Ok(())
    }

    /// The text ends here.
    pub fn finish(mut self) -> Result<History, Error> {
        self.digest(true)?;
        if let Some(Format::Edn(outside)) = &self.format {
            outside.end(self.lines + 1)?;
        }
        let is_empty_vector = matches!(self.format, Some(Format::Edn(outside)) if outside.has_begun());
        if self.history.operations().is_empty() && !is_empty_vector {
            return Err(Error::new(
                self.lines.max(1),
                "the text ends and there was no operation in it: neither EDN maps, nor lines of jepsen.util, nor JSON lines",
            ));
        }
        Ok(self.history)
    }

    fn digest(&mut self, is_last: bool) -> Result<(), Error> {
        let mut pending = core::mem::take(&mut self.pending);
        let whole = match core::str::from_utf8(&pending) {
            Ok(text) => text.len(),
            // The end may be half a character.
            Err(error) if !is_last && error.error_len().is_none() => error.valid_up_to(),
            Err(error) => {
                // What is wrong before it comes first, however the text was cut into pieces.
                let text = core::str::from_utf8(&pending[..error.valid_up_to()]).unwrap_or_default();
                self.understand(text, false)?;
                let before = pending[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
                return Err(Error::new(self.lines + before as u64 + 1, "this is no text in UTF-8"));
            }
        };
        let text = core::str::from_utf8(&pending[..whole]).unwrap_or_default();
        let understood = whole - self.understand(text, is_last)?;
        self.lines += lines_in(&text[..understood]);
        self.pending = pending.split_off(understood);
        if self.pending.len() > LENGTH_MAX {
            return Err(too_long(self.lines + 1));
        }
        Ok(())
    }

    /// How many bytes at the end of the text have to wait for more.
    fn understand(&mut self, text: &str, is_last: bool) -> Result<usize, Error> {
        let Some(mut format) = self.format.or_else(|| detect(text, is_last)) else { return Ok(text.len()) };
        let (history, lines) = (&mut self.history, self.lines);
        let left = match &mut format {
            Format::Edn(outside) => edn::read(text, is_last, lines, outside, history),
            Format::Console => by_lines(text, is_last, lines, |line, number| console::read(line, number, history)),
            Format::JsonLines => by_lines(text, is_last, lines, |line, number| json_lines::read(line, number, history)),
        }?;
        self.format = Some(format);
        Ok(left)
    }
}

/// Some editors begin a text with a mark that nobody sees.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn too_long(line: u64) -> Error {
    Error::new(line, format!("this is longer than {LENGTH_MAX} bytes: no operation is"))
}

fn lines_in(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

/// None while too little is there to tell.
fn detect(text: &str, is_last: bool) -> Option<Format> {
    let mut rest = text.trim_start_matches(is_blank).chars();
    let first = rest.next()?;
    match first {
        '[' | '(' | ';' | '#' | ',' => Some(Format::Edn(edn::Outside::default())),
        '{' => match rest.as_str().trim_start().chars().next() {
            Some('"') => Some(Format::JsonLines),
            None if !is_last => None,
            _ => Some(Format::Edn(edn::Outside::default())),
        },
        _ => Some(Format::Console),
    }
}

/// Reads all whole lines, and says how many bytes are left.
fn by_lines(
    text: &str,
    is_last: bool,
    before: u64,
    mut read: impl FnMut(&str, u64) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut left = text;
    let mut number = before;
    while let Some((line, rest)) = left.split_once('\n') {
        number += 1;
        read(line.trim_matches(is_blank), number)?;
        left = rest;
    }
    if is_last && !left.trim().is_empty() {
        read(left.trim_matches(is_blank), number + 1)?;
        left = "";
    }
    Ok(left.len())
}

/// The beginning of something that may be long, for a sentence.
fn short(text: &str) -> String {
    const CHARACTERS: usize = 60;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
