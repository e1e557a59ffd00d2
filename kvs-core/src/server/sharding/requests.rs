//! Requests for keys that are kept elsewhere, or have not come yet.

use alloc::sync::Arc;

use super::{COMING, FORWARDED, Forwarded, Message, Misrouted, Place, WRONG_SHARD};
use crate::op::RequestId;
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
        match sharding.admits(request, is_proxied) {
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
        self.sharding.as_ref().is_some_and(|sharding| sharding.admits(request, is_proxied) == Place::Coming)
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
        if hint.epoch > sharding.newest().view().epoch {
            cx.send(from, Message::ViewReq { epoch: sharding.newest().view().epoch });
        }
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
