//! A schedule with a judge: the verdicts that its lines expect are compared with those that a judge gives at that point.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Budget, Judge, Run, Verdict};
use crate::server::Node;
use crate::sim::schedule::{ExpectedVerdict, Failure, Outcome, Problem, Schedule};
use crate::sim::{History, Recording, Replay};
use crate::world::Observer;

/// Runs a schedule to its end, and judges what it says of verdicts. The first line that is not so is the failure.
pub fn play(schedule: &Schedule, observer: &mut impl Observer<Node>) -> Outcome {
    let mut outcome = schedule.run(observer);
    let wrong = outcome.verdicts.iter().find_map(|expected| {
        let found = found(&outcome.recording, expected)?;
        let word = if expected.holds { "holds" } else { "broken" };
        let expected_words = format!("{} {word}", expected.guarantee.name());
        Some(Failure { line: expected.line, problem: Problem::Expected { expected: expected_words, found } })
    });
    // Verdicts are expected of what comes before the line at which a run ends.
    if let Some(wrong) = wrong {
        outcome.failure = Some(wrong);
    }
    outcome
}

/// What was found instead; None if it is as expected.
fn found(recording: &Recording, expected: &ExpectedVerdict) -> Option<String> {
    let mut history = History::default();
    let mut replay = Replay::new(recording, &mut history);
    while replay.progress() < expected.progress && replay.step(recording, &mut history) {}
    let inputs = &recording.inputs()[..replay.inputs_done()];
    let architecture = &recording.architecture;
    let run = Run::new(architecture, replay.sim().world(), &history, history.events().len(), inputs);
    let judgements = Judge::new(architecture).judge(&run, Budget::PATIENT);
    let judgement = judgements.into_iter().find(|judgement| judgement.guarantee == expected.guarantee)?;
    match judgement.verdict {
        Verdict::Holds => (!expected.holds).then(|| "it holds".to_string()),
        Verdict::Broken(proof) => expected.holds.then(|| format!("it is broken: {}", proof.what)),
        Verdict::Undecided(why) => Some(format!("it is undecided: {why}")),
    }
}
