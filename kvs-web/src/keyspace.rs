//! Who owns which part of the hash ring, and where the keys lie on it: the model of the panel *Where keys live*.

use std::collections::{BTreeMap, BTreeSet};

use kvs_core::op::Key;
use kvs_core::routing::hash::{HashOf, position_of};
use kvs_core::routing::map::ShardMap;
use kvs_core::routing::view::ShardName;

use crate::player::Player;

/// The ring, as one turn from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyspace {
    /// The epoch of the newest view.
    pub epoch: u32,
    /// The shards of that view.
    pub shards: Vec<Share>,
    /// Who owns what lies between two places; none where keys are not placed by one ring.
    pub arcs: Vec<Stretch>,
    /// The keys that are kept.
    pub dots: Vec<Dot>,
    /// How many of these keys belong to another shard than in the view before.
    pub moved: u32,
}

/// A shard's part.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Its name.
    pub name: ShardName,
    /// The part of the ring that it owns, if there is one.
    pub part: Option<f64>,
    /// How many of the keys are its own.
    pub keys: u32,
    /// How many of them the view has brought.
    pub gained: u32,
}

/// A part of the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The place of its shard.
    pub shard: usize,
}

/// A key on the ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: f64,
    /// Which.
    pub key: Key,
    /// The place of its shard.
    pub shard: usize,
    /// Whether the newest view has moved it.
    pub has_moved: bool,
}

/// The place of a hash on the ring.
fn turn(position: u64) -> f64 {
    position as f64 / (u64::MAX as f64 + 1.0)
}

impl Keyspace {
    /// Of the player's present; None if its store has no shards.
    pub fn new(player: &Player) -> Option<Self> {
        let views = player.sim().views();
        let newest = views.last()?;
        let map = ShardMap::new(player.architecture().sharding.as_ref()?.options.placement, newest.clone());
        let before = views.iter().rev().nth(1).map(|view| map.of(view.clone()));
        let keys = keys(player);
        let mut shards: Vec<Share> = newest
            .shards
            .iter()
            .map(|shard| Share { name: shard.name.clone(), part: None, keys: 0, gained: 0 })
            .collect();
        let mut dots = Vec::with_capacity(keys.len());
        for key in keys {
            let shard = map.owner(&key);
            let has_moved = before.as_ref().is_some_and(|before| before.shard_of(&key).name != shards[shard].name);
            shards[shard].keys += 1;
            shards[shard].gained += u32::from(has_moved);
            dots.push(Dot { at: turn(position_of(&key, HashOf::Bytes)), key, shard, has_moved });
        }
        let arcs = arcs(&map);
        for (place, share) in shards.iter_mut().enumerate().filter(|_| !arcs.is_empty()) {
            share.part = Some(arcs.iter().filter(|arc| arc.shard == place).map(|arc| arc.to - arc.from).sum());
        }
        let moved = shards.iter().map(|share| share.gained).sum();
        Some(Self { epoch: newest.epoch, shards, arcs, dots, moved })
    }

    /// How many keys the newest view has moved, in words; None if there was but one view, or there are no keys.
    pub fn moves(&self) -> Option<String> {
        let all = u32::try_from(self.dots.len()).ok().filter(|all| *all > 0 && self.epoch > 1)?;
        let percent = f64::from(self.moved) * 100.0 / f64::from(all);
        let keys = if all == 1 { "key" } else { "keys" };
        Some(format!("View {}: {} of {all} {keys} moved ({percent:.0} %)", self.epoch, self.moved))
    }
}

/// Every key that some server keeps, be it to hand it over.
fn keys(player: &Player) -> BTreeSet<Key> {
    let up = player.architecture().server_ids().filter(|server| player.world().is_up(*server));
    let servers = up.filter_map(|server| player.world().node(server).as_server());
    let stores = servers.flat_map(|server| {
        server.sharding().map(kvs_core::server::Sharding::leaving).into_iter().chain([server.storage()])
    });
    stores.flat_map(|store| store.all().iter().map(|kept| kept.key.clone()).collect::<Vec<_>>()).collect()
}

/// Who owns what, with neighbours of one shard made one.
fn arcs(map: &ShardMap) -> Vec<Stretch> {
    let Some(points) = map.ring().map(kvs_core::routing::ring::RingRouter::points).filter(|points| !points.is_empty())
    else {
        return Vec::new();
    };
    let mut arcs: Vec<Stretch> = Vec::new();
    let mut from = 0.0;
    let last = points.first().map(|(_, shard)| (u64::MAX, *shard));
    for (position, shard) in points.iter().copied().chain(last) {
        let to = if position == u64::MAX { 1.0 } else { turn(position) };
        let shard = shard as usize;
        match arcs.last_mut() {
            Some(arc) if arc.shard == shard => arc.to = to,
            _ => arcs.push(Stretch { from, to, shard }),
        }
        from = to;
    }
    arcs
}

/// How many servers of each shard stand by: those outside of the newest view, by the shard they are meant for.
pub fn standing_by(player: &Player) -> BTreeMap<ShardName, Vec<kvs_core::process::NodeId>> {
    let mut waiting: BTreeMap<ShardName, Vec<_>> = BTreeMap::new();
    if let Some(view) = player.sim().newest_view() {
        for server in player.architecture().server_ids().filter(|server| view.shard_of(*server).is_none()) {
            if let Some(home) = player.architecture().home(server) {
                waiting.entry(home).or_default().push(server);
            }
        }
    }
    waiting
}
