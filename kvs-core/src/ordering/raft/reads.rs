//! Requests of clients: writes get a slot; reads may be answered without one. Section 8; thesis, sections 6.3 and 6.4.

use alloc::sync::Arc;

use serde::Serialize;

use super::{ALREADY_THERE, READ_WAITS, Raft, Role};
use crate::ordering::{Command, Executor, Host, ReadMode};
use crate::process::Context;
use crate::request::Request;
use crate::time::Time;

/// A read that waits until a majority has answered a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waiting {
    pub(super) request: Arc<Request>,
    pub(super) round: u64,
}

impl Raft {
    /// Takes a request of a client.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let reads = if request.op.is_write() { ReadMode::Log } else { self.options.reads };
        if reads == ReadMode::Local {
            executor.read(request);
            return;
        }
        if !self.leads() {
            executor.redirect(request.id, self.leader);
            return;
        }
        match reads {
            ReadMode::Lease if self.has_lease(cx.now()) => executor.read(request),
            ReadMode::Lease | ReadMode::ReadIndex => self.await_round(request, executor, cx),
            // Else a slow answer makes clients ask again, and that makes all answers slower.
            _ if self.is_in_log(request) => cx.mark(ALREADY_THERE, u64::from(request.id.sequence)),
            _ => {
                self.append(Command::Op(request.clone()), cx);
                self.advance_commit(executor, cx);
                self.replicate(cx);
            }
        }
    }

    /// Whether a request is in the log and will be executed, unless somebody else comes to lead.
    fn is_in_log(&self, request: &Request) -> bool {
        let waiting = self.log.iter().rev().take_while(|(index, _)| *index > self.commit);
        waiting.flat_map(|(_, entry)| entry.command.requests()).any(|known| known.id == request.id)
    }

    /// Whether it has committed an entry of its own term: only then does it know all that is committed.
    pub(super) fn knows_commit(&self) -> bool {
        self.log.term_at(self.commit) == Some(self.term)
    }

    /// Whether so many have answered so lately that nobody else can have been elected. `now` is the time on its own clock.
    pub fn has_lease(&self, now: Time) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        let confirmed = leadership.confirmed_round(self.members());
        let began = leadership.rounds.iter().find(|(round, _)| *round == confirmed).map(|(_, began)| *began);
        self.knows_commit() && began.is_some_and(|began| now < began + self.options.lease())
    }

    /// A read waits for the answers to a round that begins after it came. While one is under way, the reads that come wait for the next.
    fn await_round<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let members = self.members().clone();
        let Role::Leader(leadership) = &mut self.role else { return };
        cx.mark(READ_WAITS, u64::from(request.id.sequence));
        // Who asks again waits for no later round than before: else who asks often is never answered.
        if leadership.reads.iter().all(|read| read.request.id != request.id) {
            leadership.reads.push(Waiting { request: request.clone(), round: leadership.round + 1 });
        }
        if leadership.confirmed_round(&members) == leadership.round {
            self.begin_round(cx);
        }
        self.serve_reads(executor, cx);
    }

    /// Answers the reads whose round is confirmed. What is committed here is executed here, so nothing else is to be waited for.
    pub(super) fn serve_reads<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let (members, knows_commit) = (self.members().clone(), self.knows_commit());
        let Role::Leader(leadership) = &mut self.role else { return };
        let confirmed = leadership.confirmed_round(&members);
        leadership.reads.retain(|read| {
            let is_confirmed = knows_commit && read.round <= confirmed;
            if is_confirmed {
                executor.read(&read.request);
            }
            !is_confirmed
        });
        let round = leadership.round;
        if confirmed == round && leadership.reads.iter().any(|read| read.round > round) {
            self.begin_round(cx);
        }
    }
}
