//! From text to statements. Errors name the line, the column, and what was expected there.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::tokens::{Token, fate, tokens};
use super::{Expected, Front, Line, Schedule, Statement};
use crate::command::KVOperation;
use crate::op::{KVSOperation, Key, TooLong, Value};
use crate::process::NodeId;
use crate::routing::view::{Shard, ShardName};
use crate::server::{Call, Message, Timer, Traffic, Watch};
use crate::sim::input::FILL_MAX;
use crate::sim::{Fate, Links, Pattern};
use crate::time::{Span, Time};
use crate::version::{Version, Versioned};
use crate::zoo::{Architecture, Guarantee, Kind, Names, OPTIONS, OptionError, OptionValue, catalog, parse_span};

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

const STATEMENTS: &str = "a statement: put, get, delete, exists, mget, getall, keys, size, clear, batch, subscribe, unsubscribe, fill, traffic, view, join, leave, lost, cut, heal, isolate, crash, restart, wipe, pause, resume, clock, links, packet-loss, \
                          fire, drop, hold, release, deliver, duplicate, run, step, at, settle, say, ask or expect";

const OPERATIONS: [&str; 10] = ["put", "get", "delete", "exists", "mget", "getall", "keys", "size", "clear", "batch"];

/// The most characters of a caption.
const WORDS_MAX: usize = 300;

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

/// A place in a line.
pub(super) struct Cursor<'a> {
    tokens: &'a [(u32, Token)],
    pub(super) place: usize,
    line: u32,
    end: u32,
    names: &'a Names,
    schedule: &'a Schedule,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl Cursor<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place).map(|(_, token)| token)
    }

    fn column(&self) -> u32 {
        self.tokens.get(self.place).map_or(self.end, |(column, _)| *column)
    }

    pub(super) fn architecture(&self) -> &Architecture {
        &self.schedule.architecture
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

    fn number<T: core::str::FromStr>(&mut self, expected: &str) -> Parsed<T> {
        self.meaning(expected, |word| word.parse().ok())
    }

    fn span(&mut self) -> Parsed<Span> {
        self.meaning("a time, such as 200ms or 1.5s", parse_span)
    }

    // ---- the head

    fn zoo(&mut self) -> Parsed<Architecture> {
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

    fn node(&mut self) -> Parsed<NodeId> {
        self.node_among("node", |_| true)
    }

    fn server(&mut self) -> Parsed<NodeId> {
        let architecture = &self.schedule.architecture;
        self.node_among("server", |node| architecture.is_server(node))
    }

    fn client(&mut self) -> Parsed<NodeId> {
        let architecture = &self.schedule.architecture;
        self.node_among("client", |node| !architecture.is_server(node))
    }

    fn node_among(&mut self, what: &str, is_meant: impl Fn(NodeId) -> bool) -> Parsed<NodeId> {
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
    fn list(&self, is_meant: impl Fn(NodeId) -> bool) -> String {
        let architecture = &self.schedule.architecture;
        let nodes = architecture.server_ids().chain(architecture.client_ids()).filter(|node| is_meant(*node));
        let names: Vec<&str> = nodes.map(|node| self.names.name(node)).collect();
        match names.as_slice() {
            [first, second, .., last] if names.len() > 10 => format!("{first}, {second}, …, {last}"),
            _ => names.join(", "),
        }
    }

    /// One or more nodes, with commas between them or not.
    fn nodes(&mut self) -> Parsed<Vec<NodeId>> {
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
    fn links(&mut self) -> Parsed<Links> {
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

    fn text(&mut self, expected: &str) -> Parsed<String> {
        match self.peek() {
            Some(Token::Word(text) | Token::Quoted(text)) => {
                let text = text.clone();
                self.place += 1;
                Ok(text)
            }
            _ => self.expected(expected),
        }
    }

    fn key(&mut self) -> Parsed<Key> {
        let before = self.place;
        let text = self.text("a key")?;
        Key::new(&text).or_else(|error| {
            self.place = before;
            self.fail(error)
        })
    }

    fn value(&mut self) -> Parsed<Value> {
        let before = self.place;
        let text = self.text("a value")?;
        Value::new(&text).or_else(|error| {
            self.place = before;
            self.fail(error)
        })
    }

    // ---- statements

    fn statement(&mut self) -> Parsed<Statement> {
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

    fn client_prefix(&mut self) -> Parsed<NodeId> {
        let client = self.client()?;
        self.sign(":")?;
        Ok(client)
    }

    fn call(&mut self, client: NodeId, verb: &str) -> Parsed<Statement> {
        let op = match verb {
            "put" => match self.put()? {
                (key, value, None) => match self.version()? {
                    None => KVSOperation::Put(key, value),
                    Some(version) => KVSOperation::PutIf(key, value, version),
                },
                (key, value, Some(ttl)) => KVSOperation::PutFor(key, value, ttl),
            },
            "get" => KVSOperation::Get(self.key()?),
            "exists" => KVSOperation::Exists(self.key()?),
            "mget" => self.many_keys()?,
            "getall" => KVSOperation::GetAll,
            "keys" => KVSOperation::ListKeys,
            "size" => KVSOperation::Size,
            "clear" => KVSOperation::Clear,
            "batch" => self.batch()?,
            _ => KVSOperation::Delete(self.key()?),
        };
        let to = if self.take_sign("->") { Some(self.server()?) } else { None };
        let expect = if self.take_word("expect") { Some(self.expected_outcome()?) } else { None };
        Ok(Statement::Call { client, call: Arc::new(Call { op, to }), expect })
    }

    /// `k -> N1` or `-> N1`
    fn watch(&mut self, client: NodeId, is_on: bool) -> Parsed<Statement> {
        let is_of_all = matches!(self.peek(), Some(Token::Sign("->")));
        let prefix = if is_of_all { Key::new("").or_else(|error| self.fail(error))? } else { self.key()? };
        self.sign("->")?;
        let server = self.server()?;
        Ok(Statement::Watch { client, watch: Arc::new(Watch { server, prefix, is_on }) })
    }

    /// `k=x` or `k=x ttl=2s`
    fn put(&mut self) -> Parsed<(Key, Value, Option<Span>)> {
        let key = self.key()?;
        self.sign("=")?;
        let value = self.value()?;
        let has_ttl = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("="))));
        if !has_ttl || !self.take_word("ttl") {
            return Ok((key, value, None));
        }
        self.sign("=")?;
        Ok((key, value, Some(self.span()?)))
    }

    /// `@3`, or nothing
    fn version(&mut self) -> Parsed<Option<Version>> {
        let Some(text) = self.word().and_then(|word| word.strip_prefix('@')) else { return Ok(None) };
        match Version::parse(text) {
            Some(version) => {
                self.place += 1;
                Ok(Some(version))
            }
            None => self.expected("a version, such as @3"),
        }
    }

    /// `{ put a=1, delete b }`
    fn batch(&mut self) -> Parsed<KVSOperation> {
        const COMMANDS: &str = "a command: put, get, delete, exists, keys, size, clear or tick";
        self.sign("{")?;
        let mut commands = Vec::new();
        while !self.take_sign("}") {
            if commands.len() >= KVSOperation::BATCH_MAX {
                return self.expected(format!("`}}` after at most {} commands", KVSOperation::BATCH_MAX));
            }
            if !commands.is_empty() {
                self.sign(",")?;
            }
            let Some(word) = self.word().map(str::to_owned) else { return self.expected(COMMANDS) };
            self.place += 1;
            commands.push(match word.as_str() {
                "put" => {
                    let (key, value, ttl) = self.put()?;
                    KVOperation::Set { key, value, ttl }
                }
                "get" => KVOperation::Get(self.key()?),
                "delete" => KVOperation::Delete(self.key()?),
                "exists" => KVOperation::Exists(self.key()?),
                "keys" => KVOperation::ListKeys,
                "size" => KVOperation::Size,
                "clear" => KVOperation::Clear,
                "tick" => KVOperation::Tick,
                _ => {
                    self.place -= 1;
                    return self.expected(COMMANDS);
                }
            });
        }
        Ok(KVSOperation::Batch(commands.into()))
    }

    fn many_keys(&mut self) -> Parsed<KVSOperation> {
        let mut keys = vec![self.key()?];
        loop {
            let has_comma = self.take_sign(",");
            let has_key = match self.peek() {
                Some(Token::Word(word)) => word != "expect",
                Some(Token::Quoted(_)) => true,
                _ => false,
            };
            if !has_comma && !has_key {
                break;
            }
            if keys.len() >= KVSOperation::KEYS_MAX {
                return self.expected(format!("at most {} keys", KVSOperation::KEYS_MAX));
            }
            keys.push(self.key()?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(KVSOperation::MGet(keys.into()))
    }

    /// One or more servers.
    fn servers(&mut self) -> Parsed<Vec<NodeId>> {
        let mut servers = vec![self.server()?];
        while self.take_sign(",") || self.peek().is_some() {
            servers.push(self.server()?);
        }
        Ok(servers)
    }

    fn shard_name(&mut self) -> Parsed<ShardName> {
        self.meaning("the name of a shard, such as A", ShardName::new)
    }

    /// `3: A = A1 A2 | B = B1 -> C2`
    fn view(&mut self) -> Parsed<Statement> {
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

    fn traffic(&mut self) -> Parsed<Option<Traffic>> {
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

    fn isolate(&mut self) -> Parsed<Statement> {
        let node = self.server()?;
        let others: Vec<NodeId> = self.schedule.architecture.server_ids().filter(|other| *other != node).collect();
        if others.is_empty() {
            self.place -= 1;
            return self.expected("a server that has others to be cut off from");
        }
        Ok(Statement::Cut(Links::Between(vec![vec![node], others])))
    }

    fn offset(&mut self) -> Parsed<i64> {
        self.meaning("an offset, such as +500ms or -2s", |word| {
            let us = |text| parse_span(text).map(Span::as_us);
            match word.strip_prefix('-') {
                Some(slow) => 0_i64.checked_sub_unsigned(us(slow)?),
                None => 0_i64.checked_add_unsigned(us(word.strip_prefix('+').unwrap_or(word))?),
            }
        })
    }

    fn link_options(&mut self) -> Parsed<Statement> {
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

    fn packet_loss(&mut self) -> Parsed<Statement> {
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

    fn timer(&mut self) -> Parsed<Timer> {
        let expected = format!("a timer ({})", Timer::ALL.map(Timer::name).join(", "));
        self.meaning(&expected, |word| Timer::ALL.into_iter().find(|timer| timer.name().eq_ignore_ascii_case(word)))
    }

    fn message(&mut self, fate: Fate) -> Parsed<Statement> {
        let pattern = self.pattern()?;
        let place = if self.take_sign("#") {
            Some(self.meaning("a place from 1", |word| word.parse().ok().filter(|place| *place > 0))?)
        } else {
            None
        };
        Ok(Statement::Message { fate, pattern, place })
    }

    /// A kind, two ends, or both.
    fn pattern(&mut self) -> Parsed<Pattern> {
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
    fn end(&mut self) -> Parsed<Option<NodeId>> {
        if self.take_sign("*") { Ok(None) } else { self.node().map(Some) }
    }

    fn at(&mut self) -> Parsed<Statement> {
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
    fn question(&mut self) -> Parsed<Statement> {
        let question = self.words("a question")?;
        self.sign("=")?;
        Ok(Statement::Ask { question, answers: self.choices("the right answer", "another answer")? })
    }

    fn expectation(&mut self) -> Parsed<Statement> {
        if self.take_word("agree") {
            return Ok(Statement::ExpectAgree(true));
        }
        if self.take_word("disagree") {
            return Ok(Statement::ExpectAgree(false));
        }
        if self.take_word("mark") {
            let mark = self.text("a mark, such as \"rumor went cold\"")?;
            return Ok(Statement::ExpectMark { mark, node: self.node()? });
        }
        if self.take_word("heard") {
            let client = self.client()?;
            let mut notices = Vec::new();
            while !self.take_word("nothing") || !notices.is_empty() {
                notices.push(self.words("what it was told, or `nothing`")?);
                if self.peek().is_none() {
                    break;
                }
            }
            return Ok(Statement::ExpectHeard { client, notices });
        }
        if let Some(guarantee) = self.word().and_then(Guarantee::named) {
            self.place += 1;
            let holds = self.meaning("holds or broken", |word| match word {
                "holds" => Some(true),
                "broken" => Some(false),
                _ => None,
            })?;
            return Ok(Statement::ExpectVerdict { guarantee, holds });
        }
        if self.word().is_none_or(|word| self.names.node(word).is_none()) {
            let nodes = self.list(|_| true);
            return self.expected(format!(
                "a node ({nodes}), agree, disagree, mark, heard or a guarantee, such as linearizable"
            ));
        }
        let node = self.node()?;
        if !self.schedule.architecture.is_server(node) {
            return Ok(Statement::ExpectLast { client: node, expected: self.expected_outcome()? });
        }
        let is_alone = self.tokens.len() == self.place + 1;
        if is_alone && self.take_word("up") {
            return Ok(Statement::ExpectUp { node, up: true });
        }
        if is_alone && self.take_word("down") {
            return Ok(Statement::ExpectUp { node, up: false });
        }
        let key = self.key()?;
        self.sign("=")?;
        Ok(Statement::ExpectHeld { node, key, values: self.values()? })
    }

    /// `none`, a value, or `{v, w}`. A value that reads `none` stands in quotes.
    fn values(&mut self) -> Parsed<Vec<Value>> {
        if self.take_word("none") {
            return Ok(Vec::new());
        }
        if !self.take_sign("{") {
            return Ok(vec![self.value()?]);
        }
        let mut values = Vec::new();
        while !self.take_sign("}") {
            if !values.is_empty() {
                self.take_sign(",");
            }
            values.push(self.value()?);
        }
        values.sort_unstable();
        Ok(values)
    }

    fn expected_outcome(&mut self) -> Parsed<Expected> {
        if self.take_word("nothing") {
            return Ok(Expected::Items(Vec::new()));
        }
        if matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("=")))) {
            let mut items = Vec::new();
            while items.is_empty() || self.take_sign(",") {
                let key = self.key()?;
                self.sign("=")?;
                items.push((key, self.values()?));
            }
            items.sort_unstable();
            return Ok(Expected::Items(items));
        }
        let is_batch = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("{"))));
        if is_batch && self.take_word("batch") {
            self.sign("{")?;
            let mut results = Vec::new();
            while !self.take_sign("}") {
                if !results.is_empty() {
                    self.sign(",")?;
                }
                results.push(self.values()?);
            }
            return Ok(Expected::Batch(results));
        }
        Ok(if self.take_word("ok") {
            self.version()?.map_or(Expected::Ok, Expected::OkAt)
        } else if self.take_word("refused") {
            self.version()?.map_or(Expected::Refused, Expected::RefusedAt)
        } else if self.take_word("unknown-closed") {
            Expected::UnknownClosed
        } else if self.take_word("unavailable") {
            Expected::Unavailable
        } else if self.take_word("unknown") {
            Expected::Unknown
        } else if self.take_word("pending") {
            Expected::Pending
        } else {
            let values = self.values()?;
            match (values.as_slice(), self.version()?) {
                ([value], Some(version)) => Expected::ValueAt(Versioned { value: value.clone(), version }),
                (_, None) => Expected::Values(values),
                _ => {
                    self.place -= 1;
                    return self.expected("one value before its version");
                }
            }
        })
    }
}

/// An option of links by name, as a change of link options.
pub(super) fn set_link_options(
    architecture: &mut Architecture,
    changes: &[(String, String)],
) -> Result<(), OptionError> {
    changes.iter().try_for_each(|(name, value)| architecture.set(name, value))?;
    architecture.validate()
}
