use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::architecture::letter;
use super::{Animal, Architecture};
use crate::ordering::paxos::Part;
use crate::process::NodeId;

/// What the nodes of an architecture are called: `R1`, `R2`, … and `C1`, …; servers of a shard `A1`, `A2`, …; who
/// says who leads, `VS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    names: Vec<String>,
}

impl Names {
    /// The names of an architecture's nodes.
    pub fn new(architecture: &Architecture) -> Self {
        let server = |place: u32| match (architecture.animal, &architecture.sharding) {
            _ if architecture.view_service() == Some(NodeId(place)) => String::from("VS"),
            (_, Some(shards)) if shards.replicas > 1 => {
                format!("{}{}", letter(place / shards.replicas), place % shards.replicas + 1)
            }
            (Animal::Replicated, _) => format!("R{}", place + 1),
            (Animal::Smr, _) => format!("N{}", place + 1),
            (Animal::Linearizable, _) => {
                let part = architecture.paxos().and_then(|config| config.part(NodeId(place)));
                let (part, place) = part.unwrap_or((Part::Replica, place));
                let letter = match part {
                    Part::Replica => 'R',
                    // It leads, or would like to.
                    Part::Proposer => 'L',
                    Part::Acceptor => 'A',
                    Part::Proxy => 'P',
                };
                format!("{letter}{}", place + 1)
            }
            _ => format!("S{}", place + 1),
        };
        let servers = (0..architecture.servers).map(server);
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
