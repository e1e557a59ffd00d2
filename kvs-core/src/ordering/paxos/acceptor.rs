use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Ballot, LogValue, Message, P2a, PaxosConfig, Timer};
use crate::op::RequestId;
use crate::ordering::{Glance, Host, ReadMode, Slot, SlotState};
use crate::process::{Context, Event, Mark, NodeId};
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;
use crate::time::Time;

/// What an acceptor was asked by a ballot lower than the one it follows.
pub const STALE_BALLOT: Mark = Mark("refused: follows a higher ballot");
/// An acceptor has granted a lease that has not ended.
pub const LEASED: Mark = Mark("no answer: a lease binds it to another");

/// After so many records, or as many as it keeps slots: then writing all of them anew costs no more than the records did.
const CHECKPOINT_AFTER_RECORDS: usize = 64;

/// What an acceptor keeps on its disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Durable {
    promised: Ballot,
    accepted: BTreeMap<u64, LogValue>,
    /// What came before this slot is chosen, and forgotten here.
    truncated: u64,
}

impl Checkpoint for Durable {}

/// What changes that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Record {
    Promised(Ballot),
    Accepted(P2a),
    Truncated(u64),
}

impl Durable {
    fn apply(&mut self, record: Record) {
        match record {
            Record::Promised(ballot) => self.promised = ballot,
            Record::Accepted(P2a { ballot, slot, command }) => {
                self.promised = self.promised.max(ballot);
                self.accepted.insert(slot, LogValue { ballot, value: command });
            }
            Record::Truncated(upto) => {
                self.truncated = upto;
                self.accepted = self.accepted.split_off(&upto);
            }
        }
    }
}

/// A promise to follow nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Lease {
    ballot: Ballot,
    /// On its own clock.
    until: Time,
}

/// Votes. It follows the highest ballot that it has heard of, and says what it has accepted to whoever would like to lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acceptor {
    #[serde(skip)]
    config: Arc<PaxosConfig>,
    // On disk.
    durable: Durable,
    journal: Journal<Durable, Record>,
    // In memory.
    lease: Option<Lease>,
}

impl Acceptor {
    /// An acceptor that has not booted.
    pub fn new(config: Arc<PaxosConfig>) -> Self {
        Self { config, durable: Durable::default(), journal: Journal::default(), lease: None }
    }

    /// Handles an event.
    #[inline(never)]
    pub fn step<P: Host>(&mut self, event: Event<Message, Timer>, cx: &mut Context<'_, P>) {
        let Event::Receive { from, message } = event else {
            if event == Event::Boot {
                self.on_boot(cx);
            }
            return;
        };
        match message {
            Message::P1a { ballot, from: first } => self.on_p1a(from, ballot, first, cx),
            Message::P2a(proposal) => self.on_p2a(from, proposal, cx),
            Message::Trunc { upto } => self.on_trunc(upto, cx),
            Message::ReadIdx { id } => self.on_read_idx(from, id, cx),
            Message::Lease { ballot, round } => self.on_lease(from, ballot, round, cx),
            // Said to others.
            _ => {}
        }
    }

    fn on_boot<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if !self.config.safety.acceptors_persist {
            return;
        }
        let (journal, recovered) = Journal::recover(cx.disk());
        let (snapshot, records): (Durable, Vec<Record>) = recovered.unwrap_or_default();
        self.journal = journal;
        self.durable = snapshot;
        records.into_iter().for_each(|record| self.durable.apply(record));
        self.journal.checkpoint(cx.disk(), &self.durable);
        // It may have granted a lease just before the crash.
        if self.config.reads == ReadMode::Lease && self.durable.promised != Ballot::default() {
            self.lease = Some(Lease { ballot: self.durable.promised, until: cx.now() + self.config.lease });
        }
    }

    /// If the ballot is higher than any before, it follows that from now on. In any case it says which one it follows.
    fn on_p1a<P: Host>(&mut self, from: NodeId, ballot: Ballot, first: u64, cx: &mut Context<'_, P>) {
        if self.is_leased_to_another(ballot, cx.now()) {
            cx.mark(LEASED, u64::from(ballot.num));
            return;
        }
        if ballot > self.durable.promised {
            self.keep(Record::Promised(ballot), cx);
        }
        let Durable { promised, truncated, .. } = self.durable;
        if promised > ballot {
            cx.mark(STALE_BALLOT, u64::from(ballot.num));
        }
        let accepted = match promised == ballot {
            true => self.durable.accepted.range(first..).map(|(slot, value)| (*slot, value.clone())).collect(),
            false => Arc::default(),
        };
        self.reveal(from, Message::P1b { promised, ballot, accepted, truncated }, cx);
    }

    /// It accepts, unless it follows a higher ballot or the slot is long chosen. In any case it says which ballot it follows.
    fn on_p2a<P: Host>(&mut self, from: NodeId, proposal: P2a, cx: &mut Context<'_, P>) {
        let P2a { ballot, slot, .. } = proposal;
        if slot >= self.durable.truncated {
            if ballot >= self.durable.promised {
                let value = LogValue { ballot, value: proposal.command.clone() };
                if self.durable.accepted.get(&slot) != Some(&value) {
                    self.keep(Record::Accepted(proposal), cx);
                }
            } else {
                cx.mark(STALE_BALLOT, u64::from(ballot.num));
            }
        }
        let Durable { promised, truncated, .. } = self.durable;
        self.reveal(from, Message::P2b { promised, ballot, slot, truncated }, cx);
    }

    fn on_trunc<P: Host>(&mut self, upto: u64, cx: &mut Context<'_, P>) {
        if upto > self.durable.truncated {
            self.keep(Record::Truncated(upto), cx);
        }
    }

    fn on_read_idx<P: Host>(&mut self, from: NodeId, id: RequestId, cx: &mut Context<'_, P>) {
        let last = self.durable.accepted.last_key_value();
        let next = last.map_or(self.durable.truncated, |(slot, _)| slot + 1);
        self.reveal(from, Message::ReadIdxAck { id, promised: self.durable.promised, next }, cx);
    }

    fn on_lease<P: Host>(&mut self, from: NodeId, ballot: Ballot, round: u32, cx: &mut Context<'_, P>) {
        if ballot != self.durable.promised || self.is_leased_to_another(ballot, cx.now()) {
            return;
        }
        self.lease = Some(Lease { ballot, until: cx.now() + self.config.lease });
        self.reveal(from, Message::LeaseGrant { ballot, round }, cx);
    }

    /// Whether it has said that it will follow nobody but somebody else.
    fn is_leased_to_another(&self, ballot: Ballot, now: Time) -> bool {
        let binds = |lease: &Lease| lease.ballot != ballot && now < lease.until;
        self.config.safety.leases_bind && self.lease.as_ref().is_some_and(binds)
    }

    fn keep<P: Host>(&mut self, record: Record, cx: &mut Context<'_, P>) {
        if self.config.safety.acceptors_persist {
            self.journal.append(cx.disk(), &record);
        }
        self.durable.apply(record);
        let enough = self.durable.accepted.len().max(CHECKPOINT_AFTER_RECORDS);
        if self.journal.records_since_checkpoint() as usize >= enough {
            self.journal.checkpoint(cx.disk(), &self.durable);
        }
    }

    /// What it says others rest on: it leaves when the disk has what it says.
    fn reveal<P: Host>(&self, to: NodeId, message: Message, cx: &mut Context<'_, P>) {
        super::tell(to, message, &mut cx.durably());
    }

    /// The ballot that it follows.
    pub fn promised(&self) -> Ballot {
        self.durable.promised
    }

    /// What it has accepted, by slot.
    pub fn accepted(&self) -> impl Iterator<Item = (u64, &LogValue)> {
        self.durable.accepted.iter().map(|(slot, value)| (*slot, value))
    }

    /// What came before this slot is forgotten here.
    pub fn truncated(&self) -> u64 {
        self.durable.truncated
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let newest = self.durable.accepted.iter().rev().take(Glance::SLOTS_MAX);
        let mut slots: Vec<Slot> = newest
            .map(|(slot, value)| Slot {
                number: *slot,
                command: value.value.to_string(),
                ballot: value.ballot.to_string(),
                state: SlotState::Accepted,
            })
            .collect();
        slots.reverse();
        Glance { role: "acceptor", leads: false, ballot: super::shown(self.durable.promised), slots }
    }
}
