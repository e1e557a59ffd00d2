//! What a primary does: it transfers its state, forwards operations, and answers when all its backups have them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{
    BURNT, DEPOSED, Desk, Form, IN_PLACE, Message, PrimaryBackup, REFUSED, REPEATED, Resends, Timer, Views,
    WITHOUT_STATE,
};
use crate::op::RequestId;
use crate::ordering::Reply;
use crate::process::{Context, NodeId, Process};
use crate::request::Request;
use crate::storage::{Known, Machine};

impl PrimaryBackup {
    /// A client asks. A primary takes the request; everybody else says who is primary.
    ///
    /// A repeated request is answered from the table, by a primary that is in place only: what a backup has in its table may not have been
    /// applied everywhere.
    pub fn submit<P>(&mut self, request: &Arc<Request>, machine: &mut Machine, cx: &mut Context<'_, P>) -> Vec<Reply>
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let mut desk = Desk { machine, replies: Vec::new() };
        if !request.op.is_write() && self.may_read(cx) {
            desk.replies.push(Reply::Answer(desk.machine.read(request)));
            return desk.replies;
        }
        if self.options.form == Form::Chain {
            self.submit_to_chain(request, &mut desk, cx);
            return desk.replies;
        }
        if !self.leads() || !self.may_lead() {
            desk.replies.push(self.redirect(request.id));
            return desk.replies;
        }
        if self.is_in_place {
            match desk.machine.known(request.id) {
                Known::Repeated(response) => {
                    cx.mark(REPEATED, u64::from(request.id.sequence));
                    desk.replies.push(Reply::Answer(response));
                    return desk.replies;
                }
                Known::Outdated => return desk.replies,
                Known::New => {}
            }
        }
        if self.pending.values().all(|pending| pending.id != request.id) {
            let opn = self.next_op;
            self.next_op += 1;
            self.pending.insert(opn, request.clone());
            if self.is_in_place {
                self.receivers().for_each(|receiver| self.forward(receiver, opn - 1, cx));
                self.complete(&mut desk, cx);
                self.wait(cx);
            }
        }
        desk.replies
    }

    /// Begins to lead the view that it has entered: it keeps what was asked before, and numbers it anew.
    pub(super) fn take_over<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.may_lead() {
            cx.mark(WITHOUT_STATE, u64::from(self.view.number));
            self.pass_on(desk);
            if self.options.views == Views::External {
                self.ask_for_state(cx);
                cx.set_timer(Timer::Resend, self.options.ping_interval);
            }
            return;
        }
        self.complete_in = self.view.number;
        self.checkpoint(desk.machine, cx);
        if self.options.form == Form::PrimaryBackup {
            let pending = core::mem::take(&mut self.pending);
            self.pending = (self.last_op + 1..).zip(pending.into_values()).collect();
            self.next_op = self.last_op + 1 + self.pending.len() as u64;
        }
        self.transfer(desk.machine, cx);
        self.begin(desk, cx);
        self.wait(cx);
    }

    /// Whether it has the state with which its view begins.
    pub(super) fn may_lead(&self) -> bool {
        self.has_state_for(&self.view) || !self.options.transfers_state
    }

    /// Sends the state to the backups that lack it. Nothing is answered in this view until all have it, so it is the one with which the view begins.
    pub(super) fn transfer<P>(&self, machine: &Machine, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let state = self.options.transfers_state.then(|| Arc::new(machine.snapshot()));
        for receiver in self.receivers().filter(|receiver| !self.has.contains_key(receiver)) {
            let xfer = Message::Xfer { view: self.view.number, opn: self.last_op, state: state.clone() };
            cx.durably().send(receiver, xfer);
        }
    }

    /// A backup has the state.
    pub(super) fn on_xfer_ack<P>(&mut self, from: NodeId, view: u32, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if view == self.view.number && self.leads() && self.view.is_backup(from) && !self.is_in_place {
            self.has.insert(from, self.last_op);
            self.begin(desk, cx);
        }
    }

    /// When all backups have the state, the view is in place: what has been asked is forwarded, and the view service hears of it.
    pub(super) fn begin<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if self.is_in_place || self.has.len() < self.receivers().count() {
            return;
        }
        self.is_in_place = true;
        if self.leads() {
            cx.mark(IN_PLACE, u64::from(self.view.number));
        }
        self.ping(cx);
        if self.options.form == Form::Chain {
            self.begin_chain(desk, cx);
            return;
        }
        for receiver in self.receivers() {
            self.forward(receiver, self.last_op, cx);
        }
        self.complete(desk, cx);
    }

    /// Sends a backup what follows an operation.
    pub(super) fn forward<P>(&self, to: NodeId, after: u64, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        for (opn, request) in self.pending.range(after.saturating_add(1)..) {
            let fwd = Message::Fwd { view: self.view.number, opn: *opn, request: request.clone() };
            cx.durably().send(to, fwd);
        }
    }

    /// A backup has applied everything up to an operation.
    pub(super) fn on_fwd_ack<P>(
        &mut self,
        from: NodeId,
        view: u32,
        opn: u64,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.is_of_this_view(view) || !self.is_in_place() {
            return;
        }
        if let Some(has) = self.has.get_mut(&from) {
            *has = opn.max(*has);
            self.complete(desk, cx);
        }
    }

    /// A backup misses something.
    pub(super) fn on_fwd_req<P>(&mut self, from: NodeId, view: u32, opn: u64, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        if self.is_of_this_view(view) && self.is_in_place() && self.has.contains_key(&from) {
            self.forward(from, opn, cx);
        }
    }

    /// Applies and answers what all backups have applied.
    fn complete<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        let all_have = self.has.values().min().copied().unwrap_or(u64::MAX);
        while let Some(next) = self.pending.first_entry().filter(|next| *next.key() <= all_have) {
            let (opn, request) = next.remove_entry();
            self.apply(opn, &request, desk, cx);
        }
    }

    /// Somebody goes by a newer view: this server's is over.
    pub(super) fn on_fwd_no<P>(&mut self, views: &[Arc<super::View>], desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        self.on_views(views, desk, cx);
        self.ping(cx);
    }

    /// Says again what has not been acknowledged, or, naively, gives it up.
    pub(super) fn on_resend<P>(&mut self, desk: &Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.leads() && (self.options.form == Form::PrimaryBackup || self.complete_in < self.view.number) {
            return;
        }
        if self.leads() && !self.may_lead() {
            self.ask_for_state(cx);
        } else if !self.is_in_place {
            self.transfer(desk.machine, cx);
        } else if self.options.resends == Resends::Never {
            for opn in core::mem::take(&mut self.pending).into_keys() {
                cx.mark(BURNT, opn);
            }
        } else {
            for (backup, has) in self.has.clone() {
                self.forward(backup, has, cx);
            }
        }
        self.wait(cx);
    }

    /// As long as somebody lacks something, it will be said again.
    pub(super) fn wait<P>(&self, cx: &mut Context<'_, P>)
    where
        P: Process<Timer: From<Timer>>,
    {
        if !self.is_in_place || !self.pending.is_empty() {
            cx.set_timer(Timer::Resend, self.options.ping_interval);
        }
    }

    /// It leads no longer: whoever waits is sent to who does.
    pub(super) fn step_down<P: Process>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>) {
        cx.mark(DEPOSED, u64::from(self.view.number));
        self.pass_on(desk);
    }

    /// In a chain, somebody may have answered what is pending: whoever asked finds out by asking again.
    fn pass_on(&mut self, desk: &mut Desk<'_>) {
        if self.options.form == Form::Chain {
            return;
        }
        for request in core::mem::take(&mut self.pending).into_values() {
            let reply = self.redirect(request.id);
            desk.replies.push(reply);
        }
    }

    pub(super) fn redirect(&self, id: RequestId) -> Reply {
        let to = self.view.primary.map(|primary| primary.node).filter(|primary| *primary != self.me);
        Reply::Redirect { id, to }
    }

    /// Who was refused hears of the views that it does not know.
    pub(super) fn refuse<P>(&self, to: NodeId, view: u32, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        cx.mark(REFUSED, u64::from(view));
        cx.durably().send(to, Message::FwdNo { views: self.views_after(view) });
    }
}
