//! A client that wants to hear of changes.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::subscriptions::{Message, Notice, NoticeNumber, Noticed, Watch};
use super::{Client, Node, Timer};
use crate::op::Key;
use crate::process::{Context, NodeId};
use crate::storage::smr::{Delivery, Position};

/// What a client wants to hear of, and what it has heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its name, which is never used again.
    id: u32,
    /// The replica that tells it.
    pub server: NodeId,
    /// Of which keys.
    pub prefix: Key,
    /// The last change that it knows.
    pub after: Option<Position>,
    /// The last notice that it has heard.
    heard: NoticeNumber,
    /// The latest of them.
    pub latest: VecDeque<Notice>,
}

impl Subscription {
    const LATEST_MAX: usize = 6;

    fn ask(&self) -> Message {
        Message::Subscribe { id: self.id, prefix: self.prefix.clone(), after: self.after, heard: self.heard }
    }

    /// Takes in what is next. False for a change that is known: the replica had forgotten that it had said so.
    fn learn(&mut self, notice: &Notice) -> bool {
        match notice {
            Notice::Delivery(Delivery::Change(envelope)) if self.after >= Some(envelope.position) => return false,
            Notice::Delivery(Delivery::Change(envelope)) => self.after = Some(envelope.position),
            // What that slot has changed is in what will be read now.
            Notice::Delivery(Delivery::Resync { slot }) => {
                self.after = self.after.max(Some(Position { slot: *slot, i: 0 }));
            }
            Notice::Subscribed | Notice::Delivery(Delivery::Lagged { .. }) => {}
        }
        self.latest.push_back(notice.clone());
        if self.latest.len() > Self::LATEST_MAX {
            self.latest.pop_front();
        }
        true
    }
}

impl Client {
    /// What it wants to hear of.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    pub(super) fn on_watch(&mut self, watch: &Watch, cx: &mut Context<'_, Node>) {
        let is_it = |one: &Subscription| one.server == watch.server && one.prefix == watch.prefix;
        let known = self.subscriptions.iter().any(is_it);
        if watch.is_on && !known {
            self.subscriptions_made += 1;
            let (server, prefix) = (watch.server, watch.prefix.clone());
            let id = self.subscriptions_made;
            let new =
                Subscription { id, server, prefix, after: None, heard: NoticeNumber::NONE, latest: VecDeque::new() };
            cx.send(server, new.ask());
            cx.set_timer(Timer::Renew, self.options.retry_after);
            self.subscriptions.push(new);
        } else if !watch.is_on {
            for one in self.subscriptions.iter().filter(|one| is_it(one)) {
                cx.send(one.server, Message::Unsubscribe { id: one.id });
            }
            self.subscriptions.retain(|one| !is_it(one));
        }
    }

    pub(super) fn on_subscription(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Node>) {
        let Message::Notify { id, number, notice } = message else { return };
        let Some(one) = self.subscriptions.iter_mut().find(|one| one.id == *id && one.server == from) else {
            cx.send(from, Message::Unsubscribe { id: *id });
            return;
        };
        if *number <= one.heard {
            return;
        }
        one.heard = *number;
        if one.learn(notice) {
            let (prefix, notice) = (one.prefix.clone(), notice.clone());
            let noticed = Noticed { id: *id, server: from, prefix, notice };
            cx.send(NodeId::OUTSIDE, super::Message::Noticed(Arc::new(noticed)));
        }
        cx.send(from, one.ask());
    }

    /// Says again what it wants to hear and what it has heard: a message may be lost, and a replica may have forgotten.
    pub(super) fn on_renew(&mut self, cx: &mut Context<'_, Node>) {
        let asks: Vec<(NodeId, Message)> = self.subscriptions.iter().map(|one| (one.server, one.ask())).collect();
        if !asks.is_empty() {
            cx.set_timer(Timer::Renew, self.options.retry_after);
        }
        for (server, ask) in asks {
            cx.send(server, ask);
        }
    }
}
