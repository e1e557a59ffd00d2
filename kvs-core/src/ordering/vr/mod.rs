//! Viewstamped Replication: a primary puts requests into a log, and when it is not heard of, the next replica takes its turn.
//!
//! Liskov and Cowling, *Viewstamped Replication Revisited*, MIT-CSAIL-TR-2012-021; sections 4.1 to 4.3 and 5.2. Section numbers here and in this
//! folder are those of the report. What it adds to a primary with backups: **nobody watches**. Of `2f + 1` replicas any `f + 1` may go on, and the
//! number of the view says whose turn it is to lead.
//!
//! **Promise**: linearizable, whatever messages do and whoever crashes; live as long as a majority is up, can talk and has its memory. Values are
//! in memory only: when so many have lost theirs at once that no majority is left, the store **stands still rather than guess**. What it does not
//! do: checkpoints (5.1), leases for reads (6.3), changes of members (7).
//!
//! # State (figure 2)
//!
//! | | |
//! |---|---|
//! | `view` | the view-number; on disk, before anything leaves that promises it |
//! | `status` | normal, view-change, or recovering |
//! | `log` | the requests by op-number, from 1 |
//! | `commit` | the commit-number; all up to it is executed here |
//! | `last_normal` | the last view in which the status was normal |
//! | table of clients | the machine's |
//!
//! # Rules
//!
//! ```text
//! request          primary: append, send Prepare to all; others: say who is primary
//! Prepare          backup: in order only, else GetState; append, PrepareOk; execute what the primary has committed
//! PrepareOk        primary: what f backups have is committed; execute, reply
//! no sign of life  view += 1; status = view-change; StartViewChange to all
//! StartViewChange  of a later view: likewise. From f others: DoViewChange to the primary of that view, with the log
//! DoViewChange     the new primary, from f + 1 with itself: take the log of the latest view, of these the longest; StartView to all
//! StartView        take over log and view; PrepareOk; execute what is committed
//! crash            status = recovering; Recovery to all; who is normal answers, the primary with its log
//! RecoveryResponse from f + 1, the primary of the latest view they name among them: take over its log
//! later view       in Prepare or Commit: GetState; what is not known to be committed is replaced when the answer is there, not before
//! ```
//!
//! # Invariants
//!
//! `check/invariants/vr.rs`, VR1 to VR3, and those of all that is ordered.
//!
//! # Pitfalls
//!
//! 1. *The new primary keeps its own log, or any*: what was acknowledged is gone.
//! 2. *Whoever comes back takes part at once*: it has forgotten what it acknowledged, and a majority of forgetful ones decides otherwise.
//! 3. *Whoever comes back may land in an older view*: a message that it sent before the crash, "lead view 2", is on its way, and counts as if it had
//!    never acknowledged anything in view 1 since. The report allows that (Michael et al., *Recovering Shared Objects Without Stable Storage*,
//!    DISC 2017). Here the view-number is on the disk, as in the first version of the protocol (Oki and Liskov, PODC 1988).
//! 4. *The log is cut off before the new one is there* (5.2 reads so): until then, this may be the last copy.

mod message;
mod normal;
mod options;
mod recovery;
#[cfg(test)]
mod tests;
mod view_change;

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use self::normal::Acknowledged;
use self::recovery::Asked;
use self::view_change::Change;
use super::{Executor, Glance, Host, Slot, SlotState};
use crate::process::{Context, Event, Mark, NodeId};
use crate::quorum::majority;
use crate::request::Request;
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;
use crate::time::Span;

pub use message::{Entries, Message, Timer};
pub use options::{Rules, VrOptions};

/// A replica has not heard of the primary, or others have not.
pub const CALLED: Mark = Mark("wants a new view");
/// Enough have told a replica what they have: its view begins.
pub const STARTED: Mark = Mark("leads: its view begins");
/// A replica goes by a view that has begun.
pub const ENTERED: Mark = Mark("follows: a new view has begun");
/// A replica has heard of a later view.
pub const BEHIND: Mark = Mark("a later view has begun: asks what is in it");
/// Something is missing in the log.
pub const GAP: Mark = Mark("a slot is missing: asks for it");
/// A message of an earlier view was ignored.
pub const OLD_VIEW: Mark = Mark("ignored: of an earlier view");
/// A request was repeated, and the first copy will be executed.
pub const ALREADY_THERE: Mark = Mark("repeated request: has its slot already");
/// A replica has come back without its memory.
pub const RECOVERING: Mark = Mark("has lost its memory: asks the others, and takes no part");
/// Enough have told it.
pub const RECOVERED: Mark = Mark("has its memory back");

/// What a replica does at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Status {
    /// It leads or follows; a primary knows up to which op-number each backup has all.
    Normal(Acknowledged),
    /// It wants a new view.
    ViewChange(Change),
    /// It has lost its memory.
    Recovering(Asked),
}

/// What is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Durable {
    view: u32,
}

impl Checkpoint for Durable {}

/// One of `2f + 1` replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vr {
    #[serde(skip)]
    options: Arc<VrOptions>,
    #[serde(skip)]
    servers: Arc<[NodeId]>,
    me: NodeId,
    // On disk:
    view: u32,
    #[serde(skip)]
    journal: Journal<Durable, ()>,
    // In memory:
    status: Status,
    last_normal: u32,
    log: Vec<Arc<Request>>,
    commit: u64,
}

impl Vr {
    /// One of these replicas, before it has booted.
    pub fn new(options: Arc<VrOptions>, servers: Arc<[NodeId]>, me: NodeId) -> Self {
        Self {
            options,
            servers,
            me,
            view: 1,
            journal: Journal::default(),
            status: Status::Normal(Acknowledged::default()),
            last_normal: 1,
            log: Vec::new(),
            commit: 0,
        }
    }

    /// Handles one event.
    pub fn step<P: Host>(
        &mut self,
        event: Event<Message, Timer>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let (from, message) = match event {
            Event::Boot => return self.on_boot(cx),
            Event::Timer(Timer::ViewChange) => return self.on_silence(executor, cx),
            Event::Timer(Timer::Again) => return self.on_again(cx),
            Event::Receive { from, message } => (from, message),
        };
        if !self.servers.contains(&from) {
            return;
        }
        match message {
            Message::RecoveryResponse { view, nonce, state } => {
                self.on_recovery_response(from, view, nonce, state, executor, cx);
            }
            // Whoever has lost its memory takes no part.
            _ if self.is_recovering() => {}
            Message::Prepare { view, op, request, commit } => {
                self.on_prepare(from, view, op, &request, commit, executor, cx);
            }
            Message::PrepareOk { view, op } => self.on_prepare_ok(from, view, op, executor, cx),
            Message::Commit { view, commit } => self.on_commit(from, view, commit, executor, cx),
            Message::StartViewChange { view } => self.on_start_view_change(from, view, executor, cx),
            Message::DoViewChange { view, log, last_normal, commit } => {
                self.on_do_view_change(from, view, log, last_normal, commit, executor, cx);
            }
            Message::StartView { view, log, commit } => self.on_start_view(from, view, &log, commit, executor, cx),
            Message::Recovery { nonce, view } => self.on_recovery(from, nonce, view, executor, cx),
            Message::GetState { view, op } => self.on_get_state(from, view, op, cx),
            Message::NewState { view, after, log, commit } => {
                self.on_new_state(from, view, after, &log, commit, executor, cx);
            }
        }
    }

    fn send<P: Host>(to: NodeId, message: Message, cx: &mut Context<'_, P>) {
        cx.durably().send(to, super::Message::Vr(message));
    }

    fn send_to_all<P: Host>(&self, message: &Message, cx: &mut Context<'_, P>) {
        for peer in self.peers() {
            Self::send(peer, message.clone(), cx);
        }
    }

    fn peers(&self) -> impl Iterator<Item = NodeId> + use<> {
        let (servers, me) = (self.servers.clone(), self.me);
        (0..servers.len()).map(move |place| servers[place]).filter(move |server| *server != me)
    }

    /// `f + 1`.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    fn quorum(&self) -> u32 {
        majority(self.servers.len() as u32)
    }

    /// Whose turn it is in a view.
    fn primary_of(&self, view: u32) -> NodeId {
        let count = self.servers.len().max(1);
        self.servers.get(view.saturating_sub(1) as usize % count).copied().unwrap_or(self.me)
    }

    /// Goes on to a view, and remembers that before anybody hears of it.
    fn go_to<P: Host>(&mut self, view: u32, cx: &mut Context<'_, P>) {
        self.view = view;
        if self.options.rules.keeps_view {
            self.journal.checkpoint(cx.disk(), &Durable { view });
        }
    }

    /// Takes part in its view from now on, with this log.
    fn be_normal<P: Host>(&mut self, log: Vec<Arc<Request>>, cx: &mut Context<'_, P>) {
        self.log = log;
        self.status = Status::Normal(Acknowledged::default());
        self.last_normal = self.view;
        self.await_sign(cx);
    }

    /// Waits for a sign of life of the primary; who is the primary itself, gives one.
    fn await_sign<P: Host>(&self, cx: &mut Context<'_, P>) {
        if self.leads() {
            cx.cancel_timer(super::Timer::Vr(Timer::ViewChange));
            self.say_again(cx);
            return;
        }
        if !matches!(self.status, Status::ViewChange(_)) {
            cx.cancel_timer(super::Timer::Vr(Timer::Again));
        }
        let least = self.options.view_change_timeout;
        let more = cx.choose(u32::try_from(least.as_us()).unwrap_or(u32::MAX));
        cx.set_timer(super::Timer::Vr(Timer::ViewChange), least + Span::from_us(u64::from(more)));
    }

    fn say_again<P: Host>(&self, cx: &mut Context<'_, P>) {
        cx.set_timer(super::Timer::Vr(Timer::Again), self.options.commit_interval);
    }

    fn last_op(&self) -> u64 {
        self.log.len() as u64
    }

    /// The entries after an op-number.
    fn after(&self, op: u64) -> &[Arc<Request>] {
        usize::try_from(op).ok().and_then(|place| self.log.get(place..)).unwrap_or_default()
    }

    /// Its view.
    pub fn view(&self) -> u32 {
        self.view
    }

    /// Its log.
    pub fn log(&self) -> &[Arc<Request>] {
        &self.log
    }

    /// Whether it takes part in its view, be it as primary or as backup.
    pub fn is_normal(&self) -> bool {
        matches!(self.status, Status::Normal(_))
    }

    /// Whether it has lost its memory, and has not got it back.
    pub fn is_recovering(&self) -> bool {
        matches!(self.status, Status::Recovering(_))
    }

    /// Whether it leads, as far as it knows.
    pub fn leads(&self) -> bool {
        self.is_normal() && self.primary_of(self.view) == self.me
    }

    /// How many slots it has executed.
    pub fn applied(&self) -> u64 {
        self.commit
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let role = match &self.status {
            Status::Normal(_) if self.leads() => "primary",
            Status::Normal(_) => "backup",
            Status::ViewChange(_) => "changing",
            Status::Recovering(_) => "recovering",
        };
        let slot = |(number, request): (u64, &Arc<Request>)| Slot {
            number,
            command: request.op.to_string(),
            ballot: alloc::string::String::new(),
            state: if number <= self.commit { SlotState::Applied } else { SlotState::Accepted },
        };
        let shown = self.last_op().saturating_sub(Glance::SLOTS_MAX as u64);
        let slots = (shown + 1..).zip(self.after(shown)).map(slot).collect();
        Glance { role, leads: self.leads(), ballot: format!("view {}", self.view), slots }
    }
}
