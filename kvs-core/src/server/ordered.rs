//! A server that executes requests in an order on which it has agreed with others, and those who help to agree.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Message, Node, Server, Timer};
use crate::ordering::{self, Executor, Ordering, Reply, paxos};
use crate::process::{Context, Event, EventOf, NodeId};
use crate::replication::primary_backup::PrimaryBackup;
use crate::replication::{Replication, primary_backup};
use crate::request::Request;
use crate::routing::view::View;

impl Server {
    /// Whether requests wait for their turn.
    pub(super) fn is_ordered(&self) -> bool {
        !matches!(self.ordering, Ordering::Arrival) || self.replication.primary_backup().is_some()
    }

    /// Whether what is in the table of served requests may be told by whoever has it. A backup has in it what may not be everywhere.
    pub(super) fn may_repeat(&self) -> bool {
        self.replication.primary_backup().is_none()
    }

    /// Hands a request to the ordering. Whoever asked gets the answer when it has been executed.
    #[inline(never)]
    pub(super) fn submit(&mut self, from: NodeId, request: &Arc<Request>, cx: &mut Context<'_, Node>) {
        self.asked.insert(request.id.client, (request.id, from));
        let replies = if let Replication::PrimaryBackup(part) = &mut self.replication {
            part.submit(request, &mut self.machine, cx)
        } else {
            let mut executor = Executor::new(&mut self.machine);
            self.ordering.submit(request, &mut executor, cx);
            executor.into_replies()
        };
        self.answer(replies, cx);
    }

    /// Lets the ordering handle an event, and passes on what it says to clients.
    pub(super) fn order(&mut self, event: Event<ordering::Message, ordering::Timer>, cx: &mut Context<'_, Node>) {
        let mut executor = Executor::new(&mut self.machine);
        self.ordering.step(event, &mut executor, cx);
        let replies = executor.into_replies();
        self.answer(replies, cx);
    }

    /// Lets the primary, or the backup, handle an event, and passes on what it says to clients.
    pub(super) fn back_up(
        &mut self,
        event: Event<primary_backup::Message, primary_backup::Timer>,
        cx: &mut Context<'_, Node>,
    ) {
        if let Replication::PrimaryBackup(part) = &mut self.replication {
            let replies = part.step(event, &mut self.machine, cx);
            self.answer(replies, cx);
        }
    }

    /// Somebody outside has announced who leads, or asked for other members. False if that is not how views are made here.
    #[inline(never)]
    pub(super) fn announce(&mut self, from: NodeId, views: &[Arc<View>], cx: &mut Context<'_, Node>) -> bool {
        if let (Ordering::Raft(raft), Some(newest)) = (&mut self.ordering, views.last()) {
            if from == NodeId::OUTSIDE {
                let mut executor = Executor::new(&mut self.machine);
                raft.ask_for(newest, &mut executor, cx);
                let replies = executor.into_replies();
                self.answer(replies, cx);
            }
            return true;
        }
        let Replication::PrimaryBackup(part) = &mut self.replication else { return false };
        if from == NodeId::OUTSIDE {
            let replies = part.announce(views, &mut self.machine, cx);
            self.answer(replies, cx);
        }
        true
    }

    fn answer(&mut self, replies: Vec<Reply>, cx: &mut Context<'_, Node>) {
        for reply in replies {
            let (id, message) = match reply {
                Reply::Answer(response) => (response.id, Message::Response(response)),
                Reply::Redirect { id, to } => (id, Message::Redirect { id, to }),
            };
            if let Some((_, to)) = self.asked.get(&id.client).copied().filter(|(asked, _)| *asked == id) {
                self.asked.remove(&id.client);
                // What an answer rests on must not be undone by a crash.
                cx.durably().send(to, message);
            } else if let Some(proxy) = self.ordering.proxy() {
                // What was chosen is kept by others than this server, however it fares.
                cx.send(proxy, message);
            } else if self.replication.primary_backup().is_some_and(PrimaryBackup::answers_for_others) {
                cx.durably().send(id.client.node, message);
            }
        }
    }
}

/// Handles an event of a proxy: it stands between clients and those who agree.
#[inline(never)]
pub(super) fn step_proxy(proxy: &mut paxos::Proxy, event: EventOf<Node>, cx: &mut Context<'_, Node>) {
    match event {
        Event::Receive { message: Message::Request(request), .. } => proxy.on_request(&request, cx),
        Event::Receive { message: Message::Response(response), .. } => {
            if let Some(client) = proxy.on_response(&response) {
                cx.send(client, Message::Response(response));
            }
        }
        other => {
            if let Some(event) = of_paxos(other) {
                proxy.step(event, cx);
            }
        }
    }
}

/// What an event is to a part of Multi-Paxos; None if it is none of its business.
pub(super) fn of_paxos(event: EventOf<Node>) -> Option<Event<paxos::Message, paxos::Timer>> {
    match event {
        Event::Boot => Some(Event::Boot),
        Event::Receive { from, message: Message::Ordering(ordering::Message::Paxos(message)) } => {
            Some(Event::Receive { from, message })
        }
        Event::Timer(Timer::Ordering(ordering::Timer::Paxos(timer))) => Some(Event::Timer(timer)),
        Event::Receive { .. } | Event::Timer(_) => None,
    }
}
