//! What happens to a world, one statement a line.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::super::Statement;
use super::super::tokens::{Token, fate};
use super::cursor::{Cursor, Parsed};
use super::operations::OPERATIONS;
use super::{ParseError, ParseProblem};
use crate::op::Key;
use crate::process::NodeId;
use crate::routing::view::{Shard, ShardName};
use crate::server::{Message, Timer, Traffic, Watch};
use crate::sim::input::FILL_MAX;
use crate::sim::{Fate, Links, Pattern};
use crate::time::{Span, Time};
use crate::zoo::{Kind, OPTIONS, OptionValue, parse_span};

const STATEMENTS: &str = "a statement: put, get, delete, exists, mget, getall, keys, size, clear, batch, subscribe, unsubscribe, fill, traffic, view, join, leave, lost, cut, heal, isolate, crash, restart, wipe, pause, resume, clock, links, packet-loss, \
                          fire, drop, hold, release, deliver, duplicate, run, step, at, settle, say, ask or expect";

/// The most characters of a caption.
const WORDS_MAX: usize = 300;

impl Cursor<'_> {
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let is_prefixed = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign(":"))));
        let first_client = NodeId(self.schedule.architecture.servers);
        let client = if is_prefixed { self.client_prefix()? } else { first_client };
        let Some(word) = self.word().map(str::to_owned) else { return self.expected(STATEMENTS) };
        let is_operation = OPERATIONS.contains(&word.as_str());
        let is_watch = matches!(word.as_str(), "subscribe" | "unsubscribe");
        if is_prefixed && !is_operation && !is_watch {
            return self.expected(format!("an operation: {}", OPERATIONS.join(", ")));
        }
        self.place += 1;
        Ok(match word.as_str() {
            _ if is_operation => self.call(client, &word)?,
            _ if is_watch => self.watch(client, word == "subscribe")?,
            "fill" => Statement::Fill(self.meaning("a number of keys from 1 to 1000", |word| {
                word.parse().ok().filter(|keys| (1..=FILL_MAX).contains(keys))
            })?),
            "view" => self.view()?,
            "join" => Statement::Join(self.servers()?),
            "leave" => Statement::Leave(self.servers()?),
            "lost" => Statement::Lost(self.shard_name()?),
            "traffic" => Statement::Traffic(self.traffic()?),
            "cut" => Statement::Cut(self.links()?),
            "heal" if self.peek().is_none() => Statement::HealAll,
            "heal" => Statement::Heal(self.links()?),
            "isolate" => self.isolate()?,
            "crash" => Statement::Crash(self.server()?),
            "restart" | "boot" => Statement::Restart(self.server()?),
            "wipe" => Statement::Wipe(self.server()?),
            "pause" => Statement::Pause(self.server()?),
            "resume" => Statement::Resume(self.server()?),
            "clock" => Statement::Clock { node: self.server()?, offset_us: self.offset()? },
            "links" => self.link_options()?,
            "packet-loss" => self.packet_loss()?,
            "fire" => Statement::Fire { timer: self.timer()?, node: self.node()? },
            "drop" if self.take_word("next") => Statement::DropNext(self.pattern()?),
            "run" => Statement::Run(self.span()?),
            "step" if self.peek().is_none() => Statement::Step(1),
            "step" => Statement::Step(self.number("a number of events")?),
            "at" => self.at()?,
            "settle" => Statement::Settle,
            "say" => Statement::Say(self.words("what is said")?),
            "ask" => self.question()?,
            "expect" => self.expectation()?,
            unknown => match fate(unknown) {
                Some(fate) => self.message(fate)?,
                None => {
                    self.place -= 1;
                    let is_head = matches!(unknown, "zoo" | "seed" | "title" | "about" | "level");
                    return if is_head { self.fail(ParseProblem::LateHead) } else { self.expected(STATEMENTS) };
                }
            },
        })
    }

    pub(super) fn client_prefix(&mut self) -> Parsed<NodeId> {
        let client = self.client()?;
        self.sign(":")?;
        Ok(client)
    }

    /// `k -> N1` or `-> N1`
    pub(super) fn watch(&mut self, client: NodeId, is_on: bool) -> Parsed<Statement> {
        let is_of_all = matches!(self.peek(), Some(Token::Sign("->")));
        let prefix = if is_of_all { Key::new("").or_else(|error| self.fail(error))? } else { self.key()? };
        self.sign("->")?;
        let server = self.server()?;
        Ok(Statement::Watch { client, watch: Arc::new(Watch { server, prefix, is_on }) })
    }

    /// One or more servers.
    pub(super) fn servers(&mut self) -> Parsed<Vec<NodeId>> {
        let mut servers = vec![self.server()?];
        while self.take_sign(",") || self.peek().is_some() {
            servers.push(self.server()?);
        }
        Ok(servers)
    }

    pub(super) fn shard_name(&mut self) -> Parsed<ShardName> {
        self.meaning("the name of a shard, such as A", ShardName::new)
    }

    /// `3: A = A1 A2 | B = B1 -> C2`
    pub(super) fn view(&mut self) -> Parsed<Statement> {
        let has_epoch = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign(":"))));
        let epoch = if has_epoch { Some(self.number("an epoch, such as 2")?) } else { None };
        self.place += usize::from(has_epoch);
        let mut shards = Vec::new();
        loop {
            let name = self.shard_name()?;
            self.sign("=")?;
            let mut nodes = vec![self.server()?];
            while self.take_sign(",") || self.word().is_some() {
                nodes.push(self.server()?);
            }
            shards.push(Shard { name, nodes: nodes.into() });
            if !self.take_sign("|") {
                break;
            }
        }
        let to = if self.take_sign("->") { self.nodes()? } else { Vec::new() };
        Ok(Statement::View { epoch, shards, to })
    }

    pub(super) fn traffic(&mut self) -> Parsed<Option<Traffic>> {
        if self.take_word("off") {
            return Ok(None);
        }
        if !self.take_word("every") {
            return self.expected("`every` or `off`");
        }
        let column = self.column();
        let mut traffic = Traffic { every: self.span()?, keys: 5, reads_percent: 50 };
        if traffic.every == Span::ZERO {
            let problem = ParseProblem::Expected { expected: "a time above 0s".into(), found: "`0s`".into() };
            return Err(ParseError { line: self.line, column, problem });
        }
        loop {
            if self.take_word("keys") {
                traffic.keys = self.meaning("a number of keys from 1 to 1000", |word| {
                    word.parse().ok().filter(|keys| (1..=1_000).contains(keys))
                })?;
            } else if self.take_word("reads") {
                traffic.reads_percent = self.meaning("a percentage, such as 50%", |word| {
                    word.strip_suffix('%')?.parse().ok().filter(|percent| *percent <= 100)
                })?;
            } else {
                return Ok(Some(traffic));
            }
        }
    }

    pub(super) fn isolate(&mut self) -> Parsed<Statement> {
        let node = self.server()?;
        let others: Vec<NodeId> = self.schedule.architecture.server_ids().filter(|other| *other != node).collect();
        if others.is_empty() {
            self.place -= 1;
            return self.expected("a server that has others to be cut off from");
        }
        Ok(Statement::Cut(Links::Between(vec![vec![node], others])))
    }

    pub(super) fn offset(&mut self) -> Parsed<i64> {
        self.meaning("an offset, such as +500ms or -2s", |word| {
            let us = |text| parse_span(text).map(Span::as_us);
            match word.strip_prefix('-') {
                Some(slow) => 0_i64.checked_sub_unsigned(us(slow)?),
                None => 0_i64.checked_add_unsigned(us(word.strip_prefix('+').unwrap_or(word))?),
            }
        })
    }

    pub(super) fn link_options(&mut self) -> Parsed<Statement> {
        let is_option = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("="))));
        let names_links = !is_option && self.word().is_some_and(|word| self.names.node(word).is_some());
        let links = if names_links { Some(self.links()?) } else { None };
        let options = || OPTIONS.iter().filter(|option| option.group == "Links");
        let mut changes = Vec::new();
        while self.peek().is_some() || changes.is_empty() {
            let column = self.column();
            if !self.word().is_some_and(|word| options().any(|option| option.name.eq_ignore_ascii_case(word))) {
                let known = options().map(|option| option.name).collect::<Vec<_>>().join(", ");
                let links = if links.is_none() && changes.is_empty() { "links, such as R1 -> R2, or " } else { "" };
                return self.expected(format!("{links}an option of links ({known})"));
            }
            let (name, value) = self.setting()?;
            let tried = self.schedule.architecture.clone().set(&name, &value);
            tried.map_err(|error| ParseError { line: self.line, column, problem: error.into() })?;
            changes.push((name, value));
        }
        Ok(Statement::Links { links, changes })
    }

    pub(super) fn packet_loss(&mut self) -> Parsed<Statement> {
        let (mut requests, mut replies) = (None, None);
        while self.peek().is_some() || (requests, replies) == (None, None) {
            let rate = if self.take_word("requests") {
                &mut requests
            } else if self.take_word("replies") {
                &mut replies
            } else {
                return self.expected("`requests=` or `replies=`");
            };
            if !self.take_sign("=") {
                return self.expected("`=`");
            }
            *rate = Some(self.meaning(&Kind::Percent.to_string(), |word| match Kind::Percent.parse(word)? {
                OptionValue::Percent(loss) => Some(loss),
                _ => None,
            })?);
        }
        Ok(Statement::PacketLoss { requests, replies })
    }

    pub(super) fn timer(&mut self) -> Parsed<Timer> {
        let expected = format!("a timer ({})", Timer::ALL.map(Timer::name).join(", "));
        self.meaning(&expected, |word| Timer::ALL.into_iter().find(|timer| timer.name().eq_ignore_ascii_case(word)))
    }

    pub(super) fn message(&mut self, fate: Fate) -> Parsed<Statement> {
        let pattern = self.pattern()?;
        let place = if self.take_sign("#") {
            Some(self.meaning("a place from 1", |word| word.parse().ok().filter(|place| *place > 0))?)
        } else {
            None
        };
        Ok(Statement::Message { fate, pattern, place })
    }

    /// A kind, two ends, or both.
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let kind_of = |word: &str| Message::KINDS.iter().position(|kind| kind.eq_ignore_ascii_case(word));
        let kind = self.word().and_then(kind_of).and_then(|kind| u8::try_from(kind).ok());
        self.place += usize::from(kind.is_some());
        let mut pattern = Pattern { kind, from: None, to: None };
        let has_ends = match self.peek() {
            Some(Token::Word(word)) => kind.is_some() || self.names.node(word).is_some(),
            Some(Token::Sign("*")) => true,
            _ => false,
        };
        if has_ends {
            pattern.from = self.end()?;
            self.sign("->")?;
            pattern.to = self.end()?;
        } else if kind.is_none() {
            return self.expected(
                "a message: a kind (as the picture names them, such as Request), its ends (R1->R2), or both",
            );
        }
        Ok(pattern)
    }

    /// One end of a message: a node, or `*` for any.
    pub(super) fn end(&mut self) -> Parsed<Option<NodeId>> {
        if self.take_sign("*") { Ok(None) } else { self.node().map(Some) }
    }

    pub(super) fn at(&mut self) -> Parsed<Statement> {
        let time = Time::ZERO + self.span()?;
        let events = if self.take_word("after") { Some(self.number("a number of events")?) } else { None };
        Ok(Statement::At { time, events })
    }

    /// Words for readers, in quotes.
    pub(super) fn words(&mut self, expected: &str) -> Parsed<String> {
        match self.peek() {
            Some(Token::Quoted(text)) if text.chars().count() <= WORDS_MAX => {
                let text = text.clone();
                self.place += 1;
                Ok(text)
            }
            _ => self.expected(format!("{expected}, in quotes and with at most {WORDS_MAX} characters")),
        }
    }

    /// `"What now?" = "this" | "that"`
    pub(super) fn question(&mut self) -> Parsed<Statement> {
        let question = self.words("a question")?;
        self.sign("=")?;
        Ok(Statement::Ask { question, answers: self.choices("the right answer", "another answer")? })
    }
}
