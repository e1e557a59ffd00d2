//! Every export is read back by a small reader of its own, and says what the run it came from says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use kvs_core::command::{KVData, KVOperation, KVResult, KVStoreError};
use kvs_core::lattice::VectorClock;
use kvs_core::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, RequestId, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Message, Request, Return};
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{Entry, Fate, History, Input, Operation, Recording, Trace, What, describe, export, summarize};
use kvs_core::time::Time;
use kvs_core::version::{Generation, Version};
use kvs_core::world::{Happening, Loss, Observer, Sequence};
use kvs_core::zoo::Names;
use serde_json::json;

/// Keys and values that mean something to one format or another, as a schedule writes them.
const AWKWARD: [&str; 16] = [
    r#""say \"hi\"""#,
    r#""a\nb""#,
    r#""\u{1f993}\u{200d}\u{1f525}""#,
    r#""semi;colon""#,
    r##""#35;#""##,
    r#""<br/><b>&amp;""#,
    r#""%%{init: {}}%%""#,
    r#""back\\slash\\n""#,
    r#""$$x$$ `y` *z* [w]""#,
    r#""wrap: style: end""#,
    r##""style:#x;""##,
    r#""tab\tbell\u{7}nul\u{0}del\u{7f}nel\u{85}""#,
    r#""line\u{2028}paragraph\u{2029}""#,
    r#""{:type :ok}""#,
    r#""S1 {\"S1\":1}""#,
    r#""""#,
];

/// Holds, copies, releases, losses, pauses, crashes and a cut: what becomes of messages besides arriving.
const EVENTFUL: &str = "
zoo replicated replicas=3
seed 7
put k=a -> R1
hold Request C1->R1
run 50ms
duplicate Request C1->R1
run 300ms
release Request C1->R1
run 200ms
pause R2
C2: put other=b -> R2
run 100ms
resume R2
run 1s
pause R2
C2: put other=e -> R2
run 100ms
crash R2
run 100ms
restart R2
run 2s
cut R1 | R2 R3
put k=c -> R1
run 1s
links loss=30% duplication=30%
traffic every 50ms keys 3 reads 50%
run 500ms
crash R3
run 500ms
restart R3
heal
run 300ms
isolate R1
hold *->R1
run 600ms
deliver *->R1
drop *->R1
clock R2 -500ms
fire GossipTick R2
run 400ms
traffic off
release *->R1
run 3s
crash R1
put k=d -> R1
run 10s
get k -> R2
run 1s
";

struct Run {
    name: String,
    recording: Recording,
    trace: Trace,
    history: History,
}

impl Run {
    fn new(name: &str, text: &str) -> Self {
        let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let mut seen = Trace::default();
        let outcome = schedule.run(&mut seen);
        assert_eq!(outcome.failure, None, "{name}");
        let trace = export::trace_of(&outcome.recording, outcome.end);
        let inputs: Vec<_> = (trace.entries().iter())
            .filter_map(|entry| match &entry.what {
                What::Did(input) => Some((entry.time, input.clone())),
                _ => None,
            })
            .collect();
        let recorded: Vec<_> = outcome.recording.inputs().iter().map(|(at, input)| (at.time, input.clone())).collect();
        assert_eq!(inputs, recorded, "{name}");
        let happened: Vec<_> =
            trace.entries().iter().filter(|entry| !matches!(entry.what, What::Did(_))).cloned().collect();
        // A schedule may end in the middle of an instant, which the trace lives to its end.
        assert_eq!(happened.get(..seen.entries().len()), Some(seen.entries()), "{name}");
        assert!(happened[seen.entries().len()..].iter().all(|entry| entry.time == outcome.end), "{name}");
        Self { name: name.to_owned(), recording: outcome.recording, trace, history: outcome.history }
    }

    fn names(&self) -> Names {
        Names::new(&self.recording.architecture)
    }
}

/// Every lesson, and some runs that are harder to write down.
fn runs() -> Vec<Run> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lessons");
    let files = fs::read_dir(folder).expect("the folder of lessons").map(|entry| entry.expect("a file").path());
    let mut texts: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "kvs"))
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text")))
        // Read back as often as here, a diagram of a thousand takes a minute.
        .filter(|(_, text)| !text.contains("replicas=1000"))
        .collect();
    texts.sort();
    assert!(texts.len() >= 12, "the lessons are found");
    for zoo in ["local", "replicated replicas=2"] {
        let mut text = format!("zoo {zoo}\n");
        for (place, word) in AWKWARD.iter().enumerate() {
            let other = AWKWARD[(place + 5) % AWKWARD.len()];
            text.push_str(&format!("put {word}={other}\nC2: put {word}={word}\nrun 1s\nget {word}\nrun 300ms\n"));
        }
        text.push_str("delete \"a\\nb\"\nC2: put k=unanswered\n");
        texts.push((format!("awkward {zoo}"), text));
    }
    texts.push((String::from("eventful"), String::from(EVENTFUL)));
    let quiet = "zoo replicated replicas=1\nrun 1ms\n";
    texts.push((String::from("quiet"), String::from(quiet)));
    texts.iter().map(|(name, text)| Run::new(name, text)).collect()
}

fn written(write: impl FnOnce(&mut String) -> std::fmt::Result) -> String {
    let mut text = String::new();
    write(&mut text).expect("a string takes everything");
    text
}

/// The lines of a text, each of which has an end.
fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').expect("it ends with the end of a line");
    text.split('\n').collect()
}

// ---- JSON lines

#[test]
fn json_lines_say_every_entry_in_full() {
    for run in runs() {
        let text = written(|out| export::json_lines(out, &run.recording, &run.trace));
        let read: Vec<serde_json::Value> =
            lines(&text).iter().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        let names = run.names();
        let (header, read) = read.split_first().expect("a header");
        let name = |node: NodeId| names.name(node);
        let exhibit = header["exhibit"].as_str().expect("the exhibit's name");
        assert_eq!(
            *header,
            json!({
                "format": "kvs-zoo-trace",
                "version": 1,
                "exhibit": exhibit,
                "seed": run.recording.seed,
                "nodes": names.iter().collect::<Vec<_>>(),
            })
        );
        let animal = kvs_core::zoo::catalog::exhibit(exhibit).expect("it is in the catalogue").animal;
        assert_eq!(animal, run.recording.architecture.animal);
        assert_eq!(read.len(), run.trace.entries().len(), "{}", run.name);
        for (read, entry) in read.iter().zip(run.trace.entries()) {
            let mut expected = match &entry.what {
                What::Sent { id, from, to, due, .. } => {
                    json!({"what": "sent", "id": id.0, "from": name(*from), "to": name(*to), "due_us": due.as_us()})
                }
                What::Lost { id, from, to, why, .. } => {
                    let why = format!("{why:?}").to_lowercase();
                    json!({"what": "lost", "id": id.0, "from": name(*from), "to": name(*to), "why": why})
                }
                What::Delivered { id, from, to, .. } => {
                    json!({"what": "delivered", "id": id.0, "from": name(*from), "to": name(*to)})
                }
                What::Asked { node, .. } => json!({"what": "asked", "node": name(*node)}),
                What::Told { node, .. } => json!({"what": "told", "node": name(*node)}),
                What::Fired { node, timer } => json!({"what": "fired", "node": name(*node), "timer": timer.name()}),
                What::Booted { node } => json!({"what": "booted", "node": name(*node)}),
                What::Crashed { node } => json!({"what": "crashed", "node": name(*node)}),
                What::Synced { node } => json!({"what": "synced", "node": name(*node)}),
                What::Marked { node, mark, subject } => {
                    json!({"what": "marked", "node": name(*node), "mark": mark.0, "subject": subject})
                }
                What::Did(input) => {
                    // Its own form is whatever it is; what counts is that the same input comes back.
                    let back: Input = serde_json::from_value(read["input"].clone()).expect("it is an input");
                    assert_eq!(back, *input, "{}", run.name);
                    json!({"what": "did", "input": read["input"]})
                }
            };
            expected["time_us"] = json!(entry.time.as_us());
            if let Some(message) = said(&entry.what) {
                expected["kind"] = json!(message.kind());
                expected["says"] = json!(summarize(message));
            }
            if let Some(text) = describe(entry, &names) {
                expected["text"] = json!(text);
            }
            assert_eq!(*read, expected, "{}", run.name);
        }
    }
}

fn said(what: &What) -> Option<&Message> {
    match what {
        What::Sent { message, .. }
        | What::Lost { message, .. }
        | What::Delivered { message, .. }
        | What::Asked { message, .. }
        | What::Told { message, .. } => Some(message),
        _ => None,
    }
}

#[test]
fn times_and_seeds_of_64_bits_are_exact() {
    let mut recording = Recording::new(Schedule::parse("run 1ms").unwrap().architecture, u64::MAX);
    recording.record(Default::default(), Input::HealAll);
    let mut trace = Trace::default();
    trace.did(Time::from_us(u64::MAX - 1), Input::HealAll);
    let text = written(|out| export::json_lines(out, &recording, &trace));
    assert!(text.contains("\"seed\":18446744073709551615,"), "{text}");
    assert!(text.contains("{\"time_us\":18446744073709551614,\"what\":\"did\","), "{text}");
}

// ---- ShiViz

/// An event as ShiViz reads it with the regular expression `PARSER`.
struct Seen {
    host: String,
    clock: BTreeMap<String, u64>,
    time: String,
    event: String,
}

fn read_shiviz(text: &str) -> Vec<Seen> {
    let lines = lines(text);
    assert_eq!(lines.len() % 2, 0);
    lines
        .chunks(2)
        .map(|pair| {
            // What ends a line for `.` in JavaScript.
            assert!(!pair.iter().any(|line| line.contains(['\r', '\u{2028}', '\u{2029}'])), "{pair:?}");
            let (host, clock) = pair[0].split_once(' ').expect("host and clock");
            assert!(clock.starts_with('{') && clock.ends_with('}'));
            let (time, event) = pair[1].split_once(' ').expect("time and event");
            let clock = serde_json::from_str(clock).expect("a clock is JSON");
            Seen { host: host.to_owned(), clock, time: time.to_owned(), event: unescape(event) }
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        plain.push(match (c, (c == '\\').then(|| rest.next().expect("something is escaped"))) {
            (c, None) => c,
            (_, Some('n')) => '\n',
            (_, Some('r')) => '\r',
            (_, Some('t')) => '\t',
            (_, Some('\\')) => '\\',
            (_, Some('u')) => {
                let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                char::from_u32(u32::from_str_radix(&code, 16).expect("a number")).expect("a sign")
            }
            (_, Some(other)) => panic!("\\{other} is no escape"),
        });
    }
    plain
}

/// An entry that is an event of a node, and the other event that it depends on besides the one before on the same node.
struct Caused<'a> {
    entry: &'a Entry,
    host: NodeId,
    cause: Option<usize>,
}

/// The rules again, over the entries: who did what, and which sending a delivery comes from. A message is the same one
/// if it has the same number; where pausing has given it another, if there is only one like it.
fn caused(trace: &Trace) -> Vec<Caused<'_>> {
    let mut events: Vec<Caused<'_>> = Vec::new();
    let mut sendings: BTreeMap<Sequence, usize> = BTreeMap::new();
    let mut twin_of = None;
    for entry in trace.entries() {
        let place = events.len();
        let mut event = |host: NodeId, cause| events.push(Caused { entry, host, cause });
        match &entry.what {
            What::Sent { id, .. } if sendings.contains_key(id) => {}
            What::Sent { id, from, .. } => {
                let original = twin_of.and_then(|original| sendings.get(&original).copied());
                sendings.insert(*id, original.unwrap_or(place));
                if original.is_none() {
                    event(*from, None);
                }
            }
            What::Lost { id, from, why: Loss::Random | Loss::Cut, .. } if !sendings.contains_key(id) => {
                event(*from, None);
            }
            What::Delivered { id, from, to, message } => {
                let cause = sendings.get(id).copied().unwrap_or_else(|| {
                    let alike = |other: &Caused<'_>| match &other.entry.what {
                        What::Sent { from: f, to: t, message: m, .. } => (f, t, m) == (from, to, message),
                        _ => false,
                    };
                    let alike: Vec<_> = (0..place).filter(|place| alike(&events[*place])).collect();
                    assert_eq!(alike.len(), 1, "it is clear which message this is: {message:?}");
                    alike[0]
                });
                events.push(Caused { entry, host: *to, cause: Some(cause) });
            }
            What::Asked { node, .. }
            | What::Told { node, .. }
            | What::Fired { node, .. }
            | What::Booted { node }
            | What::Crashed { node }
            | What::Synced { node }
            | What::Marked { node, .. } => event(*node, None),
            What::Lost { .. } | What::Did(_) => {}
        }
        twin_of = match entry.what {
            What::Did(Input::Message { id, fate: Fate::Duplicate }) => Some(id),
            _ => None,
        };
    }
    events
}

#[test]
fn shiviz_clocks_are_what_happened_before_and_nothing_else() {
    for run in runs() {
        let names = run.names();
        let seen = read_shiviz(&written(|out| export::shiviz(out, &names, &run.trace)));
        let events = caused(&run.trace);
        assert_eq!(seen.len(), events.len(), "{}", run.name);
        // The past of each event, itself included, as a set.
        let words = events.len().div_ceil(64);
        let mut pasts: Vec<Vec<u64>> = Vec::new();
        let mut last_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (place, (seen, event)) in seen.iter().zip(&events).enumerate() {
            let mut past = vec![0_u64; words];
            past[place / 64] |= 1 << (place % 64);
            for before in last_of.insert(event.host, place).into_iter().chain(event.cause) {
                past.iter_mut().zip(&pasts[before]).for_each(|(mine, theirs)| *mine |= theirs);
            }
            pasts.push(past);

            assert_eq!(seen.host, names.name(event.host), "{}", run.name);
            assert_eq!(seen.time, event.entry.time.to_string());
            match describe(event.entry, &names) {
                Some(text) => assert_eq!(seen.event, text, "{}", run.name),
                None => {
                    assert!(seen.event.starts_with(names.name(event.host)), "{}", seen.event);
                    assert!(said(&event.entry.what).is_none_or(|message| seen.event.ends_with(&summarize(message))));
                }
            }
        }
        // A clock counts, for each host, the events of that host in the past of the event. As the events of a host are
        // in a row, that is what happened before.
        for (node, name) in (0..).map(NodeId).zip(names.iter()) {
            assert!(!name.contains(char::is_whitespace));
            let mut of_host = vec![0_u64; words];
            for (place, _) in events.iter().enumerate().filter(|(_, event)| event.host == node) {
                of_host[place / 64] |= 1 << (place % 64);
            }
            let mut own = 0;
            for (seen, past) in seen.iter().zip(&pasts) {
                let known: u32 = past.iter().zip(&of_host).map(|(past, host)| (past & host).count_ones()).sum();
                let said = seen.clock.get(name).copied();
                assert_eq!(said, (known > 0).then_some(u64::from(known)), "{}: {}", run.name, seen.event);
                if seen.host == name {
                    own += 1;
                    assert_eq!(said, Some(own), "{}: the first event is 1, the next one more", run.name);
                }
            }
        }
        assert!(seen.iter().all(|seen| seen.clock.keys().all(|host| names.iter().any(|name| name == host))));
    }
}

#[test]
fn the_eventful_run_has_every_kind_of_loss_and_messages_that_come_twice() {
    let run = Run::new("eventful", EVENTFUL);
    let has = |is: &dyn Fn(&What) -> bool| run.trace.entries().iter().any(|entry| is(&entry.what));
    for loss in [Loss::Random, Loss::Cut, Loss::Down, Loss::Dropped] {
        assert!(has(&|what| matches!(what, What::Lost { why, .. } if *why == loss)), "{loss:?}");
    }
    assert!(has(&|what| matches!(what, What::Did(Input::Message { fate: Fate::Duplicate, .. }))));
    let sent = |id: &Sequence| has(&|what| matches!(what, What::Sent { id: sent, .. } if sent == id));
    for loss in [Loss::Random, Loss::Cut] {
        let is_new = |what: &What| matches!(what, What::Lost { id, why, .. } if *why == loss && !sent(id));
        assert!(has(&is_new), "{loss:?}: lost before it left");
    }
    assert!(has(&|what| matches!(what, What::Lost { id, .. } if sent(id))), "lost on its way");
}

// ---- Mermaid

#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    shape: &'static str,
    ends: Vec<String>,
    text: String,
}

/// Reads a line below the head, as strictly as can be: `A->>B: …`, `A-xB: …`, `Note over A: …`, `Note over A,B: …`.
fn read_mermaid(line: &str, names: &Names) -> Drawn {
    let line = line.strip_prefix("    ").expect("it is indented");
    let (head, text) = line.split_once(": ").expect("a text");
    let (shape, ends): (_, Vec<&str>) = if let Some(over) = head.strip_prefix("Note over ") {
        ("note", over.split(',').collect())
    } else if let Some((from, to)) = head.split_once("->>") {
        ("arrow", vec![from, to])
    } else {
        let (from, to) = head.split_once("-x").expect("an arrow or a note");
        ("cross", vec![from, to])
    };
    assert!(ends.iter().all(|end| names.iter().any(|name| name == *end)), "{line}");
    Drawn { shape, ends: ends.into_iter().map(String::from).collect(), text: decode(text) }
}

/// Reads entity codes; every other sign must be harmless.
fn decode(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '#' {
            let (code, after) = rest.split_once(';').expect("a code ends");
            assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{text}");
            plain.push(char::from_u32(code.parse().expect("a number")).expect("a sign"));
            rest = after;
        } else {
            assert!(!c.is_control() && !";:\"<>%$&\\`*[]|~^@+\u{2028}\u{2029}".contains(c), "{text}");
            assert!(c.is_ascii() || c.is_alphanumeric(), "{text}");
            plain.push(c);
        }
    }
    plain
}

/// What a reader of the diagram sees of a text: signs that no drawing can contain are shown by their pictures.
fn visible(text: &str) -> String {
    let pictures = [('\n', '␊'), ('\t', '␉'), ('\u{7}', '␇'), ('\u{0}', '␀'), ('\u{7f}', '␡'), ('\u{85}', '\u{fffd}')];
    pictures.iter().fold(text.to_owned(), |text, (sign, picture)| text.replace(*sign, &picture.to_string()))
}

fn expected_in_mermaid(run: &Run) -> Vec<Drawn> {
    let names = run.names();
    let name = |node: &NodeId| names.name(*node).to_owned();
    let all: Vec<String> = {
        let (servers, clients): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| !name.starts_with('C'));
        vec![clients[0].to_owned(), servers[servers.len() - 1].to_owned()]
    };
    let mut drawn = Vec::new();
    for entry in run.trace.entries() {
        let (shape, ends, text) = match &entry.what {
            What::Delivered { from, to, message, .. } => {
                ("arrow", vec![name(from), name(to)], format!("{} {}", message.kind(), summarize(message)))
            }
            What::Lost { from, to, message, why, .. } => {
                let why = format!("{why:?}").to_lowercase();
                ("cross", vec![name(from), name(to)], format!("{} {} ({why})", message.kind(), summarize(message)))
            }
            What::Told { node, message: Message::Called(request) } => {
                ("note", vec![name(node)], format!("calls {}", request.op))
            }
            What::Told { node, message: Message::Returned(returned) } => {
                let verb = match &returned.outcome {
                    Outcome::Ok(response) if response.refusal().is_some() => "is told:",
                    Outcome::Ok(response) if response.is_confirmation() => "returns:",
                    Outcome::Ok(_) => "reads",
                    Outcome::Maybe | Outcome::MaybeClosed | Outcome::Unavailable => "returns:",
                };
                ("note", vec![name(node)], format!("{verb} {}", returned.outcome))
            }
            What::Told { node, message: Message::Noticed(noticed) } => {
                ("note", vec![name(node)], format!("hears from {}: {}", name(&noticed.server), noticed.notice))
            }
            What::Booted { node } if entry.time > Time::ZERO => {
                ("note", vec![name(node)], String::from("starts again"))
            }
            What::Crashed { node } => ("note", vec![name(node)], String::from("crashes")),
            What::Marked { node, mark, .. } => ("note", vec![name(node)], mark.0.to_owned()),
            What::Did(_) => match describe(entry, &names) {
                Some(text) => ("note", all.clone(), text),
                None => continue,
            },
            _ => continue,
        };
        drawn.push(Drawn { shape, ends, text: visible(&format!("{} {text}", entry.time)) });
    }
    drawn
}

#[test]
fn mermaid_draws_what_arrives_and_what_is_lost_in_a_strict_grammar() {
    for run in runs() {
        let names = run.names();
        let architecture = &run.recording.architecture;
        let whole = written(|out| export::mermaid(out, architecture, &run.trace, usize::MAX));
        let (mut participants, servers): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with('C'));
        participants.extend(servers);
        let mut head = vec![String::from("sequenceDiagram")];
        head.extend(participants.iter().map(|name| format!("    participant {name}")));

        let expected = expected_in_mermaid(&run);
        let read = |text: &str| {
            let lines = lines(text);
            assert_eq!(lines[..head.len()], head[..], "{}", run.name);
            lines[head.len()..].iter().map(|line| read_mermaid(line, &names)).collect::<Vec<_>>()
        };
        assert_eq!(read(&whole), expected, "{}", run.name);
        let total = expected.len();
        for entries_max in [0, 1, total / 2, total.saturating_sub(1), total] {
            let mut part = read(&written(|out| export::mermaid(out, architecture, &run.trace, entries_max)));
            if entries_max < total {
                let last = part.pop().expect("a last note");
                let ends = vec![participants[0].to_owned(), participants[participants.len() - 1].to_owned()];
                let text = format!("and {} more", total - entries_max);
                assert_eq!(last, Drawn { shape: "note", ends, text }, "{}", run.name);
            }
            assert_eq!(part[..], expected[..entries_max.min(total)], "{}", run.name);
        }
    }
}

// ---- Jepsen

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
