//! Rumor mongering, by push, pull, or both: section 1.4 of the paper.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{
    COOLED, Contacts, Cooling, EpidemicGossip, GossipConfig, Heard, Item, Message, Mode, RumorIdentity, Ticks, Timer,
};
use crate::lattice::Dot;
use crate::op::Key;
use crate::process::{Context, NodeId, Process};
use crate::storage::LatticeKVSCore;

/// Names a rumor at the replica that spreads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RumorId {
    /// The key it is about.
    pub key: Key,
    /// The update it is, with [`Delivery::Causal`](super::Delivery::Causal).
    pub dot: Option<Dot>,
    /// Counts the changes of the key at that replica, from 1.
    pub version: u32,
}

/// What a rumor is about, whoever spreads it.
type Subject = (Key, Option<Dot>);

impl RumorId {
    fn subject(&self) -> Subject {
        (self.key.clone(), self.dot)
    }
}

/// What a replica still does with a rumor. Of those it has never heard it keeps nothing ("susceptible").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RumorState {
    /// It spreads the rumor.
    Infective {
        /// Contacts that count against it.
        misses: u32,
    },
    /// It has lost interest.
    Removed,
}

/// The newest rumor about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rumor {
    /// Counts the changes of the key here.
    pub version: u32,
    /// What becomes of it.
    pub state: RumorState,
}

/// All rumors a replica has heard, by key. The paper's rumor store: it holds no values, the store does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rumors {
    by_key: BTreeMap<Key, Rumor>,
    infective: u32,
}

impl Rumors {
    /// How many are being spread.
    pub fn infective(&self) -> u32 {
        self.infective
    }

    /// All of them, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rumor)> {
        self.by_key.iter()
    }

    /// The key has changed: there is something new to tell.
    pub(super) fn kindle(&mut self, key: &Key, identity: RumorIdentity) {
        let fresh = RumorState::Infective { misses: 0 };
        match self.by_key.get_mut(key) {
            None => {
                self.by_key.insert(key.clone(), Rumor { version: 1, state: fresh });
                self.infective += 1;
            }
            Some(rumor) => {
                if rumor.state == RumorState::Removed {
                    if identity == RumorIdentity::KeyOnly {
                        return;
                    }
                    self.infective += 1;
                }
                *rumor = Rumor { version: rumor.version.wrapping_add(1), state: fresh };
            }
        }
    }

    /// There is nothing to tell about the key any more.
    pub(super) fn cool(&mut self, key: &Key) {
        if let Some(rumor) = self.by_key.get_mut(key)
            && rumor.state != RumorState::Removed
        {
            rumor.state = RumorState::Removed;
            self.infective -= 1;
        }
    }

    /// Changes the misses of a rumor if it is still the newest and hot; `None` makes it go cold.
    fn update(&mut self, id: &RumorId, next: impl FnOnce(u32) -> Option<u32>) -> bool {
        let Some(rumor) = self.by_key.get_mut(&id.key).filter(|rumor| rumor.version == id.version) else {
            return false;
        };
        let RumorState::Infective { misses } = rumor.state else {
            return false;
        };
        match next(misses) {
            Some(misses) => {
                rumor.state = RumorState::Infective { misses };
                false
            }
            None => {
                rumor.state = RumorState::Removed;
                self.infective -= 1;
                true
            }
        }
    }
}

/// What has happened since a replica's last tick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinceTick {
    /// What it has told, and whether anybody needed it. A tick in which nobody did counts against a rumor once.
    told: BTreeMap<RumorId, bool>,
    /// What it has heard: in the present cycle it did not know that yet.
    heard: BTreeSet<Subject>,
}

/// The most others that a replica tells its rumors to in one round.
pub(super) const FANOUT_MAX: u32 = 16;

impl EpidemicGossip {
    /// Tells everything hot to a few others, chosen anew each round.
    pub(super) fn on_gossip_tick<P>(&mut self, store: &LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        cx.set_timer(Timer::GossipTick, self.config.gossip_interval);
        self.round = self.round.wrapping_add(1);
        self.settle_tick(cx);
        let polls = match self.config.mode {
            Mode::Push => false,
            Mode::Pull => true,
            Mode::PushPull => self.hot() == 0,
        };
        if polls {
            let round = self.round;
            self.for_distinct_peers(cx, |peer, cx| cx.send(peer, Message::PullReq { round }));
            return;
        }
        if self.hot() == 0 {
            return;
        }
        let items: Arc<[Item]> = self.hot_items(store).into();
        if items.is_empty() {
            return;
        }
        let mut contacts = 0;
        self.for_distinct_peers(cx, |peer, cx| {
            cx.send(peer, Message::Rumor { round: self.round, items: items.clone() });
            contacts += 1;
        });
        if self.config.contacts == Contacts::Blind {
            for _ in 0..contacts {
                items.iter().for_each(|item| self.count_against(&item.id, cx));
            }
        }
    }

    fn hot_items(&self, store: &LatticeKVSCore) -> Vec<Item> {
        if let Some(updates) = &self.updates {
            return updates.hot_items();
        }
        let mut items = Vec::with_capacity(self.rumors.infective() as usize);
        for (key, rumor) in self.rumors.iter().filter(|(_, rumor)| rumor.state != RumorState::Removed) {
            if let Some(value) = store.get(key) {
                let id = RumorId { key: key.clone(), dot: None, version: rumor.version };
                items.push(Item { id, value: value.clone(), deps: None });
            }
        }
        items
    }

    /// Takes rumors in and, where the rule wants it, says which were news.
    pub(super) fn on_rumor<P>(
        &mut self,
        from: NodeId,
        round: u32,
        items: &[Item],
        store: &mut LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match self.config.contacts {
            Contacts::Blind => self.on_items(items, store, cx),
            Contacts::Feedback => {
                let hear = |item: &Item| Heard { id: item.id.clone(), needed: self.hears(item, store, cx) };
                let heard = items.iter().map(hear).collect();
                cx.send(from, Message::RumorAck { round, heard });
            }
        }
    }

    /// Takes a rumor in. True if it was news; in cycles, also if it was when this one began.
    fn hears<P: Process>(&mut self, item: &Item, store: &mut LatticeKVSCore, cx: &mut Context<'_, P>) -> bool {
        let is_news = self.take_in(item, store, cx);
        let Some(tick) = self.tick.as_mut().filter(|_| self.config.ticks == Ticks::Together) else { return is_news };
        let subject = item.id.subject();
        if is_news { tick.heard.insert(subject) } else { tick.heard.contains(&subject) }
    }

    /// Where both sides tell, who has heard a rumor answers with what is hot here.
    pub(super) fn answer_rumor<P>(
        &mut self,
        from: NodeId,
        round: u32,
        known: &[Item],
        store: &LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        if self.config.mode == Mode::PushPull {
            let is_known = |item: &Item| known.iter().any(|other| other.id.subject() == item.id.subject());
            self.tell_asker(from, round, |item| !is_known(item), store, cx);
        }
    }

    /// Tells somebody who asks.
    pub(super) fn on_pull_req<P>(&mut self, from: NodeId, round: u32, store: &LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        self.tell_asker(from, round, |_| true, store, cx);
    }

    fn tell_asker<P>(
        &mut self,
        to: NodeId,
        round: u32,
        admits: impl Fn(&Item) -> bool,
        store: &LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        // In cycles, what was heard in this one is told in the next.
        let is_old = |item: &Item| self.tick.as_ref().is_none_or(|tick| !tick.heard.contains(&item.id.subject()));
        let items: Arc<[Item]> =
            self.hot_items(store).into_iter().filter(|item| admits(item) && is_old(item)).collect();
        if items.is_empty() {
            return;
        }
        cx.send(to, Message::PullResp { round, items: items.clone() });
        if self.config.contacts == Contacts::Blind {
            items.iter().for_each(|item| self.count_against(&item.id, cx));
        }
    }

    /// What was told since the last tick and needed by nobody has had one contact in vain.
    fn settle_tick<P: Process>(&mut self, cx: &mut Context<'_, P>) {
        let Some(tick) = &mut self.tick else { return };
        tick.heard.clear();
        for (id, needed) in core::mem::take(&mut tick.told) {
            self.count(&id, needed, cx);
        }
    }

    /// A contact that was needed warms a rumor; one that was not counts against it.
    pub(super) fn on_rumor_ack<P: Process>(&mut self, heard: &[Heard], cx: &mut Context<'_, P>) {
        if let Some(tick) = self.tick.as_mut().filter(|_| self.config.mode != Mode::Push) {
            for Heard { id, needed } in heard {
                *tick.told.entry(id.clone()).or_default() |= needed;
            }
            return;
        }
        for Heard { id, needed } in heard {
            self.count(id, *needed, cx);
        }
    }

    fn count<P: Process>(&mut self, id: &RumorId, needed: bool, cx: &mut Context<'_, P>) {
        if needed {
            self.update(id, |_| Some(0));
        } else {
            self.count_against(id, cx);
        }
    }

    fn count_against<P: Process>(&mut self, id: &RumorId, cx: &mut Context<'_, P>) {
        let GossipConfig { cooling, counter_limit, tombstone_prob, .. } = *self.config;
        let went_cold = self.update(id, |misses| match cooling {
            Cooling::Counter => Some(misses + 1).filter(|&misses| misses < counter_limit),
            Cooling::Coin => (cx.choose(1_000_000) >= tombstone_prob.as_ppm()).then_some(misses),
        });
        if went_cold {
            cx.mark(COOLED, u64::from(id.version));
        }
    }

    fn update(&mut self, id: &RumorId, next: impl FnOnce(u32) -> Option<u32>) -> bool {
        match (&mut self.updates, id.dot) {
            (Some(updates), Some(dot)) => updates.update(dot, next),
            _ => self.rumors.update(id, next),
        }
    }

    /// Calls `tell` for `gossip_fanout` different others, each set of them as likely as every other (Floyd's sampling).
    fn for_distinct_peers<P: Process>(
        &self,
        cx: &mut Context<'_, P>,
        mut tell: impl FnMut(NodeId, &mut Context<'_, P>),
    ) {
        let peers = self.peers.count();
        let fanout = self.config.gossip_fanout.min(peers).min(FANOUT_MAX);
        let mut chosen = [u32::MAX; FANOUT_MAX as usize];
        for (place, last) in (peers - fanout..peers).enumerate() {
            let draw = cx.choose(last + 1);
            chosen[place] = if chosen[..place].contains(&draw) { last } else { draw };
            tell(self.peers.at(chosen[place]), cx);
        }
    }
}
