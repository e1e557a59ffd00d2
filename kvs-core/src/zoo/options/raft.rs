//! The options of Raft.

use super::row::{ORDER, SAFETY, count, option, span};
use super::{Kind, OptionSpec, OptionValue};
use crate::ordering::raft::RaftOptions;
use crate::zoo::{Architecture, OrderingOptions};

fn raft_mut(architecture: &mut Architecture) -> Option<&mut RaftOptions> {
    match &mut architecture.ordering {
        OrderingOptions::Raft(options) => Some(options),
        _ => None,
    }
}

/// A row for a field of the Raft part.
macro_rules! raft_field {
    ($value:ident, $($field:ident).+) => {
        (
            |a: &Architecture| a.raft().map(|options| OptionValue::$value(options.$($field).+)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::$value(value)) = (raft_mut(a), value) {
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
        "election-timeout",
        "Election timeout",
        "How long a server waits for a sign of a leader, at least; up to twice as long.",
        span(10, 60_000),
        raft_field!(Span, election_timeout),
    ),
    option(
        ORDER,
        "heartbeat",
        "Heartbeat",
        "How often a leader gives a sign of life.",
        span(5, 30_000),
        raft_field!(Span, heartbeat),
    ),
    option(
        ORDER,
        "snapshot-every",
        "Snapshot every",
        "After so many executed entries a server replaces them by a snapshot.",
        count(1, 1_000),
        raft_field!(Count, snapshot_every),
    ),
    option(
        ORDER,
        "batch",
        "Entries a message",
        "How many entries one message carries at most.",
        count(1, 64),
        raft_field!(Count, batch),
    ),
    option(
        ORDER,
        "pre-vote",
        "Pre-votes",
        "A server asks whether it could win before it calls an election.",
        Kind::Switch,
        raft_field!(Switch, pre_vote),
    ),
    option(
        ORDER,
        "catch-up",
        "Catch up, then vote",
        "A server that joins is sent the log first, and counts when it has it; otherwise at once.",
        Kind::Switch,
        raft_field!(Switch, catch_up),
    ),
    option(
        SAFETY,
        "vote-once",
        "One vote a term",
        "A server votes for one candidate a term.",
        Kind::Switch,
        raft_field!(Switch, rules.vote_once),
    ),
    option(
        SAFETY,
        "keep-vote",
        "Votes on disk",
        "A server remembers its vote through a crash.",
        Kind::Switch,
        raft_field!(Switch, rules.keep_vote),
    ),
    option(
        SAFETY,
        "vote-for-whole-logs",
        "Votes look at logs",
        "A server votes only for candidates whose log is at least as up to date as its own.",
        Kind::Switch,
        raft_field!(Switch, rules.vote_for_whole_logs),
    ),
    option(
        SAFETY,
        "commit-own-term",
        "Commit by own entries",
        "A leader counts copies of entries of its own term only; earlier ones are committed along with them.",
        Kind::Switch,
        raft_field!(Switch, rules.commit_own_term),
    ),
    option(
        SAFETY,
        "truncate-on-conflict",
        "Cut off at conflicts",
        "A follower cuts off its log only where the leader has something else; otherwise after whatever a message brings.",
        Kind::Switch,
        raft_field!(Switch, rules.truncate_on_conflict),
    ),
    option(
        SAFETY,
        "heed-leader",
        "Leases are kept",
        "With leases: whoever hears a leader votes for nobody else.",
        Kind::Switch,
        raft_field!(Switch, rules.heed_leader),
    ),
    option(
        SAFETY,
        "one-change-at-a-time",
        "One change at a time",
        "Servers join and leave one by one, each when the one before is committed; otherwise all at once.",
        Kind::Switch,
        raft_field!(Switch, rules.one_change_at_a_time),
    ),
    option(
        SAFETY,
        "change-after-own-entry",
        "Changes wait",
        "A leader changes the members only when an entry of its own term is committed.",
        Kind::Switch,
        raft_field!(Switch, rules.change_after_own_entry),
    ),
];
