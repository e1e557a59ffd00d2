//! What takes long goes on in a worker: what the page orders, and what the worker reports.
//!
//! Runs travel as links do, so that both sides speak one language; counts are small enough for a JavaScript number.

pub mod foreign;
pub mod search;
pub mod survey;
pub mod worker;

use serde::{Deserialize, Serialize};

pub use foreign::{Judge, Judged};
pub use search::{Found, Search};
pub use survey::{Measured, Survey};

/// What the page orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Look for a run that breaks a promise.
    Search(Search),
    /// Judge a history; its text comes along as a blob.
    Judge(Judge),
    /// Let every store of the zoo go through every weather.
    Survey(Survey),
}

/// What the worker reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It listens.
    Ready,
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
    /// So many bytes of a history have been read.
    Reading(u32),
    /// A history has been judged.
    Judged(Judged),
    /// One store has gone through one weather.
    Surveyed(Measured),
    /// The order cannot be carried out.
    Refused(String),
}
