//! Reads that are not put in order: who may answer them, and for how long.
//!
//! A lease is the view service's promise: for so long after it has heard whoever answers reads, it makes no view without him. The holder counts
//! from the moment at which he *sent* the ping that was answered, and a tenth less. Gray and Cheriton, *Leases*, SOSP 1989. Clocks that do not go
//! alike end the promise.

use alloc::sync::Arc;

use super::{Desk, Form, Message, PrimaryBackup, Reads, Timer, View};
use crate::process::{Context, Mark, Process};
use crate::time::Time;

/// The view service waits.
pub const LEASED: Mark = Mark("no new view: a lease has not ended");
/// Whoever answers reads does not know whether he still does.
pub const NO_LEASE: Mark = Mark("no lease: the read goes in order");

impl PrimaryBackup {
    /// The view service answers: the server goes by its view, and knows that it was heard.
    pub(super) fn on_view_reply<P>(
        &mut self,
        views: &[Arc<View>],
        asked_at: Option<Time>,
        desk: &mut Desk<'_>,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        self.on_views(views, desk, cx);
        let is_now = views.last().is_some_and(|view| view.number == self.view.number);
        if is_now && self.is_reader() {
            self.leased_at = self.leased_at.max(asked_at);
        }
    }

    /// Whether it is the one of its view who may answer reads alone.
    fn is_reader(&self) -> bool {
        match self.options.form {
            Form::PrimaryBackup => self.leads(),
            Form::Chain => self.is_tail(),
        }
    }

    /// Whether it knows that there is no view in which somebody else answers. `now` is the time on its own clock.
    pub fn has_lease(&self, now: Time) -> bool {
        let is_held = |at: Time| now < at + self.options.held_lease();
        self.options.reads == Reads::Lease && self.is_reader() && self.leased_at.is_some_and(is_held)
    }

    /// Whether a read may be answered here from what is here.
    pub(super) fn may_read<P: Process>(&self, cx: &mut Context<'_, P>) -> bool {
        match self.options.reads {
            Reads::InOrder => false,
            Reads::Local => self.completes(),
            Reads::Lease if !self.completes() => false,
            Reads::Lease => {
                let has_lease = self.has_lease(cx.now());
                if !has_lease {
                    cx.mark(NO_LEASE, u64::from(self.view.number));
                }
                has_lease
            }
            Reads::Anywhere => self.complete_in > 0 && (self.leads() || self.follows()),
        }
    }
}
