//! What survives a crash, and what is kept of the past.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::agreement::{Agreement, Rules, Said};
use super::{COMPACTED, Command, Executor, Host, Message, RESUMED, Rabia};
use crate::op::{Key, Value};
use crate::process::Context;
use crate::quorum::majority;
use crate::storage::MachineSnapshot;
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;

/// What a journal keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Record {
    /// Something that the replica is about to say.
    Said { slot: u64, said: Said },
    /// What a majority has proposed, from whoever is about to say that there is such a thing.
    Held { slot: u64, command: Command },
    /// What is in a slot.
    Decided { slot: u64, command: Command },
}

/// What a checkpoint in the journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// All slots before this one are executed.
    slot: u64,
    machine: MachineSnapshot,
    decided: BTreeMap<u64, Command>,
    said: Vec<Said>,
    held: Option<Command>,
}

impl Checkpoint for Snapshot {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        self.machine.take_values()
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        self.machine.put_values(values);
    }
}

impl Rabia {
    /// Reads back what was decided and said.
    pub(super) fn on_boot<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let (journal, recovered) = Journal::<Snapshot, Record>::recover_from(self.options.snapshots, cx.disk());
        self.journal = journal;
        let mut held = None;
        if let Some((snapshot, records)) = recovered {
            executor.install(&snapshot.machine);
            (self.slot, self.decided, self.said) = (snapshot.slot, snapshot.decided, snapshot.said);
            held = snapshot.held;
            for record in records {
                match record {
                    Record::Said { slot, said } if slot == self.slot => self.said.push(said),
                    Record::Held { slot, command } if slot == self.slot => held = Some(command),
                    Record::Decided { slot, command } if slot == self.slot => {
                        held = None;
                        self.execute(command, executor, cx.now());
                    }
                    Record::Said { .. } | Record::Held { .. } | Record::Decided { .. } => {}
                }
            }
        }
        if let Some(Said::Proposal(mine)) = self.said.first() {
            cx.mark(RESUMED, self.slot);
            self.pending.add(mine, executor);
            let rules = Rules { options: &self.options, ..self.rules() };
            self.agreement = Agreement::restored(self.me, &self.said, held, rules);
        }
        self.set_tick(cx);
        self.checkpoint(executor, cx);
        // The crash may have kept what was written, and taken the letters.
        self.say_again(cx);
        if cx.incarnation() > 0 {
            self.tell_all(&Message::CatchUp { from: self.slot }, cx);
        } else {
            self.levels = self.others().map(|other| (other, 0)).collect();
        }
    }

    pub(super) fn checkpoint<P: Host>(&mut self, executor: &Executor<'_>, cx: &mut Context<'_, P>) {
        let (said, held) = match self.options.persists_votes {
            true => (self.said.clone(), self.agreement.most_proposed(self.rules()).cloned()),
            false => (Vec::new(), None),
        };
        let (slot, decided) = (self.slot, self.decided.clone());
        let snapshot = Snapshot { slot, machine: executor.snapshot(), decided, said, held };
        self.journal.checkpoint(cx.disk(), &snapshot);
    }

    /// Every so many slots, writes a snapshot. Decisions that a quorum has are not needed any more: whoever lacks them finds somebody who
    /// has the snapshot.
    pub(super) fn compact<P: Host>(&mut self, executor: &Executor<'_>, cx: &mut Context<'_, P>) {
        if !self.slot.is_multiple_of(u64::from(executor.snapshot_every())) {
            return;
        }
        let kept = self.decided.split_off(&self.level_of_quorum());
        if !self.decided.is_empty() {
            cx.mark(COMPACTED, self.slot);
        }
        self.decided = kept;
        self.checkpoint(executor, cx);
    }

    /// All slots before this one are decided at so many replicas that any `n - f` include one of them.
    fn level_of_quorum(&self) -> u64 {
        let mut levels: Vec<u64> = self.levels.values().copied().chain([self.slot]).collect();
        levels.sort_unstable_by(|one, other| other.cmp(one));
        let quorum = majority(self.rules().replicas);
        levels.into_iter().nth(quorum.saturating_sub(1) as usize).unwrap_or(0)
    }
}
