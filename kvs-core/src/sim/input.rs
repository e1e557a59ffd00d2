use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Hit, Order, Sim};
use crate::process::NodeId;
use crate::server::{Call, Message, Node, Timer, Traffic};
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
}

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
            _ => self.watched(observer, |world, watch| act(world, input, watch)),
        }
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
                match client {
                    client if !is_known(client) => Err(Refusal::NoSuchNode),
                    client if self.is_server(*client) => Err(Refusal::NotAClient),
                    _ => Ok(()),
                }
            }
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
            Input::Traffic(None) | Input::HealAll | Input::Message { .. } => Ok(()),
        }
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
        Input::Traffic(traffic) => {
            for node in world.node_ids() {
                if world.node(node).as_client().is_some() {
                    world.ask(node, Message::Traffic(*traffic), observer);
                }
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
        // Standing orders, which are not the world's.
        Input::Hold(_) | Input::Release(_) | Input::DropNext(_) => {}
    }
    Ok(())
}
