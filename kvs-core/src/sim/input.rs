use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Hit, Order, Sim};
use crate::op::KVSOperation;
use crate::process::NodeId;
use crate::routing::view::{ShardName, View, ViewError};
use crate::server::{Call, Fill, Message, Node, PacketLoss, Timer, Traffic, Watch, sharding};
use crate::time::Span;
use crate::world::{LinkOptions, Observer, Sequence, Whereabouts, World};

/// Everything that somebody outside may do to a world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A client begins an operation, when it has ended the one before.
    Call {
        /// The client.
        client: NodeId,
        /// The operation.
        call: Arc<Call>,
    },
    /// All clients invent requests by themselves, or stop.
    Traffic(Option<Traffic>),
    /// Links are cut.
    Cut(Links),
    /// Links are healed.
    Heal(Links),
    /// All links are healed.
    HealAll,
    /// A server crashes.
    Crash(NodeId),
    /// A server that is down boots.
    Restart(NodeId),
    /// A server crashes and loses its disk.
    Wipe(NodeId),
    /// A server stands still.
    Pause(NodeId),
    /// A server that stands still goes on.
    Resume(NodeId),
    /// A server's clock is set fast (or, negative, slow).
    Clock {
        /// The server.
        node: NodeId,
        /// By how many microseconds.
        offset_us: i64,
    },
    /// A timer runs out now.
    Fire {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: Timer,
    },
    /// One message meets its fate.
    Message {
        /// The message.
        id: Sequence,
        /// What becomes of it.
        fate: Fate,
    },
    /// Messages like these are held, those on their way and those to come.
    Hold(Pattern),
    /// Messages like these are no longer held, and those that are go on.
    Release(Pattern),
    /// The next message like these is lost.
    DropNext(Pattern),
    /// All links treat messages like this from now on.
    LinksEverywhere(LinkOptions),
    /// Some links treat messages like this from now on.
    LinksBetween(Links, LinkOptions),
    /// Keys are shared out anew.
    View {
        /// How.
        view: View,
        /// Who is told; all servers, if nobody is named. Others hear of it when they meet somebody who has.
        to: Vec<NodeId>,
    },
    /// All servers are told that what a shard kept will never come.
    Lost(ShardName),
    /// Clients put a value under each of so many keys.
    Fill(u32),
    /// A client wants to hear of changes, or not any more.
    Watch {
        /// The client.
        client: NodeId,
        /// Of what, and by whom.
        watch: Arc<Watch>,
    },
    /// Clerks and their server drop so much themselves from now on.
    PacketLoss(PacketLoss),
}

/// Some links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Links {
    /// Those between members of different groups, in both directions.
    Between(Vec<Vec<NodeId>>),
    /// Those from some to others.
    OneWay {
        /// Senders.
        from: Vec<NodeId>,
        /// Receivers.
        to: Vec<NodeId>,
    },
}

impl Links {
    /// The two directions between two nodes.
    pub fn pair(one: NodeId, other: NodeId) -> Self {
        Self::Between(vec![vec![one], vec![other]])
    }

    /// Each direction of each link.
    pub fn directions(&self) -> Vec<(NodeId, NodeId)> {
        let mut directions = Vec::new();
        match self {
            Self::OneWay { from, to } => {
                directions.extend(from.iter().flat_map(|&from| to.iter().map(move |&to| (from, to))));
            }
            Self::Between(groups) => {
                for (place, group) in groups.iter().enumerate() {
                    for other in groups.iter().skip(place + 1) {
                        let pairs = group.iter().flat_map(|&a| other.iter().flat_map(move |&b| [(a, b), (b, a)]));
                        directions.extend(pairs);
                    }
                }
            }
        }
        directions.retain(|(from, to)| from != to);
        directions
    }

    fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::Between(groups) => groups.concat(),
            Self::OneWay { from, to } => from.iter().chain(to).copied().collect(),
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It is lost.
    Drop,
    /// A copy of it is sent as well.
    Duplicate,
    /// It waits on its link.
    Hold,
    /// It waits no longer.
    Release,
    /// It arrives now.
    Deliver,
}

/// Messages of a kind, from somebody, to somebody; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Their place among [`Message::KINDS`].
    pub kind: Option<u8>,
    /// Their sender.
    pub from: Option<NodeId>,
    /// Their receiver.
    pub to: Option<NodeId>,
}

impl Pattern {
    /// Whether a message is one of them.
    pub fn matches(&self, from: NodeId, to: NodeId, message: &Message) -> bool {
        let kind = self.kind.map(|kind| Message::KINDS.get(usize::from(kind)));
        kind.is_none_or(|kind| kind == Some(&message.kind()))
            && self.from.is_none_or(|wanted| wanted == from)
            && self.to.is_none_or(|wanted| wanted == to)
    }

    /// The messages on their way or held that are among them, oldest first.
    pub fn find(&self, world: &World<Node>) -> Vec<(Sequence, Whereabouts)> {
        let letters = world.letters().into_iter();
        let matching = letters.filter(|(_, _, letter)| self.matches(letter.from, letter.to, &letter.message));
        matching.map(|(id, whereabouts, _)| (id, whereabouts)).collect()
    }
}

/// Why an input did nothing. The world is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It names a node that is not there.
    #[error("there is no such node")]
    NoSuchNode,
    /// Only a client can do that.
    #[error("only a client can do that")]
    NotAClient,
    /// Only a server can do that.
    #[error("only a server can do that")]
    NotAServer,
    /// It is down.
    #[error("the server is down already")]
    AlreadyDown,
    /// It is up.
    #[error("the server is up already")]
    AlreadyUp,
    /// It is paused, or down.
    #[error("the server does not run")]
    NotRunning,
    /// It is not paused.
    #[error("the server is not paused")]
    NotPaused,
    /// The timer is not set.
    #[error("that timer is not set")]
    NoSuchTimer,
    /// The message is not on its way, or not held.
    #[error("there is no such message on its way")]
    NoSuchMessage,
    /// The latencies contradict each other, or traffic makes no sense.
    #[error("these numbers contradict each other")]
    Contradiction,
    /// The store has no shards.
    #[error("this store has no shards")]
    NotSharded,
    /// All servers of Raft are members for ever.
    #[error("no server stands by here, so none can join or leave: set spares to 1 or more")]
    NoSpares,
    /// A primary and backups are named by a view service.
    #[error("here a view service says who leads: set views to external, and you do")]
    ViewService,
    /// With causal delivery nothing but the log says what a replica has applied, and that is not handed over.
    #[error("with causal delivery shards stay as they are: switch to delivery=eventual")]
    FixedShards,
    /// A view makes no sense.
    #[error(transparent)]
    View(#[from] ViewError),
    /// An operation asks for too many keys, or for none.
    #[error("mget asks for 1 to {} different keys", KVSOperation::KEYS_MAX)]
    Keys,
    /// The store has no such operation.
    #[error("this store knows put, get and delete only")]
    NoCommand,
    /// Values have no versions there.
    #[error("values have no versions in this store: it cannot tell whether one is there")]
    NoVersions,
    /// The store of versions knows nothing else.
    #[error("the store of versions knows put and get only")]
    OfVersions,
    /// A batch is empty, or too long.
    #[error("a batch has 1 to {} commands", KVSOperation::BATCH_MAX)]
    Batch,
    /// Nobody but the network loses messages.
    #[error("in this store only the network loses messages: see the links")]
    NoPacketLoss,
    /// The store tells nobody of changes.
    #[error("this store tells nobody of changes")]
    NoNotifications,
}

/// The most keys that clients put at once.
pub(crate) const FILL_MAX: u32 = 1_000;

impl Sim {
    /// Does something to the world.
    pub fn apply(&mut self, input: &Input, observer: &mut impl Observer<Node>) -> Result<(), Refusal> {
        self.check(input)?;
        match input {
            Input::Hold(pattern) => {
                self.orders.push(Order { pattern: pattern.clone(), what: Hit::Hold });
                for (id, _) in pattern.find(&self.world) {
                    self.world.hold_message(id);
                }
                Ok(())
            }
            Input::DropNext(pattern) => {
                self.orders.push(Order { pattern: pattern.clone(), what: Hit::Drop });
                Ok(())
            }
            Input::Release(pattern) => {
                self.orders.retain(|order| order.what != Hit::Hold || order.pattern != *pattern);
                for (id, _) in pattern.find(&self.world) {
                    self.world.release_message(id, observer);
                }
                Ok(())
            }
            // Let go by hand: no standing order takes it back.
            Input::Message { fate: Fate::Release, .. } => act(&mut self.world, input, observer),
            Input::View { view, to } => {
                self.learn_view(view);
                let servers = (0..self.servers).map(NodeId);
                let told = if to.is_empty() { servers.collect() } else { to.clone() };
                self.tell(&told, &sharding::Message::View { views: self.views.clone() }, observer);
                Ok(())
            }
            Input::PacketLoss(loss) => {
                self.told_loss = Some(*loss);
                self.watched(observer, |world, watch| act(world, input, watch))
            }
            // A life begins with what the options say.
            Input::Restart(node) if self.told_loss.is_some() => {
                let loss = self.told_loss;
                self.watched(observer, |world, watch| {
                    act(world, input, watch)?;
                    if let Some(loss) = loss {
                        world.ask(*node, Message::PacketLoss(loss), watch);
                    }
                    Ok(())
                })
            }
            Input::Restart(node) if self.views.len() > 1 || self.tells_who_starts => {
                self.watched(observer, |world, watch| act(world, input, watch))?;
                // Whoever starts a server tells it what it may have missed.
                self.tell(&[*node], &sharding::Message::View { views: self.views.clone() }, observer);
                Ok(())
            }
            Input::Lost(shard) => {
                let servers: Vec<NodeId> = (0..self.servers).map(NodeId).collect();
                self.tell(&servers, &sharding::Message::Lost { shard: shard.clone() }, observer);
                Ok(())
            }
            _ => self.watched(observer, |world, watch| act(world, input, watch)),
        }
    }

    fn tell(&mut self, nodes: &[NodeId], message: &sharding::Message, observer: &mut impl Observer<Node>) {
        self.watched(observer, |world, watch| {
            for node in nodes {
                world.ask(*node, Message::Sharding(message.clone()), watch);
            }
        });
    }

    /// Whether an input, which may come from anywhere, names things that are there.
    pub fn check(&self, input: &Input) -> Result<(), Refusal> {
        let nodes = self.world.node_ids().len();
        let is_known = |node: &NodeId| node.index() < nodes;
        let server = |node: &NodeId| match node {
            node if !is_known(node) => Err(Refusal::NoSuchNode),
            node if self.is_server(*node) => Ok(()),
            _ => Err(Refusal::NotAServer),
        };
        let links = |links: &Links| links.nodes().iter().all(is_known).then_some(()).ok_or(Refusal::NoSuchNode);
        let sensible = |options: &LinkOptions| {
            (options.latency_min <= options.latency_max).then_some(()).ok_or(Refusal::Contradiction)
        };
        match input {
            Input::Call { client, call } => {
                call.to.as_ref().map_or(Ok(()), server)?;
                if let KVSOperation::MGet(keys) = &call.op {
                    let is_set = keys.windows(2).all(|pair| pair[0] < pair[1]);
                    if !is_set || keys.is_empty() || keys.len() > KVSOperation::KEYS_MAX {
                        return Err(Refusal::Keys);
                    }
                }
                let (op, has_versions) = (&call.op, self.has_versions);
                if has_versions && !matches!(op, KVSOperation::Put(..) | KVSOperation::PutIf(..) | KVSOperation::Get(_))
                {
                    return Err(Refusal::OfVersions);
                }
                if !has_versions && matches!(op, KVSOperation::PutIf(..)) {
                    return Err(Refusal::NoVersions);
                }
                if call.op.is_command() && !self.takes_commands {
                    return Err(Refusal::NoCommand);
                }
                if let KVSOperation::Batch(commands) = &call.op
                    && (commands.is_empty() || commands.len() > KVSOperation::BATCH_MAX)
                {
                    return Err(Refusal::Batch);
                }
                match client {
                    client if !is_known(client) => Err(Refusal::NoSuchNode),
                    client if self.is_server(*client) => Err(Refusal::NotAClient),
                    _ => Ok(()),
                }
            }
            Input::Watch { watch, .. } if !self.notifies => server(&watch.server).and(Err(Refusal::NoNotifications)),
            Input::Watch { client, watch } => match client {
                client if !is_known(client) => Err(Refusal::NoSuchNode),
                client if self.is_server(*client) => Err(Refusal::NotAClient),
                _ => server(&watch.server),
            },
            Input::Traffic(Some(traffic)) => {
                let is_sensible = traffic.every > Span::ZERO && traffic.keys > 0 && traffic.reads_percent <= 100;
                is_sensible.then_some(()).ok_or(Refusal::Contradiction)
            }
            Input::Cut(some) | Input::Heal(some) => links(some),
            Input::LinksBetween(some, options) => links(some).and_then(|()| sensible(options)),
            Input::LinksEverywhere(options) => sensible(options),
            Input::Crash(node)
            | Input::Restart(node)
            | Input::Wipe(node)
            | Input::Pause(node)
            | Input::Resume(node)
            | Input::Clock { node, .. } => server(node),
            Input::Fire { node, .. } => is_known(node).then_some(()).ok_or(Refusal::NoSuchNode),
            Input::Hold(pattern) | Input::Release(pattern) | Input::DropNext(pattern) => {
                pattern.from.iter().chain(&pattern.to).all(is_known).then_some(()).ok_or(Refusal::NoSuchNode)
            }
            Input::View { view, to } => {
                to.iter().all(is_known).then_some(()).ok_or(Refusal::NoSuchNode)?;
                self.check_view(view)
            }
            Input::PacketLoss(_) => self.first_loss.map(|_| ()).ok_or(Refusal::NoPacketLoss),
            Input::Lost(_) => self.view_to_follow().map(|_| ()),
            Input::Fill(keys) => (1..=FILL_MAX).contains(keys).then_some(()).ok_or(Refusal::Contradiction),
            Input::Traffic(None) | Input::HealAll | Input::Message { .. } => Ok(()),
        }
    }

    /// Checks an input that comes after all that were foreseen before. Of the views that these announce it knows.
    pub fn foresee(&mut self, input: &Input) -> Result<(), Refusal> {
        self.check(input)?;
        if let Input::View { view, .. } = input {
            self.learn_view(view);
        }
        Ok(())
    }

    fn learn_view(&mut self, view: &View) {
        self.views = self.views.iter().cloned().chain([Arc::new(view.clone())]).collect();
    }

    fn check_view(&self, view: &View) -> Result<(), Refusal> {
        let newest = self.view_to_follow()?;
        if !self.may_reshard {
            return Err(Refusal::FixedShards);
        }
        view.validate()?;
        if view.epoch != newest.epoch.saturating_add(1) {
            return Err(ViewError::WrongEpoch(newest.epoch.saturating_add(1)).into());
        }
        if !view.nodes().all(|node| self.is_server(node)) {
            return Err(ViewError::UnknownNode.into());
        }
        if !self.is_replicated && view.shards.iter().any(|shard| shard.nodes.len() > 1) {
            return Err(ViewError::NotReplicated.into());
        }
        Ok(())
    }

    fn is_server(&self, node: NodeId) -> bool {
        node.0 < self.servers
    }
}

/// Does something to a world that has been found to make sense there.
fn act(world: &mut World<Node>, input: &Input, observer: &mut impl Observer<Node>) -> Result<(), Refusal> {
    let or = |done: bool, refusal: Refusal| if done { Ok(()) } else { Err(refusal) };
    match input {
        Input::Call { client, call } => {
            world.ask(*client, Message::Invoke(call.clone()), observer);
        }
        Input::Watch { client, watch } => {
            world.ask(*client, Message::Watch(watch.clone()), observer);
        }
        Input::Traffic(traffic) => {
            for node in world.node_ids() {
                if world.node(node).as_client().is_some() {
                    world.ask(node, Message::Traffic(*traffic), observer);
                }
            }
        }
        Input::Fill(keys) => {
            let clients = world.node_ids().filter(|node| world.node(*node).as_client().is_some());
            let clients: Vec<NodeId> = clients.collect();
            let count = u32::try_from(clients.len()).unwrap_or(u32::MAX);
            for (client, place) in clients.into_iter().zip(0..) {
                world.ask(client, Message::Fill(Fill { keys: *keys, clients: count, place }), observer);
            }
        }
        Input::PacketLoss(loss) => {
            for node in world.node_ids() {
                world.ask(node, Message::PacketLoss(*loss), observer);
            }
        }
        Input::Cut(links) => links.directions().into_iter().for_each(|(from, to)| world.cut(from, to)),
        Input::Heal(links) => links.directions().into_iter().for_each(|(from, to)| world.heal(from, to)),
        Input::HealAll => world.heal_everything(),
        Input::Crash(node) => return or(world.crash(*node, observer), Refusal::AlreadyDown),
        Input::Restart(node) => return or(world.restart(*node, observer), Refusal::AlreadyUp),
        Input::Wipe(node) => world.wipe(*node, observer),
        Input::Pause(node) => return or(world.pause(*node), Refusal::NotRunning),
        Input::Resume(node) => return or(world.resume(*node), Refusal::NotPaused),
        Input::Clock { node, offset_us } => world.set_clock(*node, *offset_us),
        Input::Fire { node, timer } => {
            return or(world.fire(*node, *timer, observer), Refusal::NoSuchTimer);
        }
        Input::Message { id, fate } => {
            let is_there = match fate {
                Fate::Drop => world.drop_message(*id, observer),
                Fate::Duplicate => world.duplicate_message(*id, observer),
                Fate::Hold => world.hold_message(*id),
                Fate::Release => world.release_message(*id, observer),
                Fate::Deliver => world.deliver_message(*id, observer),
            };
            return or(is_there, Refusal::NoSuchMessage);
        }
        Input::LinksEverywhere(options) => world.set_links(*options),
        Input::LinksBetween(links, options) => {
            links.directions().into_iter().for_each(|(from, to)| world.set_link(from, to, *options));
        }
        // Standing orders and views, which are not the world's.
        Input::View { .. } | Input::Lost(_) | Input::Hold(_) | Input::Release(_) | Input::DropNext(_) => {}
    }
    Ok(())
}
