//! Schedules of primaries and backups, event by event.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::{Budget, Judge, Judgement, Run, Verdict, is_stuck, play};
use kvs_core::process::NodeId;
use kvs_core::server::Node;
use kvs_core::sim::schedule::{Outcome, Schedule};
use kvs_core::sim::{Input, Replay};
use kvs_core::world::World;
use kvs_core::zoo::{Fault, Guarantee, catalog};

/// Runs a schedule that must come to its end.
fn run(text: &str) -> Outcome {
    let schedule = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let outcome = play(&schedule, &mut ());
    assert_eq!(outcome.failure, None, "{text}");
    outcome
}

/// The world at the end of a run.
fn world_of(outcome: &Outcome) -> World<Node> {
    let mut replay = Replay::new(&outcome.recording, &mut ());
    replay.advance_to(outcome.end, &outcome.recording, &mut ());
    replay.sim().world().clone()
}

/// The view service's view: its number, primary and backups, and whether it is in place.
fn view(world: &World<Node>) -> (u32, u32, Vec<u32>, bool) {
    let service = world.node_ids().find_map(|node| world.node(node).as_view_service().cloned()).expect("there is one");
    let primary = service.view().primary.expect("there is one").node.0;
    let backups = service.view().backups.iter().map(|backup| backup.node.0).collect();
    (service.view().number, primary, backups, service.acked())
}

/// A13: the view service cannot hear the primary, which asks its backup, and is refused.
#[test]
fn a_deposed_primary_is_refused_and_its_client_is_sent_on() {
    let outcome = run("zoo primary-backup\nC1: put k=1 expect ok\ncut VS | S1\nrun 2s\n\
                       C1: get k -> S1 expect 1\nexpect mark \"refused: it goes by an older view\" S2\n\
                       expect mark \"primary no longer: passes on who asks\" S1\nexpect linearizable holds\n");
    assert_eq!(view(&world_of(&outcome)), (2, 1, vec![2], true));
}

/// A13, with one more cut: nobody tells the old primary, and it answers nobody; naively, it answers what is no longer so.
#[test]
fn a_primary_that_hears_nobody_answers_nobody_unless_it_reads_from_memory() {
    for (reads, expected, verdict) in [("in-order", "unavailable", "holds"), ("local", "1", "broken")] {
        run(&format!(
            "zoo primary-backup primary-reads={reads}\nC1: put k=1 expect ok\ncut S1 C1 | S2 S3 VS C2\nrun 2s\n\
             C2: put k=2 expect ok\nC1: get k -> S1 expect {expected}\nexpect linearizable {verdict}\n"
        ));
    }
}

/// A14: a new server has the lowest number, and nothing else.
#[test]
fn who_is_named_primary_must_have_the_state() {
    for (transfer, expected, verdict) in [("on", "v", "holds"), ("off", "none", "broken")] {
        run(&format!(
            "zoo primary-backup views=external state-transfer={transfer}\nview all = S2 S3\nrun 200ms\n\
             C1: put k=v expect ok\nview 3: all = S1 S2 S3\nrun 500ms\nC1: get k expect {expected}\n\
             expect linearizable {verdict}\n"
        ));
    }
    // As long as nobody can give it the state, it does not lead; nor does anybody else.
    run("zoo primary-backup views=external\nview all = S2 S3\nrun 200ms\nC1: put k=v expect ok\n\
         isolate S1\nview all = S1 S2 S3\nC1: get k expect unavailable\n\
         expect mark \"named primary without the state: does not lead\" S1\nheal\nC1: get k expect v\n");
}

/// A15: one message to one backup is lost.
#[test]
fn a_number_is_used_up_only_by_an_operation_that_gets_everywhere() {
    for (resend, first, second) in [("until-acknowledged", "ok", "ok"), ("once", "unknown", "unknown")] {
        run(&format!(
            "zoo primary-backup backups=2 resend={resend}\ndrop next Fwd S1->S3\nC1: put a=1 expect {first}\n\
             C2: put b=1 expect {second}\n"
        ));
    }
}

/// Who hears of a view from a peer only, goes by it all the same.
#[test]
fn a_view_that_one_server_was_told_of_is_heard_of_by_the_others() {
    run("zoo primary-backup views=external replicas=3\nC1: put k=1 expect ok\nview all = S2 S3 -> S2\nrun 500ms\n\
         expect mark \"there is a newer view: asks for it first\" S3\nC1: put k=2 expect ok\nexpect S3 k = 2\n\
         expect S1 k = 1\nview all = S1 -> S1\nrun 500ms\nexpect S1 k = 2\nC2: get k expect 2\n\
         expect linearizable holds\n");
}

/// A backup that dies while it is given the state is left out, although the view was never in place.
#[test]
fn a_new_backup_that_dies_does_not_take_the_primary_with_it() {
    let outcome = run("zoo primary-backup replicas=3\nC1: put k=1 expect ok\nhold Xfer S1->S3\ncrash S2\nrun 2s\n\
                       crash S3\nrun 2s\nC1: put k=2 expect ok\nC2: get k expect 2\nexpect linearizable holds\n");
    let (number, primary, backups, acked) = view(&world_of(&outcome));
    assert_eq!((number, primary, backups.len(), acked), (3, 0, 0, true));
}

/// The view service crashes: its view is on its disk, and meanwhile nobody misses it.
#[test]
fn a_view_service_that_crashes_remembers_its_view() {
    let outcome = run("zoo primary-backup\ncrash S1\nrun 2s\ncrash VS\nC1: put k=1 expect ok\nrestart VS\nrun 2s\n\
                       C1: get k expect 1\nexpect linearizable holds\n");
    assert_eq!(view(&world_of(&outcome)).1, 1);
}

/// Standing still by design is told apart from standing still.
#[test]
fn who_is_stuck_by_design_has_lost_all_who_had_the_state() {
    for (journal, stuck) in [("off", true), ("on", false)] {
        let both_crash = format!(
            "zoo primary-backup journal={journal}\nC1: put k=1 expect ok\ncrash S1\ncrash S2\nrun 1s\nrestart S1\nrestart S2\nrun 2s\n"
        );
        let outcome = run(&both_crash);
        assert_eq!(is_stuck(&outcome.recording.architecture, &world_of(&outcome)), stuck, "journal={journal}");
        run(&format!("{both_crash}C1: get k expect {}\n", if stuck { "unavailable" } else { "1" }));
    }
    let one_crashes = run("zoo primary-backup\ncrash S1\nrun 2s\n");
    assert!(!is_stuck(&one_crashes.recording.architecture, &world_of(&one_crashes)));
}

/// A crash of the only one who has the state loses it, and ends that promise; two crashes that leave somebody end nothing.
#[test]
fn durability_ends_when_all_have_crashed_who_had_the_state() {
    let durable = |text: &str| -> Judgement {
        let outcome = run(text);
        let (recording, world) = (&outcome.recording, world_of(&outcome));
        let (history, inputs) = (&outcome.history, recording.inputs());
        let run = Run::new(&recording.architecture, &world, history, history.events().len(), inputs);
        let judgements = Judge::new(&recording.architecture).judge(&run, Budget::PATIENT);
        judgements.into_iter().find(|judgement| judgement.guarantee == Guarantee::Durability).expect("it is judged")
    };
    for form in ["primary-backup", "chain"] {
        let alone = format!(
            "zoo primary-backup form={form} views=external\nview all = S1\nrun 500ms\nC1: put k=1 expect ok\ncrash S1\n\
             restart S1\nview all = S1 S2 S3\nrun 60s\n"
        );
        let lost = durable(&alone);
        assert_eq!(lost.ended_by, [Fault::LostMemory].into(), "{form}");
        let left_out = format!(
            "zoo primary-backup form={form} replicas=2\ncut VS | S2\nrun 2s\nC1: put k=1 expect ok\ncrash S1\n\
             restart S1\nheal\nrun 60s\n"
        );
        let lost_as_well = durable(&left_out);
        assert_eq!(lost_as_well.ended_by, [Fault::LostMemory].into(), "{form}");
        assert!(lost.verdict.is_broken() && lost_as_well.verdict.is_broken(), "{form}");
        let one_by_one = format!(
            "zoo primary-backup form={form}\nC1: put k=1 expect ok\ncrash S1\nrun 2s\nrestart S1\nrun 2s\ncrash S2\n\
             run 2s\nrestart S2\nrun 60s\n"
        );
        let kept = durable(&one_by_one);
        assert_eq!((kept.ended_by.len(), kept.verdict), (0, Verdict::Holds), "{form}");
    }
}

/// A late copy of the state does not take back what was applied since.
#[test]
fn the_state_is_installed_once() {
    run("zoo primary-backup\nhold Xfer S1->S3\ncrash S2\nrun 2s\nrelease Xfer S1->S3 #1\nrun 300ms\n\
         C1: put k=1 expect ok\nexpect S3 k = 1\nrelease Xfer S1->S3\nrun 300ms\nexpect S3 k = 1\n");
}

/// Section 3 of the paper on chains: head, middle and tail fail, and a new server comes at the end.
#[test]
fn a_chain_outlives_each_of_its_servers() {
    for (gone, chain) in [("S1", [1, 2]), ("S2", [0, 2]), ("S3", [0, 1])] {
        let outcome = run(&format!(
            "zoo primary-backup form=chain backups=2\nC1: put k=1 expect ok\ncrash {gone}\nC1: put k=2 expect ok\n\
             C2: get k expect 2\nrun 2s\nexpect agree\nexpect linearizable holds\n"
        ));
        let (_, head, others, acked) = view(&world_of(&outcome));
        assert_eq!((head, &others[..], acked), (chain[0], &chain[1..], true), "without {gone}");
    }
    let outcome = run("zoo primary-backup form=chain backups=2\nC1: put k=1 expect ok\ncrash S1\nrun 2s\nrestart S1\n\
                       run 2s\nexpect S1 k = 1\nC1: put k=2 expect ok\nexpect S1 k = 2\nexpect agree\n");
    assert_eq!(view(&world_of(&outcome)), (3, 1, vec![2, 0], true));
}

/// Messages between servers of a chain are lost one by one: all are said again.
#[test]
fn a_chain_says_again_what_is_lost() {
    for lost in ["Fwd S1->S2", "Fwd S2->S3", "FwdAck S3->S2", "FwdAck S2->S1", "Response S3->C1"] {
        run(&format!(
            "zoo primary-backup form=chain backups=2\ndrop next {lost}\nC1: put k=1 expect ok\nrun 500ms\n\
             expect S3 k = 1\nC2: get k expect 1\nexpect linearizable holds\n"
        ));
    }
}

/// A head that repeats an answer before the tail has it would tell what may never have been.
#[test]
fn a_head_does_not_repeat_what_has_not_come_to_the_tail() {
    run("zoo primary-backup form=chain backups=2 retry-after=100ms\nhold Fwd S1->S2\nC1: put k=1\nrun 400ms\n\
         expect C1 pending\nexpect S1 k = 1\nheal\nrelease Fwd S1->S2\nrun 1s\nexpect C1 ok\n");
}

/// The tail reads alone only while it has a lease; without one it sends whoever asks to the head.
#[test]
fn a_tail_with_a_lease_reads_alone_until_it_ends() {
    for (lease, expected) in [("5s", "old"), ("1s", "unavailable")] {
        run(&format!(
            "zoo primary-backup form=chain backups=2 primary-reads=lease lease={lease}\nrun 1s\nC1: put k=old expect ok\n\
             cut S3 C1 | S1 S2 VS C2\nrun 2s\nC1: get k -> S3 expect {expected}\nexpect linearizable holds\n"
        ));
    }
}

/// Somebody outside hears nobody, and so can promise nothing.
#[test]
fn leases_need_a_view_service() {
    let mut architecture = catalog::exhibit("primary-backup").expect("it is there").architecture();
    architecture.set("primary-reads", "lease").expect("it makes sense");
    assert_eq!(architecture.validate(), Ok(()));
    architecture.set("views", "external").expect("it makes sense");
    assert!(architecture.validate().is_err());
}

/// Two servers and more are needed, and no more than a reader can follow.
#[test]
fn few_servers_make_a_primary_and_backups() {
    let mut architecture = catalog::exhibit("primary-backup").expect("it is there").architecture();
    for (replicas, servers) in [("2", 3), ("5", 6)] {
        architecture.set("replicas", replicas).expect("it makes sense");
        assert_eq!((architecture.servers, architecture.validate()), (servers, Ok(())));
    }
    architecture.set("views", "external").expect("it makes sense");
    assert_eq!((architecture.servers, architecture.view_service()), (5, None));
    architecture.set("replicas", "6").expect("it is a number");
    assert!(architecture.validate().is_err());
}

/// A view from outside reads, prints and travels as those of shards do.
#[test]
fn views_from_outside_come_back_from_their_text() {
    let outcome = run("zoo primary-backup views=external\nview 2: all = S2 S3 -> S2\nleave S2\njoin S1 S2\n");
    let again = run(&Schedule::from_recording(&outcome.recording).to_string());
    assert_eq!(again.recording, outcome.recording);
    let epochs = outcome.recording.inputs().iter().filter_map(|(_, input)| match input {
        Input::View { view, .. } => Some((view.epoch, view.nodes().collect::<Vec<NodeId>>())),
        _ => None,
    });
    let nodes = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
    assert_eq!(epochs.collect::<Vec<_>>(), [(2, nodes(&[1, 2])), (3, nodes(&[2])), (4, nodes(&[0, 1, 2]))]);
    // A view service takes no orders.
    let refused = Schedule::parse("zoo primary-backup\njoin S1\n").expect("it reads").run(&mut ());
    assert!(refused.failure.is_some());
}
