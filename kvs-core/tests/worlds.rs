//! Thousands of random worlds in which every safety option is on: nothing may be broken.
//!
//! `KVS_WORLDS=100000 cargo test --release -p kvs-core --test worlds` lives more of them, `KVS_SEED=…` others.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod rig;

use kvs_core::zoo::Animal;
use rig::{Mix, Sights, live, report};

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// How many worlds of each animal are lived if nobody says.
const WORLDS: u64 = 2_000;

fn live_many(animal: Animal) -> Sights {
    live_many_with(animal, &[])
}

/// Likewise, with some options as they are said here.
fn live_many_with(animal: Animal, fixed: &[(&str, &str)]) -> Sights {
    let (worlds, first) = (number("KVS_WORLDS", WORLDS), number("KVS_SEED", 1));
    let mut sights = Sights::default();
    for seed in first..first + worlds {
        // Without crashes more is promised: no acknowledged write may be missing in the end.
        let mix = if seed.is_multiple_of(4) { Mix::NoCrashes } else { Mix::Everything };
        if let Err(broken) = live(animal, seed, fixed, mix, &mut sights) {
            panic!("{animal:?} {fixed:?}, KVS_SEED={seed} KVS_WORLDS=1: {}", report(&broken));
        }
    }
    sights
}

/// Worlds in which nothing happens prove nothing. (A few of them, lived again to look at, need not show everything.)
fn assert_seen(sights: &Sights, marks: &[kvs_core::process::Mark]) {
    if number("KVS_WORLDS", WORLDS) < WORLDS {
        return;
    }
    for mark in marks {
        assert!(sights.marks.contains(mark.0), "no world has seen: {}", mark.0);
    }
    for loss in ["Random", "Cut", "Down", "Dropped"] {
        assert!(sights.losses.contains(loss), "no message was lost by: {loss}");
    }
}

#[test]
fn local_keeps_its_invariants() {
    use kvs_core::server::{GAVE_UP, OUTDATED, RECOVERED, REPEATED, RETRIED};
    assert_seen(&live_many(Animal::Local), &[REPEATED, OUTDATED, RECOVERED, RETRIED, GAVE_UP]);
}

#[test]
fn replicated_keeps_its_invariants() {
    use kvs_core::replication::gossip::{COOLED, DIFFERENCE_FOUND};
    use kvs_core::server::{GAVE_UP, REPEATED, RETRIED};
    let sights = live_many(Animal::Replicated);
    assert_seen(&sights, &[COOLED, DIFFERENCE_FOUND, REPEATED, RETRIED, GAVE_UP]);
    assert!(sights.siblings || number("KVS_WORLDS", WORLDS) < WORLDS, "no read has seen siblings");
}

#[test]
fn sharded_keeps_its_invariants() {
    use kvs_core::server::sharding::{COMING, FORWARDED, HANDED_OVER, INSTALLED, WRONG_SHARD};
    use kvs_core::server::{RECOVERED, REPEATED, REROUTED};
    let marks = [COMING, FORWARDED, HANDED_OVER, INSTALLED, WRONG_SHARD, RECOVERED, REPEATED, REROUTED];
    assert_seen(&live_many(Animal::Sharded), &marks);
}

#[test]
fn sharded_and_replicated_keeps_its_invariants() {
    use kvs_core::replication::gossip::DIFFERENCE_FOUND;
    use kvs_core::server::sharding::{COMING, FORWARDED, HANDED_OVER, INSTALLED, STRAY, WRONG_SHARD};
    let marks = [DIFFERENCE_FOUND, COMING, FORWARDED, HANDED_OVER, INSTALLED, STRAY, WRONG_SHARD];
    assert_seen(&live_many(Animal::ShardedReplicated), &marks);
}

#[test]
fn sharded_causal_keeps_its_invariants() {
    use kvs_core::server::PARKED;
    use kvs_core::server::sharding::{COMING, FORWARDED, HANDED_OVER, INSTALLED, STRAY, WRONG_SHARD};
    let marks = [PARKED, COMING, FORWARDED, HANDED_OVER, INSTALLED, STRAY, WRONG_SHARD];
    assert_seen(&live_many(Animal::ShardedCausal), &marks);
}

#[test]
fn raft_keeps_its_invariants() {
    use kvs_core::ordering::raft::{
        ALREADY_THERE, CATCHES_UP, COMPACTED, DEPOSED, ELECTED, INSTALLED, JOINS, LEADER_HEARD, LEAVES, MISSING,
        NOT_YET_COMMITTED, OLD_TERM, OUTDATED_LOG, OVERWRITTEN, READ_WAITS, REFUSED_VOTE, RETIRED,
    };
    use kvs_core::server::{REDIRECTED, REPEATED};
    let votes = [ELECTED, NOT_YET_COMMITTED, DEPOSED, REFUSED_VOTE, OUTDATED_LOG, LEADER_HEARD, OLD_TERM];
    let entries = [MISSING, OVERWRITTEN, COMPACTED, INSTALLED, READ_WAITS, ALREADY_THERE, REPEATED, REDIRECTED];
    let members = [JOINS, CATCHES_UP, LEAVES, RETIRED];
    assert_seen(&live_many(Animal::Raft), &[&votes[..], &entries[..], &members[..]].concat());
}

#[test]
fn smr_keeps_its_invariants() {
    use kvs_core::ordering::rabia::{
        ADOPTED, ASKED, CAUGHT_UP, COMPACTED, FORFEITED, PUSHED_BACK, RESUMED, STRAGGLER_TOLD, TOSSED,
    };
    use kvs_core::server::{REPEATED, RETRIED};
    let marks = [
        ADOPTED,
        ASKED,
        CAUGHT_UP,
        COMPACTED,
        FORFEITED,
        PUSHED_BACK,
        RESUMED,
        STRAGGLER_TOLD,
        TOSSED,
        REPEATED,
        RETRIED,
    ];
    assert_seen(&live_many(Animal::Smr), &marks);
}

#[test]
fn primary_backup_keeps_its_invariants() {
    use kvs_core::replication::primary_backup::{
        BEHIND, DEPOSED, ENTERED, GAP, IN_PLACE, INSTALLED, REFUSED, REPEATED, STUCK, VIEW_CHANGED, WITHOUT_STATE,
    };
    let marks =
        [BEHIND, DEPOSED, ENTERED, GAP, IN_PLACE, INSTALLED, REFUSED, REPEATED, STUCK, VIEW_CHANGED, WITHOUT_STATE];
    assert_seen(&live_many(Animal::PrimaryBackup), &marks);
}

#[test]
fn primary_backup_in_a_chain_keeps_its_invariants() {
    use kvs_core::replication::primary_backup::{
        BEHIND, ENTERED, FINISHED, GAP, IN_PLACE, INSTALLED, REFUSED, REPEATED, STUCK, VIEW_CHANGED, WITHOUT_STATE,
    };
    let marks =
        [BEHIND, ENTERED, FINISHED, GAP, IN_PLACE, INSTALLED, REFUSED, REPEATED, STUCK, VIEW_CHANGED, WITHOUT_STATE];
    assert_seen(&live_many_with(Animal::PrimaryBackup, &[("form", "chain")]), &marks);
}

#[test]
fn primary_backup_with_leases_keeps_its_invariants() {
    use kvs_core::replication::primary_backup::{LEASED, NO_LEASE};
    for form in ["primary-backup", "chain"] {
        let fixed = [("views", "service"), ("form", form), ("primary-reads", "lease")];
        assert_seen(&live_many_with(Animal::PrimaryBackup, &fixed), &[LEASED, NO_LEASE]);
    }
}

#[test]
fn vr_keeps_its_invariants() {
    use kvs_core::ordering::vr::{
        ALREADY_THERE, BEHIND, CALLED, ENTERED, GAP, OLD_VIEW, RECOVERED, RECOVERING, STARTED,
    };
    let marks = [ALREADY_THERE, BEHIND, CALLED, ENTERED, GAP, OLD_VIEW, RECOVERED, RECOVERING, STARTED];
    assert_seen(&live_many(Animal::Vr), &marks);
}

#[test]
fn linearizable_keeps_its_invariants() {
    use kvs_core::ordering::paxos::{
        ASKED, BEHIND, CAUGHT_UP, CHECKPOINT, FILLED, LEADS, LEASED, NO_LEASE, QUEUED, STALE_BALLOT, STALE_VOTE,
        STEPPED_DOWN,
    };
    let sights = live_many(Animal::Linearizable);
    assert_seen(&sights, &[ASKED, BEHIND, CAUGHT_UP, CHECKPOINT, FILLED, LEADS]);
    assert_seen(&sights, &[LEASED, NO_LEASE, QUEUED, STALE_BALLOT, STALE_VOTE, STEPPED_DOWN]);
}

#[test]
fn versioned_keeps_its_invariants() {
    use kvs_core::server::{
        ANSWER_DROPPED, COPIES_POSSIBLE, COPY_DROPPED, FIRST_COPY, GAVE_UP, IN_ANOTHER_LIFE, MAY_HAVE_ARRIVED,
        MAY_STILL_ARRIVE, NEVER_LEFT, NEVER_THERE, RECOVERED, RETRIED,
    };
    let sent = [NEVER_LEFT, ANSWER_DROPPED, COPY_DROPPED, RETRIED, GAVE_UP, RECOVERED];
    let concluded = [COPIES_POSSIBLE, FIRST_COPY, IN_ANOTHER_LIFE, MAY_HAVE_ARRIVED, MAY_STILL_ARRIVE, NEVER_THERE];
    assert_seen(&live_many(Animal::Versioned), &[&sent[..], &concluded[..]].concat());
}

/// Fewer worlds of those whose disks write in any order that they may: a crash leaves any of what was not synced.
#[test]
fn disks_that_reorder_break_no_journal() {
    let (worlds, first) = (number("KVS_WORLDS", WORLDS).div_ceil(10), number("KVS_SEED", 1));
    for animal in [Animal::Local, Animal::Raft, Animal::Smr, Animal::PrimaryBackup, Animal::Linearizable] {
        for seed in first..first + worlds {
            let fixed = [("crash-fate", "reordered")];
            if let Err(broken) = live(animal, seed, &fixed, Mix::Everything, &mut Sights::default()) {
                panic!("{animal:?}, seed {seed}: {}", report(&broken));
            }
        }
    }
}

/// Nor any engine: an answer waits for what the engine has synced, and for nothing else.
#[test]
fn disks_that_reorder_break_no_engine() {
    let (worlds, first) = (number("KVS_WORLDS", WORLDS).div_ceil(5), number("KVS_SEED", 1));
    let flat_file = |mode| [("engine", "flat-file"), ("flat-file", mode), ("crash-fate", "reordered")];
    let embedded = [("engine", "embedded"), ("log-sync", "on"), ("crash-fate", "reordered")];
    for fixed in [flat_file("atomic-replace"), flat_file("append"), embedded] {
        for seed in first..first + worlds {
            if let Err(broken) = live(Animal::Versioned, seed, &fixed, Mix::Everything, &mut Sights::default()) {
                panic!("{fixed:?}, seed {seed}: {}", report(&broken));
            }
        }
    }
}

/// Whatever servers keep the values of their snapshots in, and whatever a crash leaves of what was not synced: nothing is lost.
fn every_engine_serves_under(animal: Animal, engines: &[&str], usual: &[(&str, &str)]) -> Sights {
    let (worlds, first) = (number("KVS_WORLDS", WORLDS).div_ceil(10), number("KVS_SEED", 1));
    let mut sights = Sights::default();
    for engine in engines {
        for fate in ["dropped", "torn", "reordered"] {
            let fixed = [usual, &[("snapshot-engine", *engine), ("crash-fate", fate)]].concat();
            for seed in first..first + worlds {
                if let Err(broken) = live(animal, seed, &fixed, Mix::Everything, &mut sights) {
                    panic!("{animal:?}, {engine}, {fate}, seed {seed}: {}", report(&broken));
                }
            }
        }
    }
    sights
}

const ON_DISK: [&str; 2] = ["flat-file", "embedded"];

#[test]
fn every_engine_serves_under_multi_paxos() {
    use kvs_core::ordering::paxos::{CAUGHT_UP, CHECKPOINT};
    let usual = [("checkpoint-frequency", "2")];
    let sights = every_engine_serves_under(Animal::Linearizable, &["memory", "flat-file", "embedded"], &usual);
    assert_seen(&sights, &[CAUGHT_UP, CHECKPOINT]);
}

#[test]
fn every_engine_serves_under_raft() {
    use kvs_core::ordering::raft::{COMPACTED, INSTALLED};
    let sights = every_engine_serves_under(Animal::Raft, &ON_DISK, &[("snapshot-every", "2")]);
    assert_seen(&sights, &[COMPACTED, INSTALLED]);
}

#[test]
fn every_engine_serves_under_smr() {
    use kvs_core::ordering::rabia::{CAUGHT_UP, COMPACTED, RESUMED};
    let sights = every_engine_serves_under(Animal::Smr, &ON_DISK, &[("snapshot-every", "2")]);
    assert_seen(&sights, &[CAUGHT_UP, COMPACTED, RESUMED]);
}

#[test]
fn every_engine_serves_under_primary_backup() {
    use kvs_core::replication::primary_backup::{INSTALLED, VIEW_CHANGED};
    let sights = every_engine_serves_under(Animal::PrimaryBackup, &ON_DISK, &[("journal", "on")]);
    assert_seen(&sights, &[INSTALLED, VIEW_CHANGED]);
}

#[test]
fn every_engine_serves_under_one_copy_with_a_journal() {
    use kvs_core::server::RECOVERED;
    for animal in [Animal::Local, Animal::Sharded] {
        assert_seen(&every_engine_serves_under(animal, &ON_DISK, &[("journal", "on")]), &[RECOVERED]);
    }
}

/// Worlds that once broke something.
#[test]
fn what_broke_once_stays_mended() {
    let in_a_chain = [("form", "chain")];
    let with_leases = [("views", "service"), ("form", "primary-backup"), ("primary-reads", "lease")];
    type World<'a> = (Animal, u64, &'a [(&'a str, &'a str)], Mix);
    let broken: [World<'_>; 9] = [
        // A late copy of a request that had been passed on, at a server that had come to own its key.
        (Animal::Sharded, 116_032, &[], Mix::NoCrashes),
        // A read of all keys that did not say which versions the deletions were that it had seen.
        (Animal::ShardedCausal, 128_511, &[], Mix::Everything),
        // A view of one server, which crashed: nobody had promised to outlive that.
        (Animal::PrimaryBackup, 4_731, &[], Mix::Everything),
        (Animal::PrimaryBackup, 4_731, &in_a_chain, Mix::Everything),
        // An answer that waited for a disk while its server went on to a view that was not in place, and the primary of an older one knew nothing
        // of either.
        (Animal::PrimaryBackup, 25_717, &with_leases, Mix::Everything),
        // The only member led without a word to anybody, and forgot that in a crash; so it could vote for somebody else.
        (Animal::Raft, 43_877, &[], Mix::Everything),
        // What a subscriber had asked before a crash came after it: the replica counted from the beginning again, and a notice was taken for known.
        (Animal::Smr, 10_122, &[], Mix::Everything),
        // Then the number of a notice that it was told by mistake was used again.
        (Animal::Smr, 34_954, &[], Mix::Everything),
        // A version was guessed, and refused because it was yet to come; then it came, and another copy of the put with it.
        (Animal::Versioned, 2_813, &[], Mix::Everything),
    ];
    for (animal, seed, fixed, mix) in broken {
        if let Err(broken) = live(animal, seed, fixed, mix, &mut Sights::default()) {
            panic!("{animal:?} {fixed:?}, seed {seed}: {}", report(&broken));
        }
    }
}
