//! The options of Viewstamped Replication.

use super::row::{ORDER, SAFETY, option, span};
use super::{Kind, OptionSpec, OptionValue};
use crate::ordering::vr::VrOptions;
use crate::zoo::{Architecture, OrderingOptions};

fn vr_mut(architecture: &mut Architecture) -> Option<&mut VrOptions> {
    match &mut architecture.ordering {
        OrderingOptions::Vr(options) => Some(options),
        _ => None,
    }
}

/// A row for a field of the part.
macro_rules! vr_field {
    ($value:ident, $($field:ident).+) => {
        (
            |a: &Architecture| a.vr().map(|options| OptionValue::$value(options.$($field).+)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::$value(value)) = (vr_mut(a), value) {
                    options.$($field).+ = value;
                }
            },
        )
    };
}

/// All of them, in the order in which a form shows those of a group.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        ORDER,
        "view-change-timeout",
        "View change timeout",
        "How long a replica waits for a sign of the primary, at least; up to twice as long.",
        span(10, 60_000),
        vr_field!(Span, view_change_timeout),
    ),
    option(
        ORDER,
        "commit-interval",
        "Signs of life",
        "How often a primary gives a sign of life, and whoever waits asks again.",
        span(5, 30_000),
        vr_field!(Span, commit_interval),
    ),
    option(
        SAFETY,
        "longest-log",
        "A new primary takes the longest log",
        "That of the latest view, and of these the longest; otherwise it keeps its own.",
        Kind::Switch,
        vr_field!(Switch, rules.takes_longest_log),
    ),
    option(
        SAFETY,
        "recovery-quorum",
        "Recovery asks a majority",
        "Whoever comes back from a crash takes part when a majority has told it where they are; otherwise at once.",
        Kind::Switch,
        vr_field!(Switch, rules.recovers_by_quorum),
    ),
    option(
        SAFETY,
        "keep-view",
        "The view is on disk",
        "A replica remembers through a crash up to which view it has gone, and comes back to no older one.",
        Kind::Switch,
        vr_field!(Switch, rules.keeps_view),
    ),
];
