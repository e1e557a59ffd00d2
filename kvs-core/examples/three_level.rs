//! Region, then shard, then replica: `cargo run -p kvs-core --example three_level`.

mod story;
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use kvs_core::op::Key;
use kvs_core::zoo::catalog;

fn main() -> ExitCode {
    if let Err(error) = print_shares() {
        eprintln!("{error}");
        return ExitCode::from(1);
    }
    story::main_of(
        "Three levels: a key goes to a region, there to a shard, and there to one of its replicas.",
        "zoo sharded-replicated shards=4 replicas=2 regions=2 clients=2
         C1: put x=1 expect ok
         C2: put y=2 expect ok
         settle
         C2: get x expect 1
         C1: get y expect 2
         say \"A whole shard of one region goes down; every other key is where it was.\"
         crash A1
         crash A2
         C2: get x expect 1",
    )
}

/// How many of 10,000 keys each shard of each region owns.
fn print_shares() -> Result<(), Box<dyn std::error::Error>> {
    let mut architecture = catalog::exhibit("sharded-replicated").ok_or("it is in the catalogue")?.architecture();
    for (name, value) in [("shards", "4"), ("replicas", "2"), ("regions", "2")] {
        architecture.set(name, value)?;
    }
    let map = architecture.first_map();
    let mut shares: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 0..10_000 {
        *shares.entry(map.shard_of(&Key::new(&format!("k{number}"))?).name.as_str()).or_default() += 1;
    }
    println!("Of 10000 keys each shard owns:");
    for (shard, keys) in shares {
        println!("  {shard:>8}  {keys}");
    }
    println!();
    Ok(())
}
