//! A log that a leader replicates, and what becomes of it when the leader crashes: `cargo run -p kvs-core --example raft -- [--reads MODE]`.

mod support;

use std::process::ExitCode;

use kvs_core::sim::schedule::Schedule;
use support::{is_story, tell};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let reads = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "log",
        ["--reads", reads @ ("log" | "read-index" | "lease" | "local")] => reads,
        _ => {
            eprintln!("the only option is --reads log (the default), read-index, lease or local");
            return ExitCode::from(2);
        }
    };
    match run(reads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn run(reads: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("Raft: what a majority has in its logs is decided. Reads: {reads}.\n");
    let text = format!(
        "zoo raft reads={reads}\nfire Election S1\nrun 250ms\nC1: put alpha=1 expect ok\nrun 200ms\ncrash S1\nrun 2s\n\
         C1: put alpha=2 expect ok\nrestart S1\nrun 1s\nC2: get alpha expect 2\nexpect agree\n"
    );
    let schedule = Schedule::parse(&text)?;
    match tell(&schedule, is_story).failure {
        None => {
            println!("\nThe leader crashed, another was elected, and nothing was lost.");
            Ok(())
        }
        Some(failure) => Err(failure.into()),
    }
}
