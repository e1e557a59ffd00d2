//! What only the inside tells: whether replicas have become equal, and whether an acknowledged write is still kept somewhere.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Run, Undecided, Verdict};
use crate::disk::Disk;
use crate::op::{KVSOperation, Key, Outcome, Value};
use crate::process::NodeId;
use crate::server::sharding::RESEND as HANDOFF_RESEND;
use crate::server::{Message, Node, Server, sharding};
use crate::sim::Operation;
use crate::storage::versioned::{KeyValueServer, VersionedOptions};
use crate::storage::{LatticeKVSCore, Storage, Values};
use crate::time::{Span, Time};
use crate::world::World;
use crate::zoo::{Architecture, Names, StorageOptions};

/// What is wrong, and the operations it is about, by their places among the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// The operations; none if it is about replicas that differ.
    pub(super) operations: Vec<usize>,
    /// One sentence.
    pub(super) what: String,
}

/// Whether all replicas hold the same now that they have had all it takes, and nothing that was acknowledged is missing.
pub(super) fn convergence(run: &Run<'_>, excused_until: Time) -> Verdict<Missing> {
    let Run { world, architecture, .. } = run;
    let mut servers = architecture.server_ids();
    if servers.any(|server| !world.is_up(server) || world.is_paused(server)) {
        return Verdict::Undecided(Undecided::NotYet("a replica is down"));
    }
    if architecture.server_ids().any(|server| is_resharding(world, server)) {
        return Verdict::Undecided(Undecided::NotYet("keys are being handed over"));
    }
    let Some((one, other, key)) = groups(world).iter().find_map(|group| difference(world, group)) else {
        return match lost(run, excused_until) {
            Some(missing) => Verdict::Broken(missing),
            None => Verdict::Holds,
        };
    };
    if world.cuts().any(|(from, to)| architecture.is_server(from) && architecture.is_server(to)) {
        return Verdict::Undecided(Undecided::NotYet("replicas are cut off from each other"));
    }
    if is_spreading(run) {
        return Verdict::Undecided(Undecided::NotYet("replicas still differ: it takes time"));
    }
    let names = Names::new(architecture);
    let what = format!(
        "{} and {} hold different things under {key}, although nothing has stood between them for {}",
        names.name(one),
        names.name(other),
        world.now().since(run.quiet_since)
    );
    Verdict::Broken(Missing { operations: run.about(&key), what })
}

/// Whether every acknowledged write that was called after an instant and that nobody has overwritten is kept by somebody.
pub(super) fn durability(run: &Run<'_>, excused_until: Time) -> Verdict<Missing> {
    // What is acknowledged there is in the logs of a majority, and gets from them to those who execute it by and by.
    if run.architecture.is_ordered() && is_executing(run) {
        return Verdict::Undecided(Undecided::NotYet("servers may have to catch up"));
    }
    match lost(run, excused_until) {
        Some(missing) => Verdict::Broken(missing),
        None => Verdict::Holds,
    }
}

/// Whether a server has yet to hand over, or to be handed over, what a new view moves.
fn is_resharding(world: &World<Node>, node: NodeId) -> bool {
    let sharding = server(world, node).and_then(Server::sharding);
    sharding.is_some_and(|sharding| !sharding.leaving().keys().is_empty() || sharding.waiting_for().next().is_some())
}

/// The servers that should hold the same, in groups: those of one shard, or all of them.
pub(super) fn groups(world: &World<Node>) -> Vec<Vec<NodeId>> {
    let servers = || world.node_ids().filter(|node| world.is_up(*node) && world.node(*node).as_server().is_some());
    let views = servers().filter_map(|node| Some(world.node(node).as_server()?.sharding()?.map().view().clone()));
    match views.max_by_key(|view| view.epoch) {
        None => [servers().collect()].into(),
        Some(view) => {
            let up = |nodes: &[NodeId]| nodes.iter().copied().filter(|node| world.is_up(*node)).collect();
            view.shards.iter().map(|shard| up(&shard.nodes)).collect()
        }
    }
}

/// How many different things are kept by servers that should keep the same; of several shards, by those of the one that differ most.
/// Servers that are down do not count, nor do those that stand by while others are primary and backups.
pub fn states(world: &World<Node>) -> usize {
    let contents = |node: &NodeId| -> Vec<(Key, Vec<Value>)> {
        let all = server(world, *node).map(|server| server.storage().all());
        all.iter().flat_map(|all| all.iter()).map(|kept| (kept.key.clone(), kept.values.clone())).collect()
    };
    let serves = |node: &&NodeId| {
        let part = server(world, **node).and_then(|server| server.replication().primary_backup());
        part.is_none_or(|part| part.view().is_primary(**node) || part.view().is_backup(**node))
    };
    let groups = groups(world).into_iter();
    groups.map(|group| group.iter().filter(serves).map(contents).collect::<BTreeSet<_>>().len()).max().unwrap_or(0)
}

fn difference(world: &World<Node>, servers: &[NodeId]) -> Option<(NodeId, NodeId, Key)> {
    let (first, rest) = servers.split_first()?;
    rest.iter().find_map(|other| {
        let key = first_difference(lattice(world, *first)?, lattice(world, *other)?)?;
        Some((*first, *other, key))
    })
}

fn first_difference(one: &LatticeKVSCore, other: &LatticeKVSCore) -> Option<Key> {
    let differs = |one: &LatticeKVSCore, other: &LatticeKVSCore| {
        one.visible().find(|(key, stored)| other.get(key) != Some(stored)).map(|(key, _)| key.clone())
    };
    differs(one, other).or_else(|| differs(other, one))
}

fn server(world: &World<Node>, node: NodeId) -> Option<&Server> {
    world.node(node).as_server()
}

fn lattice(world: &World<Node>, node: NodeId) -> Option<&LatticeKVSCore> {
    match server(world, node)?.storage() {
        Storage::Lattice(store) => Some(store),
        Storage::Core(_) | Storage::Smr(_) | Storage::Versioned(_) => None,
    }
}

/// Whether servers have yet to learn what was decided, or cannot.
fn is_executing(run: &Run<'_>) -> bool {
    let Run { world, architecture, .. } = run;
    let is_away = |server: NodeId| !world.is_up(server) || world.is_paused(server);
    architecture.server_ids().any(is_away) || world.cuts().next().is_some() || is_spreading(run)
}

/// Whether changes may still be on their way: not enough time has passed since the last disturbance.
fn is_spreading(run: &Run<'_>) -> bool {
    run.world.now().since(run.quiet_since) < settling_time(run.architecture)
}

/// How long replicas may take to become equal when nothing disturbs them: so many rounds of the slowest way of spreading that is on.
pub fn settling_time(architecture: &Architecture) -> Span {
    /// A change reaches all of 1,000 replicas in some 20 rounds of random contacts, give or take a few.
    const ROUNDS: u64 = 30;
    let gossip = architecture.gossip().into_iter().flat_map(|config| {
        [(config.anti_entropy, config.anti_entropy_interval), (config.rumor_mongering, config.gossip_interval)]
    });
    let handoff = (architecture.sharding.is_some(), HANDOFF_RESEND);
    let ordering = architecture.election_timeout().map(|timeout| (true, timeout));
    let round = gossip.chain([handoff]).chain(ordering).filter(|(is_on, _)| *is_on).map(|(_, interval)| interval).max();
    if architecture.gossip().is_none() && architecture.sharding.is_none() && !architecture.is_ordered() {
        return Span::ZERO;
    }
    let latency = architecture.links.latency_max;
    (round.unwrap_or(Span::ZERO) + latency + latency).saturating_mul(ROUNDS)
}

/// An acknowledged put that nobody has overwritten and nobody keeps, on the way included.
fn lost(run: &Run<'_>, excused_until: Time) -> Option<Missing> {
    let operations = run.operations();
    let puts = operations.iter().enumerate().filter_map(|(place, operation)| match operation.op() {
        KVSOperation::Put(key, value) | KVSOperation::PutIf(key, value, _)
            if operation.called >= excused_until && is_acknowledged(run, place) =>
        {
            Some((place, operation, key, value))
        }
        _ => None,
    });
    let (place, _, key, value) = puts
        .filter(|(place, put, key, _)| !may_be_overwritten(run, *place, put, key, excused_until))
        .find(|(_, _, key, value)| !is_kept(run, key, value))?;
    let what = format!("{key}={value} was acknowledged, and nobody keeps it any more");
    Some(Missing { operations: alloc::vec![place], what })
}

fn is_acknowledged(run: &Run<'_>, place: usize) -> bool {
    run.ended(place)
        .is_some_and(|ended| matches!(&ended.outcome, Outcome::Ok(response) if response.refusal().is_none()))
}

/// Whether another write of the key was not over when this one began. One from before the excuse never is: a copy of its request may
/// still be under way, to a server that has forgotten it.
fn may_be_overwritten(run: &Run<'_>, place: usize, put: &Operation, key: &Key, excused_until: Time) -> bool {
    // Where causes alone order writes, one that was over may win all the same, unless this one's session knew of it.
    let values = [Values::CausalWrapper, Values::JoinedClock].map(StorageOptions::Lattice);
    let is_ordered_by_causes = values.contains(&run.architecture.storage);
    let is_before = |other: &Operation| other.id.client == put.id.client && other.id.sequence < put.id.sequence;
    run.operations().iter().enumerate().any(|(other, operation)| {
        let is_over =
            run.ended(other).is_some_and(|ended| ended.at < put.called && matches!(ended.outcome, Outcome::Ok(_)));
        let is_past = is_over && operation.called >= excused_until && (!is_ordered_by_causes || is_before(operation));
        other != place && operation.op().writes(key) && !is_past
    })
}

fn is_kept(run: &Run<'_>, key: &Key, value: &Value) -> bool {
    let Run { world, architecture, .. } = run;
    let keeps = |node: NodeId| match server(world, node) {
        Some(server) if world.is_up(node) => {
            let leaving = server.sharding().map(sharding::Sharding::leaving);
            let mut stores = leaving.into_iter().chain([server.storage()]);
            stores.any(|store| store.kept(key).values.contains(value))
        }
        // What it will know when it boots.
        Some(_) if architecture.versioned().is_some_and(VersionedOptions::is_to_survive) => {
            let (mut disk, options) = (Disk::clone(world.disk(node)), architecture.versioned());
            let store = options.map(|options| KeyValueServer::open(options, &mut disk, 0));
            store.is_some_and(|store| store.shown(key).is_some_and(|versioned| versioned.value == *value))
        }
        Some(_) if architecture.server.journal => Server::replays_to(world.disk(node), key, value),
        _ => false,
    };
    let is_on_its_way = || {
        world.letters().iter().any(|(_, _, letter)| match &letter.message {
            Message::Gossip(gossip) => {
                gossip.items().iter().any(|item| item.id.key == *key && item.value.values().contains(value))
            }
            Message::Sharding(sharding::Message::Handoff { parcels, .. }) => {
                parcels.iter().any(|(k, parcel)| k == key && parcel.values().contains(value))
            }
            // A copy of the request itself may still come.
            Message::Sharding(sharding::Message::Proxy(request)) => request.op.puts().contains(&(key, value)),
            message => message.as_request().is_some_and(|request| request.op.puts().contains(&(key, value))),
        })
    };
    architecture.server_ids().any(keeps) || is_on_its_way()
}
