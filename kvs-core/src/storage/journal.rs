//! A write-ahead log of typed records with checkpoints, on a [`Disk`].
//!
//! Each generation is one file, `journal-<number>`, that begins with a snapshot. Records are framed, so that a torn tail is seen and
//! left out. The generation before the newest is kept until the next checkpoint: it is
//! what recovery falls back to if a crash tears the newest one's snapshot.
//!
//! The values of a snapshot may be kept by an engine instead, each under its own key: see [`SnapshotPlace`]. Then a generation is a file
//! `records-<number>`, which begins with the rest of the snapshot, and the engine's note says which generation counts. It is written in
//! the batch that writes the values, so that a crash finds the old snapshot with its records, or the new one.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint::{self, Checkpoint, SnapshotPlace};
use super::engine::{Engine, Life, Storage as _, StorageFault};
use super::frame::{frame, take_frame};
use crate::disk::Disk;

/// The journal of states `S` changed by records `R`. Its own state is only where it writes, and the engine if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Journal<S, R> {
    generation: u64,
    records: u32,
    #[serde(skip_serializing_if = "Values::are_here")]
    values: Values,
    #[serde(skip)]
    types: PhantomData<fn() -> (S, R)>,
}

/// Where the values of a snapshot are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
enum Values {
    /// In the snapshot.
    #[default]
    Here,
    /// In an engine.
    InEngine(Box<Engine>),
    /// In the snapshot again: the files of the engine cannot be used. What was in them is lost.
    HereSince(StorageFault),
}

impl Values {
    fn are_here(&self) -> bool {
        *self == Self::Here
    }

    /// What the names of files begin with.
    fn prefix(&self) -> &'static str {
        match self {
            Self::Here | Self::HereSince(_) => "journal-",
            Self::InEngine(_) => "records-",
        }
    }
}

impl<S, R> Default for Journal<S, R> {
    fn default() -> Self {
        Self { generation: 0, records: 0, values: Values::default(), types: PhantomData }
    }
}

/// What is read back: a snapshot and the records after it.
type Recovered<S, R> = Option<(S, Vec<R>)>;

impl<S: Checkpoint, R: Serialize + DeserializeOwned> Journal<S, R> {
    /// Reads back what the disk has kept: the newest whole snapshot and the records after it. None on an empty disk.
    ///
    /// Call [`checkpoint`](Self::checkpoint) next: records must not be added behind a torn tail.
    pub fn recover(disk: &Disk) -> (Self, Recovered<S, R>) {
        Self::recover_whole(Values::Here, disk)
    }

    /// Likewise, with the values of snapshots in this place. What an engine in memory had is gone, and its snapshot with it.
    pub fn recover_from(place: SnapshotPlace, disk: &mut Disk) -> (Self, Recovered<S, R>) {
        let SnapshotPlace::Engine(options) = place else { return Self::recover(disk) };
        match Engine::open(options, disk, Life::UNCOUNTED).and_then(|engine| Self::recover_split(engine, disk)) {
            Ok(found) => found,
            Err(fault) => Self::recover_whole(Values::HereSince(fault), disk),
        }
    }

    /// What would be read back from a disk that stays as it is.
    pub fn look(place: SnapshotPlace, disk: &Disk) -> Recovered<S, R> {
        match place {
            SnapshotPlace::Journal => Self::recover(disk).1,
            SnapshotPlace::Engine(_) => Self::recover_from(place, &mut disk.clone()).1,
        }
    }

    fn recover_whole(values: Values, disk: &Disk) -> (Self, Recovered<S, R>) {
        let generations = generations(values.prefix(), disk);
        let recovered = generations.iter().rev().find_map(|&generation| read(values.prefix(), generation, disk));
        let generation = generations.last().copied().unwrap_or(0);
        (Self { generation, values, ..Self::default() }, recovered)
    }

    fn recover_split(engine: Engine, disk: &Disk) -> Result<(Self, Recovered<S, R>), StorageFault> {
        let counts = checkpoint::noted(&engine)?;
        let kept = checkpoint::read(&engine, disk)?;
        let values = Values::InEngine(engine.into());
        let generation = generations(values.prefix(), disk).last().copied().unwrap_or(0);
        let mut recovered = None;
        if let Some(counts) = counts {
            let (mut snapshot, records): (S, Vec<R>) = read(values.prefix(), counts, disk).ok_or_else(|| {
                let (file, what) =
                    (file_name(values.prefix(), counts), "what belongs to the engine's values is not there");
                StorageFault::Damaged { file, position: 0, what: what.into() }
            })?;
            snapshot.put_values(kept);
            recovered = Some((snapshot, records));
        }
        Ok((Self { generation, values, ..Self::default() }, recovered))
    }

    /// Adds a record.
    pub fn append(&mut self, disk: &mut Disk, record: &R) {
        disk.append(&file_name(self.values.prefix(), self.generation), &frame(record));
        self.records += 1;
    }

    /// How many records came since the last checkpoint.
    pub fn records_since_checkpoint(&self) -> u32 {
        self.records
    }

    /// Whether a snapshot survives a crash, so that others may forget what has led to it.
    pub fn keeps_snapshots(&self) -> bool {
        match &self.values {
            Values::Here | Values::HereSince(_) => true,
            Values::InEngine(engine) => engine.is_durable(),
        }
    }

    /// Begins a new generation with a snapshot of the state that all records so far have led to.
    pub fn checkpoint(&mut self, disk: &mut Disk, snapshot: &S) {
        self.generation += 1;
        self.records = 0;
        let prefix = self.values.prefix();
        if let Values::InEngine(engine) = &mut self.values {
            let mut rest = snapshot.clone();
            let values = rest.take_values();
            begin(prefix, self.generation, &rest, disk);
            match checkpoint::write(engine, disk, &values, self.generation) {
                Ok(()) => {
                    remove_before(prefix, self.generation, disk);
                    return;
                }
                Err(fault) => self.values = Values::HereSince(fault),
            }
        }
        let prefix = self.values.prefix();
        begin(prefix, self.generation, snapshot, disk);
        remove_before(prefix, self.generation - 1, disk);
    }
}

fn file_name(prefix: &str, generation: u64) -> String {
    format!("{prefix}{generation}")
}

/// Which generations there are, oldest first.
fn generations(prefix: &str, disk: &Disk) -> Vec<u64> {
    let mut generations: Vec<u64> =
        disk.files().filter_map(|file| file.strip_prefix(prefix)?.parse::<u64>().ok()).collect();
    generations.sort_unstable();
    generations
}

fn begin(prefix: &str, generation: u64, snapshot: &impl Serialize, disk: &mut Disk) {
    let file = file_name(prefix, generation);
    disk.append(&file, &frame(snapshot));
    // Before the snapshot is on the disk, nothing goes that it stands for.
    disk.sync(&file);
    disk.sync_directory();
}

fn remove_before(prefix: &str, generation: u64, disk: &mut Disk) {
    for old in generations(prefix, disk) {
        if old < generation {
            disk.remove(&file_name(prefix, old));
        }
    }
}

fn read<S: DeserializeOwned, R: DeserializeOwned>(prefix: &str, generation: u64, disk: &Disk) -> Recovered<S, R> {
    let mut bytes = disk.read(&file_name(prefix, generation))?;
    let snapshot = take_frame(&mut bytes)?;
    Some((snapshot, core::iter::from_fn(|| take_frame(&mut bytes)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Choose, Purpose, Stream};
    use crate::disk::{CrashFate, Honesty};

    struct Fixed(Vec<u32>);
    impl Choose for Fixed {
        fn choose(&mut self, bound: u32) -> u32 {
            self.0.remove(0).min(bound.saturating_sub(1))
        }
    }

    type Log = Journal<u32, u32>;

    fn sum((snapshot, records): (u32, Vec<u32>)) -> u32 {
        snapshot + records.iter().sum::<u32>()
    }

    const WRITES: u32 = 40;

    /// A disk to which the records 1, 2, 3, … were written, with a checkpoint now and then. Up to one of them it was synced; 0: not at all.
    fn written(synced: u32) -> Disk {
        let mut disk = Disk::new(Honesty::Honest);
        let mut log = Log::default();
        log.checkpoint(&mut disk, &0);
        let mut total = 0;
        for record in 1..=WRITES {
            log.append(&mut disk, &record);
            total += record;
            if log.records_since_checkpoint() == 7 {
                log.checkpoint(&mut disk, &total);
            }
            if record == synced {
                disk.reach_medium(disk.last_write());
            }
        }
        disk
    }

    /// What was found is what some of the first records add up to, and no synced one is missing.
    #[track_caller]
    fn assert_prefix(found: u32, synced: u32, case: core::fmt::Arguments<'_>) {
        let prefixes: Vec<u32> = (0..=WRITES).map(|n| n * (n + 1) / 2).collect();
        assert!(found >= prefixes[synced as usize], "{case}: a record is missing, and {synced} were synced");
        assert!(prefixes.contains(&found), "{case}: {found} is no prefix of the log");
    }

    /// Whatever a disk does that writes in any order: what was synced is there, and nothing else is invented.
    #[test]
    fn recovers_a_prefix_when_writes_are_reordered() {
        for seed in 0..4_000 {
            let mut random = Stream::new(seed, Purpose::Workload);
            let synced = random.choose(WRITES + 1);
            let mut disk = written(synced);
            disk.crash(CrashFate::Reordered, &mut random);
            assert_prefix(Log::recover(&disk).1.map_or(0, sum), synced, format_args!("seed {seed}"));
        }
    }

    /// Every crash point of a small run, with every place at which a write can be torn: what was synced is there, nothing else is
    /// invented, and the journal goes on working.
    #[test]
    fn recovers_a_prefix_at_every_crash_point() {
        for synced in 0..WRITES {
            for (whole, bytes) in (0..6).flat_map(|whole| (0..20).map(move |bytes| (whole, bytes))) {
                let mut disk = written(synced);
                disk.crash(CrashFate::Torn, &mut Fixed([whole, bytes].into()));
                let (mut log, recovered) = Log::recover(&disk);
                let found = recovered.map_or(0, sum);
                assert_prefix(found, synced, format_args!("{whole} writes and {bytes} bytes"));
                log.checkpoint(&mut disk, &found);
                log.append(&mut disk, &1_000);
                assert_eq!(Log::recover(&disk).1.map(sum), Some(found + 1_000));
            }
        }
    }
}
