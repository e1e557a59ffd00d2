//! Several runs side by side under one clock: the same storm over several stores, or what was beside what might have been.
//!
//! [`Comparison`] is the model: lanes, each a run with its figures, and the one present they share. It takes any list of titles and
//! recordings. [`StormLink`] is a storm over some stores as a link; [`WhatIf`] is one message with another fate. None of them knows
//! Yew or the DOM. [`Compare`](view::Compare) shows a comparison.
//!
//! Hooks for tests and scripts: `[data-lane="Raft"]`, in it `[data-figure=answered]` and others, `[data-chart=latency] [data-strip="0"]`;
//! `[data-testid=compare]` has `data-ready`; the other `[data-testid=…]` are all-play, all-step, all-back, all-speed, all-seek, all-now,
//! weather, open-lane, remove-lane, storm, weather-cable …, storm-reseed, add-store, open-storm, what-if, what-if-lost …, what-if-keep,
//! what-if-drop, parting, go-to-parting.

pub mod chart;
pub mod figures;
pub mod lane;
pub mod link;
pub mod model;
pub mod page;
pub mod view;
pub mod what_if;
pub mod what_if_dialog;

pub use link::{StormError, StormLink};
pub use model::{Comparison, Lane};
pub use what_if::{Asked, Twist, WhatIf};
