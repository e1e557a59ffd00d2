//! Where a replica keeps what it has executed: in a journal, or in one of the engines that a store on one server has.
//!
//! In an engine, each value is kept under its own key, and only what has changed since the last snapshot is written: one batch, with a
//! note of how far the replica had come and what it had answered. So what a reader finds in a flat file under Multi-Paxos is the
//! replica's values, in plain text.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::engine::{
    Batch, Change, Engine, EngineOptions, Expected, KeyRange, Life, Storage as _, StorageError, StorageFault,
};
use super::journal::Journal;
use super::smr;
use super::{MachineSnapshot, Sessions};
use crate::disk::Disk;
use crate::op::{KVSOperation, Key, Value};

/// Where snapshots are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotPlace {
    /// In a journal, each as a whole.
    #[default]
    Journal,
    /// In an engine, value by value.
    Engine(EngineOptions),
}

/// A snapshot: what all slots before this one have led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The first slot that has not been executed.
    pub slot_out: u64,
    /// What the others have led to.
    pub machine: MachineSnapshot,
}

/// The snapshots of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Snapshots {
    /// In a journal.
    Journal(Journal<Snapshot, ()>),
    /// In an engine.
    Engine(Box<Engine>),
    /// Nowhere any more: the files cannot be used. Others have what was in them.
    Nowhere(StorageFault),
}

impl Default for Snapshots {
    fn default() -> Self {
        Self::Journal(Journal::default())
    }
}

impl Snapshots {
    /// Reads back the last snapshot that the disk has kept, or an empty one.
    pub fn recover(place: SnapshotPlace, disk: &mut Disk) -> (Self, Snapshot) {
        let options = match place {
            SnapshotPlace::Journal => {
                let (mut journal, recovered) = Journal::recover(disk);
                let (snapshot, _): (Snapshot, Vec<()>) = recovered.unwrap_or_default();
                journal.checkpoint(disk, &snapshot);
                return (Self::Journal(journal), snapshot);
            }
            SnapshotPlace::Engine(options) => options,
        };
        let opened = Engine::open(options, disk, Life::UNCOUNTED).map_err(StorageError::from);
        match opened.and_then(|engine| read(&engine, disk).map(|snapshot| (engine, snapshot))) {
            Ok((engine, snapshot)) => (Self::Engine(engine.into()), snapshot),
            Err(error) => (Self::Nowhere(fault(error)), Snapshot::default()),
        }
    }

    /// Keeps a snapshot in the place of the one before.
    pub fn write(&mut self, disk: &mut Disk, snapshot: &Snapshot) {
        match self {
            Self::Journal(journal) => journal.checkpoint(disk, snapshot),
            Self::Engine(engine) => {
                if let Err(error) = write(engine, disk, snapshot) {
                    *self = Self::Nowhere(fault(error));
                }
            }
            Self::Nowhere(_) => {}
        }
    }

    /// Whether what is kept survives a crash, so that others may forget what has led to it.
    pub fn are_durable(&self) -> bool {
        match self {
            Self::Journal(_) => true,
            Self::Engine(engine) => engine.is_durable(),
            Self::Nowhere(_) => false,
        }
    }
}

fn fault(error: StorageError) -> StorageFault {
    match error {
        StorageError::Fault(fault) => fault,
        // Nothing is expected of any key, so nothing else can be wrong.
        other => StorageFault::Io { file: String::new(), why: other.to_string() },
    }
}

/// What a note holds besides the slot.
#[derive(Serialize, Deserialize)]
struct Rest {
    served: Sessions,
    /// The state of a replicated state machine, with empty texts for its values.
    smr: Option<smr::Snapshot>,
}

fn values(machine: &MachineSnapshot) -> BTreeMap<&Key, &Value> {
    match &machine.smr {
        Some(snapshot) => snapshot.state.data.iter().map(|(key, entry)| (key, &entry.value)).collect(),
        None => machine.core.iter().collect(),
    }
}

fn write(engine: &mut Engine, disk: &mut Disk, snapshot: &Snapshot) -> Result<(), StorageError> {
    let wanted = values(&snapshot.machine);
    let there: BTreeMap<Key, Value> =
        engine.scan(disk, &KeyRange::all())?.into_iter().map(|(key, kept)| (key, kept.value)).collect();
    let gone = there.keys().filter(|key| !wanted.contains_key(key));
    let mut changes: Vec<Change> =
        gone.map(|key| Change::Delete { key: key.clone(), expected: Expected::Any }).collect();
    for (key, value) in wanted {
        if there.get(key) != Some(value) {
            changes.push(Change::Put { key: key.clone(), value: value.clone(), expected: Expected::Any });
        }
    }
    let mut smr = snapshot.machine.smr.clone();
    if let Some(smr) = &mut smr {
        let nothing = Value::default();
        Arc::make_mut(&mut smr.state).data.values_mut().for_each(|entry| entry.value = nothing.clone());
    }
    let rest = Rest { served: snapshot.machine.served.clone(), smr };
    // Encoding plain data into memory does not fail.
    let bytes = postcard::to_allocvec(&rest).unwrap_or_default();
    let mut note = format!("slot {} ", snapshot.slot_out);
    for byte in bytes {
        // Nor does writing into a string.
        let _ = write!(note, "{byte:02x}");
    }
    engine.batch(disk, &Batch { changes, note: Some(note.into()) })?;
    Ok(())
}

fn read(engine: &Engine, disk: &Disk) -> Result<Snapshot, StorageError> {
    let Some(note) = engine.note() else { return Ok(Snapshot::default()) };
    let (slot_out, Rest { served, smr }) = parse(note).ok_or_else(|| {
        let what = "the note of the last snapshot makes no sense".to_string();
        StorageFault::Damaged { file: "note".into(), position: 0, what }
    })?;
    let kept = engine.scan(disk, &KeyRange::all())?;
    let mut machine = MachineSnapshot { served, ..MachineSnapshot::default() };
    if let Some(mut smr) = smr {
        let state = Arc::make_mut(&mut smr.state);
        for (key, kept) in kept {
            if let Some(entry) = state.data.get_mut(&key) {
                entry.value = kept.value;
            }
        }
        machine.smr = Some(smr);
    } else {
        for (key, kept) in kept {
            machine.core.apply(&KVSOperation::Put(key, kept.value));
        }
    }
    Ok(Snapshot { slot_out, machine })
}

fn parse(note: &str) -> Option<(u64, Rest)> {
    let (slot, hex) = note.strip_prefix("slot ")?.split_once(' ')?;
    let digits = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = hex.as_bytes().chunks(2).map(digits).collect::<Option<_>>()?;
    Some((slot.parse().ok()?, postcard::from_bytes(&bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Odometer;
    use crate::disk::{CrashFate, Honesty};
    use crate::storage::engine::{EmbeddedDbOptions, FlatFileOptions, STORE};

    fn snapshot(slot_out: u64, entries: &[(&str, &str)]) -> Snapshot {
        let mut machine = MachineSnapshot::default();
        for (key, value) in entries {
            let (key, value) = (Key::new(key).expect("short"), Value::new(value).expect("short"));
            machine.core.apply(&KVSOperation::Put(key, value));
        }
        Snapshot { slot_out, machine }
    }

    #[test]
    fn the_last_snapshot_comes_back_from_each_place_whatever_a_crash_leaves_of_the_next() {
        let flat = EngineOptions::FlatFile(FlatFileOptions::default());
        let embedded = EngineOptions::Embedded(EmbeddedDbOptions::SMALL);
        for place in [SnapshotPlace::Journal, SnapshotPlace::Engine(flat), SnapshotPlace::Engine(embedded)] {
            let mut disk = Disk::new(Honesty::Honest);
            let (mut snapshots, empty) = Snapshots::recover(place, &mut disk);
            assert_eq!(empty, Snapshot::default());
            assert!(snapshots.are_durable());
            let (first, second) = (snapshot(7, &[("a", "1"), ("b", "2")]), snapshot(9, &[("b", "3"), ("c", "4")]));
            snapshots.write(&mut disk, &first);
            disk.reach_medium(disk.last_write());
            snapshots.write(&mut disk, &second);
            let mut outcomes = Vec::new();
            let mut answers = Odometer::default();
            while answers.turn() {
                let mut disk = disk.clone();
                disk.crash(CrashFate::Reordered, &mut answers);
                let (_, found) = Snapshots::recover(place, &mut disk);
                assert!(found == first || found == second, "{place:?}: {found:?}");
                outcomes.push(found.slot_out);
            }
            assert!(outcomes.contains(&7) && outcomes.contains(&9), "{place:?}");
        }
    }

    #[test]
    fn in_a_flat_file_a_person_can_read_the_values() {
        let mut disk = Disk::new(Honesty::Honest);
        let place = SnapshotPlace::Engine(EngineOptions::FlatFile(FlatFileOptions::default()));
        let (mut snapshots, _) = Snapshots::recover(place, &mut disk);
        snapshots.write(&mut disk, &snapshot(7, &[("colour", "several, with commas")]));
        let text = String::from_utf8(disk.read(STORE).expect("it is there").to_vec()).expect("text");
        assert!(text.contains(r#""key":"colour","value":"several, with commas""#), "{text}");
        assert!(text.contains(r#""note":"slot 7 "#), "{text}");
    }

    #[test]
    fn a_damaged_file_is_no_snapshot_and_nobody_relies_on_it() {
        let mut disk = Disk::new(Honesty::Honest);
        let place = SnapshotPlace::Engine(EngineOptions::FlatFile(FlatFileOptions::default()));
        let (mut snapshots, _) = Snapshots::recover(place, &mut disk);
        snapshots.write(&mut disk, &snapshot(7, &[("a", "1")]));
        assert!(disk.rot(STORE, 3));
        let (snapshots, found) = Snapshots::recover(place, &mut disk);
        assert!(matches!(snapshots, Snapshots::Nowhere(StorageFault::Damaged { .. })));
        assert!(!snapshots.are_durable());
        assert_eq!(found, Snapshot::default());
    }
}
