//! Servers that share the keys: each key has one home, all agree on which, and a change of views loses nothing and moves no more than it must.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use super::Found;
use crate::op::Key;
use crate::process::NodeId;
use crate::routing::map::{Placement, ShardMap};
use crate::routing::view::{ShardName, View};
use crate::server::sharding::Place;
use crate::server::{Client, Node, Request, Server};
use crate::storage::Storage;
use crate::world::World;
use crate::zoo::Architecture;

#[derive(Clone)]
pub(super) struct Watch {
    first: ShardMap,
    /// Whether a change of views should move no more keys than it must.
    is_ring: bool,
    /// Whether there is one copy of each key.
    is_single: bool,
    keys: BTreeSet<Key>,
    /// The views that servers go by, by epoch.
    views: BTreeMap<u32, Arc<View>>,
    /// Who owns what by the views that were asked about, by epoch: not taken from those who are watched, and made once.
    maps: BTreeMap<u32, Arc<ShardMap>>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        let shards = architecture.sharding.as_ref()?;
        let first = architecture.first_map();
        let views = BTreeMap::from([(1, first.view().clone())]);
        let is_ring = matches!(shards.options.placement, Placement::Ring(_));
        let is_single = architecture.gossip().is_none();
        Some(Self { first, is_ring, is_single, keys: BTreeSet::new(), views, maps: BTreeMap::new() })
    }

    fn map_of(&mut self, view: &Arc<View>) -> Arc<ShardMap> {
        self.maps.entry(view.epoch).or_insert_with(|| self.first.of(view.clone()).into()).clone()
    }

    pub(super) fn asked(&mut self, request: &Request) {
        self.keys.extend(request.op.keys().iter().cloned());
    }

    /// A client sends a request: whoever goes by the same view must agree on whose it is.
    pub(super) fn routed(&mut self, client: &Client) -> Found {
        let router = client.router();
        let map = self.map_of(router.map().view());
        match self.keys.iter().find(|key| router.shard(key) != map.owner(key)) {
            Some(key) => {
                let names = &map.view().shards;
                let (theirs, ours) = (&names[router.shard(key)].name, &names[map.owner(key)].name);
                Err(("H2", format!("of {key} a client says that it is kept by shard {theirs}, and servers say {ours}")))
            }
            None => Ok(()),
        }
    }

    /// Whether two servers keep one shard in any view so far: what is sent in one may come, or be sent again, in another.
    pub(super) fn have_met(&self, one: NodeId, other: NodeId) -> bool {
        let mut views = self.views.values();
        views.any(|view| view.shard_of(one).is_some_and(|shard| shard.nodes.contains(&other)))
    }

    pub(super) fn look(&mut self, node: NodeId, server: &Server, world: &World<Node>) -> Found {
        let Some(sharding) = server.sharding() else { return Ok(()) };
        let map = sharding.map();
        let view = map.view();
        match self.views.get(&view.epoch) {
            Some(known) if known != view => return Err(("H2", format!("there are two views of epoch {}", view.epoch))),
            Some(_) => {}
            None => {
                self.views.insert(view.epoch, view.clone());
                if let Some(before) = self.views.get(&(view.epoch - 1)).cloned() {
                    let before = self.map_of(&before);
                    self.moves_no_more_than_it_must(&before, map)?;
                }
            }
        }
        for key in server.storage().keys() {
            if sharding.place(&key) == Place::Elsewhere {
                let owner = &map.shard_of(&key).name;
                return Err(("H1", format!("{key} is kept here and belongs to shard {owner} in view {}", view.epoch)));
            }
            if sharding.place(&key) == Place::Here
                && let Some(other) = self.other_home(node, &key, map, world)
            {
                return Err(("H1", format!("{key} is kept here and at {other}, and both answer for it")));
            }
        }
        Ok(())
    }

    /// A server of another shard that answers for a key. Where values are merged, some servers may go by an older view for a while.
    fn other_home(&self, node: NodeId, key: &Key, map: &ShardMap, world: &World<Node>) -> Option<NodeId> {
        let mine = &map.shard_of(key).name;
        let answers = |other: &NodeId| {
            let Some(server) = world.node(*other).as_server() else { return false };
            let Some(sharding) = server.sharding() else { return false };
            let is_comparable = self.is_single || sharding.map().view().epoch == map.view().epoch;
            is_comparable
                && world.is_up(*other)
                && sharding.map().shard_of(key).name != *mine
                && sharding.place(key) == Place::Here
                && holds(server.storage(), key)
        };
        world.node_ids().filter(|other| *other != node).find(answers)
    }

    /// Who joins takes keys and nobody else gains any; who leaves gives keys and nobody else loses any.
    fn moves_no_more_than_it_must(&self, before: &ShardMap, after: &ShardMap) -> Found {
        if !self.is_ring {
            return Ok(());
        }
        let names =
            |map: &ShardMap| map.view().shards.iter().map(|shard| shard.name.clone()).collect::<BTreeSet<ShardName>>();
        let (old, new) = (names(before), names(after));
        for key in &self.keys {
            let (from, to) = (&before.shard_of(key).name, &after.shard_of(key).name);
            if from != to && old.contains(to) && new.contains(from) {
                return Err(("C7", format!("{key} moved from shard {from} to {to}, and both were and are there")));
            }
        }
        Ok(())
    }

    /// Every key is at all servers of its shard, and nowhere else.
    pub(super) fn when_quiet(&self, world: &World<Node>) -> Result<(), (&'static str, NodeId, String)> {
        let newest = self.views.keys().next_back().copied().unwrap_or(1);
        for node in world.node_ids().filter(|node| world.is_up(*node)) {
            let Some(sharding) = world.node(node).as_server().and_then(Server::sharding) else { continue };
            let fail = |what: String| Err(("C6", node, what));
            if sharding.map().view().epoch != newest {
                return fail(format!("it goes by view {}, and there is view {newest}", sharding.map().view().epoch));
            }
            if let Some(shard) = sharding.waiting_for().next() {
                return fail(format!("it waits for shard {shard}, and nothing is under way"));
            }
            if let Some(key) = sharding.leaving().keys().first() {
                return fail(format!("it still keeps {key}, which is another shard's"));
            }
        }
        Ok(())
    }
}

/// Whether something is kept under a key.
fn holds(storage: &Storage, key: &Key) -> bool {
    storage.pack(key).is_some()
}
