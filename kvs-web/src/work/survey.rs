//! The survey of the zoo: every store in every weather.
//!
//! What came of it with seeds 1 to 3 is kept in `front/surveyed.txt`, so that the page can show it before it has lived anything.
//! `KVS_BLESS=1 cargo test -p kvs-web --test work` writes it anew.

use std::fmt;
use std::str::FromStr;

use kvs_core::explore::survey::{Level, Share, Weather, worst};
use kvs_core::time::Span;
use kvs_core::zoo::Animal;
use kvs_core::zoo::catalog::{self, EXHIBITS};
use serde::{Deserialize, Serialize};

use super::Report;
use crate::share;

/// How many reports there are: one for every store in every weather.
pub const FIELDS: usize = EXHIBITS.len() * Weather::ALL.len();
/// How many runs each of them is about: the worst of so many.
pub const RUNS_A_FIELD: u32 = 3;

/// What to survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// The seed of the first run of each store and weather.
    pub seed: u32,
}

/// What came of one store in one weather.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The store's name.
    pub store: String,
    /// The place of the weather among all.
    pub weather: u32,
    /// The place of the rung among all, the strongest first.
    pub level: u32,
    /// Whether it is known that no stronger one held.
    pub is_sure: bool,
    /// For how many milliseconds clients were served while it lasted, and of how many: everybody, or each side of a cut.
    pub served: Vec<(u32, u32)>,
    /// Whether all that was acknowledged was there in the end.
    pub durable: Option<bool>,
    /// Thousandths of a message for one operation.
    pub messages_milli: u32,
    /// How long half of the answers took at most, in microseconds.
    pub latency_us: Option<u32>,
    /// The run, well into the weather, as in a link.
    pub run: String,
}

impl Measured {
    /// Which store it was.
    pub fn animal(&self) -> Option<Animal> {
        catalog::exhibit(&self.store).map(|exhibit| exhibit.animal)
    }

    /// Which weather.
    pub fn weather(&self) -> Option<Weather> {
        Weather::ALL.get(self.weather as usize).copied()
    }

    /// Which rung.
    pub fn level(&self) -> Level {
        Level::ALL.get(self.level as usize).copied().unwrap_or(Level::Nothing)
    }

    /// Who was served.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        let span = |ms: u32| Span::from_ms(u64::from(ms));
        self.served.iter().map(move |&(served, of)| Share { of: span(of), served: span(served) })
    }
}

/// In one line.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.store, self.weather, self.level, self.is_sure)?;
        write!(f, " {} {}", known(self.durable), self.messages_milli)?;
        write!(f, " {} {}", known(self.latency_us), self.run)?;
        self.served.iter().try_for_each(|(served, of)| write!(f, " {served}/{of}"))
    }
}

fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "?".into(), |value| value.to_string())
}

/// A line is not what [`Measured`] prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no line of a survey")]
pub struct NoField;

impl FromStr for Measured {
    type Err = NoField;

    fn from_str(line: &str) -> Result<Self, NoField> {
        fn number<T: FromStr>(word: Option<&str>) -> Result<T, NoField> {
            word.and_then(|word| word.parse().ok()).ok_or(NoField)
        }
        fn maybe<T: FromStr>(word: Option<&str>) -> Result<Option<T>, NoField> {
            if word == Some("?") { Ok(None) } else { number(word).map(Some) }
        }
        let mut words = line.split(' ');
        Ok(Self {
            store: number(words.next())?,
            weather: number(words.next())?,
            level: number(words.next())?,
            is_sure: number(words.next())?,
            durable: maybe(words.next())?,
            messages_milli: number(words.next())?,
            latency_us: maybe(words.next())?,
            run: number(words.next())?,
            served: words
                .map(|share| {
                    let (served, of) = share.split_once('/').ok_or(NoField)?;
                    Ok((number(Some(served))?, number(Some(of))?))
                })
                .collect::<Result<_, NoField>>()?,
        })
    }
}

/// Carries out an order; each run is a report of its own.
pub fn survey(order: Survey, report: &mut impl FnMut(Report)) {
    let place = |place: Option<usize>| place.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX);
    let ms = |span: Span| u32::try_from(span.as_us() / 1_000).unwrap_or(u32::MAX);
    // The calm runs first: the cards wait for them.
    for weather in Weather::ALL {
        for exhibit in &EXHIBITS {
            let seeds = u64::from(order.seed)..u64::from(order.seed) + u64::from(RUNS_A_FIELD);
            let Some(trial) = worst(&exhibit.architecture(), weather, seeds) else { continue };
            report(Report::Surveyed(Measured {
                store: exhibit.name.into(),
                weather: place(Weather::ALL.iter().position(|known| *known == weather)),
                level: place(Level::ALL.iter().position(|known| *known == trial.level)),
                is_sure: trial.is_sure,
                served: trial.served.iter().map(|share| (ms(share.served), ms(share.of))).collect(),
                durable: trial.durable,
                messages_milli: trial.messages_milli,
                latency_us: trial.latency.and_then(|latency| u32::try_from(latency.as_us()).ok()),
                run: share::encode(&trial.recording, trial.at),
            }));
        }
    }
}
