use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Animal, Architecture};
use crate::process::NodeId;

/// What the nodes of an architecture are called: `R1`, `R2`, … and `C1`, ….
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    names: Vec<String>,
}

impl Names {
    /// The names of an architecture's nodes.
    pub fn new(architecture: &Architecture) -> Self {
        let letter = match architecture.animal {
            Animal::Local => "S",
            Animal::Replicated => "R",
        };
        let servers = (1..=architecture.servers).map(|place| format!("{letter}{place}"));
        let clients = (1..=architecture.clients).map(|place| format!("C{place}"));
        Self { names: servers.chain(clients).collect() }
    }

    /// The name of a node.
    pub fn name(&self, node: NodeId) -> &str {
        self.names.get(node.index()).map_or("outside", String::as_str)
    }

    /// The node of this name, in capital or small letters.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let place = self.names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        Some(NodeId(place as u32))
    }

    /// All names, in the order of nodes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}
