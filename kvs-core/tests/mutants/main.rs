//! Every safety option that can be switched off is caught by an invariant, and the same faults with the option on break nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod linearizable;
mod local;
mod primary_backup;
mod raft;
mod replicated;
#[path = "../rig/mod.rs"]
mod rig;
mod sharded;
mod sharded_causal;
mod smr;
mod versioned;
mod vr;

use kvs_core::check::play;
use kvs_core::explore::first_breach;
use kvs_core::sim::schedule::Schedule;
use kvs_core::zoo::Animal;
use rig::{Mix, Sights, live, report};

/// One safety option.
struct Mutant {
    id: &'static str,
    animal: Animal,
    /// What both worlds have: the faults that the option is for.
    under: &'static [(&'static str, &'static str)],
    /// The faults that happen by themselves.
    mix: Mix,
    /// How the option is switched off.
    off: (&'static str, &'static str),
    /// The invariants that may see it.
    seen_by: &'static [&'static str],
    /// In so many worlds.
    budget: u64,
}

/// One file for each animal.
const MUTANTS: [&[Mutant]; 10] = [
    local::MUTANTS,
    replicated::MUTANTS,
    sharded::MUTANTS,
    sharded_causal::MUTANTS,
    primary_backup::MUTANTS,
    vr::MUTANTS,
    linearizable::MUTANTS,
    raft::MUTANTS,
    smr::MUTANTS,
    versioned::MUTANTS,
];

/// Those to look at: those with `KVS_MUTANT` in their names, or all.
fn mutants() -> impl Iterator<Item = &'static Mutant> {
    let named = std::env::var("KVS_MUTANT").ok();
    MUTANTS.into_iter().flatten().filter(move |mutant| named.as_ref().is_none_or(|name| mutant.id.contains(name)))
}

#[test]
fn every_safety_option_that_is_off_is_caught() {
    for mutant in mutants() {
        let options: Vec<_> = mutant.under.iter().copied().chain([mutant.off]).collect();
        let caught = (1..=mutant.budget).find_map(|seed| {
            let broken = live(mutant.animal, seed, &options, mutant.mix, &mut Sights::default()).err()?;
            mutant.seen_by.contains(&broken.breach.name()).then_some((seed, broken.breach))
        });
        let (worlds, breach) =
            caught.unwrap_or_else(|| panic!("{}: not caught in {} worlds", mutant.id, mutant.budget));
        println!("{}: caught after {worlds} worlds: {breach}", mutant.id);
    }
}

#[test]
fn the_same_faults_break_nothing_while_it_is_on() {
    for mutant in mutants() {
        for seed in 1..=mutant.budget {
            if let Err(broken) = live(mutant.animal, seed, mutant.under, mutant.mix, &mut Sights::default()) {
                panic!("{}, switched on, seed {seed}: {}", mutant.id, report(&broken));
            }
        }
    }
}

/// Letters from before a crash, a tail that has not stopped, and clocks that differ: random worlds meet these seldom or are excused, so they
/// are played.
#[test]
fn views_need_disks_chains_need_order_and_leases_need_clocks() {
    let text = |lesson: &str| {
        let path = format!("{}/../lessons/{lesson}.kvs", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a lesson")
    };
    let parse = |text: &str| Schedule::parse(text).expect("it makes sense");
    let lesson = |name: &str| parse(&text(name));
    // A disk that lies forgets the view as well.
    let lying = text("vr_forgotten_view").replace("keep-view=off", "disk=lying crash-fate=dropped");
    let run = parse(&lying).run(&mut ());
    assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), Some("VR3"));
    for (name, seen_by) in [
        ("vr_remembered_view", None),
        ("vr_forgotten_view", Some("VR3")),
        ("chain_reads_go_down", None),
        ("chain_tail_reads_alone", Some("Linearizable")),
    ] {
        let run = lesson(name).run(&mut ());
        assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), seen_by, "{name}");
    }
    for (name, is_broken) in [("primary_lease_is_kept", false), ("primary_lease_and_clocks", true)] {
        let expected = format!("expect linearizable {}", if is_broken { "broken" } else { "holds" });
        let schedule = lesson(name);
        assert!(schedule.to_string().contains(&expected), "{name}");
        let run = play(&schedule, &mut ());
        assert_eq!(run.failure, None, "{name}");
        // Whoever trusts clocks has said so: it is no breach of a claim.
        assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), None, "{name}");
    }
}

/// Random worlds meet these once in a thousand, so they are played: entries of earlier terms are counted, as in figure 8 (`commit-own-term`);
/// and a leader changes the members before it has committed anything (`change-after-own-entry`).
#[test]
fn what_takes_many_steps_is_played_and_seen_by_leader_completeness() {
    let figure_8 = [("raft_figure_8", None), ("raft_figure_8_miscounted", Some("F4"))];
    let members = [("raft_one_majority", None), ("raft_two_majorities", Some("F4"))];
    for (lesson, seen_by) in figure_8.into_iter().chain(members) {
        let path = format!("{}/../lessons/{lesson}.kvs", env!("CARGO_MANIFEST_DIR"));
        let schedule = Schedule::parse(&std::fs::read_to_string(path).expect("a lesson")).expect("it makes sense");
        let run = schedule.run(&mut ());
        let breach = first_breach(&run.recording, run.end, true).map(|found| found.breach.name());
        assert_eq!(breach, seen_by, "{lesson}");
    }
}
