//! Every store of the zoo in the same weather: what held, who was answered, and at what price.
//!
//! `cargo run --release -p kvs-core --example survey -- [SEED]`

use std::process::ExitCode;

use kvs_core::explore::survey::{Share, Weather, worst};
use kvs_core::zoo::catalog::EXHIBITS;

fn main() -> ExitCode {
    let seed = match std::env::args().nth(1).map(|text| text.parse::<u64>()) {
        None => 1,
        Some(Ok(seed)) => seed,
        Some(Err(error)) => {
            eprintln!("survey: the seed must be a whole number: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:20}{:18}{:15}{:>14}{:>10}{:>12}{:>12}",
        "store", "weather", "held", "served", "durable", "messages", "half within"
    );
    for exhibit in &EXHIBITS {
        for weather in Weather::ALL {
            let Some(trial) = worst(&exhibit.architecture(), weather, seed..seed.saturating_add(3)) else { continue };
            let percent = |share: &Share| share.per_mille().map_or("–".into(), |share| format!("{} %", share / 10));
            println!(
                "{:20}{:18}{:15}{:>14}{:>10}{:>12}{:>12}",
                exhibit.name,
                weather.title(),
                format!("{}{}", trial.level.title(), if trial.is_sure { "" } else { "?" }),
                trial.served.iter().map(percent).collect::<Vec<_>>().join(" | "),
                match trial.durable {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "?",
                },
                format!("{}.{}", trial.messages_milli / 1_000, trial.messages_milli % 1_000 / 100),
                trial.latency.map_or("–".into(), |latency| latency.to_string()),
            );
        }
    }
    ExitCode::SUCCESS
}
