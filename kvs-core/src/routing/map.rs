//! Which shard keeps which key: a view, with the routers that its options ask for.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::hash::{HashOf, mix64, position_of};
use super::ring::{RingOptions, RingRouter};
use super::view::{Shard, ShardName, View};
use crate::op::Key;
use crate::process::NodeId;

/// How keys are spread over shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// By the rest of a division by the number of shards: a `ModuloRouter`. Deterministic, but no consistent hashing.
    Modulo,
    /// By a ring of virtual nodes.
    Ring(RingOptions),
}

/// A level of routing: which of several children owns a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Level {
    /// A shard, by its place in the view.
    Shard(u32),
    /// Several, and the router that picks one.
    Split(Split, Vec<Level>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Split {
    Modulo,
    Ring(RingRouter),
}

/// A view that knows who owns each key. Equal for whoever has the same view and the same options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShardMap {
    view: Arc<View>,
    #[serde(skip)]
    placement: Placement,
    #[serde(skip)]
    top: Level,
}

impl ShardMap {
    /// The map of a view.
    pub fn new(placement: Placement, view: Arc<View>) -> Self {
        let shards: Vec<(&str, u32)> = view.shards.iter().map(|shard| shard.name.as_str()).zip(0..).collect();
        let top = level(placement, &shards);
        Self { view, placement, top }
    }

    /// The map of another view.
    pub fn of(&self, view: Arc<View>) -> Self {
        Self::new(self.placement, view)
    }

    /// Its view.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The shard that owns a key, by its place in the view.
    pub fn owner(&self, key: &Key) -> usize {
        self.owner_by(key, HashOf::Bytes)
    }

    /// The same for somebody who may hash keys otherwise.
    pub fn owner_by(&self, key: &Key, hashed: HashOf) -> usize {
        self.owner_of_position(position_of(key, hashed))
    }

    /// The shard that owns a position among the hashes.
    pub fn owner_of_position(&self, mut position: u64) -> usize {
        let mut level = &self.top;
        loop {
            match level {
                Level::Shard(shard) => return *shard as usize,
                Level::Split(split, children) => {
                    let child = match split {
                        Split::Modulo => position % children.len() as u64,
                        Split::Ring(ring) => u64::from(ring.owner(position).unwrap_or(0)),
                    };
                    level = &children[usize::try_from(child).unwrap_or(0)];
                    // The next level must not see what this one has decided by: all that reaches it is alike in that.
                    position = mix64(position);
                }
            }
        }
    }

    /// The shard that owns a key.
    pub fn shard_of(&self, key: &Key) -> &Shard {
        &self.view.shards[self.owner(key)]
    }

    /// Whether a server owns a key.
    pub fn owns(&self, node: NodeId, key: &Key) -> bool {
        self.shard_of(key).nodes.contains(&node)
    }

    /// The ring, if there is one for all shards.
    pub fn ring(&self) -> Option<&RingRouter> {
        match &self.top {
            Level::Split(Split::Ring(ring), children) => {
                children.iter().all(|child| matches!(child, Level::Shard(_))).then_some(ring)
            }
            _ => None,
        }
    }

    /// From which shards of an earlier map keys come to a server. The shard that it kept and keeps is none of them.
    pub fn sources(&self, before: &Self, node: NodeId) -> BTreeSet<ShardName> {
        let Some(mine) = self.view.shards.iter().position(|shard| shard.nodes.contains(&node)) else {
            return BTreeSet::new();
        };
        let name = &self.view.shards[mine].name;
        let was_member = before.view.shard(name).is_some_and(|shard| shard.nodes.contains(&node));
        let mut sources = self.givers(before, mine);
        if was_member {
            sources.remove(name);
        }
        sources
    }

    /// The shards of an earlier map that owned something of what a shard owns now; perhaps more where there is no one ring.
    fn givers(&self, before: &Self, mine: usize) -> BTreeSet<ShardName> {
        let name_of = |shard: usize| before.view.shards[shard].name.clone();
        let (Some(now), Some(then)) = (self.ring(), before.ring()) else {
            let stays =
                before.view.shards.iter().map(|shard| &shard.name).eq(self.view.shards.iter().map(|shard| &shard.name));
            return if stays {
                BTreeSet::from([self.view.shards[mine].name.clone()])
            } else {
                before.view.shards.iter().map(|shard| shard.name.clone()).collect()
            };
        };
        // Between two neighbours among the points of both rings nothing changes hands.
        let points = now.points().iter().chain(then.points()).map(|(position, _)| *position);
        points
            .filter(|position| self.owner_of_position(*position) == mine)
            .map(|position| name_of(before.owner_of_position(position)))
            .collect()
    }
}

/// The level of these shards, given with what of their names is left.
fn level(placement: Placement, shards: &[(&str, u32)]) -> Level {
    if let [(name, shard)] = shards
        && !name.contains('/')
    {
        return Level::Shard(*shard);
    }
    let mut children: Vec<(&str, Vec<(&str, u32)>)> = Vec::new();
    for (name, shard) in shards {
        let (child, rest) = name.split_once('/').unwrap_or((name, ""));
        let rest = if rest.is_empty() { child } else { rest };
        match children.iter_mut().find(|(known, _)| *known == child) {
            Some((_, members)) => members.push((rest, *shard)),
            None => children.push((child, Vec::from([(rest, *shard)]))),
        }
    }
    let split = match placement {
        Placement::Modulo => Split::Modulo,
        Placement::Ring(options) => Split::Ring(RingRouter::new(options, children.iter().map(|(name, _)| *name))),
    };
    Level::Split(split, children.into_iter().map(|(_, members)| level(placement, &members)).collect())
}

/// How many of some keys have another owner after a change of views.
pub fn moved<'a>(before: &ShardMap, after: &ShardMap, keys: impl IntoIterator<Item = &'a Key>) -> u32 {
    let moves = |key: &&Key| before.shard_of(key).name != after.shard_of(key).name;
    u32::try_from(keys.into_iter().filter(moves).count()).unwrap_or(u32::MAX)
}
