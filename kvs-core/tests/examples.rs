//! The examples run, end well, and refuse what they do not know.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

/// Where the examples are: beside this test. The whole workspace is asked for, as in `cargo test --workspace`, or everything would be compiled a
/// second time with other features.
static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--workspace", "--examples"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo runs").success());
    let test = std::env::current_exe().expect("a test has a place");
    test.ancestors().nth(2).expect("target/<profile>/deps/<test>").join("examples")
});

fn example(name: &str, arguments: &[&str]) -> Output {
    Command::new(EXAMPLES.join(name)).args(arguments).output().expect("the example runs")
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
fn the_sharded_ones_tell_their_stories() {
    for (name, arguments, words) in [
        ("sharded", &[][..], "Of 10000 keys 24."),
        ("sharded", &["--router", "modulo"], "Of 10000 keys 74."),
        ("sharded_replicated", &[], "C3 reads {x1, x2}"),
        ("sharded_causal", &[], "C3 reads family"),
        ("three_level", &[], "west/E"),
        ("primary_backup", &[], "C2 reads 2"),
        ("primary_backup", &["--form", "chain"], "S1: has come to the tail: the whole chain has it"),
        ("primary_backup", &["--form", "vr"], "S1: has its memory back"),
        ("versioned", &[], "an earlier copy may have arrived"),
    ] {
        let output = example(name, arguments);
        assert!(output.status.success() && out(&output).contains(words), "{name}: {}", out(&output));
    }
    assert_eq!(example("sharded", &["--router", "rendezvous"]).status.code(), Some(2));
    assert_eq!(example("primary_backup", &["--form", "ring"]).status.code(), Some(2));
}

#[test]
fn replicas_without_a_leader_go_on_without_one_of_them() {
    let output = example("smr", &[]);
    let words = ["proposals differ: the slot stays empty", "C2 reads after", "N3 starts again"];
    let told = out(&output);
    assert!(output.status.success() && words.iter().all(|word| told.contains(word)), "{told}");
}

#[test]
fn raft_survives_its_leader() {
    for arguments in [&[][..], &["--reads", "read-index"], &["--reads", "lease"]] {
        let output = example("raft", arguments);
        assert!(output.status.success() && out(&output).contains("nothing was lost"), "{}", out(&output));
    }
    assert_eq!(example("raft", &["--reads", "quorum"]).status.code(), Some(2));
}

#[test]
fn the_linearizable_one_outlives_its_leader() {
    let output = example("linearizable", &[]);
    let told = out(&output);
    let (before, after) = told.split_once("L1 crashes.").expect("the leader crashes");
    assert!(output.status.success() && before.contains("L1: leads"), "{told}");
    assert!(after.contains(": leads") && !after.contains("L1: leads") && after.contains("C2 reads b1"), "{told}");
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

#[test]
fn check_history_judges_and_proves() {
    let folder = std::env::temp_dir();
    let write = |name: &str, text: &str| {
        let path = folder.join(format!("kvs-{}-{name}.edn", std::process::id()));
        std::fs::write(&path, text).expect("it is written");
        path.display().to_string()
    };
    let write_of = |value: u32| {
        format!(
            "{{:process 0 :type :invoke :f :write :value {value}}}\n{{:process 0 :type :ok :f :write :value {value}}}\n"
        )
    };
    let read_of = |value: &str| {
        format!("{{:process 1 :type :invoke :f :read}}\n{{:process 1 :type :ok :f :read :value {value}}}\n")
    };
    let good = write("good", &(write_of(1) + &read_of("1")));
    let bad = write("bad", &(write_of(1) + &write_of(2) + &read_of("1")));
    let cut = write("cut", "{:process 0 :type");
    let judged = |arguments: &[&str]| {
        let output = example("check_history", arguments);
        (output.status.code(), out(&output), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(judged(&[&good]), (Some(0), format!("{good}: linearizable\n"), String::new()));
    let (code, told, _) = judged(&[&bad, &good]);
    assert_eq!(code, Some(1));
    assert!(told.starts_with(&format!("{bad}: not linearizable\n")), "{told}");
    assert!(told.contains("lines 5 to 6, process 1: read → 1\n"), "{told}");
    assert!(told.ends_with(&format!("{good}: linearizable\n")), "{told}");
    let (code, told, cause) = judged(&["--model", "register", &cut, &bad]);
    assert_eq!((code, told.contains("not linearizable")), (Some(2), true));
    assert!(cause.contains("line 1: the text ends in the middle of an operation"), "{cause}");
    let (code, told, _) = judged(&["--budget", "1", &good]);
    assert_eq!((code, told), (Some(2), format!("{good}: undecided (the budget of steps is used up)\n")));
    let nil = write("nil", &read_of("nil"));
    assert_eq!(judged(&["--model", "cas-register", "--initial", "0", &nil]).0, Some(0));
    for wrong in [&["--model", "queue", &good][..], &["--initial", "(", &good], &["--fast", &good], &[], &["no-such"]] {
        let (code, _, cause) = judged(wrong);
        assert_eq!((code, cause.is_empty()), (Some(2), false), "{wrong:?}");
    }
    for file in [good, bad, cut, nil] {
        std::fs::remove_file(file).expect("it is removed");
    }
}

#[test]
fn hunt_finds_the_same_run_with_any_number_of_threads_and_it_replays() {
    let hunted = |arguments: &[&str]| {
        let output = example("hunt", arguments);
        (output.status.code(), out(&output), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let mutant = ["local", "dedupe=off", "duplication=25%", "journal=off"];
    let one = hunted(&[&["--threads", "1"], &mutant[..]].concat());
    let four = hunted(&[&["--threads", "4"], &mutant[..]].concat());
    assert_eq!((one.0, &one.1), (Some(1), &four.1));
    let (head, _) = one.1.split_once('\n').expect("several lines");
    let breach = head.strip_prefix("# At ").expect("it says what breaks");

    let path = std::env::temp_dir().join(format!("kvs-{}-hunted.kvs", std::process::id()));
    let file = path.display().to_string();
    std::fs::write(&path, &one.1).expect("it is written");
    let replayed = example("run_schedule", &["--quiet", &file]);
    assert!(out(&replayed).contains(&format!("a promise is broken at {breach}\n")), "{}{}", one.1, out(&replayed));

    // What clients see of it is expected by the schedule itself.
    let claim = hunted(&[&["--claims-only", "--worlds", "500"], &mutant[..]].concat());
    let last = claim.1.lines().last().expect("several lines");
    assert!(last.starts_with("expect ") && last.ends_with(" broken"), "{}", claim.1);
    std::fs::write(&path, &claim.1).expect("it is written");
    assert_eq!(example("run_schedule", &["--quiet", &file]).status.code(), Some(0), "{}", claim.1);

    // What its clients ask for, in every order: with one repeated message, that is enough.
    let calls = "zoo local clients=2\nC1: put k=1\nC2: get k\nC1: put k=2\n";
    std::fs::write(&path, calls).expect("it is written");
    let (code, told, extent) = hunted(&["--exhaustive", "--duplicates", "1", &file]);
    assert_eq!((code, told.as_str()), (Some(0), ""), "{extent}");
    assert!(extent.contains("these are all, and nothing is broken"), "{extent}");
    std::fs::write(&path, calls.replace("clients", "dedupe=off clients")).expect("it is written");
    let (code, told, extent) = hunted(&["--exhaustive", "--duplicates", "1", &file]);
    assert_eq!(code, Some(1), "{extent}");
    assert!(told.contains("\nduplicate Request ") && extent.contains("by one of the shortest ways"), "{told}{extent}");
    std::fs::remove_file(path).expect("it is removed");

    assert_eq!(hunted(&["--worlds", "20", "replicated"]).0, Some(0));
    for wrong in [
        &["paxos"][..],
        &["local", "journal=maybe"],
        &["--faults", "earthquakes", "local"],
        &["--exhaustive", "local"],
        &["no-such.kvs"],
        &["--reads", "101%", "local"],
        &["--worlds", "-1", "local"],
        &[],
    ] {
        let (code, told, cause) = hunted(wrong);
        assert_eq!((code, told.is_empty(), cause.is_empty()), (Some(2), true, false), "{wrong:?}");
    }
}

#[test]
fn a_stress_run_is_consistent_on_every_engine_and_says_all_that_is_wrong_with_its_file() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../config.json");
    let output = example("stress", &["--engine", "all", config]);
    let told = out(&output);
    assert!(
        output.status.success() && told.matches("consistent: ").count() == 3 && told.contains("client_3"),
        "{told}"
    );
    assert_eq!(told, out(&example("stress", &["--engine", "all", config])), "equal seeds give equal runs");

    let wrong = std::env::temp_dir().join(format!("stress-{}.json", std::process::id()));
    std::fs::write(&wrong, r#"{"test_duration_seconds": -1, "server_packet_loss_rate": 200, "clients": [{}]}"#)
        .expect("a file");
    let refused = example("stress", &[wrong.to_str().expect("a path")]);
    std::fs::remove_file(&wrong).expect("it is there");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let places = [
        "test_duration_seconds: ",
        "server_packet_loss_rate: ",
        "max_retries_server_packet_loss: ",
        "clients[0].keys: ",
    ];
    assert!(refused.status.code() == Some(2) && places.iter().all(|place| said.contains(place)), "{said}");
    assert_eq!(example("stress", &["--engine", "tape", config]).status.code(), Some(2));
    assert_eq!(example("stress", &[]).status.code(), Some(2));
}
