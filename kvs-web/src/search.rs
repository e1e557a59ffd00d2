//! The search for a run that breaks a promise, as it goes on in a worker: what the page orders, and what the worker reports.
//!
//! Runs travel as links do, so that both sides speak one language; counts are small enough for a JavaScript number.

use kvs_core::explore::{Finding, Hunt, Shrink};
use kvs_core::sim::Recording;
use serde::{Deserialize, Serialize};

use crate::share;

/// What the page orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// A run of the architecture to search, as in a link.
    pub run: String,
    /// The first seed to try.
    pub seed: u32,
    /// How many worlds to try.
    pub worlds: u32,
    /// Whether the inside is watched as well, or only what was promised to clients.
    pub watches_inside: bool,
}

/// What the worker reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// So many worlds have been tried, and nothing was broken.
    Searching(u32),
    /// Something was found; it has been made smaller in so many attempts and does so many things now.
    Shrinking {
        /// Attempts to make it smaller.
        tried: u32,
        /// Things that somebody outside does in it.
        inputs: u32,
    },
    /// The smallest run that was found.
    Found(Found),
    /// All worlds have been tried.
    Nothing(u32),
    /// The order makes no sense.
    Refused(String),
}

/// A run that breaks something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The run, at the moment at which it breaks, as in a link.
    pub run: String,
    /// What it breaks, in a word or two.
    pub name: String,
    /// What is wrong, in a sentence.
    pub what: String,
    /// How many worlds there were.
    pub worlds: u32,
    /// How many things somebody outside did in it before it was made smaller.
    pub inputs_before: u32,
    /// And after.
    pub inputs: u32,
}

/// Carries out an order. `report` is told how far it is.
pub fn search(order: &Order, report: &mut impl FnMut(Report)) {
    let recording = match share::decode(&order.run) {
        Ok((recording, _)) => recording,
        Err(error) => return report(Report::Refused(error.to_string())),
    };
    let Recording { architecture, .. } = recording;
    let hunt = Hunt { watches_inside: order.watches_inside, ..Hunt::new(architecture) };
    for tried in 0..order.worlds {
        let seed = u64::from(order.seed) + u64::from(tried);
        if let Some(finding) = hunt.world(seed) {
            let found = smallest(finding, tried + 1, report);
            return report(Report::Found(found));
        }
        report(Report::Searching(tried + 1));
    }
    report(Report::Nothing(order.worlds));
}

fn smallest(finding: Finding, worlds: u32, report: &mut impl FnMut(Report)) -> Found {
    let inputs_before = inputs(&finding);
    let mut shrink = Shrink::new(finding);
    let mut tried = 0;
    while !shrink.is_done() {
        shrink.attempt();
        tried += 1;
        report(Report::Shrinking { tried, inputs: inputs(shrink.best()) });
    }
    let best = shrink.best();
    Found {
        run: share::encode(&best.recording, best.at),
        name: best.breach.name().into(),
        what: best.breach.what().into(),
        worlds,
        inputs_before,
        inputs: inputs(best),
    }
}

fn inputs(finding: &Finding) -> u32 {
    u32::try_from(finding.recording.inputs().len()).unwrap_or(u32::MAX)
}
