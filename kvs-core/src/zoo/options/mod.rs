//! What a reader may turn, as one table: the page's form, the share link, the schedule and the examples all use it.

#[macro_use]
mod row;
mod paxos;
mod primary_backup;
mod rabia;
mod raft;
mod smr;
mod snapshots;
mod table;
mod versioned;
mod vr;

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Architecture, Names, StorageOptions, catalog};
use crate::choice::Probability;
use crate::ordering::ReadMode;
use crate::replication::gossip::Delivery;
use crate::replication::primary_backup::Reads;
use crate::routing::RoutingOptions;
use crate::server::ReadContext;
use crate::storage::Values;
use crate::time::Span;

/// The tables, one a part.
const TABLES: [&[OptionSpec]; 9] = [
    table::ROWS,
    raft::ROWS,
    rabia::ROWS,
    primary_backup::ROWS,
    paxos::ROWS,
    vr::ROWS,
    smr::ROWS,
    versioned::ROWS,
    snapshots::ROWS,
];

/// All options, in the order in which a form shows those of a group.
pub const OPTIONS: &[OptionSpec] = &joined::<{ count_rows() }>();

const fn count_rows() -> usize {
    let (mut rows, mut table) = (0, 0);
    while table < TABLES.len() {
        rows += TABLES[table].len();
        table += 1;
    }
    rows
}

const fn joined<const COUNT: usize>() -> [OptionSpec; COUNT] {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut table, mut row, mut place) = (0, 0, 0);
    while place < COUNT {
        if row == TABLES[table].len() {
            (table, row) = (table + 1, 0);
        } else {
            all[place] = TABLES[table][row];
            (row, place) = (row + 1, place + 1);
        }
    }
    all
}

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
    #[error("the option `{name}` does not apply to the {animal} store{why}")]
    DoesNotApply {
        /// The option.
        name: &'static str,
        /// The store.
        animal: &'static str,
        /// The reason, after a colon, where it is not plain.
        why: &'static str,
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
    /// The option of this name. Stores may have different ones under one name; then it is the first of these.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name.eq_ignore_ascii_case(name))
    }

    /// What it is in an architecture; None where it does not apply.
    pub fn get(&self, architecture: &Architecture) -> Option<OptionValue> {
        (self.get)(architecture)
    }
}

impl Architecture {
    /// The most servers of a store with shards.
    const SHARDED_SERVERS_MAX: u32 = 48;
    /// The most servers that vote.
    const VOTERS_MAX: u32 = 9;
    /// How many replicas can agree on an order without a leader.
    const RABIA_REPLICAS: core::ops::RangeInclusive<u32> = 3..=7;

    /// How many replicas can take turns to lead: with fewer, nobody could come back from a crash.
    const VR_REPLICAS: core::ops::RangeInclusive<u32> = 3..=9;

    /// The most nodes that have one part in agreeing.
    const PARTS_MAX: u32 = 9;

    /// Sets an option by its name, from text. On an error nothing has changed.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), OptionError> {
        let named = OptionSpec::named(name).ok_or_else(|| OptionError::Unknown(name.to_string()))?;
        let of_this = |option: &&OptionSpec| option.name == named.name && option.get(self).is_some();
        let option = OPTIONS.iter().find(of_this).unwrap_or(named);
        if option.get(self).is_none() {
            let why = if option.name == snapshots::NAME { snapshots::why_not(self) } else { "" };
            let animal = catalog::exhibit_of(self.animal).name;
            return Err(OptionError::DoesNotApply { name: option.name, animal, why });
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
        if let Some(shards) = &self.sharding {
            if shards.servers() > Self::SHARDED_SERVERS_MAX {
                let (all, max) = (shards.servers(), Self::SHARDED_SERVERS_MAX);
                return fail(format!(
                    "shards, spare ones and replicas make {all} servers, and there are {max} at most"
                ));
            }
            if shards.regions > shards.shards {
                return fail(format!(
                    "{} regions need that many shards, and there are {}",
                    shards.regions, shards.shards
                ));
            }
            if self.servers != shards.servers() || shards.replicas == 0 || shards.shards == 0 {
                return fail("there are other servers than the shards need".into());
            }
        }
        if self.routing == RoutingOptions::Leader && !self.is_ordered() {
            return fail(
                "nobody leads in a store without an order: routing=leader needs servers that agree on one".into(),
            );
        }
        if let Some(raft) = self.raft() {
            if raft.spares >= self.servers {
                return fail("somebody must be a member from the beginning".into());
            }
            if self.servers > Self::VOTERS_MAX {
                return fail(format!("{} servers that vote are {} at most", self.servers, Self::VOTERS_MAX));
            }
            if raft.heartbeat >= raft.election_timeout {
                return fail(format!(
                    "a leader that speaks every {} is given up after {}",
                    raft.heartbeat, raft.election_timeout
                ));
            }
            if raft.reads == ReadMode::Quorum {
                return fail(
                    "a server of Raft does not ask others what they have: reads=quorum needs acceptors".into(),
                );
            }
        }
        if self.rabia().is_some() && !Self::RABIA_REPLICAS.contains(&self.servers) {
            let (least, most) = (Self::RABIA_REPLICAS.start(), Self::RABIA_REPLICAS.end());
            return fail(format!("replicas that agree are {least} to {most}, and there are {}", self.servers));
        }
        if let Some(vr) = self.vr() {
            if !Self::VR_REPLICAS.contains(&self.servers) {
                let (least, most) = (Self::VR_REPLICAS.start(), Self::VR_REPLICAS.end());
                return fail(format!("replicas that take turns are {least} to {most}, and there are {}", self.servers));
            }
            if vr.commit_interval >= vr.view_change_timeout {
                return fail(format!(
                    "a primary that speaks every {} is given up after {}",
                    vr.commit_interval, vr.view_change_timeout
                ));
            }
        }
        if let Some(sentence) = smr::contradiction(self) {
            return fail(sentence);
        }
        if let Some(sentence) = snapshots::contradiction(self) {
            return fail(sentence.into());
        }
        if let Some(options) = self.primary_backup() {
            if options.reads == Reads::Lease && self.view_service().is_none() {
                return fail("somebody outside grants no leases: primary-reads=lease needs views=service".into());
            }
            let servers = self.servers - u32::from(self.view_service().is_some());
            if !(2..=5).contains(&servers) {
                return fail(format!("a primary and those that may follow it are 2 to 5 servers, not {servers}"));
            }
        }
        if let Some(paxos) = self.paxos() {
            if self.servers != paxos.nodes() {
                return fail("there are other nodes than proposers, acceptors and replicas need".into());
            }
            let least = paxos.f + 1;
            for (what, count) in [("replicas", paxos.replicas), ("proposers", paxos.proposers)] {
                if count < least || count > Self::PARTS_MAX {
                    let max = Self::PARTS_MAX;
                    return fail(format!("if {} may be gone, there are {least} to {max} {what}, not {count}", paxos.f));
                }
            }
            if paxos.i_am_leader_send_timeout >= paxos.i_am_leader_check_timeout {
                return fail(format!(
                    "a leader that speaks every {} is given up after {}",
                    paxos.i_am_leader_send_timeout, paxos.i_am_leader_check_timeout
                ));
            }
        }
        if self.client.read_context == ReadContext::Nearest
            && self.storage != StorageOptions::Lattice(Values::CausalWrapper)
        {
            return fail(
                "only versions that know their causes have nearest ones: read-context=nearest needs values=causal"
                    .into(),
            );
        }
        if self.server.journal && self.gossip().is_some_and(|gossip| gossip.delivery == Delivery::Causal) {
            return fail(
                "with causal delivery there is no journal: what a replica has applied is not written to it".into(),
            );
        }
        if let Some(gossip) = self.gossip() {
            let others = self.sharding.as_ref().map_or(self.servers, |shards| shards.replicas).saturating_sub(1);
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
            if gossip.certificates.is_limited && self.storage != StorageOptions::Lattice(Values::Lww) {
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
    fn a_preset_sets_several_options_and_is_none_any_more_when_one_of_them_changes() {
        let mut architecture = catalog::EXHIBITS[1].architecture();
        assert_eq!(architecture.set("preset", "small"), Ok(()));
        let get = |architecture: &Architecture, name: &str| {
            OptionSpec::named(name).and_then(|option| option.get(architecture)).map(|value| value.to_string())
        };
        assert_eq!(get(&architecture, "fanout").as_deref(), Some("2"));
        assert_eq!(get(&architecture, "tombstone-prob").as_deref(), Some("5%"));
        assert_eq!(architecture.set("fanout", "1"), Ok(()));
        assert_eq!(get(&architecture, "preset").as_deref(), Some("custom"));
        // Said again in order, as a link does, they mean the same.
        let mut again = catalog::EXHIBITS[1].architecture();
        for (option, value) in architecture.changes() {
            assert_eq!(again.set(option.name, &value.to_string()), Ok(()));
        }
        assert_eq!(again, architecture);
    }

    #[test]
    fn refuses_what_makes_no_sense_in_words() {
        let mut architecture = catalog::EXHIBITS[1].architecture();
        let before = architecture.clone();
        let refusals = [
            ("replicas", "0", "`replicas` must be a number from 1 to 1000, not `0`"),
            ("loss", "200%", "`loss` must be a percentage from 0% to 100%, not `200%`"),
            (
                "values",
                "crdt",
                "`values` must be mv-register, lww, lww-wrapper, dom-pair, causal or joined-clock, not `crdt`",
            ),
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
    fn where_snapshots_are_kept_is_said_where_there_are_any() {
        let of = |name: &str| {
            catalog::EXHIBITS.iter().find(|exhibit| exhibit.name == name).map(catalog::Exhibit::architecture)
        };
        for (name, why) in [
            ("vr", ": its replicas have no values on their disks, only the number of their view"),
            ("replicated", ": under a key it has versions with clocks, and an engine keeps one value"),
            ("versioned", ": its values are in an engine always, which the option engine says"),
        ] {
            let refused = of(name).and_then(|mut store| store.set("snapshot-engine", "flat-file").err());
            let sentence = format!("the option `snapshot-engine` does not apply to the {name} store{why}");
            assert_eq!(refused.map(|error| error.to_string()), Some(sentence));
        }
        let without_journal = "without a journal there are no snapshots to keep: snapshot-engine needs journal=on";
        let in_memory = "a crash takes snapshots in memory";
        for (name, options, wrong) in [
            ("local", &[][..], Some(without_journal)),
            ("local", &[("journal", "on")], None),
            ("sharded", &[("journal", "on")], None),
            ("primary-backup", &[], Some(without_journal)),
            ("primary-backup", &[("journal", "on")], None),
            ("raft", &[], None),
            ("raft", &[("snapshot-engine", "memory")], Some(in_memory)),
            ("smr", &[], None),
            ("smr", &[("snapshot-engine", "memory")], Some(in_memory)),
            ("linearizable", &[("snapshot-engine", "memory")], None),
        ] {
            let mut store = of(name).expect("there is such a store");
            for (option, value) in [&[("snapshot-engine", "embedded")][..], options].concat() {
                assert_eq!(store.set(option, value), Ok(()), "{name}");
            }
            let said = store.validate().err().map(|error| error.to_string());
            let is_right = match wrong {
                Some(wrong) => said.as_ref().is_some_and(|said| said.starts_with(wrong)),
                None => said.is_none(),
            };
            assert!(is_right, "{name} {options:?}: {said:?}");
        }
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
