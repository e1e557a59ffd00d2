//! The rows about values with versions, and the clerks who ask for them.

use super::row::{Access, CLIENTS, CLUSTER, SAFETY, option};
use super::{Kind, OptionSpec, OptionValue};
use crate::server::{ClerkOptions, Create, OnMismatch, Recovery};
use crate::storage::engine::{EmbeddedDbOptions, EngineOptions, FlatFileMode, FlatFileOptions, LineFormat};
use crate::storage::versioned::{Insert, VersionedOptions};
use crate::zoo::{Architecture, StorageOptions};

fn versioned_mut(architecture: &mut Architecture) -> Option<&mut VersionedOptions> {
    match &mut architecture.storage {
        StorageOptions::Versioned(options) => Some(options),
        _ => None,
    }
}

fn clerk(architecture: &Architecture) -> Option<&ClerkOptions> {
    architecture.client.clerk.as_ref()
}

fn clerk_mut(architecture: &mut Architecture) -> Option<&mut ClerkOptions> {
    architecture.client.clerk.as_mut()
}

/// A plain field.
macro_rules! field {
    ($value:ident, $get:expr, $get_mut:expr, $field:ident) => {
        (
            |a: &Architecture| $get(a).map(|options| OptionValue::$value(options.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::$value(value)) = ($get_mut(a), value) {
                    options.$field = value;
                }
            },
        )
    };
}

const ENGINE: Access = (
    |a| {
        Some(OptionValue::Choice(match a.versioned()?.engine {
            EngineOptions::Memory => "memory",
            EngineOptions::FlatFile(_) => "flat-file",
            EngineOptions::Embedded(_) => "embedded",
        }))
    },
    |a, value| {
        let Some(options) = versioned_mut(a) else { return };
        options.engine = match (value, options.engine) {
            (OptionValue::Choice("flat-file"), kept @ EngineOptions::FlatFile(_))
            | (OptionValue::Choice("embedded"), kept @ EngineOptions::Embedded(_)) => kept,
            (OptionValue::Choice("flat-file"), _) => EngineOptions::FlatFile(FlatFileOptions::default()),
            (OptionValue::Choice("embedded"), _) => EngineOptions::Embedded(EmbeddedDbOptions::SMALL),
            _ => EngineOptions::Memory,
        };
    },
);

fn flat_file(architecture: &Architecture) -> Option<&FlatFileOptions> {
    match &architecture.versioned()?.engine {
        EngineOptions::FlatFile(options) => Some(options),
        EngineOptions::Memory | EngineOptions::Embedded(_) => None,
    }
}

fn flat_file_mut(architecture: &mut Architecture) -> Option<&mut FlatFileOptions> {
    match &mut versioned_mut(architecture)?.engine {
        EngineOptions::FlatFile(options) => Some(options),
        EngineOptions::Memory | EngineOptions::Embedded(_) => None,
    }
}

fn embedded(architecture: &Architecture) -> Option<&EmbeddedDbOptions> {
    match &architecture.versioned()?.engine {
        EngineOptions::Embedded(options) => Some(options),
        EngineOptions::Memory | EngineOptions::FlatFile(_) => None,
    }
}

fn embedded_mut(architecture: &mut Architecture) -> Option<&mut EmbeddedDbOptions> {
    match &mut versioned_mut(architecture)?.engine {
        EngineOptions::Embedded(options) => Some(options),
        EngineOptions::Memory | EngineOptions::FlatFile(_) => None,
    }
}

/// All of them, in the order in which a form shows those of a group.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        CLUSTER,
        "engine",
        "Values are kept",
        "In memory: a crash forgets everything. In a flat file, or in an embedded database with a log and sorted tables.",
        Kind::Choice(&[
            ("memory", "In memory"),
            ("flat-file", "In a flat file"),
            ("embedded", "In an embedded database"),
        ]),
        ENGINE,
    ),
    option(
        SAFETY,
        "flat-file",
        "The file is",
        "Replaced by a second one that was synced; added to at its end; or emptied and written anew, which a crash may catch half-way.",
        Kind::Choice(&[
            ("atomic-replace", "Replaced in one step"),
            ("append", "Added to"),
            ("rewrite-in-place", "Rewritten in place"),
        ]),
        choice!(a => flat_file(a).map(|options| options.mode), flat_file_mut(a).map(|options| &mut options.mode), {
            "atomic-replace" = FlatFileMode::AtomicReplace, "append" = FlatFileMode::Append,
            "rewrite-in-place" = FlatFileMode::RewriteInPlace,
        }),
    ),
    option(
        SAFETY,
        "file-lines",
        "Lines of the file",
        "JSON, with a sum at the end of each block; or key, comma, value, comma, version, where a value with a comma is passed over.",
        Kind::Choice(&[("json", "JSON"), ("commas", "With commas")]),
        choice!(a => flat_file(a).map(|options| options.format), flat_file_mut(a).map(|options| &mut options.format), {
            "json" = LineFormat::Json, "commas" = LineFormat::Commas,
        }),
    ),
    option(
        SAFETY,
        "log-sync",
        "The log is synced",
        "An embedded database answers when its log is on the disk; or before.",
        Kind::Switch,
        field!(Switch, embedded, embedded_mut, sync),
    ),
    option(
        SAFETY,
        "generations",
        "Versions count lives",
        "A version says how often the store has begun anew; or it counts from 1 again, and the same version may mean two things.",
        Kind::Switch,
        field!(Switch, Architecture::versioned, versioned_mut, counts_generations),
    ),
    option(
        SAFETY,
        "insert",
        "A put is inserted",
        "In the step that has checked its version; or a while later, when another one may have been checked as well.",
        Kind::Choice(&[("at-once", "In one step"), ("after-check", "Checked first, inserted later")]),
        choice!(a => a.versioned().map(|options| options.insert), versioned_mut(a).map(|options| &mut options.insert), {
            "at-once" = Insert::AtOnce, "after-check" = Insert::AfterCheck,
        }),
    ),
    option(
        SAFETY,
        "drop-copies",
        "The server drops copies",
        "What the network repeats is served once in each life of the server.",
        Kind::Switch,
        field!(Switch, Architecture::versioned, versioned_mut, drops_copies),
    ),
    option(
        SAFETY,
        "assume-no-dup",
        "Clerks trust in that",
        "On: a first copy that is refused was not done. Off: the network may have made another copy, so nobody knows.",
        Kind::Switch,
        field!(Switch, clerk, clerk_mut, assumes_no_copies),
    ),
    option(
        SAFETY,
        "recovery",
        "Refused after asking again",
        "The clerk does not know whose work is there; or takes it for its own.",
        Kind::Choice(&[("unknown", "Unknown"), ("false-recovery", "Taken for success")]),
        choice!(a => clerk(a).map(|options| options.recovery), clerk_mut(a).map(|options| &mut options.recovery), {
            "unknown" = Recovery::Unknown, "false-recovery" = Recovery::TakenForSuccess,
        }),
    ),
    option(
        SAFETY,
        "create",
        "The key is there already",
        "A put of a new key fails; or asks for the version and puts its value on top.",
        Kind::Choice(&[("fails", "It fails"), ("overwrites", "It overwrites")]),
        choice!(a => clerk(a).map(|options| options.create), clerk_mut(a).map(|options| &mut options.create), {
            "fails" = Create::Fails, "overwrites" = Create::Overwrites,
        }),
    ),
    option(
        SAFETY,
        "retry",
        "Another version is there",
        "Whoever asked is told, and may read again; or the same value is put on top of it.",
        Kind::Choice(&[("told", "It is told"), ("blind", "The same value again")]),
        choice!(a => clerk(a).map(|options| options.on_mismatch), clerk_mut(a).map(|options| &mut options.on_mismatch), {
            "told" = OnMismatch::Told, "blind" = OnMismatch::Blind,
        }),
    ),
    option(
        CLIENTS,
        "request-loss",
        "Clients drop requests",
        "How likely a client drops its own request before it leaves.",
        Kind::Percent,
        field!(Percent, clerk, clerk_mut, request_loss),
    ),
    option(
        CLUSTER,
        "reply-loss",
        "The server drops answers",
        "How likely the server drops its own answer after it has served the request.",
        Kind::Percent,
        field!(Percent, Architecture::versioned, versioned_mut, reply_loss),
    ),
    option(
        CLUSTER,
        "drop-reads",
        "Answers to reads, too",
        "Whether the server drops answers to reads as well as those to puts.",
        Kind::Switch,
        field!(Switch, Architecture::versioned, versioned_mut, drops_reads),
    ),
];
