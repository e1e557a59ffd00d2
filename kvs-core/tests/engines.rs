//! All engines do what one ordered map does, on a simulated disk and in a real directory; and a process that is killed loses nothing that
//! it was told is kept.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::Bound;
use std::process::{Command, Stdio};

use kvs_core::choice::{Choose as _, Odometer};
use kvs_core::disk::{Disk, Honesty};
use kvs_core::op::{Key, Value};
use kvs_core::storage::engine::{
    Batch, Change, Database, Directory, EmbeddedDbOptions, EmbeddedDbStorage, Engine, EngineOptions, Expected, Files,
    FlatFileMode, FlatFileOptions, Generation, InMemoryStorage, KeyRange, Life, LineFormat, Storage, StorageError,
    StorageFault, Version, Versioned,
};
use proptest::prelude::*;

const SMALL: EmbeddedDbOptions = EmbeddedDbOptions { log_bytes: 400, block_bytes: 100, sync: true };

fn engines() -> [EngineOptions; 5] {
    let flat = |mode| EngineOptions::FlatFile(FlatFileOptions { mode, format: LineFormat::Json });
    [
        EngineOptions::Memory,
        flat(FlatFileMode::RewriteInPlace),
        flat(FlatFileMode::AtomicReplace),
        flat(FlatFileMode::Append),
        EngineOptions::Embedded(SMALL),
    ]
}

fn key(text: &str) -> Key {
    Key::new(text).expect("short")
}

fn value(text: &str) -> Value {
    Value::new(text).expect("short")
}

/// What is kept, by the rule and nothing else.
#[derive(Clone, Default)]
struct Model {
    kept: BTreeMap<Key, Versioned>,
    generation: Generation,
}

impl Model {
    fn put(&mut self, key: &Key, value: &Value, expected: Expected) -> Result<Version, StorageError> {
        let old = self.kept.get(key).map(|kept| kept.version);
        let version = match (old, expected) {
            (None, Expected::Version(Version { number: 1.., .. })) => return Err(StorageError::KeyNotFound),
            (None, _) => Version { generation: self.generation, number: 1 },
            (Some(old), Expected::Version(expected)) if expected != old => {
                let mismatch = StorageError::VersionMismatch { expected, actual: old };
                return Err(if expected.number == 0 { StorageError::KeyAlreadyExists } else { mismatch });
            }
            (Some(old), _) => Version { number: old.number + 1, ..old },
        };
        self.kept.insert(key.clone(), Versioned { value: value.clone(), version });
        Ok(version)
    }

    fn delete(&mut self, key: &Key, expected: Expected) -> Result<Version, StorageError> {
        let old = self.kept.get(key).ok_or(StorageError::KeyNotFound)?.version;
        match expected {
            Expected::Version(expected) if expected != old => {
                Err(StorageError::VersionMismatch { expected, actual: old })
            }
            _ => {
                self.kept.remove(key);
                self.generation.deletions += 1;
                Ok(old)
            }
        }
    }

    fn batch(&mut self, changes: &[Change]) -> Result<Vec<Version>, StorageError> {
        let mut after = self.clone();
        let versions = changes.iter().map(|change| match change {
            Change::Put { key, value, expected } => after.put(key, value, *expected),
            Change::Delete { key, expected } => after.delete(key, *expected),
        });
        let versions = versions.collect::<Result<_, _>>()?;
        *self = after;
        Ok(versions)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Batch(Vec<Change>),
    Get(Key),
    Scan(KeyRange),
    /// The store is closed and opened again, without a crash.
    Reopen,
}

fn keys() -> impl Strategy<Value = Key> {
    // Few, so that they meet; and some that need care in a text.
    prop_oneof!["[a-e]", "[,\n\"\\\\{} ]{0,2}"].prop_map(|text| key(&text))
}

fn changes() -> impl Strategy<Value = Change> {
    let expected = prop_oneof![
        2 => Just(Expected::Any),
        1 => (0..4_u64, 0..3_u32).prop_map(|(number, deletions)| {
            Expected::Version(Version { number, generation: Generation { life: 0, deletions } })
        }),
    ];
    let values = "[a-z,\n\"\u{0}🦓=]{0,12}".prop_map(|text| value(&text));
    (keys(), prop_oneof![3 => values.prop_map(Some), 1 => Just(None)], expected).prop_map(|(key, value, expected)| {
        match value {
            Some(value) => Change::Put { key, value, expected },
            None => Change::Delete { key, expected },
        }
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let bound = |end: Key, kind: u32| match kind {
        0 => Bound::Unbounded,
        1 => Bound::Included(end),
        _ => Bound::Excluded(end),
    };
    prop_oneof![
        6 => prop::collection::vec(changes(), 1..4).prop_map(Act::Batch),
        2 => keys().prop_map(Act::Get),
        2 => (keys(), keys(), 0..3_u32, 0..3_u32)
            .prop_map(move |(from, to, a, b)| Act::Scan(KeyRange { from: bound(from, a), to: bound(to, b) })),
        1 => Just(Act::Reopen),
    ]
}

/// Does the same with an engine and with the model, and compares all that they say.
fn agree(options: EngineOptions, files: &mut dyn Files, acts: &[Act]) {
    let mut engine = Engine::open(options, files, Life::counted(0)).expect("nothing is there");
    let mut model = Model::default();
    for act in acts {
        match act {
            Act::Batch(changes) => {
                let batch = Batch { changes: changes.clone(), note: Some(format!("{}", changes.len()).into()) };
                let before = engine.note().cloned();
                let said = engine.batch(files, &batch);
                assert_eq!(engine.note(), if said.is_ok() { batch.note.as_ref() } else { before.as_ref() });
                assert_eq!(said, model.batch(changes), "{options:?}: {changes:?}");
            }
            Act::Get(key) => assert_eq!(engine.get(files, key), Ok(model.kept.get(key).cloned()), "{options:?}"),
            Act::Scan(range) => {
                let kept = model.kept.iter().filter(|(key, _)| range.contains(key));
                let kept: Vec<_> = kept.map(|(key, kept)| (key.clone(), kept.clone())).collect();
                assert_eq!(engine.scan(files, range), Ok(kept), "{options:?}: {range:?}");
            }
            Act::Reopen if options == EngineOptions::Memory => {}
            Act::Reopen => engine = Engine::open(options, files, Life::counted(0)).expect("nothing is wrong"),
        }
    }
    let all: Vec<_> = model.kept.into_iter().collect();
    assert_eq!(engine.scan(files, &KeyRange::all()), Ok(all), "{options:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same script has the same results on all engines.
    #[test]
    fn every_engine_does_what_an_ordered_map_does(acts in prop::collection::vec(acts(), 1..60)) {
        for options in engines() {
            agree(options, &mut Disk::new(Honesty::Honest), &acts);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_a_real_directory_too(acts in prop::collection::vec(acts(), 1..40)) {
        for options in engines() {
            let place = tempfile::tempdir().expect("a directory");
            agree(options, &mut Directory::open(place.path()).expect("it is ours"), &acts);
        }
    }

    /// What lines with commas lose, JSON does not.
    #[test]
    fn any_text_comes_back_from_a_flat_file(texts in prop::collection::vec(("\\PC{0,20}|[,\n\r\"]{0,3}", "(.|\n){0,40}"), 1..8)) {
        let mut disk = Disk::new(Honesty::Honest);
        let options = EngineOptions::FlatFile(FlatFileOptions::default());
        let mut engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is there");
        for (name, text) in &texts {
            engine.put(&mut disk, &key(name), &value(text), Expected::Any).expect("anything may be put");
        }
        let again = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is wrong");
        prop_assert_eq!(again.scan(&disk, &KeyRange::all()), engine.scan(&disk, &KeyRange::all()));
    }
}

#[test]
fn mutant_commas_do_not_bring_every_text_back() {
    let mut disk = Disk::new(Honesty::Honest);
    let format = LineFormat::Commas;
    let options = EngineOptions::FlatFile(FlatFileOptions { format, ..FlatFileOptions::default() });
    let mut engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is there");
    for text in ["plain", "a,b", "two\nlines"] {
        engine.put(&mut disk, &key(text), &value(text), Expected::ABSENT).expect("anything may be put");
    }
    let again = Engine::open(options, &mut disk, Life::counted(0)).expect("it complains of nothing");
    assert_eq!(again.print_all(&disk).as_deref(), Ok("plain = plain @1\n"));
}

/// Two clients have read version 1 and put: in every order of their steps. In one step each, one of them is refused; who looks first and
/// puts in a second step says yes to both.
#[test]
fn mutant_looking_and_putting_in_two_steps_says_yes_twice() {
    for is_one_step in [true, false] {
        let mut most = 0;
        let mut order = Odometer::default();
        while order.turn() {
            let mut disk = Disk::new(Honesty::Honest);
            let mut store = InMemoryStorage::new(Life::counted(0));
            let (k, seen) = (key("k"), Version::new(1));
            store.put(&mut disk, &k, &value("0"), Expected::ABSENT).expect("it is new");
            let mut made = BTreeMap::<Version, u32>::new();
            let mut clients = [(0, false); 2];
            while clients.iter().any(|(step, _)| *step < 2) {
                let waiting: Vec<usize> = (0..2).filter(|client| clients[*client].0 < 2).collect();
                let client = waiting[order.choose(u32::try_from(waiting.len()).expect("two")) as usize];
                let (step, may) = &mut clients[client];
                match (*step, is_one_step) {
                    (0, true) => {}
                    (0, false) => {
                        *may = store.get(&disk, &k).expect("it works").is_some_and(|kept| kept.version == seen);
                    }
                    (_, true) => {
                        let said = store.put(&mut disk, &k, &value("1"), seen.into());
                        said.iter().for_each(|_| *made.entry(seen.next()).or_default() += 1);
                    }
                    (_, false) if *may => {
                        store.put(&mut disk, &k, &value("1"), Expected::Any).expect("it asks for nothing");
                        *made.entry(seen.next()).or_default() += 1;
                    }
                    (_, false) => {}
                }
                *step += 1;
            }
            most = most.max(made.values().copied().max().unwrap_or(0));
        }
        assert_eq!(most, if is_one_step { 1 } else { 2 }, "at most one yes for one version of one key");
    }
}

/// However often keys are replaced and deleted, the files stay small.
#[test]
fn what_is_replaced_or_deleted_takes_no_room_for_long() {
    let live: usize = 20;
    for (options, name) in engines().into_iter().zip(["memory", "in place", "replaced", "appended", "embedded"]) {
        let mut disk = Disk::new(Honesty::Honest);
        let mut engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is there");
        let mut largest = 0;
        for round in 0..4_000_usize {
            let name = key(&format!("key-{}", round * 7 % (2 * live)));
            // The first twenty stay and are replaced; the others come and go.
            if round % 3 == 2 && round * 7 % (2 * live) >= live {
                let _ = engine.delete(&mut disk, &name, Expected::Any);
            } else {
                engine.put(&mut disk, &name, &value("0123456789"), Expected::Any).expect("anything may be put");
            }
            disk.reach_medium(disk.last_write());
            let size: usize = disk.files().map(|file| disk.read(file).expect("it is there").len()).sum();
            largest = largest.max(size);
            if let Engine::Embedded(store) = &engine {
                let kept = engine.scan(&disk, &KeyRange::all()).expect("it works").len() as u64;
                assert!(store.records() <= 3 * kept + 20, "{} records for {kept} keys", store.records());
                assert!(store.tables() <= 6, "{} tables", store.tables());
            }
        }
        // One key takes about 70 bytes as a line; the log of the embedded store has 400, its tables three times what is kept.
        assert!(largest < 20_000, "{name}: {largest} bytes");
    }
}

/// A crash between writing a file and giving it its name leaves something that nobody names.
#[test]
fn what_a_crash_has_left_over_is_removed() {
    for (options, leftovers) in engines().into_iter().skip(2).zip([
        &["store.jsonl.new"][..],
        &["store.jsonl.new"],
        &["manifest.new", "table-7", "wal-9"],
    ]) {
        let mut disk = Disk::new(Honesty::Honest);
        let mut engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is there");
        engine.put(&mut disk, &key("k"), &value("x"), Expected::ABSENT).expect("it is new");
        let files: Vec<String> = disk.files().map(str::to_owned).collect();
        leftovers.iter().for_each(|file| disk.append(file, b"half of something"));
        let engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is wrong");
        assert!(disk.files().eq(files.iter().map(String::as_str)), "{options:?}");
        assert!(engine.get(&disk, &key("k")).is_ok_and(|kept| kept.is_some()));
    }
}

#[test]
fn an_emptied_store_leaves_no_table() {
    let mut disk = Disk::new(Honesty::Honest);
    let mut store = EmbeddedDbStorage::open(SMALL, &mut disk, Life::counted(0)).expect("nothing is there");
    for number in 0..60 {
        store.put(&mut disk, &key(&format!("{number}")), &value("x"), Expected::ABSENT).expect("it is new");
    }
    assert!(store.tables() > 0);
    for number in 0..60 {
        store.delete(&mut disk, &key(&format!("{number}")), Expected::Any).expect("it is there");
    }
    for _ in 0..60 {
        store.put(&mut disk, &key("last"), &value("x"), Expected::Any).expect("anything may be put");
    }
    assert!(store.records() < 20, "{} records for one key", store.records());
}

/// Files that stop working: the disk is full, or a cable is loose.
struct Failing {
    disk: Disk,
    /// How many more calls work.
    left: u32,
}

impl Failing {
    fn count(&mut self) -> Result<&mut Disk, StorageFault> {
        let why = "no space left on device".to_owned();
        self.left = self.left.checked_sub(1).ok_or(StorageFault::Io { file: "disk".into(), why })?;
        Ok(&mut self.disk)
    }
}

impl Files for Failing {
    fn list(&self) -> Result<Vec<String>, StorageFault> {
        self.disk.list()
    }
    fn read(&self, file: &str) -> Result<Option<std::borrow::Cow<'_, [u8]>>, StorageFault> {
        Files::read(&self.disk, file)
    }
    fn length(&self, file: &str) -> Result<Option<u64>, StorageFault> {
        self.disk.length(file)
    }
    fn read_at(
        &self,
        file: &str,
        position: u64,
        length: u32,
    ) -> Result<Option<std::borrow::Cow<'_, [u8]>>, StorageFault> {
        self.disk.read_at(file, position, length)
    }
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), StorageFault> {
        // Half of it is there when there is no more room.
        if self.left == 0 {
            Files::append(&mut self.disk, file, &bytes[..bytes.len() / 2])?;
        }
        Files::append(self.count()?, file, bytes)
    }
    fn truncate(&mut self, file: &str) -> Result<(), StorageFault> {
        Files::truncate(self.count()?, file)
    }
    fn rename(&mut self, from: &str, to: &str) -> Result<(), StorageFault> {
        Files::rename(self.count()?, from, to)
    }
    fn remove(&mut self, file: &str) -> Result<(), StorageFault> {
        Files::remove(self.count()?, file)
    }
    fn sync(&mut self, file: &str) -> Result<(), StorageFault> {
        Files::sync(self.count()?, file)
    }
    fn sync_directory(&mut self) -> Result<(), StorageFault> {
        Files::sync_directory(self.count()?)
    }
}

/// What cannot be written is said to be so, and not to be absent; what was kept before is there when the store is opened again.
#[test]
fn a_disk_that_fails_is_no_missing_key() {
    for options in engines().into_iter().skip(2) {
        for calls in 0..60 {
            let mut files = Failing { disk: Disk::new(Honesty::Honest), left: calls };
            let Ok(mut engine) = Engine::open(options, &mut files, Life::counted(0)) else { continue };
            let mut kept = 0;
            let fault = loop {
                let text = format!("{kept}");
                match engine.put(&mut files, &key(&text), &value(&text), Expected::ABSENT) {
                    Ok(_) => kept += 1,
                    Err(fault) => break fault,
                }
            };
            assert!(matches!(fault, StorageError::Fault(StorageFault::Io { .. })), "{options:?}: {fault}");
            let read = engine.get(&files, &key("0"));
            assert!(matches!(read, Err(StorageError::Fault(_))), "{options:?}: {read:?}");
            files.left = u32::MAX;
            let again = Engine::open(options, &mut files, Life::counted(0)).expect("what is there can be read");
            let found = again.scan(&files, &KeyRange::all()).expect("it works").len();
            assert!(
                (kept..=kept + 1).contains(&found),
                "{options:?}, {calls} calls: {kept} were kept, {found} are there"
            );
        }
    }
}

#[test]
fn a_directory_has_one_user_and_a_wiped_one_another_generation() {
    let place = tempfile::tempdir().expect("a directory");
    let options = EngineOptions::Embedded(EmbeddedDbOptions::default());
    let mut database = Database::open(place.path(), options).expect("it is ours");
    let second = Database::open(place.path(), options).map(drop);
    assert!(matches!(second, Err(StorageFault::Io { .. })), "{second:?}");
    let first = database.put(&key("k"), &value("x"), Expected::ABSENT).expect("it is new");
    drop(database);
    std::fs::remove_file(place.path().join("wal-0")).expect("it was there");
    let mut database = Database::open(place.path(), options).expect("it is free again");
    assert_eq!(database.get(&key("k")), Ok(None));
    let second = database.put(&key("k"), &value("y"), Expected::ABSENT).expect("it is new again");
    assert!(second > first, "{second} is not taken for {first}");
    assert_eq!(database.life(), second.generation);
}

const PLACE: &str = "KVS_TO_BE_KILLED_IN";
const ENGINE: &str = "KVS_TO_BE_KILLED_WITH";

/// No test but the process that the next one kills: it puts one key after the other, and says of each when it is kept.
#[test]
fn a_process_that_is_to_be_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let number: usize = std::env::var(ENGINE).expect("it is set too").parse().expect("a number");
    let mut database = Database::open(place, killable()[number]).expect("it is ours");
    let mut out = std::io::stdout().lock();
    for number in 0_u64.. {
        let name = key(&format!("key-{}", number % 50));
        database.put(&name, &value(&format!("{number}")), Expected::Any).expect("there is room");
        writeln!(out, "kept {number}").and_then(|()| out.flush()).expect("somebody listens");
    }
}

fn killable() -> [EngineOptions; 3] {
    let flat = |mode| EngineOptions::FlatFile(FlatFileOptions { mode, format: LineFormat::Json });
    let embedded = EmbeddedDbOptions { log_bytes: 2_000, block_bytes: 200, sync: true };
    [flat(FlatFileMode::AtomicReplace), flat(FlatFileMode::Append), EngineOptions::Embedded(embedded)]
}

#[test]
fn a_process_that_is_killed_has_kept_all_that_it_said_it_had() {
    for (number, options) in killable().into_iter().enumerate() {
        let place = tempfile::tempdir().expect("a directory");
        let mut answered = None;
        for stop_after in [1, 40, 173] {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "a_process_that_is_to_be_killed", "--nocapture"])
                .env(PLACE, place.path())
                .env(ENGINE, number.to_string())
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts");
            let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
            let mut kept = lines.by_ref().filter_map(|line| line.strip_prefix("kept ")?.parse::<u64>().ok());
            kept.by_ref().take(stop_after).last().expect("it keeps something");
            // SIGKILL, in the middle of whatever it does. What it had said until then counts.
            child.kill().expect("it runs");
            child.wait().expect("it was ours");
            let last = kept.last().unwrap_or(stop_after as u64 - 1).max(stop_after as u64 - 1);
            answered = Some(last);

            let database = Database::open(place.path(), options).expect("it comes back");
            let found = database.get(&key(&format!("key-{}", last % 50))).expect("it works").expect("it was kept");
            let found: u64 = found.value.as_str().parse().expect("a number");
            assert!(found == last || found == last + 50, "{options:?}: {last} was kept, and there is {found}");
            for before in last.saturating_sub(49)..last {
                let name = key(&format!("key-{}", before % 50));
                let found = database.get(&name).expect("it works").expect("it was kept");
                let found: u64 = found.value.as_str().parse().expect("a number");
                assert!(
                    found == before || found == before + 50,
                    "{options:?}: {before} was kept, and there is {found}"
                );
            }
        }
        assert!(answered.is_some());
    }
}
