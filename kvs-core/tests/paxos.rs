//! Multi-Paxos: what it costs, and schedules in which a rule that is left out shows.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeMap;

use kvs_core::check::invariants::{Invariants, Violation};
use kvs_core::check::play;
use kvs_core::explore::first_breach;
use kvs_core::server::{Message, Node};
use kvs_core::sim::Replay;
use kvs_core::sim::schedule::Schedule;
use kvs_core::time::Time;
use kvs_core::world::{Happening, Observer};

/// How many messages of each kind were sent.
#[derive(Default)]
struct Sent(BTreeMap<&'static str, u32>);

impl Observer<Node> for Sent {
    fn saw(&mut self, _now: Time, happening: Happening<'_, Node>) {
        if let Happening::Sent { message, .. } = happening {
            *self.0.entry(message.kind()).or_default() += 1;
        }
    }
}

fn sent(text: &str) -> BTreeMap<&'static str, u32> {
    let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut sent = Sent::default();
    assert_eq!(schedule.run(&mut sent).failure, None, "{text}");
    sent.0
}

/// What the last lines of a schedule cost, messages that are sent at all times left out.
fn cost(head: &str, rest: &str) -> Vec<(&'static str, u32)> {
    let head = format!("{head}\nrun 600ms\nC1: put a=1 expect ok\nrun 600ms\n");
    let (before, after) = (sent(&head), sent(&format!("{head}{rest}\nrun 600ms\n")));
    let at_all_times = ["IAmLeader", "Applied", "Lease", "LeaseGrant", "Trunc"];
    let kinds = Message::KINDS.into_iter().filter(|kind| !at_all_times.contains(kind));
    let count = |sent: &BTreeMap<_, u32>, kind| sent.get(kind).copied().unwrap_or(0);
    let costs = kinds.map(|kind| (kind, count(&after, kind) - count(&before, kind)));
    costs.filter(|(_, count)| *count > 0).collect()
}

const STEADY: &str = "zoo linearizable clients=3 latency-min=10ms latency-max=10ms sync-latency=1ms";

#[test]
fn while_somebody_leads_a_write_takes_one_round_trip_to_the_acceptors() {
    let write = [("Request", 1), ("Response", 4), ("Propose", 1), ("P2a", 3), ("P2b", 3), ("Decide", 3)];
    assert_eq!(cost(STEADY, "C1: put b=2 expect ok"), write);
    assert_eq!(cost(STEADY, "C1: get a expect 1"), write);
    let of_five = [("Request", 1), ("Response", 4), ("Propose", 1), ("P2a", 5), ("P2b", 5), ("Decide", 3)];
    assert_eq!(cost(&format!("{STEADY} f=2"), "C1: put b=2 expect ok"), of_five);
}

#[test]
fn reads_that_go_by_no_slot_are_cheaper() {
    let read = |mode: &str| cost(&format!("{STEADY} reads={mode}"), "C1: get a expect 1");
    let asked = [("ReadIdx", 3), ("ReadIdxAck", 3), ("ReadAt", 1)];
    let ends = [("Request", 1), ("Response", 2)];
    let by_leader = [("Propose", 1)];
    assert_eq!(read("read-index"), [&ends[..], &by_leader, &asked].concat());
    assert_eq!(read("lease"), [&ends[..], &by_leader, &asked[2..]].concat());
    assert_eq!(read("quorum"), [&ends[..], &asked].concat());
    assert_eq!(read("local"), [&ends[..], &asked[2..]].concat());
}

#[test]
fn requests_that_wait_for_room_share_a_slot() {
    let three = "C1: put x=1\nC2: put y=1\nC3: put z=1";
    let slots = |options: &str| {
        let costs = cost(&format!("{STEADY} {options}"), three);
        costs.iter().find(|(kind, _)| *kind == "Decide").map(|(_, count)| count / 3)
    };
    assert_eq!(slots("window=1 batch=4"), Some(2));
    assert_eq!(slots("window=1 batch=1"), Some(3));
    assert_eq!(slots("window=4 batch=4"), Some(3));
}

/// The first invariant that a schedule breaks.
fn first_violation(text: &str) -> Option<Violation> {
    let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let outcome = schedule.run(&mut ());
    assert_eq!(outcome.failure, None, "{text}");
    let mut invariants = Invariants::new(&schedule.architecture);
    let mut replay = Replay::new(&outcome.recording, &mut invariants);
    while replay.moment().time < outcome.end {
        replay.step(&outcome.recording, &mut invariants);
        if let Err(violation) = invariants.after_step(replay.sim().world()) {
            return Some(violation);
        }
    }
    None
}

/// Five acceptors. L1 has had X accepted by A3 and A4, L2 then Y by A3 and A5. L1 comes again and has X accepted by A1 and A4; an old vote
/// of A3 for X arrives late. After that L2 comes again, too.
const VOTES_ACROSS_BALLOTS: &str = "
    run 100ms
    cut L1 | L2 L3
    hold P2b A3->L1
    hold P2b A4->L1
    cut L1 | A1 A2 A5
    C1: put k=X
    run 100ms
    crash P1
    crash L1
    cut L1 | A3
    drop next P1a L2->A3
    drop next P1a L2->A4
    cut L2 | A4
    hold P2a L2->A1
    hold P2a L2->A2
    hold P2b A3->L2
    hold P2b A5->L2
    fire CheckIAmLeader L2
    run 100ms
    restart L1
    heal L1 | A1 A2
    hold P2a L1->A2
    drop P2b A4->L1
    fire CheckIAmLeader L1
    run 30ms
    release P2b A4->L1
    run 70ms
    deliver P2b A3->L1
    run 100ms
    drop P2a L2->A1
    drop P2a L2->A1
    drop P2a L2->A2
    drop P2a L2->A2
    release P2a L2->A1
    release P2a L2->A2
    release P2b A3->L2
    release P2b A5->L2
    crash L2
    restart L2
    cut L2 | A1 A4
    fire CheckIAmLeader L2
    run 300ms
";

#[test]
fn votes_count_in_their_own_ballot() {
    let head = "zoo linearizable f=2 latency-min=10ms latency-max=10ms sync-latency=1ms i-am-leader-send=20s i-am-leader-check=60s";
    assert_eq!(first_violation(&format!("{head}\n{VOTES_ACROSS_BALLOTS}")), None);
    let violation = first_violation(&format!("{head} votes-by-ballot=off\n{VOTES_ACROSS_BALLOTS}"));
    assert_eq!(violation.map(|violation| violation.id), Some("P5"));
}

/// L1 has been accepted by A2 before A2 loses its disk; L2 then finds nothing.
#[test]
fn an_acceptor_without_its_disk_breaks_its_promise() {
    let text = |loss: &str| {
        format!(
            "zoo linearizable latency-min=10ms latency-max=10ms\nrun 300ms\ncut L1 | A3 R2 R3\nC1: put k=v expect ok\n{loss}\nrestart A2\n\
             crash L1\ncut A1 R1 | A2 A3 L2 L3 R2 R3 P1\nC2: put k=w\nrun 4s\n"
        )
    };
    assert_eq!(first_violation(&text("crash A2")), None);
    let violation = first_violation(&text("wipe A2")).map(|violation| violation.id);
    assert!(matches!(violation, Some("P1" | "P4")), "{violation:?}");
}

/// A proposer that forgets the number of its ballot goes by it twice, and proposes something else.
#[test]
fn a_ballot_that_is_used_twice_proposes_two_commands() {
    let rest = "run 200ms\ncut L1 | A2 A3\nC1: put k=v\nrun 100ms\ncrash L1\ncrash P1\nrestart P1\nheal\ncut L1 | A1 L2 L3\nrestart L1\n\
                fire CheckIAmLeader L1\nC2: put k=w\nrun 1s\n";
    let head = "zoo linearizable latency-min=10ms latency-max=10ms i-am-leader-check=20s";
    assert_eq!(first_violation(&format!("{head}\n{rest}")), None);
    let violation = first_violation(&format!("{head} ballot-journal=off\n{rest}"));
    assert_eq!(violation.map(|violation| violation.id), Some("P3"));
}

/// A1 has v in slot 1, by L1's ballot; L2 has w chosen there by A2 and A3; then L3 is told both, by A1 and A2.
#[test]
fn a_new_leader_adopts_what_has_the_highest_ballot() {
    let rest = "run 300ms\ncut L1 | A2 A3\nC1: put k=v\nrun 200ms\ncrash L1\ncrash P1\ncut A1 | L2 L3\nfire CheckIAmLeader L2\n\
                fire CheckIAmLeader L2\nrun 500ms\nrestart P1\nC2: put k=w\nrun 3s\ncrash L2\nheal\ncut L3 | A3\n\
                fire CheckIAmLeader L3\nfire CheckIAmLeader L3\nrun 3s\n";
    let head = "zoo linearizable latency-min=10ms latency-max=10ms batch=1 i-am-leader-check=20s";
    assert_eq!(first_violation(&format!("{head}\n{rest}")), None);
    let violation = first_violation(&format!("{head} adopts=any\n{rest}"));
    assert_eq!(violation.map(|violation| violation.id), Some("P4"));
}

/// L1 trusts in a lease, and is cut off; where leases do not bind, L2 is followed meanwhile, and writes.
#[test]
fn a_lease_that_binds_nobody_lets_a_deposed_leader_answer() {
    let rest = "run 600ms\nC1: put k=1 expect ok\nrun 100ms\ncut L1 A1 R1 | L2 L3 A2 A3 R2 R3\nfire CheckIAmLeader L2\nfire CheckIAmLeader L2\n\
                run 200ms\ncut P1 | L1\nC1: put k=2\nrun 4s\nheal P1 | L1\ncut P1 | L2 L3\nC2: get k\nrun 4s\n";
    let head = "zoo linearizable reads=lease lease=20s latency-min=20ms latency-max=20ms";
    let broken_in = |head: &str| {
        let schedule = Schedule::parse(&format!("{head}\n{rest}")).unwrap_or_else(|error| panic!("{error}"));
        let run = schedule.run(&mut ());
        assert_eq!(run.failure, None);
        first_breach(&run.recording, run.end, true).map(|found| found.breach.name())
    };
    assert_eq!(broken_in(head), None);
    assert_eq!(broken_in(&format!("{head} leases-bind=off")), Some("Linearizable"));
}

/// L1 is dead. L2 is cut off from all but the proxy, and goes on saying that L1 leads; L3 leads.
#[test]
fn a_proxy_finds_the_leader_past_one_who_does_not_know() {
    let text = "zoo linearizable latency-min=10ms latency-max=10ms\nrun 300ms\nC1: put a=1 expect ok\ncrash L1\n\
                cut L2 | L1 L3 A1 A2 A3 R1 R2 R3\nrun 5s\nC1: put k=v\nrun 8s\nexpect C1 ok\nC1: put k=w expect ok\n";
    assert_eq!(first_violation(text), None);
}

/// The lessons prove what they say with all invariants watched, too: those in which no rule is left out and no disk is lost break none.
#[test]
fn lessons_with_all_rules_break_no_invariant() {
    let lessons = [
        "one_round_trip",
        "duelling_proposers",
        "duelling_proposers_back_off",
        "chosen_value_survives",
        "free_to_choose",
        "a_hole",
        "acceptor_remembers",
        "minority_does_not_read",
        "deposed_leader_asks_first",
        "lease_is_kept",
        "exactly_once",
        "truncated_past_you",
    ];
    for name in lessons {
        let path = format!("{}/../lessons/{name}.kvs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a lesson");
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(play(&schedule, &mut ()).failure, None, "{name}");
        assert_eq!(first_violation(&text), None, "{name}");
    }
}

/// All replicas crash at once, and come back with what the engine has kept: its files hold the values, each under its key.
#[test]
fn what_a_replica_has_executed_comes_back_from_the_files_of_its_engine() {
    for (engine, files) in [("flat-file", "store.jsonl"), ("embedded", "wal-0")] {
        let text = format!(
            "zoo linearizable snapshot-engine={engine} checkpoint-frequency=1 latency-min=10ms latency-max=10ms\n\
             run 600ms\nC1: put k=v expect ok\nC1: put other=w expect ok\nrun 3s\ncrash R1\ncrash R2\ncrash R3\n"
        );
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let outcome = schedule.run(&mut ());
        let mut replay = Replay::new(&outcome.recording, &mut ());
        while replay.moment().time < outcome.end {
            replay.step(&outcome.recording, &mut ());
        }
        let world = replay.sim().world();
        let disks: Vec<_> =
            world.node_ids().map(|node| world.disk(node)).filter(|disk| disk.read(files).is_some()).collect();
        assert!(disks.len() >= 3, "{engine}: {} disks have {files}", disks.len());
        if engine == "flat-file" {
            let kept = String::from_utf8_lossy(disks[0].read(files).expect("it is there")).into_owned();
            assert!(kept.contains(r#""key":"k","value":"v""#), "{kept}");
        }
        let text =
            format!("{text}restart R1\nrestart R2\nrestart R3\nrun 2s\nC1: get k expect v\nC1: get other expect w\n");
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(schedule.run(&mut ()).failure, None, "{engine}");
    }
}
