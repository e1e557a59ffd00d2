//! Replays schedules: `cargo run -p kvs-core --example run_schedule -- [--quiet|--all] FILE…`, `-` for standard input.
//!
//! With `--export json-lines|shiviz|mermaid|jepsen FILE`, prints the run in that format and nothing else; what fails is
//! said on standard error.
//!
//! Says, too, which promise a run breaks first, if it breaks one; that is no failure, since many schedules are about just that.
//!
//! Exits with 0 if all they expect holds, 1 if something does not, 2 if a file cannot be read or is no schedule.

mod support;

use std::io::{Read, Write};
use std::process::ExitCode;

use kvs_core::check::play;
use kvs_core::explore::first_breach;
use kvs_core::sim::export;
use kvs_core::sim::schedule::{Outcome, Schedule};
use kvs_core::zoo::Names;
use support::{is_story, tell};

/// More arrows than anybody looks at.
const DIAGRAM_ENTRIES_MAX: usize = 400;

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--export") {
        words.remove(0);
        return ExitCode::from(export(&words));
    }
    let (flags, files): (Vec<String>, Vec<String>) = words.into_iter().partition(|word| word.starts_with("--"));
    if let Some(flag) = flags.iter().find(|flag| !["--quiet", "--all"].contains(&flag.as_str())) {
        eprintln!(
            "there is no option {flag}; there are --quiet (verdicts only), --all (every message) and, in front, --export"
        );
        return ExitCode::from(2);
    }
    if files.is_empty() {
        eprintln!("which schedule? run_schedule [--quiet|--all] FILE…, - for standard input; lessons/ has some");
        return ExitCode::from(2);
    }
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let worst = files.iter().map(|file| replay(file, has("--quiet"), has("--all"))).max();
    ExitCode::from(worst.unwrap_or(0))
}

/// A format's name and a file, please.
fn export(words: &[String]) -> u8 {
    let [format, file] = words else {
        eprintln!("run_schedule --export json-lines|shiviz|mermaid|jepsen FILE: an export is of one run");
        return 2;
    };
    let write = match format.as_str() {
        "json-lines" => json_lines,
        "shiviz" => shiviz,
        "mermaid" => mermaid,
        "jepsen" => jepsen,
        _ => {
            eprintln!("there is no export {format}; there are json-lines, shiviz, mermaid and jepsen");
            return 2;
        }
    };
    let Some(schedule) = parse(file) else { return 2 };
    let outcome = play(&schedule, &mut ());
    let mut text = String::new();
    if write(&mut text, &outcome).is_err() || std::io::stdout().write_all(text.as_bytes()).is_err() {
        eprintln!("{file}: the export cannot be written");
        return 2;
    }
    match outcome.failure {
        None => 0,
        Some(failure) => {
            eprintln!("{file}: {failure}");
            1
        }
    }
}

fn json_lines(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    export::json_lines(text, &outcome.recording, &export::trace_of(&outcome.recording, outcome.end))
}

fn shiviz(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let names = Names::new(&outcome.recording.architecture);
    export::shiviz(text, &names, &export::trace_of(&outcome.recording, outcome.end))
}

fn mermaid(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let trace = export::trace_of(&outcome.recording, outcome.end);
    export::mermaid(text, &outcome.recording.architecture, &trace, DIAGRAM_ENTRIES_MAX)
}

fn jepsen(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    export::jepsen(text, &outcome.history)
}

fn replay(file: &str, is_quiet: bool, is_complete: bool) -> u8 {
    let Some(schedule) = parse(file) else { return 2 };
    let outcome = if is_quiet {
        play(&schedule, &mut ())
    } else {
        println!("== {file}");
        tell(&schedule, |entry| is_complete || is_story(entry))
    };
    if let Some(finding) = first_breach(&outcome.recording, outcome.end, true) {
        println!("{file}: a promise is broken at {}: {}", finding.at, finding.breach);
    }
    match outcome.failure {
        None => {
            println!("{file}: all it expects holds; ends at {}", outcome.end);
            0
        }
        Some(failure) => {
            println!("{file}: {failure}");
            1
        }
    }
}

/// The schedule in a file. If there is none, says why.
fn parse(file: &str) -> Option<Schedule> {
    let text = read(file).map_err(|error| eprintln!("{file}: {error}")).ok()?;
    Schedule::parse(&text).map_err(|error| eprintln!("{file}: {error}")).ok()
}

fn read(file: &str) -> std::io::Result<String> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}
