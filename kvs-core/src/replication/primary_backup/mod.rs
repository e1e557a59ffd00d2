//! Primary-backup: one server puts requests in order, and answers when all its backups have applied them.
//!
//! Alsberg and Day, *A Principle for Resilient Sharing of Distributed Resources*, ICSE 1976: the primary answers when a second host has the
//! update, and a host that fails is replaced. Who leads is said by views, as in van Renesse and Guerraoui's *Replication Techniques for
//! Availability* (2010) and many a course since: a [`ViewService`] that hears pings, or somebody outside who numbers views by epochs.
//!
//! **Promise**: linearizable, whatever messages are lost, late or repeated, whichever links are cut, and whoever crashes. A crash of the primary
//! or of a backup costs one change of views. It does not go on when all are gone who have the state, or when a primary crashes before
//! it is in place: there is nobody to take over, and it **stands still rather than guess**. (With a journal, it waits for one of them.)
//! What it does not do: answer on any side of a cut that lacks the primary or one of its backups, until there is a view without them.
//!
//! How it keeps that:
//! - A view's primary was in the view before, and has all that was done there; it transfers its state to every backup before anything is answered
//!   in the new view.
//! - A backup acknowledges what the primary of its own view sends, and nobody else: a primary that was replaced waits in vain.
//! - An operation is applied at every backup before it is applied at the primary and answered. Reads take the same path.
//! - A view names lives of servers. Whoever restarts is idle until a later view names it.
//!
//! One file each: what a primary does, what a backup does, how both learn of views, and the view service. Primary and backup are one struct, as a
//! server plays both parts in its time. With [`Form::Chain`] the same servers, views and messages make a *chain*: see `chain.rs`.

mod backup;
mod chain;
mod lease;
mod message;
mod options;
mod primary;
mod view;
mod view_service;
mod views;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::op::{Key, Value};
use crate::ordering::{Glance, Reply, Slot, SlotState};
use crate::process::{Context, Event, Mark, NodeId, Process};
use crate::request::Request;
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;
use crate::storage::{Machine, MachineSnapshot};
use crate::time::Time;

pub use chain::FINISHED;
pub use lease::{LEASED, NO_LEASE};
pub use message::{Message, Timer};
pub use options::{AnsweredBy, Form, Options, Reads, Resends, Views};
pub use view::{Member, View};
pub use view_service::{STUCK, VIEW_CHANGED, ViewService};

/// The server goes by a new view.
pub const ENTERED: Mark = Mark("goes by a new view");
/// The primary and all its backups have the state: it answers.
pub const IN_PLACE: Mark = Mark("primary in place: all backups have the state");
/// The server is to lead and lacks the state. It does not.
pub const WITHOUT_STATE: Mark = Mark("named primary without the state: does not lead");
/// The state of the primary has replaced that of a backup.
pub const INSTALLED: Mark = Mark("took over the primary's state");
/// Somebody who goes by an older view was refused.
pub const REFUSED: Mark = Mark("refused: it goes by an older view");
/// Somebody goes by a newer view; the server asks for it first.
pub const BEHIND: Mark = Mark("there is a newer view: asks for it first");
/// An operation has come before the one that precedes it.
pub const GAP: Mark = Mark("an operation is missing: asks for it");
/// The server is no longer primary, or no longer takes itself for it.
pub const DEPOSED: Mark = Mark("primary no longer: passes on who asks");
/// A repeated request was answered from the table.
pub const REPEATED: Mark = Mark("repeated request: its answer is known");
/// The primary gave up an operation whose number is used up.
pub const BURNT: Mark = Mark("gave up an operation: its number is burnt");

/// What a journal keeps between checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    opn: u64,
    request: Arc<Request>,
}

/// What a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Durable {
    complete_in: u32,
    last_op: u64,
    state: MachineSnapshot,
}

impl Checkpoint for Durable {
    fn take_values(&mut self) -> BTreeMap<Key, Value> {
        self.state.take_values()
    }

    fn put_values(&mut self, values: BTreeMap<Key, Value>) {
        self.state.put_values(values);
    }
}

const CHECKPOINT_AFTER_RECORDS: u32 = 64;

/// The part of a server that is primary, backup, or idle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrimaryBackup {
    #[serde(skip)]
    options: Arc<Options>,
    #[serde(skip)]
    servers: Arc<[NodeId]>,
    #[serde(skip)]
    service: Option<NodeId>,
    me: NodeId,
    // With a journal these are on disk as well, together with the machine:
    /// The newest view that it has all of.
    complete_in: u32,
    /// The number of the last operation that was applied here.
    last_op: u64,
    // In memory:
    /// How often it has crashed.
    life: u32,
    view: Arc<View>,
    /// Where views come from outside: all that are known, in order. It goes through them one by one.
    known: Vec<Arc<View>>,
    /// Likewise: the last view that was there before this life began. It is no member of those.
    born_in: Option<u32>,
    /// As primary: whether all backups have the state. In a chain: whether all that come after it have.
    is_in_place: bool,
    /// As primary: the number of the next operation.
    next_op: u64,
    /// As primary: what has been asked and not been applied here. In a chain: what was applied here and has not come to the tail, as far as is
    /// known here; the paper's *Sent*.
    pending: BTreeMap<u64, Arc<Request>>,
    /// As primary: up to which operation each backup has applied all. Who is not in it, lacks the state. In a chain: likewise of the next server,
    /// and up to which operation the tail has all.
    has: BTreeMap<NodeId, u64>,
    /// With leases: when it last said that it was there and was told that it answers reads, by its own clock.
    leased_at: Option<Time>,
    /// As backup: after which operation something is missing that it has asked for.
    asked_after: Option<u64>,
    /// The operations applied last: number, view, request.
    recent: Vec<(u64, u32, Arc<Request>)>,
    journal: Journal<Durable, Record>,
}

/// What the host lends for a step, and what is handed back to it.
struct Desk<'a> {
    machine: &'a mut Machine,
    replies: Vec<Reply>,
}

impl PrimaryBackup {
    /// The part of a server that has not booted. `service`: the view service, if there is one.
    pub fn new(options: Arc<Options>, servers: Arc<[NodeId]>, service: Option<NodeId>, me: NodeId) -> Self {
        Self {
            options,
            servers,
            service,
            me,
            complete_in: 0,
            last_op: 0,
            life: 0,
            view: Arc::new(View::none()),
            known: Vec::new(),
            born_in: None,
            is_in_place: false,
            next_op: 1,
            pending: BTreeMap::new(),
            has: BTreeMap::new(),
            leased_at: None,
            asked_after: None,
            recent: Vec::new(),
            journal: Journal::default(),
        }
    }

    /// Handles one event.
    #[inline(never)]
    pub fn step<P>(
        &mut self,
        event: Event<Message, Timer>,
        machine: &mut Machine,
        cx: &mut Context<'_, P>,
    ) -> Vec<Reply>
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let mut desk = Desk { machine, replies: Vec::new() };
        let (from, message) = match event {
            Event::Boot => {
                self.on_boot(&mut desk, cx);
                return desk.replies;
            }
            Event::Timer(timer) => {
                match timer {
                    Timer::Ping => self.on_ping_timer(cx),
                    Timer::Resend => self.on_resend(&desk, cx),
                    Timer::PingCheck => {}
                }
                return desk.replies;
            }
            Event::Receive { from, message } => (from, message),
        };
        if self.options.form == Form::Chain {
            let Some(message) = self.on_chain_message(from, message, &mut desk, cx) else { return desk.replies };
            self.on_message(from, message, &mut desk, cx);
            return desk.replies;
        }
        self.on_message(from, message, &mut desk, cx);
        desk.replies
    }

    fn on_message<P>(&mut self, from: NodeId, message: Message, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match message {
            Message::ViewReply { views, asked_at, .. } => self.on_view_reply(&views, asked_at, desk, cx),
            Message::GetView { view } => self.on_get_view(from, view, cx),
            Message::Fwd { view, opn, request } => self.on_fwd(from, view, opn, &request, desk, cx),
            Message::FwdAck { view, opn } => self.on_fwd_ack(from, view, opn, desk, cx),
            Message::FwdReq { view, opn } => self.on_fwd_req(from, view, opn, cx),
            Message::FwdNo { views } => self.on_fwd_no(&views, desk, cx),
            Message::Xfer { view, opn, state } => self.on_xfer(from, view, opn, state.as_deref(), desk, cx),
            Message::XferAck { view } => self.on_xfer_ack(from, view, desk, cx),
            Message::XferReq { view } => self.on_xfer_req(from, view, desk, cx),
            // Said to the view service.
            Message::Ping { .. } => {}
        }
    }

    /// The first life begins in the first view, with nothing. A later one is idle: it has lost its place with its memory, and with a journal
    /// its place all the same.
    fn on_boot<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        self.life = cx.incarnation();
        if self.options.journal {
            self.recover(desk.machine, cx);
        }
        if self.life == 0 {
            let members = match self.options.views {
                Views::Service => self.servers.get(..=self.options.backups as usize).unwrap_or(&self.servers),
                Views::External => &self.servers,
            };
            self.view = Arc::new(View::first(members));
            self.known = [self.view.clone()].into();
            self.born_in = Some(0);
            self.is_in_place = self.leads();
            self.complete_in = u32::from(self.is_in_place || self.follows());
            if self.options.form == Form::Chain {
                self.is_in_place |= self.follows();
            }
            let is_in_place = self.is_in_place;
            self.has = self.receivers().filter(|_| is_in_place).map(|receiver| (receiver, 0)).collect();
        }
        if self.options.journal {
            self.checkpoint(desk.machine, cx);
        }
        self.on_ping_timer(cx);
    }

    fn recover<P: Process>(&mut self, machine: &mut Machine, cx: &mut Context<'_, P>) {
        let (journal, recovered) = Journal::<Durable, Record>::recover_from(self.options.snapshots, cx.disk());
        self.journal = journal;
        let Some((Durable { complete_in, last_op, state }, records)) = recovered else { return };
        (self.complete_in, self.last_op) = (complete_in, last_op);
        machine.install(&state);
        for Record { opn, request } in records {
            self.last_op = opn;
            machine.execute(&request);
        }
    }

    fn checkpoint<P: Process>(&mut self, machine: &Machine, cx: &mut Context<'_, P>) {
        if self.options.journal {
            let Self { complete_in, last_op, .. } = *self;
            self.journal.checkpoint(cx.disk(), &Durable { complete_in, last_op, state: machine.snapshot() });
        }
    }

    /// Applies the next operation. What it reveals leaves through `durably()`.
    fn apply<P: Process>(&mut self, opn: u64, request: &Arc<Request>, desk: &mut Desk<'_>, cx: &mut Context<'_, P>) {
        self.last_op = opn;
        if let Some(response) = desk.machine.execute(request)
            && self.answers()
        {
            desk.replies.push(Reply::Answer(response));
        }
        if self.recent.len() >= Glance::SLOTS_MAX {
            self.recent.remove(0);
        }
        self.recent.push((opn, self.view.number, request.clone()));
        if self.options.journal {
            self.journal.append(cx.disk(), &Record { opn, request: request.clone() });
            if self.journal.records_since_checkpoint() >= CHECKPOINT_AFTER_RECORDS {
                self.checkpoint(desk.machine, cx);
            }
        }
    }

    // ---- what it is

    /// The view that it goes by.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The newest view that it has all of; 0 if it has lost its memory.
    pub fn complete_in(&self) -> u32 {
        self.complete_in
    }

    /// The number of the last operation that was applied here.
    pub fn last_op(&self) -> u64 {
        self.last_op
    }

    /// The operations applied last: number, view, request.
    pub fn recent(&self) -> &[(u64, u32, Arc<Request>)] {
        &self.recent
    }

    /// Whether this life of it is the primary of its view.
    pub fn leads(&self) -> bool {
        self.view.primary.is_some_and(|primary| self.is_me(primary))
    }

    /// Whether this life of it is a backup of its view.
    pub fn follows(&self) -> bool {
        self.view.backups.iter().any(|backup| self.is_me(*backup))
    }

    /// Whether it leads, and answers: all its backups have the state.
    pub fn is_in_place(&self) -> bool {
        self.leads() && self.is_in_place
    }

    /// To whom it sends what comes next: the primary to all its backups; in a chain, everybody to the next.
    fn receivers(&self) -> impl Iterator<Item = NodeId> + use<> {
        let view = self.view.clone();
        let (from, upto) = match self.options.form {
            Form::Chain => self.place().map_or((0, 0), |place| (place, (place + 1).min(view.backups.len()))),
            Form::PrimaryBackup if self.leads() => (0, view.backups.len()),
            Form::PrimaryBackup => (0, 0),
        };
        (from..upto).map(move |place| view.backups[place].node)
    }

    /// Whether it is its business to answer requests that it applies.
    fn answers(&self) -> bool {
        match (self.options.form, self.options.answered_by) {
            (Form::PrimaryBackup, _) | (Form::Chain, AnsweredBy::Head) => self.leads(),
            (Form::Chain, AnsweredBy::Tail) => self.is_tail(),
        }
    }

    /// Whether what it applies is complete: as primary in place, it applies what all backups have; as tail of a chain, it is the last to apply.
    pub fn completes(&self) -> bool {
        match self.options.form {
            Form::PrimaryBackup => self.is_in_place(),
            Form::Chain => self.is_tail() && self.complete_in == self.view.number,
        }
    }

    /// Whether clients hear from it what they have asked another.
    pub fn answers_for_others(&self) -> bool {
        self.options.form == Form::Chain
    }

    /// Whether it has what a view begins with.
    pub fn has_state_for(&self, view: &View) -> bool {
        self.complete_in >= view.from
    }

    /// The view of this number that somebody outside has announced, if it has heard of it.
    pub fn known(&self, number: u32) -> Option<&View> {
        self.known.iter().find(|view| view.number == number).map(|view| &**view)
    }

    /// Whether a view that somebody outside announces finds it in this life.
    pub fn was_there_before(&self, number: u32) -> bool {
        self.born_in.is_some_and(|born_in| born_in < number)
    }

    fn is_me(&self, member: Member) -> bool {
        member.node == self.me
            && match self.options.views {
                Views::Service => member.life == self.life,
                Views::External => self.was_there_before(self.view.number),
            }
    }

    /// Whether a message of this view may be heeded.
    fn is_of_this_view(&self, view: u32) -> bool {
        view == self.view.number || !self.options.fences_views
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let role = match () {
            () if self.options.form == Form::Chain => self.place_in_chain(),
            () if self.leads() => "primary",
            () if self.follows() => "backup",
            () => "idle",
        };
        let open_state = match self.options.form {
            Form::PrimaryBackup => SlotState::Proposed,
            // It is applied here, and not everywhere.
            Form::Chain => SlotState::Accepted,
        };
        let slot = |number: u64, view: u32, request: &Arc<Request>, state| Slot {
            number,
            command: request.op.to_string(),
            ballot: format!("view {view}"),
            state,
        };
        let is_done = |number: u64| self.options.form == Form::PrimaryBackup || !self.pending.contains_key(&number);
        let done = self.recent.iter().filter(|(number, ..)| is_done(*number));
        let done = done.map(|(number, view, request)| slot(*number, *view, request, SlotState::Applied));
        let open = self.pending.iter();
        let open = open.map(|(number, request)| slot(*number, self.view.number, request, open_state));
        let mut slots: Vec<Slot> = done.chain(open).collect();
        slots.drain(..slots.len().saturating_sub(Glance::SLOTS_MAX));
        let ballot = if self.view.number == 0 { "".into() } else { format!("view {}", self.view.number) };
        Glance { role, leads: self.is_in_place(), ballot, slots }
    }
}
