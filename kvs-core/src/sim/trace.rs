//! What happened, for people: entries, and the words for them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use xxhash_rust::xxh64::Xxh64;

use super::Input;
use crate::op::{Outcome, write_values};
use crate::process::{Mark, NodeId};
use crate::replication::{gossip, primary_backup};
use crate::server::{ClerkMessage, Message, Node, PacketLoss, Timer, sharding};
use crate::time::Time;
use crate::world::{Happening, Loss, Observer, Sequence};
use crate::zoo::{Names, OptionValue};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub time: Time,
    /// What.
    pub what: What,
}

/// What happened: [`Happening`], kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Happening`")]
pub enum What {
    /// A message left.
    Sent { id: Sequence, from: NodeId, to: NodeId, due: Time, message: Message },
    /// A message will not arrive.
    Lost { id: Sequence, from: NodeId, to: NodeId, message: Message, why: Loss },
    /// A message arrived.
    Delivered { id: Sequence, from: NodeId, to: NodeId, message: Message },
    /// The reader told a client to do something.
    Asked { node: NodeId, message: Message },
    /// A client told the reader something.
    Told { node: NodeId, message: Message },
    /// A timer ran out.
    Fired { node: NodeId, timer: Timer },
    /// A node started.
    Booted { node: NodeId },
    /// A node crashed.
    Crashed { node: NodeId },
    /// Writes reached the medium.
    Synced { node: NodeId },
    /// A node marked a fact.
    Marked { node: NodeId, mark: Mark, subject: u64 },
    /// Somebody outside did something.
    Did(Input),
}

impl From<Happening<'_, Node>> for What {
    fn from(happening: Happening<'_, Node>) -> Self {
        match happening {
            Happening::Sent { id, from, to, due, message } => {
                Self::Sent { id, from, to, due, message: message.clone() }
            }
            Happening::Lost { id, from, to, message, why } => {
                Self::Lost { id, from, to, message: message.clone(), why }
            }
            Happening::Delivered { id, from, to, message } => {
                Self::Delivered { id, from, to, message: message.clone() }
            }
            Happening::Asked { node, message } => Self::Asked { node, message: message.clone() },
            Happening::Told { node, message } => Self::Told { node, message: message.clone() },
            Happening::Fired { node, timer } => Self::Fired { node, timer },
            Happening::Booted { node } => Self::Booted { node },
            Happening::Crashed { node } => Self::Crashed { node },
            Happening::Synced { node } => Self::Synced { node },
            Happening::Marked { node, mark, subject } => Self::Marked { node, mark, subject },
        }
    }
}

/// All that happened, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: Vec<Entry>,
}

impl Trace {
    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Notes what somebody outside did.
    pub fn did(&mut self, time: Time, input: Input) {
        self.entries.push(Entry { time, what: What::Did(input) });
    }

    /// Forgets all but the first entries.
    pub fn truncate(&mut self, length: usize) {
        self.entries.truncate(length);
    }
}

impl Observer<Node> for Trace {
    fn saw(&mut self, time: Time, happening: Happening<'_, Node>) {
        self.entries.push(Entry { time, what: happening.into() });
    }
}

/// A fingerprint of everything that happened: equal runs have equal ones, on every platform.
#[derive(Clone)]
pub struct TraceHash(Xxh64);

impl Default for TraceHash {
    fn default() -> Self {
        Self(Xxh64::new(0))
    }
}

impl TraceHash {
    /// The fingerprint so far.
    pub fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn add(&mut self, value: &impl serde::Serialize) {
        // Encoding plain data into memory does not fail.
        self.0.update(&postcard::to_allocvec(value).unwrap_or_default());
    }
}

impl Observer<Node> for TraceHash {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        self.add(&now);
        match happening {
            Happening::Sent { id, from, to, due, message } => self.add(&(0, id, from, to, due, message)),
            Happening::Lost { id, from, to, message, why } => self.add(&(1, id, from, to, message, why)),
            Happening::Delivered { id, from, to, message } => self.add(&(2, id, from, to, message)),
            Happening::Asked { node, message } => self.add(&(3, node, message)),
            Happening::Told { node, message } => self.add(&(4, node, message)),
            Happening::Fired { node, timer } => self.add(&(5, node, timer)),
            Happening::Booted { node } => self.add(&(6, node)),
            Happening::Crashed { node } => self.add(&(7, node)),
            Happening::Synced { node } => self.add(&(8, node)),
            Happening::Marked { node, mark, subject } => self.add(&(9, node, mark, subject)),
        }
    }
}

/// What a message says, in a few words: `put k=x`, `k = {x, y}`.
pub fn summarize(message: &Message) -> String {
    match message {
        Message::Invoke(call) => call.op.to_string(),
        Message::Called(request) | Message::Request(request) | Message::Clerk(ClerkMessage::Ask { request, .. }) => {
            request.op.to_string()
        }
        Message::Fill(fill) => format!("fill {} keys", fill.keys),
        Message::Sharding(message) => summarize_sharding(message),
        Message::Traffic(Some(_)) => String::from("traffic on"),
        Message::Traffic(None) => String::from("traffic off"),
        Message::PacketLoss(loss) => packet_loss_words(*loss),
        Message::Returned(returned) => returned.outcome.to_string(),
        Message::Redirect { to: Some(_), .. } => String::from("not here: ask the leader"),
        Message::Redirect { to: None, .. } => String::from("not here"),
        Message::Ordering(message) => message.to_string(),
        Message::PrimaryBackup(message) => message.to_string(),
        Message::Response(response) | Message::Clerk(ClerkMessage::Answer { response, .. }) => {
            response.result.to_string()
        }
        Message::Watch(watch) => String::from(if watch.is_on { "subscribe" } else { "unsubscribe" }),
        Message::Noticed(noticed) => noticed.notice.to_string(),
        Message::Subscription(message) => message.to_string(),
        Message::Gossip(message) => match message {
            gossip::Message::Mail { items }
            | gossip::Message::Rumor { items, .. }
            | gossip::Message::PullResp { items, .. }
            | gossip::Message::AeFin { items } => summarize_items(items),
            gossip::Message::PullReq { .. } => String::from("anything new?"),
            gossip::Message::RumorAck { heard, .. } => {
                let needed = heard.iter().filter(|heard| heard.needed).count();
                match (needed, heard.len() - needed) {
                    (needed, 0) => format!("{needed} new"),
                    (0, known) => format!("{known} known"),
                    (needed, known) => format!("{needed} new, {known} known"),
                }
            }
            gossip::Message::AeSyn { digest } => match (digest, digest.count()) {
                (_, 0) => String::from("I have nothing"),
                (gossip::Digest::Keys(_), 1) => String::from("I have 1 key"),
                (gossip::Digest::Keys(_), keys) => format!("I have {keys} keys"),
                (gossip::Digest::Updates(_), 1) => String::from("I know 1 update"),
                (gossip::Digest::Updates(_), updates) => format!("I know {updates} updates"),
            },
            gossip::Message::AeReply { items, want } => match (items.is_empty(), want) {
                (true, _) => String::from("send me yours"),
                (false, gossip::Want::Keys(keys)) if keys.is_empty() => summarize_items(items),
                (false, gossip::Want::Keys(_)) => format!("{}; send me yours", summarize_items(items)),
                (false, gossip::Want::Beyond(_)) => {
                    format!("{}; what do you know beyond that?", summarize_items(items))
                }
            },
        },
    }
}

fn packet_loss_words(PacketLoss { requests, replies }: PacketLoss) -> String {
    let percent = |loss| OptionValue::Percent(loss).to_string();
    format!("clients drop {} of requests, servers {} of answers", percent(requests), percent(replies))
}

fn summarize_sharding(message: &sharding::Message) -> String {
    match message {
        sharding::Message::View { views } => match views.last() {
            Some(view) => format!("view {}", view.epoch),
            None => String::from("there is no newer view"),
        },
        sharding::Message::ViewReq { epoch } => format!("what comes after view {epoch}?"),
        sharding::Message::Handoff { epoch, parcels, .. } => match parcels.len() {
            1 => format!("1 key, in view {epoch}"),
            keys => format!("{keys} keys, in view {epoch}"),
        },
        sharding::Message::HandoffAck { epoch, .. } => format!("got it, in view {epoch}"),
        sharding::Message::HandoffReq { epoch } => format!("what have you of mine, in view {epoch}?"),
        sharding::Message::WrongShard { hint, .. } => format!("not mine; see view {}", hint.epoch),
        sharding::Message::Proxy(request) => request.op.to_string(),
        sharding::Message::Lost { shard } => format!("shard {shard} is lost"),
    }
}

fn summarize_items(items: &[gossip::Item]) -> String {
    let mut text = String::new();
    for item in items.iter().take(3) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("{} = ", item.id.key));
        // Writing to a string does not fail.
        let _infallible = write_values(&mut text, &item.value.values());
    }
    if items.len() > 3 {
        text.push_str(&format!(" and {} more", items.len() - 3));
    }
    text
}

/// An entry in words; None for what says nothing to a reader that other entries do not.
pub fn describe(entry: &Entry, names: &Names) -> Option<String> {
    let name = |node: &NodeId| names.name(*node);
    Some(match &entry.what {
        What::Sent { from, to, message, .. } => {
            format!("{} sends {} to {}: {}", name(from), message.kind(), name(to), summarize(message))
        }
        What::Delivered { from, to, message, .. } => {
            format!("{} receives {} from {}: {}", name(to), message.kind(), name(from), summarize(message))
        }
        What::Lost { from, to, message, why, .. } => {
            let why = match why {
                Loss::Random => "the network lost it",
                Loss::Cut => "the link is cut",
                Loss::Down => "the receiver is down",
                Loss::Dropped => "you dropped it",
            };
            format!("{} from {} to {} is lost: {why}", message.kind(), name(from), name(to))
        }
        What::Told { node, message: Message::Called(request) } => format!("{} calls {}", name(node), request.op),
        What::Told { node, message: Message::Noticed(noticed) } => {
            format!("{} hears from {}: {}", name(node), name(&noticed.server), noticed.notice)
        }
        What::Told { node, message: Message::Returned(returned) } => match &returned.outcome {
            Outcome::Ok(response) if response.refusal().is_some() => format!("{} is told: {response}", name(node)),
            Outcome::Ok(response) if !response.is_confirmation() => format!("{} reads {response}", name(node)),
            outcome => format!("{} returns: {outcome}", name(node)),
        },
        What::Fired { node, timer } => format!("{}: {}", name(node), timer_words(*timer)),
        What::Booted { .. } if entry.time == Time::ZERO => return None,
        What::Booted { node } => format!("{} starts again", name(node)),
        What::Crashed { node } => format!("{} crashes", name(node)),
        What::Synced { node } => format!("{}: writes are safe on disk", name(node)),
        What::Marked { node, mark, .. } => format!("{}: {}", name(node), mark.0),
        What::Did(input) => return describe_input(input, names),
        What::Asked { .. } | What::Told { .. } => return None,
    })
}

fn timer_words(timer: Timer) -> &'static str {
    match timer {
        Timer::Retry => "waited long enough for an answer",
        Timer::NextRequest => "time for a request",
        Timer::Renew => "says again what it wants to hear of",
        Timer::Batch => "takes a snapshot for reads",
        Timer::Gossip(gossip::Timer::GossipTick) => "time to gossip",
        Timer::Gossip(gossip::Timer::AeTick) => "time to compare stores",
        Timer::Insert => "inserts what it has checked before",
        Timer::Handoff => "says again what nobody has answered",
        Timer::Gossip(gossip::Timer::DcSweep) => "time to drop old death certificates",
        Timer::Ordering(timer) => timer.words(),
        Timer::PrimaryBackup(primary_backup::Timer::Ping) => "says that it is there",
        Timer::PrimaryBackup(primary_backup::Timer::PingCheck) => "looks who has been heard of",
        Timer::PrimaryBackup(primary_backup::Timer::Resend) => "says again what nobody has acknowledged",
    }
}

/// What somebody outside did, in words; None where other entries say it.
fn describe_input(input: &Input, names: &Names) -> Option<String> {
    use super::{Fate, Links};
    let name = |node: &NodeId| names.name(*node);
    let group = |nodes: &[NodeId]| nodes.iter().map(name).collect::<Vec<_>>().join(", ");
    let links = |links: &Links| match links {
        Links::Between(groups) => groups.iter().map(|nodes| group(nodes)).collect::<Vec<_>>().join(" and "),
        Links::OneWay { from, to } => format!("{} towards {}", group(from), group(to)),
    };
    Some(match input {
        Input::Cut(some) => format!("you cut the link between {}", links(some)),
        Input::Heal(some) => format!("you heal the link between {}", links(some)),
        Input::HealAll => String::from("you heal all links"),
        Input::Wipe(node) => format!("you wipe the disk of {}", name(node)),
        Input::Pause(node) => format!("you pause {}", name(node)),
        Input::Resume(node) => format!("you let {} go on", name(node)),
        Input::Clock { node, offset_us } => {
            format!("you set the clock of {} off by {}ms", name(node), offset_us / 1_000)
        }
        Input::Traffic(Some(traffic)) => format!("you switch traffic on: every client, every {}", traffic.every),
        Input::Traffic(None) => String::from("you switch traffic off"),
        Input::View { view, to } if to.is_empty() => format!("you announce view {}", view.epoch),
        Input::View { view, to } => format!("you announce view {} to {}", view.epoch, group(to)),
        Input::Lost(shard) => format!("you declare shard {shard} lost"),
        Input::Fill(keys) => format!("you have {keys} keys put"),
        Input::PacketLoss(loss) => format!("you have {}", packet_loss_words(*loss)),
        Input::Message { fate: Fate::Hold, .. } | Input::Hold(_) => String::from("you hold messages"),
        Input::Message { fate: Fate::Release, .. } | Input::Release(_) => String::from("you release messages"),
        Input::Message { fate: Fate::Duplicate, .. } => String::from("you send a copy of a message"),
        Input::Message { fate: Fate::Deliver, .. } => String::from("you deliver a message by hand"),
        Input::LinksEverywhere(_) | Input::LinksBetween(..) => String::from("you change how links treat messages"),
        // The crash, the loss, the timer, the call and the subscription speak for themselves.
        Input::Call { .. }
        | Input::Watch { .. }
        | Input::Crash(_)
        | Input::Restart(_)
        | Input::Fire { .. }
        | Input::Message { fate: Fate::Drop, .. }
        | Input::DropNext(_) => return None,
    })
}
