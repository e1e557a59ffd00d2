//! A put names the version that it replaces: `cargo run -p kvs-core --example versioned`.

mod story;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    story::main_of(
        "Versioned: a put names the version that it replaces, and a clerk says what it knows.",
        "zoo versioned
         say \"Two clients read the same, and both put. One is refused, reads again, and thinks again.\"
         C1: put n=5 @0 expect ok @1
         C1: get n expect 5 @1
         C2: get n expect 5 @1
         C1: put n=6 @1 expect ok @2
         C2: put n=6 @1 expect refused @2
         C2: get n expect 6 @2
         C2: put n=7 @2 expect ok @3
         say \"The answer to a put is lost. Sent again, it is refused: by its own first copy, or by somebody else.\"
         drop next Response S1->C1
         C1: put m=a @0 expect unknown-closed
         C1: get m expect a @1
         expect linearizable holds",
    )
}
