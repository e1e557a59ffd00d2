//! Jepsen's operation maps: one after the other, or in a vector or a list.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clojure_reader::edn::{self, Edn};
use clojure_reader::error::Code;

use super::event::{Datum, Function, Kind, Said};
use super::{Error, History, LENGTH_MAX};

/// What is around the maps.
#[derive(Clone, Copy, Default)]
pub(super) enum Outside {
    /// Nothing has been read.
    #[default]
    Unknown,
    /// Nothing is around them.
    Nothing,
    /// Something that ends with this and began in this line.
    Within(char, u64),
    /// It has ended.
    Ended,
}

impl Outside {
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Within(..) | Self::Ended)
    }

    /// The text ends.
    pub(super) fn end(&self, line: u64) -> Result<(), Error> {
        match self {
            Self::Within(close, begin) => Err(Error::new(
                line,
                format!("the text ends, and what began in line {begin} is not closed by `{close}`"),
            )),
            Self::Unknown | Self::Nothing | Self::Ended => Ok(()),
        }
    }
}

/// Reads as many whole maps as there are, and says how many bytes are left.
pub(super) fn read(
    text: &str,
    is_last: bool,
    before: u64,
    outside: &mut Outside,
    history: &mut History,
) -> Result<usize, Error> {
    let mut rest = text;
    let mut line = before + 1;
    loop {
        let blank = rest.len() - skip_blank(rest, is_last).len();
        line += super::lines_in(&rest[..blank]);
        rest = &rest[blank..];
        let Some(first) = rest.chars().next() else { return Ok(0) };
        if first == ';' {
            // A comment that goes on in the next piece.
            return Ok(rest.len());
        }
        match *outside {
            Outside::Unknown => {
                *outside = match first {
                    '[' => Outside::Within(']', line),
                    '(' => Outside::Within(')', line),
                    _ => Outside::Nothing,
                };
                if outside.has_begun() {
                    rest = &rest[1..];
                    continue;
                }
            }
            Outside::Within(close, _) if first == close => {
                *outside = Outside::Ended;
                rest = &rest[1..];
                continue;
            }
            Outside::Within(..) | Outside::Nothing => {}
            Outside::Ended => {
                return Err(Error::new(line, format!("nothing may follow the end, but there is `{first}`")));
            }
        }
        match edn::read(rest) {
            // A word may go on in the next piece.
            Ok((form, "")) if !is_last && !matches!(form, Edn::Map(_)) => return Ok(rest.len()),
            Ok((form, after)) => {
                if let Some(said) = said(&form).map_err(|cause| Error::new(line, cause))? {
                    history.add(said, line)?;
                }
                line += super::lines_in(&rest[..rest.len() - after.len()]);
                rest = after;
            }
            Err(error) if is_last || rest.len() > LENGTH_MAX => {
                let inside = error.line.map_or(0, |line| line.saturating_sub(1)) as u64;
                return Err(match error.code {
                    Code::UnexpectedEOF if !is_last => super::too_long(line),
                    Code::UnexpectedEOF => Error::new(line, "the text ends in the middle of an operation"),
                    code => Error::new(line + inside, format!("this is no EDN ({code:?})")),
                });
            }
            Err(_) => return Ok(rest.len()),
        }
    }
}

/// The text from the first thing on that is neither blank nor a comment that ends.
fn skip_blank(text: &str, is_last: bool) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c| super::is_blank(c) || c == ',');
        if !rest.starts_with(';') {
            return rest;
        }
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return if is_last { "" } else { rest },
        }
    }
}

/// None if it is about no client.
fn said(form: &Edn<'_>) -> Result<Option<Said>, String> {
    let mut form = form;
    while let Edn::Tagged(_, inner) = form {
        form = inner;
    }
    let Edn::Map(map) = form else {
        return Err(format!("expected a map such as {{:process 0, :type :invoke, …}}, not {}", name(form)));
    };
    let (mut process, mut kind, mut function, mut key, mut value, mut error) = (None, None, None, None, None, None);
    for (name, field) in map {
        let Edn::Key(name) = name else { continue };
        match name.as_ref() {
            "process" => process = Some(field),
            "type" => kind = Some(word(field)?),
            "f" => function = Some(word(field)?),
            "key" => key = Some(datum(field, DEPTH_MAX)?),
            "value" => value = Some(datum(field, DEPTH_MAX)?),
            "error" => error = datum(field, DEPTH_MAX).ok(),
            _ => {}
        }
    }
    let process = match process {
        Some(Edn::Int(process)) => Some(*process),
        Some(Edn::Key(_)) => return Ok(None),
        Some(other) => return Err(format!("`:process` is a number, not {}", name(other))),
        None => return Err("`:process` is missing".into()),
    };
    Ok(Some(Said {
        process,
        kind: Kind::parse(&kind.ok_or("`:type` is missing")?)?,
        function: Function::parse(&function.ok_or("`:f` is missing")?)?,
        key: key.filter(|key| *key != Datum::Nil),
        value: value.unwrap_or(Datum::Nil),
        error,
    }))
}

fn word<'a>(field: &'a Edn<'_>) -> Result<Cow<'a, str>, String> {
    match field {
        Edn::Key(word) | Edn::Symbol(word) | Edn::Str(word) => Ok(Cow::Borrowed(word.as_ref())),
        other => Err(format!("expected a word such as :read, not {}", name(other))),
    }
}

/// How deep values may be nested.
const DEPTH_MAX: u32 = 8;

fn datum(form: &Edn<'_>, depth: u32) -> Result<Datum, String> {
    let inside = |form: &Edn<'_>| {
        let depth = depth.checked_sub(1).ok_or_else(|| format!("a value is nested deeper than {DEPTH_MAX} times"))?;
        datum(form, depth)
    };
    let named =
        |name: &str, items: Vec<Datum>| Datum::List([Datum::Other(name.into())].into_iter().chain(items).collect());
    Ok(match form {
        Edn::Nil => Datum::Nil,
        Edn::Bool(value) => Datum::Bool(*value),
        Edn::Int(value) => Datum::Int(*value),
        Edn::Str(text) => Datum::Text(text.clone().into_owned()),
        Edn::Key(word) => Datum::Other(word.clone().into_owned()),
        Edn::Vector(items) | Edn::List(items) => Datum::List(items.iter().map(inside).collect::<Result<_, _>>()?),
        Edn::Set(items) => named("#", items.iter().map(inside).collect::<Result<_, _>>()?),
        Edn::Map(entries) => {
            let items = entries.iter().flat_map(|(key, value)| [key, value]);
            named("map", items.map(inside).collect::<Result<_, _>>()?)
        }
        Edn::Tagged(tag, value) => named(tag, alloc::vec![inside(value)?]),
        other => Datum::Other(other.to_string()),
    })
}

/// What something is, for a sentence.
fn name(form: &Edn<'_>) -> String {
    match form {
        Edn::Vector(_) => "a vector".into(),
        Edn::List(_) => "a list".into(),
        Edn::Set(_) => "a set".into(),
        Edn::Map(_) => "a map".into(),
        Edn::Tagged(..) => "a tag".into(),
        other => format!("`{}`", super::short(&other.to_string())),
    }
}

/// One value as EDN has it.
pub(super) fn value(text: &str) -> Result<Datum, String> {
    match edn::read(text) {
        Ok((form, rest)) if rest.trim().is_empty() => datum(&form, DEPTH_MAX),
        _ => Err(format!("`{}` is no value; values are nil, true, 3, \"text\", [1 2]", super::short(text))),
    }
}
