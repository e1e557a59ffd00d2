//! A place in a line: what stands there, and the small things that statements are made of.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::super::Schedule;
use super::super::tokens::Token;
use super::{ParseError, ParseProblem};
use crate::op::{Key, Value};
use crate::process::NodeId;
use crate::sim::Links;
use crate::time::Span;
use crate::zoo::{Architecture, Names, catalog, parse_span};

/// A place in a line.
pub(super) struct Cursor<'a> {
    pub(super) tokens: &'a [(u32, Token)],
    pub(super) place: usize,
    pub(super) line: u32,
    pub(super) end: u32,
    pub(super) names: &'a Names,
    pub(super) schedule: &'a Schedule,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl Cursor<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place).map(|(_, token)| token)
    }

    pub(super) fn column(&self) -> u32 {
        self.tokens.get(self.place).map_or(self.end, |(column, _)| *column)
    }

    pub(super) fn fail<T>(&self, problem: impl Into<ParseProblem>) -> Parsed<T> {
        Err(ParseError { line: self.line, column: self.column(), problem: problem.into() })
    }

    pub(super) fn expected<T>(&self, expected: impl Into<String>) -> Parsed<T> {
        let found = self.peek().map_or_else(|| "the end of the line".to_owned(), Token::show);
        self.fail(ParseProblem::Expected { expected: expected.into(), found })
    }

    pub(super) fn end_of_line(&self) -> Parsed<()> {
        if self.peek().is_none() { Ok(()) } else { self.expected("the end of the line") }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.place += usize::from(is_it);
        is_it
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is_it = self.word() == Some(word);
        self.place += usize::from(is_it);
        is_it
    }

    pub(super) fn sign(&mut self, sign: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { self.expected(format!("`{sign}`")) }
    }

    /// A word that means something; what it should be is said if it does not.
    pub(super) fn meaning<T>(&mut self, expected: &str, mean: impl FnOnce(&str) -> Option<T>) -> Parsed<T> {
        match self.word().and_then(mean) {
            Some(value) => {
                self.place += 1;
                Ok(value)
            }
            None => self.expected(expected),
        }
    }

    pub(super) fn number<T: core::str::FromStr>(&mut self, expected: &str) -> Parsed<T> {
        self.meaning(expected, |word| word.parse().ok())
    }

    pub(super) fn span(&mut self) -> Parsed<Span> {
        self.meaning("a time, such as 200ms or 1.5s", parse_span)
    }

    // ---- the head

    pub(super) fn zoo(&mut self) -> Parsed<Architecture> {
        let known = catalog::EXHIBITS.map(|exhibit| exhibit.name).join(", ");
        let mut architecture = self.meaning(&format!("a store ({known})"), catalog::exhibit)?.architecture();
        while self.peek().is_some() {
            let column = self.column();
            let (name, value) = self.setting()?;
            let set = architecture.set(&name, &value);
            set.map_err(|error| ParseError { line: self.line, column, problem: error.into() })?;
        }
        architecture.validate().map_err(|error| ParseError { line: self.line, column: 1, problem: error.into() })?;
        Ok(architecture)
    }

    /// `name=value`
    pub(super) fn setting(&mut self) -> Parsed<(String, String)> {
        let name = self.meaning("an option, such as replicas=5", |word| (word.len() <= 40).then(|| word.to_owned()))?;
        self.sign("=")?;
        // No option has a longer one; what is refused stands in a sentence.
        let value = self.meaning("its value", |word| (word.len() <= 40).then(|| word.to_owned()))?;
        Ok((name, value))
    }

    // ---- names

    pub(super) fn node(&mut self) -> Parsed<NodeId> {
        self.node_among("node", |_| true)
    }

    pub(super) fn server(&mut self) -> Parsed<NodeId> {
        let architecture = &self.schedule.architecture;
        self.node_among("server", |node| architecture.is_server(node))
    }

    pub(super) fn client(&mut self) -> Parsed<NodeId> {
        let architecture = &self.schedule.architecture;
        self.node_among("client", |node| !architecture.is_server(node))
    }

    pub(super) fn node_among(&mut self, what: &str, is_meant: impl Fn(NodeId) -> bool) -> Parsed<NodeId> {
        let node = self.word().and_then(|word| self.names.node(word)).filter(|node| is_meant(*node));
        match node {
            Some(node) => {
                self.place += 1;
                Ok(node)
            }
            None => self.expected(format!("a {what} ({})", self.list(is_meant))),
        }
    }

    /// The names of some nodes; of many, the first and the last.
    pub(super) fn list(&self, is_meant: impl Fn(NodeId) -> bool) -> String {
        let architecture = &self.schedule.architecture;
        let nodes = architecture.server_ids().chain(architecture.client_ids()).filter(|node| is_meant(*node));
        let names: Vec<&str> = nodes.map(|node| self.names.name(node)).collect();
        match names.as_slice() {
            [first, second, .., last] if names.len() > 10 => format!("{first}, {second}, …, {last}"),
            _ => names.join(", "),
        }
    }

    /// One or more nodes, with commas between them or not.
    pub(super) fn nodes(&mut self) -> Parsed<Vec<NodeId>> {
        let mut nodes = vec![self.node()?];
        loop {
            let has_comma = self.take_sign(",");
            // An option of `links` may follow, which is no node.
            let is_option = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("="))));
            if has_comma || (self.word().is_some() && !is_option) {
                nodes.push(self.node()?);
            } else {
                return Ok(nodes);
            }
        }
    }

    /// `R1 | R2 R3` or `R1 -> R2 R3`
    pub(super) fn links(&mut self) -> Parsed<Links> {
        let first = self.nodes()?;
        if self.take_sign("->") {
            return Ok(Links::OneWay { from: first, to: self.nodes()? });
        }
        if !self.take_sign("|") {
            return self.expected("`|` or `->`");
        }
        let mut groups = vec![first, self.nodes()?];
        while self.take_sign("|") {
            groups.push(self.nodes()?);
        }
        Ok(Links::Between(groups))
    }

    pub(super) fn text(&mut self, expected: &str) -> Parsed<String> {
        match self.peek() {
            Some(Token::Word(text) | Token::Quoted(text)) => {
                let text = text.clone();
                self.place += 1;
                Ok(text)
            }
            _ => self.expected(expected),
        }
    }

    pub(super) fn key(&mut self) -> Parsed<Key> {
        let before = self.place;
        let text = self.text("a key")?;
        Key::new(&text).or_else(|error| {
            self.place = before;
            self.fail(error)
        })
    }

    pub(super) fn value(&mut self) -> Parsed<Value> {
        let before = self.place;
        let text = self.text("a value")?;
        Value::new(&text).or_else(|error| {
            self.place = before;
            self.fail(error)
        })
    }
}
