//! Causal delivery: nobody sees an effect before its causes.
//!
//! Each write is an *update* with a name (a [`Dot`]: the replica that coordinated it, and its number there) and its *dependencies*: all
//! that this replica had applied before. A replica applies an update when it is the next one of its origin and all dependencies have
//! been applied; until then it waits. Rumors and mail bring updates early; anti-entropy exchanges logs and fills the gaps. The
//! construction of Ladin et al., *Providing high availability using lazy replication*, 1992.
//!
//! **Promise**: the updates that a replica has applied are closed under their causes. Together with clients that say what they have
//! seen, and servers that let a request wait until they have seen that, too: causal consistency that converges.
//! What it does not do: keep an update that only one replica knew when that replica crashed. What depends on it waits for ever.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Item, RumorId};
use crate::lattice::{Dot, Merge, ReplicaId, VectorClock};
use crate::op::Key;
use crate::storage::{LatticeKVSCore, Stored};

/// When a replica takes in what others tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// At once.
    #[default]
    Eventual,
    /// Once it has taken in what came before.
    Causal,
}

/// The updates of a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Updates {
    /// How many of each origin have been applied.
    applied: VectorClock,
    /// These.
    log: BTreeMap<Dot, Item>,
    /// Those of them that are still told as rumors, and the contacts that count against each.
    hot: BTreeMap<Dot, u32>,
    /// Those whose causes have not come yet.
    waiting: BTreeMap<Dot, Item>,
}

impl Updates {
    /// How many of each origin have been applied.
    pub fn applied(&self) -> &VectorClock {
        &self.applied
    }

    /// An update that has been applied.
    pub fn get(&self, dot: Dot) -> Option<&Item> {
        self.log.get(&dot)
    }

    /// How many wait for their causes.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many are told as rumors.
    pub fn hot(&self) -> usize {
        self.hot.len()
    }

    /// What a session that has seen so much has seen of a key.
    pub fn context_of(&self, key: &Key, seen: &VectorClock) -> VectorClock {
        let mut context = VectorClock::default();
        for (dot, item) in self.log.iter().filter(|(_, item)| item.id.key == *key) {
            if seen.covers(*dot) {
                context.merge(&item.value.context());
            }
        }
        context
    }

    /// A write of this replica becomes an update.
    pub(super) fn record(&mut self, me: ReplicaId, key: &Key, value: Arc<Stored>) -> Item {
        let deps = Arc::new(self.applied.clone());
        let dot = Dot { replica: me, count: self.applied.bump(me) };
        let item = Item { id: RumorId { key: key.clone(), dot: Some(dot), version: 0 }, value, deps: Some(deps) };
        self.log.insert(dot, item.clone());
        item
    }

    pub(super) fn kindle(&mut self, dot: Dot) {
        self.hot.insert(dot, 0);
    }

    /// What is told as rumors.
    pub(super) fn hot_items(&self) -> Vec<Item> {
        self.hot.keys().filter_map(|dot| self.log.get(dot)).cloned().collect()
    }

    /// Changes the contacts that count against a hot update; `None` makes it go cold.
    pub(super) fn update(&mut self, dot: Dot, next: impl FnOnce(u32) -> Option<u32>) -> bool {
        let Some(misses) = self.hot.get_mut(&dot) else { return false };
        match next(*misses) {
            Some(more) => *misses = more,
            None => {
                self.hot.remove(&dot);
                return true;
            }
        }
        false
    }

    /// Whether an update is new here. It waits until it is [delivered](Self::deliver).
    pub(super) fn take_in(&mut self, item: &Item) -> bool {
        let Some(dot) = item.id.dot else { return false };
        let is_known = self.applied.covers(dot) || self.waiting.contains_key(&dot);
        if !is_known {
            self.waiting.insert(dot, item.clone());
        }
        !is_known
    }

    /// Applies all that has waited long enough, and returns it. With `heeds_causes` off, the next update of an origin does not wait
    /// for those of others.
    pub(super) fn deliver(&mut self, store: &mut LatticeKVSCore, heeds_causes: bool) -> Vec<Dot> {
        let mut delivered = Vec::new();
        let is_ready = |applied: &VectorClock, (dot, item): &(&Dot, &Item)| {
            let causes = item.deps.as_ref().filter(|_| heeds_causes);
            dot.count == applied.get(dot.replica) + 1 && causes.is_none_or(|causes| applied.has_seen(causes))
        };
        while let Some(dot) = self.waiting.iter().find(|next| is_ready(&self.applied, next)).map(|(dot, _)| *dot) {
            let Some(item) = self.waiting.remove(&dot) else { break };
            self.applied.bump(dot.replica);
            store.observe(&item.value);
            store.merge(&item.id.key, &item.value);
            self.log.insert(dot, item);
            delivered.push(dot);
        }
        delivered
    }

    /// What somebody lacks who has applied so much.
    pub(super) fn lacked_by(&self, applied: &VectorClock) -> Arc<[Item]> {
        let is_lacked = |(dot, _): &(&Dot, &Item)| !applied.covers(**dot);
        self.log.iter().filter(is_lacked).map(|(_, item)| item.clone()).collect()
    }
}
