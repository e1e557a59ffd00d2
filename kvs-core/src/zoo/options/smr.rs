//! The options of the store that executes commands in one order.

use alloc::string::String;

use super::row::{Access, SAFETY, STORE, count, option};
use super::{Kind, OptionSpec, OptionValue};
use crate::ordering::ReadMode;
use crate::storage::smr::{Batches, Dates, Eviction, Expiry, KVStoreConfig, Touch};
use crate::time::Span;
use crate::zoo::{Architecture, StorageOptions};

fn smr_mut(architecture: &mut Architecture) -> Option<&mut KVStoreConfig> {
    match &mut architecture.storage {
        StorageOptions::Smr(config) => Some(config),
        StorageOptions::Core | StorageOptions::Lattice(_) | StorageOptions::Versioned(_) => None,
    }
}

/// A row for a plain field of the store.
macro_rules! smr_field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| a.smr().map(|config| OptionValue::$value(config.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::$value(value)) = (smr_mut(a), value) {
                    config.$field = value;
                }
            },
        )
    };
}

/// A row for a limit.
macro_rules! limit {
    ($field:ident) => {{
        const ACCESS: Access = (
            |a: &Architecture| {
                a.smr().map(|config| OptionValue::Count(u32::try_from(config.$field).unwrap_or(u32::MAX)))
            },
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::Count(value)) = (smr_mut(a), value) {
                    config.$field = u64::from(value);
                }
            },
        );
        ACCESS
    }};
}

/// All of them.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        STORE,
        "max-entries",
        "Keys at most",
        "Under how many keys something may be kept. What does not fit is refused, or something else is dropped.",
        count(1, 1_000_000),
        limit!(max_entries),
    ),
    option(
        STORE,
        "max-memory",
        "Bytes at most",
        "How much room all entries may take: the bytes of key and value, and 48 for each. It is counted, not measured, so that all replicas \
         refuse alike.",
        count(64, 16_777_216),
        limit!(max_memory_bytes),
    ),
    option(STORE, "max-key", "Bytes of a key", "How long a key may be.", count(1, 256), limit!(max_key_bytes)),
    option(
        STORE,
        "max-value",
        "Bytes of a value",
        "How long a value may be.",
        count(1, 1_024),
        limit!(max_value_bytes),
    ),
    option(
        STORE,
        "eviction",
        "When it is full",
        "What is dropped to make room, if anything is. It is decided in a slot, so all replicas drop the same.",
        Kind::Choice(&[
            ("none", "It refuses"),
            ("oldest-write", "The oldest write goes"),
            ("lru", "What was not used for longest goes"),
        ]),
        choice!(a => a.smr().map(|config| config.eviction), smr_mut(a).map(|config| &mut config.eviction), {
            "none" = Eviction::None, "oldest-write" = Eviction::OldestWrite, "lru" = Eviction::LruLogged,
        }),
    ),
    option(
        STORE,
        "expiration",
        "Values for a time",
        "A put may say for how long. If not, all values stay until they are replaced.",
        Kind::Switch,
        smr_field!(Switch, key_expiration_enabled),
    ),
    option(
        STORE,
        "notifications",
        "Notifications",
        "Clients may subscribe to changes.",
        Kind::Switch,
        smr_field!(Switch, enable_notifications),
    ),
    option(
        STORE,
        "notification-buffer",
        "Changes that wait",
        "How many changes wait for a slow subscriber. The oldest give way, and it is told how many.",
        count(1, 1_000),
        smr_field!(Count, notification_buffer_size),
    ),
    option(
        STORE,
        "snapshot-every",
        "Snapshot every",
        "After how many slots a replica writes a snapshot and drops the decisions that most of them have.",
        count(1, 1_000),
        smr_field!(Count, snapshot_every),
    ),
    option(
        STORE,
        "snapshot-compression",
        "Compressed snapshots",
        "Snapshots take less room on disks and links.",
        Kind::Switch,
        smr_field!(Switch, snapshot_compression),
    ),
    option(
        STORE,
        "metrics",
        "Metrics",
        "Each replica counts what it does; a look inside shows it.",
        Kind::Switch,
        smr_field!(Switch, metrics_enabled),
    ),
    option(
        SAFETY,
        "expiry",
        "A value's time is up",
        "By the time of the log, which all replicas share; or by each replica's own clock, and then they come to differ.",
        Kind::Choice(&[("log", "By the log"), ("local", "By the own clock")]),
        choice!(a => a.smr().map(|config| config.expiry), smr_mut(a).map(|config| &mut config.expiry), {
            "log" = Expiry::Log, "local" = Expiry::Local,
        }),
    ),
    option(
        SAFETY,
        "touches",
        "Reads that count as a use",
        "Those in the log; or those as well that one replica answers by itself, and then they come to differ.",
        Kind::Choice(&[("logged", "Those in the log"), ("local", "All")]),
        choice!(a => a.smr().map(|config| config.touch), smr_mut(a).map(|config| &mut config.touch), {
            "logged" = Touch::Logged, "local" = Touch::Local,
        }),
    ),
    option(
        SAFETY,
        "dates",
        "Dates in the state",
        "By the time of the log, which all replicas share; or by each replica's own clock, and then they come to differ.",
        Kind::Choice(&[("log", "By the log"), ("local", "By the own clock")]),
        choice!(a => a.smr().map(|config| config.dates), smr_mut(a).map(|config| &mut config.dates), {
            "log" = Dates::Log, "local" = Dates::Local,
        }),
    ),
    option(
        SAFETY,
        "batches",
        "A batch with a mistake",
        "None of it is done; or it stops there, and what came before stays.",
        Kind::Choice(&[("atomic", "Is taken back"), ("stop-at-error", "Stops there")]),
        choice!(a => a.smr().map(|config| config.batches), smr_mut(a).map(|config| &mut config.batches), {
            "atomic" = Batches::Atomic, "stop-at-error" = Batches::StopAtError,
        }),
    ),
];

/// What does not go together, in one sentence.
pub(super) fn contradiction(architecture: &Architecture) -> Option<String> {
    let sentence = |text: &str| Some(String::from(text));
    let rabia = architecture.rabia();
    if rabia.is_some_and(|options| !matches!(options.reads, ReadMode::Log | ReadMode::Local)) {
        return sentence("nobody leads and nobody has a lease: reads are log or local");
    }
    let config = architecture.smr()?;
    let expires = config.key_expiration_enabled;
    if !expires && config.expiry == Expiry::Local {
        return sentence("no value's time is ever up, by no clock: expiry=local needs expiration=on");
    }
    if !expires && rabia.is_some_and(|options| options.tick_every > Span::ZERO) {
        return sentence("no value's time is ever up, so there is nothing to look for: tick-every needs expiration=on");
    }
    if config.touch == Touch::Local && config.eviction != Eviction::LruLogged {
        return sentence(
            "uses count only if what was not used for longest goes first: touches=local needs eviction=lru",
        );
    }
    if config.touch == Touch::Local && architecture.reads() != Some(ReadMode::Local) {
        return sentence("no replica answers a read by itself: touches=local needs reads=local");
    }
    None
}
