//! The examples run, end well, and refuse what they do not know.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::process::{Command, Output};

fn example(name: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "kvs-core", "--example", name, "--"]).args(arguments);
    command.output().expect("cargo runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn local_tells_its_story() {
    let output = example("local", &[]);
    assert!(output.status.success());
    assert_eq!(out(&output).matches("as it should be").count(), 3, "{}", out(&output));
}

#[test]
fn replicated_keeps_both_or_the_later_one() {
    for (arguments, words) in [
        (&[][..], "All three replicas hold alpha = {a1, a2}"),
        (&["--lattice", "causal"], "All three replicas hold alpha = {a1, a2}"),
        (&["--lattice", "lww"], "All three replicas hold alpha = a2"),
    ] {
        let output = example("replicated", arguments);
        assert!(output.status.success() && out(&output).contains(words), "{}", out(&output));
    }
    let refused = example("replicated", &["--lattice", "paxos"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--lattice causal"));
}

#[test]
fn run_schedule_says_what_holds_what_fails_and_what_it_cannot_read() {
    let lesson = concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons/hello.kvs");
    let holds = example("run_schedule", &["--quiet", lesson]);
    assert_eq!(holds.status.code(), Some(0));
    assert!(out(&holds).contains("all it expects holds"));

    let folder = std::env::temp_dir();
    let write = |name: &str, text: &str| {
        let path = folder.join(format!("kvs-{}-{name}.kvs", std::process::id()));
        std::fs::write(&path, text).expect("it is written");
        path.display().to_string()
    };
    let (wrong, broken) = (write("wrong", "get k -> R1 expect x\n"), write("broken", "get k -> R7\n"));
    let failed = example("run_schedule", &["--quiet", &wrong]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(out(&failed).contains("line 1: expected x, found none"), "{}", out(&failed));
    let refused = example("run_schedule", &["--quiet", &broken, "no-such-file"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .contains("line 1, column 10: expected a server (R1, R2, R3), not `R7`")
    );
    for file in [wrong, broken] {
        std::fs::remove_file(file).expect("it is removed");
    }
}

#[test]
fn run_schedule_exports_one_run_and_nothing_else() {
    let lesson = concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons/lost_reply.kvs");
    for (format, first, piece) in [
        ("json-lines", "{\"format\":\"kvs-zoo-trace\"", "\"what\":\"lost\""),
        ("shiviz", "S1 {\"S1\":1}\n0s S1 booted\n", "S1 receives Request from C1: put x=1"),
        ("mermaid", "sequenceDiagram\n    participant C1\n", "    S1-xC1: "),
        ("jepsen", "{:process 0, :type :invoke, :f :put, :key \"x\", :value \"1\", :time 0, :index 0}\n", ":type :ok"),
    ] {
        let output = example("run_schedule", &["--export", format, lesson]);
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert!(out(&output).starts_with(first) && out(&output).contains(piece), "{}", out(&output));
        assert!(!out(&output).contains("all it expects") && output.stderr.is_empty(), "{format}");
    }
    for arguments in [&["--export"][..], &["--export", "pdf", lesson], &["--export", "jepsen", lesson, lesson]] {
        let refused = example("run_schedule", arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(refused.stdout.is_empty() && !refused.stderr.is_empty(), "{arguments:?}");
    }
}
