//! How the examples tell a run: time, and what happened, in words.

use kvs_core::sim::schedule::{Outcome, Schedule};
use kvs_core::sim::{Trace, What, describe};

/// Which entries are worth a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What clients and the reader see and do, what goes wrong, and the marks.
    Story,
    /// Every message as well.
    Everything,
}

/// Runs a schedule and prints what happened.
pub(crate) fn tell(schedule: &Schedule, detail: Detail) -> Outcome {
    let mut trace = Trace::default();
    let outcome = schedule.run(&mut trace);
    let names = schedule.names();
    for entry in trace.entries() {
        let is_message = matches!(entry.what, What::Sent { .. } | What::Delivered { .. } | What::Fired { .. });
        if is_message && detail == Detail::Story {
            continue;
        }
        if let Some(text) = describe(entry, &names) {
            println!("{:>12}  {text}", entry.time.to_string());
        }
    }
    outcome
}
