//! Multi-Paxos: one sequence for all replicas, whoever crashes: `cargo run -p kvs-core --example linearizable`.

mod story;
mod support;

use std::process::ExitCode;

const STORY: &str = "
    zoo linearizable clients=3
    run 300ms
    say \"L1 leads: two of three acceptors follow it.\"
    C1: put alpha=a1 expect ok
    C2: put alpha=a2 expect ok
    C3: get alpha expect a2
    say \"L1 crashes. Sooner or later somebody else notices, and asks the acceptors what may have been chosen.\"
    crash L1
    C1: put beta=b1 expect ok
    say \"A1 and R1 crash, too. Two acceptors of three and two replicas are left, and that is enough.\"
    crash A1
    crash R1
    C2: get beta expect b1
    restart L1
    restart A1
    restart R1
    settle
    expect R1 alpha = a2
    expect R1 beta = b1
    expect R3 beta = b1
    expect linearizable holds
    say \"All three replicas hold alpha = a2 and beta = b1.\"
";

fn main() -> ExitCode {
    story::main_of(
        "Linearizable: a proxy, three proposers, three acceptors and three replicas do what one server would.",
        STORY,
    )
}
