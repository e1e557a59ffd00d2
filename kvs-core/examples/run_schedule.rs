//! Replays schedules: `cargo run -p kvs-core --example run_schedule -- [--quiet|--all] FILE…`, `-` for standard input.
//!
//! Exits with 0 if all they expect holds, 1 if something does not, 2 if a file cannot be read or is no schedule.

mod support;

use std::io::Read;
use std::process::ExitCode;

use kvs_core::sim::schedule::Schedule;
use support::{is_story, tell};

fn main() -> ExitCode {
    let (flags, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    if let Some(flag) = flags.iter().find(|flag| !["--quiet", "--all"].contains(&flag.as_str())) {
        eprintln!("there is no option {flag}; there are --quiet (verdicts only) and --all (every message)");
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

fn replay(file: &str, is_quiet: bool, is_complete: bool) -> u8 {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return 2;
        }
    };
    let schedule = match Schedule::parse(&text) {
        Ok(schedule) => schedule,
        Err(error) => {
            eprintln!("{file}: {error}");
            return 2;
        }
    };
    let outcome = if is_quiet {
        schedule.run(&mut ())
    } else {
        println!("== {file}");
        tell(&schedule, |entry| is_complete || is_story(entry))
    };
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

fn read(file: &str) -> std::io::Result<String> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}
