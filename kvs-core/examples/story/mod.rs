//! Examples that are a schedule, or end with one.

use std::process::ExitCode;

use kvs_core::sim::schedule::Schedule;

use crate::support::{is_story, tell};

/// Says what a schedule is, tells it, and fails if something is not as expected.
pub(crate) fn main_of(title: &str, text: &str) -> ExitCode {
    println!("{title}\n");
    let failure = match Schedule::parse(text) {
        Ok(schedule) => tell(&schedule, is_story).failure.map(|failure| failure.to_string()),
        Err(error) => Some(error.to_string()),
    };
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            eprintln!("{failure}");
            ExitCode::from(1)
        }
    }
}
