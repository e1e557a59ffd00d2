//! A key-value store on an agreed order, without a leader: `cargo run -p kvs-core --example smr`.

mod story;
mod support;

use std::process::ExitCode;

const STORY: &str = r#"
zoo smr latency-min=20ms latency-max=20ms
say "Three clients ask three replicas at once: the proposals differ, and slot 0 stays empty."
C1: put k=q -> N1
C2: put k=r -> N2
C3: put k=t -> N3
run 1s
expect C1 ok
expect C2 ok
expect C3 ok
expect agree
say "One replica crashes. Nobody led, so nobody has to be elected."
crash N3
C1: put k=after expect ok
C2: get k expect after
say "It comes back, reads its disk, and is told what it has missed."
restart N3
run 1s
expect N3 k = after
expect linearizable holds
"#;

fn main() -> ExitCode {
    story::main_of("Rabia: replicas that agree slot by slot, and nobody leads.", STORY)
}
