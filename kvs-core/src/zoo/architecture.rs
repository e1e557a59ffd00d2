use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::process::NodeId;
use crate::replication::Replication;
use crate::replication::gossip::{EpidemicGossip, GossipConfig};
use crate::routing::{Router, RoutingOptions};
use crate::server::{Client, ClientOptions, Node, Server, ServerOptions};
use crate::storage::{KVSCore, LatticeKVSCore, Storage, Values};
use crate::world::{DiskOptions, LinkOptions};

/// The kinds of store in the zoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Animal {
    /// One server.
    Local,
    /// Replicas that gossip.
    Replicated,
}

/// A choice of parts for the sockets, and of the world they live in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// The exhibit that this is a variant of.
    pub animal: Animal,
    /// How many servers.
    pub servers: u32,
    /// How many clients.
    pub clients: u32,
    /// The routing socket.
    pub routing: RoutingOptions,
    /// The storage socket.
    pub storage: StorageOptions,
    /// The replication socket.
    pub replication: ReplicationOptions,
    /// What servers do about retries and crashes.
    pub server: ServerOptions,
    /// How clients behave.
    pub client: ClientOptions,
    /// How links treat messages.
    pub links: LinkOptions,
    /// How disks behave.
    pub disks: DiskOptions,
}

/// What goes into the storage socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageOptions {
    /// One value a key, for operations in one order.
    Core,
    /// Values that are merged.
    Lattice(Values),
}

/// What goes into the replication socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicationOptions {
    /// Nobody else needs to know.
    NoReplication,
    /// Gossip.
    EpidemicGossip(GossipConfig),
}

impl Architecture {
    /// The nodes: servers first, then clients.
    pub fn build(&self) -> Vec<Node> {
        let servers: Arc<[NodeId]> = self.server_ids().collect();
        let server_options = Arc::new(self.server.clone());
        let gossip_config = self.gossip().map(|config| Arc::new(config.clone()));
        let storage = match self.storage {
            StorageOptions::Core => Storage::Core(KVSCore::default()),
            StorageOptions::Lattice(values) => Storage::Lattice(LatticeKVSCore::new(values)),
        };
        let server = |me: NodeId| {
            let replication = match &gossip_config {
                None => Replication::NoReplication,
                Some(config) => Replication::EpidemicGossip(EpidemicGossip::new(config.clone(), servers.clone(), me)),
            };
            Node::Server(Server::new(server_options.clone(), storage.clone(), replication))
        };
        let client_options = Arc::new(self.client.clone());
        let client = |place: u32| {
            Node::Client(Client::new(client_options.clone(), Router::new(self.routing, servers.clone(), place)))
        };
        self.server_ids().map(server).chain((0..self.clients).map(client)).collect()
    }

    /// How replicas gossip, if they do.
    pub fn gossip(&self) -> Option<&GossipConfig> {
        match &self.replication {
            ReplicationOptions::EpidemicGossip(config) => Some(config),
            ReplicationOptions::NoReplication => None,
        }
    }

    /// The servers.
    pub fn server_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.servers).map(NodeId)
    }

    /// The clients.
    pub fn client_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (self.servers..self.servers + self.clients).map(NodeId)
    }

    /// Whether this node is a server.
    pub fn is_server(&self, node: NodeId) -> bool {
        node.0 < self.servers
    }
}
