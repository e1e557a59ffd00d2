use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::ordering::paxos::{Acceptor, Cluster, Part, PaxosConfig, Proposer, Proxy, Replica};
use crate::ordering::rabia::{Rabia, RabiaOptions};
use crate::ordering::raft::{Raft, RaftOptions};
use crate::ordering::vr::{Vr, VrOptions};
use crate::ordering::{Ordering, ReadMode};
use crate::process::NodeId;
use crate::replication::Replication;
use crate::replication::gossip::{EpidemicGossip, GossipConfig};
use crate::replication::primary_backup::{self, PrimaryBackup, ViewService, Views};
use crate::routing::hash::HashOf;
use crate::routing::map::{Placement, ShardMap};
use crate::routing::view::{Shard, ShardName, View};
use crate::routing::{Router, RoutingOptions};
use crate::server::sharding::{Sharding, ShardingOptions};
use crate::server::{Client, ClientOptions, Node, PacketLoss, Server, ServerOptions};
use crate::storage::smr::{KVStoreConfig, KVStoreSMR};
use crate::storage::versioned::VersionedOptions;
use crate::storage::{KVSCore, LatticeKVSCore, Storage, Values};
use crate::time::Span;
use crate::world::{DiskOptions, LinkOptions};

/// The kinds of store in the zoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Animal {
    /// One server.
    Local,
    /// Replicas that gossip.
    Replicated,
    /// Servers that share the keys.
    Sharded,
    /// Shards, each of which is kept by replicas that gossip.
    ShardedReplicated,
    /// The same, with values that know their causes and clients that carry them along.
    ShardedCausal,
    /// Servers that agree on a log by way of a leader.
    Raft,
    /// Replicas that agree on an order without a leader.
    Smr,
    /// A primary and its backups.
    PrimaryBackup,
    /// Replicas that execute one sequence of requests, on which others agree.
    Linearizable,
    /// Replicas that take turns to lead.
    Vr,
    /// One server of values with versions, and clerks who ask it.
    Versioned,
}

/// A choice of parts for the sockets, and of the world they live in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// The exhibit that this is a variant of.
    pub animal: Animal,
    /// How many servers: nodes that are no clients, whatever their part.
    pub servers: u32,
    /// How many clients.
    pub clients: u32,
    /// The routing socket: of the servers that keep a key, which is asked.
    pub routing: RoutingOptions,
    /// Likewise: which servers keep a key. None: all of them keep all.
    pub sharding: Option<Shards>,
    /// The ordering socket.
    pub ordering: OrderingOptions,
    /// The storage socket.
    pub storage: StorageOptions,
    /// The replication socket.
    pub replication: ReplicationOptions,
    /// What servers do about retries and crashes.
    pub server: ServerOptions,
    /// How clients behave.
    pub client: ClientOptions,
    /// How some clients behave instead, in the order of clients, from the first.
    pub own_clients: Vec<ClientOptions>,
    /// How links treat messages.
    pub links: LinkOptions,
    /// How disks behave.
    pub disks: DiskOptions,
}

/// How keys are shared out at the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// How many shards there are.
    pub shards: u32,
    /// How many servers keep each.
    pub replicas: u32,
    /// In how many regions they lie; 1: keys go to shards at once and not to regions first.
    pub regions: u32,
    /// How many shards' worth of servers stand by, outside of the first view.
    pub spares: u32,
    /// What of a key clients hash; servers hash its bytes.
    pub hashed: HashOf,
    /// How servers deal with it.
    pub options: ShardingOptions,
}

impl Shards {
    const REGIONS: [&str; 3] = ["east", "west", "south"];
    /// The most regions.
    pub(super) const REGIONS_MAX: u32 = 3;

    /// How many servers there are.
    pub(super) fn servers(&self) -> u32 {
        self.shards.saturating_add(self.spares).saturating_mul(self.replicas)
    }

    /// What a shard is called; of a spare one, what it will be called when it joins.
    pub(super) fn name(&self, shard: u32) -> String {
        let name = if self.replicas == 1 { format!("S{}", shard + 1) } else { letter(shard).into() };
        match self.regions {
            0 | 1 => name,
            regions => {
                let region = u64::from(shard) * u64::from(regions) / u64::from(self.shards.max(1));
                let last = Self::REGIONS.len() - 1;
                format!("{}/{name}", Self::REGIONS[usize::try_from(region).map_or(last, |region| region.min(last))])
            }
        }
    }

    fn first_view(&self) -> View {
        let nodes = |shard: u32| (shard * self.replicas..(shard + 1) * self.replicas).map(NodeId).collect();
        let shard = |shard: u32| Some(Shard { name: ShardName::new(&self.name(shard))?, nodes: nodes(shard) });
        View { epoch: 1, shards: (0..self.shards).filter_map(shard).collect() }
    }
}

/// One shard that is all there is.
fn whole(servers: impl Iterator<Item = NodeId>) -> ShardMap {
    let all = Shard { name: ShardName::whole(), nodes: servers.collect() };
    ShardMap::new(Placement::Modulo, Arc::new(View { epoch: 1, shards: [all].into() }))
}

/// `A`, `B`, `D`, …: `C1` is a client.
pub(super) fn letter(shard: u32) -> char {
    const LETTERS: &[u8] = b"ABDEFGHIJKLMNOPQRSTUVWXYZ";
    LETTERS.get(shard as usize).copied().map_or('?', char::from)
}

/// What goes into the storage socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageOptions {
    /// One value a key, for operations in one order.
    Core,
    /// Values that are merged.
    Lattice(Values),
    /// All commands of a replicated state machine, in one order.
    Smr(KVStoreConfig),
    /// Values with versions, which an engine keeps.
    Versioned(VersionedOptions),
}

/// What goes into the ordering socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderingOptions {
    /// Each server takes requests as they arrive.
    #[default]
    Arrival,
    /// By a log that a leader replicates.
    Raft(RaftOptions),
    /// Replicas agree on an order, and nobody leads.
    Rabia(RabiaOptions),
    /// Proposers and acceptors agree on one sequence for all replicas.
    MultiPaxos(PaxosConfig),
    /// Replicas take turns to lead, view by view.
    Vr(VrOptions),
}

/// The part that a node plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Takes requests of clients and keeps values.
    Server,
    /// Takes requests of clients and passes them on.
    Proxy,
    /// Proposes what comes next.
    Proposer,
    /// Votes for it.
    Acceptor,
    /// Executes what was decided.
    Replica,
    /// Says who leads.
    ViewService,
    /// Asks.
    Client,
}

impl Role {
    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Proxy => "proxy",
            Self::Proposer => "proposer",
            Self::Acceptor => "acceptor",
            Self::Replica => "replica",
            Self::ViewService => "view service",
            Self::Client => "client",
        }
    }
}

/// What goes into the replication socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicationOptions {
    /// Nobody else needs to know.
    NoReplication,
    /// Gossip.
    EpidemicGossip(GossipConfig),
    /// A primary and its backups.
    PrimaryBackup(primary_backup::Options),
}

impl Architecture {
    /// The nodes: servers first, then clients.
    pub fn build(&self) -> Vec<Node> {
        let servers: Arc<[NodeId]> = self.server_ids().collect();
        let server_options = Arc::new(self.server.clone());
        let map = Arc::new(self.first_map());
        let sharding_options = self.sharding.as_ref().map(|shards| Arc::new(shards.options.clone()));
        let gossip_config = self.gossip().map(|config| Arc::new(config.clone()));
        let raft_options = self.raft().map(|options| Arc::new(options.clone()));
        let rabia_options = self.rabia().map(|options| Arc::new(options.clone()));
        let vr_options = self.vr().map(|options| Arc::new(options.clone()));
        let storage = match self.storage {
            StorageOptions::Core => Storage::Core(KVSCore::default()),
            StorageOptions::Lattice(values) => Storage::Lattice(LatticeKVSCore::new(values)),
            StorageOptions::Smr(config) => Storage::Smr(Box::new(KVStoreSMR::new(Arc::new(config)))),
            StorageOptions::Versioned(_) => Storage::Versioned(Box::default()),
        };
        let backup_options = self.primary_backup().map(|options| Arc::new(options.clone()));
        let (keepers, service): (Arc<[NodeId]>, _) = (self.asked_ids().collect(), self.view_service());
        let paxos = match &self.ordering {
            OrderingOptions::MultiPaxos(config) => Some((Arc::new(config.clone()), Arc::new(Cluster::new(config)))),
            _ => None,
        };
        let server = |me: NodeId| {
            if let Some(options) = backup_options.as_ref().filter(|_| service == Some(me)) {
                return Node::ViewService(ViewService::new(options.clone(), keepers.clone()));
            }
            let replication = match (&gossip_config, &backup_options) {
                (None, None) => Replication::NoReplication,
                (Some(config), _) => {
                    Replication::EpidemicGossip(EpidemicGossip::new(config.clone(), servers.clone(), me))
                }
                (None, Some(options)) => {
                    let part = PrimaryBackup::new(options.clone(), keepers.clone(), service, me);
                    Replication::PrimaryBackup(part.into())
                }
            };
            let server = Server::new(server_options.clone(), storage.clone(), replication);
            let server = match self.storage {
                StorageOptions::Versioned(options) => server.with_versions(options),
                _ => server,
            };
            let server = match &paxos {
                Some((config, cluster)) => {
                    let (config, cluster) = (config.clone(), cluster.clone());
                    match config.part(me) {
                        Some((Part::Proposer, place)) => {
                            return Node::Proposer(Proposer::new(config, cluster, place + 1));
                        }
                        Some((Part::Acceptor, _)) => return Node::Acceptor(Acceptor::new(config)),
                        Some((Part::Proxy, _)) => return Node::Proxy(Proxy::new(config, cluster)),
                        Some((Part::Replica, _)) | None => {
                            server.with_ordering(Ordering::MultiPaxos(Replica::new(config, cluster).into()))
                        }
                    }
                }
                None => server.with_ordering(match (&raft_options, &rabia_options, &vr_options) {
                    (Some(options), ..) => Ordering::Raft(Raft::new(options.clone(), servers.clone(), me).into()),
                    (_, Some(options), _) => Ordering::Rabia(Rabia::new(options.clone(), servers.clone(), me).into()),
                    (.., Some(options)) => Ordering::Vr(Vr::new(options.clone(), servers.clone(), me).into()),
                    (None, None, None) => Ordering::Arrival,
                }),
            };
            Node::Server(match &sharding_options {
                None => server,
                Some(options) => server.with_sharding(Sharding::new(options.clone(), map.clone(), me, storage.clone())),
            })
        };
        let client_options = Arc::new(self.client.clone());
        let of_client = |place: u32| match self.own_clients.get(place as usize) {
            Some(own) => Arc::new(own.clone()),
            None => client_options.clone(),
        };
        let hashed = self.sharding.as_ref().map_or(HashOf::Bytes, |shards| shards.hashed);
        // Who is no member now may be one later.
        let known = if self.raft().is_some() { Arc::new(whole(self.asked_ids())) } else { map.clone() };
        let client = |place: u32| {
            let router = Router::new(self.routing, hashed, known.clone(), place);
            let router = if self.is_ordered() { router.among_equals() } else { router };
            let is_passed_on = self.primary_backup().is_some_and(primary_backup::Options::passes_reads_on);
            let router = if is_passed_on { router.answered_by_others() } else { router };
            Node::Client(Client::new(of_client(place), router))
        };
        self.server_ids().map(server).chain((0..self.clients).map(client)).collect()
    }

    /// Which servers keep what at the beginning. Without shards, all of them are one, but for those that stand by.
    pub fn first_map(&self) -> ShardMap {
        let Some(shards) = &self.sharding else {
            let members = self.servers - self.raft().map_or(0, |options| options.spares.min(self.servers));
            return whole(self.asked_ids().filter(|server| server.0 < members));
        };
        ShardMap::new(shards.options.placement, Arc::new(shards.first_view()))
    }

    /// The shard that a server is meant for: the one it keeps, kept, or will keep when it joins.
    pub fn home(&self, server: NodeId) -> Option<ShardName> {
        let Some(shards) = &self.sharding else {
            return self.has_views().then(ShardName::whole);
        };
        ShardName::new(&shards.name(server.0.checked_div(shards.replicas)?))
    }

    /// The part that a node plays.
    pub fn role(&self, node: NodeId) -> Role {
        match (&self.ordering, &self.replication) {
            _ if !self.is_server(node) => Role::Client,
            _ if self.view_service() == Some(node) => Role::ViewService,
            (_, ReplicationOptions::EpidemicGossip(_)) | (OrderingOptions::Rabia(_) | OrderingOptions::Vr(_), _) => {
                Role::Replica
            }
            (OrderingOptions::Arrival | OrderingOptions::Raft(_), _) => Role::Server,
            (OrderingOptions::MultiPaxos(config), _) => match config.part(node) {
                Some((Part::Proposer, _)) => Role::Proposer,
                Some((Part::Acceptor, _)) => Role::Acceptor,
                Some((Part::Proxy, _)) => Role::Proxy,
                Some((Part::Replica, _)) | None => Role::Replica,
            },
        }
    }

    /// Whether several servers do what one would: they agree on an order of requests before they execute them.
    pub fn is_ordered(&self) -> bool {
        self.ordering != OrderingOptions::Arrival || self.primary_backup().is_some()
    }

    /// How long the servers of an ordered store may take to notice that somebody is gone.
    pub fn election_timeout(&self) -> Option<Span> {
        match &self.ordering {
            OrderingOptions::Arrival => self.primary_backup().map(primary_backup::Options::patience),
            OrderingOptions::Raft(options) => Some(options.longest_election_timeout()),
            OrderingOptions::Rabia(options) => Some(options.resend_after),
            OrderingOptions::MultiPaxos(config) => Some(config.longest_silence()),
            OrderingOptions::Vr(options) => Some(options.longest_silence()),
        }
    }

    /// How reads are answered where servers agree on an order and there is a choice.
    pub fn reads(&self) -> Option<ReadMode> {
        match &self.ordering {
            OrderingOptions::Raft(options) => Some(options.reads),
            OrderingOptions::Rabia(options) => Some(options.reads),
            OrderingOptions::Arrival | OrderingOptions::Vr(_) => None,
            OrderingOptions::MultiPaxos(config) => Some(config.reads),
        }
    }

    /// The servers that clients ask by themselves, in the order of nodes: proxies, where there are some.
    pub fn asked_ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        let has_proxies = self.paxos().is_some();
        self.server_ids().filter(move |server| match self.role(*server) {
            Role::Proxy => true,
            Role::Server | Role::Replica => !has_proxies,
            Role::Proposer | Role::Acceptor | Role::ViewService | Role::Client => false,
        })
    }

    /// Whether a client may name this server.
    pub fn takes_requests(&self, server: NodeId) -> bool {
        matches!(self.role(server), Role::Server | Role::Replica | Role::Proxy)
    }

    /// How proposers and acceptors agree, if there are some.
    pub fn paxos(&self) -> Option<&PaxosConfig> {
        match &self.ordering {
            OrderingOptions::MultiPaxos(config) => Some(config),
            _ => None,
        }
    }

    /// How the server of versioned values goes about it, if there is one.
    pub fn versioned(&self) -> Option<&VersionedOptions> {
        match &self.storage {
            StorageOptions::Versioned(options) => Some(options),
            _ => None,
        }
    }

    /// How much clients and servers drop themselves, where they do.
    pub fn packet_loss(&self) -> Option<PacketLoss> {
        let requests = self.client.clerk.as_ref()?.request_loss;
        Some(PacketLoss { requests, replies: self.versioned()?.reply_loss })
    }

    /// How replicas gossip, if they do.
    pub fn gossip(&self) -> Option<&GossipConfig> {
        match &self.replication {
            ReplicationOptions::EpidemicGossip(config) => Some(config),
            ReplicationOptions::NoReplication | ReplicationOptions::PrimaryBackup(_) => None,
        }
    }

    /// How servers agree by Raft, if they do.
    pub fn raft(&self) -> Option<&RaftOptions> {
        match &self.ordering {
            OrderingOptions::Raft(options) => Some(options),
            _ => None,
        }
    }

    /// How replicas agree without a leader, if they do.
    pub fn rabia(&self) -> Option<&RabiaOptions> {
        match &self.ordering {
            OrderingOptions::Rabia(options) => Some(options),
            _ => None,
        }
    }

    /// How replicas take turns to lead, if they do.
    pub fn vr(&self) -> Option<&VrOptions> {
        match &self.ordering {
            OrderingOptions::Vr(options) => Some(options),
            _ => None,
        }
    }

    /// How the store of a replicated state machine behaves, if there is one.
    pub fn smr(&self) -> Option<&KVStoreConfig> {
        match &self.storage {
            StorageOptions::Smr(config) => Some(config),
            StorageOptions::Core | StorageOptions::Lattice(_) | StorageOptions::Versioned(_) => None,
        }
    }

    /// How primary and backups work together, if there are such.
    pub fn primary_backup(&self) -> Option<&primary_backup::Options> {
        match &self.replication {
            ReplicationOptions::PrimaryBackup(options) => Some(options),
            ReplicationOptions::NoReplication | ReplicationOptions::EpidemicGossip(_) => None,
        }
    }

    /// The node that says who leads, if there is one: the last that is no client.
    pub fn view_service(&self) -> Option<NodeId> {
        let has_one = self.primary_backup().is_some_and(|options| options.views == Views::Service);
        has_one.then(|| NodeId(self.servers.saturating_sub(1)))
    }

    /// Whether somebody outside announces who keeps what, who leads, or who agrees.
    pub fn has_views(&self) -> bool {
        let has_spares = self.raft().is_some_and(|options| options.spares > 0);
        has_spares
            || self.sharding.is_some()
            || self.primary_backup().is_some_and(|options| options.views == Views::External)
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
