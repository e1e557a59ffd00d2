//! Where the values of a snapshot are kept: in the journal along with it, or in one of the engines that a store on one server has.
//!
//! In an engine, each value is kept under its own key, and only what has changed since the last snapshot is written: one batch, with a
//! note that says which generation of the [`Journal`](super::journal::Journal) has the rest. So what a reader finds in a flat file under
//! Multi-Paxos is the replica's values, in plain text.
//!
//! What comes *between* two snapshots stays in the journal. An engine keeps what is there now, key by key; a journal keeps what
//! happened, in order, who asked and what was answered, and a protocol needs its votes and its log in that order. Values that are merged
//! stay there as well: under a key there are versions with clocks, as many as have met, and an engine keeps one value.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::engine::{
    Batch, Change, Engine, EngineOptions, Expected, KeyRange, Storage as _, StorageError, StorageFault,
};
use crate::disk::Disk;
use crate::op::{Key, Value};

/// Where the values of snapshots are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotPlace {
    /// In the journal, with all the rest.
    #[default]
    Journal,
    /// In an engine, value by value.
    Engine(EngineOptions),
}

/// What a journal begins with: a state, some of which may be values under keys.
pub trait Checkpoint: Clone + Serialize + DeserializeOwned {
    /// Takes the values out, and leaves the rest. There are none if nothing else is said.
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        BTreeMap::new()
    }

    /// Puts back what was taken out.
    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        debug_assert!(values.is_empty(), "there was nothing to take out");
    }
}

/// A number has none.
impl Checkpoint for u32 {}

fn fault(error: StorageError) -> StorageFault {
    match error {
        StorageError::Fault(fault) => fault,
        // Nothing is expected of any key, so nothing else can be wrong.
        other => StorageFault::Io { file: String::new(), why: other.to_string() },
    }
}

const NOTE: &str = "generation ";

/// Which generation of the journal belongs to the values that an engine has; None if it has not had any yet.
pub(super) fn noted(engine: &Engine) -> Result<Option<u64>, StorageFault> {
    let Some(note) = engine.note() else { return Ok(None) };
    let generation = note.strip_prefix(NOTE).and_then(|number| number.parse().ok());
    generation.map(Some).ok_or_else(|| {
        let what = "the note of the last snapshot makes no sense".to_string();
        StorageFault::Damaged { file: "note".into(), position: 0, what }
    })
}

/// All values that an engine has.
pub(super) fn read(engine: &Engine, disk: &Disk) -> Result<BTreeMap<Key, Value>, StorageFault> {
    let kept = engine.scan(disk, &KeyRange::all()).map_err(fault)?;
    Ok(kept.into_iter().map(|(key, kept)| (key, kept.value)).collect())
}

/// Keeps these values, and no others; what has changed is written.
pub(super) fn write(
    engine: &mut Engine,
    disk: &mut Disk,
    values: &BTreeMap<Key, Value>,
    generation: u64,
) -> Result<(), StorageFault> {
    let there = read(engine, disk)?;
    let gone = there.keys().filter(|key| !values.contains_key(*key));
    let mut changes: Vec<Change> =
        gone.map(|key| Change::Delete { key: key.clone(), expected: Expected::Any }).collect();
    for (key, value) in values {
        if there.get(key) != Some(value) {
            changes.push(Change::Put { key: key.clone(), value: value.clone(), expected: Expected::Any });
        }
    }
    engine.batch(disk, &Batch { changes, note: Some(format!("{NOTE}{generation}").into()) }).map_err(fault)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Odometer;
    use crate::disk::{CrashFate, Honesty};
    use crate::op::KVSOperation;
    use crate::storage::MachineSnapshot;
    use crate::storage::engine::{EmbeddedDbOptions, FlatFileOptions, STORE};
    use crate::storage::journal::Journal;

    const FLAT: SnapshotPlace = SnapshotPlace::Engine(EngineOptions::FlatFile(FlatFileOptions {
        mode: crate::storage::engine::FlatFileMode::AtomicReplace,
        format: crate::storage::engine::LineFormat::Json,
    }));
    const EMBEDDED: SnapshotPlace = SnapshotPlace::Engine(EngineOptions::Embedded(EmbeddedDbOptions::SMALL));

    /// Records are counted, so that a test sees which of them came back with which snapshot.
    type Log = Journal<MachineSnapshot, u32>;

    fn snapshot(entries: &[(&str, &str)]) -> MachineSnapshot {
        let mut machine = MachineSnapshot::default();
        for (key, value) in entries {
            let (key, value) = (Key::new(key).expect("short"), Value::new(value).expect("short"));
            machine.core.apply(&KVSOperation::Put(key, value));
        }
        machine
    }

    #[test]
    fn a_snapshot_comes_back_with_its_own_records_whatever_a_crash_leaves_of_the_next() {
        for place in [SnapshotPlace::Journal, FLAT, EMBEDDED] {
            let mut disk = Disk::new(Honesty::Honest);
            let (mut log, nothing) = Log::recover_from(place, &mut disk);
            assert_eq!(nothing, None);
            assert!(log.keeps_snapshots());
            let (first, second) = (snapshot(&[("a", "1"), ("b", "2")]), snapshot(&[("b", "3"), ("c", "4")]));
            log.checkpoint(&mut disk, &first);
            log.append(&mut disk, &1);
            disk.reach_medium(disk.last_write());
            log.checkpoint(&mut disk, &second);
            log.append(&mut disk, &2);
            let mut outcomes = Vec::new();
            let mut answers = Odometer::default();
            while answers.turn() {
                let mut disk = disk.clone();
                disk.crash(CrashFate::Reordered, &mut answers);
                let (mut log, found) = Log::recover_from(place, &mut disk);
                let (kept, records) = found.expect("something was synced");
                match &records[..] {
                    [1] => assert_eq!(kept, first, "{place:?}"),
                    [] | [2] => assert_eq!(kept, second, "{place:?}"),
                    other => panic!("{place:?}: {other:?}"),
                }
                if !outcomes.contains(&records) {
                    // It goes on from there, and nothing of what was lost comes back.
                    log.checkpoint(&mut disk, &snapshot(&[("d", "5")]));
                    log.append(&mut disk, &3);
                    assert_eq!(Log::look(place, &disk), Some((snapshot(&[("d", "5")]), [3].into())), "{place:?}");
                }
                outcomes.push(records);
            }
            for expected in [&[1][..], &[], &[2]] {
                assert!(outcomes.iter().any(|records| records == expected), "{place:?}: never {expected:?}");
            }
        }
    }

    #[test]
    fn what_an_engine_in_memory_had_is_gone_with_its_snapshot() {
        let place = SnapshotPlace::Engine(EngineOptions::Memory);
        let mut disk = Disk::new(Honesty::Honest);
        let (mut log, _) = Log::recover_from(place, &mut disk);
        log.checkpoint(&mut disk, &snapshot(&[("a", "1")]));
        assert!(!log.keeps_snapshots());
        disk.reach_medium(disk.last_write());
        assert_eq!(Log::look(place, &disk), None);
    }

    #[test]
    fn in_a_flat_file_a_person_can_read_the_values() {
        let mut disk = Disk::new(Honesty::Honest);
        let (mut log, _) = Log::recover_from(FLAT, &mut disk);
        log.checkpoint(&mut disk, &snapshot(&[("colour", "several, with commas")]));
        let text = String::from_utf8(disk.read(STORE).expect("it is there").to_vec()).expect("text");
        assert!(text.contains(r#""key":"colour","value":"several, with commas""#), "{text}");
        assert!(text.contains(r#""note":"generation 1"#), "{text}");
    }

    #[test]
    fn a_damaged_file_is_no_snapshot_and_the_next_ones_are_kept_elsewhere() {
        let mut disk = Disk::new(Honesty::Honest);
        let (mut log, _) = Log::recover_from(FLAT, &mut disk);
        log.checkpoint(&mut disk, &snapshot(&[("a", "1")]));
        assert!(disk.rot(STORE, 3));
        let (mut log, found) = Log::recover_from(FLAT, &mut disk);
        assert_eq!(found, None);
        log.checkpoint(&mut disk, &snapshot(&[("b", "2")]));
        log.append(&mut disk, &7);
        assert_eq!(Log::look(FLAT, &disk), Some((snapshot(&[("b", "2")]), [7].into())));
    }
}
