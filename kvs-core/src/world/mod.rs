//! The engine: nodes, links, disks and a clock as one plain value, advanced one event at a time.
//!
//! Generic over the process, so that a protocol's part or a toy runs alone. A world is cheap to clone: nodes and disks sit behind
//! [`Arc`] and are copied when they change. Two worlds made with the same arguments and given the same calls are equal for ever.

mod network;
mod queue;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::choice::{Purpose, Stream};
use crate::disk::{CrashFate, Disk, Honesty, WriteNumber};
use crate::process::{Context, Effect, EffectOf, Event, EventOf, Mark, NodeId, Process};
use crate::time::{Span, Time};

pub use network::LinkOptions;
use network::Network;
pub use queue::Sequence;
use queue::{Queue, Ticket};

/// A point in the life of a world: an instant, and how many of the events at that very instant have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// The instant.
    pub time: Time,
    /// Events that have happened at that instant.
    pub events: u32,
}

impl Moment {
    /// The moment after one more event, which was due at `at`. What waited while its node was paused is due in the past.
    fn after_event(self, at: Time) -> Self {
        if at > self.time { Self { time: at, events: 1 } } else { Self { events: self.events + 1, ..self } }
    }
}

/// How the disks of a world behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskOptions {
    /// Whether a sync that has ended means anything.
    pub honesty: Honesty,
    /// What a crash does to unsynced writes.
    pub crash_fate: CrashFate,
    /// How long a sync takes.
    pub sync_latency: Span,
    /// After how long a write reaches the medium when nobody asks for a sync.
    pub write_back: Span,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            honesty: Honesty::Honest,
            crash_fate: CrashFate::Dropped,
            sync_latency: Span::from_ms(8),
            write_back: Span::from_secs(2),
        }
    }
}

/// What happens in a world, as told to an [`Observer`].
#[derive(Debug)]
pub enum Happening<'a, P: Process> {
    /// A message leaves. A duplicate is a further message with a number of its own.
    Sent {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// When it will arrive.
        due: Time,
        /// What it says.
        message: &'a P::Message,
    },
    /// A message will not arrive.
    Lost {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it said.
        message: &'a P::Message,
        /// Why not.
        why: Loss,
    },
    /// A message arrives; the receiver's step follows.
    Delivered {
        /// Its number.
        id: Sequence,
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: &'a P::Message,
    },
    /// Something arrives from outside the world; the step follows.
    Asked {
        /// Who is asked.
        node: NodeId,
        /// What is said.
        message: &'a P::Message,
    },
    /// A node tells something to whoever stands outside the world.
    Told {
        /// Who tells it.
        node: NodeId,
        /// What is said.
        message: &'a P::Message,
    },
    /// A timer runs out; the step follows.
    Fired {
        /// Whose timer.
        node: NodeId,
        /// Its reason.
        timer: P::Timer,
    },
    /// A node starts; the step follows.
    Booted {
        /// Which.
        node: NodeId,
    },
    /// A node crashes.
    Crashed {
        /// Which.
        node: NodeId,
    },
    /// Writes have reached the medium.
    Synced {
        /// Whose disk.
        node: NodeId,
    },
    /// A node marks a fact.
    Marked {
        /// Which node.
        node: NodeId,
        /// The fact.
        mark: Mark,
        /// What it is about.
        subject: u64,
    },
}

// By hand: the derive would ask the process to be `Copy`.
impl<P: Process> Clone for Happening<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Process> Copy for Happening<'_, P> {}

/// Why a message will not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loss {
    /// The link loses some.
    Random,
    /// The link was cut.
    Cut,
    /// The receiver was down.
    Down,
    /// The reader dropped it.
    Dropped,
}

/// Watches a world. `()` watches nothing and costs nothing.
pub trait Observer<P: Process> {
    /// Something happened.
    fn saw(&mut self, now: Time, happening: Happening<'_, P>);
}

impl<P: Process> Observer<P> for () {
    fn saw(&mut self, _now: Time, _happening: Happening<'_, P>) {}
}

/// Two observers watch together.
impl<P: Process, A: Observer<P>, B: Observer<P>> Observer<P> for (&mut A, &mut B) {
    fn saw(&mut self, now: Time, happening: Happening<'_, P>) {
        self.0.saw(now, happening);
        self.1.saw(now, happening);
    }
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<M> {
    /// Its sender.
    pub from: NodeId,
    /// Its receiver.
    pub to: NodeId,
    /// When it left.
    pub sent: Time,
    /// What it says.
    pub message: M,
}

/// Where a message is, between leaving and arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// On the link; it arrives at this time.
    Travelling(Time),
    /// Held on the link until the reader lets it go.
    Held,
    /// Waiting at its sender's disk for a write to be durable.
    Parked,
}

#[derive(Clone)]
enum Due<P: Process> {
    Arrival(Letter<P::Message>),
    Timer {
        node: NodeId,
        timer: P::Timer,
    },
    /// A sync or a write-back of this life of the node ends: everything up to `write` is on the medium.
    Synced {
        node: NodeId,
        incarnation: u32,
        write: WriteNumber,
    },
}

#[derive(Clone, Debug)]
struct Parked<M> {
    id: Sequence,
    needs: WriteNumber,
    /// See [`Effect::Send`].
    takes_all: bool,
    letter: Letter<M>,
}

/// What the disk of a node is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiskWork {
    Idle,
    WritingBack(Ticket),
    Syncing,
}

#[derive(Clone)]
struct Slot<P: Process> {
    process: Arc<P>,
    disk: Arc<Disk>,
    is_up: bool,
    is_paused: bool,
    incarnation: u32,
    /// How fast this node's clock is.
    clock_offset_us: i64,
    choices: Stream,
    timers: Vec<(P::Timer, Ticket)>,
    parked: VecDeque<Parked<P::Message>>,
    disk_work: DiskWork,
    /// What came due while the node was paused.
    backlog: Vec<(Sequence, Due<P>)>,
}

/// Nodes, links, disks and a clock.
#[derive(Clone)]
pub struct World<P: Process> {
    now: Moment,
    seed: u64,
    events: u64,
    delivered: u64,
    queue: Queue<Due<P>>,
    network: Network,
    nodes: Vec<Slot<P>>,
    /// What each node is made of at its first boot and after every crash.
    fresh: Arc<[P]>,
    disk_options: DiskOptions,
    disk_random: Stream,
    held: Vec<(Sequence, Letter<P::Message>)>,
    effects: Vec<EffectOf<P>>,
}

impl<P: Process> World<P> {
    /// A world whose nodes have booted, at time zero.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub fn new(
        nodes: impl IntoIterator<Item = P>,
        seed: u64,
        links: LinkOptions,
        disk_options: DiskOptions,
        observer: &mut impl Observer<P>,
    ) -> Self {
        let fresh: Arc<[P]> = nodes.into_iter().collect();
        let slots = fresh.iter().enumerate().map(|(node, process)| Slot {
            process: Arc::new(process.clone()),
            disk: Arc::new(Disk::new(disk_options.honesty)),
            is_up: true,
            is_paused: false,
            incarnation: 0,
            clock_offset_us: 0,
            choices: Stream::new(seed, Purpose::Node { node: node as u32, incarnation: 0 }),
            timers: Vec::new(),
            parked: VecDeque::new(),
            disk_work: DiskWork::Idle,
            backlog: Vec::new(),
        });
        let mut world = Self {
            now: Moment::default(),
            seed,
            events: 0,
            delivered: 0,
            queue: Queue::new(),
            network: Network::new(links, Stream::new(seed, Purpose::Network)),
            nodes: slots.collect(),
            fresh,
            disk_options,
            disk_random: Stream::new(seed, Purpose::Disk),
            held: Vec::new(),
            effects: Vec::new(),
        };
        for node in world.node_ids() {
            observer.saw(Time::ZERO, Happening::Booted { node });
            world.run(node, Event::Boot, observer);
        }
        world
    }

    // ---- looking

    /// The time of the last event, or what [`advance_to`](Self::advance_to) set.
    pub fn now(&self) -> Time {
        self.now.time
    }

    /// Where in its life the world is.
    pub fn moment(&self) -> Moment {
        self.now
    }

    /// How many events have happened: messages delivered or lost on arrival, timers, syncs.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many messages have been delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The nodes, in order.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<P> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The state of a node. Two worlds share it for as long as neither changes it.
    pub fn node(&self, node: NodeId) -> &Arc<P> {
        &self.nodes[node.index()].process
    }

    /// The disk of a node.
    pub fn disk(&self, node: NodeId) -> &Arc<Disk> {
        &self.nodes[node.index()].disk
    }

    /// Whether the node runs (it may be paused).
    pub fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].is_up
    }

    /// Whether the node is paused.
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.nodes[node.index()].is_paused
    }

    /// How fast the node's clock is, in microseconds.
    pub fn clock_offset_us(&self, node: NodeId) -> i64 {
        self.nodes[node.index()].clock_offset_us
    }

    /// Whether messages from one node to the other are cut off.
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.network.is_cut((from, to))
    }

    /// All cuts, one direction each.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.network.cuts()
    }

    /// How a link treats messages.
    pub fn link_options(&self, from: NodeId, to: NodeId) -> &LinkOptions {
        self.network.options((from, to))
    }

    /// The timers that are set on a node, with the instants at which they run out.
    pub fn timers(&self, node: NodeId) -> Vec<(P::Timer, Time)> {
        let timers = &self.nodes[node.index()].timers;
        let mut due: Vec<_> = (self.queue.iter())
            .filter_map(|(at, sequence, _)| {
                timers.iter().find(|(_, ticket)| ticket.sequence == sequence).map(|(timer, _)| (*timer, at))
            })
            .collect();
        due.sort_unstable();
        due
    }

    /// Every message between leaving and arriving, oldest first.
    pub fn letters(&self) -> Vec<(Sequence, Whereabouts, &Letter<P::Message>)> {
        let travelling = self.queue.iter().filter_map(|(due, id, what)| match what {
            Due::Arrival(letter) => Some((id, Whereabouts::Travelling(due), letter)),
            Due::Timer { .. } | Due::Synced { .. } => None,
        });
        let held = self.held.iter().map(|(id, letter)| (*id, Whereabouts::Held, letter));
        let parked = self.nodes.iter().flat_map(|slot| &slot.parked);
        let parked = parked.map(|parked| (parked.id, Whereabouts::Parked, &parked.letter));
        let mut letters: Vec<_> = travelling.chain(held).chain(parked).collect();
        letters.sort_unstable_by_key(|(id, _, _)| *id);
        letters
    }

    // ---- time passes

    /// Lets the next event happen. False if nothing is to come.
    pub fn step(&mut self, observer: &mut impl Observer<P>) -> bool {
        let Some((at, id, due)) = self.queue.pop() else {
            return false;
        };
        self.now = self.now.after_event(at);
        self.events += 1;
        self.happen(id, due, observer);
        true
    }

    /// Lets everything up to and including an instant happen, and sets the clock to it.
    pub fn advance_to(&mut self, until: Time, observer: &mut impl Observer<P>) {
        self.advance_to_moment(Moment { time: until, events: u32::MAX }, observer);
    }

    /// Lets everything up to a moment happen; at its instant, no more events than it says.
    pub fn advance_to_moment(&mut self, until: Moment, observer: &mut impl Observer<P>) {
        while self.next_moment().is_some_and(|next| next <= until) {
            self.step(observer);
        }
        if until.time > self.now.time {
            self.now = Moment { time: until.time, events: 0 };
        }
    }

    /// The moment right after the next event; None if nothing is to come.
    pub fn next_moment(&mut self) -> Option<Moment> {
        Some(self.now.after_event(self.queue.next_at()?))
    }

    fn happen(&mut self, id: Sequence, due: Due<P>, observer: &mut impl Observer<P>) {
        let node = match &due {
            Due::Arrival(letter) => letter.to,
            Due::Timer { node, .. } | Due::Synced { node, .. } => *node,
        };
        let slot = &mut self.nodes[node.index()];
        if slot.is_paused && !matches!(due, Due::Synced { .. }) {
            slot.backlog.push((id, due));
            return;
        }
        match due {
            Due::Arrival(letter) => self.arrive(id, letter, observer),
            Due::Timer { timer, .. } => {
                slot.timers.retain(|(set, _)| *set != timer);
                observer.saw(self.now.time, Happening::Fired { node, timer });
                self.run(node, Event::Timer(timer), observer);
            }
            Due::Synced { incarnation, write, .. } => {
                if slot.incarnation == incarnation {
                    Arc::make_mut(&mut slot.disk).reach_medium(write);
                    slot.disk_work = DiskWork::Idle;
                    observer.saw(self.now.time, Happening::Synced { node });
                    self.work_disk(node, observer);
                }
            }
        }
    }

    fn arrive(&mut self, id: Sequence, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, message, .. } = letter;
        let why = if self.network.is_cut((from, to)) {
            Loss::Cut
        } else if !self.nodes[to.index()].is_up {
            Loss::Down
        } else {
            observer.saw(self.now.time, Happening::Delivered { id, from, to, message: &message });
            self.delivered += 1;
            self.run(to, Event::Receive { from, message }, observer);
            return;
        };
        observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why });
    }

    /// One step of one node, and its effects.
    fn run(&mut self, node: NodeId, event: EventOf<P>, observer: &mut impl Observer<P>) {
        let slot = &mut self.nodes[node.index()];
        let process = Arc::make_mut(&mut slot.process);
        let clock = self.now.time.shifted(slot.clock_offset_us);
        let before = slot.disk.last_write();
        process.step(
            event,
            &mut Context::new(node, slot.incarnation, clock, &mut self.effects, &mut slot.disk, &mut slot.choices),
        );
        let has_written = slot.disk.last_write() != before;

        let mut effects = core::mem::take(&mut self.effects);
        let mut has_parked = false;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message, after, takes_all } => {
                    let letter = Letter { from: node, to, sent: self.now.time, message };
                    let slot = &mut self.nodes[node.index()];
                    match after {
                        // Letters of one node leave in order, so a parked one holds up those behind it that wait as well.
                        Some(needs) if !slot.disk.admits(needs) => {
                            let id = self.queue.next_sequence();
                            slot.parked.push_back(Parked { id, needs, takes_all, letter });
                            has_parked = true;
                        }
                        _ => self.dispatch(None, letter, observer),
                    }
                }
                Effect::SetTimer { timer, after } => {
                    let ticket = self.queue.push(self.now.time + after, Due::Timer { node, timer });
                    let timers = &mut self.nodes[node.index()].timers;
                    match timers.iter_mut().find(|(set, _)| *set == timer) {
                        Some((_, old)) => {
                            let old = core::mem::replace(old, ticket);
                            self.queue.cancel(old);
                        }
                        None => timers.push((timer, ticket)),
                    }
                }
                Effect::CancelTimer(timer) => {
                    let timers = &mut self.nodes[node.index()].timers;
                    if let Some(place) = timers.iter().position(|(set, _)| *set == timer) {
                        let (_, ticket) = timers.swap_remove(place);
                        self.queue.cancel(ticket);
                    }
                }
                Effect::Mark { mark, subject } => {
                    observer.saw(self.now.time, Happening::Marked { node, mark, subject });
                }
            }
        }
        self.effects = effects;
        if has_written || has_parked {
            self.work_disk(node, observer);
        }
    }

    /// Lets letters go whose writes are on the medium, and gives the disk its next work.
    fn work_disk(&mut self, node: NodeId, observer: &mut impl Observer<P>) {
        loop {
            let slot = &mut self.nodes[node.index()];
            let disk = &slot.disk;
            let Some(parked) = slot.parked.pop_front_if(|parked| disk.admits(parked.needs)) else {
                break;
            };
            let letter = Letter { sent: self.now.time, ..parked.letter };
            self.dispatch(Some(parked.id), letter, observer);
        }
        let slot = &mut self.nodes[node.index()];
        let write = slot.disk.last_write();
        if write == slot.disk.durable() || slot.disk_work == DiskWork::Syncing {
            return;
        }
        let wants_sync = !slot.parked.is_empty();
        // What nobody has asked for does not come along, unless somebody asks for all.
        let asked = slot.parked.iter().map(|parked| if parked.takes_all { write } else { parked.needs }).max();
        let latency = match (wants_sync, slot.disk_work) {
            (true, DiskWork::WritingBack(ticket)) => {
                self.queue.cancel(ticket);
                self.disk_options.sync_latency
            }
            (true, _) => self.disk_options.sync_latency,
            (false, DiskWork::WritingBack(_)) => return,
            (false, _) => self.disk_options.write_back,
        };
        let due = Due::Synced { node, incarnation: slot.incarnation, write: asked.unwrap_or(write) };
        let ticket = self.queue.push(self.now.time + latency, due);
        slot.disk_work = if wants_sync { DiskWork::Syncing } else { DiskWork::WritingBack(ticket) };
    }

    /// Puts a message on its link, or hands it to whoever stands outside.
    fn dispatch(&mut self, id: Option<Sequence>, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, ref message, .. } = letter;
        if to.index() >= self.nodes.len() {
            observer.saw(self.now.time, Happening::Told { node: from, message });
            return;
        }
        let id = id.unwrap_or_else(|| self.queue.next_sequence());
        let link = (from, to);
        let is_cut = self.network.is_cut(link);
        if is_cut || self.network.is_lost(link) {
            let why = if is_cut { Loss::Cut } else { Loss::Random };
            observer.saw(self.now.time, Happening::Lost { id, from, to, message, why });
            return;
        }
        if self.network.is_duplicated(link) {
            let twin = self.queue.next_sequence();
            self.launch(twin, letter.clone(), observer);
        }
        self.launch(id, letter, observer);
    }

    fn launch(&mut self, id: Sequence, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, ref message, .. } = letter;
        let due = self.network.due((from, to), self.now.time);
        observer.saw(self.now.time, Happening::Sent { id, from, to, due, message });
        self.queue.push_as(id, due, Due::Arrival(letter));
    }

    // ---- what somebody outside may do

    /// Says something to a node from outside, at once. A node that is down does not hear it; the answer says whether it did.
    pub fn ask(&mut self, node: NodeId, message: P::Message, observer: &mut impl Observer<P>) -> bool {
        if !self.is_up(node) {
            return false;
        }
        observer.saw(self.now.time, Happening::Asked { node, message: &message });
        self.run(node, Event::Receive { from: NodeId::OUTSIDE, message }, observer);
        true
    }

    /// Cuts one direction of a link. What is on it is lost when it would arrive, unless the link is healed by then.
    pub fn cut(&mut self, from: NodeId, to: NodeId) {
        self.network.cut((from, to));
    }

    /// Heals one direction of a link.
    pub fn heal(&mut self, from: NodeId, to: NodeId) {
        self.network.heal((from, to));
    }

    /// Heals every cut.
    pub fn heal_everything(&mut self) {
        self.network.heal_everything();
    }

    /// Changes how all links treat messages that are sent from now on.
    pub fn set_links(&mut self, options: LinkOptions) {
        self.network.set_options_everywhere(options);
    }

    /// Changes how one direction of one link treats messages that are sent from now on.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, options: LinkOptions) {
        self.network.set_options((from, to), options);
    }

    /// The node stops where it is. Its memory, its timers and what it has not synced are gone. False if it was down already.
    pub fn crash(&mut self, node: NodeId, observer: &mut impl Observer<P>) -> bool {
        let slot = &mut self.nodes[node.index()];
        if !core::mem::replace(&mut slot.is_up, false) {
            return false;
        }
        slot.is_paused = false;
        slot.process = Arc::new(self.fresh[node.index()].clone());
        slot.incarnation += 1;
        slot.parked.clear();
        slot.disk_work = DiskWork::Idle;
        Arc::make_mut(&mut slot.disk).crash(self.disk_options.crash_fate, &mut self.disk_random);
        let backlog = core::mem::take(&mut slot.backlog);
        for (_, ticket) in core::mem::take(&mut slot.timers) {
            self.queue.cancel(ticket);
        }
        observer.saw(self.now.time, Happening::Crashed { node });
        for (id, due) in backlog {
            if let Due::Arrival(Letter { from, to, message, .. }) = due {
                observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Down });
            }
        }
        true
    }

    /// A node that is down boots, with what its disk has kept. False if it was up.
    pub fn restart(&mut self, node: NodeId, observer: &mut impl Observer<P>) -> bool {
        let slot = &mut self.nodes[node.index()];
        if core::mem::replace(&mut slot.is_up, true) {
            return false;
        }
        slot.choices = Stream::new(self.seed, Purpose::Node { node: node.0, incarnation: slot.incarnation });
        observer.saw(self.now.time, Happening::Booted { node });
        self.run(node, Event::Boot, observer);
        true
    }

    /// The node crashes and loses its disk as well.
    pub fn wipe(&mut self, node: NodeId, observer: &mut impl Observer<P>) {
        self.crash(node, observer);
        Arc::make_mut(&mut self.nodes[node.index()].disk).wipe();
    }

    /// The node stands still, as in a long garbage collection: what comes due waits. False if it is down or paused already.
    pub fn pause(&mut self, node: NodeId) -> bool {
        let slot = &mut self.nodes[node.index()];
        slot.is_up && !core::mem::replace(&mut slot.is_paused, true)
    }

    /// A paused node goes on; what has waited happens now, oldest first. False if it was not paused.
    pub fn resume(&mut self, node: NodeId) -> bool {
        let slot = &mut self.nodes[node.index()];
        if !core::mem::replace(&mut slot.is_paused, false) {
            return false;
        }
        for (id, due) in core::mem::take(&mut slot.backlog) {
            if let Due::Timer { timer, .. } = due {
                // Whoever lets a message arrive by hand makes a paused node take a step, in which it may have set the timer anew, or cancelled it.
                let set = slot.timers.iter_mut().find(|(set, ticket)| *set == timer && ticket.sequence == id);
                if let Some((_, ticket)) = set {
                    *ticket = self.queue.push_as(id, self.now.time, due);
                }
            } else {
                self.queue.push_as(id, self.now.time, due);
            }
        }
        true
    }

    /// Sets how fast a node's clock is.
    pub fn set_clock(&mut self, node: NodeId, offset_us: i64) {
        self.nodes[node.index()].clock_offset_us = offset_us;
    }

    /// Lets a timer run out now. False if it is not set.
    pub fn fire(&mut self, node: NodeId, timer: P::Timer, observer: &mut impl Observer<P>) -> bool {
        let timers = &mut self.nodes[node.index()].timers;
        let Some(place) = timers.iter().position(|(set, _)| *set == timer) else {
            return false;
        };
        let (_, ticket) = timers.swap_remove(place);
        self.queue.cancel(ticket);
        observer.saw(self.now.time, Happening::Fired { node, timer });
        self.run(node, Event::Timer(timer), observer);
        true
    }

    /// Loses a message that is on its way or held. False if there is none with this number.
    pub fn drop_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(Letter { from, to, message, .. }) = self.take(id) else {
            return false;
        };
        observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Dropped });
        true
    }

    /// Sends a copy of a message that is on its way or held. False if there is none with this number.
    pub fn duplicate_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let letter = match self.queue.ticket(id) {
            Some(ticket) => match self.queue.get_mut(ticket) {
                Some(Due::Arrival(letter)) => Some(letter.clone()),
                _ => None,
            },
            None => self.held.iter().find(|(held, _)| *held == id).map(|(_, letter)| letter.clone()),
        };
        let Some(letter) = letter else { return false };
        let twin = self.queue.next_sequence();
        self.launch(twin, Letter { sent: self.now.time, ..letter }, observer);
        true
    }

    /// Keeps a message on its link until it is delivered or dropped by hand. False if it is not on its way.
    pub fn hold_message(&mut self, id: Sequence) -> bool {
        let Some(ticket) = self.queue.ticket(id) else {
            return false;
        };
        if !matches!(self.queue.get_mut(ticket), Some(Due::Arrival(_))) {
            return false;
        }
        if let Some(Due::Arrival(letter)) = self.queue.cancel(ticket) {
            self.held.push((id, letter));
        }
        true
    }

    /// Puts a message that was held back on its link. False if it is not held.
    pub fn release_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(place) = self.held.iter().position(|(held, _)| *held == id) else {
            return false;
        };
        let (_, letter) = self.held.remove(place);
        self.launch(id, Letter { sent: self.now.time, ..letter }, observer);
        true
    }

    /// Lets a message arrive now, held or not, cut or not: the hand is stronger than the network. A receiver that is down still
    /// hears nothing. False if there is no such message.
    pub fn deliver_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(Letter { from, to, message, .. }) = self.take(id) else {
            return false;
        };
        if !self.is_up(to) {
            observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Down });
            return true;
        }
        observer.saw(self.now.time, Happening::Delivered { id, from, to, message: &message });
        self.delivered += 1;
        self.run(to, Event::Receive { from, message }, observer);
        true
    }

    /// Takes a message off its link, or out of the reader's hand.
    fn take(&mut self, id: Sequence) -> Option<Letter<P::Message>> {
        if let Some(place) = self.held.iter().position(|(held, _)| *held == id) {
            return Some(self.held.remove(place).1);
        }
        let ticket = self.queue.ticket(id)?;
        if !matches!(self.queue.get_mut(ticket), Some(Due::Arrival(_))) {
            return None;
        }
        match self.queue.cancel(ticket) {
            Some(Due::Arrival(letter)) => Some(letter),
            _ => None,
        }
    }
}
