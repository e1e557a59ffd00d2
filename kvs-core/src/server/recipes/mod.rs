//! What is built on a clerk: a counter that counts each addition once, and a lock. Both are sequences of gets and puts, chosen one after
//! the other by what came back; who runs them (a test, an example) hands each to a client.
//!
//! Their one idea: whatever comes back of a put but "ok", read and look for your own token. A put names the version that it replaces, so if
//! that version is still there the same put may be sent again, and if it is not, no copy of it can be applied any more.

mod counter;
mod lock;

use crate::op::{KVSOperation, KVSResponse, Outcome};
use crate::version::{Version, Versioned};

pub use counter::{Counter, sum};
pub use lock::{Grip, Lock};

/// What a recipe does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// This is to be asked, and its outcome told to [`after`](Counter::after).
    Ask(KVSOperation),
    /// It is done.
    Done(T),
}

/// What a read has found: nothing, in version 0, or a value. None if it was not answered.
fn found(outcome: &Outcome) -> Option<(Option<&Versioned>, Version)> {
    match outcome {
        Outcome::Ok(KVSResponse::GetAt(versioned)) => Some((Some(versioned), versioned.version)),
        Outcome::Ok(KVSResponse::GetResult { values, .. }) if values.is_empty() => Some((None, Version::ABSENT)),
        _ => None,
    }
}
