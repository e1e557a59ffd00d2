//! From a line to its pieces: words, quotations and signs.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::parse::{ParseError, ParseProblem};
use super::print::in_quotes;
use crate::sim::Fate;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    pub(super) fn show(&self) -> String {
        match self {
            Self::Word(text) => format!("`{}`", shortened(text)),
            Self::Quoted(text) => in_quotes(&shortened(text)),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

/// A text short enough to be part of a sentence.
fn shortened(text: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 40;
    match text.char_indices().nth(CHARS_MAX) {
        Some((place, _)) => format!("{}…", &text[..place]).into(),
        None => text.into(),
    }
}

const SIGNS: [&str; 8] = ["->", "|", "=", "{", "}", ",", ":", "*"];

/// The statements about messages: only there does `#2` name a place instead of beginning a comment.
const FATES: [(&str, Fate); 5] = [
    ("drop", Fate::Drop),
    ("hold", Fate::Hold),
    ("release", Fate::Release),
    ("deliver", Fate::Deliver),
    ("duplicate", Fate::Duplicate),
];

pub(super) fn fate(word: &str) -> Option<Fate> {
    FATES.iter().find(|(name, _)| *name == word).map(|(_, fate)| *fate)
}

/// What a statement about messages is called.
pub(super) fn fate_word(fate: Fate) -> &'static str {
    FATES.iter().find(|(_, known)| *known == fate).map_or("drop", |(name, _)| name)
}

/// The pieces of a line with their columns; a comment is none.
pub(super) fn tokens(line: &str, number: u32) -> Result<Vec<(u32, Token)>, ParseError> {
    let mut tokens: Vec<(u32, Token)> = Vec::new();
    let mut rest = line;
    let mut column: u32 = 1;
    while let Some(first) = rest.chars().next() {
        let may_name_a_place = matches!(tokens.first(), Some((_, Token::Word(word))) if fate(word).is_some());
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '#' {
            let is_place = may_name_a_place
                && rest[1..].starts_with(|next: char| next.is_ascii_digit())
                && !tokens.iter().any(|(_, token)| *token == Token::Sign("#"));
            if !is_place {
                return Ok(tokens);
            }
            (Some(Token::Sign("#")), 1)
        } else if first == '"' {
            let read = quotation(rest);
            let (text, length) = read.map_err(|(characters, problem)| ParseError {
                line: number,
                column: column.saturating_add(characters),
                problem,
            })?;
            (Some(Token::Quoted(text)), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Some(Token::Sign(sign)), sign.len())
        } else {
            let length = word_length(rest, may_name_a_place);
            (Some(Token::Word(rest[..length].to_owned())), length)
        };
        tokens.extend(token.map(|token| (column, token)));
        column = column.saturating_add(characters(&rest[..length]));
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// A word ends at a blank, a quotation, a sign, or an arrow; a `-` alone does not end it, and `#` only before a place.
fn word_length(text: &str, may_name_a_place: bool) -> usize {
    let ends = |(place, character): (usize, char)| {
        character.is_whitespace()
            || matches!(character, '"' | '|' | '=' | '{' | '}' | ',' | ':' | '*')
            || (character == '#' && may_name_a_place)
            || (character == '-' && text[place..].starts_with("->"))
    };
    text.char_indices().skip(1).find(|found| ends(*found)).map_or(text.len(), |(place, _)| place)
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The text of a quotation at the front, and its length with the quotes. On an error, after how many characters it is.
fn quotation(text: &str) -> Result<(String, usize), (u32, ParseProblem)> {
    let mut out = String::new();
    let mut rest = text.char_indices().skip(1);
    while let Some((place, character)) = rest.next() {
        let (escape, plain) = match character {
            '"' => return Ok((out, place + 1)),
            '\\' => (place, rest.next().ok_or((0, ParseProblem::OpenQuote))?.1),
            plain => {
                out.push(plain);
                continue;
            }
        };
        let meant = match plain {
            'n' => Some('\n'),
            't' => Some('\t'),
            '"' | '\\' => Some(plain),
            'u' => code_point(&mut rest),
            _ => None,
        };
        out.push(meant.ok_or_else(|| (characters(&text[..escape]), ParseProblem::BadEscape))?);
    }
    Err((0, ParseProblem::OpenQuote))
}

/// The character that `{1f993}` means.
fn code_point(rest: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    const DIGITS_MAX: usize = 6;
    if rest.next()?.1 != '{' {
        return None;
    }
    let (mut code, mut digits) = (0, 0);
    loop {
        match rest.next()?.1 {
            '}' if digits > 0 => return char::from_u32(code),
            digit if digits < DIGITS_MAX => {
                code = code * 16 + digit.to_digit(16)?;
                digits += 1;
            }
            _ => return None,
        }
    }
}

/// Whether a text can stand without quotes as a key or value.
pub(super) fn is_bare(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["none", "ok", "unknown", "unknown-closed", "unavailable", "nothing", "pending", "refused", "expect"];
    let is_one_word = matches!(tokens(text, 1).as_deref(), Ok([(1, Token::Word(word))]) if word == text);
    is_one_word && !WORDS.contains(&text)
}
