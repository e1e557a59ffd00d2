//! Coming back from a crash: section 4.3.

use alloc::collections::BTreeMap;

use serde::Serialize;

use super::{Durable, Entries, Message, RECOVERED, RECOVERING, Status, Vr};
use crate::ordering::{Executor, Host};
use crate::process::{Context, NodeId};
use crate::storage::journal::Journal;

/// What somebody has told a replica that has lost its memory: his view and, if he leads it, log and commit-number.
type Told = (u32, Option<(Entries, u64)>);

/// A replica that has lost its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Asked {
    /// Which crash it was: no answer to an earlier question counts.
    nonce: u32,
    answers: BTreeMap<NodeId, Told>,
}

impl Vr {
    /// The first life begins in the first view. In a later one only the disk has survived, and there is no log on it.
    pub(super) fn on_boot<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let (journal, recovered) = Journal::<Durable, ()>::recover(cx.disk());
        self.journal = journal;
        let kept = recovered.map_or(0, |(Durable { view }, _)| view);
        let is_first = cx.incarnation() == 0;
        self.go_to(if is_first { 1 } else { kept }, cx);
        if is_first || !self.options.rules.recovers_by_quorum {
            self.view = self.view.max(1);
            self.last_normal = self.view;
            self.await_sign(cx);
            return;
        }
        cx.mark(RECOVERING, u64::from(cx.incarnation()));
        self.status = Status::Recovering(Asked { nonce: cx.incarnation(), answers: BTreeMap::new() });
        self.ask_to_recover(cx);
        self.say_again(cx);
    }

    /// "1. The recovering replica, i, sends a RECOVERY message to all other replicas, where x is a nonce."
    pub(super) fn ask_to_recover<P: Host>(&self, cx: &mut Context<'_, P>) {
        if let Status::Recovering(asked) = &self.status {
            self.send_to_all(&Message::Recovery { nonce: asked.nonce, view: self.view }, cx);
        }
    }

    /// "2. A replica j replies to a RECOVERY message only when its status is normal. […] If j is the primary of its view, l is its log, n is its
    /// op-number, and k is the commit-number; otherwise these values are nil." Who had gone further is followed: it will not come back to this view.
    pub(super) fn on_recovery<P: Host>(
        &mut self,
        from: NodeId,
        nonce: u32,
        view: u32,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if view > self.view {
            self.call_for(view, executor, cx);
        }
        if self.is_normal() {
            let state = self.leads().then(|| (self.log.as_slice().into(), self.commit));
            Self::send(from, Message::RecoveryResponse { view: self.view, nonce, state }, cx);
        }
    }

    /// "3. The recovering replica waits to receive at least f + 1 RECOVERYRESPONSE messages from different replicas, all containing the nonce it
    /// sent in its RECOVERY message, including one from the primary of the latest view it learns of in these messages. Then it updates its state
    /// using the information from the primary, changes its status to normal, and the recovery protocol is complete."
    pub(super) fn on_recovery_response<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        nonce: u32,
        state: Option<(Entries, u64)>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let needed = self.quorum() as usize;
        let Status::Recovering(asked) = &mut self.status else { return };
        if nonce != asked.nonce {
            return;
        }
        // Copies arrive in any order; the latest view that somebody named is where he is, or was last.
        let known = asked.answers.get(&from).map(|(known, state)| (*known, state.as_ref().map(|(log, _)| log.len())));
        if known <= Some((view, state.as_ref().map(|(log, _)| log.len()))) {
            asked.answers.insert(from, (view, state));
        }
        let latest = asked.answers.values().map(|(view, _)| *view).max().unwrap_or(0);
        let enough = asked.answers.len() >= needed;
        // Who answers has gone as far as this replica had before its crash (it was told how far that is), or it does not come back to that.
        if latest < self.view {
            return;
        }
        let primary = self.primary_of(latest);
        let Status::Recovering(asked) = &self.status else { return };
        let Some((log, commit)) = asked
            .answers
            .get(&primary)
            .filter(|(view, _)| enough && *view == latest)
            .and_then(|(_, state)| state.clone())
        else {
            return;
        };
        cx.mark(RECOVERED, u64::from(latest));
        self.go_to(latest, cx);
        self.be_normal(log.to_vec(), cx);
        self.learn(commit, executor);
        Self::send(primary, Message::PrepareOk { view: latest, op: self.last_op() }, cx);
    }
}
