//! Causes before effects, across shards and through a change of views: `cargo run -p kvs-core --example sharded_causal`.

mod story;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    story::main_of(
        "Sharded causal: versions know their causes, and clients carry along what they have seen.",
        "zoo sharded-causal
         C1: put acl=everybody -> B1 expect ok
         settle
         cut B1 | B2
         say \"The list of who may see the album changes, but only B1 hears of it. Then a photo is added, in another shard.\"
         C1: put acl=family -> B1 expect ok
         C1: put photo=beach -> A1 expect ok
         run 100ms
         C2: get photo -> A2 expect beach
         say \"C2 has seen the photo. At B2 its read of the list waits; C3, which has seen nothing, is answered.\"
         C2: get acl -> B2
         C3: get acl -> B2 expect everybody
         expect C2 pending
         heal
         run 3s
         expect C2 family
         say \"A third shard joins, and takes its share of the keys along.\"
         join D1 D2
         settle
         C3: get acl expect family
         expect causally-convergent holds",
    )
}
