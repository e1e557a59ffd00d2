//! The animals: named choices of parts for the sockets of the server, what they promise, and the options a reader may turn.

mod architecture;
pub mod catalog;
mod claims;
mod difference;
mod exhibits;
mod names;
mod options;
mod sockets;

pub use architecture::{Animal, Architecture, OrderingOptions, ReplicationOptions, Role, Shards, StorageOptions};
pub use claims::{Claim, Fault, Guarantee};
pub use difference::Change;
pub use names::Names;
pub use options::{Kind, OPTIONS, OptionError, OptionSpec, OptionValue, parse_span};
pub use sockets::{Part, Socket};
