//! A history as Jepsen has it: every call and return.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kvs_core::command::{KVData, KVOperation, KVResult, KVStoreError};
use kvs_core::lattice::VectorClock;
use kvs_core::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, RequestId, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Message, Request, Return};
use kvs_core::sim::{History, Operation, export};
use kvs_core::time::Time;
use kvs_core::version::{Generation, Version};
use kvs_core::world::{Happening, Observer};

use super::{lines, runs, written};

/// As much of EDN as a history needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edn {
    Nil,
    Flag(bool),
    Number(u128),
    Word(String),
    Text(String),
    Vector(Vec<Edn>),
    Map(BTreeMap<Edn, Edn>),
}

impl Edn {
    /// Reads one form and returns what follows it. Commas are blanks.
    fn read(text: &str) -> (Self, &str) {
        let text = text.trim_start_matches([' ', ',']);
        let end = |text: &str| text.find([' ', ',', '}', ']']).unwrap_or(text.len());
        match text.chars().next().expect("a form") {
            '{' => {
                let (forms, rest) = Self::read_all(&text[1..], '}');
                assert_eq!(forms.len() % 2, 0, "keys and values");
                let map: BTreeMap<_, _> = forms.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
                assert_eq!(map.len() * 2, forms.len(), "each key once");
                (Self::Map(map), rest)
            }
            '[' => {
                let (forms, rest) = Self::read_all(&text[1..], ']');
                (Self::Vector(forms), rest)
            }
            '"' => Self::read_text(&text[1..]),
            ':' => {
                let (word, rest) = text[1..].split_at(end(&text[1..]));
                assert!(word.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'-'), "{word}");
                (Self::Word(word.to_owned()), rest)
            }
            _ => {
                let (word, rest) = text.split_at(end(text));
                let form = match word {
                    "nil" => Self::Nil,
                    "true" | "false" => Self::Flag(word == "true"),
                    number => Self::Number(number.parse().expect("a number")),
                };
                (form, rest)
            }
        }
    }

    fn read_all(mut text: &str, close: char) -> (Vec<Self>, &str) {
        let mut forms = Vec::new();
        loop {
            text = text.trim_start_matches([' ', ',']);
            if let Some(rest) = text.strip_prefix(close) {
                return (forms, rest);
            }
            let (form, rest) = Self::read(text);
            forms.push(form);
            text = rest;
        }
    }

    fn read_text(text: &str) -> (Self, &str) {
        let mut plain = String::new();
        let mut rest = text.chars();
        loop {
            let c = match rest.next().expect("a string ends") {
                '"' => return (Self::Text(plain), rest.as_str()),
                '\\' => match rest.next().expect("something is escaped") {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c @ ('"' | '\\') => c,
                    'u' => {
                        let code: String = rest.by_ref().take(4).collect();
                        assert_eq!(code.len(), 4);
                        char::from_u32(u32::from_str_radix(&code, 16).expect("a number")).expect("a sign")
                    }
                    other => panic!("\\{other} is no escape"),
                },
                c => {
                    assert!(!c.is_control(), "{text}");
                    c
                }
            };
            plain.push(c);
        }
    }

    fn word(word: &str) -> Self {
        Self::Word(word.to_owned())
    }

    fn values(values: &[Value]) -> Self {
        let texts: Vec<_> = values.iter().map(|value| Self::Text(value.as_str().to_owned())).collect();
        match &texts[..] {
            [] => Self::Nil,
            [text] => text.clone(),
            _ => Self::Vector(texts),
        }
    }
}

/// One line of a history.
struct Told {
    process: u128,
    kind: String,
    time: u128,
    /// `:f`, `:key` and `:value`.
    what: [Edn; 3],
    error: Option<Edn>,
}

fn read_jepsen(text: &str) -> Vec<Told> {
    let lines = if text.is_empty() { Vec::new() } else { lines(text) };
    let read = |(index, line): (usize, &&str)| {
        let (Edn::Map(mut map), "") = Edn::read(line) else { panic!("not a map: {line}") };
        let mut take = |key: &str| map.remove(&Edn::word(key)).expect(key);
        assert_eq!(take("index"), Edn::Number(index as u128));
        let (Edn::Number(process), Edn::Number(time)) = (take("process"), take("time")) else { panic!("{line}") };
        let Edn::Word(kind) = take("type") else { panic!("{line}") };
        let what = [take("f"), take("key"), take("value")];
        let error = map.remove(&Edn::word("error"));
        assert!(map.is_empty(), "{line}");
        Told { process, kind, time, what, error }
    };
    lines.iter().enumerate().map(read).collect()
}

/// A value with its version, which is a number in the first generation.
fn versioned(value: &Value, version: Version) -> Edn {
    let number = match version {
        Version { generation, number } if generation == Generation::default() => Edn::Number(number.into()),
        later => Edn::Text(later.to_string()),
    };
    Edn::Vector(vec![Edn::Text(value.as_str().to_owned()), number])
}

/// Why it was refused, or how much is known.
fn expected_error(outcome: &Outcome) -> Option<Edn> {
    match outcome {
        Outcome::MaybeClosed => Some(Edn::word("maybe-closed")),
        Outcome::Ok(KVSResponse::Refused(KVStoreError::KeyNotFound)) => Some(Edn::word("no-key")),
        Outcome::Ok(KVSResponse::Refused(KVStoreError::KeyAlreadyExists | KVStoreError::VersionMismatch { .. })) => {
            Some(Edn::word("version"))
        }
        _ => None,
    }
}

/// How `:f`, `:key` and `:value` of an operation's call and return should read.
fn expected_in_jepsen(operation: &Operation) -> ([Edn; 3], [Edn; 3]) {
    let key = |key: &Key| Edn::Text(key.as_str().to_owned());
    let call = match operation.op() {
        KVSOperation::Put(k, value) => [Edn::word("put"), key(k), Edn::values(std::slice::from_ref(value))],
        KVSOperation::PutIf(k, value, version) => [Edn::word("put"), key(k), versioned(value, *version)],
        KVSOperation::Get(k) => [Edn::word("get"), key(k), Edn::Nil],
        KVSOperation::Delete(k) => [Edn::word("delete"), key(k), Edn::Nil],
        KVSOperation::MGet(_) => [Edn::word("mget"), Edn::Nil, Edn::Map(BTreeMap::new())],
        KVSOperation::GetAll => [Edn::word("getall"), Edn::Nil, Edn::Map(BTreeMap::new())],
        KVSOperation::PutFor(k, value, _) => [Edn::word("put-for"), key(k), Edn::values(std::slice::from_ref(value))],
        KVSOperation::Exists(k) => [Edn::word("exists"), key(k), Edn::Nil],
        KVSOperation::ListKeys => [Edn::word("keys"), Edn::Nil, Edn::Nil],
        KVSOperation::Size => [Edn::word("size"), Edn::Nil, Edn::Nil],
        KVSOperation::Clear => [Edn::word("clear"), Edn::Nil, Edn::Nil],
        KVSOperation::Batch(commands) => [Edn::word("batch"), Edn::Nil, expected_batch(commands, &[])],
    };
    let mut back = call.clone();
    if let Some(Outcome::Ok(response)) = operation.ended.as_ref().map(|e| &e.outcome) {
        match response {
            KVSResponse::GetResult { values, .. } => back[2] = Edn::values(values),
            KVSResponse::GetAt(read) => back[2] = versioned(&read.value, read.version),
            KVSResponse::Items(items) | KVSResponse::All { items, .. } => {
                back[2] = Edn::Map(items.iter().map(|item| (key(&item.key), Edn::values(&item.values))).collect());
            }
            KVSResponse::Exists(is_there) => back[2] = Edn::Flag(*is_there),
            KVSResponse::Keys(keys) => back[2] = Edn::Vector(keys.iter().map(key).collect()),
            KVSResponse::Size(size) => back[2] = Edn::Number(u128::from(*size)),
            KVSResponse::Batch(results) => {
                let KVSOperation::Batch(commands) = operation.op() else { panic!("no batch was asked for") };
                back[2] = expected_batch(commands, results);
            }
            KVSResponse::PutOk
            | KVSResponse::PutAt(_)
            | KVSResponse::DeleteOk
            | KVSResponse::Cleared
            | KVSResponse::Refused(_) => {}
        }
    }
    (call, back)
}

/// Each command as what it does, its key, and its value or what was answered.
fn expected_batch(commands: &[KVOperation], results: &[KVResult]) -> Edn {
    let key = |key: &Key| Edn::Text(key.as_str().to_owned());
    let one = |(place, command): (usize, &KVOperation)| {
        let (f, asked) = match command {
            KVOperation::Set { value, .. } => ("put", Some(Edn::values(std::slice::from_ref(value)))),
            KVOperation::Get(_) => ("get", None),
            KVOperation::Delete(_) => ("delete", None),
            KVOperation::Exists(_) => ("exists", None),
            KVOperation::ListKeys => ("keys", None),
            KVOperation::Size => ("size", None),
            KVOperation::Clear => ("clear", None),
            KVOperation::Tick => ("tick", None),
        };
        let answered = match results.get(place) {
            Some(KVResult::Success(KVData::Value(value))) => Edn::values(std::slice::from_ref(value)),
            Some(KVResult::Success(KVData::Answer(answer))) => Edn::Flag(*answer),
            Some(KVResult::Success(KVData::Count(count))) => Edn::Number(u128::from(*count)),
            Some(KVResult::Success(KVData::Keys(keys))) => Edn::Vector(keys.iter().map(key).collect()),
            _ => Edn::Nil,
        };
        Edn::Vector([Edn::word(f), command.key().map_or(Edn::Nil, key), asked.unwrap_or(answered)].into())
    };
    Edn::Vector(commands.iter().enumerate().map(one).collect())
}

fn check_jepsen(name: &str, history: &History) {
    let told = read_jepsen(&written(|out| export::jepsen(out, history)));
    let operations = history.operations();
    let ended = operations.iter().filter(|operation| operation.ended.is_some()).count();
    assert_eq!(told.len(), operations.len() + ended, "{name}");
    assert!(told.is_sorted_by_key(|line| line.time), "{name}");

    // Calls and returns of each process, paired; then compared with those of the session it stands for.
    let mut under_way: BTreeMap<u128, &Told> = BTreeMap::new();
    let mut finished = BTreeSet::new();
    let mut pairs: BTreeMap<u128, Vec<(&Told, Option<&Told>)>> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in &told {
        assert!(!finished.contains(&line.process), "{name}: a process goes on after :info");
        if line.kind == "invoke" {
            assert!(under_way.insert(line.process, line).is_none(), "{name}: one at a time");
            pairs.entry(line.process).or_default().push((line, None));
            calls.push(line);
        } else {
            under_way.remove(&line.process).expect("it was called");
            pairs.get_mut(&line.process).expect("it was called").last_mut().expect("it was called").1 = Some(line);
            if line.kind == "info" {
                finished.insert(line.process);
            }
        }
    }
    // A session whose operation was unknown goes on as another process, even if it is over.
    let mut over: BTreeMap<ClientId, u32> = BTreeMap::new();
    let mut sessions: Vec<(ClientId, u32)> = Vec::new();
    let mut session_of = Vec::new();
    for operation in operations {
        let client = operation.id.client;
        let session = (client, over.get(&client).copied().unwrap_or(0));
        if !sessions.contains(&session) {
            sessions.push(session);
        }
        session_of.push(session);
        if operation.ended.as_ref().is_some_and(|ended| ended.outcome == Outcome::MaybeClosed) {
            *over.entry(client).or_default() += 1;
        }
    }
    assert!(pairs.keys().copied().eq(0..sessions.len() as u128), "{name}: processes are numbered without gaps");
    let mut taken: BTreeMap<u128, usize> = BTreeMap::new();
    for (operation, own) in operations.iter().zip(session_of) {
        let process = sessions.iter().position(|session| *session == own).expect("above") as u128;
        let place = taken.entry(process).or_default();
        let (call, back) = pairs[&process][*place];
        *place += 1;
        let (expected_call, expected_back) = expected_in_jepsen(operation);
        assert_eq!(call.what, expected_call, "{name}");
        assert_eq!(call.time, u128::from(operation.called.as_us()) * 1_000, "{name}");
        match (&operation.ended, back) {
            (None, None) => {}
            (Some(ended), Some(back)) => {
                let kind = match ended.outcome {
                    Outcome::Maybe | Outcome::MaybeClosed => "info",
                    Outcome::Unavailable => "fail",
                    Outcome::Ok(ref response) if response.refusal().is_some() => "fail",
                    Outcome::Ok(_) => "ok",
                };
                assert_eq!(back.kind, kind, "{name}");
                assert_eq!(back.what, expected_back, "{name}");
                assert_eq!(back.error, expected_error(&ended.outcome), "{name}");
                assert_eq!(back.time, u128::from(ended.at.as_us()) * 1_000, "{name}");
            }
            _ => panic!("{name}: what has ended has a return, and nothing else"),
        }
    }
}

#[test]
fn jepsen_histories_say_every_call_and_return() {
    let runs = runs();
    runs.iter().for_each(|run| check_jepsen(&run.name, &run.history));
    let operations = || runs.iter().flat_map(|run| run.history.operations());
    let outcome = |operation: &Operation| operation.ended.as_ref().map(|ended| ended.outcome.clone());
    assert!(operations().any(|operation| outcome(operation).is_none()), "one goes on");
    assert!(operations().any(|operation| outcome(operation) == Some(Outcome::Maybe)), "one is unknown");
    let siblings =
        |outcome| matches!(outcome, Some(Outcome::Ok(KVSResponse::GetResult { values, .. })) if values.len() > 1);
    assert!(operations().any(|operation| siblings(outcome(operation))), "one has siblings");
}

#[test]
fn at_one_instant_calls_come_before_returns_where_a_process_allows_it() {
    let mut history = History::default();
    let client = |node, session| ClientId { node: NodeId(node), session };
    let mut tell = |time, message: Message| {
        let happening = Happening::Told { node: NodeId(0), message: &message };
        history.saw(Time::from_us(time), happening);
    };
    let call = |client, sequence| {
        let op = KVSOperation::Get(Key::new("k").unwrap());
        let id = RequestId { client, sequence };
        let (context, seen) = (VectorClock::default(), VectorClock::default());
        Message::Called(Arc::new(Request { id, op, called: Time::ZERO, context, seen, dependencies: None, epoch: 1 }))
    };
    let back =
        |client, sequence, outcome| Message::Returned(Arc::new(Return { id: RequestId { client, sequence }, outcome }));
    let read = || Outcome::Ok(KVSResponse::GetResult { values: Vec::new(), context: VectorClock::default() });
    tell(0, call(client(5, 0), 1));
    tell(7, back(client(5, 0), 1, read()));
    tell(7, call(client(5, 0), 2));
    tell(7, back(client(5, 0), 2, Outcome::Maybe));
    tell(7, call(client(5, 1), 1));
    tell(7, call(client(4, 0), 1));
    tell(u64::MAX, back(client(4, 0), 1, read()));
    check_jepsen("one instant", &history);
    let told = read_jepsen(&written(|out| export::jepsen(out, &history)));
    let order: Vec<_> = told.iter().map(|line| (line.time, line.process, line.kind.as_str())).collect();
    assert_eq!(
        order,
        [
            (0, 0, "invoke"),
            (7_000, 1, "invoke"),
            (7_000, 2, "invoke"),
            (7_000, 0, "ok"),
            (7_000, 0, "invoke"),
            (7_000, 0, "info"),
            (18_446_744_073_709_551_615_000, 2, "ok"),
        ]
    );
    assert_eq!(written(|out| export::jepsen(out, &History::default())), "");
}
