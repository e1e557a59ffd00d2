//! View changes: section 4.2.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use serde::Serialize;

use super::{CALLED, ENTERED, Entries, Message, STARTED, Status, Vr};
use crate::ordering::{Executor, Host};
use crate::process::{Context, NodeId};
use crate::quorum::Votes;
use crate::request::Request;

/// What somebody has who wants a new view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Offer {
    last_normal: u32,
    log: Entries,
    commit: u64,
}

/// How far a change of views has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// Who else wants it.
    wanted_by: Votes,
    /// Whether it has told the new primary what it has.
    is_offered: bool,
    /// As the new primary: what each has.
    offers: BTreeMap<NodeId, Offer>,
}

impl Vr {
    /// "A replica notices the need for a view change either based on its own timer, or because it receives a STARTVIEWCHANGE or DOVIEWCHANGE message
    /// for a view with a larger number than its own view-number."
    pub(super) fn on_silence<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        if !self.is_recovering() && !self.leads() {
            self.call_for(self.view.saturating_add(1), executor, cx);
        }
    }

    /// "1. A replica i that notices the need for a view change advances its view-number, sets its status to view-change, and sends a STARTVIEWCHANGE
    /// message to all other replicas."
    pub(super) fn call_for<P: Host>(&mut self, view: u32, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        cx.mark(CALLED, u64::from(view));
        self.go_to(view, cx);
        self.status = Status::ViewChange(Change::default());
        self.send_to_all(&Message::StartViewChange { view }, cx);
        self.await_sign(cx);
        self.say_again(cx);
        self.offer(executor, cx);
    }

    /// Says again what nobody may have heard.
    pub(super) fn call_again<P: Host>(&self, change: &Change, cx: &mut Context<'_, P>) {
        self.send_to_all(&Message::StartViewChange { view: self.view }, cx);
        let primary = self.primary_of(self.view);
        if change.is_offered && primary != self.me {
            Self::send(primary, self.my_offer(), cx);
        }
    }

    fn my_offer(&self) -> Message {
        let (view, last_normal, commit) = (self.view, self.last_normal, self.commit);
        Message::DoViewChange { view, log: self.log.as_slice().into(), last_normal, commit }
    }

    /// Somebody else wants a view.
    pub(super) fn on_start_view_change<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if view > self.view {
            self.call_for(view, executor, cx);
        }
        self.tell_that_it_began(from, view, cx);
        if let Status::ViewChange(change) = &mut self.status
            && view == self.view
        {
            change.wanted_by.add(from);
            self.offer(executor, cx);
        }
    }

    /// "2. When replica i receives STARTVIEWCHANGE messages for its view-number from f other replicas, it sends a DOVIEWCHANGE message to the node that
    /// will be the primary in the new view."
    fn offer<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let (needed, primary) = (self.quorum().saturating_sub(1), self.primary_of(self.view));
        let Status::ViewChange(change) = &mut self.status else { return };
        if change.is_offered || change.wanted_by.count() < needed {
            return;
        }
        change.is_offered = true;
        if primary != self.me {
            Self::send(primary, self.my_offer(), cx);
            return;
        }
        let mine = Offer { last_normal: self.last_normal, log: self.log.as_slice().into(), commit: self.commit };
        change.offers.insert(self.me, mine);
        self.start_view(executor, cx);
    }

    /// What somebody has, for the primary of a view that should begin.
    #[expect(clippy::too_many_arguments, reason = "it is the message")]
    pub(super) fn on_do_view_change<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        log: Entries,
        last_normal: u32,
        commit: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if view > self.view {
            self.call_for(view, executor, cx);
        }
        self.tell_that_it_began(from, view, cx);
        if view != self.view || self.primary_of(view) != self.me {
            return;
        }
        if let Status::ViewChange(change) = &mut self.status {
            change.offers.insert(from, Offer { last_normal, log, commit });
            self.start_view(executor, cx);
        }
    }

    /// Who still wants a view that has begun has not heard of it.
    fn tell_that_it_began<P: Host>(&self, to: NodeId, view: u32, cx: &mut Context<'_, P>) {
        if self.leads() && view == self.view {
            let log = self.log.as_slice().into();
            Self::send(to, Message::StartView { view, log, commit: self.commit }, cx);
        }
    }

    /// "3. When the new primary receives f + 1 DOVIEWCHANGE messages from different replicas (including itself), it sets its view-number to that in the
    /// messages and selects as the new log the one contained in the message with the largest v′; if several messages have the same v′ it selects the
    /// one among them with the largest n. […] it sets its commit-number to the largest such number […], changes its status to normal, and informs the
    /// other replicas of the completion of the view change by sending STARTVIEW messages."
    fn start_view<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let Status::ViewChange(change) = &self.status else { return };
        let Some(mine) = change.offers.get(&self.me).filter(|_| change.offers.len() >= self.quorum() as usize) else {
            return;
        };
        let best = change.offers.values().max_by_key(|offer| (offer.last_normal, offer.log.len())).unwrap_or(mine);
        let taken = if self.options.rules.takes_longest_log { best } else { mine };
        let commit = change.offers.values().map(|offer| offer.commit).max().unwrap_or(0);
        let (view, log) = (self.view, taken.log.clone());
        cx.mark(STARTED, u64::from(view));
        self.be_normal(log.to_vec(), cx);
        self.learn(commit, executor);
        self.send_to_all(&Message::StartView { view, log, commit: self.commit }, cx);
    }

    /// "5. When other replicas receive the STARTVIEW message, they replace their log with the one in the message, […] change their status to normal, […]
    /// if there are non-committed operations in the log, they send a PREPAREOK […] Then they execute all operations known to be committed."
    pub(super) fn on_start_view<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        log: &[Arc<Request>],
        commit: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if view < self.view || self.primary_of(view) != from {
            return;
        }
        // A late copy would take back what has come since.
        if view > self.view || !self.is_normal() {
            cx.mark(ENTERED, u64::from(view));
            self.go_to(view, cx);
            self.be_normal(log.to_vec(), cx);
        }
        Self::send(from, Message::PrepareOk { view, op: self.last_op() }, cx);
        self.learn(commit, executor);
    }
}
