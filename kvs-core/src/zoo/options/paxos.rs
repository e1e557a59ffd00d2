//! The options of Multi-Paxos.

use super::row::{Access, CLUSTER, ORDER, SAFETY, count, option, span};
use super::{Kind, OptionSpec, OptionValue};
use crate::ordering::paxos::{Adopts, GapBuffer, PaxosConfig, Reproposes, TruncatesAt};
use crate::quorum::Counted;
use crate::zoo::{Architecture, OrderingOptions};

fn paxos_mut(architecture: &mut Architecture) -> Option<&mut PaxosConfig> {
    match &mut architecture.ordering {
        OrderingOptions::MultiPaxos(config) => Some(config),
        _ => None,
    }
}

/// A row for a field.
macro_rules! paxos_field {
    ($value:ident, $($field:ident).+) => {
        (
            |a: &Architecture| a.paxos().map(|config| OptionValue::$value(config.$($field).+)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(config), OptionValue::$value(value)) = (paxos_mut(a), value) {
                    config.$($field).+ = value;
                    let nodes = config.nodes();
                    a.servers = nodes;
                }
            },
        )
    };
}

/// A row for an enum.
macro_rules! paxos_choice {
    ($($field:ident).+, { $($name:literal = $variant:path),+ $(,)? }) => {
        (
            |a: &Architecture| {
                a.paxos().map(|config| OptionValue::Choice(match config.$($field).+ { $($variant => $name,)+ }))
            },
            |a: &mut Architecture, value: OptionValue| {
                let OptionValue::Choice(name) = value else { return };
                let variant = match name { $($name => $variant,)+ _ => return };
                if let Some(config) = paxos_mut(a) {
                    config.$($field).+ = variant;
                }
            },
        )
    };
}

const COUNTED: Access = paxos_choice!(safety.counted, { "voters" = Counted::Voters, "messages" = Counted::Messages });

/// All of them, in the order in which a form shows those of a group.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        CLUSTER,
        "f",
        "Failures",
        "How many acceptors may be gone at once: there are twice as many, and one more.",
        count(1, 2),
        paxos_field!(Count, f),
    ),
    option(
        CLUSTER,
        "proposers",
        "Proposers",
        "How many nodes may lead, one at a time.",
        count(2, 5),
        paxos_field!(Count, proposers),
    ),
    option(
        ORDER,
        "i-am-leader-send",
        "A leader speaks",
        "How often it says that it leads.",
        span(10, 60_000),
        paxos_field!(Span, i_am_leader_send_timeout),
    ),
    option(
        ORDER,
        "i-am-leader-check",
        "And is given up after",
        "How long a proposer hears of no leader before it would like to be one; at random up to twice as long.",
        span(10, 60_000),
        paxos_field!(Span, i_am_leader_check_timeout),
    ),
    option(
        ORDER,
        "check-delay-multiplier",
        "One after the other",
        "By how many heartbeats each proposer waits longer than the one before it.",
        count(0, 10),
        paxos_field!(Count, i_am_leader_check_timeout_delay_multiplier),
    ),
    option(
        ORDER,
        "backoff",
        "Backoff",
        "A proposer that has lost waits for a random while before it tries again.",
        Kind::Switch,
        paxos_field!(Switch, backoff),
    ),
    option(
        ORDER,
        "batch",
        "Requests in a slot",
        "How many requests go into one slot at most, when several wait.",
        count(1, 64),
        paxos_field!(Count, batch),
    ),
    option(
        ORDER,
        "window",
        "Open slots",
        "For how many slots the leader waits at once.",
        count(1, 64),
        paxos_field!(Count, window),
    ),
    option(
        ORDER,
        "checkpoint-frequency",
        "A snapshot after",
        "How many slots a replica executes before it writes a snapshot to its disk.",
        count(1, 1_000),
        paxos_field!(Count, checkpoint_frequency),
    ),
    option(
        ORDER,
        "lease",
        "A lease lasts",
        "With reads=lease: for how long acceptors follow nobody else.",
        span(10, 60_000),
        paxos_field!(Span, lease),
    ),
    option(
        SAFETY,
        "acceptor-journal",
        "Acceptors remember",
        "An acceptor writes what it promises and accepts to its disk before it says so.",
        Kind::Switch,
        paxos_field!(Switch, safety.acceptors_persist),
    ),
    option(
        SAFETY,
        "ballot-journal",
        "Proposers remember",
        "A proposer writes the number of its ballot to its disk, so that it never goes by one twice.",
        Kind::Switch,
        paxos_field!(Switch, safety.ballots_persist),
    ),
    option(
        SAFETY,
        "votes-by-ballot",
        "Votes have a ballot",
        "A vote counts in the ballot that it was given in, and in no other.",
        Kind::Switch,
        paxos_field!(Switch, safety.votes_by_ballot),
    ),
    option(
        SAFETY,
        "votes-counted",
        "A vote is",
        "An acceptor, however often it is heard; or a message.",
        Kind::Choice(&[("voters", "An acceptor"), ("messages", "A message")]),
        COUNTED,
    ),
    option(
        SAFETY,
        "adopts",
        "A new leader adopts",
        "Of what acceptors report for a slot, what has the highest ballot; or whatever it finds first.",
        Kind::Choice(&[("highest-ballot", "The highest ballot's"), ("any", "Any")]),
        paxos_choice!(safety.adopts, { "highest-ballot" = Adopts::HighestBallot, "any" = Adopts::Any }),
    ),
    option(
        SAFETY,
        "fill-holes",
        "Holes are filled",
        "A new leader proposes that nothing happens in slots of which nobody reports anything.",
        Kind::Switch,
        paxos_field!(Switch, safety.fills_holes),
    ),
    option(
        SAFETY,
        "proposed-again",
        "A new leader proposes again",
        "Every slot that may be open; or only those on which its acceptors do not agree already.",
        Kind::Choice(&[("all", "Every slot"), ("what-looks-open", "What looks open")]),
        paxos_choice!(safety.reproposes, { "all" = Reproposes::All, "what-looks-open" = Reproposes::WhatLooksOpen }),
    ),
    option(
        SAFETY,
        "gap-buffer",
        "What comes too early",
        "Waits for the slots before it; or does so, but the count begins again from 0; or is executed as it arrives.",
        Kind::Choice(&[("kept", "Waits"), ("restarts", "Waits, and the count restarts"), ("none", "Is executed")]),
        paxos_choice!(safety.gap_buffer, {
            "kept" = GapBuffer::Kept, "restarts" = GapBuffer::Restarts, "none" = GapBuffer::None,
        }),
    ),
    option(
        SAFETY,
        "table-in-snapshot",
        "Snapshots know clients",
        "A snapshot says what clients were answered, so that a request is not done again after it.",
        Kind::Switch,
        paxos_field!(Switch, safety.table_in_snapshot),
    ),
    option(
        SAFETY,
        "leases-bind",
        "Leases bind",
        "With reads=lease: an acceptor that has granted a lease follows nobody else until it ends.",
        Kind::Switch,
        paxos_field!(Switch, safety.leases_bind),
    ),
    option(
        SAFETY,
        "truncated-at",
        "Acceptors forget",
        "What is in the snapshots of enough replicas; or of one.",
        Kind::Choice(&[("quorum", "What enough replicas have"), ("one", "What one replica has")]),
        paxos_choice!(safety.truncates_at, { "quorum" = TruncatesAt::Quorum, "one" = TruncatesAt::One }),
    ),
];
