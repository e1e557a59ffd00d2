//! Epidemic replication: direct mail, rumor mongering and anti-entropy.
//!
//! Demers et al., *Epidemic Algorithms for Replicated Database Maintenance*, PODC 1987: direct mail (section 1.2), anti-entropy
//! (1.3), complex epidemics (1.4), death certificates (2).
//!
//! **Promise**: with anti-entropy on, links that are not cut for ever and values that are a lattice, replicas that run for long
//! enough without new writes become equal. Rumor mongering alone is fast and quiet, and may miss a replica for good.
//! What it does not do: keep a write that only one replica knew when that replica crashed; order writes of different keys, unless
//! [`Delivery::Causal`] is chosen.

mod anti_entropy;
mod causal;
mod certificates;
mod peers;
mod rumor;

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use self::peers::Peers;
use crate::choice::Probability;
use crate::lattice::{ReplicaId, VectorClock};
use crate::op::Key;
use crate::process::{Context, Event, Mark, NodeId, Process};
use crate::storage::{LatticeKVSCore, Stored};
use crate::time::Span;

pub use anti_entropy::{Digest, Want};
pub use causal::{Delivery, Updates};
pub use certificates::{AWAKENED, Certificates, DROPPED, Dormant};
pub use rumor::{Rumor, RumorId, RumorState, Rumors, SinceTick};

/// How a replica spreads what it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GossipConfig {
    /// Send every change to everybody at once.
    pub direct_mail: bool,
    /// Spread changes as rumors.
    pub rumor_mongering: bool,
    /// How often a replica spreads its rumors.
    pub gossip_interval: Span,
    /// To how many others each time.
    pub gossip_fanout: u32,
    /// Who asks whom.
    pub mode: Mode,
    /// Whether all replicas do it at the same time.
    pub ticks: Ticks,
    /// Which contacts make a rumor cool.
    pub contacts: Contacts,
    /// How a rumor goes cold.
    pub cooling: Cooling,
    /// How many contacts a rumor survives less one, with [`Cooling::Counter`].
    pub counter_limit: u32,
    /// How likely a contact makes a rumor go cold, with [`Cooling::Coin`]. The seed's name; it deletes no data.
    pub tombstone_prob: Probability,
    /// What makes a rumor new.
    pub rumor_identity: RumorIdentity,
    /// Compare whole stores with somebody from time to time.
    pub anti_entropy: bool,
    /// How often.
    pub anti_entropy_interval: Span,
    /// How long what a deleted key leaves behind is kept.
    pub certificates: Certificates,
    /// When a replica takes in what others tell it.
    pub delivery: Delivery,
    /// With [`Delivery::Causal`]: whether an update waits for those of other replicas that it depends on.
    pub heeds_causes: bool,
}

impl Default for GossipConfig {
    fn default() -> Self {
        Self {
            direct_mail: false,
            rumor_mongering: true,
            gossip_interval: Span::from_ms(500),
            gossip_fanout: 1,
            mode: Mode::Push,
            ticks: Ticks::Apart,
            contacts: Contacts::Feedback,
            cooling: Cooling::Counter,
            counter_limit: 2,
            tombstone_prob: Probability::from_percent(50),
            rumor_identity: RumorIdentity::KeyAndVersion,
            anti_entropy: true,
            anti_entropy_interval: Span::from_secs(3),
            certificates: Certificates::default(),
            delivery: Delivery::default(),
            heeds_causes: true,
        }
    }
}

impl GossipConfig {
    /// For a handful of replicas: quick, and generous with messages.
    pub fn small_cluster() -> Self {
        Self {
            gossip_interval: Span::from_ms(500),
            gossip_fanout: 2,
            contacts: Contacts::Blind,
            cooling: Cooling::Coin,
            tombstone_prob: Probability::from_percent(5),
            ..Self::default()
        }
    }

    /// For hundreds of replicas: each tells many, seldom.
    pub fn large_cluster() -> Self {
        Self {
            gossip_interval: Span::from_secs(2),
            gossip_fanout: 5,
            contacts: Contacts::Blind,
            cooling: Cooling::Coin,
            tombstone_prob: Probability::from_percent(20),
            ..Self::default()
        }
    }
}

/// Who asks whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Who has a rumor tells it.
    #[default]
    Push,
    /// Who wants one asks, even when there is none.
    Pull,
    /// Both sides of a contact tell each other.
    PushPull,
}

/// When replicas gossip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ticks {
    /// Each at a phase of its own.
    #[default]
    Apart,
    /// All at once, in cycles; whether a contact was needed is judged by what was known when the cycle began. That is how the paper
    /// counts, and what its tables are about; the latency must be shorter than a cycle.
    Together,
}

/// Which contacts make a rumor cool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contacts {
    /// Those with a replica that knew already; it says so.
    #[default]
    Feedback,
    /// All of them; nobody answers.
    Blind,
}

/// How a rumor goes cold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cooling {
    /// After so many such contacts, in a row where there is feedback.
    #[default]
    Counter,
    /// With some probability at each.
    Coin,
}

/// What makes a rumor new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RumorIdentity {
    /// A new version of a key is a new rumor.
    #[default]
    KeyAndVersion,
    /// Only a new key is: once cold, a key is cold for ever.
    KeyOnly,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The rumor it spreads as; anti-entropy and mail give it version 0.
    pub id: RumorId,
    /// What the sender keeps under the key; of an update, what its origin kept.
    pub value: Arc<Stored>,
    /// What an update depends on.
    pub deps: Option<Arc<VectorClock>>,
}

/// A rumor that somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The rumor.
    pub id: RumorId,
    /// Whether it was news.
    pub needed: bool,
}

/// What replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A change, straight from the replica where it was made.
    Mail {
        /// The change.
        items: Arc<[Item]>,
    },
    /// Everything that is hot at the sender.
    Rumor {
        /// The sender's round.
        round: u32,
        /// What is hot.
        items: Arc<[Item]>,
    },
    /// Which of the rumors were news.
    RumorAck {
        /// The round they came in.
        round: u32,
        /// All of them.
        heard: Box<[Heard]>,
    },
    /// What the sender keeps, as fingerprints.
    AeSyn {
        /// The fingerprints.
        digest: Digest,
    },
    /// What the receiver of a digest has and its sender lacks, and the other way round.
    AeReply {
        /// What differs.
        items: Arc<[Item]>,
        /// What the sender of this would like to see.
        want: Want,
    },
    /// What was wanted.
    AeFin {
        /// The items.
        items: Arc<[Item]>,
    },
    /// The sender would like to hear what is hot.
    PullReq {
        /// The sender's round.
        round: u32,
    },
    /// What is hot.
    PullResp {
        /// The round of the request.
        round: u32,
        /// What is hot.
        items: Arc<[Item]>,
    },
}

impl Item {
    /// A value, outside of any rumor.
    pub fn of(key: &Key, value: &Arc<Stored>) -> Self {
        Self { id: RumorId { key: key.clone(), dot: None, version: 0 }, value: value.clone(), deps: None }
    }
}

impl Message {
    /// The same message, bringing something else.
    pub fn with_items(self, others: Arc<[Item]>) -> Self {
        match self {
            Self::Mail { .. } => Self::Mail { items: others },
            Self::Rumor { round, .. } => Self::Rumor { round, items: others },
            Self::PullResp { round, .. } => Self::PullResp { round, items: others },
            Self::AeReply { want, .. } => Self::AeReply { items: others, want },
            Self::AeFin { .. } => Self::AeFin { items: others },
            Self::RumorAck { .. } | Self::AeSyn { .. } | Self::PullReq { .. } => self,
        }
    }

    /// The keys and values that it brings.
    pub fn items(&self) -> &[Item] {
        match self {
            Self::Mail { items }
            | Self::Rumor { items, .. }
            | Self::PullResp { items, .. }
            | Self::AeReply { items, .. }
            | Self::AeFin { items } => items,
            Self::RumorAck { .. } | Self::AeSyn { .. } | Self::PullReq { .. } => &[],
        }
    }
}

/// Why a replica wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// To spread rumors.
    GossipTick,
    /// To compare stores with somebody.
    AeTick,
    /// To drop death certificates that are old enough.
    DcSweep,
}

/// A rumor went cold here.
pub const COOLED: Mark = Mark("rumor went cold");
/// An update has come before its causes.
pub const WAITING: Mark = Mark("update waits for its causes");
/// Anti-entropy found a difference.
pub const DIFFERENCE_FOUND: Mark = Mark("anti-entropy found a difference");

/// The part of a server that spreads what it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpidemicGossip {
    #[serde(skip)]
    config: Arc<GossipConfig>,
    #[serde(skip)]
    peers: Peers,
    round: u32,
    rumors: Rumors,
    dormant: Dormant,
    /// With [`Delivery::Causal`].
    updates: Option<Box<Updates>>,
    /// Unless it only pushes, or hears in cycles: what has happened since its last tick.
    tick: Option<Box<SinceTick>>,
}

impl EpidemicGossip {
    /// One of these replicas.
    pub fn new(config: Arc<GossipConfig>, replicas: Arc<[NodeId]>, me: NodeId) -> Self {
        let peers = Peers::new(replicas, me);
        let updates = (config.delivery == Delivery::Causal).then(Box::default);
        let remembers = config.mode != Mode::Push || config.ticks == Ticks::Together;
        let tick = remembers.then(Box::default);
        Self { config, peers, round: 0, rumors: Rumors::default(), dormant: Dormant::default(), updates, tick }
    }

    /// Gossips with these replicas from now on.
    pub fn meet(&mut self, replicas: Arc<[NodeId]>, me: NodeId) {
        self.peers = Peers::new(replicas, me);
    }

    /// Whether it gossips with a replica, or is that replica.
    pub fn meets(&self, node: NodeId) -> bool {
        self.peers.includes(node)
    }

    /// Its rumors.
    pub fn rumors(&self) -> &Rumors {
        &self.rumors
    }

    /// Its updates, with [`Delivery::Causal`].
    pub fn updates(&self) -> Option<&Updates> {
        self.updates.as_deref()
    }

    /// How much is told as rumors.
    pub fn hot(&self) -> usize {
        self.updates().map_or(self.rumors.infective() as usize, Updates::hot)
    }

    /// The death certificates that it keeps asleep.
    pub fn dormant(&self) -> &Dormant {
        &self.dormant
    }

    /// Handles an event that concerns replication.
    pub fn step<P>(&mut self, event: Event<Message, Timer>, store: &mut LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match event {
            Event::Boot => self.on_boot(cx),
            Event::Timer(Timer::GossipTick) => self.on_gossip_tick(store, cx),
            Event::Timer(Timer::AeTick) => self.on_ae_tick(store, cx),
            Event::Timer(Timer::DcSweep) => self.on_dc_sweep(store, cx),
            Event::Receive { from, message } => match message {
                Message::Mail { items } | Message::AeFin { items } => self.on_items(&items, store, cx),
                Message::Rumor { round, items } => {
                    self.on_rumor(from, round, &items, store, cx);
                    self.answer_rumor(from, round, &items, store, cx);
                }
                Message::PullReq { round } => self.on_pull_req(from, round, store, cx),
                Message::PullResp { round, items } => self.on_rumor(from, round, &items, store, cx),
                Message::RumorAck { heard, .. } => self.on_rumor_ack(&heard, cx),
                Message::AeSyn { digest } => self.on_ae_syn(from, &digest, store, cx),
                Message::AeReply { items, want } => self.on_ae_reply(from, &items, &want, store, cx),
            },
        }
    }

    /// Each replica ticks at its own phase, so that they do not all speak at once.
    fn on_boot<P>(&mut self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let mut start = |timer: Timer, interval: Span| {
            let interval_us = u32::try_from(interval.as_us()).unwrap_or(u32::MAX);
            let phase = Span::from_us(u64::from(cx.choose(interval_us)));
            cx.set_timer(timer, phase);
        };
        if self.config.rumor_mongering && self.config.ticks == Ticks::Apart {
            start(Timer::GossipTick, self.config.gossip_interval);
        }
        if self.config.anti_entropy {
            start(Timer::AeTick, self.config.anti_entropy_interval);
        }
        if self.config.certificates.is_limited {
            start(Timer::DcSweep, self.config.certificates.sweep_interval());
        }
        if self.config.rumor_mongering && self.config.ticks == Ticks::Together {
            let interval = self.config.gossip_interval.as_us().max(1);
            let into_cycle = cx.now().as_us() % interval;
            cx.set_timer(Timer::GossipTick, Span::from_us(interval - into_cycle));
        }
    }

    /// A client has changed a key here.
    pub fn on_local_change<P>(&mut self, me: ReplicaId, key: &Key, store: &LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let change = match (&mut self.updates, store.get(key)) {
            (Some(updates), Some(value)) => Some(updates.record(me, key, value.clone())),
            _ => item(key, store),
        };
        let Some(change) = change else { return };
        self.kindle(&change.id);
        if self.config.direct_mail {
            let items: Arc<[Item]> = [change].into();
            for peer in self.peers.iter() {
                cx.send(peer, Message::Mail { items: items.clone() });
            }
        }
    }

    /// Takes in an item; if it changes the store, it is a rumor here, too. True if it does.
    fn take_in<P: Process>(&mut self, item: &Item, store: &mut LatticeKVSCore, cx: &mut Context<'_, P>) -> bool {
        if let Some(updates) = &mut self.updates {
            let is_news = updates.take_in(item);
            if is_news {
                self.deliver(store, cx);
            }
            return is_news;
        }
        if self.config.certificates.is_limited && !self.admits(item, store, cx) {
            return false;
        }
        let is_news = store.merge(&item.id.key, &item.value);
        if is_news {
            self.kindle(&item.id);
        }
        is_news
    }

    /// Applies the updates whose causes have come.
    fn deliver<P: Process>(&mut self, store: &mut LatticeKVSCore, cx: &mut Context<'_, P>) {
        let Some(updates) = &mut self.updates else { return };
        let delivered = updates.deliver(store, self.config.heeds_causes);
        if self.config.rumor_mongering {
            delivered.iter().for_each(|dot| updates.kindle(*dot));
        }
        if delivered.is_empty() && updates.waiting() > 0 {
            cx.mark(WAITING, updates.waiting() as u64);
        }
    }

    fn on_items<P: Process>(&mut self, items: &[Item], store: &mut LatticeKVSCore, cx: &mut Context<'_, P>) {
        for item in items {
            self.take_in(item, store, cx);
        }
    }

    fn kindle(&mut self, id: &RumorId) {
        if !self.config.rumor_mongering {
            return;
        }
        match (&mut self.updates, id.dot) {
            (Some(updates), Some(dot)) => updates.kindle(dot),
            _ => self.rumors.kindle(&id.key, self.config.rumor_identity),
        }
    }
}

/// What a store keeps under a key, outside of any rumor.
fn item(key: &Key, store: &LatticeKVSCore) -> Option<Item> {
    store.get(key).map(|value| Item::of(key, value))
}
