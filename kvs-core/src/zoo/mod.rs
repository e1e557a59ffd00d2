//! The animals: named choices of parts for the sockets of the server, and the options a reader may turn.

mod architecture;
pub mod catalog;
mod exhibits;
mod names;
mod options;

pub use architecture::{Animal, Architecture, ReplicationOptions, StorageOptions};
pub use names::Names;
pub use options::{Kind, OPTIONS, OptionError, OptionSpec, OptionValue, parse_span};
