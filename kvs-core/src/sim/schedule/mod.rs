//! A schedule is text: a small line language that drives a world.
use super::Recording;
use crate::time::Time;
use alloc::string::String;
/// x
pub struct Schedule;
/// x
pub struct Out {
    /// x
    pub recording: Recording,
    /// x
    pub end: Time,
    /// x
    pub failure: Option<String>,
}
impl Schedule {
    /// x
    pub fn parse(_t: &str) -> Result<Self, String> {
        Err("x".into())
    }
    /// x
    pub fn run(&self, _o: &mut ()) -> Out {
        Out {
            recording: Recording::new(crate::zoo::catalog::EXHIBITS[0].architecture(), 1),
            end: Time::ZERO,
            failure: None,
        }
    }
    /// x
    pub fn from_recording(_r: &Recording) -> Self {
        Schedule
    }
}
impl core::fmt::Display for Schedule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("todo")
    }
}
