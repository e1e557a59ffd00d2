//! Requests for keys that are kept elsewhere, or have not come yet.

use alloc::sync::Arc;

use super::{COMING, FORWARDED, Forwarded, Message, Misrouted, Place, Sharding, WRONG_SHARD};
use crate::op::{KVSOperation, Key, RequestId};
use crate::process::{Context, NodeId};
use crate::routing::view::View;
use crate::server::node::{Message as NodeMessage, Node};
use crate::server::{OUTDATED, Record, Request, Response, Server};

impl Server {
    /// Whether a request is for this server. If it waits or goes elsewhere, that is seen to.
    pub(in crate::server) fn admits(
        &mut self,
        from: NodeId,
        request: &Arc<Request>,
        is_proxied: bool,
        cx: &mut Context<'_, Node>,
    ) -> bool {
        let Some(sharding) = &mut self.sharding else { return true };
        if !is_proxied && sharding.has_passed_on_after(request.id) {
            cx.mark(OUTDATED, u64::from(request.id.sequence));
            return false;
        }
        match sharding.place_of_request(request, is_proxied) {
            Place::Here => return true,
            Place::Coming => {
                cx.mark(COMING, u64::from(request.id.sequence));
                self.park(from, request, is_proxied);
            }
            Place::Elsewhere if is_proxied || sharding.options.misrouted == Misrouted::Refused => {
                cx.mark(WRONG_SHARD, u64::from(request.id.sequence));
                let (epoch, hint) = (sharding.epoch(), sharding.newest().view().clone());
                cx.send(from, Message::WrongShard { id: request.id, epoch, hint });
            }
            Place::Elsewhere => self.forward(from, request, cx),
        }
        false
    }

    /// Whether a request still waits for what is to be handed over.
    pub(in crate::server) fn is_coming(&self, request: &Request, is_proxied: bool) -> bool {
        self.sharding.as_ref().is_some_and(|sharding| sharding.place_of_request(request, is_proxied) == Place::Coming)
    }

    /// Somebody to whom a request was passed on does not keep its key.
    pub(super) fn on_wrong_shard(
        &mut self,
        from: NodeId,
        id: RequestId,
        epoch: u32,
        hint: &Arc<View>,
        cx: &mut Context<'_, Node>,
    ) {
        let Some(sharding) = &mut self.sharding else { return };
        let has_learnt = sharding.hear(core::slice::from_ref(hint));
        sharding.ask_if_newer(from, hint.epoch, cx);
        // A server that is behind may still come to own the key, and then a late copy would be applied there.
        let is_final = |known: &&Forwarded| known.to == from && known.request.epoch <= epoch;
        let refused = sharding.forwarded_as(id).filter(is_final).cloned();
        if refused.is_some() {
            sharding.forwarded.remove(&id.client);
        }
        if has_learnt {
            self.checkpoint(cx);
        }
        if let Some(Forwarded { request, client, .. }) = refused {
            self.on_request(client, &request, false, cx);
        }
    }

    /// Passes an answer back to the client whose request was passed on.
    #[inline(never)]
    pub(in crate::server) fn pass_back(&mut self, from: NodeId, response: &Arc<Response>, cx: &mut Context<'_, Node>) {
        let known = self.sharding.as_ref().and_then(|sharding| sharding.forwarded_as(response.id));
        if let Some(known) = known.filter(|known| known.to == from) {
            cx.send(known.client, NodeMessage::Response(response.clone()));
        }
    }

    /// Passes a request on: where its first copy went, or else to an owner, always to the same one for a client.
    fn forward(&mut self, from: NodeId, request: &Arc<Request>, cx: &mut Context<'_, Node>) {
        let Some(sharding) = &mut self.sharding else { return };
        let known = sharding.forwarded_as(request.id).cloned();
        let is_new = known.is_none();
        let Some(forwarded) = known.or_else(|| sharding.an_owner(from, request)) else { return };
        cx.mark(FORWARDED, u64::from(request.id.sequence));
        let message = Message::Proxy(forwarded.request.clone());
        if is_new {
            sharding.forwarded.insert(request.id.client, forwarded.clone());
        }
        if self.options.journal && request.op.is_write() {
            // After a crash, too, a retry must go where the first copy went.
            if is_new {
                self.journal.append(cx.disk(), &Record::Forwarded(forwarded.clone()));
            }
            cx.durably().send(forwarded.to, message);
        } else {
            cx.send(forwarded.to, message);
        }
    }
}

impl Sharding {
    /// Whose business a request is.
    fn place_of_request(&self, request: &Request, is_proxied: bool) -> Place {
        if !self.options.fencing {
            return Place::Here;
        }
        let keys = request.op.keys();
        let passes_on = self.options.misrouted == Misrouted::Forwarded && !is_proxied;
        let is_current = if passes_on {
            // All copies of a request come here, and what has become of the first is known: its epoch adds nothing.
            self.forwarded_as(request.id).is_none()
        } else {
            request.epoch >= self.epoch() || keys.iter().all(|key| self.has_stayed(key, request.epoch))
        };
        let is_of_shard = self.map.view().shard_of(self.me).is_some();
        let places = || keys.iter().map(|key| self.place(key));
        if !is_of_shard || !is_current || places().any(|place| place == Place::Elsewhere) {
            return Place::Elsewhere;
        }
        let waits = match request.op {
            KVSOperation::GetAll => !self.waiting_for.is_empty(),
            // Values that are merged may be written at any time: what is handed over later is merged with them.
            _ if self.merges && request.op.is_write() => false,
            _ => places().any(|place| place == Place::Coming),
        };
        if waits { Place::Coming } else { Place::Here }
    }

    /// Whether a key has had the same owner ever since an epoch. What was sent to its owner before it moved away and back is too old.
    fn has_stayed(&self, key: &Key, since: u32) -> bool {
        let name = &self.map.shard_of(key).name;
        let mut between = self.known.iter().filter(|map| (since..self.epoch()).contains(&map.view().epoch));
        between.all(|map| map.shard_of(key).name == *name)
    }

    /// Whether it has passed on a later request of the same client.
    fn has_passed_on_after(&self, id: RequestId) -> bool {
        self.forwarded.get(&id.client).is_some_and(|known| known.request.id.sequence > id.sequence)
    }

    fn forwarded_as(&self, id: RequestId) -> Option<&Forwarded> {
        self.forwarded.get(&id.client).filter(|known| known.request.id == id)
    }

    /// To whom a request is passed on.
    fn an_owner(&self, from: NodeId, request: &Arc<Request>) -> Option<Forwarded> {
        let newest = self.newest();
        let nodes = &newest.shard_of(request.op.keys().first()?).nodes;
        let place = request.id.client.node.0.checked_rem(u32::try_from(nodes.len()).ok()?)?;
        let to = *nodes.get(place as usize)?;
        let request = Arc::new(Request { epoch: newest.view().epoch, ..(**request).clone() });
        (to != self.me).then_some(Forwarded { request, to, client: from })
    }
}
