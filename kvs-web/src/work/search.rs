//! The search for a run that breaks a promise.

use kvs_core::explore::{Finding, Hunt, Shrink};
use kvs_core::sim::Recording;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::share;

/// What to search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// A run of the architecture to search, as in a link.
    pub run: String,
    /// The first seed to try.
    pub seed: u32,
    /// How many worlds to try.
    pub worlds: u32,
    /// Whether the inside is watched as well, or only what was promised to clients.
    pub watches_inside: bool,
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
pub fn search(order: &Search, report: &mut impl FnMut(Report)) {
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
