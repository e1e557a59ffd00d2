//! One short file an exhibit.

pub(super) mod local;
pub(super) mod replicated;
