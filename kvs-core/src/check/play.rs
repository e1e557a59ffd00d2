//! A schedule with a judge: the verdicts that its lines expect are compared with those that a judge gives at that point.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Budget, Judge, Run, Verdict};
use crate::server::Node;
use crate::sim::schedule::{ExpectedVerdict, Failure, Outcome, Problem, Schedule};
use crate::sim::{History, Replay};
use crate::world::Observer;

/// Runs a schedule to its end, and judges what it says of verdicts. The first line that is not so is the failure.
pub fn play(schedule: &Schedule, observer: &mut impl Observer<Node>) -> Outcome {
    let mut outcome = schedule.run(observer);
    // Verdicts are expected of what comes before the line at which a run ends.
    if let Some(wrong) = first_wrong(&outcome) {
        outcome.failure = Some(wrong);
    }
    outcome
}

fn first_wrong(outcome: &Outcome) -> Option<Failure> {
    let recording = &outcome.recording;
    let mut history = History::default();
    let mut replay = Replay::new(recording, &mut history);
    let mut judge = Judge::new(&recording.architecture);
    outcome.verdicts.iter().find_map(|expected| {
        while replay.progress() < expected.progress && replay.step(recording, &mut history) {}
        let inputs = &recording.inputs()[..replay.inputs_done()];
        let events = history.events().len();
        let run = Run::new(&recording.architecture, replay.sim().world(), &history, events, inputs);
        let mut judgements = judge.judge(&run, Budget::PATIENT).into_iter();
        let judgement = judgements.find(|judgement| judgement.guarantee == expected.guarantee);
        let found = instead(expected, judgement.map(|judgement| judgement.verdict))?;
        let word = if expected.holds { "holds" } else { "broken" };
        let expected_words = format!("{} {word}", expected.guarantee.name());
        Some(Failure { line: expected.line, problem: Problem::Expected { expected: expected_words, found } })
    })
}

/// What was found instead; None if it is as expected.
fn instead(expected: &ExpectedVerdict, verdict: Option<Verdict<super::Proof>>) -> Option<String> {
    match verdict {
        Some(Verdict::Holds) => (!expected.holds).then(|| "it holds".to_string()),
        Some(Verdict::Broken(proof)) => expected.holds.then(|| format!("it is broken: {}", proof.what)),
        Some(Verdict::Undecided(why)) => Some(format!("it is undecided: {why}")),
        None => Some("this store is not judged by it".to_string()),
    }
}
