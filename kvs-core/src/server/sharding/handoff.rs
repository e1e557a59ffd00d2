//! From view to view: what is handed over, what is waited for, and what gossip brings to the wrong shard.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{
    Durable, GAVE_AWAY, HANDED_OVER, HandoffEnds, INSTALLED, Message, Place, RESEND, STRAY, Sharding, TRIES, digest,
};
use crate::op::Key;
use crate::process::{Context, Event, NodeId};
use crate::replication::{Replication, gossip};
use crate::routing::view::{ShardName, View};
use crate::server::Server;
use crate::server::node::{Node, Timer};
use crate::storage::{Parcel, Storage};
use crate::time::Span;

impl Server {
    #[inline(never)]
    pub(in crate::server) fn boot_sharding(&mut self, durable: Option<Durable>, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        if let Some(durable) = durable {
            sharding.recover(durable, self.options.journal);
        }
        self.meet_members();
        self.tell_again(cx);
    }

    /// Gossip is for the servers of one shard.
    fn meet_members(&mut self) {
        if let (Some(sharding), Replication::EpidemicGossip(gossip)) = (&self.sharding, &mut self.replication) {
            gossip.meet(sharding.members(), sharding.me);
        }
    }

    /// Handles what is said about shards.
    #[inline(never)]
    pub(in crate::server) fn on_sharding(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Node>) {
        if self.sharding.is_none() {
            return;
        }
        match message {
            Message::View { views } => self.on_views(from, views, cx),
            Message::ViewReq { epoch } => self.on_view_req(from, *epoch, cx),
            Message::Handoff { epoch, shard, parcels } => self.on_handoff(from, *epoch, shard.as_ref(), parcels, cx),
            Message::HandoffAck { epoch, digest } => self.on_handoff_ack(from, *epoch, *digest, cx),
            Message::HandoffReq { epoch } => self.on_handoff_req(from, *epoch, cx),
            Message::WrongShard { id, epoch, hint } => self.on_wrong_shard(from, *id, *epoch, hint, cx),
            Message::Proxy(request) => self.on_request(from, request, true, cx),
            Message::Lost { shard } => self.on_lost(shard, cx),
        }
        self.advance(cx);
    }

    fn on_views(&mut self, from: NodeId, views: &[Arc<View>], cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        if sharding.hear(views) {
            self.checkpoint(cx);
        } else if let Some(last) = views.last() {
            sharding.ask_if_newer(from, last.epoch, cx);
        }
    }

    fn on_view_req(&mut self, from: NodeId, epoch: u32, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &self.sharding else { return };
        let views = sharding.known.iter().map(|map| map.view()).filter(|view| view.epoch > epoch).cloned().collect();
        cx.send(from, Message::View { views });
        sharding.ask_if_newer(from, epoch, cx);
    }

    /// Enters one view after the other, as long as nobody is owed anything.
    fn advance(&mut self, cx: &mut Context<'_, Node>) {
        loop {
            let Some(sharding) = &mut self.sharding else { return };
            let next = sharding.map_of(sharding.epoch() + 1).filter(|_| sharding.is_settled()).cloned();
            let Some(next) = next else { break };
            cx.mark(INSTALLED, u64::from(next.view().epoch));
            sharding.enter(next, &mut self.machine.storage);
            self.meet_members();
            self.checkpoint(cx);
            // What is to come is on its way, if all goes well.
            self.tell(false, cx);
        }
        if !self.parked.is_empty() {
            self.serve_parked(cx);
        }
    }

    /// Says once more what has not been answered, and comes back to it as long as there is anything.
    #[inline(never)]
    pub(in crate::server) fn tell_again(&mut self, cx: &mut Context<'_, Node>) {
        self.tell(true, cx);
    }

    /// Hands over what is owed, and asks for what is to come if that is late.
    fn tell(&mut self, is_late: bool, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        let epoch = sharding.epoch();
        let mut has_given_up = false;
        let receivers: Vec<NodeId> = sharding.unacknowledged.keys().copied().collect();
        for node in receivers {
            let tries = sharding.unacknowledged.entry(node).or_insert(0);
            *tries += 1;
            if sharding.options.handoff == HandoffEnds::AfterRetries && *tries > TRIES {
                sharding.unacknowledged.remove(&node);
                has_given_up = true;
                continue;
            }
            // What is handed over must not come back when this server crashes: the write that says so comes first.
            cx.durably().send(node, sharding.handoff_to(node));
        }
        let givers = sharding.before().into_iter().flat_map(|before| before.view().shards.iter());
        let givers = givers.filter(|shard| is_late && sharding.waiting_for.contains(&shard.name));
        for node in givers.flat_map(|shard| shard.nodes.iter()).filter(|node| **node != sharding.me) {
            cx.send(*node, Message::HandoffReq { epoch });
        }
        let is_done = sharding.unacknowledged.is_empty() && sharding.waiting_for.is_empty();
        if !is_done {
            cx.set_timer(Timer::Handoff, RESEND);
        }
        if has_given_up {
            if sharding.drop_handed_over() {
                cx.mark(GAVE_AWAY, u64::from(epoch));
            }
            self.advance(cx);
        }
    }

    fn on_handoff(
        &mut self,
        from: NodeId,
        epoch: u32,
        shard: Option<&ShardName>,
        parcels: &[(Key, Parcel)],
        cx: &mut Context<'_, Node>,
    ) {
        let Some(sharding) = &mut self.sharding else { return };
        let mine = sharding.epoch();
        if epoch > mine {
            // It comes again; by then this server is there, too.
            sharding.ask_if_newer(from, epoch, cx);
            return;
        }
        let is_awaited = epoch == mine && shard.is_some_and(|shard| sharding.waiting_for.contains(shard));
        // Of a value that is not merged there is one: what comes late or again has been taken in.
        if sharding.merges || is_awaited {
            self.take_over(from, parcels, cx);
        }
        let Some(sharding) = &mut self.sharding else { return };
        if is_awaited && let Some(shard) = shard {
            sharding.waiting_for.remove(shard);
        }
        if is_awaited || !parcels.is_empty() {
            self.keep_changes(cx);
            self.checkpoint(cx);
        }
        cx.durably().send(from, Message::HandoffAck { epoch, digest: digest(parcels) });
    }

    /// Takes in what others kept: its own keys into the store, those of others to be handed on.
    fn take_over(&mut self, from: NodeId, parcels: &[(Key, Parcel)], cx: &mut Context<'_, Node>) {
        let mut items = Vec::new();
        let mut has_strays = false;
        let Some(sharding) = &mut self.sharding else { return };
        for (key, parcel) in parcels {
            if sharding.place(key) == Place::Elsewhere {
                sharding.leaving.unpack(key, parcel);
                sharding.owe(key);
                has_strays = true;
                continue;
            }
            match (parcel, &mut self.machine.storage) {
                (Parcel::Stored(value), Storage::Lattice(_)) => items.push(gossip::Item::of(key, value)),
                (parcel, storage) => {
                    storage.unpack(key, parcel);
                }
            }
        }
        if has_strays {
            cx.set_timer(Timer::Handoff, Span::ZERO);
        }
        // It is news to the others of its shard as any other change.
        if !items.is_empty() {
            let event = Event::Receive { from, message: gossip::Message::Mail { items: items.into() } };
            self.gossip(event, cx);
        }
    }

    fn on_handoff_ack(&mut self, from: NodeId, epoch: u32, acknowledged: u64, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        // What came here since the handoff left has not been acknowledged.
        let is_all = || acknowledged == digest(&sharding.parcels_for(from));
        if epoch != sharding.epoch() || !sharding.unacknowledged.contains_key(&from) || !is_all() {
            return;
        }
        sharding.unacknowledged.remove(&from);
        if sharding.drop_handed_over() {
            cx.mark(HANDED_OVER, u64::from(epoch));
            self.checkpoint(cx);
        }
    }

    fn on_handoff_req(&mut self, from: NodeId, epoch: u32, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &self.sharding else { return };
        let mine = sharding.epoch();
        sharding.ask_if_newer(from, epoch, cx);
        if epoch == mine {
            cx.durably().send(from, sharding.handoff_to(from));
        } else if epoch < mine {
            // It left that view when it was owed and owed nothing there: whoever asks has forgotten.
            let before = sharding.map_of(epoch.saturating_sub(1));
            let shard = before.and_then(|map| map.view().shard_of(sharding.me)).map(|shard| shard.name.clone());
            cx.durably().send(from, Message::Handoff { epoch, shard, parcels: Arc::default() });
        }
    }

    fn on_lost(&mut self, shard: &ShardName, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        if sharding.waiting_for.remove(shard) {
            self.checkpoint(cx);
        }
    }

    /// Keeps what gossip brings about other shards' keys away from the store, and hands it on.
    pub(in crate::server) fn sort_gossip(
        &mut self,
        from: NodeId,
        message: gossip::Message,
        cx: &mut Context<'_, Node>,
    ) -> Option<gossip::Message> {
        let Some(sharding) = &mut self.sharding else { return Some(message) };
        if !sharding.options.fencing {
            return Some(message);
        }
        let is_member = sharding.members().contains(&from);
        let is_mine = |item: &gossip::Item| sharding.map.owns(sharding.me, &item.id.key);
        if is_member && message.items().iter().all(is_mine) {
            return Some(message);
        }
        let (mine, others): (Vec<gossip::Item>, Vec<_>) = message.items().iter().cloned().partition(is_mine);
        for item in &others {
            sharding.leaving.unpack(&item.id.key, &Parcel::Stored(item.value.clone()));
            sharding.owe(&item.id.key);
        }
        if !others.is_empty() {
            cx.mark(STRAY, others.len() as u64);
            cx.set_timer(Timer::Handoff, Span::ZERO);
        }
        // With whoever keeps another shard there is nothing to compare.
        let items: Arc<[gossip::Item]> = mine.into();
        if is_member {
            Some(message.with_items(items))
        } else {
            (!items.is_empty()).then_some(gossip::Message::Mail { items })
        }
    }
}

impl Sharding {
    /// Asks whoever has spoken of an epoch that is unknown here for the views up to it. (Outside, nobody answers.)
    pub(super) fn ask_if_newer(&self, whom: NodeId, epoch: u32, cx: &mut Context<'_, Node>) {
        let newest = self.newest().view().epoch;
        if epoch > newest && whom != NodeId::OUTSIDE {
            cx.send(whom, Message::ViewReq { epoch: newest });
        }
    }
}
