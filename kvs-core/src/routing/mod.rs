//! Where does a request go? The socket in front of the stores.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::process::NodeId;

/// Which server a request goes to when nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoutingOptions {
    /// Each client keeps to one server: the n-th client to the n-th server.
    #[default]
    Sticky,
    /// Each request of a client goes to the next server.
    RoundRobin,
}

/// The routing part, hosted by a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Router {
    options: RoutingOptions,
    servers: Arc<[NodeId]>,
    next: u32,
}

impl Router {
    /// A router whose first request goes to the server at place `first`, counted around.
    pub fn new(options: RoutingOptions, servers: Arc<[NodeId]>, first: u32) -> Self {
        Self { options, servers, next: first }
    }

    /// The server for the next request; nobody if there are no servers.
    pub fn route(&mut self) -> Option<NodeId> {
        let servers = u32::try_from(self.servers.len()).ok().filter(|&servers| servers > 0)?;
        let server = self.servers[(self.next % servers) as usize];
        if self.options == RoutingOptions::RoundRobin {
            self.next = self.next.wrapping_add(1) % servers;
        }
        Some(server)
    }
}
