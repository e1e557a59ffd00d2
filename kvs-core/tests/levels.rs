//! The broken zoo: every level is broken by the run in its file with as many faults as its par, and with the rule on by none of it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use kvs_core::check::{Attempt, Standing, play};
use kvs_core::explore::{Breach, Faults, Hunt, Workload, shrink};
use kvs_core::process::NodeId;
use kvs_core::sim::schedule::{Level, Outcome, Schedule};
use kvs_core::sim::{FaultKind, Input, Links, Recording};
use kvs_core::time::Span;
use kvs_core::zoo::{OPTIONS, OptionValue};

/// A level, and the run in its file.
struct Solved {
    name: String,
    level: Level,
    run: Outcome,
}

fn levels() -> Vec<Solved> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lessons/levels");
    let files = fs::read_dir(folder).expect("the folder of levels").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "kvs")).collect();
    files.sort();
    let solved = files.into_iter().map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("text");
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let level = schedule.front.level.clone().unwrap_or_else(|| panic!("{name} is no level"));
        let run = play(&schedule, &mut ());
        assert_eq!(run.failure, None, "{name}");
        Solved { name, level, run }
    });
    solved.collect()
}

fn with_rule(level: &Level, recording: &Recording) -> Recording {
    let mut repaired = Recording::new(level.with_rule(&recording.architecture), recording.seed);
    repaired.swap_tail(0, recording.inputs().to_vec());
    repaired
}

#[test]
fn there_are_levels_in_most_stores() {
    let levels = levels();
    let stores: BTreeSet<_> = levels.iter().map(|solved| solved.run.recording.architecture.animal as u32).collect();
    assert!(levels.len() >= 8 && stores.len() >= 8, "{} levels of {} stores", levels.len(), stores.len());
}

/// The promise stands, the file breaks it with as many faults as par says, and the very same run with the rule on keeps it.
#[test]
fn each_is_broken_by_its_par_and_by_nothing_with_the_rule_on() {
    for Solved { name, level, run } in levels() {
        let attempt = Attempt::of(&level, &run.recording, run.end);
        assert!(attempt.has_broken_it(), "{name}: {:?}", attempt.standing);
        assert_eq!(u32::try_from(attempt.faults.len()), Ok(level.par), "{name}: {:?}", attempt.faults);
        // Also when those who wait for something have had time to wait.
        for later in [Span::ZERO, Span::from_secs(20)] {
            let kept = Attempt::of(&level, &with_rule(&level, &run.recording), run.end + later);
            assert_eq!(kept.standing, Standing::Kept, "{name}, with the rule");
        }
    }
}

#[test]
fn no_fault_of_a_par_can_be_spared() {
    for Solved { name, level, run } in levels() {
        let inputs = run.recording.inputs();
        let faults = (0..inputs.len()).filter(|place| inputs[*place].1.fault().is_some());
        for fault in faults {
            let mut fewer = inputs.to_vec();
            fewer.remove(fault);
            let mut recording = Recording::new(run.recording.architecture.clone(), run.recording.seed);
            recording.swap_tail(0, fewer);
            let attempt = Attempt::of(&level, &recording, run.end);
            assert!(!attempt.has_broken_it(), "{name} needs no {:?}", inputs[fault].1);
        }
    }
}

/// Random worlds break what a level promises, too, but never with fewer faults than its par.
#[test]
fn no_search_does_better_than_par() {
    const WORLDS: u64 = 40;
    const SHRUNK: usize = 2;
    for Solved { name, level, run } in levels() {
        let workload = Workload { moves: 20, ..Workload::default() };
        let usual = Hunt::new(run.recording.architecture.clone());
        let calm = Hunt {
            faults: Faults { views: usual.faults.views, ..Faults::NONE },
            workload,
            watches_inside: false,
            ..usual
        };
        let stormy =
            Hunt { faults: Faults { links: false, ..Hunt::new(calm.architecture.clone()).faults }, ..calm.clone() };
        if level.par > 0 {
            assert!((1..=WORLDS).all(|seed| calm.world(seed).is_none()), "{name} needs no fault");
        }
        let found = (1..=WORLDS).filter_map(|seed| stormy.world(seed));
        let of_goal =
            found.filter(|found| matches!(&found.breach, Breach::Claim(guarantee, _) if *guarantee == level.goal));
        for found in of_goal.take(SHRUNK) {
            let smallest = shrink(&found, &mut |progress| progress.tried < 400);
            let attempt = Attempt::of(&level, &smallest.recording, smallest.at);
            let faults = u32::try_from(attempt.faults.len()).expect("few");
            assert!(
                faults >= level.par,
                "{name} can be broken with {faults}:\n{}",
                Schedule::from_recording(&smallest.recording)
            );
        }
    }
}

/// The rule is a safety option of the table, and what it may be called is not said twice.
#[test]
fn each_misses_a_rule_that_the_options_know() {
    for Solved { name, level, run } in levels() {
        let spec = OPTIONS.iter().find(|spec| spec.name == level.option.0).expect("an option");
        assert_eq!(spec.group, "Safety", "{name}");
        let (broken, repaired) = (&run.recording.architecture, level.with_rule(&run.recording.architecture));
        let value = |architecture| spec.get(architecture).as_ref().map(OptionValue::to_string);
        assert_ne!(value(broken), value(&repaired), "{name}");
        assert_eq!(value(&repaired), Some(level.option.1.clone()), "{name}");
        let rules: BTreeSet<_> = level.rules.iter().collect();
        assert!(rules.len() == level.rules.len() && rules.len() >= 3, "{name}");
    }
}

/// Where a promise ends by a fault, nobody has broken it.
#[test]
fn a_promise_that_a_fault_has_ended_is_over() {
    let text = "zoo local dedupe=off\nlevel linearizable par 1 missing dedupe=on = \"a\" | \"b\"\nput x=1 expect ok\ncrash S1\nrestart S1\nget x expect none";
    let schedule = Schedule::parse(text).expect("it makes sense");
    let run = schedule.run(&mut ());
    let attempt = Attempt::of(schedule.front.level.as_ref().expect("a level"), &run.recording, run.end);
    assert!(matches!(&attempt.standing, Standing::Over(faults) if faults.len() == 1), "{:?}", attempt.standing);
    assert_eq!(attempt.faults, [FaultKind::Crash]);
}

#[test]
fn what_breaks_counts_and_what_mends_does_not() {
    let text = "zoo replicated\ntraffic every 1s keys 2 reads 50%\ncut R1 | R2 R3\nheal\nisolate R2\nheal R2 | R1 R3\ncrash R1\nrestart R1\nwipe R1\nrestart R1\npause R2\nresume R2\n\
                clock R3 +1s\nclock R3 +0s\ndrop next Rumor\nhold Rumor\nput x=1 -> R2\nrun 500ms\nrelease Rumor\nlinks loss=10%\nfire GossipTick R1\n\
                C2: put y=1 -> R1\nduplicate Request\nhold Request #1\nrelease Request #1\ndeliver Request #1\ndrop Request #1";
    let run = Schedule::parse(text).expect("it makes sense").run(&mut ());
    assert_eq!(run.failure, None);
    let kinds: Vec<FaultKind> = run.recording.inputs().iter().filter_map(|(_, input)| input.fault()).collect();
    use FaultKind::{Clock, Crash, Cut, Delay, Drop, Duplicate, Links as Worse, Pause, Timer, Wipe};
    assert_eq!(kinds, [Cut, Cut, Crash, Wipe, Pause, Clock, Drop, Delay, Worse, Timer, Duplicate, Delay, Delay, Drop]);
    assert_eq!(Input::Cut(Links::pair(NodeId(0), NodeId(1))).fault(), Some(Cut));
}
