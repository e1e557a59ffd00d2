//! Who says who leads: one node that hears pings, and keeps its view on its disk.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Form, Member, Message, Options, Reads, Timer, View};
use crate::ordering::Glance;
use crate::process::{Context, Event, Mark, NodeId, Process};
use crate::storage::checkpoint::Checkpoint;
use crate::storage::journal::Journal;
use crate::time::Time;

/// The view service has made a new view.
pub const VIEW_CHANGED: Mark = Mark("a new view");
/// The primary is gone, and so is everybody else who may lead.
pub const STUCK: Mark = Mark("nobody may lead: the state is gone, or nobody knows who has it");

/// What the view service has heard of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// How often it has crashed.
    pub life: u32,
    /// The newest view that it has all of, as it says.
    pub complete_in: u32,
    /// How many times in a row the service has looked and nothing had come.
    pub missed: u32,
    /// Whether something has come since it last looked.
    has_pinged: bool,
    /// When something last came, by the clock of the service.
    heard_at: Time,
}

/// What is on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Durable {
    view: Arc<View>,
    acked: bool,
}

impl Checkpoint for Durable {}

/// The view service. It changes the view when its primary has said that it is in place, so that there is never more than one view of which nobody
/// knows how far it came, and the next primary is always somebody who has all that was done before. Until then it does one thing only: it leaves
/// out a backup that died while the primary was giving it the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewService {
    #[serde(skip)]
    options: Arc<Options>,
    #[serde(skip)]
    servers: Arc<[NodeId]>,
    // On disk:
    view: Arc<View>,
    acked: bool,
    journal: Journal<Durable, ()>,
    // In memory:
    heard: BTreeMap<NodeId, Heard>,
}

impl ViewService {
    /// A view service that has not booted, for these servers.
    pub fn new(options: Arc<Options>, servers: Arc<[NodeId]>) -> Self {
        let members = servers.get(..=options.backups as usize).unwrap_or(&servers);
        let view = Arc::new(View::first(members));
        Self { options, servers, view, acked: true, journal: Journal::default(), heard: BTreeMap::new() }
    }

    /// The view.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether its primary has said that it is in place.
    pub fn acked(&self) -> bool {
        self.acked
    }

    /// What it has heard of each server.
    pub fn heard(&self) -> impl Iterator<Item = (NodeId, &Heard)> {
        self.heard.iter().map(|(node, heard)| (*node, heard))
    }

    /// What is to be seen of it at a glance: its view, with a question mark until the primary is in place.
    pub fn glance(&self) -> Glance {
        let mark = if self.acked { "" } else { "?" };
        Glance {
            role: "view service",
            leads: false,
            ballot: format!("view {}{mark}", self.view.number),
            slots: Vec::new(),
        }
    }

    /// Handles one event.
    #[inline(never)]
    pub fn step<P>(&mut self, event: &Event<Message, Timer>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match *event {
            Event::Boot => self.on_boot(cx),
            Event::Receive { from, message: Message::Ping { view, life, at } } => {
                self.on_ping(from, view, life, at, cx);
            }
            Event::Timer(Timer::PingCheck) => self.on_ping_check(cx),
            // Said to servers.
            Event::Receive { .. } | Event::Timer(_) => {}
        }
    }

    /// Nobody is taken for dead before he has had time to say that he is not.
    fn on_boot<P>(&mut self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let (journal, recovered) = Journal::<Durable, ()>::recover(cx.disk());
        self.journal = journal;
        if let Some((Durable { view, acked }, _)) = recovered {
            (self.view, self.acked) = (view, acked);
        }
        self.keep(cx);
        let heard_at = cx.now();
        let heard = |life| Heard { life, complete_in: 0, missed: 0, has_pinged: true, heard_at };
        self.heard = self.view.members().map(|member| (member.node, heard(member.life))).collect();
        cx.set_timer(Timer::PingCheck, self.options.ping_check);
    }

    fn keep<P: Process>(&mut self, cx: &mut Context<'_, P>) {
        self.journal.checkpoint(cx.disk(), &Durable { view: self.view.clone(), acked: self.acked });
    }

    /// A server is there. What an earlier life of it said is of no concern any more.
    fn on_ping<P>(&mut self, from: NodeId, view: u32, life: u32, at: Time, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        let new = Heard { life, complete_in: view, missed: 0, has_pinged: true, heard_at: cx.now() };
        if !self.servers.contains(&from) {
            return;
        }
        let heard = self.heard.entry(from).or_insert(new);
        if life < heard.life {
            return;
        }
        let complete_in = if life == heard.life { heard.complete_in.max(view) } else { view };
        *heard = Heard { complete_in, ..new };
        if !self.acked && view == self.view.number && self.view.primary == Some(Member { node: from, life }) {
            self.acked = true;
            self.keep(cx);
        }
        let reply = Message::ViewReply { views: Arc::new([self.view.clone()]), acked: self.acked, asked_at: Some(at) };
        cx.durably().send(from, reply);
    }

    /// Who has not been heard of two times in a row is dead.
    fn on_ping_check<P>(&mut self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        for heard in self.heard.values_mut() {
            heard.missed = if heard.has_pinged { 0 } else { heard.missed.saturating_add(1) };
            heard.has_pinged = false;
        }
        if self.waits_for_lease(cx.now()) {
            cx.mark(super::LEASED, u64::from(self.view.number));
            cx.set_timer(Timer::PingCheck, self.options.ping_check);
            return;
        }
        match self.next_view() {
            Ok(Some(view)) => {
                cx.mark(VIEW_CHANGED, u64::from(view.number));
                (self.view, self.acked) = (Arc::new(view), false);
                self.keep(cx);
            }
            Ok(None) => {}
            Err(()) => cx.mark(STUCK, u64::from(self.view.number)),
        }
        cx.set_timer(Timer::PingCheck, self.options.ping_check);
    }

    /// Whether somebody is not heard of any more who may still answer reads: until his lease has ended, there is no other view. A life that is
    /// over holds none.
    fn waits_for_lease(&self, now: Time) -> bool {
        if self.options.reads != Reads::Lease || !self.options.leases_bind {
            return false;
        }
        // Whoever was the tail of an earlier view may not have heard that it is not any more.
        let holders = match self.options.form {
            Form::PrimaryBackup => 1,
            Form::Chain => usize::MAX,
        };
        self.view.members().take(holders).filter(|holder| !self.is_well(*holder)).any(|holder| {
            let heard = self.heard.get(&holder.node).filter(|heard| heard.life == holder.life);
            heard.is_some_and(|heard| now < heard.heard_at + self.options.lease)
        })
    }

    /// The view that there should be now; None if the present one will do. An error if it will not, and there can be no other.
    fn next_view(&self) -> Result<Option<View>, ()> {
        let Some(primary) = self.view.primary else { return Ok(None) };
        let well: Vec<Member> = self.view.backups.iter().copied().filter(|backup| self.is_well(*backup)).collect();
        let primary = if self.is_well(primary) {
            if !self.acked && well.len() == self.view.backups.len() {
                return Ok(None);
            }
            primary
        } else {
            self.successor(&well).ok_or(())?
        };
        let mut backups: Vec<Member> = well.into_iter().filter(|backup| *backup != primary).collect();
        if self.acked {
            let is_new = |member: &Member| *member != primary && !backups.contains(member);
            let room = (self.options.backups as usize).saturating_sub(backups.len());
            let idle: Vec<Member> = self.servers.iter().filter_map(|node| self.alive(*node)).filter(is_new).collect();
            backups.extend(idle.into_iter().take(room));
        }
        let is_same = self.view.primary == Some(primary) && *self.view.backups == *backups;
        let from = if self.acked { self.view.number } else { self.view.from };
        let next = || View { number: self.view.number + 1, primary: Some(primary), backups: backups.into(), from };
        Ok((!is_same).then(next))
    }

    /// Who leads when the primary is gone: a backup, if the view was in place, for then it has all. Otherwise nobody but the primary itself is known
    /// to have it, and it must have kept it through its crash.
    fn successor(&self, well: &[Member]) -> Option<Member> {
        let (needed, others) =
            if self.acked { (self.view.number, &*self.view.backups) } else { (self.view.from, &[][..]) };
        let has_kept = |member: &Member| {
            let now = self.alive(member.node)?;
            self.heard.get(&member.node).filter(|heard| heard.complete_in >= needed && needed > 0).map(|_| now)
        };
        let backup = well.first().filter(|_| self.acked).copied();
        backup.or_else(|| self.view.primary.iter().chain(others).find_map(has_kept))
    }

    /// The present life of a server, if it has been heard of lately.
    fn alive(&self, node: NodeId) -> Option<Member> {
        let heard = self.heard.get(&node).filter(|heard| heard.missed < 2)?;
        Some(Member { node, life: heard.life })
    }

    /// Whether the life of a server goes on that the view names.
    fn is_well(&self, member: Member) -> bool {
        self.alive(member.node) == Some(member)
    }
}
