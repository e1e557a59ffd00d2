//! A primary, its backups, and who replaces them: `cargo run -p kvs-core --example primary_backup -- [--form primary-backup|chain|vr]`.

mod story;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (title, text) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["--form", "primary-backup"] => PRIMARY_BACKUP,
        ["--form", "chain"] => CHAIN,
        ["--form", "vr"] => VR,
        _ => {
            eprintln!("the only option is --form primary-backup (the default), chain or vr");
            return ExitCode::from(2);
        }
    };
    story::main_of(title, text)
}

const PRIMARY_BACKUP: (&str, &str) = (
    "Primary-backup: S1 answers when its backup S2 has it, too; S3 stands by; VS says who leads.",
    "zoo primary-backup clients=2
     say \"A write is answered when primary and backup have it.\"
     C1: put x=1 expect ok
     expect S2 x = 1
     say \"The primary crashes. The view service makes the backup primary, and gives it another backup.\"
     crash S1
     C1: put x=2 expect ok
     expect S3 x = 2
     C2: get x expect 2
     say \"S1 comes back, has forgotten everything, and stands by.\"
     restart S1
     run 1s
     expect S1 x = none
     expect linearizable holds",
);

const CHAIN: (&str, &str) = (
    "A chain: S1 is asked, passes on to S2 and that to S3, which answers; VS says who is in it.",
    "zoo primary-backup form=chain backups=2 clients=2
     say \"A write is answered by the tail.\"
     C1: put x=1 expect ok
     expect S3 x = 1
     say \"The middle crashes. The view service makes head and tail neighbours.\"
     crash S2
     C1: put x=2 expect ok
     C2: get x expect 2
     say \"S2 comes back, is given the state, and is the tail from now on.\"
     restart S2
     run 2s
     expect S2 x = 2
     expect linearizable holds",
);

const VR: (&str, &str) = (
    "Viewstamped Replication: S1 leads view 1, S2 view 2, S3 view 3, and nobody has to say so.",
    "zoo vr clients=2
     say \"A write is answered when a majority has it.\"
     C1: put x=1 expect ok
     say \"The primary crashes, and it is the next one's turn.\"
     crash S1
     C1: put x=2 expect ok
     C2: get x expect 2
     say \"S1 comes back, asks the others, and has its memory back.\"
     restart S1
     run 1s
     expect S1 x = 2
     expect linearizable holds",
);
