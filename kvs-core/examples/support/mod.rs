//! How the examples tell a run: time, and what happened, in words.

use kvs_core::check::play;
use kvs_core::sim::schedule::{Outcome, Schedule, Words};
use kvs_core::sim::{Entry, Trace, What, describe};
use kvs_core::time::Time;

/// Whether an entry is part of the story: what clients and the reader see and do, what goes wrong, and the marks. (The rest is
/// single messages and timers.)
pub(crate) fn is_story(entry: &Entry) -> bool {
    !matches!(entry.what, What::Sent { .. } | What::Delivered { .. } | What::Fired { .. })
}

/// Runs a schedule and prints what happened, as far as it is worth a line.
pub(crate) fn tell(schedule: &Schedule, is_worth_a_line: impl Fn(&Entry) -> bool) -> Outcome {
    let mut trace = Trace::default();
    let outcome = play(schedule, &mut trace);
    let names = schedule.names();
    let mut words = outcome.words.iter().peekable();
    let mut say_until = |time: Time| {
        while let Some((_, words)) = words.next_if(|(at, _)| *at <= time) {
            say(words);
        }
    };
    for entry in trace.entries().iter().filter(|entry| is_worth_a_line(entry)) {
        say_until(entry.time);
        if let Some(text) = describe(entry, &names) {
            println!("{:>12}  {text}", entry.time.to_string());
        }
    }
    say_until(Time::MAX);
    outcome
}

fn say(words: &Words) {
    match words {
        Words::Caption(caption) => println!("    {caption}"),
        Words::Question { question, answers, .. } => {
            println!("    {question} (It will be: {}.)", answers.first().map_or("", String::as_str));
        }
    }
}
