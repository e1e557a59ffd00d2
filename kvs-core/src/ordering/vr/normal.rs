//! Normal operation, section 4.1, and state transfer, section 5.2.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{ALREADY_THERE, BEHIND, ENTERED, GAP, Message, OLD_VIEW, Status, Vr};
use crate::ordering::{Command, Executor, Host};
use crate::process::{Context, NodeId};
use crate::request::Request;

/// Up to which op-number each backup has all.
pub(super) type Acknowledged = BTreeMap<NodeId, u64>;

/// How many entries are sent again at a time.
const SENT_AGAIN_MAX: usize = 16;

impl Vr {
    /// "2. When the primary receives the request […] 3. The primary advances op-number, adds the request to the end of the log […]. Then it sends
    /// a PREPARE message to the other replicas." What was executed is in the table of clients, and answered from there.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        if !self.leads() {
            let to = (!self.is_recovering()).then(|| self.primary_of(self.view)).filter(|to| *to != self.me);
            executor.redirect(request.id, to);
            return;
        }
        if self.after(self.commit).iter().any(|known| known.id == request.id) {
            cx.mark(ALREADY_THERE, u64::from(request.id.sequence));
            return;
        }
        self.log.push(request.clone());
        let (view, op, commit) = (self.view, self.last_op(), self.commit);
        self.send_to_all(&Message::Prepare { view, op, request: request.clone(), commit }, cx);
    }

    /// Whether a message of the primary is of the view in which this replica takes part. If that is over, it asks what the new one has.
    fn goes_by<P: Host>(&self, from: NodeId, view: u32, cx: &mut Context<'_, P>) -> bool {
        if view < self.view {
            cx.mark(OLD_VIEW, u64::from(view));
            return false;
        }
        if view > self.view || !self.is_normal() {
            cx.mark(BEHIND, u64::from(view));
            Self::send(from, Message::GetState { view, op: self.commit }, cx);
            return false;
        }
        true
    }

    /// "4. Backups process PREPARE messages in order: a backup won't accept a prepare with op-number n until it has entries for all earlier
    /// requests in its log. When a backup i receives a PREPARE message, it waits until it has entries in its log for all earlier requests (doing
    /// state transfer if necessary […]). Then it increments its op-number, adds the request to the end of its log […] and sends a PREPAREOK."
    #[expect(clippy::too_many_arguments, reason = "it is the message")]
    pub(super) fn on_prepare<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        op: u64,
        request: &Arc<Request>,
        commit: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if !self.goes_by(from, view, cx) {
            return;
        }
        self.await_sign(cx);
        if self.asks_for_gap(from, op.saturating_sub(1), cx) {
            return;
        }
        if op == self.last_op() + 1 {
            self.log.push(request.clone());
        }
        Self::send(from, Message::PrepareOk { view, op: self.last_op() }, cx);
        self.learn(commit, executor);
    }

    /// "5. The primary waits for f PREPAREOK messages from different backups; at this point it considers the operation (and all earlier ones) to
    /// be committed."
    pub(super) fn on_prepare_ok<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        op: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if view < self.view {
            cx.mark(OLD_VIEW, u64::from(view));
        }
        let needed = self.quorum().saturating_sub(1) as usize;
        let is_now = self.leads() && view == self.view;
        let Status::Normal(acknowledged) = &mut self.status else { return };
        if !is_now {
            return;
        }
        let has = acknowledged.entry(from).or_default();
        *has = op.max(*has);
        let mut numbers: Vec<u64> = acknowledged.values().copied().collect();
        numbers.sort_unstable();
        if let Some(reached) = needed.checked_sub(1).and_then(|place| numbers.iter().rev().nth(place).copied()) {
            self.learn(reached, executor);
        }
    }

    /// "7. When a backup learns of a commit, it waits until it has the request in its log and until it has executed all earlier operations."
    pub(super) fn on_commit<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        commit: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if !self.goes_by(from, view, cx) {
            return;
        }
        self.await_sign(cx);
        self.asks_for_gap(from, commit, cx);
        self.learn(commit, executor);
    }

    /// The primary of this view has all up to an op-number: what is missing here it is asked for. False if nothing is.
    fn asks_for_gap<P: Host>(&self, primary: NodeId, upto: u64, cx: &mut Context<'_, P>) -> bool {
        let is_missing = upto > self.last_op();
        if is_missing {
            cx.mark(GAP, self.last_op() + 1);
            Self::send(primary, Message::GetState { view: self.view, op: self.last_op() }, cx);
        }
        is_missing
    }

    /// Executes what is committed, as far as it is in the log.
    pub(super) fn learn(&mut self, commit: u64, executor: &mut Executor<'_>) {
        let upto = commit.min(self.last_op());
        while self.commit < upto {
            let Some(request) = self.after(self.commit).first() else { return };
            executor.execute(&Command::Op(request.clone()));
            self.commit += 1;
        }
    }

    /// What may have been lost is said again. "6. […] if the primary does not receive a new client request in a timely way, it instead informs
    /// the backups of the latest commit."
    pub(super) fn on_again<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        match &self.status {
            Status::Normal(acknowledged) if self.leads() => {
                let (view, commit) = (self.view, self.commit);
                for peer in self.peers() {
                    let has = acknowledged.get(&peer).copied().unwrap_or(0);
                    if has >= self.last_op() {
                        Self::send(peer, Message::Commit { view, commit }, cx);
                    }
                    for (op, request) in (has + 1..).zip(self.after(has)).take(SENT_AGAIN_MAX) {
                        Self::send(peer, Message::Prepare { view, op, request: request.clone(), commit }, cx);
                    }
                }
            }
            Status::Normal(_) => return,
            Status::ViewChange(change) => self.call_again(change, cx),
            Status::Recovering(_) => self.ask_to_recover(cx),
        }
        self.say_again(cx);
    }

    /// "A replica responds to a GETSTATE message only if its status is normal and it is currently in view v."
    pub(super) fn on_get_state<P: Host>(&self, from: NodeId, view: u32, op: u64, cx: &mut Context<'_, P>) {
        if self.is_normal() && view == self.view {
            let (after, commit) = (op.min(self.last_op()), self.commit);
            Self::send(from, Message::NewState { view, after, log: self.after(after).into(), commit }, cx);
        }
    }

    /// Within its view it appends what it lacks. Of a later view it takes over all that comes after what it knows to be committed: only now, when
    /// there is something to take its place.
    #[expect(clippy::too_many_arguments, reason = "it is the message")]
    pub(super) fn on_new_state<P: Host>(
        &mut self,
        from: NodeId,
        view: u32,
        after: u64,
        entries: &[Arc<Request>],
        commit: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let is_here = view == self.view && self.is_normal();
        let known = if is_here { self.last_op() } else { self.commit };
        if view < self.view || after > known || self.primary_of(view) == self.me {
            return;
        }
        let kept = usize::try_from(if is_here { known } else { after }).unwrap_or(usize::MAX);
        let skipped = usize::try_from(if is_here { known - after } else { 0 }).unwrap_or(usize::MAX);
        let rest = entries.get(skipped..).unwrap_or_default();
        if is_here {
            self.log.extend_from_slice(rest);
        } else {
            cx.mark(ENTERED, u64::from(view));
            self.go_to(view, cx);
            let mut log = core::mem::take(&mut self.log);
            log.truncate(kept);
            log.extend_from_slice(rest);
            self.be_normal(log, cx);
        }
        Self::send(from, Message::PrepareOk { view, op: self.last_op() }, cx);
        self.learn(commit, executor);
    }
}
