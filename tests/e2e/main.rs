//! The built page in a real browser, as a reader uses it.

mod harness;
