//! Time that passes although nobody asks for anything.
//!
//! What is to be kept for a time is dropped when a decided slot says that it is over, so an idle store drops nothing. A replica that sees
//! such a thing by its own clock says so by a request of its own, a batch that holds no more than a `tick`. Its clock may be wrong: the
//! time comes too early then, or too late, but at all replicas in the same slot.

use super::{Executor, Host, Rabia, TICKED, Timer};
use crate::command::KVOperation;
use crate::lattice::VectorClock;
use crate::op::{ClientId, KVSOperation, RequestId};
use crate::process::Context;
use crate::request::Request;
use crate::time::Span;

/// Whether an operation only says that time has passed.
pub fn is_tick(op: &KVSOperation) -> bool {
    matches!(op, KVSOperation::Batch(commands) if matches!(&commands[..], [KVOperation::Tick]))
}

impl Rabia {
    pub(super) fn set_tick<P: Host>(&self, cx: &mut Context<'_, P>) {
        if self.options.tick_every > Span::ZERO {
            cx.set_timer(crate::ordering::Timer::Rabia(Timer::Tick), self.options.tick_every);
        }
    }

    pub(super) fn on_tick<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        self.set_tick(cx);
        // Each life is a session of its own: a name is never used again.
        let client = ClientId { node: self.me, session: cx.incarnation() };
        let is_under_way = self.is_under_way(RequestId { client, sequence: self.ticks });
        let is_due = executor.next_due().is_some_and(|due| due <= cx.now());
        if is_under_way || !is_due {
            return;
        }
        self.ticks += 1;
        cx.mark(TICKED, u64::from(self.ticks));
        let request = Request {
            id: RequestId { client, sequence: self.ticks },
            op: KVSOperation::Batch([KVOperation::Tick].into()),
            called: cx.now(),
            context: VectorClock::default(),
            seen: VectorClock::default(),
            dependencies: None,
            epoch: 1,
        };
        self.submit(&request.into(), executor, cx);
    }
}
