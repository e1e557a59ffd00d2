//! Three shards of three replicas: `cargo run -p kvs-core --example sharded_replicated`.

mod story;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    story::main_of(
        "Sharded + replicated: each key belongs to one shard, each shard is kept by three replicas.",
        "zoo sharded-replicated shards=3 replicas=3 clients=3
         say \"Two clients write x at two replicas of its shard, without knowing of each other; a third writes elsewhere.\"
         C1: put x=x1 -> B1 expect ok
         C2: put x=x2 -> B2 expect ok
         C3: put photo=beach expect ok
         settle
         expect B3 x = {x1, x2}
         expect A2 photo = beach
         say \"Two of the three replicas of shard B crash. The third has all of it.\"
         crash B1
         crash B2
         C3: get x -> B3 expect {x1, x2}",
    )
}
