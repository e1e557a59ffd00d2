//! What a reader may turn, as one table: the page's form, the share link, the schedule and the examples all use it.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Animal, Architecture, Names, ReplicationOptions, StorageOptions, catalog};
use crate::choice::Probability;
use crate::disk::{CrashFate, Honesty};
use crate::replication::gossip::{Contacts, Cooling, Delivery, GossipConfig, Mode, RumorIdentity, Ticks};
use crate::routing::RoutingOptions;
use crate::server::{Pipeline, ReadContext, ReplicatedInto};
use crate::storage::Values;
use crate::time::Span;

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// What links and schedules call it.
    pub name: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// The heading it stands under.
    pub group: &'static str,
    /// One sentence: what it does.
    pub help: &'static str,
    /// What it may be.
    pub kind: Kind,
    get: fn(&Architecture) -> Option<OptionValue>,
    set: fn(&mut Architecture, OptionValue),
}

/// What an option may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Count {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// A span of time, such as `20ms`.
    Span {
        /// The shortest.
        min: Span,
        /// The longest.
        max: Span,
    },
    /// A probability, such as `2.5%`.
    Percent,
    /// `on` or `off`.
    Switch,
    /// One of several names, each with what the page calls it.
    Choice(&'static [(&'static str, &'static str)]),
}

/// What an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// See [`Kind::Count`].
    Count(u32),
    /// See [`Kind::Span`].
    Span(Span),
    /// See [`Kind::Percent`].
    Percent(Probability),
    /// See [`Kind::Switch`].
    Switch(bool),
    /// See [`Kind::Choice`].
    Choice(&'static str),
}

/// Why an option was refused. The architecture is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is none of this name.
    #[error("there is no option `{0}`")]
    Unknown(String),
    /// There is one, but not here.
    #[error("the option `{name}` does not apply to the {animal} store")]
    DoesNotApply {
        /// The option.
        name: &'static str,
        /// The store.
        animal: &'static str,
    },
    /// It cannot be that.
    #[error("`{name}` must be {expected}, not `{got}`")]
    BadValue {
        /// The option.
        name: &'static str,
        /// What it may be.
        expected: String,
        /// What it was to be.
        got: String,
    },
    /// Two options contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Span { min, max } => {
                write!(f, "a time from {min} to {max}, such as 20ms or 1.5s")
            }
            Self::Percent => f.write_str("a percentage from 0% to 100%"),
            Self::Switch => f.write_str("on or off"),
            Self::Choice(names) => {
                for (place, (name, _)) in names.iter().enumerate() {
                    let glue = match place {
                        0 => "",
                        _ if place + 1 == names.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{glue}{name}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Span(span) => span.fmt(f),
            Self::Percent(probability) => write_percent(f, *probability),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Choice(name) => f.write_str(name),
        }
    }
}

fn write_percent(f: &mut fmt::Formatter<'_>, probability: Probability) -> fmt::Result {
    let (whole, rest) = (probability.as_ppm() / 10_000, probability.as_ppm() % 10_000);
    let decimals = format!("{rest:04}");
    match decimals.trim_end_matches('0') {
        "" => write!(f, "{whole}%"),
        decimals => write!(f, "{whole}.{decimals}%"),
    }
}

impl Kind {
    /// Reads a value of this kind.
    pub fn parse(self, text: &str) -> Option<OptionValue> {
        let text = text.trim();
        match self {
            Self::Count { min, max } => {
                text.parse().ok().filter(|count| (min..=max).contains(count)).map(OptionValue::Count)
            }
            Self::Span { min, max } => {
                parse_span(text).filter(|span| (min..=max).contains(span)).map(OptionValue::Span)
            }
            Self::Percent => {
                let ppm = parse_decimal(text.strip_suffix('%')?.trim_end(), 10_000)?;
                u32::try_from(ppm)
                    .ok()
                    .filter(|&ppm| ppm <= 1_000_000)
                    .map(|ppm| OptionValue::Percent(Probability::from_ppm(ppm)))
            }
            Self::Switch => match text {
                "on" => Some(OptionValue::Switch(true)),
                "off" => Some(OptionValue::Switch(false)),
                _ => None,
            },
            Self::Choice(names) => names
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(text))
                .map(|(name, _)| OptionValue::Choice(name)),
        }
    }
}

/// Reads a span such as `1.5s`, `20ms`, `7us` or `0s`.
pub fn parse_span(text: &str) -> Option<Span> {
    let (number, unit_us) = if let Some(number) = text.strip_suffix("us") {
        (number, 1)
    } else if let Some(number) = text.strip_suffix("ms") {
        (number, 1_000)
    } else {
        (text.strip_suffix('s')?, 1_000_000)
    };
    parse_decimal(number, unit_us).map(Span::from_us)
}

/// Reads a decimal number as a whole number of `1/unit`; None if it has more places than that, or is no number.
fn parse_decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || text.ends_with('.') {
        return None;
    }
    let mut value = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in decimals.trim_end_matches('0').bytes() {
        if !place.is_multiple_of(10) {
            return None;
        }
        place /= 10;
        value = value.checked_add(u64::from(digit - b'0') * place)?;
    }
    Some(value)
}

impl OptionSpec {
    /// The option of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name.eq_ignore_ascii_case(name))
    }

    /// What it is in an architecture; None where it does not apply.
    pub fn get(&self, architecture: &Architecture) -> Option<OptionValue> {
        (self.get)(architecture)
    }
}

impl Architecture {
    /// Sets an option by its name, from text. On an error nothing has changed.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), OptionError> {
        let option = OptionSpec::named(name).ok_or_else(|| OptionError::Unknown(name.to_string()))?;
        if option.get(self).is_none() {
            return Err(OptionError::DoesNotApply { name: option.name, animal: catalog::exhibit_of(self.animal).name });
        }
        let value = option.kind.parse(text).ok_or_else(|| OptionError::BadValue {
            name: option.name,
            expected: option.kind.to_string(),
            got: text.to_string(),
        })?;
        (option.set)(self, value);
        Ok(())
    }

    /// The options in which this differs from its exhibit, with their values.
    pub fn changes(&self) -> impl Iterator<Item = (&'static OptionSpec, OptionValue)> {
        let exhibit = catalog::exhibit_of(self.animal).architecture();
        OPTIONS.iter().filter_map(move |option| {
            let value = option.get(self)?;
            (option.get(&exhibit) != Some(value)).then_some((option, value))
        })
    }

    /// Whether the options go together.
    pub fn validate(&self) -> Result<(), OptionError> {
        let fail = |sentence: String| Err(OptionError::Contradiction(sentence));
        if self.links.latency_min > self.links.latency_max {
            let (min, max) = (self.links.latency_min, self.links.latency_max);
            return fail(format!("the shortest latency ({min}) must not be longer than the longest ({max})"));
        }
        if let ReplicationOptions::EpidemicGossip(gossip) = &self.replication {
            let others = self.servers.saturating_sub(1);
            if gossip.rumor_mongering && gossip.gossip_fanout > others.max(1) {
                let names = Names::new(self);
                let first = names.name(crate::process::NodeId(0));
                return fail(format!(
                    "a fan-out of {} needs that many other replicas, and {first} has {others}",
                    gossip.gossip_fanout
                ));
            }
            if gossip.certificates.is_limited && gossip.delivery == Delivery::Causal {
                return fail(
                    "causal delivery keeps every update, so that deleted keys are not forgotten by and by".into(),
                );
            }
            if gossip.certificates.is_limited && values(self) != Some(Values::Lww) {
                return fail("death certificates are compared by timestamps, which only values=lww has".into());
            }
            let rounds =
                [(gossip.rumor_mongering, gossip.gossip_interval), (gossip.anti_entropy, gossip.anti_entropy_interval)];
            let slowest = rounds.into_iter().filter(|(is_on, _)| *is_on).map(|(_, interval)| interval).max();
            let age = gossip.certificates.age;
            if let Some(round) = slowest.filter(|round| gossip.certificates.is_limited && age < *round) {
                return fail(format!(
                    "a death certificate kept for {age} is gone before one round of gossip ({round}) is over"
                ));
            }
        }
        Ok(())
    }
}

fn gossip(architecture: &Architecture) -> Option<&GossipConfig> {
    match &architecture.replication {
        ReplicationOptions::EpidemicGossip(config) => Some(config),
        ReplicationOptions::NoReplication => None,
    }
}

fn gossip_mut(architecture: &mut Architecture) -> Option<&mut GossipConfig> {
    match &mut architecture.replication {
        ReplicationOptions::EpidemicGossip(config) => Some(config),
        ReplicationOptions::NoReplication => None,
    }
}

fn when<T>(applies: bool, value: T) -> Option<T> {
    applies.then_some(value)
}

fn is_local(architecture: &Architecture) -> bool {
    architecture.animal == Animal::Local
}

/// A row for a plain field: how to find it, and which kind of value it is.
macro_rules! field {
    ($value:ident, $a:ident => $applies:expr, $place:expr) => {
        (
            |$a: &Architecture| when($applies, OptionValue::$value($place)),
            |$a: &mut Architecture, value: OptionValue| {
                if let OptionValue::$value(value) = value {
                    $place = value;
                }
            },
        )
    };
}

/// A row for a field of the gossip part.
macro_rules! gossip_field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| gossip(a).map(|config| OptionValue::$value(config.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::$value(value)) = (gossip_mut(a), value) {
                    config.$field = value;
                }
            },
        )
    };
}

/// A row for a field of the death certificates.
macro_rules! certificates_field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| gossip(a).map(|config| OptionValue::$value(config.certificates.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::$value(value)) = (gossip_mut(a), value) {
                    config.certificates.$field = value;
                }
            },
        )
    };
}

/// Whether death certificates are dropped at all.
const CERTIFICATES: Access = (
    |a| gossip(a).map(|config| OptionValue::Choice(if config.certificates.is_limited { "limited" } else { "kept" })),
    |a, value| {
        if let (Some(config), OptionValue::Choice(name)) = (gossip_mut(a), value) {
            config.certificates.is_limited = name == "limited";
        }
    },
);

/// A row for an enum: its variants and their names.
macro_rules! choice {
    ($a:ident => $get:expr, $set:expr, { $($name:literal = $variant:path),+ $(,)? }) => {
        (
            |$a: &Architecture| $get.map(|value| OptionValue::Choice(match value { $($variant => $name,)+ })),
            |$a: &mut Architecture, value: OptionValue| {
                let OptionValue::Choice(name) = value else { return };
                let variant = match name { $($name => $variant,)+ _ => return };
                if let Some(place) = $set {
                    *place = variant;
                }
            },
        )
    };
}

type Access = (fn(&Architecture) -> Option<OptionValue>, fn(&mut Architecture, OptionValue));

const fn option(
    group: &'static str,
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: Kind,
    (get, set): Access,
) -> OptionSpec {
    OptionSpec { name, label, group, help, kind, get, set }
}

const CLUSTER: &str = "Cluster";
const GOSSIP: &str = "Gossip";
const SAFETY: &str = "Safety";
const CLIENTS: &str = "Clients";
const LINKS: &str = "Links";
const DISKS: &str = "Disks";

const fn count(min: u32, max: u32) -> Kind {
    Kind::Count { min, max }
}

const fn span(min_ms: u64, max_ms: u64) -> Kind {
    Kind::Span { min: Span::from_ms(min_ms), max: Span::from_ms(max_ms) }
}

/// All options, in the order in which a form shows them.
pub const OPTIONS: &[OptionSpec] = &[
    option(
        CLUSTER,
        "replicas",
        "Replicas",
        "How many servers keep a copy.",
        count(1, 1_000),
        field!(Count, a => !is_local(a), a.servers),
    ),
    option(CLUSTER, "clients", "Clients", "How many clients ask.", count(1, 8), field!(Count, a => true, a.clients)),
    option(
        CLUSTER,
        "values",
        "Values",
        "What a replica keeps under a key, and how two values become one.",
        Kind::Choice(&[
            ("mv-register", "MvRegister: siblings"),
            ("lww", "Lww: latest timestamp"),
            ("lww-wrapper", "LwwWrapper: no lattice"),
            ("dom-pair", "DomPair: no lattice"),
        ]),
        choice!(a => values(a), values_mut(a), {
            "mv-register" = Values::MvRegister, "lww" = Values::Lww,
            "lww-wrapper" = Values::LwwWrapper, "dom-pair" = Values::DomPair,
        }),
    ),
    option(
        CLUSTER,
        "routing",
        "Routing",
        "Which replica a client asks when nobody says.",
        Kind::Choice(&[("sticky", "Sticky"), ("round-robin", "Round robin")]),
        choice!(a => when(!is_local(a), a.routing), Some(&mut a.routing), {
            "sticky" = RoutingOptions::Sticky, "round-robin" = RoutingOptions::RoundRobin,
        }),
    ),
    option(
        GOSSIP,
        "direct-mail",
        "Direct mail",
        "Send every change to all others at once.",
        Kind::Switch,
        gossip_field!(Switch, direct_mail),
    ),
    option(
        GOSSIP,
        "rumors",
        "Rumor mongering",
        "Spread changes as rumors.",
        Kind::Switch,
        gossip_field!(Switch, rumor_mongering),
    ),
    option(
        GOSSIP,
        "gossip-interval",
        "Gossip interval",
        "How often a replica spreads its rumors.",
        span(1, 60_000),
        gossip_field!(Span, gossip_interval),
    ),
    option(
        GOSSIP,
        "fanout",
        "Fan-out",
        "To how many others it spreads them each time.",
        count(1, 16),
        gossip_field!(Count, gossip_fanout),
    ),
    option(
        GOSSIP,
        "gossip-mode",
        "Who asks whom",
        "Push: who has a rumor tells it. Pull: who wants one asks. Push-pull: both sides of a contact tell.",
        Kind::Choice(&[("push", "Push"), ("pull", "Pull"), ("push-pull", "Push-pull")]),
        choice!(a => gossip(a).map(|config| config.mode), gossip_mut(a).map(|config| &mut config.mode), {
            "push" = Mode::Push, "pull" = Mode::Pull, "push-pull" = Mode::PushPull,
        }),
    ),
    option(
        GOSSIP,
        "ticks",
        "Replicas gossip",
        "Each at a time of its own; or all at once, in cycles, as the paper counts.",
        Kind::Choice(&[("apart", "Each by itself"), ("together", "In cycles")]),
        choice!(a => gossip(a).map(|config| config.ticks), gossip_mut(a).map(|config| &mut config.ticks), {
            "apart" = Ticks::Apart, "together" = Ticks::Together,
        }),
    ),
    option(
        GOSSIP,
        "contacts",
        "What cools a rumor",
        "Feedback: telling somebody who knew already. Blind: telling anybody.",
        Kind::Choice(&[("feedback", "Feedback"), ("blind", "Blind")]),
        choice!(a => gossip(a).map(|config| config.contacts), gossip_mut(a).map(|config| &mut config.contacts), {
            "feedback" = Contacts::Feedback, "blind" = Contacts::Blind,
        }),
    ),
    option(
        GOSSIP,
        "cooling",
        "How it goes cold",
        "After a number of such contacts, or by the toss of a coin at each.",
        Kind::Choice(&[("counter", "Counter"), ("coin", "Coin")]),
        choice!(a => gossip(a).map(|config| config.cooling), gossip_mut(a).map(|config| &mut config.cooling), {
            "counter" = Cooling::Counter, "coin" = Cooling::Coin,
        }),
    ),
    option(
        GOSSIP,
        "counter-limit",
        "Counter limit",
        "A rumor is cold after this many such contacts.",
        count(1, 10),
        gossip_field!(Count, counter_limit),
    ),
    option(
        GOSSIP,
        "tombstone-prob",
        "Coin",
        "How likely a contact makes a rumor go cold.",
        Kind::Percent,
        gossip_field!(Percent, tombstone_prob),
    ),
    option(
        GOSSIP,
        "anti-entropy",
        "Anti-entropy",
        "Compare whole stores with somebody now and then.",
        Kind::Switch,
        gossip_field!(Switch, anti_entropy),
    ),
    option(
        GOSSIP,
        "anti-entropy-interval",
        "Anti-entropy interval",
        "How often a replica compares stores.",
        span(1, 60_000),
        gossip_field!(Span, anti_entropy_interval),
    ),
    option(
        GOSSIP,
        "delivery",
        "Delivery",
        "Eventual: a change counts when it arrives. Causal: once all that came before it has arrived, too.",
        Kind::Choice(&[("eventual", "Eventual"), ("causal", "Causal")]),
        choice!(a => gossip(a).map(|config| config.delivery), gossip_mut(a).map(|config| &mut config.delivery), {
            "eventual" = Delivery::Eventual, "causal" = Delivery::Causal,
        }),
    ),
    option(
        GOSSIP,
        "certificates",
        "Deleted keys are",
        "Marked as deleted for good; or with a death certificate that is dropped after a while, which needs timestamps (Lww).",
        Kind::Choice(&[("kept", "Marked for good"), ("limited", "Forgotten by and by")]),
        CERTIFICATES,
    ),
    option(
        GOSSIP,
        "certificate-age",
        "Certificates are kept for",
        "How long every replica keeps a death certificate.",
        span(1, 3_600_000),
        certificates_field!(Span, age),
    ),
    option(
        GOSSIP,
        "dormant-age",
        "Then asleep for",
        "How long after that a few replicas keep it, asleep.",
        span(1, 3_600_000),
        certificates_field!(Span, dormant_age),
    ),
    option(
        SAFETY,
        "heed-causes",
        "Updates wait for causes",
        "With causal delivery: an update waits for those of other replicas that its author had seen.",
        Kind::Switch,
        gossip_field!(Switch, heeds_causes),
    ),
    option(
        SAFETY,
        "retention-sites",
        "Kept asleep by",
        "How many replicas these are. With none, whoever was away brings deleted values back.",
        count(0, 16),
        certificates_field!(Count, retention_sites),
    ),
    option(
        SAFETY,
        "dedupe",
        "Remember requests",
        "Answer a repeated request from memory instead of applying it again.",
        Kind::Switch,
        field!(Switch, a => true, a.server.dedupe),
    ),
    option(
        SAFETY,
        "journal",
        "Journal",
        "Write operations to disk before they count.",
        Kind::Switch,
        field!(Switch, a => is_local(a), a.server.journal),
    ),
    option(
        SAFETY,
        "sync-before-reply",
        "Sync before reply",
        "With a journal: answer only when the disk has it.",
        Kind::Switch,
        field!(Switch, a => is_local(a), a.server.sync_before_reply),
    ),
    option(
        SAFETY,
        "pipeline",
        "Pipeline",
        "Sequential: reads and writes in order of arrival. Split: reads come from a snapshot.",
        Kind::Choice(&[("sequential", "Sequential"), ("split", "Split")]),
        choice!(a => when(is_local(a), a.server.pipeline), Some(&mut a.server.pipeline), {
            "sequential" = Pipeline::Sequential, "split" = Pipeline::Split,
        }),
    ),
    option(
        SAFETY,
        "new-incarnation",
        "New name after a crash",
        "A replica that lost its memory numbers its writes under a new name.",
        Kind::Switch,
        field!(Switch, a => !is_local(a), a.server.new_incarnation),
    ),
    option(
        SAFETY,
        "rumor-identity",
        "A rumor is",
        "A new version of a key is a new rumor; or only a new key is.",
        Kind::Choice(&[("version", "Key and version"), ("key", "Key only")]),
        choice!(a => gossip(a).map(|config| config.rumor_identity), gossip_mut(a).map(|config| &mut config.rumor_identity), {
            "version" = RumorIdentity::KeyAndVersion, "key" = RumorIdentity::KeyOnly,
        }),
    ),
    option(
        SAFETY,
        "replicated-into",
        "Gossip goes into",
        "The store that answers reads; or a second one that nobody reads.",
        Kind::Choice(&[("store", "The store"), ("second-store", "A second store")]),
        choice!(a => when(!is_local(a), a.server.replicated_into), Some(&mut a.server.replicated_into), {
            "store" = ReplicatedInto::Store, "second-store" = ReplicatedInto::SecondStore,
        }),
    ),
    option(
        CLIENTS,
        "read-context",
        "A write knows",
        "What its client has read of the key; or nothing.",
        Kind::Choice(&[("carried", "What was read"), ("blind", "Nothing")]),
        choice!(a => when(!is_local(a), a.client.read_context), Some(&mut a.client.read_context), {
            "carried" = ReadContext::Carried, "blind" = ReadContext::Blind,
        }),
    ),
    option(
        CLIENTS,
        "retry-after",
        "Retry after",
        "How long a client waits before it asks again.",
        span(10, 60_000),
        field!(Span, a => true, a.client.retry_after),
    ),
    option(
        CLIENTS,
        "retries",
        "Retries",
        "How often it asks again before it gives up.",
        count(0, 100),
        field!(Count, a => true, a.client.retries),
    ),
    option(
        LINKS,
        "latency-min",
        "Latency from",
        "The shortest time a message takes.",
        span(0, 10_000),
        field!(Span, a => true, a.links.latency_min),
    ),
    option(
        LINKS,
        "latency-max",
        "Latency to",
        "The longest time a message takes.",
        span(0, 10_000),
        field!(Span, a => true, a.links.latency_max),
    ),
    option(
        LINKS,
        "loss",
        "Loss",
        "How likely a message is lost.",
        Kind::Percent,
        field!(Percent, a => true, a.links.loss),
    ),
    option(
        LINKS,
        "duplication",
        "Duplication",
        "How likely a message arrives twice.",
        Kind::Percent,
        field!(Percent, a => true, a.links.duplication),
    ),
    option(
        LINKS,
        "fifo",
        "Keep order",
        "Messages of a link arrive in the order in which they were sent.",
        Kind::Switch,
        field!(Switch, a => true, a.links.fifo),
    ),
    option(
        DISKS,
        "disk",
        "The disk is",
        "Honest: a sync ends when the writes are safe. Lying: it ends at once.",
        Kind::Choice(&[("honest", "Honest"), ("lying", "Lying")]),
        choice!(a => when(is_local(a), a.disks.honesty), Some(&mut a.disks.honesty), {
            "honest" = Honesty::Honest, "lying" = Honesty::Lying,
        }),
    ),
    option(
        DISKS,
        "crash-fate",
        "A crash leaves unsynced writes",
        "Dropped, kept by luck, or torn in the middle.",
        Kind::Choice(&[("dropped", "Dropped"), ("kept", "Kept"), ("torn", "Torn")]),
        choice!(a => when(is_local(a), a.disks.crash_fate), Some(&mut a.disks.crash_fate), {
            "dropped" = CrashFate::Dropped, "kept" = CrashFate::Kept, "torn" = CrashFate::Torn,
        }),
    ),
    option(
        DISKS,
        "sync-latency",
        "A sync takes",
        "How long until synced writes are safe.",
        span(0, 10_000),
        field!(Span, a => is_local(a), a.disks.sync_latency),
    ),
    option(
        DISKS,
        "write-back",
        "Unsynced writes wait",
        "After how long they reach the disk by themselves.",
        span(1, 60_000),
        field!(Span, a => is_local(a), a.disks.write_back),
    ),
];

fn values(architecture: &Architecture) -> Option<Values> {
    match architecture.storage {
        StorageOptions::Lattice(values) => Some(values),
        StorageOptions::Core => None,
    }
}

fn values_mut(architecture: &mut Architecture) -> Option<&mut Values> {
    match &mut architecture.storage {
        StorageOptions::Lattice(values) => Some(values),
        StorageOptions::Core => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_option_prints_it_also_reads_and_means() {
        for exhibit in &catalog::EXHIBITS {
            let mut architecture = exhibit.architecture();
            for option in OPTIONS {
                let Some(value) = option.get(&architecture) else {
                    continue;
                };
                let before = architecture.clone();
                assert_eq!(architecture.set(option.name, &value.to_string()), Ok(()));
                assert_eq!(architecture, before, "{} changed something by being set to what it was", option.name);
                let Kind::Choice(names) = option.kind else {
                    continue;
                };
                for (name, _) in names {
                    assert_eq!(architecture.set(option.name, name), Ok(()));
                    assert_eq!(option.get(&architecture), Some(OptionValue::Choice(name)));
                }
            }
        }
    }

    #[test]
    fn refuses_what_makes_no_sense_in_words() {
        let mut architecture = catalog::EXHIBITS[1].architecture();
        let before = architecture.clone();
        let refusals = [
            ("replicas", "0", "`replicas` must be a number from 1 to 1000, not `0`"),
            ("loss", "200%", "`loss` must be a percentage from 0% to 100%, not `200%`"),
            ("values", "crdt", "`values` must be mv-register, lww, lww-wrapper or dom-pair, not `crdt`"),
            ("journal", "on", "the option `journal` does not apply to the replicated store"),
            ("colour", "red", "there is no option `colour`"),
        ];
        for (name, value, sentence) in refusals {
            assert_eq!(architecture.set(name, value).map_err(|error| error.to_string()), Err(sentence.into()));
        }
        assert_eq!(architecture, before);
        assert_eq!(architecture.set("fanout", "5"), Ok(()));
        assert!(architecture.validate().is_err());
    }

    #[test]
    fn spans_and_percentages_lose_nothing() {
        for text in ["0s", "7us", "1.5ms", "20ms", "1.25s", "60s"] {
            assert_eq!(parse_span(text).map(|span| span.to_string()), Some(text.into()));
        }
        for text in ["", "s", "-1s", "1.s", ".5s", "1.0000001s", "1,5s", "99999999999999999999s"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
        for text in ["0%", "2.5%", "0.0001%", "100%"] {
            assert_eq!(Kind::Percent.parse(text).map(|value| value.to_string()), Some(text.into()));
        }
    }
}
