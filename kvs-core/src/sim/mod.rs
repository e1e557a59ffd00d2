//! A world with a story: what somebody does to it, what becomes of the operations, and the text form of both.
//!
//! A [`Sim`] is a world of the zoo's nodes plus the reader's standing orders. A [`Recording`] is all it takes to live it again:
//! architecture, seed, and the inputs with their moments. A [`Replay`] follows a recording; [`History`] and [`Trace`] watch;
//! [`first_difference`] says where two traces part.

mod difference;
pub mod export;
mod faults;
mod history;
mod input;
mod recording;
pub mod schedule;
mod trace;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::process::NodeId;
use crate::replication::gossip::Delivery;
use crate::routing::view::{ShardName, View, ViewError};
use crate::server::{Node, PacketLoss};
use crate::time::Time;
use crate::world::{Happening, Moment, Observer, Sequence, World};
use crate::zoo::{Animal, Architecture, StorageOptions};

pub use difference::{Difference, first_difference};
pub use faults::FaultKind;
pub use history::{Ended, History, HistoryEvent, Operation};
pub use input::{Fate, Input, Links, Pattern, Refusal};
pub use recording::{Recording, Replay};
pub use trace::{Entry, Trace, TraceHash, What, describe, summarize};

/// What to do with messages when they are sent: hold every one of these, or lose the next.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Order {
    pattern: Pattern,
    what: Hit,
}

/// A world of the zoo's nodes, and the reader's standing orders in it.
#[derive(Clone)]
pub struct Sim {
    world: World<Node>,
    servers: u32,
    /// The views that were announced, if the store has shards, or a primary that somebody outside names.
    views: Arc<[Arc<View>]>,
    /// What is said to whoever announces one where there are none.
    has_no_views: Refusal,
    /// Whether a server that starts again must be told which views there have been, even if it is the first one only.
    tells_who_starts: bool,
    /// The shards that servers are meant for.
    homes: Arc<[ShardName]>,
    may_reshard: bool,
    is_replicated: bool,
    /// Whether there is a replicated state machine, which knows more than put, get and delete.
    takes_commands: bool,
    /// Whether clients may subscribe to changes.
    notifies: bool,
    /// Whether every value has a version; then a put names one, and nothing is deleted.
    has_versions: bool,
    /// How much clients and servers drop themselves by the options, where they do, and what somebody has said since.
    first_loss: Option<PacketLoss>,
    told_loss: Option<PacketLoss>,
    orders: Vec<Order>,
}

impl Sim {
    /// A world of this architecture in which every node has booted.
    pub fn new(architecture: &Architecture, seed: u64, observer: &mut impl Observer<Node>) -> Self {
        let world = World::new(architecture.build(), seed, architecture.links, architecture.disks, observer);
        Self {
            world,
            servers: architecture.servers,
            views: architecture.has_views().then(|| architecture.first_map().view().clone()).into_iter().collect(),
            has_no_views: match (architecture.raft(), architecture.view_service()) {
                (Some(_), _) => Refusal::NoSpares,
                (None, Some(_)) => Refusal::ViewService,
                (None, None) => Refusal::NotSharded,
            },
            tells_who_starts: architecture.has_views() && architecture.is_ordered(),
            homes: architecture.server_ids().filter_map(|server| architecture.home(server)).collect(),
            may_reshard: architecture.gossip().is_none_or(|gossip| gossip.delivery == Delivery::Eventual),
            is_replicated: architecture.gossip().is_some() || architecture.is_ordered(),
            takes_commands: matches!(architecture.storage, StorageOptions::Smr(_)),
            notifies: architecture.smr().is_some_and(|config| config.enable_notifications),
            has_versions: architecture.animal == Animal::Versioned,
            first_loss: architecture.packet_loss(),
            told_loss: None,
            orders: Vec::new(),
        }
    }

    /// The views that were announced, from the first; none if nobody announces any.
    pub fn views(&self) -> &[Arc<View>] {
        &self.views
    }

    /// The newest view that was announced; None if the store has none.
    pub fn newest_view(&self) -> Option<&Arc<View>> {
        self.views.last()
    }

    /// The newest view that was announced, for whoever would like to announce another.
    fn view_to_follow(&self) -> Result<&Arc<View>, Refusal> {
        self.newest_view().ok_or(self.has_no_views)
    }

    /// The world.
    pub fn world(&self) -> &World<Node> {
        &self.world
    }

    /// How much clients and servers drop themselves at the moment; None where only the network loses anything.
    pub fn packet_loss(&self) -> Option<PacketLoss> {
        self.told_loss.or(self.first_loss)
    }

    /// The next view, in which some servers keep the shards they are meant for, or none any more.
    pub fn change_of_members(&self, nodes: &[NodeId], joins: bool) -> Result<Input, Refusal> {
        let newest = self.view_to_follow()?;
        let mut view = View::clone(newest);
        for node in nodes {
            let home = self.homes.get(node.index()).ok_or(ViewError::UnknownNode)?;
            view = if joins { view.with(home, *node) } else { view.without(*node) };
        }
        view.epoch = newest.epoch.saturating_add(1);
        Ok(Input::View { view, to: Vec::new() })
    }

    /// The moment right after the next event; None if nothing is to come.
    pub fn next_moment(&mut self) -> Option<Moment> {
        self.world.next_moment()
    }

    /// Lets the next event happen. False if nothing is to come.
    pub fn step(&mut self, observer: &mut impl Observer<Node>) -> bool {
        self.watched(observer, |world, watch| world.step(watch))
    }

    /// Lets everything up to a moment happen.
    pub fn advance_to_moment(&mut self, until: Moment, observer: &mut impl Observer<Node>) {
        while self.next_moment().is_some_and(|next| next <= until) {
            self.step(observer);
        }
        self.world.advance_to_moment(until, observer);
    }

    /// Lets everything up to and including an instant happen.
    pub fn advance_to(&mut self, until: Time, observer: &mut impl Observer<Node>) {
        self.advance_to_moment(Moment { time: until, events: u32::MAX }, observer);
    }

    /// Does something to the world, then carries out standing orders on what was sent.
    fn watched<O: Observer<Node>, T>(
        &mut self,
        observer: &mut O,
        act: impl FnOnce(&mut World<Node>, &mut Watch<'_, O>) -> T,
    ) -> T {
        let mut watch = Watch { observer, orders: &mut self.orders, hits: Vec::new() };
        let result = act(&mut self.world, &mut watch);
        for (id, what) in watch.hits {
            match what {
                Hit::Hold => self.world.hold_message(id),
                Hit::Drop => self.world.drop_message(id, observer),
            };
        }
        result
    }
}

/// What a standing order does to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    Hold,
    Drop,
}

/// Passes everything on, and notes messages that a standing order is about.
struct Watch<'a, O> {
    observer: &'a mut O,
    orders: &'a mut Vec<Order>,
    hits: Vec<(Sequence, Hit)>,
}

impl<O: Observer<Node>> Observer<Node> for Watch<'_, O> {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        self.observer.saw(now, happening);
        if let Happening::Sent { id, from, to, message, .. } = happening
            && let Some(place) = self.orders.iter().position(|order| order.pattern.matches(from, to, message))
        {
            let what = self.orders[place].what;
            if what == Hit::Drop {
                self.orders.remove(place);
            }
            self.hits.push((id, what));
        }
    }
}
