//! What a backup does: it takes the primary's state, and applies what the primary sends, in order.

use alloc::sync::Arc;

use super::{Desk, GAP, INSTALLED, Message, PrimaryBackup, Timer};
use crate::process::{Context, NodeId, Process};
use crate::request::Request;
use crate::storage::MachineSnapshot;

impl PrimaryBackup {
    /// The next operation of the primary. What is known is acknowledged again; where something is missing, it is asked for.
    pub(super) fn on_fwd<P>(
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
        if !self.is_current(from, view, cx) || !self.is_of_this_view(view) {
            return;
        }
        if !self.follows() || self.complete_in != self.view.number {
            return;
        }
        let view = self.view.number;
        if self.asks_for_gap(from, opn, cx) {
            return;
        }
        if opn == self.last_op + 1 {
            self.apply(opn, request, desk, cx);
        }
        cx.durably().send(from, Message::FwdAck { view, opn: self.last_op });
    }

    /// Operations are missing before this one: whoever sent it is asked for them, once. False if none are.
    pub(super) fn asks_for_gap<P>(&mut self, from: NodeId, opn: u64, cx: &mut Context<'_, P>) -> bool
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if opn <= self.last_op + 1 {
            return false;
        }
        if self.asked_after != Some(self.last_op) {
            self.asked_after = Some(self.last_op);
            cx.mark(GAP, self.last_op + 1);
            cx.durably().send(from, Message::FwdReq { view: self.view.number, opn: self.last_op });
        }
        true
    }

    /// The state with which a view begins. It is installed once: a late copy would take back what was applied since.
    pub(super) fn on_xfer<P>(
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
        if !self.is_current(from, view, cx) || view != self.view.number {
            return;
        }
        if self.leads() && self.complete_in < view && !self.is_in_place {
            // It was asked for: see `ask_for_state`.
            if !self.has_state_for(&self.view) {
                self.install(opn, self.view.from, state, desk, cx);
                self.take_over(desk, cx);
                self.go_on(desk, cx);
            }
            return;
        }
        if !self.follows() {
            return;
        }
        if self.complete_in < view {
            self.install(opn, view, state, desk, cx);
        }
        cx.durably().send(from, Message::XferAck { view });
    }

    pub(super) fn install<P>(
        &mut self,
        opn: u64,
        complete_in: u32,
        state: Option<&MachineSnapshot>,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        if let Some(state) = state {
            desk.machine.install(state);
            cx.mark(INSTALLED, u64::from(self.view.number));
        }
        (self.complete_in, self.last_op, self.asked_after) = (complete_in, opn, None);
        self.recent.clear();
        self.checkpoint(desk.machine, cx);
        self.ping(cx);
    }

    /// A primary without the state asks who has all of the view before. Whoever goes by its view, and so takes part in none before it, may say.
    pub(super) fn on_xfer_req<P>(&mut self, from: NodeId, view: u32, desk: &Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if view > self.view.number {
            self.ask_for_views(from, cx);
            return;
        }
        if self.complete_in + 1 == view {
            let state = Some(Arc::new(desk.machine.snapshot()));
            cx.durably().send(from, Message::Xfer { view, opn: self.last_op, state });
        }
    }
}
