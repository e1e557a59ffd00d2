//! The engine: nodes, links, disks and a clock as one plain value, advanced one event at a time.
//!
//! Generic over the process, so that a protocol's part or a toy runs alone. A world is cheap to clone: nodes and disks sit behind
//! [`Arc`] and are copied when they change. Two worlds made with the same arguments and given the same calls are equal for ever.

mod network;
mod observer;
mod outside;
mod queue;
mod run;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::choice::{Purpose, Stream};
use crate::disk::{CrashFate, Disk, Honesty, WriteNumber};
use crate::process::{EffectOf, Event, NodeId, Process};
use crate::time::{Span, Time};

pub use network::LinkOptions;
use network::Network;
pub use observer::{Happening, Loss, Observer};
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

    /// How many messages, timers and syncs are to come: that many things a copy of the world has for its own.
    pub fn waiting(&self) -> usize {
        self.queue.len()
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
}
