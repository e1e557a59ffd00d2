//! Keys on several servers, and what happens when one more joins: `cargo run -p kvs-core --example sharded -- [--router ring|modulo]`.

mod story;
mod support;

use std::process::ExitCode;

use kvs_core::op::Key;
use kvs_core::routing::map::{ShardMap, moved};
use kvs_core::zoo::{Architecture, catalog};

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
    if let Err(error) = print_moves(router) {
        eprintln!("{error}");
        return ExitCode::from(1);
    }
    story::main_of(
        "The same in a world, with requests on their way:",
        &format!(
            "zoo sharded router={router}
             fill 12
             settle
             join S4
             settle
             put x=1 expect ok
             get x expect 1"
        ),
    )
}

/// Where keys live before and after a fourth server joins.
fn print_moves(router: &str) -> Result<(), Box<dyn std::error::Error>> {
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
    Ok(())
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
