//! The rows about a primary and its backups.

use super::row::{Access, CLUSTER, SAFETY, count, option, span};
use super::{Kind, OptionSpec, OptionValue};
use crate::replication::primary_backup::{AnsweredBy, Form, Options, Reads, Resends, Views};
use crate::zoo::{Architecture, ReplicationOptions};

pub(super) fn backup_mut(architecture: &mut Architecture) -> Option<&mut Options> {
    match &mut architecture.replication {
        ReplicationOptions::PrimaryBackup(options) => Some(options),
        ReplicationOptions::NoReplication | ReplicationOptions::EpidemicGossip(_) => None,
    }
}

/// A plain field.
macro_rules! field {
    ($value:ident, $field:ident) => {
        (
            |a: &Architecture| a.primary_backup().map(|options| OptionValue::$value(options.$field)),
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::$value(value)) = (backup_mut(a), value) {
                    options.$field = value;
                }
            },
        )
    };
}

/// A field that is one of two: the safe one and its name, then the other.
macro_rules! either {
    ($field:ident, $safe:literal = $is_safe:path, $other:literal = $is_other:path) => {
        (
            |a: &Architecture| {
                let is_safe = a.primary_backup()?.$field == $is_safe;
                Some(OptionValue::Choice(if is_safe { $safe } else { $other }))
            },
            |a: &mut Architecture, value: OptionValue| {
                if let (Some(options), OptionValue::Choice(name)) = (backup_mut(a), value) {
                    options.$field = if name == $safe { $is_safe } else { $is_other };
                }
            },
        )
    };
}

/// A view service is one node more.
const WHO_SAYS: Access = (
    |a| {
        let is_service = a.primary_backup()?.views == Views::Service;
        Some(OptionValue::Choice(if is_service { "service" } else { "external" }))
    },
    |a, value| {
        let had_one = a.view_service().is_some();
        let (Some(options), OptionValue::Choice(name)) = (backup_mut(a), value) else { return };
        options.views = if name == "service" { Views::Service } else { Views::External };
        a.servers = a.servers - u32::from(had_one) + u32::from(a.view_service().is_some());
    },
);

/// All of them, in the order in which a form shows those of a group.
pub(super) const ROWS: &[OptionSpec] = &[
    option(
        CLUSTER,
        "form",
        "Operations go",
        "From the primary to all its backups; or along a chain, from the head to the tail, which answers.",
        Kind::Choice(&[("primary-backup", "To all backups"), ("chain", "Along a chain")]),
        either!(form, "primary-backup" = Form::PrimaryBackup, "chain" = Form::Chain),
    ),
    option(
        CLUSTER,
        "views",
        "Who leads is said by",
        "A view service that hears pings; or somebody outside, who announces views.",
        Kind::Choice(&[("service", "A view service"), ("external", "Somebody outside")]),
        WHO_SAYS,
    ),
    option(
        CLUSTER,
        "backups",
        "Backups",
        "How many backups the view service gives to a primary, if there are enough servers.",
        count(0, 4),
        field!(Count, backups),
    ),
    option(
        CLUSTER,
        "ping-interval",
        "Pings",
        "How often a server says that it is there, and a primary says again what has not been acknowledged.",
        span(1, 10_000),
        field!(Span, ping_interval),
    ),
    option(
        CLUSTER,
        "ping-check",
        "Ping check",
        "How often the view service looks who has pinged. Who has not, two times in a row, is taken for dead.",
        span(1, 60_000),
        field!(Span, ping_check),
    ),
    option(
        SAFETY,
        "view-fencing",
        "Backups fence",
        "A backup heeds the primary of its own view only.",
        Kind::Switch,
        field!(Switch, fences_views),
    ),
    option(
        SAFETY,
        "state-transfer",
        "State is transferred",
        "Who leads must have the state, and gives it to every backup before it answers.",
        Kind::Switch,
        field!(Switch, transfers_state),
    ),
    option(
        SAFETY,
        "primary-reads",
        "Reads go",
        "In order, as writes do; from the memory of the primary (in a chain, of the tail), or with a lease only while it cannot have been \
         replaced; or from the memory of whoever is asked.",
        Kind::Choice(&[
            ("in-order", "In order"),
            ("local", "To the primary's memory"),
            ("lease", "Likewise, with a lease"),
            ("anywhere", "To anybody's memory"),
        ]),
        choice!(a => a.primary_backup().map(|options| options.reads), backup_mut(a).map(|options| &mut options.reads), {
            "in-order" = Reads::InOrder, "local" = Reads::Local, "lease" = Reads::Lease, "anywhere" = Reads::Anywhere,
        }),
    ),
    option(
        SAFETY,
        "resend",
        "Operations are sent",
        "To backups until they acknowledge them; or once, and then taken for failed, so that their numbers are missing.",
        Kind::Choice(&[("until-acknowledged", "Until acknowledged"), ("once", "Once")]),
        either!(resends, "until-acknowledged" = Resends::UntilAcknowledged, "once" = Resends::Never),
    ),
    option(
        SAFETY,
        "lease",
        "A lease lasts",
        "With leases: for so long after it has heard whoever answers reads, the view service does not replace it.",
        span(10, 60_000),
        field!(Span, lease),
    ),
    option(
        SAFETY,
        "leases-bind",
        "Leases bind",
        "The view service waits until a lease has ended.",
        Kind::Switch,
        field!(Switch, leases_bind),
    ),
    option(
        SAFETY,
        "answered-by",
        "In a chain, answers come",
        "From the tail, which is the last to have an operation; or from the head, as soon as it has applied it.",
        Kind::Choice(&[("tail", "From the tail"), ("head", "From the head")]),
        either!(answered_by, "tail" = AnsweredBy::Tail, "head" = AnsweredBy::Head),
    ),
];
