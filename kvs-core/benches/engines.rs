//! Embedded databases beside ours, in a real directory: what it costs to keep values surely, to find them again, and to come back.
//!
//! `cargo bench -p kvs-core --bench engines`, with `KVS_KEYS=100000` (or as many as you like) and `KVS_BENCH_DIRECTORY=…` where the
//! directory is to be on another disk. Every write is on the medium before it counts: each put and each batch is synced, by ours as by
//! the others. Each engine works in a process of its own, which is killed in the end; how long it takes to come back is measured after
//! that.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]
#![allow(clippy::disallowed_types, reason = "a benchmark reads the clock")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kvs_core::op::{Key, Value};
use kvs_core::storage::engine::{
    Batch, Change, Database, EmbeddedDbOptions, EngineOptions, Expected, FlatFileMode, FlatFileOptions, KeyRange,
};
use redb::ReadableDatabase as _;

const BATCH: u64 = 1_000;
const PUTS: u64 = 500;
const GETS: u64 = 100_000;
const SCANS: u64 = 1_000;
const SCAN_KEYS: u64 = 100;

/// A store in a directory.
trait Peer {
    fn batch(&mut self, entries: &[(String, String)]);
    fn get(&self, key: &str) -> Option<String>;
    /// How many keys there are from one to another.
    fn scan(&self, from: &str, to: &str) -> u64;
}

struct Ours(Database);

fn key(text: &str) -> Key {
    Key::new(text).expect("short")
}

impl Peer for Ours {
    fn batch(&mut self, entries: &[(String, String)]) {
        let put = |(name, text): &(String, String)| {
            let value = Value::new(text).expect("short");
            Change::Put { key: key(name), value, expected: Expected::Any }
        };
        self.0.batch(&Batch { changes: entries.iter().map(put).collect(), note: None }).expect("there is room");
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(&key(name)).expect("it works").map(|kept| kept.value.as_str().to_owned())
    }

    fn scan(&self, from: &str, to: &str) -> u64 {
        self.0.scan(&KeyRange::new(&key(from), &key(to))).expect("it works").len() as u64
    }
}

struct Redb(redb::Database);

const TABLE: redb::TableDefinition<'_, &str, &str> = redb::TableDefinition::new("kept");

impl Peer for Redb {
    fn batch(&mut self, entries: &[(String, String)]) {
        // A commit is durable unless one says otherwise.
        let transaction = self.0.begin_write().expect("nobody else writes");
        {
            let mut table = transaction.open_table(TABLE).expect("it is made");
            for (key, value) in entries {
                table.insert(key.as_str(), value.as_str()).expect("there is room");
            }
        }
        transaction.commit().expect("there is room");
    }

    fn get(&self, key: &str) -> Option<String> {
        let table = self.0.begin_read().expect("it works").open_table(TABLE).expect("it is there");
        table.get(key).expect("it works").map(|value| value.value().to_owned())
    }

    fn scan(&self, from: &str, to: &str) -> u64 {
        let table = self.0.begin_read().expect("it works").open_table(TABLE).expect("it is there");
        let entries = table.range(from..to).expect("it works").map(|entry| entry.expect("it works"));
        // A reader wants the texts, not only their number.
        let read: Vec<_> = entries.map(|(key, value)| (key.value().to_owned(), value.value().to_owned())).collect();
        read.len() as u64
    }
}

struct Sled(sled::Db);

impl Peer for Sled {
    fn batch(&mut self, entries: &[(String, String)]) {
        let mut batch = sled::Batch::default();
        entries.iter().for_each(|(key, value)| batch.insert(key.as_bytes(), value.as_bytes()));
        self.0.apply_batch(batch).expect("there is room");
        self.0.flush().expect("there is room");
    }

    fn get(&self, key: &str) -> Option<String> {
        let value = self.0.get(key).expect("it works")?;
        Some(String::from_utf8(value.to_vec()).expect("text"))
    }

    fn scan(&self, from: &str, to: &str) -> u64 {
        let entries = self.0.range(from..to).map(|entry| entry.expect("it works"));
        let read: Vec<_> = entries.map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        read.len() as u64
    }
}

const ENGINES: [&str; 4] = ["ours, embedded", "ours, flat file", "redb", "sled"];

fn open(engine: &str, place: &Path) -> Box<dyn Peer> {
    let ours = |options| Box::new(Ours(Database::open(place, options).expect("it is ours")));
    match engine {
        "redb" => {
            fs::create_dir_all(place).expect("a directory");
            Box::new(Redb(redb::Database::create(place.join("redb")).expect("it is ours")))
        }
        "sled" => Box::new(Sled(sled::Config::new().path(place).flush_every_ms(None).open().expect("it is ours"))),
        "ours, flat file" => {
            let mode = FlatFileMode::Append;
            ours(EngineOptions::FlatFile(FlatFileOptions { mode, ..FlatFileOptions::default() }))
        }
        _ => ours(EngineOptions::Embedded(EmbeddedDbOptions::default())),
    }
}

/// Key and value of a number: a hundred bytes, of which no two are alike.
fn entry(number: u64) -> (String, String) {
    (format!("key-{number:010}"), format!("{number:0100}"))
}

/// A number below `keys` that looks like chance; as a function of `turn` it meets each once before it repeats.
fn shuffled(turn: u64, keys: u64) -> u64 {
    // The step is prime and larger than any number of keys here.
    (turn % keys).wrapping_mul(2_654_435_761) % keys
}

fn timed<T>(act: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// What the process does that is killed in the end.
fn work(engine: &str, place: &Path, keys: u64) {
    let mut peer = open(engine, place);
    let load = timed(|| {
        for batch in 0..keys / BATCH {
            let entries: Vec<_> =
                (batch * BATCH..(batch + 1) * BATCH).map(|turn| entry(shuffled(turn, keys))).collect();
            peer.batch(&entries);
        }
    });
    let puts = timed(|| (0..PUTS).for_each(|turn| peer.batch(&[entry(shuffled(turn * 7, keys))])));
    let gets = timed(|| {
        for turn in 0..GETS {
            let (key, value) = entry(shuffled(turn * 3, keys));
            assert_eq!(peer.get(&key), Some(value), "{engine}: what was put is there");
        }
    });
    let scans = timed(|| {
        for turn in 0..SCANS {
            let from = shuffled(turn * 11, keys - SCAN_KEYS);
            assert_eq!(peer.scan(&entry(from).0, &entry(from + SCAN_KEYS).0), SCAN_KEYS, "{engine}");
        }
    });
    let each = |time: Duration, count: u64| time.as_nanos() / u128::from(count);
    println!(
        "{} {} {} {}",
        each(load, keys / BATCH * BATCH),
        each(puts, PUTS),
        each(gets, GETS),
        each(scans, SCANS * SCAN_KEYS)
    );
    // Until it is killed.
    std::thread::park();
}

fn size(place: &Path) -> u64 {
    let entries = fs::read_dir(place).expect("a directory").map(|entry| entry.expect("an entry"));
    let sizes = entries.map(|entry| {
        let kind = entry.metadata().expect("it is there");
        if kind.is_dir() { size(&entry.path()) } else { kind.len() }
    });
    sizes.sum()
}

fn measure(engine: &str, place: &Path, keys: u64) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--work", engine, &place.to_string_lossy(), &keys.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let line = BufReader::new(child.stdout.take().expect("it is piped")).lines().next();
    child.kill().expect("it runs");
    child.wait().expect("it was ours");
    let line = line.expect("it says what it has measured").expect("text");
    let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
    let (bytes, mut found) = (size(place), None);
    let (name, value) = entry(shuffled(1, keys));
    let back = timed(|| found = open(engine, place).get(&name));
    assert_eq!(found, Some(value), "{engine}: what was answered is there");
    let [batch, put, get, scan] = numbers[..] else { panic!("{line}") };
    println!(
        "| {engine} | {keys} | {:.2} µs | {:.2} ms | {:.2} µs | {:.2} µs | {:.1} MB | {:.1} ms |",
        batch as f64 / 1e3,
        put as f64 / 1e6,
        get as f64 / 1e3,
        scan as f64 / 1e3,
        bytes as f64 / 1e6,
        back.as_secs_f64() * 1e3,
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, engine, place, keys] = &arguments[..]
        && flag == "--work"
    {
        work(engine, Path::new(place), keys.parse().expect("a number"));
        return;
    }
    let keys = std::env::var("KVS_KEYS").map_or(100_000, |keys| keys.parse().expect("a number of keys"));
    let place = std::env::var("KVS_BENCH_DIRECTORY").map_or_else(|_| std::env::temp_dir(), PathBuf::from);
    let place = tempfile::tempdir_in(place).expect("a directory");
    println!(
        "| store | keys | key in a batch of {BATCH} | one put | get | key in a scan of {SCAN_KEYS} | on disk | back after a kill |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for engine in ENGINES {
        // A flat file is all in memory and is read as a whole.
        measure(engine, &place.path().join(engine.replace(", ", "-").replace(' ', "-")), keys);
    }
}
