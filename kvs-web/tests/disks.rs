//! What the page says of disks, of power cuts, and of what clerks think: the models, without a browser.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::disk::{Disk, Honesty};
use kvs_core::process::NodeId;
use kvs_core::sim::Input;
use kvs_core::sim::schedule::Schedule;
use kvs_core::storage::journal::Journal;
use kvs_core::zoo::catalog;
use kvs_web::clerk::thoughts;
use kvs_web::command::Command;
use kvs_web::compare::StormLink;
use kvs_web::platter::{File, Part, Place, Platter, size, unsynced};
use kvs_web::player::Player;
use kvs_web::plug::{Aftermath, aftermath};
use kvs_web::stage::scene::held_by;

/// A schedule at its end.
fn player(text: &str) -> Player {
    let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{error}")).run(&mut ());
    assert_eq!(outcome.failure, None);
    let mut player = Player::new(outcome.recording.clone());
    let _changes = player.apply(Command::Seek(outcome.end)).expect("a seek");
    player
}

// ---- what is on a disk

fn places(file: &File) -> Vec<(Place, Vec<String>)> {
    let lines = |part: &Part| part.rows.iter().flat_map(|row| row.lines.clone()).collect();
    file.parts.iter().map(|part| (part.place, lines(part))).collect()
}

fn synced(disk: &mut Disk) {
    disk.reach_medium(disk.last_write());
}

#[test]
fn what_was_added_and_not_synced_stands_apart_from_what_was() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"one\ntwo\n");
    synced(&mut disk);
    assert_eq!(unsynced(&disk), None);
    disk.append("store", b"three\n");
    let platter = Platter::of(&disk);
    assert_eq!(
        places(&platter.files[0]),
        [(Place::Synced, vec!["one".into(), "two".into()]), (Place::Unsynced, vec!["three".into()])]
    );
    assert_eq!(platter.waiting, ["add 6 B to store"]);
    assert_eq!(unsynced(&disk), Some("6 B unsynced".into()));
    assert!(!platter.lies);
}

#[test]
fn a_file_that_takes_the_place_of_another_shows_both_until_its_name_is_synced() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old\n");
    synced(&mut disk);
    disk.append("new", b"newer\n");
    disk.rename("new", "store");
    let platter = Platter::of(&disk);
    let [store] = platter.files.as_slice() else { panic!("{platter:?}") };
    assert_eq!(places(store), [(Place::Unsynced, vec!["newer".into()]), (Place::Old, vec!["old".into()])]);
    assert_eq!(platter.waiting, ["add 6 B to new", "give new the name store"]);
    synced(&mut disk);
    assert_eq!(places(&Platter::of(&disk).files[0]), [(Place::Synced, vec!["newer".into()])]);
}

#[test]
fn names_that_the_platter_does_not_know_and_names_that_only_it_knows_say_so() {
    let mut disk = Disk::new(Honesty::Lying);
    disk.append("gone", b"x");
    synced(&mut disk);
    disk.remove("gone");
    assert_eq!(unsynced(&disk), Some("1 change unsynced".into()));
    disk.truncate("fresh");
    let platter = Platter::of(&disk);
    assert!(platter.lies);
    let [fresh, gone] = platter.files.as_slice() else { panic!("{platter:?}") };
    assert_eq!(fresh.name_state, Some("the platter does not know this name yet"));
    assert_eq!(fresh.parts[0].rows[0].head, "empty");
    assert_eq!((gone.parts[0].place, gone.bytes), (Place::Old, 0));
    assert_eq!(platter.waiting, ["remove gone", "empty fresh"]);
}

#[test]
fn records_are_counted_and_what_is_torn_is_no_record() {
    let mut disk = Disk::new(Honesty::Honest);
    let mut journal = Journal::<u32, String>::default();
    journal.checkpoint(&mut disk, &7);
    journal.append(&mut disk, &"hello".into());
    synced(&mut disk);
    disk.append("journal-1", b"torn");
    let platter = Platter::of(&disk);
    let [synced, unsynced] = platter.files[0].parts.as_slice() else { panic!("{platter:?}") };
    let heads: Vec<&str> = synced.rows.iter().map(|row| row.head.as_str()).collect();
    assert_eq!(heads, ["a record of 17 B, with a sum", "a record of 22 B, with a sum"]);
    assert_eq!(synced.rows[1].lines, ["05 68 65 6c 6c 6f        ·hello"]);
    assert_eq!(unsynced.rows[0].head, "4 B that are no whole record");
}

#[test]
fn of_a_long_file_the_newest_rows_are_shown() {
    let mut disk = Disk::new(Honesty::Honest);
    (0..20).for_each(|line| disk.append("log", format!("{line}\n").as_bytes()));
    let platter = Platter::of(&disk);
    let part = &platter.files[0].parts[0];
    assert_eq!((part.earlier, part.rows.len(), part.rows[7].lines[0].as_str()), (12, 8, "19"));
    assert_eq!((platter.waiting.len(), platter.more_waiting), (6, 14));
    assert_eq!((size(999), size(1_234)), ("999 B".into(), "1.2 kB".into()));
}

// ---- what a power cut leaves

fn forecast(player: &Player) -> Option<Aftermath> {
    aftermath(player.world(), player.architecture(), player.names(), player.history(), NodeId(0))
}

const IN_PLACE: &str = "zoo versioned engine=flat-file flat-file=rewrite-in-place crash-fate=dropped write-back=10s\n\
                        C1: put x=a @0 expect ok @1";

#[test]
fn what_a_client_was_told_is_lost_when_nothing_was_synced() {
    let before = player(IN_PLACE);
    let forecast = forecast(&before).expect("it is up");
    assert_eq!(forecast.lost, ["x = a @1 (C1 was told that it is done)"]);
    assert_eq!(forecast.files, ["store.jsonl is gone"]);
    assert_eq!(
        forecast.sentences(false),
        ["Lost: x = a @1 (C1 was told that it is done).", "Files: store.jsonl is gone."]
    );
    assert_eq!(forecast.sentences(true), forecast.sentences(false));
    assert_eq!(forecast.gist(), "Lost: x = a @1 (C1 was told that it is done).");
}

#[test]
fn the_last_crash_is_told_as_it_was_foretold_and_the_world_keeps_to_it() {
    for fate in ["dropped", "kept", "torn", "reordered"] {
        for mode in ["rewrite-in-place", "append", "atomic-replace"] {
            let text = format!(
                "zoo versioned engine=flat-file flat-file={mode} crash-fate={fate} write-back=10s\n\
                 C1: put x=a @0 expect ok @1\nC2: put y=b @0\nrun 61ms"
            );
            let forecast = forecast(&player(&text)).expect("it is up");
            let after = player(&format!("{text}\ncrash S1\nrun 1ms\nrestart S1"));
            let (_, world) = after.before_last_crash(NodeId(0)).expect("it has crashed");
            let told = aftermath(&world, after.architecture(), after.names(), after.history(), NodeId(0));
            assert_eq!(told.as_ref(), Some(&forecast), "{mode}, {fate}");
            let mut held = after.world().node(NodeId(0)).as_server().map(held_by).expect("a server");
            let mut foretold: Vec<String> = forecast.kept.into_iter().chain(forecast.back).collect();
            held.sort();
            foretold.sort();
            assert_eq!(held, foretold, "{mode}, {fate}");
        }
    }
}

#[test]
fn what_is_synced_is_kept_and_answers_that_wait_never_leave() {
    let calm = player("zoo versioned engine=flat-file flat-file=append\nC1: put x=a @0 expect ok @1");
    let forecast_calm = forecast(&calm).expect("it is up");
    assert!(forecast_calm.is_harmless());
    assert_eq!(
        (forecast_calm.kept.as_slice(), forecast_calm.gist().as_str()),
        (&["x = a @1".into()][..], "Nothing would be lost.")
    );
    assert_eq!(
        forecast_calm.sentences(false),
        ["Kept: x = a @1.", "All that is written is on the platter, and would still be there."]
    );
    let text = "zoo versioned engine=flat-file flat-file=append latency-min=20ms latency-max=20ms\n\
                C1: put x=a @0 expect ok @1\nC1: put x=b @1\nrun 22ms";
    let busy = forecast(&player(text)).expect("it is up");
    assert_eq!((busy.unsent, busy.lost, busy.back), (1, vec!["x = b @2".into()], vec!["x = a @1".into()]));
    assert!(busy.files[0].starts_with("store.jsonl loses its last "), "{:?}", busy.files);
}

#[test]
fn in_memory_everything_is_lost_and_a_node_that_is_down_has_nothing_to_lose() {
    let memory = player("zoo versioned\nC1: put x=a @0 expect ok @1");
    let lost = forecast(&memory).expect("it is up").lost;
    assert_eq!(lost, ["x = a @1 (C1 was told that it is done)"]);
    assert_eq!(forecast(&player("zoo versioned\ncrash S1")), None);
    assert_eq!(
        forecast(&player("zoo versioned")).expect("it is up").sentences(false),
        ["It holds nothing that could be lost."]
    );
}

#[test]
fn of_a_log_that_others_share_only_files_are_told() {
    let player = player("zoo raft\nfire Election S1\nrun 300ms\nput x=1 expect ok\nrun 100ms");
    let forecast = forecast(&player).expect("it is up");
    assert_eq!((forecast.kept.len(), forecast.lost.len()), (0, 0));
    assert!(forecast.whole_files > 0 || !forecast.files.is_empty(), "{forecast:?}");
}

#[test]
fn one_storm_over_the_three_engines_and_only_memory_forgets() {
    let versioned = catalog::exhibit("versioned").expect("it is in the zoo").architecture();
    let link = StormLink::engines(&versioned).expect("it has engines");
    assert_eq!(StormLink::decode(&link.encode()), Ok(link.clone()));
    let runs = link.runs();
    let inputs = |place: usize| runs[place].1.inputs();
    assert!(inputs(0) == inputs(1) && inputs(1) == inputs(2), "the same requests and faults");
    let crash = inputs(0).iter().find(|(_, input)| matches!(input, Input::Restart(_)));
    let (moment, _) = crash.expect("it starts again after the power failed");
    let held = |place: usize| {
        let player = Player::at(runs[place].1.clone(), moment.time);
        let server = player.world().node(NodeId(0));
        server.as_server().map(held_by).expect("a server")
    };
    assert_eq!(held(0), Vec::<String>::new(), "memory has forgotten");
    assert!(!held(1).is_empty());
    assert_eq!(held(1), held(2));
    assert_eq!(StormLink::engines(&catalog::exhibit("raft").expect("it is in the zoo").architecture()), None);
}

// ---- what a clerk thinks

/// What the client of the last operation thinks at the end of a schedule.
fn thought(text: &str) -> Option<String> {
    let player = player(text);
    let operation = player.history().operations().last().expect("an operation").clone();
    thoughts(&player, &operation)
}

fn assert_thinks(text: &str, beginning: &str) {
    let thought = thought(text).unwrap_or_else(|| panic!("it thinks nothing: {text}"));
    assert!(thought.starts_with(beginning), "{thought}");
}

#[test]
fn who_waits_for_the_first_answer_thinks_nothing_yet_and_who_asks_again_does() {
    assert_eq!(thought("zoo versioned\nput x=a @0"), None);
    assert_eq!(thought("zoo versioned\nput x=a @0 expect ok"), None);
    let lost = "zoo versioned\nhold Response S1->C1\nput x=a @0\nrun 350ms";
    assert_thinks(lost, "No answer. My first copy may have arrived, or it may be lost");
    assert_thinks("zoo versioned\nhold Response S1->C1\nget x\nrun 350ms", "No answer. A read changes nothing");
}

#[test]
fn what_never_left_cannot_have_been_done() {
    let begun = "zoo versioned request-loss=100%\nput x=a @0\n";
    assert_thinks(begun, "I dropped this request myself");
    assert_thinks(&format!("{begun}run 350ms"), "I have tried twice and dropped every copy before it left. Nothing");
    assert_thinks(&format!("{begun}run 60s"), "I have tried ");
    assert!(thought(&format!("{begun}run 60s")).is_some_and(|thought| thought.ends_with("certainly not done.")));
}

#[test]
fn each_conclusion_of_a_put_has_its_reason() {
    let maybe = "zoo versioned\ndrop next Response S1->C1\nput x=a @0 expect unknown-closed";
    assert_thinks(maybe, "My first copy may have arrived: there is such a key by now. I cannot tell");
    let second = "zoo versioned\nput x=a @0 expect ok\ndrop next Response S1->C1\nput x=b @1 expect unknown-closed";
    assert_thinks(second, "My first copy may have arrived: the version I asked for, @1, is past.");
    let refused = "zoo versioned\nput x=a @0 expect ok\nput x=b @0 expect refused";
    assert_thinks(refused, "I am refused, since there is such a key by now; and this was the only copy");
    assert_thinks("zoo versioned\nput x=a @3 expect refused", "There is no such key, and this was the only copy");
    let silence = "zoo versioned reply-loss=100%\nput x=a @0 expect unknown";
    assert_thinks(silence, "I have asked ");
    let copies = "zoo versioned assume-no-dup=off\nput x=a @0 expect ok\nput x=b @0 expect unknown-closed";
    assert_thinks(copies, "The network may have made a copy");
    let life = "zoo versioned engine=flat-file\nput x=a @0 expect ok\nhold Request C1->S1\nput x=b @0\n\
                crash S1\nrestart S1\nrelease Request C1->S1\nrun 90ms";
    assert_thinks(life, "The server has started anew since I began.");
    let liar = "zoo versioned recovery=false-recovery\ndrop next Response S1->C1\nput x=a @0 expect ok";
    assert_thinks(liar, "I have asked before, and there is such a key by now: I take that for my own work");
}

#[test]
fn what_another_session_has_marked_under_the_same_number_is_not_taken_for_this_ones() {
    // The first operation is given up: a new session begins at number 1 again, at that very instant.
    let text = "zoo versioned reply-loss=100% drop-reads=off\nput x=a @0\nget y\nrun 60s";
    assert_eq!(thought(text), None);
}
