//! Distributed key-value stores as pure step functions, and the simulated world they run in.
//!
//! This crate is not a database and opens no socket: no clock, no thread, no file. It is `no_std`; whoever uses it brings the time
//! and, if there is one, the network. (With the feature `std`, the [engines](storage::engine) work in a real directory as well.)
//!
//! # The loop
//!
//! A node is a [`process::Process`]: state, and a `step` that takes one event. A [`world::World`] holds nodes, links, disks and
//! a clock, and lets one event happen at a time:
//!
//! ```
//! use kvs_core::sim::{Input, Recording, Sim};
//! use kvs_core::zoo::catalog;
//!
//! // A run is a value: an architecture, a seed, and what somebody did at which moment.
//! let exhibit = catalog::exhibit("replicated").expect("it is in the catalogue");
//! let recording = Recording::new(exhibit.architecture(), 42);
//! let mut sim = Sim::new(&recording.architecture, recording.seed, &mut ());
//! while sim.world().now() < kvs_core::time::Time::from_us(1_000_000) && sim.step(&mut ()) {}
//! ```
//!
//! **A run is a function of its recording.** Equal recordings give equal runs, natively and in WebAssembly; replay, step back, share
//! links, tests and lessons are all that one function.
//!
//! # The map
//!
//! A module imports only from lower floors.
//!
//! - Floor 0: [`process`], [`time`], [`choice`], [`disk`] (the step function and the four things it may touch), [`world`] (the engine),
//!   [`op`], [`command`], [`version`] and [`request`] (operations and outcomes), [`lattice`] (values that merge), [`quorum`] (majorities).
//! - Floor 1, one folder a socket: [`routing`] (where?), [`ordering`] (when?), [`storage`] (what?), [`replication`] (who else must know?).
//! - Floor 2: [`server`] wires the sockets; the client; the closed enums of nodes, messages and timers.
//! - Floor 3: [`zoo`], the architectures: named choices of parts, their options and their catalogue.
//! - Floor 4: [`sim`], a world with a story: inputs, recordings, histories, traces, schedules, exports.
//! - Floor 5: [`check`], what must hold in a world, and what clients were promised.
//! - Floor 6: [`explore`], the search for a run that breaks it.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod check;
pub mod choice;
pub mod command;
pub mod disk;
pub mod explore;
pub mod lattice;
pub mod op;
pub mod ordering;
pub mod process;
pub mod quorum;
pub mod replication;
pub mod request;
pub mod routing;
pub mod server;
pub mod sim;
pub mod storage;
pub mod time;
pub mod version;
pub mod world;
pub mod zoo;
