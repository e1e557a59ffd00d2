//! The verdict on a history that another tool recorded, and the part of it that is worth a picture.

use kvs_core::check::foreign::{End, History, Operation, Options, Proof};
use kvs_core::check::{Budget, Verdict};
use serde::{Deserialize, Serialize};

/// How to judge a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    /// The model's name; without it, the one that has the operations of the history.
    pub model: Option<String>,
    /// What a register keeps at first.
    pub initial: Option<String>,
}

/// A history that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// True: linearizable. False: not. None: undecided.
    pub holds: Option<bool>,
    /// The verdict in a sentence.
    pub what: String,
    /// The operations that are worth a picture, in order of their calls.
    pub bars: Vec<Bar>,
    /// How many are left out.
    pub left_out: u32,
}

/// An operation in a picture in which each call and each return is one step to the right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// The process, as text.
    pub process: String,
    /// What it did.
    pub label: String,
    /// Where it was called.
    pub from: u32,
    /// Where it returned; None if it never did.
    pub to: Option<u32>,
    /// Its lines in the text.
    pub lines: String,
    /// Whether it is one of those that prove that there is no order.
    pub proves: bool,
    /// Whether it ended well.
    pub is_sure: bool,
}

/// More than fits a picture.
const BARS_MAX: usize = 200;
/// How many calls and returns are shown around a proof.
const AROUND: usize = 24;
/// Some seconds, and some 100 MB.
const BUDGET: Budget = Budget { steps: 50_000_000, configurations: 2_000_000 };

impl Judge {
    /// The options that the words mean.
    pub fn options(&self) -> Result<Options, String> {
        let filled = |word: &Option<String>| word.clone().filter(|word| !word.trim().is_empty());
        Ok(Options {
            model: filled(&self.model).map(|model| model.parse()).transpose()?,
            initial: filled(&self.initial).map(|initial| Options::parse_initial(&initial)).transpose()?,
        })
    }

    /// Judges a history.
    pub fn judge(&self, history: &History) -> Result<Judged, String> {
        let (model, verdict) = history.judge(&self.options()?, BUDGET).map_err(|error| error.to_string())?;
        let count = history.operations().len();
        let all = format!("{count} {}", if count == 1 { "operation" } else { "operations" });
        let (holds, what, proof) = match verdict {
            Verdict::Holds => (
                Some(true),
                format!("Linearizable: one order of all {all} explains every answer of this {model}."),
                None,
            ),
            Verdict::Undecided(why) => (None, format!("Undecided after {all} of this {model}: {why}."), None),
            Verdict::Broken(proof) => {
                let what = match proof.operations.len() {
                    1 => "Not linearizable: nothing explains the marked answer, whatever the other operations did."
                        .into(),
                    few => format!(
                        "Not linearizable: the {few} marked operations contradict each other, whatever the others did."
                    ),
                };
                (Some(false), what, Some(proof))
            }
        };
        let bars = bars(history, proof.as_ref());
        let left_out = u32::try_from(count - bars.len()).unwrap_or(u32::MAX);
        Ok(Judged { holds, what, bars, left_out })
    }
}

/// The operations around the proof, or the first ones.
fn bars(history: &History, proof: Option<&Proof>) -> Vec<Bar> {
    let mut places: Vec<(usize, Option<usize>)> = vec![(0, None); history.operations().len()];
    for (place, event) in history.events().iter().enumerate() {
        let operation = &mut places[event.operation as usize];
        if event.is_call { operation.0 = place } else { operation.1 = Some(place) }
    }
    let proves = |number: usize| proof.is_some_and(|proof| proof.operations.iter().any(|one| *one as usize == number));
    // What lies near a call or a return of the proof.
    let marks: Vec<usize> = (0..places.len())
        .filter(|number| proves(*number))
        .flat_map(|number| [Some(places[number].0), places[number].1])
        .flatten()
        .collect();
    let is_near = |number: usize| {
        let (from, to) = places[number];
        proof.is_none() || marks.iter().any(|mark| from <= mark + AROUND && to.unwrap_or(from) + AROUND >= *mark)
    };
    let mut shown: Vec<usize> = (0..places.len()).filter(|number| proves(*number)).collect();
    let others = (0..places.len()).filter(|number| !proves(*number) && is_near(*number));
    shown.extend(others.take(BARS_MAX.saturating_sub(shown.len())));
    shown.sort_unstable();
    // Only the steps at which something is shown take room.
    let mut steps: Vec<usize> =
        shown.iter().flat_map(|number| [Some(places[*number].0), places[*number].1]).flatten().collect();
    steps.sort_unstable();
    let step = |place: usize| u32::try_from(steps.partition_point(|step| *step < place)).unwrap_or(u32::MAX);
    let bar = |number: usize| {
        let operation = &history.operations()[number];
        let (from, to) = places[number];
        Bar {
            process: operation.process.to_string(),
            label: history.describe(operation),
            from: step(from),
            to: to.filter(|_| operation.end != End::Open).map(step),
            lines: lines(operation),
            proves: proves(number),
            is_sure: operation.end == End::Done,
        }
    };
    shown.into_iter().map(bar).collect()
}

fn lines(operation: &Operation) -> String {
    match operation.returned {
        Some(returned) => format!("lines {} to {returned}", operation.called),
        None => format!("line {}, no return", operation.called),
    }
}
