//! What survives a crash: the term, the vote, and the log with its snapshot. Figure 2, "persistent state on all servers".

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Raft;
use super::log::{Entry, Log, Position};
use crate::disk::Disk;
use crate::op::{Key, Value};
use crate::ordering::Host;
use crate::process::{Context, NodeId};
use crate::storage::MachineSnapshot;
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;

/// What a checkpoint in the journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Durable {
    pub(super) term: u64,
    pub(super) voted_for: Option<NodeId>,
    pub(super) log: Log,
    pub(super) snapshot: Arc<MachineSnapshot>,
}

impl Durable {
    /// What it has become by these records.
    fn after(mut self, records: Vec<Record>) -> Self {
        for record in records {
            match record {
                Record::Vote { term, voted_for } => (self.term, self.voted_for) = (term, voted_for),
                Record::Entries { after, entries } => self.log.replace_after(after, &entries),
            }
        }
        self
    }
}

impl Checkpoint for Durable {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        Arc::make_mut(&mut self.snapshot).take_values()
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        Arc::make_mut(&mut self.snapshot).put_values(values);
    }
}

/// What a journal keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record {
    /// A term, and for whom this server votes in it.
    Vote { term: u64, voted_for: Option<NodeId> },
    /// After this index come these entries, and no others.
    Entries { after: u64, entries: Vec<Entry> },
}

pub(super) type RaftJournal = Journal<Durable, Record>;

const CHECKPOINT_AFTER_RECORDS: u32 = 256;

impl Raft {
    /// What the disk has kept; None if it is empty.
    pub(super) fn recover<P: Host>(&self, cx: &mut Context<'_, P>) -> (RaftJournal, Option<Durable>) {
        let (journal, recovered) = RaftJournal::recover_from(self.options.snapshots, cx.disk());
        (journal, recovered.map(|(durable, records)| durable.after(records)))
    }

    /// The log that a disk has kept.
    pub fn kept_log(&self, disk: &Disk) -> Option<Log> {
        let kept = RaftJournal::look(self.options.snapshots, disk);
        kept.map(|(durable, records)| durable.after(records).log)
    }

    fn kept_vote(&self) -> Option<NodeId> {
        self.voted_for.filter(|_| self.options.rules.keep_vote)
    }

    /// The term or the vote has changed.
    pub(super) fn keep_vote<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let record = Record::Vote { term: self.term, voted_for: self.kept_vote() };
        self.append_record(&record, cx);
    }

    /// After an index come other entries than before.
    pub(super) fn replace_after<P: Host>(&mut self, after: u64, entries: &[Entry], cx: &mut Context<'_, P>) {
        self.log.replace_after(after, entries);
        self.append_record(&Record::Entries { after, entries: entries.to_vec() }, cx);
    }

    fn append_record<P: Host>(&mut self, record: &Record, cx: &mut Context<'_, P>) {
        self.journal.append(cx.disk(), record);
        if self.journal.records_since_checkpoint() >= CHECKPOINT_AFTER_RECORDS {
            self.checkpoint(cx);
        }
    }

    /// Begins the journal anew with all that must survive.
    pub(super) fn checkpoint<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let (term, voted_for) = (self.term, self.kept_vote());
        let durable = Durable { term, voted_for, log: self.log.clone(), snapshot: self.snapshot.clone() };
        self.journal.checkpoint(cx.disk(), &durable);
    }

    /// Replaces the entries up to `last` by a snapshot.
    pub(super) fn compact<P: Host>(&mut self, snapshot: MachineSnapshot, last: Position, cx: &mut Context<'_, P>) {
        self.log.compact(last.index);
        self.snapshot = Arc::new(snapshot);
        self.checkpoint(cx);
        cx.mark(super::COMPACTED, last.index);
    }
}
