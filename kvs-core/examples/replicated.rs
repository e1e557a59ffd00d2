//! Three replicas that gossip: `cargo run -p kvs-core --example replicated -- [--lattice causal|lww]`.

mod support;

use std::process::ExitCode;

use kvs_core::sim::schedule::{Schedule, Statement};
use support::{is_story, tell};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let values = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["--lattice", "causal"] => "mv-register",
        ["--lattice", "lww"] => "lww",
        _ => {
            eprintln!("the only option is --lattice causal (the default) or --lattice lww");
            return ExitCode::from(2);
        }
    };
    let (alpha, both) = match values {
        "lww" => ("a2", "the later one wins, the earlier one is gone"),
        _ => ("{a1, a2}", "neither knew of the other, so both are kept"),
    };
    println!("Replicated: every replica keeps a copy, and gossip makes them equal. Values: {values}.\n");
    let operations = generate_causal_operations(values);
    let text =
        format!("{operations}\nsettle\nexpect R1 alpha = {alpha}\nexpect R3 alpha = {alpha}\nexpect R2 beta = b1\n");
    let schedule = match Schedule::parse(&text) {
        Ok(schedule) => schedule,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    schedule.lines.iter().for_each(|line| log_operation(&schedule, &line.statement));
    println!();
    let outcome = tell(&schedule, is_story);
    match outcome.failure {
        None => {
            println!("\nAll three replicas hold alpha = {alpha}: {both}.");
            ExitCode::SUCCESS
        }
        Some(failure) => {
            eprintln!("{failure}");
            ExitCode::from(1)
        }
    }
}

/// Two clients write `alpha` at two replicas without knowing of each other, a third writes `beta`.
fn generate_causal_operations(values: &str) -> String {
    format!(
        "zoo replicated replicas=3 clients=3 values={values}
         C1: put alpha=a1 -> R1 expect ok
         C2: put alpha=a2 -> R2
         C3: put beta=b1 -> R3"
    )
}

fn log_operation(schedule: &Schedule, statement: &Statement) {
    if let Statement::Call { client, call, .. } = statement {
        let names = schedule.names();
        let at = call.to.map_or("any replica", |server| names.name(server));
        println!("  {} will {} at {at}", names.name(*client), call.op);
    }
}
