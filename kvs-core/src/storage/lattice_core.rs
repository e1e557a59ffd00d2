use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::Values;
use crate::lattice::{
    CausalWrapper, Dependencies, DomPair, JoinedClock, Lww, LwwWrapper, Max, Merge, MvRegister, ReplicaId, SetUnion,
    VectorClock, Version,
};
use crate::op::{Key, Value};
use crate::process::NodeId;
use crate::time::{Span, Time};

/// What a replicated store keeps under one key. A deleted key keeps what it takes to know that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stored {
    /// See [`Values::Lww`].
    Lww(Lww<Content>),
    /// See [`Values::MvRegister`].
    MvRegister(MvRegister<Value>),
    /// See [`Values::LwwWrapper`].
    LwwWrapper(LwwWrapper<Option<Value>>),
    /// See [`Values::DomPair`].
    DomPair(DomPair<VectorClock, SetUnion<Value>>),
    /// See [`Values::CausalWrapper`]; `None` is a deletion.
    CausalWrapper(CausalWrapper<Option<Value>>),
    /// See [`Values::JoinedClock`].
    JoinedClock(JoinedClock<Option<Value>>),
}

/// What a timestamp is about: a value, or that there is none any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Content {
    /// A value was put.
    Value(Value),
    /// It was deleted.
    Deleted(DeathCertificate),
}

/// What a replica keeps of a deleted key, so that older values do not come back. Demers et al. 1987, section 2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeathCertificate {
    /// Since when it counts as new; the timestamp of the deletion stays what it was.
    pub activated: Time,
    /// Who keeps it, asleep, when all others have dropped it; None: everybody keeps it for good.
    pub retained_by: Option<Arc<[NodeId]>>,
}

impl Stored {
    /// Its death certificate, if it was deleted and has one.
    pub fn certificate(&self) -> Option<&DeathCertificate> {
        match self {
            Self::Lww(Lww { value: Content::Deleted(certificate), .. }) => Some(certificate),
            _ => None,
        }
    }

    /// The values a reader gets, in order.
    pub fn values(&self) -> Vec<Value> {
        match self {
            Self::Lww(Lww { value: Content::Value(value), .. }) => Vec::from([value.clone()]),
            Self::Lww(_) => Vec::new(),
            Self::LwwWrapper(LwwWrapper(value))
            | Self::CausalWrapper(CausalWrapper { value, .. })
            | Self::JoinedClock(JoinedClock { value, .. }) => value.iter().cloned().collect(),
            Self::DomPair(pair) => pair.value.0.iter().cloned().collect(),
            Self::MvRegister(register) => {
                let mut values: Vec<_> = register.versions().map(|(_, value)| value.clone()).collect();
                values.sort_unstable();
                values
            }
        }
    }

    /// What a reader should say that it has seen when it writes.
    pub fn context(&self) -> VectorClock {
        match self {
            Self::Lww(_) | Self::LwwWrapper(_) | Self::CausalWrapper(_) => VectorClock::default(),
            Self::DomPair(pair) => pair.clock.clone(),
            Self::JoinedClock(joined) => joined.clock.clone(),
            Self::MvRegister(register) => register.context().clone(),
        }
    }

    /// Its version, if it has one.
    pub fn version(&self) -> Option<Version> {
        self.causal().map(|wrapper| wrapper.version)
    }

    /// With its version and dependencies, if it has such.
    pub fn causal(&self) -> Option<&CausalWrapper<Option<Value>>> {
        match self {
            Self::CausalWrapper(wrapper) => Some(wrapper),
            _ => None,
        }
    }

    /// A fingerprint: equal for equal values, on every platform.
    pub fn digest(&self) -> u64 {
        // Encoding plain data into memory does not fail.
        postcard::to_allocvec(self).map_or(0, |bytes| xxh64(&bytes, 0))
    }
}

impl Merge for Stored {
    /// All replicas of a store keep one kind of value; a stray value of another kind is not taken in.
    fn merge(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lww(mine), Self::Lww(other)) => mine.merge(other),
            (Self::MvRegister(mine), Self::MvRegister(other)) => mine.merge(other),
            (Self::LwwWrapper(mine), Self::LwwWrapper(other)) => mine.merge(other),
            (Self::DomPair(mine), Self::DomPair(other)) => mine.merge(other),
            (Self::CausalWrapper(mine), Self::CausalWrapper(other)) => mine.merge(other),
            (Self::JoinedClock(mine), Self::JoinedClock(other)) => mine.merge(other),
            _ => false,
        }
    }
}

/// Who writes, when, and in the knowledge of what.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The replica that coordinates the write.
    pub replica: ReplicaId,
    /// The time on its clock.
    pub now: Time,
    /// What the client had read of this key.
    pub read: &'a VectorClock,
    /// What the client's session has seen of all keys, where it says so.
    pub dependencies: Option<&'a Arc<Dependencies>>,
    /// Who keeps the death certificate of what it deletes; see [`DeathCertificate`].
    pub retained_by: Option<&'a [NodeId]>,
}

/// The store for operations that come in no particular order: values are merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatticeKVSCore {
    values: Values,
    entries: BTreeMap<Key, Arc<Stored>>,
    /// The latest timestamp given out here.
    last_time: Time,
    /// The greatest Lamport time that was ever seen here.
    lamport: u64,
    /// For a journal: the keys under which something has changed since it was last told.
    #[serde(skip)]
    changed: Option<BTreeSet<Key>>,
}

impl LatticeKVSCore {
    /// An empty store.
    pub fn new(values: Values) -> Self {
        Self { values, entries: BTreeMap::new(), last_time: Time::ZERO, lamport: 0, changed: None }
    }

    /// The same store, which remembers from now on what has changed.
    pub(crate) fn remembering_changes(mut self) -> Self {
        self.changed = Some(BTreeSet::new());
        self
    }

    /// What has changed since this was last asked.
    pub(crate) fn take_changes(&mut self) -> BTreeSet<Key> {
        self.changed.as_mut().map(core::mem::take).unwrap_or_default()
    }

    fn note(&mut self, key: &Key) {
        if let Some(changed) = &mut self.changed {
            changed.insert(key.clone());
        }
    }

    /// Writes a value, or deletes (`None`). True if that changed what is kept.
    pub fn write(&mut self, key: &Key, value: Option<&Value>, stamp: Stamp<'_>) -> bool {
        let old = self.entries.get(key).map(Arc::as_ref);
        let new = match (self.values, old) {
            (Values::Lww, _) => {
                // One timestamp for one value: two writes in one microsecond get two.
                self.last_time = stamp.now.max(self.last_time + Span::from_us(1));
                let deleted =
                    || DeathCertificate { activated: self.last_time, retained_by: stamp.retained_by.map(Into::into) };
                let content = value.cloned().map_or_else(|| Content::Deleted(deleted()), Content::Value);
                Stored::Lww(Lww { time: self.last_time, replica: stamp.replica, value: content })
            }
            (Values::LwwWrapper, _) => Stored::LwwWrapper(LwwWrapper(value.cloned())),
            (Values::DomPair, old) => {
                let mut clock = old.map_or_else(VectorClock::default, Stored::context);
                clock.merge(stamp.read);
                clock.bump(stamp.replica);
                Stored::DomPair(DomPair { clock, value: SetUnion(value.cloned().into_iter().collect::<BTreeSet<_>>()) })
            }
            (Values::CausalWrapper, _) => {
                let seen =
                    stamp.dependencies.iter().flat_map(|seen| seen.0.values()).map(|Max(version)| version.lamport);
                self.lamport = seen.fold(self.lamport, u64::max).saturating_add(1);
                Stored::CausalWrapper(CausalWrapper {
                    version: Version { lamport: self.lamport, replica: stamp.replica },
                    value: value.cloned(),
                    dependencies: stamp.dependencies.cloned().unwrap_or_default(),
                })
            }
            (Values::JoinedClock, old) => {
                let mut clock = old.map_or_else(VectorClock::default, Stored::context);
                clock.merge(stamp.read);
                clock.bump(stamp.replica);
                Stored::JoinedClock(JoinedClock { clock, value: value.cloned() })
            }
            (Values::MvRegister, old) => {
                let mut register = match old {
                    Some(Stored::MvRegister(register)) => register.clone(),
                    _ => MvRegister::default(),
                };
                match value {
                    Some(value) => register.put(stamp.replica, value.clone(), stamp.read),
                    None => register.delete(stamp.read),
                }
                Stored::MvRegister(register)
            }
        };
        self.merge(key, &Arc::new(new))
    }

    /// What is written here from now on has a later timestamp than this value.
    pub(crate) fn observe(&mut self, other: &Stored) {
        if let Stored::Lww(lww) = other {
            self.last_time = self.last_time.max(lww.time);
        }
    }

    /// Takes in a value from another replica. True if that changed what is kept.
    pub fn merge(&mut self, key: &Key, other: &Arc<Stored>) -> bool {
        if let Some(version) = other.version() {
            self.lamport = self.lamport.max(version.lamport);
        }
        let Some(mine) = self.entries.get_mut(key) else {
            self.entries.insert(key.clone(), other.clone());
            self.note(key);
            return true;
        };
        if Arc::ptr_eq(mine, other) {
            return false;
        }
        // Replicas that have become equal share one value from then on: the next rumor about it costs one comparison of pointers.
        if mine == other {
            *mine = other.clone();
            return false;
        }
        let changed = Arc::make_mut(mine).merge(other);
        if changed && mine == other {
            *mine = other.clone();
        }
        if changed {
            self.note(key);
        }
        changed
    }

    /// The same, but without the death certificates, which some replicas have dropped already and others have not. Where these are kept
    /// for good they are part of it.
    pub fn visible(&self) -> impl Iterator<Item = (&Key, &Arc<Stored>)> {
        self.iter()
            .filter(|(_, stored)| stored.certificate().is_none_or(|certificate| certificate.retained_by.is_none()))
    }

    /// Forgets a key altogether.
    pub(crate) fn forget(&mut self, key: &Key) -> Option<Arc<Stored>> {
        self.note(key);
        self.entries.remove(key)
    }

    /// What is kept under a key, shared.
    pub fn get(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.entries.get(key)
    }

    /// All that is kept, in the order of keys; deleted keys too.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Arc<Stored>)> {
        self.entries.iter()
    }
}
