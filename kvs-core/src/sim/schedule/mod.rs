//! A schedule is text: a small line language that drives a world.
