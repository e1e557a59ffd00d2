//! Replicas that gossip: what they hold only grows, names mean one thing, and in the end all is the same everywhere.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::Found;
use crate::check::replicas::groups;
use crate::lattice::{Dot, JoinedClock, Lww, LwwWrapper, ReplicaId, check_laws, is_at_most};
use crate::op::{KVSOperation, Key, Value};
use crate::process::NodeId;
use crate::replication::gossip::{Certificates, RumorState, Updates};
use crate::server::sharding::Place;
use crate::server::{Node, Request, Server};
use crate::storage::{Content, LatticeKVSCore, Storage, Stored};
use crate::time::Time;
use crate::world::World;
use crate::zoo::Architecture;

/// The name of a version: who wrote it as which of its writes, or when; for values without names, the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Dot(Dot),
    Stamp(Time, ReplicaId),
    Causal(crate::lattice::Version),
    Value(Value),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dot(Dot { replica, count }) => write!(f, "write {count} of {replica}"),
            Self::Stamp(time, replica) => write!(f, "the write of {time} at {replica}"),
            Self::Causal(version) => version.fmt(f),
            Self::Value(value) => value.fmt(f),
        }
    }
}

/// How many states of a key are kept for the laws.
const STATES_MAX: usize = 7;

#[derive(Clone)]
pub(super) struct Watch {
    values: BTreeMap<(Key, Version), Value>,
    /// By replica: versions that it has held in this life and holds no more.
    gone: BTreeMap<NodeId, BTreeSet<(Key, Version)>>,
    /// Different states of a key that were reached.
    states: BTreeMap<Key, Vec<Arc<Stored>>>,
    has_crashed: bool,
    /// How death certificates are dropped, if they are.
    certificates: Option<Certificates>,
    /// Of each key the latest deletion that was ever seen, and until when it is safe.
    deleted: BTreeMap<Key, ((Time, ReplicaId), Time)>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Self {
        // Where nobody compares stores, nobody finds out that something is back.
        let gossip = architecture.gossip().filter(|config| config.anti_entropy && config.certificates.is_limited);
        Self {
            values: BTreeMap::new(),
            gone: BTreeMap::new(),
            states: BTreeMap::new(),
            has_crashed: false,
            certificates: gossip.map(|config| config.certificates.clone()),
            deleted: BTreeMap::new(),
        }
    }

    pub(super) fn crashed(&mut self, node: NodeId) {
        self.has_crashed = true;
        self.gone.remove(&node);
    }

    pub(super) fn look(&mut self, node: NodeId, before: Option<&Server>, server: &Server) -> Found {
        let Storage::Lattice(store) = server.storage() else { return Ok(()) };
        let old_store = before.and_then(|before| match before.storage() {
            Storage::Lattice(store) => Some(store),
            Storage::Core(_) | Storage::Smr(_) | Storage::Versioned(_) => None,
        });
        for (key, stored) in store.iter() {
            let old = old_store.and_then(|store| store.get(key));
            if !old.is_some_and(|old| Arc::ptr_eq(old, stored)) {
                self.look_at_key(node, key, old, stored)?;
            }
        }
        let old_entries = old_store.into_iter().flat_map(LatticeKVSCore::iter);
        for (key, stored) in old_entries.filter(|(key, _)| store.get(key).is_none()) {
            let has_moved = server.sharding().is_some_and(|sharding| sharding.place(key) == Place::Elsewhere);
            if stored.certificate().is_none() && !has_moved {
                return Err(("R2", format!("{key} is gone")));
            }
            // It has moved away; or its certificate has done its time: what was replaced may come and go until one that sleeps awakens.
            if let Some(gone) = self.gone.get_mut(&node) {
                gone.retain(|(other, _)| other != key);
            }
        }
        causes(before, server)?;
        rumors(before, server)
    }

    fn look_at_key(&mut self, node: NodeId, key: &Key, old: Option<&Arc<Stored>>, new: &Arc<Stored>) -> Found {
        let states = self.states.entry(key.clone()).or_default();
        if states.len() < STATES_MAX && !states.contains(new) {
            states.push(new.clone());
        }
        if let Some(old) = old
            && !is_at_most(&**old, &**new)
        {
            return Err(("R2", format!("{key} fell from {old:?} to {new:?}")));
        }
        if let Some(wrapper) = new.causal()
            && let Some((cause, _)) =
                wrapper.dependencies.0.iter().find(|(_, version)| version.0.lamport >= wrapper.version.lamport)
        {
            return Err((
                "C2",
                format!("{key}: {} is not greater than what it depends on under {cause}", wrapper.version),
            ));
        }
        if let (Some(certificates), Stored::Lww(lww), Some(certificate)) =
            (&self.certificates, &**new, new.certificate())
        {
            let latest = (lww.rank(), certificate.activated + certificates.life());
            let known = self.deleted.entry(key.clone()).or_insert(latest);
            *known = latest.max(*known);
        }
        let versions = versions(new);
        for (version, value) in &versions {
            let name = (key.clone(), version.clone());
            let known = self.values.entry(name).or_insert_with(|| value.clone());
            if known != value {
                return Err(("R5", format!("{key}: {version} is the name of {known} and of {value}")));
            }
        }
        let gone = self.gone.entry(node).or_default();
        if let Some(back) = versions.keys().find(|version| gone.contains(&(key.clone(), (*version).clone()))) {
            return Err(("R4", format!("{key}: {back} was replaced here, and is back")));
        }
        let replaced = old.map(|old| self::versions(old)).unwrap_or_default();
        gone.extend(
            replaced
                .into_keys()
                .filter(|version| !versions.contains_key(version))
                .map(|version| (key.clone(), version)),
        );
        Ok(())
    }

    pub(super) fn when_quiet<'a>(
        &self,
        world: &World<Node>,
        acknowledged: impl Iterator<Item = &'a Arc<Request>>,
    ) -> Result<(), (&'static str, NodeId, String)> {
        for (key, states) in &self.states {
            let states: Vec<Stored> = states.iter().map(|state| (**state).clone()).collect();
            check_laws(&states).map_err(|violation| ("R1", NodeId(0), format!("{key}: {violation}")))?;
        }
        let acknowledged: Vec<&Arc<Request>> = acknowledged.collect();
        for group in groups(world) {
            self.group_when_quiet(world, &group, &acknowledged)?;
        }
        Ok(())
    }

    /// The same for the replicas of one shard.
    fn group_when_quiet(
        &self,
        world: &World<Node>,
        group: &[NodeId],
        acknowledged: &[&Arc<Request>],
    ) -> Result<(), (&'static str, NodeId, String)> {
        let mut stores = group.iter().filter_map(|node| match world.node(*node).as_server()?.storage() {
            Storage::Lattice(store) => Some((*node, store)),
            Storage::Core(_) | Storage::Smr(_) | Storage::Versioned(_) => None,
        });
        let Some((one, first)) = stores.next() else { return Ok(()) };
        let sharding = world.node(one).as_server().and_then(Server::sharding);
        let is_theirs = |key: &Key| sharding.is_none_or(|sharding| sharding.place(key) != Place::Elsewhere);
        self.deleted_stays_deleted(world, first)?;
        for (node, store) in stores {
            if !first.visible().eq(store.visible()) {
                return Err((
                    "R3",
                    node,
                    "it does not hold what the first replica holds, and nothing is under way".to_string(),
                ));
            }
        }
        if self.has_crashed {
            // A crash takes what only that replica knew; whatever is left is the same everywhere, and that is all that is promised.
            return Ok(());
        }
        for request in acknowledged.iter().filter(|request| request.op.written().is_some_and(is_theirs)) {
            let held = request.op.written().and_then(|key| first.get(key));
            if let Some(Stored::MvRegister(register)) = held.map(Arc::as_ref)
                && let Some((_, value)) = register.versions().find(|(dot, _)| request.context.covers(*dot))
            {
                let what = format!("{} was acknowledged and had read {value}, which is still there", request.op);
                return Err(("R3", NodeId(0), what));
            }
            if let KVSOperation::Put(key, value) = &request.op
                && !self.is_reflected(key, value, first)
            {
                return Err((
                    "R3",
                    NodeId(0),
                    format!("put {key}={value} was acknowledged, and no replica has seen it"),
                ));
            }
        }
        Ok(())
    }

    /// What is back although its deletion should be remembered still. (A crash may have taken the certificates that slept.)
    fn deleted_stays_deleted(
        &self,
        world: &World<Node>,
        store: &LatticeKVSCore,
    ) -> Result<(), (&'static str, NodeId, String)> {
        let back = self.deleted.iter().find(|(key, (rank, until))| {
            let is_older = |stored: &Arc<Stored>| {
                matches!(&**stored, Stored::Lww(lww) if stored.certificate().is_none() && lww.rank() < *rank)
            };
            world.now() < *until && store.get(key).is_some_and(is_older)
        });
        match back {
            Some((key, ((time, _), _))) if !self.has_crashed => {
                Err(("R8", NodeId(0), format!("{key} was deleted at {time}, and an older value of it is back")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a write is in a store, or was replaced by one that is.
    fn is_reflected(&self, key: &Key, value: &Value, store: &LatticeKVSCore) -> bool {
        let Some(stored) = store.get(key) else {
            // Deleted, and the deletion forgotten.
            return self.deleted.contains_key(key);
        };
        let mut names = self
            .values
            .iter()
            .filter(|((known, _), written)| known == key && *written == value)
            .map(|((_, version), _)| version);
        names.any(|version| match (version, &**stored) {
            (Version::Dot(dot), Stored::MvRegister(register)) => register.context().covers(*dot),
            (Version::Stamp(time, replica), Stored::Lww(lww)) => (*time, *replica) <= lww.rank(),
            (Version::Causal(version), Stored::CausalWrapper(wrapper)) => *version <= wrapper.version,
            // These promise nothing of the kind.
            (Version::Value(_), Stored::LwwWrapper(_) | Stored::DomPair(_) | Stored::JoinedClock(_)) => true,
            _ => false,
        }) || matches!(&**stored, Stored::Lww(_) if !self.values.iter().any(|((known, _), written)| known == key && written == value))
    }
}

/// The versions that a stored value holds, by name.
fn versions(stored: &Stored) -> BTreeMap<Version, Value> {
    match stored {
        Stored::MvRegister(register) => {
            register.versions().map(|(dot, value)| (Version::Dot(dot), value.clone())).collect()
        }
        Stored::Lww(Lww { time, replica, value: Content::Value(value) }) => {
            BTreeMap::from([(Version::Stamp(*time, *replica), value.clone())])
        }
        Stored::Lww(_) => BTreeMap::new(),
        Stored::CausalWrapper(wrapper) => {
            wrapper.value.iter().map(|value| (Version::Causal(wrapper.version), value.clone())).collect()
        }
        Stored::LwwWrapper(LwwWrapper(value)) | Stored::JoinedClock(JoinedClock { value, .. }) => {
            value.iter().map(|value| (Version::Value(value.clone()), value.clone())).collect()
        }
        Stored::DomPair(pair) => {
            pair.value.0.iter().map(|value| (Version::Value(value.clone()), value.clone())).collect()
        }
    }
}

/// Whether all that new updates depend on has been applied, too.
fn causes(before: Option<&Server>, server: &Server) -> Found {
    fn updates(server: &Server) -> Option<&Updates> {
        server.replication().gossip()?.updates()
    }
    let Some(now) = updates(server) else { return Ok(()) };
    let before = before.and_then(updates).map(Updates::applied);
    for (replica, count) in now.applied().iter() {
        for count in before.map_or(0, |before| before.get(replica)) + 1..=count {
            let item = now.get(Dot { replica, count });
            if !item.is_some_and(|item| item.deps.as_ref().is_some_and(|deps| now.applied().has_seen(deps))) {
                return Err(("R7", format!("update {count} of {replica} was applied before its causes")));
            }
        }
    }
    Ok(())
}

fn rumors(before: Option<&Server>, server: &Server) -> Found {
    let gossip = |server: &Server| Some(server.replication().gossip()?.rumors().clone());
    let (Some(old), Some(new)) = (before.and_then(gossip), gossip(server)) else { return Ok(()) };
    let new: BTreeMap<_, _> = new.iter().collect();
    for (key, rumor) in old.iter() {
        let is_fine = new.get(key).is_some_and(|now| match rumor.state {
            RumorState::Removed => now.version > rumor.version || now.state == RumorState::Removed,
            RumorState::Infective { .. } => now.version >= rumor.version,
        });
        if !is_fine {
            return Err(("R6", format!("the rumor of {key} went from {rumor:?} to {:?}", new.get(key))));
        }
    }
    Ok(())
}
