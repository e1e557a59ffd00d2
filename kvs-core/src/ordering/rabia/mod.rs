//! Rabia: replicas that put requests in order without a leader.
//!
//! Pan, Tuglu, Zhou, Wang, Shen, Zheng, Tassarotti, Tseng, Palmieri: *Rabia: Simplifying State-Machine Replication Through Randomization*,
//! SOSP 2021. For each slot every replica proposes the oldest request it knows of, and all agree on the one that most have proposed, or on
//! leaving the slot empty ([`agreement`]); a coin that shows the same everywhere ends what would otherwise go on for ever. Whoever
//! fails is not replaced, since nobody leads.
//!
//! Of `n` replicas `f < n / 2` may be gone, and messages may be lost, late, repeated and out of order; nothing wrong is ever decided, and
//! something is with probability 1 as long as `n - f` hear each other. A crash forgets nothing that was said: the paper's replicas stop for
//! good; these come back, so each proposal, state and vote is on the disk before anybody hears of it.
//!
//! Who decides that a request goes into a slot may not hold it, and asks. If all who hold it are down, the slot waits for one to come back.
//!
//! It is not quick to notice that somebody lags, and it has no sets of replicas that change.

pub mod agreement;
mod coin;
mod durable;
mod message;
mod pending;
mod stragglers;
mod tick;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use self::agreement::{Agreement, Rules, Said, Stage, Turn};
pub use self::coin::{Coin, common_coin};
use self::durable::{Record, Snapshot};
pub use self::message::{Message, Missed, Timer};
use self::pending::Pending;
pub use self::tick::is_tick;
use super::{Command, Executor, Glance, Host, ReadMode, Slot, SlotState};
use crate::op::{KVSOperation, RequestId};
use crate::process::{Context, Event, Mark, NodeId};
use crate::request::Request;
use crate::storage::checkpoint::SnapshotPlace;
use crate::storage::journal::Journal;
use crate::time::{Span, Time};

/// What replicas do. The safety options are the ones with a default that must not be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RabiaOptions {
    /// Say again what was said about an open slot after so long.
    pub resend_after: Span,
    /// How often a replica looks whether a value's time is up, and says so by a request of its own; 0: never.
    pub tick_every: Span,
    /// How reads are answered: by the log, or by whoever is asked from what is there.
    pub reads: ReadMode,
    /// Where a replica keeps the values of its snapshots.
    pub snapshots: SnapshotPlace,
    /// How many requests a proxy proposes as one.
    pub batch_max: u32,
    /// How long it waits for that many.
    pub batch_wait: Span,
    /// What all replicas start their common coin from.
    pub coin_seed: u32,
    /// Safety: whose coin is tossed.
    pub coin: Coin,
    /// Safety: what a replica votes that has heard no majority.
    pub without_majority: WithoutMajority,
    /// Safety: a vote stays as it is, whatever is heard later.
    pub votes_are_frozen: bool,
    /// Safety: what a decision is about.
    pub agree_on: AgreeOn,
    /// Safety: what is said about a slot is on the disk before it is said.
    pub persists_votes: bool,
    /// Safety: whoever is behind is told what was decided.
    pub answers_stragglers: bool,
}

impl Default for RabiaOptions {
    fn default() -> Self {
        Self {
            resend_after: Span::from_ms(300),
            tick_every: Span::ZERO,
            reads: ReadMode::Log,
            snapshots: SnapshotPlace::Journal,
            batch_max: 1,
            batch_wait: Span::from_ms(20),
            coin_seed: 1,
            coin: Coin::default(),
            without_majority: WithoutMajority::default(),
            votes_are_frozen: true,
            agree_on: AgreeOn::default(),
            persists_votes: true,
            answers_stragglers: true,
        }
    }
}

/// What a replica votes that has heard no majority of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WithoutMajority {
    /// `?`.
    #[default]
    Question,
    /// 0 or 1, as its own coin shows.
    Random,
}

/// What a decision is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgreeOn {
    /// The request that a majority has proposed.
    #[default]
    Request,
    /// Only whether there is one: each replica takes the one it has proposed itself.
    Bit,
}

/// It had nothing to propose, and has taken what another proposes.
pub const ADOPTED: Mark = Mark("idle: proposes what another does");
/// Proposals differ too much: the slot stays empty.
pub const FORFEITED: Mark = Mark("proposals differ: the slot stays empty");
/// What it has proposed was not chosen.
pub const PUSHED_BACK: Mark = Mark("its proposal has lost: proposes it again");
/// Nobody has voted for anything, and the coin was tossed.
pub const TOSSED: Mark = Mark("only ? was heard: tosses the coin");
/// A request goes into the slot, and this replica does not know which.
pub const ASKED: Mark = Mark("decided, but does not hold the request: asks for it");
/// Somebody is behind.
pub const STRAGGLER_TOLD: Mark = Mark("tells a straggler what was decided");
/// It has taken a snapshot of another.
pub const CAUGHT_UP: Mark = Mark("caught up by a snapshot");
/// Decisions that a quorum has are kept no longer.
pub const COMPACTED: Mark = Mark("dropped decisions that a quorum has");
/// After a crash it says what it said before.
pub const RESUMED: Mark = Mark("takes up the slot where the crash left it");
/// The time of a value is up, and nobody asks for anything that would say so.
pub const TICKED: Mark = Mark("idle: says that time has passed");
/// Somebody is so far ahead, or so wrong, that it makes no sense here.
pub const TOO_FAR: Mark = Mark("ignored: too far ahead");

/// Of how many later slots, and of how many later phases, a replica remembers what it hears.
const AHEAD_MAX: u32 = 64;

/// The part of a server that agrees with its like on one sequence of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rabia {
    #[serde(skip)]
    options: Arc<RabiaOptions>,
    #[serde(skip)]
    replicas: Arc<[NodeId]>,
    #[serde(skip)]
    me: NodeId,
    // On disk:
    journal: Journal<Snapshot, Record>,
    /// The first slot that is not decided here; all before it are executed.
    slot: u64,
    /// What was decided, as far as it is kept for those who lack it.
    decided: BTreeMap<u64, Command>,
    /// What this replica has said about the slot.
    said: Vec<Said>,
    // In memory:
    pending: Pending,
    /// What it has heard about the slot.
    agreement: Agreement,
    /// What it has heard about later ones.
    later: BTreeMap<u64, Agreement>,
    /// Decisions of later ones.
    early: BTreeMap<u64, Command>,
    /// The slots that the others have come to, as far as they have said so.
    levels: BTreeMap<NodeId, u64>,
    /// Requests that wait for the batch to be full.
    gathering: Vec<Arc<Request>>,
    /// Whether it has asked which request goes into the slot.
    has_asked: bool,
    resend_is_set: bool,
    /// How often it has said in this life that time has passed.
    ticks: u32,
}

impl Rabia {
    /// One of these replicas, which has not booted.
    pub fn new(options: Arc<RabiaOptions>, replicas: Arc<[NodeId]>, me: NodeId) -> Self {
        Self {
            options,
            replicas,
            me,
            journal: Journal::default(),
            slot: 0,
            decided: BTreeMap::new(),
            said: Vec::new(),
            pending: Pending::default(),
            agreement: Agreement::default(),
            later: BTreeMap::new(),
            early: BTreeMap::new(),
            levels: BTreeMap::new(),
            gathering: Vec::new(),
            has_asked: false,
            resend_is_set: false,
            ticks: 0,
        }
    }

    /// How many slots are decided and executed here.
    pub fn applied(&self) -> u64 {
        self.slot
    }

    /// What it has heard about the slot that is open.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The requests that wait for a slot.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Handles an event.
    pub fn step<P: Host>(
        &mut self,
        event: Event<Message, Timer>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        match event {
            Event::Boot => self.on_boot(executor, cx),
            Event::Timer(Timer::SendBatch) => self.send_batch(executor, cx),
            Event::Timer(Timer::Resend) => self.on_resend(cx),
            Event::Timer(Timer::Tick) => self.on_tick(executor, cx),
            Event::Receive { from, .. } if from == self.me || !self.replicas.contains(&from) => {}
            Event::Receive { from, message } => match message {
                Message::Forward { command } => self.on_forward(&command, executor),
                Message::Proposal { slot, command } => self.on_proposal(from, slot, command, executor, cx),
                Message::State { slot, phase, value } => self.on_state(from, slot, phase, value, cx),
                Message::Vote { slot, phase, vote } => self.on_said(from, slot, Said::Vote { phase, vote }, cx),
                Message::Decision { slot, command } => self.on_decision(from, slot, command, cx),
                Message::AskProposal { slot } => self.on_ask_proposal(from, slot, cx),
                Message::GiveProposal { slot, command } => self.on_give_proposal(from, slot, command, cx),
                Message::CatchUp { from: slot } => self.on_catch_up(from, slot, executor, cx),
                Message::CatchUpResp { until, missed } => self.on_catch_up_resp(from, until, &missed, executor, cx),
            },
        }
        self.go_on(executor, cx);
        self.set_resend(cx);
    }

    /// A client asks here. This replica is its proxy: it tells the others.
    pub fn submit<P: Host>(&mut self, request: &Arc<Request>, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        // A read by the log is linearizable. A read of what is here may be old.
        let is_read = !request.op.is_write() && !matches!(request.op, KVSOperation::Batch(_));
        if is_read && self.options.reads == ReadMode::Local {
            executor.read(request);
            return;
        }
        if !self.is_under_way(request.id) {
            self.gathering.push(request.clone());
            if self.gathering.len() >= self.options.batch_max as usize {
                self.send_batch(executor, cx);
            } else if self.gathering.len() == 1 {
                cx.set_timer(super::Timer::Rabia(Timer::SendBatch), self.options.batch_wait);
            }
        }
        self.go_on(executor, cx);
        self.set_resend(cx);
    }

    /// Whether a request waits for a slot.
    fn is_under_way(&self, id: RequestId) -> bool {
        self.pending.includes(id) || self.gathering.iter().any(|known| known.id == id)
    }

    fn send_batch<P: Host>(&mut self, executor: &Executor<'_>, cx: &mut Context<'_, P>) {
        let command = Command::of(&core::mem::take(&mut self.gathering));
        if self.pending.add(&command, executor) {
            self.tell_all(&Message::Forward { command }, cx);
        }
    }

    fn on_forward(&mut self, command: &Command, executor: &Executor<'_>) {
        self.pending.add(command, executor);
    }

    // ---- what others say about a slot

    /// A proposal also tells of a request. Who is idle takes it up: the slot needs the proposals of `n - f`.
    fn on_proposal<P: Host>(
        &mut self,
        from: NodeId,
        slot: u64,
        command: Command,
        executor: &Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if slot >= self.slot {
            let is_idle = self.pending.is_empty() && self.said.is_empty();
            if self.pending.add(&command, executor) && is_idle && slot == self.slot {
                cx.mark(ADOPTED, slot);
            }
        }
        self.on_said(from, slot, Said::Proposal(command), cx);
    }

    fn on_state<P: Host>(&mut self, from: NodeId, slot: u64, phase: u32, value: bool, cx: &mut Context<'_, P>) {
        self.on_said(from, slot, Said::State { phase, value }, cx);
        if slot == self.slot && !self.options.votes_are_frozen {
            let again = self.agreement.vote_again(self.me, self.rules());
            if let Some(Turn::Say { said, .. }) = again {
                self.say(said, cx);
            }
        }
    }

    fn on_said<P: Host>(&mut self, from: NodeId, slot: u64, said: Said, cx: &mut Context<'_, P>) {
        self.learn_level(from, slot);
        let phase = match said {
            Said::Proposal(_) => 0,
            Said::State { phase, .. } | Said::Vote { phase, .. } => phase,
        };
        let here = if slot == self.slot { self.agreement.phase() } else { 0 };
        if slot < self.slot {
            self.tell_straggler(from, slot, cx);
        } else if slot - self.slot > u64::from(AHEAD_MAX) || phase > here.saturating_add(AHEAD_MAX) {
            cx.mark(TOO_FAR, slot);
        } else {
            let rules = Rules { options: &self.options, slot, ..self.rules() };
            let is_open = slot == self.slot;
            let agreement = if is_open { &mut self.agreement } else { self.later.entry(slot).or_default() };
            agreement.hear(from, said, rules);
        }
    }

    fn on_decision<P: Host>(&mut self, from: NodeId, slot: u64, command: Command, cx: &mut Context<'_, P>) {
        self.learn_level(from, slot.saturating_add(1));
        if slot >= self.slot {
            self.keep_early(slot, command, cx);
        }
    }

    fn on_ask_proposal<P: Host>(&mut self, from: NodeId, slot: u64, cx: &mut Context<'_, P>) {
        self.learn_level(from, slot);
        if slot < self.slot {
            self.tell_straggler(from, slot, cx);
        } else if slot == self.slot
            && let Some(command) = self.agreement.most_proposed(self.rules()).cloned()
        {
            send(from, Message::GiveProposal { slot, command }, cx);
        }
    }

    fn on_give_proposal<P: Host>(&mut self, from: NodeId, slot: u64, command: Command, cx: &mut Context<'_, P>) {
        self.learn_level(from, slot);
        if slot == self.slot && self.agreement.stage() == Stage::Decided(true) {
            self.keep_early(slot, command, cx);
        }
    }

    fn keep_early<P: Host>(&mut self, slot: u64, command: Command, cx: &mut Context<'_, P>) {
        if slot - self.slot > u64::from(AHEAD_MAX) {
            cx.mark(TOO_FAR, slot);
            return;
        }
        self.early.entry(slot).or_insert(command);
    }

    // ---- what follows from it

    /// Says, decides and executes all that can be, slot after slot.
    fn go_on<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        loop {
            if let Some(command) = self.early.remove(&self.slot) {
                let is_own = matches!(self.agreement.stage(), Stage::Decided(_));
                self.decide(&command, is_own, executor, cx);
                continue;
            }
            if self.said.is_empty() {
                let Some(command) = self.pending.first().cloned() else { return };
                cx.set_timer(super::Timer::Rabia(Timer::Resend), self.options.resend_after);
                self.resend_is_set = true;
                self.say(Said::Proposal(command), cx);
            }
            let rules = Rules { options: &self.options, ..self.rules() };
            let turn = self.agreement.turn(rules, &mut || cx.choose(2) == 1);
            match turn {
                Some(Turn::Say { said, by_coin }) => {
                    if by_coin {
                        cx.mark(TOSSED, self.slot);
                    }
                    self.say(said, cx);
                }
                Some(Turn::Decide(_)) => {}
                None => match self.outcome() {
                    Some(command) => self.decide(&command, true, executor, cx),
                    None => {
                        if matches!(self.agreement.stage(), Stage::Decided(_)) && !self.has_asked {
                            self.has_asked = true;
                            cx.mark(ASKED, self.slot);
                            self.tell_all(&Message::AskProposal { slot: self.slot }, cx);
                        }
                        return;
                    }
                },
            }
        }
    }

    /// What is decided by votes, if this replica holds it.
    fn outcome(&self) -> Option<Command> {
        match self.agreement.stage() {
            Stage::Decided(false) => Some(Command::Noop),
            Stage::Decided(true) => self.agreement.request(self.me, self.rules()).cloned(),
            Stage::Proposals | Stage::States(_) | Stage::Votes(_) => None,
        }
    }

    /// Writes down what it says, and says it.
    fn say<P: Host>(&mut self, said: Said, cx: &mut Context<'_, P>) {
        if self.options.persists_votes {
            // Who says 1 first holds the request; those who have it from proposals that a crash made it forget might be gone by then.
            if let Said::State { phase: 1, value: true } = said
                && let Some(command) = self.agreement.most_proposed(self.rules()).cloned()
            {
                self.journal.append(cx.disk(), &Record::Held { slot: self.slot, command });
            }
            self.journal.append(cx.disk(), &Record::Said { slot: self.slot, said: said.clone() });
        }
        self.tell_all(&Message::of(self.slot, &said), cx);
        let rules = Rules { options: &self.options, ..self.rules() };
        self.agreement.hear(self.me, said.clone(), rules);
        self.said.push(said);
    }

    /// A slot is decided: it is written down, executed, and left behind. Who has decided by votes tells the others.
    fn decide<P: Host>(
        &mut self,
        command: &Command,
        by_votes: bool,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let slot = self.slot;
        self.journal.append(cx.disk(), &Record::Decided { slot, command: command.clone() });
        if by_votes {
            self.tell_all(&Message::Decision { slot, command: command.clone() }, cx);
        }
        if *command == Command::Noop {
            cx.mark(FORFEITED, slot);
        }
        let proposed = self.said.first().cloned();
        self.execute(command.clone(), executor, cx.now());
        if let Some(Said::Proposal(mine)) = proposed
            && mine != *command
        {
            self.pending.add(&mine, executor);
            if self.pending.first().is_some() {
                cx.mark(PUSHED_BACK, slot);
            }
        }
        self.compact(executor, cx);
    }

    /// Executes what is in the slot, and comes to the next one. The time of the slot is the newest of its requests.
    fn execute(&mut self, command: Command, executor: &mut Executor<'_>, here: Time) {
        let logged = command.requests().iter().map(|request| request.called).max().unwrap_or(Time::ZERO);
        executor.begin_slot(logged, here);
        executor.execute(&command);
        self.pending.remove(&command, executor);
        self.decided.insert(self.slot, command);
        self.come_to(self.slot + 1);
    }

    /// All before a slot is decided.
    fn come_to(&mut self, slot: u64) {
        self.slot = slot;
        self.said.clear();
        self.has_asked = false;
        self.later = self.later.split_off(&slot);
        self.early = self.early.split_off(&slot);
        self.agreement = self.later.remove(&slot).unwrap_or_default();
    }

    // ---- small things

    fn rules(&self) -> Rules<'_> {
        let replicas = u32::try_from(self.replicas.len()).unwrap_or(u32::MAX);
        Rules { options: &self.options, replicas, slot: self.slot }
    }

    fn others(&self) -> impl Iterator<Item = NodeId> + use<'_> {
        self.replicas.iter().copied().filter(|node| *node != self.me)
    }

    fn tell_all<P: Host>(&self, message: &Message, cx: &mut Context<'_, P>) {
        for other in self.others() {
            send(other, message.clone(), cx);
        }
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let applied = self.decided.iter().rev().take(Glance::SLOTS_MAX - 1).rev();
        let applied = applied.map(|(number, command)| Slot {
            number: *number,
            command: command.to_string(),
            ballot: String::new(),
            state: SlotState::Applied,
        });
        let mut slots: Vec<Slot> = applied.collect();
        let phase = self.agreement.phase();
        if let Some(Said::Proposal(command)) = self.said.first() {
            let ballot = if phase == 0 { String::new() } else { format!("phase {phase}") };
            let state = if phase == 0 { SlotState::Proposed } else { SlotState::Accepted };
            slots.push(Slot { number: self.slot, command: command.to_string(), ballot, state });
        }
        let ballot = if self.said.is_empty() { String::new() } else { format!("slot {}", self.slot) };
        Glance { role: "replica", leads: false, ballot, slots }
    }
}

/// Whatever a replica says leaves when all that it rests on is on the disk.
fn send<P: Host>(to: NodeId, message: Message, cx: &mut Context<'_, P>) {
    cx.durably().send(to, super::Message::Rabia(message));
}
