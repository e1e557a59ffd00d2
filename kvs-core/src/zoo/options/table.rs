//! The table of all options: what each is called, what it may be, and where it is kept.

use super::primary_backup::backup_mut;
use super::row::{Access, CLIENTS, CLUSTER, DISKS, GOSSIP, LINKS, ORDER, SAFETY, count, option, span, when};
use super::{Kind, OptionSpec, OptionValue};
use crate::disk::{CrashFate, Honesty};
use crate::ordering::ReadMode;
use crate::replication::gossip::{Contacts, Cooling, Delivery, GossipConfig, Mode, RumorIdentity, Ticks};
use crate::routing::RoutingOptions;
use crate::routing::hash::HashOf;
use crate::routing::map::Placement;
use crate::routing::ring::{PlacedBy, RingOptions};
use crate::server::sharding::{HandoffEnds, Misrouted};
use crate::server::{Pipeline, ReadContext, ReplicatedInto};
use crate::storage::Values;
use crate::zoo::{Architecture, OrderingOptions, ReplicationOptions, Shards, StorageOptions};

fn gossip_mut(architecture: &mut Architecture) -> Option<&mut GossipConfig> {
    match &mut architecture.replication {
        ReplicationOptions::EpidemicGossip(config) => Some(config),
        ReplicationOptions::NoReplication | ReplicationOptions::PrimaryBackup(_) => None,
    }
}

fn reads_mut(architecture: &mut Architecture) -> Option<&mut ReadMode> {
    match &mut architecture.ordering {
        OrderingOptions::Raft(options) => Some(&mut options.reads),
        OrderingOptions::MultiPaxos(config) => Some(&mut config.reads),
        OrderingOptions::Rabia(options) => Some(&mut options.reads),
        OrderingOptions::Arrival | OrderingOptions::Vr(_) => None,
    }
}

/// Whether there is one copy of everything.
fn is_single(architecture: &Architecture) -> bool {
    architecture.storage == StorageOptions::Core && !architecture.is_ordered()
}

/// Whether values are merged.
fn is_merged(architecture: &Architecture) -> bool {
    matches!(architecture.storage, StorageOptions::Lattice(_))
}

/// Whether servers may keep a journal.
fn has_journal_option(architecture: &Architecture) -> bool {
    is_single(architecture) || architecture.sharding.is_some()
}

/// Whether there is a disk to speak of.
fn has_disk(architecture: &Architecture) -> bool {
    has_journal_option(architecture) || architecture.is_ordered() || architecture.versioned().is_some()
}

fn knows_causes(architecture: &Architecture) -> bool {
    architecture.storage == StorageOptions::Lattice(Values::CausalWrapper)
}

fn shards_mut(architecture: &mut Architecture) -> Option<&mut Shards> {
    architecture.sharding.as_mut()
}

fn ring_mut(architecture: &mut Architecture) -> Option<&mut RingOptions> {
    match &mut shards_mut(architecture)?.options.placement {
        Placement::Ring(ring) => Some(ring),
        Placement::Modulo => None,
    }
}

fn ring(architecture: &Architecture) -> Option<&RingOptions> {
    match &architecture.sharding.as_ref()?.options.placement {
        Placement::Ring(ring) => Some(ring),
        Placement::Modulo => None,
    }
}

/// How many servers keep no copy from the beginning: who says who leads, and those that stand by.
fn not_replicas(a: &Architecture) -> u32 {
    let spares = a.raft().map_or(0, |options| options.spares);
    u32::from(a.view_service().is_some()) + spares.min(a.servers)
}

/// How many servers stand by: those of so many shards, or so many of Raft.
const SPARES: Access = (
    |a| match (a.raft(), &a.sharding) {
        (Some(options), _) => Some(OptionValue::Count(options.spares)),
        (None, Some(shards)) => Some(OptionValue::Count(shards.spares)),
        (None, None) => None,
    },
    |a, value| {
        let OptionValue::Count(spares) = value else { return };
        match (&mut a.ordering, &mut a.sharding) {
            (OrderingOptions::Raft(options), _) => {
                a.servers = a.servers.saturating_sub(options.spares) + spares;
                options.spares = spares;
            }
            (_, Some(shards)) => {
                shards.spares = spares;
                a.servers = shards.servers();
            }
            _ => {}
        }
    },
);

/// How many servers keep each key.
const REPLICAS: Access = (
    |a| match (&a.sharding, &a.storage) {
        (_, StorageOptions::Core) if !a.is_ordered() => None,
        (_, StorageOptions::Versioned(_)) => None,
        (None, _) if a.paxos().is_some() => a.paxos().map(|config| OptionValue::Count(config.replicas)),
        (Some(shards), _) => Some(OptionValue::Count(shards.replicas)),
        (None, _) => Some(OptionValue::Count(a.servers - not_replicas(a))),
    },
    |a, value| {
        let OptionValue::Count(replicas) = value else { return };
        match (&mut a.sharding, &mut a.ordering) {
            (Some(shards), _) => {
                shards.replicas = replicas;
                a.servers = shards.servers();
            }
            (None, OrderingOptions::MultiPaxos(config)) => {
                config.replicas = replicas;
                a.servers = config.nodes();
            }
            (None, _) => a.servers = replicas + not_replicas(a),
        }
    },
);

/// Whether what is done is written to disk first.
const JOURNAL: Access = (
    |a| match a.primary_backup() {
        Some(options) => Some(OptionValue::Switch(options.journal)),
        None => when(has_journal_option(a), OptionValue::Switch(a.server.journal)),
    },
    |a, value| {
        let OptionValue::Switch(value) = value else { return };
        match backup_mut(a) {
            Some(options) => options.journal = value,
            None => a.server.journal = value,
        }
    },
);

const ROUTER: Access = (
    |a| {
        let shards = a.sharding.as_ref()?;
        Some(OptionValue::Choice(match shards.options.placement {
            Placement::Modulo => "modulo",
            Placement::Ring(_) => "ring",
        }))
    },
    |a, value| {
        let Some(shards) = shards_mut(a) else { return };
        shards.options.placement = match (value, shards.options.placement) {
            (OptionValue::Choice("modulo"), _) => Placement::Modulo,
            (_, ring @ Placement::Ring(_)) => ring,
            _ => Placement::Ring(RingOptions::default()),
        };
    },
);

/// A row for a number of shards or the like.
macro_rules! shards_field {
    ($field:ident) => {
        (
            |a: &Architecture| a.sharding.as_ref().map(|shards| OptionValue::Count(shards.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(shards), OptionValue::Count(value)) = (&mut a.sharding, value) {
                    shards.$field = value;
                    a.servers = shards.servers();
                }
            },
        )
    };
}

/// A row for a field of the gossip part.
macro_rules! gossip_field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| a.gossip().map(|config| OptionValue::$value(config.$field)),
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
            |a: &Architecture| a.gossip().map(|config| OptionValue::$value(config.certificates.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::$value(value)) = (gossip_mut(a), value) {
                    config.certificates.$field = value;
                }
            },
        )
    };
}

/// The options that a preset sets at once. "Custom" is what they are called when no preset has them, and changes nothing.
const PRESET: Access = (
    |a| {
        let config = a.gossip()?;
        let is_like = |preset: &GossipConfig| with_preset(config, preset) == *config;
        Some(OptionValue::Choice(match () {
            () if is_like(&GossipConfig::small_cluster()) => "small",
            () if is_like(&GossipConfig::large_cluster()) => "large",
            () => "custom",
        }))
    },
    |a, value| {
        let preset = match value {
            OptionValue::Choice("small") => GossipConfig::small_cluster(),
            OptionValue::Choice("large") => GossipConfig::large_cluster(),
            _ => return,
        };
        if let Some(config) = gossip_mut(a) {
            *config = with_preset(config, &preset);
        }
    },
);

fn with_preset(config: &GossipConfig, preset: &GossipConfig) -> GossipConfig {
    GossipConfig {
        gossip_interval: preset.gossip_interval,
        gossip_fanout: preset.gossip_fanout,
        contacts: preset.contacts,
        cooling: preset.cooling,
        tombstone_prob: preset.tombstone_prob,
        ..config.clone()
    }
}

/// Whether death certificates are dropped at all.
const CERTIFICATES: Access = (
    |a| a.gossip().map(|config| OptionValue::Choice(if config.certificates.is_limited { "limited" } else { "kept" })),
    |a, value| {
        if let (Some(config), OptionValue::Choice(name)) = (gossip_mut(a), value) {
            config.certificates.is_limited = name == "limited";
        }
    },
);

/// The options of the sockets and of the world, in the order in which a form shows them.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        CLUSTER,
        "shards",
        "Shards",
        "In how many parts the keys are shared out.",
        count(1, 12),
        shards_field!(shards),
    ),
    option(CLUSTER, "replicas", "Replicas", "How many servers keep a copy.", count(1, 1_000), REPLICAS),
    option(
        CLUSTER,
        "spares",
        "Spares",
        "How many servers of Raft stand by, or for how many more shards: they are in no view at first.",
        count(0, 4),
        SPARES,
    ),
    option(
        CLUSTER,
        "regions",
        "Regions",
        "With several, a key is given to a region first, and to a shard of it then.",
        count(1, Shards::REGIONS_MAX),
        shards_field!(regions),
    ),
    option(
        CLUSTER,
        "router",
        "Keys go to shards",
        "By a ring of virtual nodes; or by the rest of a division, with which nearly all keys move when the number of shards changes.",
        Kind::Choice(&[("ring", "By a hash ring"), ("modulo", "By hash modulo shards")]),
        ROUTER,
    ),
    option(
        CLUSTER,
        "virtual-nodes",
        "Virtual nodes",
        "How many places on the ring each shard has.",
        count(1, 1_000),
        (
            |a| ring(a).map(|ring| OptionValue::Count(ring.virtual_nodes)),
            |a, value| {
                if let (Some(ring), OptionValue::Count(count)) = (ring_mut(a), value) {
                    ring.virtual_nodes = count;
                }
            },
        ),
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
            ("causal", "CausalWrapper: knows its causes"),
            ("joined-clock", "JoinedClock: no lattice"),
        ]),
        choice!(a => values(a), values_mut(a), {
            "mv-register" = Values::MvRegister, "lww" = Values::Lww,
            "lww-wrapper" = Values::LwwWrapper, "dom-pair" = Values::DomPair,
            "causal" = Values::CausalWrapper, "joined-clock" = Values::JoinedClock,
        }),
    ),
    option(
        CLUSTER,
        "routing",
        "Routing",
        "Which replica a client asks when nobody says.",
        Kind::Choice(&[("sticky", "Sticky"), ("round-robin", "Round robin"), ("leader", "Whoever leads")]),
        choice!(a => when(!is_single(a) && a.versioned().is_none(), a.routing), Some(&mut a.routing), {
            "sticky" = RoutingOptions::Sticky, "round-robin" = RoutingOptions::RoundRobin,
            "leader" = RoutingOptions::Leader,
        }),
    ),
    option(
        GOSSIP,
        "preset",
        "Made for",
        "Sets the interval, the fan-out and how rumors go cold, as suits a handful of replicas or hundreds.",
        Kind::Choice(&[
            ("custom", "No size in particular"),
            ("small", "A small cluster"),
            ("large", "A large cluster"),
        ]),
        PRESET,
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
        choice!(a => a.gossip().map(|config| config.mode), gossip_mut(a).map(|config| &mut config.mode), {
            "push" = Mode::Push, "pull" = Mode::Pull, "push-pull" = Mode::PushPull,
        }),
    ),
    option(
        GOSSIP,
        "ticks",
        "Replicas gossip",
        "Each at a time of its own; or all at once, in cycles, as the paper counts.",
        Kind::Choice(&[("apart", "Each by itself"), ("together", "In cycles")]),
        choice!(a => a.gossip().map(|config| config.ticks), gossip_mut(a).map(|config| &mut config.ticks), {
            "apart" = Ticks::Apart, "together" = Ticks::Together,
        }),
    ),
    option(
        GOSSIP,
        "contacts",
        "What cools a rumor",
        "Feedback: telling somebody who knew already. Blind: telling anybody.",
        Kind::Choice(&[("feedback", "Feedback"), ("blind", "Blind")]),
        choice!(a => a.gossip().map(|config| config.contacts), gossip_mut(a).map(|config| &mut config.contacts), {
            "feedback" = Contacts::Feedback, "blind" = Contacts::Blind,
        }),
    ),
    option(
        GOSSIP,
        "cooling",
        "How it goes cold",
        "After a number of such contacts, or by the toss of a coin at each.",
        Kind::Choice(&[("counter", "Counter"), ("coin", "Coin")]),
        choice!(a => a.gossip().map(|config| config.cooling), gossip_mut(a).map(|config| &mut config.cooling), {
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
        choice!(a => a.gossip().map(|config| config.delivery), gossip_mut(a).map(|config| &mut config.delivery), {
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
        ORDER,
        "reads",
        "Reads",
        "Log: a read gets a slot. Read index: the leader asks whether it still leads. Lease: others promise to follow nobody else for a \
         while. Quorum: a majority is asked for its newest slot. Local: whoever is asked answers from what is there, which may be old.",
        Kind::Choice(&[
            ("log", "By the log"),
            ("read-index", "Read index"),
            ("lease", "Lease"),
            ("quorum", "Quorum"),
            ("local", "Local: may be old"),
        ]),
        choice!(a => a.reads(), reads_mut(a), {
            "log" = ReadMode::Log, "read-index" = ReadMode::ReadIndex, "lease" = ReadMode::Lease,
            "quorum" = ReadMode::Quorum, "local" = ReadMode::Local,
        }),
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
        // A version is applied once, whoever asks how often.
        field!(Switch, a => a.versioned().is_none(), a.server.dedupe),
    ),
    option(
        SAFETY,
        "fencing",
        "Fencing",
        "A server refuses keys that are not its own, or not yet.",
        Kind::Switch,
        switch!(a => a.sharding.as_ref().map(|shards| shards.options.fencing),
            shards_mut(a).map(|shards| &mut shards.options.fencing)),
    ),
    option(
        SAFETY,
        "misrouted",
        "Asked for another's key",
        "A server says who keeps it; or passes the request on, and the answer back.",
        Kind::Choice(&[("refused", "Says who keeps it"), ("forwarded", "Passes it on")]),
        choice!(a => a.sharding.as_ref().map(|shards| shards.options.misrouted),
            shards_mut(a).map(|shards| &mut shards.options.misrouted), {
            "refused" = Misrouted::Refused, "forwarded" = Misrouted::Forwarded,
        }),
    ),
    option(
        SAFETY,
        "handoff",
        "Keys handed over",
        "Are kept until their new owners have them; or dropped after a few tries.",
        Kind::Choice(&[("until-acknowledged", "Until acknowledged"), ("a-few-tries", "For a few tries")]),
        choice!(a => a.sharding.as_ref().map(|shards| shards.options.handoff),
            shards_mut(a).map(|shards| &mut shards.options.handoff), {
            "until-acknowledged" = HandoffEnds::WhenAcknowledged, "a-few-tries" = HandoffEnds::AfterRetries,
        }),
    ),
    option(
        SAFETY,
        "ring-mixed",
        "Mixed hashes",
        "The hashes of names are mixed before they become places on the ring.",
        Kind::Switch,
        switch!(a => ring(a).map(|ring| ring.mixes), ring_mut(a).map(|ring| &mut ring.mixes)),
    ),
    option(
        SAFETY,
        "placed-by",
        "Places on the ring",
        "Come from a shard's name, which it keeps; or from its number, which changes when another leaves.",
        Kind::Choice(&[("name", "From the name"), ("ordinal", "From the number")]),
        choice!(a => ring(a).map(|ring| ring.placed_by), ring_mut(a).map(|ring| &mut ring.placed_by), {
            "name" = PlacedBy::Name, "ordinal" = PlacedBy::Ordinal,
        }),
    ),
    option(
        SAFETY,
        "client-hash",
        "Clients hash",
        "The bytes of a key, as servers do; or a text with an end mark, as some libraries do.",
        Kind::Choice(&[("bytes", "Bytes"), ("text", "Text with an end mark")]),
        choice!(a => a.sharding.as_ref().map(|shards| shards.hashed), shards_mut(a).map(|shards| &mut shards.hashed), {
            "bytes" = HashOf::Bytes, "text" = HashOf::Text,
        }),
    ),
    option(
        SAFETY,
        "wait-for-causes",
        "Reads wait",
        "Until the server has what the client has seen.",
        Kind::Switch,
        switch!(a => knows_causes(a).then_some(a.server.causal_reads.wait), Some(&mut a.server.causal_reads.wait)),
    ),
    option(
        SAFETY,
        "closed-get-all",
        "Reads of all keys wait",
        "Until there is what the versions depend on that they would return.",
        Kind::Switch,
        switch!(a => knows_causes(a).then_some(a.server.causal_reads.are_closed),
            Some(&mut a.server.causal_reads.are_closed)),
    ),
    option(
        SAFETY,
        "name-deletions",
        "Deletions have versions",
        "A read of a deleted key says which version that is.",
        Kind::Switch,
        switch!(a => knows_causes(a).then_some(a.server.causal_reads.name_deletions),
            Some(&mut a.server.causal_reads.name_deletions)),
    ),
    option(SAFETY, "journal", "Journal", "Write operations to disk before they count.", Kind::Switch, JOURNAL),
    option(
        SAFETY,
        "sync-before-reply",
        "Sync before reply",
        "With a journal: answer only when the disk has it.",
        Kind::Switch,
        field!(Switch, a => has_journal_option(a), a.server.sync_before_reply),
    ),
    option(
        SAFETY,
        "pipeline",
        "Pipeline",
        "Sequential: reads and writes in order of arrival. Split: reads come from a snapshot.",
        Kind::Choice(&[("sequential", "Sequential"), ("split", "Split")]),
        choice!(a => when(is_single(a), a.server.pipeline), Some(&mut a.server.pipeline), {
            "sequential" = Pipeline::Sequential, "split" = Pipeline::Split,
        }),
    ),
    option(
        SAFETY,
        "new-incarnation",
        "New name after a crash",
        "A replica that lost its memory numbers its writes under a new name.",
        Kind::Switch,
        field!(Switch, a => is_merged(a), a.server.new_incarnation),
    ),
    option(
        SAFETY,
        "rumor-identity",
        "A rumor is",
        "A new version of a key is a new rumor; or only a new key is.",
        Kind::Choice(&[("version", "Key and version"), ("key", "Key only")]),
        choice!(a => a.gossip().map(|config| config.rumor_identity), gossip_mut(a).map(|config| &mut config.rumor_identity), {
            "version" = RumorIdentity::KeyAndVersion, "key" = RumorIdentity::KeyOnly,
        }),
    ),
    option(
        SAFETY,
        "replicated-into",
        "Gossip goes into",
        "The store that answers reads; or a second one that nobody reads.",
        Kind::Choice(&[("store", "The store"), ("second-store", "A second store")]),
        choice!(a => when(is_merged(a), a.server.replicated_into), Some(&mut a.server.replicated_into), {
            "store" = ReplicatedInto::Store, "second-store" = ReplicatedInto::SecondStore,
        }),
    ),
    option(
        CLIENTS,
        "read-context",
        "A write knows",
        "What its client has read of the key, or of versions that know their causes all that it has seen; only the last of it; or nothing.",
        Kind::Choice(&[("carried", "What was read"), ("nearest", "What was read last"), ("blind", "Nothing")]),
        choice!(a => when(is_merged(a), a.client.read_context), Some(&mut a.client.read_context), {
            "carried" = ReadContext::Carried, "nearest" = ReadContext::Nearest, "blind" = ReadContext::Blind,
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
        choice!(a => when(has_disk(a), a.disks.honesty), Some(&mut a.disks.honesty), {
            "honest" = Honesty::Honest, "lying" = Honesty::Lying,
        }),
    ),
    option(
        DISKS,
        "crash-fate",
        "A crash leaves unsynced writes",
        "Dropped, kept by luck, torn in the middle, or any of them there and any not, in whatever order the disk wrote them.",
        Kind::Choice(&[("dropped", "Dropped"), ("kept", "Kept"), ("torn", "Torn"), ("reordered", "Reordered")]),
        choice!(a => when(has_disk(a), a.disks.crash_fate), Some(&mut a.disks.crash_fate), {
            "dropped" = CrashFate::Dropped, "kept" = CrashFate::Kept, "torn" = CrashFate::Torn,
            "reordered" = CrashFate::Reordered,
        }),
    ),
    option(
        DISKS,
        "sync-latency",
        "A sync takes",
        "How long until synced writes are safe.",
        span(0, 10_000),
        field!(Span, a => has_disk(a), a.disks.sync_latency),
    ),
    option(
        DISKS,
        "write-back",
        "Unsynced writes wait",
        "After how long they reach the disk by themselves.",
        span(1, 60_000),
        field!(Span, a => has_disk(a), a.disks.write_back),
    ),
];

fn values(architecture: &Architecture) -> Option<Values> {
    match architecture.storage {
        StorageOptions::Lattice(values) => Some(values),
        StorageOptions::Core | StorageOptions::Smr(_) | StorageOptions::Versioned(_) => None,
    }
}

fn values_mut(architecture: &mut Architecture) -> Option<&mut Values> {
    match &mut architecture.storage {
        StorageOptions::Lattice(values) => Some(values),
        StorageOptions::Core | StorageOptions::Smr(_) | StorageOptions::Versioned(_) => None,
    }
}
