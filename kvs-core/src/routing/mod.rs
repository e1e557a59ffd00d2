//! Where does a request go? The socket in front of the stores.
//!
//! First a key is given to a shard: [`map`] holds the routers, [`view`] what they route over. Then one of the shard's servers is picked.
//! A store that is not sharded is one shard.

pub mod hash;
pub mod map;
pub mod ring;
pub mod view;

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use self::hash::HashOf;
use self::map::ShardMap;
use self::view::View;
use crate::op::Key;
use crate::process::NodeId;

/// Which server of a shard a request goes to when nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoutingOptions {
    /// Each client keeps to one server: the n-th client to the n-th server, as long as that answers.
    #[default]
    Sticky,
    /// Each request of a client goes to the next server.
    RoundRobin,
    /// To the server that last answered or was named by another; after a silence, to the next one.
    Leader,
}

/// The routing part, hosted by a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Router {
    options: RoutingOptions,
    hashed: HashOf,
    map: Arc<ShardMap>,
    next: u32,
    /// Whether any server of a shard may be asked again what another has been asked.
    are_alike: bool,
    /// Whether the server that answers is the one to ask next.
    #[serde(skip)]
    heeds_answers: bool,
}

impl Router {
    /// A router whose first request goes to the server at place `first` of its shard, counted around.
    pub fn new(options: RoutingOptions, hashed: HashOf, map: Arc<ShardMap>, first: u32) -> Self {
        Self { options, hashed, map, next: first, are_alike: false, heeds_answers: true }
    }

    /// The same router, where servers put requests in order before they execute them: after a silence it goes on to the next one.
    #[must_use]
    pub fn among_equals(self) -> Self {
        Self { are_alike: true, ..self }
    }

    /// The same router, where one server is asked and another answers.
    #[must_use]
    pub fn answered_by_others(self) -> Self {
        Self { heeds_answers: false, ..self }
    }

    /// A server has answered.
    pub fn answered(&mut self, by: NodeId) {
        if self.heeds_answers {
            self.follow(by);
        }
    }

    /// The map that it goes by.
    pub fn map(&self) -> &Arc<ShardMap> {
        &self.map
    }

    /// Goes by a newer view from now on. False if it is not newer.
    pub fn install(&mut self, view: &Arc<View>) -> bool {
        let is_newer = view.epoch > self.map.view().epoch;
        if is_newer {
            self.map = Arc::new(self.map.of(view.clone()));
        }
        is_newer
    }

    /// The shard that it takes for the owner of a key, by its place in the view.
    pub fn shard(&self, key: &Key) -> usize {
        self.map.owner_by(key, self.hashed)
    }

    /// The server for a request to a shard; nobody if there are none.
    pub fn server(&self, shard: usize) -> Option<NodeId> {
        let nodes = &self.map.view().shards.get(shard)?.nodes;
        let count = u32::try_from(nodes.len()).ok().filter(|&count| count > 0)?;
        Some(nodes[(self.next % count) as usize])
    }

    /// Where one server leads: that is this one, as far as anybody knows.
    pub fn follow(&mut self, leader: NodeId) {
        let nodes = self.map.view().shards.first().map_or(&[][..], |shard| &shard.nodes);
        let place = nodes.iter().position(|node| *node == leader).and_then(|place| u32::try_from(place).ok());
        if let Some(place) = place.filter(|_| self.options == RoutingOptions::Leader) {
            self.next = place;
        }
    }

    /// A server has not answered. True if somebody else is to be asked now.
    pub fn look_elsewhere(&mut self) -> bool {
        let looks_elsewhere = self.are_alike || self.options == RoutingOptions::Leader;
        if looks_elsewhere {
            self.next = self.next.wrapping_add(1);
        }
        looks_elsewhere
    }

    /// The next request goes to the next server, if that is how it goes.
    pub fn turn(&mut self) {
        if self.options == RoutingOptions::RoundRobin {
            self.next = self.next.wrapping_add(1);
        }
    }
}
