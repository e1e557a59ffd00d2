//! A write-ahead log of typed records with checkpoints, on a [`Disk`].
//!
//! Each generation is one file, `journal-<number>`, that begins with a snapshot. Records are framed, so that a torn tail is seen and
//! left out. The generation before the newest is kept until the next checkpoint: it is
//! what recovery falls back to if a crash tears the newest one's snapshot.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::frame::{frame, take_frame};
use crate::disk::Disk;

/// The journal of states `S` changed by records `R`. Its own state is only where it writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal<S, R> {
    generation: u64,
    records: u32,
    #[serde(skip)]
    types: PhantomData<fn() -> (S, R)>,
}

impl<S, R> Default for Journal<S, R> {
    fn default() -> Self {
        Self { generation: 0, records: 0, types: PhantomData }
    }
}

const FILE_PREFIX: &str = "journal-";

impl<S: Serialize + DeserializeOwned, R: Serialize + DeserializeOwned> Journal<S, R> {
    /// Reads back what the disk has kept: the newest whole snapshot and the records after it. None on an empty disk.
    ///
    /// Call [`checkpoint`](Self::checkpoint) next: records must not be added behind a torn tail.
    pub fn recover(disk: &Disk) -> (Self, Option<(S, Vec<R>)>) {
        let generations = disk.files().filter_map(|file| file.strip_prefix(FILE_PREFIX)?.parse::<u64>().ok());
        let mut generations: Vec<u64> = generations.collect();
        generations.sort_unstable();
        let journal = Self { generation: generations.last().copied().unwrap_or(0), ..Self::default() };
        let recovered = generations.iter().rev().find_map(|&generation| {
            let mut bytes = disk.read(&file_name(generation))?;
            let snapshot = take_frame(&mut bytes)?;
            Some((snapshot, core::iter::from_fn(|| take_frame(&mut bytes)).collect()))
        });
        (journal, recovered)
    }

    /// Adds a record.
    pub fn append(&mut self, disk: &mut Disk, record: &R) {
        disk.append(&file_name(self.generation), &frame(record));
        self.records += 1;
    }

    /// How many records came since the last checkpoint.
    pub fn records_since_checkpoint(&self) -> u32 {
        self.records
    }

    /// Begins a new generation with a snapshot of the state that all records so far have led to.
    pub fn checkpoint(&mut self, disk: &mut Disk, snapshot: &S) {
        self.generation += 1;
        self.records = 0;
        disk.append(&file_name(self.generation), &frame(snapshot));
        // Before the snapshot is on the disk, nothing goes that it stands for.
        disk.sync(&file_name(self.generation));
        disk.sync_directory();
        let kept = [file_name(self.generation), file_name(self.generation - 1)];
        let old: Vec<String> = disk.files().filter(|file| file.starts_with(FILE_PREFIX)).map(String::from).collect();
        for file in old.iter().filter(|file| !kept.contains(file)) {
            disk.remove(file);
        }
    }
}

fn file_name(generation: u64) -> String {
    format!("{FILE_PREFIX}{generation}")
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
