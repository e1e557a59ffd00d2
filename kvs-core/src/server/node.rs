//! The closed world of nodes: every kind there is, with all that they say and wait for.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::client::{Call, ClerkMessage, Client, Fill, Return, Traffic};
use super::packet_loss::PacketLoss;
use super::subscriptions::{self, Noticed, Watch};
use super::{Server, ordered, sharding};
use crate::op::RequestId;
use crate::ordering::{self, Glance, paxos};
use crate::process::{Context, Event, EventOf, NodeId, Process};
use crate::replication::gossip;
use crate::replication::primary_backup::{self, ViewService};
use crate::request::{Request, Response};

/// A node of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Node {
    /// Keeps values.
    Server(Server),
    /// Asks for them.
    Client(Client),
    /// Says who leads.
    ViewService(ViewService),
    /// Takes requests, and has others put them in order.
    Proxy(paxos::Proxy),
    /// Proposes what comes next.
    Proposer(paxos::Proposer),
    /// Votes on it.
    Acceptor(paxos::Acceptor),
}

/// Everything that is ever said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The reader to a client: do this.
    Invoke(Arc<Call>),
    /// The reader to a client: invent requests, or stop.
    Traffic(Option<Traffic>),
    /// A client to the reader: it has begun an operation.
    Called(Arc<Request>),
    /// A client to the reader: it has ended one.
    Returned(Arc<Return>),
    /// A client to a server.
    Request(Arc<Request>),
    /// A server to a client.
    Response(Arc<Response>),
    /// A replica to another.
    Gossip(gossip::Message),
    /// About shards.
    Sharding(sharding::Message),
    /// The reader to a client: put a value under each of so many keys.
    Fill(Fill),
    /// A server to a client: ask somebody else.
    Redirect {
        /// The request.
        id: RequestId,
        /// Whom to ask, if that is known.
        to: Option<NodeId>,
    },
    /// About the order of requests.
    Ordering(ordering::Message),
    /// Between primary, backups and the view service.
    PrimaryBackup(primary_backup::Message),
    /// The reader to a client: hear of changes, or stop.
    Watch(Arc<Watch>),
    /// A client to the reader: it has heard of something.
    Noticed(Arc<Noticed>),
    /// Between subscribers and replicas.
    Subscription(subscriptions::Message),
    /// Between a clerk and a server of versioned values.
    Clerk(ClerkMessage),
    /// The reader to clerks and servers of versioned values: drop so much.
    PacketLoss(PacketLoss),
}

impl Message {
    /// What kind of message it is, in one word: what a schedule calls it and the picture writes beside it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invoke(_) => "Invoke",
            Self::Traffic(_) => "Traffic",
            Self::Called(_) => "Called",
            Self::Returned(_) => "Returned",
            Self::Request(_) | Self::Clerk(ClerkMessage::Ask { .. }) => "Request",
            Self::Response(_) | Self::Clerk(ClerkMessage::Answer { .. }) => "Response",
            Self::Gossip(message) => match message {
                gossip::Message::Mail { .. } => "Mail",
                gossip::Message::Rumor { .. } => "Rumor",
                gossip::Message::RumorAck { .. } => "RumorAck",
                gossip::Message::AeSyn { .. } => "AeSyn",
                gossip::Message::AeReply { .. } => "AeReply",
                gossip::Message::AeFin { .. } => "AeFin",
                gossip::Message::PullReq { .. } => "PullReq",
                gossip::Message::PullResp { .. } => "PullResp",
            },
            Self::Sharding(message) => match message {
                sharding::Message::View { .. } => "View",
                sharding::Message::ViewReq { .. } => "ViewReq",
                sharding::Message::Handoff { .. } => "Handoff",
                sharding::Message::HandoffAck { .. } => "HandoffAck",
                sharding::Message::HandoffReq { .. } => "HandoffReq",
                sharding::Message::WrongShard { .. } => "WrongShard",
                sharding::Message::Proxy(_) => "Proxy",
                sharding::Message::Lost { .. } => "Lost",
            },
            Self::Fill(_) => "Fill",
            Self::Redirect { .. } => "Redirect",
            Self::Ordering(message) => message.kind(),
            Self::PrimaryBackup(message) => message.kind(),
            Self::Watch(_) => "Watch",
            Self::PacketLoss(_) => "PacketLoss",
            Self::Noticed(_) => "Noticed",
            Self::Subscription(message) => message.kind(),
        }
    }

    /// The request of a client, however it is sent.
    pub fn as_request(&self) -> Option<&Arc<Request>> {
        match self {
            Self::Request(request) | Self::Clerk(ClerkMessage::Ask { request, .. }) => Some(request),
            _ => None,
        }
    }

    /// The answer to a client, however it is sent.
    pub fn as_response(&self) -> Option<&Arc<Response>> {
        match self {
            Self::Response(response) | Self::Clerk(ClerkMessage::Answer { response, .. }) => Some(response),
            _ => None,
        }
    }

    /// The kinds that travel between nodes. Links name them by their places here: new ones go to the end.
    pub const KINDS: [&'static str; 74] = [
        "Request",
        "Response",
        "Mail",
        "Rumor",
        "RumorAck",
        "PullReq",
        "PullResp",
        "AeSyn",
        "AeReply",
        "AeFin",
        "View",
        "ViewReq",
        "Handoff",
        "HandoffAck",
        "HandoffReq",
        "WrongShard",
        "Proxy",
        "Redirect",
        "PreVote",
        "PreVoteReply",
        "RequestVote",
        "VoteReply",
        "AppendEntries",
        "AppendReply",
        "InstallSnapshot",
        "Forward",
        "Proposal",
        "State",
        "Vote",
        "Decision",
        "AskProposal",
        "GiveProposal",
        "CatchUp",
        "CatchUpResp",
        "Ping",
        "ViewReply",
        "GetView",
        "Fwd",
        "FwdAck",
        "FwdReq",
        "FwdNo",
        "Xfer",
        "XferAck",
        "XferReq",
        "Propose",
        "NotLeader",
        "P1a",
        "P1b",
        "P2a",
        "P2b",
        "Decide",
        "IAmLeader",
        "Applied",
        "Trunc",
        "Learn",
        "LearnResp",
        "ReadIdx",
        "ReadIdxAck",
        "ReadAt",
        "Lease",
        "LeaseGrant",
        "Prepare",
        "PrepareOk",
        "Commit",
        "StartViewChange",
        "DoViewChange",
        "StartView",
        "Recovery",
        "RecoveryResponse",
        "GetState",
        "NewState",
        "Subscribe",
        "Unsubscribe",
        "Notify",
    ];
}

impl From<sharding::Message> for Message {
    fn from(message: sharding::Message) -> Self {
        Self::Sharding(message)
    }
}

impl From<ordering::Message> for Message {
    fn from(message: ordering::Message) -> Self {
        Self::Ordering(message)
    }
}

impl From<primary_backup::Message> for Message {
    fn from(message: primary_backup::Message) -> Self {
        Self::PrimaryBackup(message)
    }
}

impl From<ClerkMessage> for Message {
    fn from(message: ClerkMessage) -> Self {
        Self::Clerk(message)
    }
}

impl From<subscriptions::Message> for Message {
    fn from(message: subscriptions::Message) -> Self {
        Self::Subscription(message)
    }
}

impl From<gossip::Message> for Message {
    fn from(message: gossip::Message) -> Self {
        Self::Gossip(message)
    }
}

/// Every reason to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// A client: no answer has come.
    Retry,
    /// A client: invent the next request.
    NextRequest,
    /// A server with split pipelines: take the next snapshot.
    Batch,
    /// A replica.
    Gossip(gossip::Timer),
    /// A server of a shard: say again what nobody has answered.
    Handoff,
    /// A node that puts requests in order.
    Ordering(ordering::Timer),
    /// A primary, a backup, or the view service.
    PrimaryBackup(primary_backup::Timer),
    /// A client: say again what it wants to hear of.
    Renew,
    /// A server that checks first and inserts later: insert what was checked.
    Insert,
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "Retry",
            Self::NextRequest => "NextRequest",
            Self::Batch => "Batch",
            Self::Gossip(gossip::Timer::GossipTick) => "GossipTick",
            Self::Gossip(gossip::Timer::AeTick) => "AeTick",
            Self::Gossip(gossip::Timer::DcSweep) => "DcSweep",
            Self::Handoff => "Handoff",
            Self::Ordering(timer) => timer.name(),
            Self::PrimaryBackup(timer) => timer.name(),
            Self::Renew => "Renew",
            Self::Insert => "Insert",
        }
    }

    /// Every timer there is.
    pub const ALL: [Self; 24] = [
        Self::Retry,
        Self::NextRequest,
        Self::Batch,
        Self::Gossip(gossip::Timer::GossipTick),
        Self::Gossip(gossip::Timer::AeTick),
        Self::Gossip(gossip::Timer::DcSweep),
        Self::Handoff,
        Self::Ordering(ordering::Timer::Raft(ordering::raft::Timer::Election)),
        Self::Ordering(ordering::Timer::Raft(ordering::raft::Timer::Heartbeat)),
        Self::Ordering(ordering::Timer::Rabia(ordering::rabia::Timer::Resend)),
        Self::Ordering(ordering::Timer::Rabia(ordering::rabia::Timer::SendBatch)),
        Self::PrimaryBackup(primary_backup::Timer::Ping),
        Self::PrimaryBackup(primary_backup::Timer::PingCheck),
        Self::PrimaryBackup(primary_backup::Timer::Resend),
        Self::Ordering(ordering::Timer::Paxos(paxos::Timer::SendIAmLeader)),
        Self::Ordering(ordering::Timer::Paxos(paxos::Timer::CheckIAmLeader)),
        Self::Ordering(ordering::Timer::Paxos(paxos::Timer::Resend)),
        Self::Ordering(ordering::Timer::Paxos(paxos::Timer::ProxyRetry)),
        Self::Ordering(ordering::Timer::Paxos(paxos::Timer::Gap)),
        Self::Ordering(ordering::Timer::Vr(ordering::vr::Timer::ViewChange)),
        Self::Ordering(ordering::Timer::Vr(ordering::vr::Timer::Again)),
        Self::Ordering(ordering::Timer::Rabia(ordering::rabia::Timer::Tick)),
        Self::Renew,
        Self::Insert,
    ];
}

impl From<ordering::Timer> for Timer {
    fn from(timer: ordering::Timer) -> Self {
        Self::Ordering(timer)
    }
}

impl From<primary_backup::Timer> for Timer {
    fn from(timer: primary_backup::Timer) -> Self {
        Self::PrimaryBackup(timer)
    }
}

impl From<gossip::Timer> for Timer {
    fn from(timer: gossip::Timer) -> Self {
        Self::Gossip(timer)
    }
}

impl Process for Node {
    type Message = Message;
    type Timer = Timer;

    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>) {
        match self {
            Self::Server(server) => server.step(event, cx),
            Self::Client(client) => client.step(event, cx),
            Self::ViewService(service) => step_view_service(service, event, cx),
            Self::Proxy(proxy) => ordered::step_proxy(proxy, event, cx),
            Self::Proposer(proposer) => {
                if let Some(event) = ordered::of_paxos(event) {
                    proposer.step(event, cx);
                }
            }
            Self::Acceptor(acceptor) => {
                if let Some(event) = ordered::of_paxos(event) {
                    acceptor.step(event, cx);
                }
            }
        }
    }
}

impl Node {
    /// The server, if it is one.
    pub fn as_server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            _ => None,
        }
    }

    /// What is to be seen of its protocol at a glance, where requests are put in order.
    pub fn glance(&self) -> Option<Glance> {
        match self {
            Self::Server(server) => server.glance(),
            Self::ViewService(service) => Some(service.glance()),
            Self::Proxy(proxy) => Some(proxy.glance()),
            Self::Proposer(proposer) => Some(proposer.glance()),
            Self::Acceptor(acceptor) => Some(acceptor.glance()),
            Self::Client(_) => None,
        }
    }

    /// The client, if it is one.
    pub fn as_client(&self) -> Option<&Client> {
        match self {
            Self::Client(client) => Some(client),
            _ => None,
        }
    }

    /// The view service, if it is one.
    pub fn as_view_service(&self) -> Option<&ViewService> {
        match self {
            Self::ViewService(service) => Some(service),
            _ => None,
        }
    }
}

/// The view service hears servers; a client that asks it for something is told who leads.
fn step_view_service(service: &mut ViewService, event: EventOf<Node>, cx: &mut Context<'_, Node>) {
    match event {
        Event::Boot => service.step(&Event::Boot, cx),
        Event::Timer(Timer::PrimaryBackup(timer)) => service.step(&Event::Timer(timer), cx),
        Event::Receive { from, message: Message::PrimaryBackup(message) } => {
            service.step(&Event::Receive { from, message }, cx);
        }
        Event::Receive { from, message: Message::Request(request) } => {
            let to = service.view().primary.map(|primary| primary.node);
            cx.send(from, Message::Redirect { id: request.id, to });
        }
        // Said to others.
        Event::Timer(_) | Event::Receive { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn no_two_kinds_and_no_two_timers_have_one_name() {
        assert_eq!(Message::KINDS.iter().collect::<BTreeSet<_>>().len(), Message::KINDS.len());
        assert_eq!(Timer::ALL.iter().map(|timer| timer.name()).collect::<BTreeSet<_>>().len(), Timer::ALL.len());
    }
}
