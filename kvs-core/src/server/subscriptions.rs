//! Who wants to know of changes, and how they are told: by one replica, one notice at a time.
//!
//! A client says what it wants to hear of, and what it has heard already ([`Message::Subscribe`]). The replica sends the next notice and
//! keeps it until the client says that it has it, so nothing is lost on the way; the client says so again now and then, so a replica that
//! has forgotten it in a crash knows where to go on. Whoever is slow holds up nobody: what waits for it gives way, and it is told how much.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Node, Server};
use crate::op::Key;
use crate::process::{Context, NodeId};
use crate::storage::Storage;
use crate::storage::smr::{Cause, ChangeNotification, Delivery, Position, SubscriptionId};

/// What the reader wants a client to hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The replica that is to tell it.
    pub server: NodeId,
    /// Of keys that begin so; an empty one: of all.
    pub prefix: Key,
    /// From now on, or not any more.
    pub is_on: bool,
}

/// What subscribers and replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A client to a replica: tell me what comes after what I know.
    Subscribe {
        /// Its name for the subscription, which it never uses again.
        id: u32,
        /// Of which keys.
        prefix: Key,
        /// The last change that it knows.
        after: Option<Position>,
        /// The last notice that it has heard.
        heard: NoticeNumber,
    },
    /// A client to a replica: no more.
    Unsubscribe {
        /// Its name for the subscription.
        id: u32,
    },
    /// A replica to a client.
    Notify {
        /// The client's name for the subscription.
        id: u32,
        /// Which one it is.
        number: NoticeNumber,
        /// What it is told.
        notice: Notice,
    },
}

/// Which notice of a subscription it is. What a replica has said before a crash it does not know, so lives are told apart: a notice of a
/// later one is not one that was heard in an earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoticeNumber {
    /// How often the replica had crashed before.
    life: u32,
    /// Its place among the notices of that life, from 1; 0: before all of them.
    place: u32,
}

impl NoticeNumber {
    /// Before any notice of any life.
    pub const NONE: Self = Self { life: 0, place: 0 };
}

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// It will hear of what changes from now on.
    Subscribed,
    /// Something has changed, or it has missed something.
    Delivery(Delivery),
}

/// A client to the reader: it has heard this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// The client's name for the subscription.
    pub id: u32,
    /// Who has told it.
    pub server: NodeId,
    /// Of which keys it wants to hear.
    pub prefix: Key,
    /// What it was told.
    pub notice: Notice,
}

/// A subscription as a replica knows it. A crash forgets it, and its client asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Subscriber {
    client: NodeId,
    id: u32,
    prefix: Key,
    /// Its place in the store's book.
    subscription: SubscriptionId,
    /// The last change that its client knew when it asked.
    after: Option<Position>,
    /// The number of the last notice.
    number: NoticeNumber,
    /// That notice, until the client has it.
    unheard: Option<Notice>,
}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Subscribe { .. } => "Subscribe",
            Self::Unsubscribe { .. } => "Unsubscribe",
            Self::Notify { .. } => "Notify",
        }
    }
}

impl Server {
    /// Who has subscribed: the client, the prefix, and whether it has yet to say that it has heard the last notice.
    pub fn subscribers(&self) -> impl Iterator<Item = (NodeId, &Key, SubscriptionId, bool)> {
        let all = self.subscribers.iter();
        all.map(|one| (one.client, &one.prefix, one.subscription, one.unheard.is_some()))
    }

    #[inline(never)]
    pub(super) fn on_subscription(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Node>) {
        let Storage::Smr(store) = &mut self.machine.storage else { return };
        let named = |id: u32| move |one: &Subscriber| one.client == from && one.id == id;
        match message {
            Message::Subscribe { id, prefix, after, heard } => {
                let mut said = NoticeNumber { life: cx.incarnation(), place: 0 };
                if let Some(place) = self.subscribers.iter().position(named(id)) {
                    let known = &mut self.subscribers[place];
                    if known.number.life == heard.life || known.after >= after {
                        known.go_on(heard, cx);
                        return;
                    }
                    // What was asked before a crash has come after it, and was taken for what is asked now: the client knows more. What
                    // has been said to it by mistake may arrive yet, so that number is not used again.
                    said = known.number;
                    store.unsubscribe(known.subscription);
                    self.subscribers.remove(place);
                }
                let Some(subscription) = store.subscribe_to_prefix(prefix.as_str(), after) else { return };
                let first = match (heard, after, store.state().slot) {
                    (NoticeNumber::NONE, _, _) => Some(Notice::Subscribed),
                    // It was told that it would hear of everything, and has heard of nothing so far: what came since then is not known.
                    (_, None, Some(slot)) => Some(Notice::Delivery(Delivery::Resync { slot })),
                    _ => None,
                };
                let number = heard.max(said);
                let mut new = Subscriber { client: from, id, prefix, subscription, after, number, unheard: None };
                if let Some(notice) = first {
                    new.send(notice, cx);
                }
                self.subscribers.push(new);
            }
            Message::Unsubscribe { id } => {
                for one in self.subscribers.iter().filter(|one| named(id)(one)) {
                    store.unsubscribe(one.subscription);
                }
                self.subscribers.retain(|one| !named(id)(one));
            }
            // Said to clients.
            Message::Notify { .. } => {}
        }
    }

    /// Tells every subscriber that has heard the last notice the next one.
    #[inline(never)]
    pub(super) fn notify(&mut self, cx: &mut Context<'_, Node>) {
        let Storage::Smr(store) = &mut self.machine.storage else { return };
        for one in self.subscribers.iter_mut().filter(|one| one.unheard.is_none()) {
            if let Some(delivery) = store.take_notification(one.subscription) {
                one.send(Notice::Delivery(delivery), cx);
            }
        }
    }
}

impl Subscriber {
    /// Its client has heard so much: the next notice may come, or the last one is said again.
    fn go_on(&mut self, heard: NoticeNumber, cx: &mut Context<'_, Node>) {
        if self.number <= heard {
            self.unheard = None;
        } else if let Some(notice) = self.unheard.clone() {
            cx.durably().send(self.client, Message::Notify { id: self.id, number: self.number, notice });
        }
    }

    fn send(&mut self, notice: Notice, cx: &mut Context<'_, Node>) {
        self.number.place = self.number.place.saturating_add(1);
        self.unheard = Some(notice.clone());
        // What it tells of must not be undone by a crash.
        cx.durably().send(self.client, Message::Notify { id: self.id, number: self.number, notice });
    }
}

impl fmt::Display for Message {
    /// What it says, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe { prefix, heard, .. } => {
                f.write_str(if *heard == NoticeNumber::NONE { "what changes" } else { "what else changes" })?;
                if prefix.as_str().is_empty() { f.write_str("?") } else { write!(f, " under {prefix}…?") }
            }
            Self::Unsubscribe { .. } => f.write_str("no more"),
            Self::Notify { notice, .. } => notice.fmt(f),
        }
    }
}

impl fmt::Display for Notice {
    /// In a few words: `k = x, was y`, `k is gone: its time was up`, `too slow: 3 changes lost`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let envelope = match self {
            Self::Subscribed => return f.write_str("subscribed"),
            Self::Delivery(Delivery::Lagged { n: 1 }) => return f.write_str("too slow: 1 change lost"),
            Self::Delivery(Delivery::Lagged { n }) => return write!(f, "too slow: {n} changes lost"),
            Self::Delivery(Delivery::Resync { slot }) => {
                return write!(f, "missed what came up to slot {slot}: read anew");
            }
            Self::Delivery(Delivery::Change(envelope)) => envelope,
        };
        match &envelope.change {
            ChangeNotification::KeySet { key, value, old_value: None } => write!(f, "{key} = {value}"),
            ChangeNotification::KeySet { key, value, old_value: Some(old) } => write!(f, "{key} = {value}, was {old}"),
            ChangeNotification::KeyDeleted { key, old_value } => match envelope.cause {
                Cause::Client => write!(f, "{key} is gone, was {old_value}"),
                Cause::Ttl => write!(f, "{key} is gone: its time was up"),
                Cause::Evict => write!(f, "{key} is gone: it made room"),
            },
            ChangeNotification::StoreCleared { key_count: 1 } => f.write_str("all is gone, 1 key"),
            ChangeNotification::StoreCleared { key_count } => write!(f, "all is gone, {key_count} keys"),
        }
    }
}
