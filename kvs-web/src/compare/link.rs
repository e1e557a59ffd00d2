//! A storm over some stores, as a link.
//!
//! `storm?weather=cable&seed=3&store=replicated&replicas=5&store=raft&at=4.2s`. What stands after a `store` and before the next one are
//! options of it.

use std::fmt::Write;

use kvs_core::explore::{SpellOf, Storm, Weather};
use kvs_core::sim::Recording;
use kvs_core::time::Time;
use kvs_core::zoo::catalog::{self, Exhibit};
use kvs_core::zoo::{Architecture, Kind, OPTIONS, OptionError, OptionSpec, OptionValue, parse_span};

use super::model::ASIDE;

/// What such links begin with.
const NAME: &str = "storm";
/// The longest link that is looked at.
const LENGTH_MAX: usize = 10_000;
/// The most servers that a small picture has room for.
const SERVERS_MAX: u32 = 24;

/// Why a link shows no storm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StormError {
    /// It is longer than any that this page makes.
    #[error("This link is too long to be one of ours, so here is a storm of our own instead.")]
    TooLong,
    /// A part of it is not what it should be.
    #[error("The part `{0}` of this link makes no sense, so here is a storm of our own instead.")]
    BadPart(String),
    /// There is no such weather.
    #[error("This link asks for weather that there is not ({0}), so here is a storm of our own instead.")]
    UnknownWeather(String),
    /// There is no such store.
    #[error("This link names a store that is not in the zoo ({0}), so here is a storm of our own instead.")]
    UnknownStore(String),
    /// An option makes no sense.
    #[error("This link has an option that makes no sense here: {0}. So here is a storm of our own instead.")]
    Option(#[from] OptionError),
    /// There are too few or too many stores.
    #[error(
        "Side by side there is room for two to six stores, and this link names {0}. So here is a storm of our own instead."
    )]
    Stores(usize),
    /// One of them is too large.
    #[error(
        "Side by side a store has {SERVERS_MAX} servers at most, and one in this link has {0}. So here is a storm of our own instead."
    )]
    TooLarge(u32),
}

/// A storm over some stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StormLink {
    /// What kind of weather.
    pub weather: Weather,
    /// What all luck grows from.
    pub seed: u64,
    /// The stores, two to six.
    pub stores: Vec<Architecture>,
    /// The instant that is looked at.
    pub at: Time,
}

impl Default for StormLink {
    fn default() -> Self {
        let stores = ["replicated", "primary-backup", "raft"].into_iter().filter_map(catalog::exhibit);
        let stores = stores.map(Exhibit::architecture).collect();
        Self { weather: Weather::default(), seed: 1, stores, at: Time::ZERO }
    }
}

impl StormLink {
    /// The fewest stores.
    pub const STORES_MIN: usize = 2;
    /// The most stores.
    pub const STORES_MAX: usize = 6;

    /// The usual storm over this store and two others.
    pub fn with(store: &Architecture) -> Self {
        let mut link = Self::default();
        if store.servers <= SERVERS_MAX {
            link.stores.retain(|other| other.animal != store.animal);
            link.stores.insert(0, store.clone());
            link.stores.truncate(3);
        }
        link
    }

    /// A store of versions on its three engines, and a storm in which its power fails. None for other stores.
    pub fn engines(store: &Architecture) -> Option<Self> {
        let on = |engine: &str| {
            let mut store = store.clone();
            store.set("engine", engine).ok()?;
            Some(store)
        };
        let stores = ["memory", "flat-file", "embedded"].into_iter().map(on).collect::<Option<_>>()?;
        let weather = Weather::Crash;
        let power_fails =
            |seed: &u64| Storm::new(weather, *seed).spells().iter().any(|spell| spell.fault == SpellOf::Down(0));
        let seed = (1..100).find(power_fails)?;
        Some(Self { weather, seed, stores, at: Time::ZERO })
    }

    /// Whether an address fragment is about a storm at all.
    pub fn is_one(fragment: &str) -> bool {
        fragment.split('?').next() == Some(NAME)
    }

    /// The address fragment, without `#`.
    pub fn encode(&self) -> String {
        let mut text = format!("{NAME}?weather={}&seed={}", self.weather.name(), self.seed);
        let mut add = |name: &str, value: &str| {
            // Writing to a string does not fail.
            let _infallible = write!(text, "&{name}={}", value.replace('%', "%25"));
        };
        if self.at > Time::ZERO {
            add("at", &self.at.to_string());
        }
        for store in &self.stores {
            add("store", catalog::exhibit_of(store.animal).name);
            for (option, value) in store.changes() {
                add(option.name, &value.to_string());
            }
        }
        text
    }

    /// Reads an address fragment back. Nothing in it is trusted; what it does not say is as in [`StormLink::default`].
    pub fn decode(fragment: &str) -> Result<Self, StormError> {
        if fragment.len() > LENGTH_MAX {
            return Err(StormError::TooLong);
        }
        let short = |text: &str| text.chars().take(30).collect::<String>();
        let mut link = Self { stores: Vec::new(), ..Self::default() };
        let rest = fragment.split_once('?').map_or("", |(_, rest)| rest);
        for part in rest.split('&').filter(|part| !part.is_empty()) {
            let bad = || StormError::BadPart(short(part));
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let value = value.replace("%25", "%");
            match name {
                "weather" => {
                    link.weather = Weather::named(&value).ok_or_else(|| StormError::UnknownWeather(short(&value)))?;
                }
                "seed" => link.seed = value.parse().map_err(|_| bad())?,
                "at" => link.at = parse_span(&value).map(|span| Time::ZERO + span).ok_or_else(bad)?,
                "store" => {
                    let exhibit = catalog::exhibit(&value).ok_or_else(|| StormError::UnknownStore(short(&value)))?;
                    link.stores.push(exhibit.architecture());
                }
                option => link.stores.last_mut().ok_or_else(bad)?.set(option, &value)?,
            }
        }
        if link.stores.is_empty() {
            link.stores = Self::default().stores;
        }
        if !(Self::STORES_MIN..=Self::STORES_MAX).contains(&link.stores.len()) {
            return Err(StormError::Stores(link.stores.len()));
        }
        for store in &link.stores {
            store.validate()?;
            if store.servers > SERVERS_MAX {
                return Err(StormError::TooLarge(store.servers));
            }
        }
        link.at = link.at.min(Self::horizon());
        Ok(link)
    }

    /// Where all runs end.
    pub fn horizon() -> Time {
        Time::ZERO + Storm::LENGTH
    }

    /// The storm itself.
    pub fn storm(&self) -> Storm {
        Storm::new(self.weather, self.seed)
    }

    /// The storm as it comes over each store.
    pub fn runs(&self) -> Vec<(String, Recording)> {
        let storm = self.storm();
        let titles = self.stores.iter().map(|store| title(store, &self.stores));
        titles.zip(&self.stores).map(|(title, store)| (title, storm.recording(store))).collect()
    }
}

/// What a store is called beside others: with the options in which it differs from those of its kind among them, or, where there are
/// none, from its exhibit.
fn title(store: &Architecture, all: &[Architecture]) -> String {
    let others: Vec<&Architecture> =
        all.iter().filter(|other| other.animal == store.animal && *other != store).collect();
    let differs = |option: &OptionSpec, value| {
        others.iter().any(|other| option.get(other).is_some_and(|of_other| of_other != value))
    };
    let what: Vec<(&OptionSpec, OptionValue)> = if others.is_empty() {
        store.changes().collect()
    } else {
        let own = OPTIONS.iter().filter_map(|option| Some((option, option.get(store)?)));
        own.filter(|(option, value)| differs(option, *value)).collect()
    };
    let words = match what.as_slice() {
        // What is said of it on the page needs no name before it where it is all that differs.
        [(OptionSpec { kind: Kind::Choice(labels), .. }, OptionValue::Choice(name))] if !others.is_empty() => {
            labels.iter().find(|(known, _)| known == name).map_or(*name, |(_, label)| *label).to_owned()
        }
        what => what.iter().map(|(option, value)| format!("{}={value}", option.name)).collect::<Vec<_>>().join(", "),
    };
    let exhibit = catalog::exhibit_of(store.animal).title;
    if words.is_empty() { exhibit.into() } else { format!("{exhibit}{ASIDE}{words}") }
}
