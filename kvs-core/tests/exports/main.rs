//! Every export is read back by a small reader of its own, and says what the run it came from says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod jepsen;
mod json_lines;
mod mermaid;
mod shiviz;

use std::fs;
use std::path::PathBuf;

use kvs_core::server::Message;
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{History, Recording, Trace, What, export};
use kvs_core::zoo::Names;

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

/// The message that an entry is about.
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
