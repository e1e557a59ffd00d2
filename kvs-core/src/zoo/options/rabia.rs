//! The options of replicas without a leader.

use super::row::{ORDER, SAFETY, count, option, span};
use super::{Kind, OptionSpec, OptionValue};
use crate::ordering::rabia::{AgreeOn, Coin, RabiaOptions, WithoutMajority};
use crate::zoo::{Architecture, OrderingOptions};

fn rabia_mut(architecture: &mut Architecture) -> Option<&mut RabiaOptions> {
    match &mut architecture.ordering {
        OrderingOptions::Rabia(options) => Some(options),
        _ => None,
    }
}

/// A row for a field of the replicas without a leader.
macro_rules! rabia_field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| a.rabia().map(|options| OptionValue::$value(options.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::$value(value)) = (rabia_mut(a), value) {
                    options.$field = value;
                }
            },
        )
    };
}

/// All of them.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        ORDER,
        "resend-after",
        "Say again after",
        "How long a replica waits before it says again what it has said about a slot.",
        span(10, 10_000),
        rabia_field!(Span, resend_after),
    ),
    option(
        ORDER,
        "batch",
        "Requests in a batch",
        "How many requests a replica proposes as one, at most.",
        count(1, 16),
        rabia_field!(Count, batch_max),
    ),
    option(
        ORDER,
        "batch-wait",
        "A batch waits",
        "How long for more requests to come.",
        span(1, 1_000),
        rabia_field!(Span, batch_wait),
    ),
    option(
        ORDER,
        "coin-seed",
        "The coin",
        "What all replicas start their coin from: with another number it shows other sides.",
        count(0, 1_000_000),
        rabia_field!(Count, coin_seed),
    ),
    option(
        ORDER,
        "tick-every",
        "Time passes every",
        "How often an idle replica looks whether the time of a value is up, and says so in a slot; 0s: never, and then it is dropped when \
         somebody asks for something.",
        span(0, 60_000),
        rabia_field!(Span, tick_every),
    ),
    option(
        SAFETY,
        "coin",
        "The coin is",
        "Common: it shows the same everywhere. Private: each replica tosses its own.",
        Kind::Choice(&[("common", "Common"), ("private", "Private")]),
        choice!(a => a.rabia().map(|options| options.coin), rabia_mut(a).map(|options| &mut options.coin), {
            "common" = Coin::Common, "private" = Coin::Private,
        }),
    ),
    option(
        SAFETY,
        "without-majority",
        "Without a majority",
        "A replica that has heard no majority votes ?, or by a toss of its own.",
        Kind::Choice(&[("question", "Votes ?"), ("random", "Votes by a toss")]),
        choice!(a => a.rabia().map(|options| options.without_majority),
            rabia_mut(a).map(|options| &mut options.without_majority), {
            "question" = WithoutMajority::Question, "random" = WithoutMajority::Random,
        }),
    ),
    option(
        SAFETY,
        "frozen-votes",
        "Votes stay",
        "What is heard after a vote does not change it.",
        Kind::Switch,
        rabia_field!(Switch, votes_are_frozen),
    ),
    option(
        SAFETY,
        "agree-on",
        "Replicas agree on",
        "The request; or only on whether there is one, and each takes its own.",
        Kind::Choice(&[("request", "The request"), ("bit", "Yes or no")]),
        choice!(a => a.rabia().map(|options| options.agree_on), rabia_mut(a).map(|options| &mut options.agree_on), {
            "request" = AgreeOn::Request, "bit" = AgreeOn::Bit,
        }),
    ),
    option(
        SAFETY,
        "persist-votes",
        "Votes on disk",
        "What a replica says about a slot is on its disk before it is said.",
        Kind::Switch,
        rabia_field!(Switch, persists_votes),
    ),
    option(
        SAFETY,
        "answer-stragglers",
        "Stragglers are told",
        "Whoever is behind hears what was decided meanwhile.",
        Kind::Switch,
        rabia_field!(Switch, answers_stragglers),
    ),
];
