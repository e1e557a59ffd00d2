//! Clients who put overlapping keys while requests and answers are dropped: `cargo run --release -p kvs-core --example stress -- config.json`.
//!
//! `--engine memory` picks where the server keeps values (`all`: one run each), `--seed 7` another run, `--real-time` lets a second take a second.

#![allow(clippy::disallowed_types, reason = "with `--real-time` it keeps step with the clock")]

use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use kvs_core::check::Verdict;
use kvs_core::explore::stress::{Report, ServerRunner, StressConfig};
use kvs_core::time::Span;
use kvs_core::zoo::{Kind, OptionSpec};
use lexopt::prelude::*;

const USAGE: &str = "usage: stress [--engine ENGINE|all] [--seed N] [--real-time] CONFIG.json";

struct Arguments {
    config: String,
    engines: Vec<String>,
    seed: u64,
    in_real_time: bool,
}

/// The engines that there are.
fn engines() -> Vec<String> {
    match OptionSpec::named("engine").map(|option| option.kind) {
        Some(Kind::Choice(names)) => names.iter().map(|(name, _)| (*name).to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let (mut config, mut chosen, mut seed, mut in_real_time) = (None, String::from("memory"), 1, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("engine") => chosen = parser.value()?.string()?,
            Long("seed") => seed = parser.value()?.parse()?,
            Long("real-time") => in_real_time = true,
            Value(path) if config.is_none() => config = Some(path.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let known = engines();
    let engines = match chosen.as_str() {
        "all" => known,
        one if known.iter().any(|engine| engine == one) => vec![chosen],
        _ => return Err(format!("there is no engine {chosen:?}; there are {} and all", known.join(", ")).into()),
    };
    let config = config.ok_or("no configuration is named")?;
    Ok(Arguments { config, engines, seed, in_real_time })
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let text = match std::fs::read_to_string(&arguments.config) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{}: {error}", arguments.config);
            return ExitCode::from(2);
        }
    };
    let config = match StressConfig::parse(&text) {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("{}: {mistake}", arguments.config);
            }
            return ExitCode::from(2);
        }
    };
    let mut is_well = true;
    for engine in &arguments.engines {
        let runner = match ServerRunner::new(&config, engine, arguments.seed) {
            Ok(runner) => runner,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
        let bar = ProgressBar::new(config.duration.as_us() / 1_000);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:40}] {pos}/{len} ms") {
            bar.set_style(style);
        }
        bar.set_prefix(engine.clone());
        let begun = Instant::now();
        let report = runner.run(|done: Span| {
            let simulated = std::time::Duration::from_micros(done.as_us());
            if let Some(early) = simulated.checked_sub(begun.elapsed()).filter(|_| arguments.in_real_time) {
                std::thread::sleep(early);
            }
            bar.set_position(done.as_us() / 1_000);
        });
        bar.finish_and_clear();
        is_well &= tell(engine, &report);
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Prints a report. False if something is wrong with the store.
fn tell(engine: &str, report: &Report) -> bool {
    println!("engine {engine}");
    println!(
        "{:<16} {:>7} {:>7} {:>8} {:>8} {:>13} {:>11} {:>10}",
        "client", "reads", "puts", "refused", "unknown", "unknown, over", "unanswered", "on average"
    );
    for client in &report.clients {
        let average = client.waited.as_us().checked_div(client.operations()).unwrap_or(0);
        println!(
            "{:<16} {:>7} {:>7} {:>8} {:>8} {:>13} {:>11} {:>10}",
            client.name,
            client.reads,
            client.puts,
            client.refused,
            client.unknown,
            client.unknown_closed,
            client.unanswered,
            Span::from_us(average).to_string()
        );
    }
    for (key, kept) in &report.kept {
        println!("{key} = {}", kept.as_ref().map_or_else(|| "not answered".into(), ToString::to_string));
    }
    match &report.linearizable.verdict {
        Verdict::Holds => {
            println!("consistent: one order of all operations explains every answer\n");
            true
        }
        Verdict::Broken(proof) => {
            println!("NOT consistent: {}\n", proof.what);
            false
        }
        Verdict::Undecided(why) => {
            println!("undecided: {why}\n");
            false
        }
    }
}
