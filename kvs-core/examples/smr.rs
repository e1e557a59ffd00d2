//! A key-value store on an agreed order, without a leader: `cargo run -p kvs-core --example smr`.

mod story;
mod support;

use std::process::ExitCode;

const STORY: &str = r#"
zoo smr latency-min=20ms latency-max=20ms tick-every=500ms
say "Three clients ask three replicas at once: the proposals differ, and slot 0 stays empty."
C1: put k=q -> N1
C2: put k=r -> N2
C3: put k=t -> N3
run 1s
expect C1 ok
expect C2 ok
expect C3 ok
expect agree
say "C3 subscribes to changes at N3. A batch is done altogether, or not at all; no key is empty, so the second one is taken back."
C3: subscribe user/ -> N3
run 100ms
C1: batch { put user/anna=50, put user/ben=50, size } expect batch { 3 }
C1: batch { put user/anna=40, put ""=note, put user/ben=60 } expect refused
C2: keys expect {k, user/anna, user/ben}
C2: get user/anna expect 50
say "A value for a time is gone when the log says that it is over. Nobody asks for anything, so a replica says how late it is."
C1: put user/guest=x ttl=1s expect ok
C1: exists user/guest expect yes
run 3s
expect N1 user/guest = none
expect heard C3 "subscribed" "user/anna = 50" "user/ben = 50" "user/guest = x" "user/guest is gone: its time was up"
say "One replica crashes. Nobody led, so nobody has to be elected."
crash N3
C1: put k=after expect ok
C2: get k expect after
say "It comes back, reads its disk, and is told what it has missed."
restart N3
run 1s
expect N3 k = after
expect agree
expect linearizable holds
"#;

fn main() -> ExitCode {
    story::main_of("Rabia: replicas that agree slot by slot, and nobody leads.", STORY)
}
