//! A chain: operations go from the head to the next server, and so on to the tail, which answers.
//!
//! Van Renesse and Schneider, *Chain Replication for Supporting High Throughput and Availability*, OSDI 2004; section numbers are theirs. The
//! first of a view is the head, its backups follow in order, and the last of them is the tail. The view service is their *master*.
//!
//! ```text
//! head    on an update: number it, apply it, remember it in Sent (`pending`), send it to the next
//! middle  likewise with what the one before it sends, in order
//! tail    apply it, answer the client, acknowledge it to the one before it
//! all     on an acknowledgement: forget it in Sent, pass the acknowledgement on towards the head
//! ```
//!
//! So whoever stands nearer to the head has all that those have who stand nearer to the tail (*update propagation*, section 3), and what the tail
//! has, all have. When a server fails (3.1 to 3.3), there is a view without it: the next one is head, or the one before is tail, or its two
//! neighbours become neighbours. A new server comes at the end (3.4). Then each server gives the state to the next one, from the head down; what
//! the paper sends of Sent is in that. When the tail has it, that is acknowledged up to the head, and the view is in place.
//!
//! The paper's servers are *fail-stop*: whoever is left out has stopped, so its tail answers queries from its own memory. Here somebody may be left
//! out because he was not heard, and go on. So queries go down the chain as updates do, unless [`Reads`](super::Reads) says otherwise.

use alloc::sync::Arc;

use super::{Desk, Message, PrimaryBackup, REPEATED, Timer};
use crate::ordering::Reply;
use crate::process::{Context, Mark, NodeId, Process};
use crate::request::Request;
use crate::storage::{Known, MachineSnapshot};

/// Operations have come to the tail.
pub const FINISHED: Mark = Mark("has come to the tail: the whole chain has it");

impl PrimaryBackup {
    /// Its place in the chain of its view, the head's being 0.
    pub(super) fn place(&self) -> Option<usize> {
        self.view.members().position(|member| self.is_me(member))
    }

    /// Whether it is the last.
    pub(super) fn is_tail(&self) -> bool {
        self.place() == Some(self.view.backups.len())
    }

    /// What its place is called.
    pub(super) fn place_in_chain(&self) -> &'static str {
        match self.place() {
            None => "idle",
            Some(0) if self.view.backups.is_empty() => "head and tail",
            Some(0) => "head",
            Some(place) if place == self.view.backups.len() => "tail",
            Some(_) => "middle",
        }
    }

    /// Who stands before it.
    fn predecessor(&self) -> Option<NodeId> {
        let place = self.place()?.checked_sub(1)?;
        self.view.members().nth(place).map(|member| member.node)
    }

    /// Up to which operation the tail has all, as far as is known here.
    fn finished(&self) -> u64 {
        self.pending.first_key_value().map_or(self.last_op, |(opn, _)| opn.saturating_sub(1))
    }

    /// A client asks. The head takes the request; everybody else says who is head. A repeated request is answered by the head if the whole chain
    /// has it; if not yet, the tail will answer.
    pub(super) fn submit_to_chain<P>(&mut self, request: &Arc<Request>, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.leads() || !self.may_lead() {
            desk.replies.push(self.redirect(request.id));
            return;
        }
        if self.pending.values().any(|sent| sent.id == request.id) {
            return;
        }
        match desk.machine.known(request.id) {
            Known::Repeated(response) if self.is_in_place => {
                cx.mark(REPEATED, u64::from(request.id.sequence));
                desk.replies.push(Reply::Answer(response));
            }
            Known::Repeated(_) | Known::Outdated => {}
            Known::New => self.take(self.last_op + 1, request, desk, cx),
        }
    }

    /// Applies the next operation and sends it on.
    fn take<P>(&mut self, opn: u64, request: &Arc<Request>, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        self.apply(opn, request, desk, cx);
        if self.is_tail() {
            return;
        }
        self.pending.insert(opn, request.clone());
        for next in self.receivers().filter(|next| self.has.contains_key(next)) {
            self.forward(next, opn - 1, cx);
        }
        self.wait(cx);
    }

    /// What servers of a chain say to each other. What is said in the same way elsewhere is given back.
    pub(super) fn on_chain_message<P>(
        &mut self,
        from: NodeId,
        message: Message,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) -> Option<Message>
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match message {
            Message::Fwd { view, opn, request } => self.on_chain_fwd(from, view, opn, &request, desk, cx),
            Message::FwdAck { view, opn } => self.on_chain_ack(from, view, opn, cx),
            Message::FwdReq { view, opn } => {
                if self.is_of_this_view(view) && self.has.contains_key(&from) {
                    self.forward(from, opn, cx);
                }
            }
            Message::Xfer { view, opn, state } if !self.leads() => {
                self.on_chain_xfer(from, view, opn, state.as_deref(), desk, cx);
            }
            Message::XferAck { view } => self.on_chain_xfer_ack(from, view, desk, cx),
            other => return Some(other),
        }
        None
    }

    /// The next operation from the one before it.
    fn on_chain_fwd<P>(
        &mut self,
        from: NodeId,
        view: u32,
        opn: u64,
        request: &Arc<Request>,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.is_current(from, view, cx) || !self.follows() || self.complete_in != self.view.number {
            return;
        }
        let view = self.view.number;
        if self.asks_for_gap(from, opn, cx) {
            return;
        }
        if opn == self.last_op + 1 {
            self.take(opn, request, desk, cx);
        }
        if self.finished() >= opn {
            cx.durably().send(from, Message::FwdAck { view, opn: self.finished() });
        }
    }

    /// The tail has everything up to an operation: that is forgotten in Sent, and passed on.
    fn on_chain_ack<P>(&mut self, from: NodeId, view: u32, opn: u64, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.is_of_this_view(view) {
            return;
        }
        let Some(has) = self.has.get_mut(&from) else { return };
        *has = opn.max(*has);
        let before = self.finished();
        self.pending = self.pending.split_off(&opn.saturating_add(1));
        if self.finished() == before {
            return;
        }
        cx.mark(FINISHED, opn);
        if let Some(before) = self.predecessor() {
            cx.durably().send(before, Message::FwdAck { view: self.view.number, opn });
        }
    }

    /// The state with which a view begins, from the one before it. It is installed once, and passed on.
    fn on_chain_xfer<P>(
        &mut self,
        from: NodeId,
        view: u32,
        opn: u64,
        state: Option<&MachineSnapshot>,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.is_current(from, view, cx) || view != self.view.number || !self.follows() {
            return;
        }
        if self.complete_in < view {
            self.install(opn, view, state, desk, cx);
            self.transfer(desk.machine, cx);
            self.begin(desk, cx);
            self.wait(cx);
        } else if self.is_in_place {
            cx.durably().send(from, Message::XferAck { view });
        }
    }

    /// The next one, and all after it, have the state.
    fn on_chain_xfer_ack<P>(&mut self, from: NodeId, view: u32, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let is_next = self.receivers().any(|next| next == from);
        if view == self.view.number && self.complete_in == view && is_next && !self.is_in_place {
            self.has.insert(from, 0);
            self.begin(desk, cx);
        }
    }

    /// All that come after it have the state: the one before it hears of that, the next one gets what has been applied since. What was on its
    /// way to a tail that is gone has come to the end, if this server is all that is left.
    pub(super) fn begin_chain<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if let Some(before) = self.predecessor() {
            cx.durably().send(before, Message::XferAck { view: self.view.number });
        }
        for next in self.receivers() {
            self.forward(next, 0, cx);
        }
        if self.is_tail() {
            for request in core::mem::take(&mut self.pending).into_values() {
                if let Known::Repeated(response) = desk.machine.known(request.id) {
                    desk.replies.push(Reply::Answer(response));
                }
            }
        }
    }
}
