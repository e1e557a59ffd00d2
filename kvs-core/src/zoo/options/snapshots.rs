//! The row about where snapshots are kept, which many stores have.

use super::primary_backup::backup_mut;
use super::row::{Access, DISKS, option};
use super::{Kind, OptionSpec, OptionValue};
use crate::storage::checkpoint::SnapshotPlace;
use crate::storage::engine::{EmbeddedDbOptions, EngineOptions, FlatFileOptions};
use crate::zoo::{Architecture, OrderingOptions, StorageOptions};

/// Where it is said; None where no values are kept on a disk, or not by themselves.
fn place(architecture: &Architecture) -> Option<SnapshotPlace> {
    match &architecture.ordering {
        OrderingOptions::MultiPaxos(config) => Some(config.snapshots),
        OrderingOptions::Raft(options) => Some(options.snapshots),
        OrderingOptions::Rabia(options) => Some(options.snapshots),
        OrderingOptions::Vr(_) => None,
        OrderingOptions::Arrival => match architecture.primary_backup() {
            Some(options) => Some(options.snapshots),
            None => (architecture.storage == StorageOptions::Core).then_some(architecture.server.snapshots),
        },
    }
}

fn place_mut(architecture: &mut Architecture) -> Option<&mut SnapshotPlace> {
    place(architecture)?;
    if architecture.primary_backup().is_some() {
        return backup_mut(architecture).map(|options| &mut options.snapshots);
    }
    Some(match &mut architecture.ordering {
        OrderingOptions::MultiPaxos(config) => &mut config.snapshots,
        OrderingOptions::Raft(options) => &mut options.snapshots,
        OrderingOptions::Rabia(options) => &mut options.snapshots,
        OrderingOptions::Vr(_) | OrderingOptions::Arrival => &mut architecture.server.snapshots,
    })
}

const SNAPSHOTS: Access = (
    |a| {
        Some(OptionValue::Choice(match place(a)? {
            SnapshotPlace::Journal => "journal",
            SnapshotPlace::Engine(EngineOptions::Memory) => "memory",
            SnapshotPlace::Engine(EngineOptions::FlatFile(_)) => "flat-file",
            SnapshotPlace::Engine(EngineOptions::Embedded(_)) => "embedded",
        }))
    },
    |a, value| {
        let OptionValue::Choice(name) = value else { return };
        let chosen = match name {
            "journal" => SnapshotPlace::Journal,
            "memory" => SnapshotPlace::Engine(EngineOptions::Memory),
            "flat-file" => SnapshotPlace::Engine(EngineOptions::FlatFile(FlatFileOptions::default())),
            "embedded" => SnapshotPlace::Engine(EngineOptions::Embedded(EmbeddedDbOptions::SMALL)),
            _ => return,
        };
        if let Some(place) = place_mut(a) {
            *place = chosen;
        }
    },
);

/// The one row.
pub(super) const ROWS: &[OptionSpec] = &[option(
    DISKS,
    NAME,
    "Snapshots are kept in",
    "The journal; or their values in an engine, each under its key: a flat file, an embedded database, or, with Multi-Paxos, memory (then \
     nobody may rely on them).",
    Kind::Choice(&[
        ("journal", "The journal"),
        ("memory", "Memory"),
        ("flat-file", "A flat file"),
        ("embedded", "An embedded database"),
    ]),
    SNAPSHOTS,
)];

pub(super) const NAME: &str = "snapshot-engine";

/// Why a store does not have the option, after a colon.
pub(super) fn why_not(architecture: &Architecture) -> &'static str {
    match (&architecture.storage, &architecture.ordering) {
        (StorageOptions::Versioned(_), _) => ": its values are in an engine always, which the option engine says",
        (StorageOptions::Lattice(_), _) => ": under a key it has versions with clocks, and an engine keeps one value",
        (_, OrderingOptions::Vr(_)) => ": its replicas have no values on their disks, only the number of their view",
        _ => ": it has no values on its disk",
    }
}

/// What does not go together, in one sentence.
pub(super) fn contradiction(architecture: &Architecture) -> Option<&'static str> {
    let SnapshotPlace::Engine(engine) = place(architecture)? else { return None };
    let has_journal = match architecture.primary_backup() {
        Some(options) => options.journal,
        None => architecture.is_ordered() || architecture.server.journal,
    };
    if !has_journal {
        return Some("without a journal there are no snapshots to keep: snapshot-engine needs journal=on");
    }
    (engine == EngineOptions::Memory && architecture.paxos().is_none()).then_some(
        "a crash takes snapshots in memory, and these servers have what led to them nowhere else: snapshot-engine=memory is for \
         Multi-Paxos, whose acceptors have it",
    )
}
