//! What the rows of the table of options are made of.

use super::{Kind, OptionSpec, OptionValue};
use crate::time::Span;
use crate::zoo::Architecture;

pub(super) type Access = (fn(&Architecture) -> Option<OptionValue>, fn(&mut Architecture, OptionValue));

pub(super) const fn option(
    group: &'static str,
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: Kind,
    (get, set): Access,
) -> OptionSpec {
    OptionSpec { name, label, group, help, kind, get, set }
}

pub(super) const CLUSTER: &str = "Cluster";
pub(super) const ORDER: &str = "Order";
pub(super) const STORE: &str = "Store";
pub(super) const GOSSIP: &str = "Gossip";
pub(super) const SAFETY: &str = "Safety";
pub(super) const CLIENTS: &str = "Clients";
pub(super) const LINKS: &str = "Links";
pub(super) const DISKS: &str = "Disks";

pub(super) const fn count(min: u32, max: u32) -> Kind {
    Kind::Count { min, max }
}

pub(super) const fn span(min_ms: u64, max_ms: u64) -> Kind {
    Kind::Span { min: Span::from_ms(min_ms), max: Span::from_ms(max_ms) }
}

pub(super) fn when<T>(applies: bool, value: T) -> Option<T> {
    applies.then_some(value)
}

/// A row for a switch of something that not every store has.
macro_rules! switch {
    ($a:ident => $get:expr, $set:expr) => {
        (
            |$a: &Architecture| $get.map(OptionValue::Switch),
            |$a: &mut Architecture, value: OptionValue| {
                if let (Some(place), OptionValue::Switch(value)) = ($set, value) {
                    *place = value;
                }
            },
        )
    };
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
