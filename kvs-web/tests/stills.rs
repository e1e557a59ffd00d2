//! Every exhibit at a few instants, as a picture: compared with the one that somebody has looked at.
//!
//! `KVS_BLESS=1 cargo test -p kvs-web --test stills` rewrites them. Look at them before you commit them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::fs;
use std::path::Path;

use kvs_core::sim::schedule::Schedule;
use kvs_web::command::Command;
use kvs_web::player::Player;
use kvs_web::stage::to_svg_string;

const STILLS: [(&str, &str); 13] = [
    ("local_fresh", "zoo local"),
    ("local_asking", "zoo local\nput x=1\nC2: get x\nrun 30ms"),
    ("replicated_spreading", "zoo replicated\nput x=1 expect ok\nC2: put x=2 expect ok\nrun 530ms"),
    (
        "replicated_cut_and_down",
        "zoo replicated\nput x=1 expect ok\ncut R1 | R2\ncut R2 -> R3\ncrash R3\nhold *->*\nget x\nrun 200ms",
    ),
    ("sharded_handing_over", "zoo sharded\nfill 12\nrun 1s\nhold Handoff\njoin S4\nrun 30ms"),
    ("sharded_replicated", "zoo sharded-replicated\nput x=1 expect ok\nC2: put y=2 expect ok\nrun 600ms"),
    ("sharded_causal_waiting", "zoo sharded-causal\ncut B1 | B2\nput x=1 -> B1 expect ok\nget x -> B2\nrun 100ms"),
    (
        "versioned_unknown",
        "zoo versioned\nput y=7 @0 expect ok\ndrop next Response S1->C1\nput x=1 @0 expect unknown-closed\nC2: get x expect 1\nput x=2 @1\nrun 15ms",
    ),
    (
        "versioned_unsynced",
        "zoo versioned engine=flat-file flat-file=rewrite-in-place write-back=10s\nput x=1 @0 expect ok\nput x=2 @1\nrun 60ms",
    ),
    (
        "raft_learner",
        "zoo raft spares=2\nfire Election S1\nrun 300ms\nput x=1 expect ok\nhold AppendReply S4->S1\njoin S4\nrun 130ms",
    ),
    ("replicated_many", "zoo replicated replicas=12 clients=3 fanout=3\ntraffic every 100ms\nrun 900ms"),
    ("chain", "zoo primary-backup form=chain backups=2\nput x=1 expect ok\nrun 100ms\nput x=2\nrun 70ms"),
    (
        "vr_changing",
        "zoo vr\nput x=1 expect ok\nrun 200ms\ncut S1 | S2\nput x=2\nrun 60ms\nfire ViewChange S2\nrun 30ms",
    ),
];

#[test]
fn pictures_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stills");
    let is_blessing = std::env::var_os("KVS_BLESS").is_some();
    for (name, text) in STILLS {
        let outcome = Schedule::parse(text).unwrap_or_else(|error| panic!("{name}: {error}")).run(&mut ());
        assert_eq!(outcome.failure, None, "{name}");
        let mut player = Player::new(outcome.recording.clone());
        let _changes = player.apply(Command::Seek(outcome.end)).expect("a seek");
        // One element a line, so that a difference can be read.
        let picture = to_svg_string(&player, 850.0, 500.0).replace("><", ">\n<") + "\n";
        let file = folder.join(format!("{name}.svg"));
        if is_blessing {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&file, &picture).expect("it is written");
        }
        let known =
            fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name}: no picture yet; KVS_BLESS=1 makes one"));
        assert!(known == picture, "{name} looks different from {}", file.display());
    }
}
