//! A primary, its backup, and who replaces them: `cargo run -p kvs-core --example primary_backup`.

mod story;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    story::main_of(
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
    )
}
