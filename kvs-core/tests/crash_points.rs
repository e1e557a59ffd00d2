//! Engines and crashes: at every point of a script, for every fate of what was not synced, a store comes back in the state after some
//! of its changes, in order, and all that it had answered for is among them.
//!
//! No world is needed for that. The engine runs on a disk of which nothing has reached the medium, and the disk tells the rest: what a
//! sync has forced, and what it has left open.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::borrow::Cow;
use std::collections::BTreeSet;

use kvs_core::choice::{Choose, Odometer};
use kvs_core::disk::{CrashFate, Disk, Honesty};
use kvs_core::op::{Key, Value};
use kvs_core::storage::engine::{
    Batch, Change, EmbeddedDbOptions, Engine, EngineOptions, Expected, Files, FlatFileMode, FlatFileOptions, KeyRange,
    Life, LineFormat, Storage, StorageFault, Versioned,
};

/// So small that a log becomes a table after a few changes, and tables are merged after a few more.
const TINY: EmbeddedDbOptions = EmbeddedDbOptions { log_bytes: 120, block_bytes: 40, sync: true };

fn flat(mode: FlatFileMode, format: LineFormat) -> EngineOptions {
    EngineOptions::FlatFile(FlatFileOptions { mode, format })
}

fn durable_engines() -> [EngineOptions; 3] {
    [
        flat(FlatFileMode::AtomicReplace, LineFormat::Json),
        flat(FlatFileMode::Append, LineFormat::Json),
        EngineOptions::Embedded(TINY),
    ]
}

fn put(key: &str, value: &str) -> Change {
    let (key, value) = (Key::new(key).expect("short"), Value::new(value).expect("short"));
    Change::Put { key, value, expected: Expected::Any }
}

fn delete(key: &str) -> Change {
    Change::Delete { key: Key::new(key).expect("short"), expected: Expected::Any }
}

/// Puts, deletions, a batch and notes, on few keys.
fn script() -> Vec<Batch> {
    let alone = |change: Change| Batch::from(change);
    let both = |changes: [Change; 2], note: &str| Batch { changes: changes.into(), note: Some(note.into()) };
    vec![
        alone(put("a", "1")),
        alone(put("b", "several\nlines, and commas")),
        both([put("a", "2"), put("c", "3")], "two at once"),
        alone(delete("b")),
        both([delete("a"), put("b", "back again")], "one goes, one comes"),
        alone(put("d", "4")),
        alone(put("a", "5")),
        alone(delete("d")),
    ]
}

/// What can be seen of a store.
type Seen = (Vec<(Key, Versioned)>, Option<String>);

fn seen(engine: &Engine, disk: &Disk) -> Seen {
    let kept = engine.scan(disk, &KeyRange::all()).expect("it works");
    (kept, engine.note().map(ToString::to_string))
}

fn open(options: EngineOptions, disk: &mut Disk) -> Result<Engine, StorageFault> {
    Engine::open(options, disk, Life::counted(0))
}

/// A disk that some syncs never come to, as if the engine had forgotten them.
struct Deaf {
    disk: Disk,
    to: Option<Forgotten>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgotten {
    /// The syncs of files whose names begin so.
    Files(&'static str),
    /// The syncs of the directory.
    Directory,
}

impl Files for Deaf {
    fn list(&self) -> Result<Vec<String>, StorageFault> {
        self.disk.list()
    }
    fn read(&self, file: &str) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        Files::read(&self.disk, file)
    }
    fn length(&self, file: &str) -> Result<Option<u64>, StorageFault> {
        self.disk.length(file)
    }
    fn read_at(&self, file: &str, position: u64, length: u32) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        self.disk.read_at(file, position, length)
    }
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), StorageFault> {
        Files::append(&mut self.disk, file, bytes)
    }
    fn truncate(&mut self, file: &str) -> Result<(), StorageFault> {
        Files::truncate(&mut self.disk, file)
    }
    fn rename(&mut self, from: &str, to: &str) -> Result<(), StorageFault> {
        Files::rename(&mut self.disk, from, to)
    }
    fn remove(&mut self, file: &str) -> Result<(), StorageFault> {
        Files::remove(&mut self.disk, file)
    }
    fn sync(&mut self, file: &str) -> Result<(), StorageFault> {
        let is_forgotten = matches!(self.to, Some(Forgotten::Files(prefix)) if file.starts_with(prefix));
        if is_forgotten { Ok(()) } else { Files::sync(&mut self.disk, file) }
    }
    fn sync_directory(&mut self) -> Result<(), StorageFault> {
        if self.to == Some(Forgotten::Directory) { Ok(()) } else { Files::sync_directory(&mut self.disk) }
    }
}

/// A script has been run, and nothing has reached the medium by itself.
struct Run {
    options: EngineOptions,
    /// What there was to be seen before the first change, and after each.
    states: Vec<Seen>,
    /// The disk before the first change, and after each.
    disks: Vec<Disk>,
}

impl Run {
    fn new(options: EngineOptions, honesty: Honesty) -> Self {
        Self::on(options, Deaf { disk: Disk::new(honesty), to: None })
    }

    fn on(options: EngineOptions, mut files: Deaf) -> Self {
        let mut engine = Engine::open(options, &mut files, Life::counted(0)).expect("nothing is there");
        let mut run = Self { options, states: vec![seen(&engine, &files.disk)], disks: vec![files.disk.clone()] };
        for batch in script() {
            engine.batch(&mut files, &batch).expect("nothing is asked that is not there");
            run.states.push(seen(&engine, &files.disk));
            run.disks.push(files.disk.clone());
        }
        run
    }

    /// What is wrong with what a crash has left, when `answered` changes had been answered and `begun` had been begun.
    fn fault(&self, mut crashed: Disk, answered: usize, begun: usize) -> Option<String> {
        let engine = match open(self.options, &mut crashed) {
            Ok(engine) => engine,
            Err(fault) => return Some(format!("{answered} changes were answered: {fault}")),
        };
        let found = seen(&engine, &crashed);
        if !self.states[answered..=begun].contains(&found) {
            return Some(format!("{answered} changes were answered, and then there was {found:?}"));
        }
        None
    }
}

/// Says first that the crash comes no earlier than at a sync, and leaves the rest to another.
struct NotBefore<'a> {
    sync: u32,
    rest: &'a mut Odometer,
    has_said: bool,
}

impl Choose for NotBefore<'_> {
    fn choose(&mut self, bound: u32) -> u32 {
        if std::mem::replace(&mut self.has_said, true) {
            return self.rest.choose(bound);
        }
        self.sync + self.rest.choose(bound - self.sync)
    }
}

/// The bound of the first choice of a crash that reorders: one more than there are syncs to wait for.
fn waits(disk: &Disk) -> u32 {
    struct Bound(Option<u32>);
    impl Choose for Bound {
        fn choose(&mut self, bound: u32) -> u32 {
            self.0.get_or_insert(bound);
            0
        }
    }
    let mut bound = Bound(None);
    disk.clone().crash(CrashFate::Reordered, &mut bound);
    bound.0.expect("it is asked first when the crash comes")
}

/// Every crash of a run on a disk that writes in any order, during each change and right after it. The number of crashes, and what is
/// wrong after some of them.
fn reordered(run: &Run, mut second: impl FnMut(&Disk, usize, usize)) -> (u64, Vec<String>) {
    let (mut crashes, mut faults) = (0, Vec::new());
    for change in 0..run.disks.len() - 1 {
        crashes += reordered_during(run, change, |crashed, answered, begun| {
            faults.extend(run.fault(crashed.clone(), answered, begun));
            second(crashed, answered, begun);
            true
        });
    }
    (crashes, faults)
}

/// Likewise for one change: what each crash leaves, for as long as somebody wants to see more. The number of crashes.
fn reordered_during(run: &Run, change: usize, mut see: impl FnMut(&Disk, usize, usize) -> bool) -> u64 {
    let (before, after) = (&run.disks[change], &run.disks[change + 1]);
    let syncs = waits(before) - 1;
    let mut answers = Odometer::default();
    let mut images = BTreeSet::new();
    let mut crashes = 0;
    while answers.turn() {
        // During the change: the last answer was the one before it. After it: also this one.
        let mut crashed = after.clone();
        let mut last = Latest { ended: 0, inner: NotBefore { sync: syncs, rest: &mut answers, has_said: false } };
        crashed.crash(CrashFate::Reordered, &mut last);
        let is_answered = last.ended + 1 == waits(after);
        let answered = change + usize::from(is_answered);
        crashes += 1;
        if images.insert((format!("{crashed:?}"), answered)) && !see(&crashed, answered, change + 1) {
            break;
        }
    }
    crashes
}

/// Remembers the first answer.
struct Latest<'a> {
    ended: u32,
    inner: NotBefore<'a>,
}

impl Choose for Latest<'_> {
    fn choose(&mut self, bound: u32) -> u32 {
        let is_first = !self.inner.has_said;
        let answer = self.inner.choose(bound);
        if is_first {
            self.ended = answer;
        }
        answer
    }
}

/// Answers what it was given, in order.
struct Given<const N: usize>([u32; N], usize);

impl<const N: usize> Choose for Given<N> {
    fn choose(&mut self, _bound: u32) -> u32 {
        self.1 += 1;
        self.0[self.1 - 1]
    }
}

/// Every crash of a run on a disk that writes in order: so many writes whole, and so many bytes of the next.
fn torn(run: &Run) -> (u64, Vec<String>) {
    let (mut crashes, mut faults) = (0, Vec::new());
    let last = run.disks.last().expect("there is one");
    let writes = last.last_write().0;
    for whole in 0..=writes {
        let mut bytes = 0;
        loop {
            let mut crashed = last.clone();
            let mut bound = Asked { answers: [u32::try_from(whole).expect("few"), bytes], bounds: Vec::new() };
            crashed.crash(CrashFate::Torn, &mut bound);
            // What is whole was written by changes that are done, but for the last.
            let answered = run.disks.iter().filter(|disk| disk.last_write().0 <= whole).count() - 1;
            let begun = (answered + 1).min(run.states.len() - 1);
            crashes += 1;
            faults.extend(run.fault(crashed, answered, begun));
            bytes += 1;
            if bound.bounds.get(1).is_none_or(|length| bytes >= *length) {
                break;
            }
        }
    }
    (crashes, faults)
}

struct Asked {
    answers: [u32; 2],
    bounds: Vec<u32>,
}

impl Choose for Asked {
    fn choose(&mut self, bound: u32) -> u32 {
        self.bounds.push(bound);
        self.answers[self.bounds.len() - 1]
    }
}

#[test]
fn whatever_a_crash_leaves_is_the_state_after_a_prefix_with_all_that_was_answered() {
    for options in durable_engines() {
        let run = Run::new(options, Honesty::Honest);
        let (crashes, faults) = reordered(&run, |_, _, _| {});
        assert!(crashes > 30, "{options:?}: {crashes}");
        assert_eq!(faults, [""; 0], "{options:?}, reordered");
        let (crashes, faults) = torn(&run);
        assert!(crashes > 500, "{options:?}: {crashes}");
        assert_eq!(faults, [""; 0], "{options:?}, torn");
        for fate in [CrashFate::Dropped, CrashFate::Kept] {
            let mut crashed = run.disks.last().expect("one").clone();
            crashed.crash(fate, &mut Given([], 0));
            let answered = if fate == CrashFate::Kept { run.states.len() - 1 } else { 0 };
            assert_eq!(run.fault(crashed, answered, answered), None, "{options:?}, {fate:?}");
        }
    }
}

/// What recovery writes is as exposed as anything else.
#[test]
fn a_crash_while_it_recovers_changes_nothing() {
    for options in durable_engines() {
        let run = Run::new(options, Honesty::Honest);
        let mut crashes = 0;
        let (_, faults) = reordered(&run, |image, answered, begun| {
            let mut first = image.clone();
            let engine = open(options, &mut first).expect("it comes back");
            let found = seen(&engine, &first);
            let mut answers = Odometer::default();
            while answers.turn() {
                let mut second = first.clone();
                second.crash(CrashFate::Reordered, &mut answers);
                assert_eq!(run.fault(second.clone(), answered, begun), None);
                let again = open(options, &mut second).expect("it comes back again");
                assert_eq!(seen(&again, &second), found, "{options:?}: what was seen once is seen again");
                crashes += 1;
            }
        });
        assert_eq!(faults, [""; 0]);
        assert!(crashes > 20, "{options:?}: {crashes}");
    }
}

#[test]
fn a_store_that_came_back_goes_on() {
    for options in durable_engines() {
        let run = Run::new(options, Honesty::Honest);
        let (_, faults) = reordered(&run, |image, _, _| {
            let mut disk = image.clone();
            let mut engine = open(options, &mut disk).expect("it comes back");
            for round in 0..6 {
                let batch = put("e", &format!("after all {round}")).into();
                engine.batch(&mut disk, &batch).expect("it goes on");
                let before = seen(&engine, &disk);
                engine = open(options, &mut disk).expect("it comes back");
                assert_eq!(seen(&engine, &disk), before);
            }
        });
        assert_eq!(faults, [""; 0]);
    }
}

#[test]
fn mutant_rewriting_in_place_loses_the_whole_file() {
    let run = Run::new(flat(FlatFileMode::RewriteInPlace, LineFormat::Json), Honesty::Honest);
    let (_, faults) = torn(&run);
    assert!(faults.iter().any(|fault| fault.contains("7 changes were answered, and then there was ([], None)")));
}

#[test]
fn mutant_lines_with_commas_lose_a_value_without_any_crash() {
    let run = Run::new(flat(FlatFileMode::AtomicReplace, LineFormat::Commas), Honesty::Honest);
    let mut disk = run.disks[2].clone();
    disk.crash(CrashFate::Kept, &mut Given([], 0));
    let fault = run.fault(disk, 2, 2).expect("the value has a comma and two lines");
    // Half of the value became a key that nobody has put.
    assert!(!fault.contains("several") && fault.contains(r#"Key("lines")"#), "{fault}");
}

#[test]
fn mutant_without_syncs_what_was_answered_is_lost() {
    let options = EngineOptions::Embedded(EmbeddedDbOptions { sync: false, ..TINY });
    let run = Run::new(options, Honesty::Honest);
    let (_, faults) = reordered(&run, |_, _, _| {});
    assert!(!faults.is_empty());
    assert!(faults.iter().all(|fault| fault.contains("were answered, and then there was")), "{faults:?}");
}

/// Whichever of its syncs an engine forgets, some crash finds out.
#[test]
fn mutant_no_sync_can_be_forgotten() {
    let [replaced, appended, embedded] = durable_engines();
    for (options, forgotten) in [
        (replaced, Forgotten::Files("store.jsonl.new")),
        (replaced, Forgotten::Directory),
        (appended, Forgotten::Files("store.jsonl")),
        (appended, Forgotten::Directory),
        (embedded, Forgotten::Files("wal-")),
        (embedded, Forgotten::Files("table-")),
        (embedded, Forgotten::Files("manifest.new")),
        (embedded, Forgotten::Directory),
    ] {
        let run = Run::on(options, Deaf { disk: Disk::new(Honesty::Honest), to: Some(forgotten) });
        let mut fault = None;
        for change in 0..run.disks.len() - 1 {
            reordered_during(&run, change, |crashed, answered, begun| {
                fault = run.fault(crashed.clone(), answered, begun);
                fault.is_none()
            });
            if fault.is_some() {
                break;
            }
        }
        assert!(fault.is_some(), "{options:?} does as well without {forgotten:?}");
    }
}

#[test]
fn a_disk_that_lies_loses_what_every_engine_has_answered() {
    for options in durable_engines() {
        let run = Run::new(options, Honesty::Lying);
        let mut crashed = run.disks[1].clone();
        crashed.crash(CrashFate::Dropped, &mut Given([], 0));
        assert!(run.fault(crashed, 1, 1).is_some(), "{options:?}");
    }
}

/// Whatever becomes of one byte, a store says that it is damaged, or nothing has changed; what was torn at the end is left out.
#[test]
fn what_has_rotted_is_not_taken_for_data() {
    for options in durable_engines() {
        let run = Run::new(options, Honesty::Honest);
        let mut whole = run.disks.last().expect("one").clone();
        whole.crash(CrashFate::Kept, &mut Given([], 0));
        let files: Vec<String> = whole.files().map(str::to_owned).collect();
        let mut refused = 0;
        for file in &files {
            for position in 0..whole.read(file).expect("it is there").len() {
                let mut disk = whole.clone();
                disk.rot(file, position as u64);
                let Ok(engine) = open(options, &mut disk) else {
                    refused += 1;
                    continue;
                };
                let Ok(kept) = engine.scan(&disk, &KeyRange::all()) else {
                    refused += 1;
                    continue;
                };
                let found = (kept, engine.note().map(ToString::to_string));
                assert!(run.states.contains(&found), "{options:?}: {file}, byte {position}: {found:?}");
            }
        }
        assert!(refused > 50, "{options:?}: {refused}");
    }
}
