//! The three engines on a simulated disk: what their own work costs, and nothing that a real disk adds.

use kvs_core::disk::{Disk, Honesty};
use kvs_core::op::{Key, Value};
use kvs_core::storage::engine::{
    EmbeddedDbOptions, Engine, EngineOptions, Expected, FlatFileMode, FlatFileOptions, KeyRange, Life, LineFormat,
    Storage as _,
};

/// How many keys are put, looked for and gone through in one go.
pub(crate) const KEYS: u32 = 10_000;
const SCAN_KEYS: u32 = 100;

/// A log of such a size that the keys fill several tables.
const EMBEDDED: EmbeddedDbOptions = EmbeddedDbOptions { log_bytes: 128 << 10, block_bytes: 4 << 10, sync: true };
const FLAT_FILE: FlatFileOptions = FlatFileOptions { mode: FlatFileMode::Append, format: LineFormat::Json };

pub(crate) const ENGINES: [(&str, EngineOptions); 3] = [
    ("memory", EngineOptions::Memory),
    ("a flat file", EngineOptions::FlatFile(FLAT_FILE)),
    ("an embedded database", EngineOptions::Embedded(EMBEDDED)),
];

/// An engine and its disk.
pub(crate) struct Kept {
    engine: Engine,
    disk: Disk,
}

impl Kept {
    /// With nothing in it.
    pub(crate) fn empty(options: EngineOptions) -> Self {
        let mut disk = Disk::new(Honesty::Honest);
        let engine = Engine::open(options, &mut disk, Life::counted(0)).expect("nothing is there");
        Self { engine, disk }
    }

    /// With all keys in it.
    pub(crate) fn full(options: EngineOptions) -> Self {
        let mut kept = Self::empty(options);
        kept.put_all();
        kept
    }

    /// Puts all keys, one after the other, each on the medium before the next.
    pub(crate) fn put_all(&mut self) {
        for turn in 0..KEYS {
            let number = shuffled(turn);
            let value = Value::new(&format!("{number:0100}")).expect("short");
            self.engine.put(&mut self.disk, &key(number), &value, Expected::ABSENT).expect("it is new");
            self.disk.reach_medium(self.disk.last_write());
        }
    }

    /// Looks for each.
    pub(crate) fn get_all(&self) {
        for turn in 0..KEYS {
            assert!(self.engine.get(&self.disk, &key(shuffled(turn))).expect("it works").is_some());
        }
    }

    /// Goes through all of them, a hundred at a time.
    pub(crate) fn scan_all(&self) {
        for turn in 0..KEYS / SCAN_KEYS {
            let from = shuffled(turn) / SCAN_KEYS * SCAN_KEYS;
            let range = KeyRange::new(&key(from), &key(from + SCAN_KEYS));
            assert_eq!(self.engine.scan(&self.disk, &range).expect("it works").len(), SCAN_KEYS as usize);
        }
    }
}

fn key(number: u32) -> Key {
    Key::new(&format!("key-{number:010}")).expect("short")
}

/// A number below `KEYS` that looks like chance; each comes once.
fn shuffled(turn: u32) -> u32 {
    u32::try_from(u64::from(turn) * 2_654_435_761 % u64::from(KEYS)).expect("below")
}
