//! How things stand, in the words of expectations.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::Expected;
use super::super::print::several;
use super::{Problem, Runner};
use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::process::NodeId;
use crate::routing::view::ShardName;
use crate::server::Node;
use crate::sim::Operation;
use crate::storage::Storage;
use crate::world::World;

impl Runner<'_> {
    pub(super) fn expect_held(&self, node: NodeId, key: &Key, values: &[Value]) -> Result<(), Problem> {
        let found = match self
            .world()
            .node(node)
            .as_server()
            .filter(|_| self.world().is_up(node))
            .map(|server| server.read(key))
        {
            Some(answer) => several(answer.values().unwrap_or_default()),
            None => "a server that is down".into(),
        };
        let expected = several(values);
        expect(expected == found, || (expected, found))
    }

    /// The last notices, as many as are expected; none if there are to be none.
    pub(super) fn expect_heard(&self, client: NodeId, expected: &[String]) -> Result<(), Problem> {
        let all = self.story.notices.get(&client).map_or(&[][..], Vec::as_slice);
        let last = if expected.is_empty() { all } else { &all[all.len().saturating_sub(expected.len())..] };
        let words = |notices: &[String]| if notices.is_empty() { "nothing".into() } else { notices.join(" | ") };
        expect(expected == last, || (words(expected), words(last)))
    }

    pub(super) fn expect_mark(&self, mark: &str, node: NodeId) -> Result<(), Problem> {
        let left: Vec<&str> = self.story.marks.iter().filter(|(at, _)| *at == node).map(|(_, mark)| mark.0).collect();
        let found = if left.is_empty() { "none".into() } else { left.join("; ") };
        expect(left.contains(&mark), || (format!("the mark \"{mark}\" at {}", self.names.name(node)), found))
    }
}

pub(super) fn expect(holds: bool, words: impl FnOnce() -> (String, String)) -> Result<(), Problem> {
    if holds {
        return Ok(());
    }
    let (expected, found) = words();
    Err(Problem::Expected { expected, found })
}

/// How an operation stands, in the words of expectations.
pub(super) fn ended(operation: &Operation) -> Expected {
    match operation.ended.as_ref().map(|ended| &ended.outcome) {
        None => Expected::Pending,
        Some(Outcome::Maybe) => Expected::Unknown,
        Some(Outcome::MaybeClosed) => Expected::UnknownClosed,
        Some(Outcome::Ok(KVSResponse::PutAt(version))) => Expected::OkAt(*version),
        Some(Outcome::Ok(KVSResponse::GetAt(versioned))) => Expected::ValueAt(versioned.clone()),
        Some(Outcome::Ok(KVSResponse::Refused(KVStoreError::VersionMismatch { actual, .. }))) => {
            Expected::RefusedAt(*actual)
        }
        Some(Outcome::Ok(KVSResponse::GetResult { values, .. })) => Expected::Values(values.clone()),
        Some(Outcome::Unavailable) => Expected::Unavailable,
        Some(Outcome::Ok(KVSResponse::PutOk | KVSResponse::DeleteOk | KVSResponse::Cleared)) => Expected::Ok,
        Some(Outcome::Ok(result)) if result.refusal().is_some() => Expected::Refused,
        Some(Outcome::Ok(KVSResponse::Exists(is_there))) => Expected::Values(answer(*is_there)),
        Some(Outcome::Ok(KVSResponse::Size(size))) => Expected::Values(number(*size)),
        Some(Outcome::Ok(KVSResponse::Keys(keys))) => Expected::Values(names(keys)),
        Some(Outcome::Ok(KVSResponse::Batch(results))) => {
            let commands = match operation.op() {
                KVSOperation::Batch(commands) => &commands[..],
                _ => &[],
            };
            let found: Vec<Vec<Value>> = commands.iter().zip(results.iter()).filter_map(found).collect();
            if found.is_empty() { Expected::Ok } else { Expected::Batch(found) }
        }
        Some(Outcome::Ok(KVSResponse::Refused(_))) => Expected::Refused,
        Some(Outcome::Ok(result @ (KVSResponse::Items(_) | KVSResponse::All { .. }))) => {
            Expected::Items(result.items().iter().map(|item| (item.key.clone(), item.values.clone())).collect())
        }
    }
}

fn answer(is_there: bool) -> Vec<Value> {
    Value::new(if is_there { "yes" } else { "no" }).into_iter().collect()
}

fn number(number: u64) -> Vec<Value> {
    Value::new(&format!("{number}")).into_iter().collect()
}

fn names(keys: &[Key]) -> Vec<Value> {
    keys.iter().filter_map(|key| Value::new(key.as_str()).ok()).collect()
}

/// What a command of a batch has found; None if it was not there to find anything.
fn found((command, result): (&KVOperation, &KVResult)) -> Option<Vec<Value>> {
    match result {
        KVResult::Success(KVData::Done) | KVResult::Error(_) => None,
        _ if command.is_write() => None,
        KVResult::Success(KVData::Value(value)) => Some([value.clone()].into()),
        KVResult::Success(KVData::Answer(is_there)) => Some(answer(*is_there)),
        KVResult::Success(KVData::Keys(keys)) => Some(names(keys)),
        KVResult::Success(KVData::Count(count)) => Some(number(*count)),
        KVResult::NotFound => Some(Vec::new()),
    }
}

pub(super) fn is_idle(world: &World<Node>) -> bool {
    world
        .node_ids()
        .filter_map(|node| world.node(node).as_client())
        .all(|client| client.pending().is_none() && client.waiting() == 0)
}

/// Whether all servers that are up and keep one shard hold the same, and nothing is being handed over.
pub(super) fn agrees(world: &World<Node>) -> bool {
    let up = world.node_ids().filter(|node| world.is_up(*node));
    let servers = up.filter_map(|node| Some((node, world.node(node).as_server()?)));
    let mut first_of: BTreeMap<Option<ShardName>, &Storage> = BTreeMap::new();
    let mut epochs = BTreeSet::new();
    for (node, server) in servers {
        let sharding = server.sharding();
        if sharding.is_some_and(|sharding| !sharding.is_settled()) {
            return false;
        }
        epochs.extend(sharding.map(|sharding| sharding.map().view().epoch));
        let shard = sharding.and_then(|sharding| sharding.map().view().shard_of(node));
        if sharding.is_some() && shard.is_none() {
            continue;
        }
        if let Some(part) = server.replication().primary_backup() {
            // Who is in no view stands by with what it has; in one that is not in place, the state is on its way.
            if !part.leads() && !part.follows() {
                continue;
            }
            if part.leads() && !part.is_in_place() {
                return false;
            }
            epochs.insert(part.view().number);
        }
        let first = first_of.entry(shard.map(|shard| shard.name.clone())).or_insert(server.storage());
        let is_same = match (&**first, server.storage()) {
            (Storage::Core(first), Storage::Core(store)) => first == store,
            (Storage::Lattice(first), Storage::Lattice(store)) => first.iter().eq(store.iter()),
            (Storage::Smr(first), Storage::Smr(store)) => first.state() == store.state(),
            (Storage::Versioned(first), Storage::Versioned(store)) => first.iter().eq(store.iter()),
            _ => false,
        };
        if !is_same {
            return false;
        }
    }
    epochs.len() <= 1
}
