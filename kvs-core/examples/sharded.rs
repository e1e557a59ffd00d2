//! Keys on several servers, and what happens when one more joins: `cargo run -p kvs-core --example sharded -- [--router ring|modulo]`.

mod support;

use std::process::ExitCode;

use kvs_core::op::Key;
use kvs_core::routing::map::{ShardMap, moved};
use kvs_core::sim::schedule::Schedule;
use kvs_core::zoo::{Architecture, catalog};
use support::{is_story, tell};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let router = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "ring",
        ["--router", router @ ("ring" | "modulo")] => router,
        _ => {
            eprintln!("the only option is --router ring (the default) or --router modulo");
            return ExitCode::from(2);
        }
    };
    match run(router) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn run(router: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("Sharded: each key has one home, and a hash says which. Router: {router}.\n");
    let mut architecture = catalog::exhibit("sharded").ok_or("it is in the catalogue")?.architecture();
    architecture.set("router", router)?;
    let three = architecture.first_map();
    let four = with_one_more(&architecture, &three)?;
    println!("Where twelve keys live, with three servers and with four:");
    for key in keys(12)? {
        let (before, after) = (&three.shard_of(&key).name, &four.shard_of(&key).name);
        println!(
            "  {:>4}  {before}{}",
            key.to_string(),
            if before == after { String::new() } else { format!(" -> {after}") }
        );
    }
    let many = keys(10_000)?;
    let percent = f64::from(moved(&three, &four, &many)) / 100.0;
    println!("Of 10000 keys {percent:.1} % move when the fourth server joins.\n");

    println!("The same in a world, with requests on their way:");
    let text =
        format!("zoo sharded router={router}\nfill 12\nsettle\njoin S4\nsettle\nput x=1 expect ok\nget x expect 1\n");
    let schedule = Schedule::parse(&text)?;
    match tell(&schedule, is_story).failure {
        None => Ok(()),
        Some(failure) => Err(failure.into()),
    }
}

/// The map after the server that stands by has joined.
fn with_one_more(architecture: &Architecture, map: &ShardMap) -> Result<ShardMap, Box<dyn std::error::Error>> {
    let last = architecture.server_ids().next_back().ok_or("there are servers")?;
    let home = architecture.home(last).ok_or("there are shards")?;
    Ok(map.of(map.view().with(&home, last).into()))
}

fn keys(count: u32) -> Result<Vec<Key>, kvs_core::op::TooLong> {
    (1..=count).map(|number| Key::new(&format!("k{number}"))).collect()
}
