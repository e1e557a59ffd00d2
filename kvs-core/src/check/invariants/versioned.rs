//! Values with versions: they count without gaps, one put a version is confirmed, and what an answer says survives a crash.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Found;
use crate::choice::Choose;
use crate::command::KVStoreError;
use crate::disk::{CrashFate, Disk};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome};
use crate::process::NodeId;
use crate::server::Request;
use crate::storage::Storage;
use crate::storage::versioned::{KeyValueServer, VersionedOptions};
use crate::version::{Version, Versioned};
use crate::world::World;
use crate::zoo::Architecture;

type Map = BTreeMap<Key, Versioned>;

/// The one server.
const SERVER: NodeId = NodeId(0);

/// A map in words.
struct Shown<'a>(&'a Map);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries = self.0.iter();
        let Some((key, versioned)) = entries.next() else { return f.write_str("nothing") };
        write!(f, "{key} = {versioned}")?;
        entries.try_for_each(|(key, versioned)| write!(f, ", {key} = {versioned}"))
    }
}

/// No luck is needed where nothing is torn.
struct Never;

impl Choose for Never {
    fn choose(&mut self, _bound: u32) -> u32 {
        0
    }
}

#[derive(Clone)]
pub(super) struct Watch {
    options: VersionedOptions,
    /// What the server held after the last step.
    held: Map,
    /// Every write that took effect and was not lost since, oldest first.
    writes: Vec<(Key, Versioned)>,
    /// How many of the writes an answer rests on.
    promised: usize,
    /// The life of the server: how often it has crashed.
    life: u32,
    has_crashed: bool,
    /// What answers that left in the present step have said of a key: which version it has, and whether the answer confirms a put of it.
    said: Vec<(Key, Version, bool)>,
    /// The puts that servers have confirmed, by the version that they named; and those that clients were told to be confirmed.
    confirmed: BTreeMap<(u32, Key, Version), u32>,
    told: BTreeMap<(Key, Version), u32>,
    /// How many puts of each key were confirmed to clients, and of how many they do not know.
    done: BTreeMap<Key, u64>,
    unknown: BTreeMap<Key, u64>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        Some(Self {
            options: *architecture.versioned()?,
            held: Map::new(),
            writes: Vec::new(),
            promised: 0,
            life: 0,
            has_crashed: false,
            said: Vec::new(),
            confirmed: BTreeMap::new(),
            told: BTreeMap::new(),
            done: BTreeMap::new(),
            unknown: BTreeMap::new(),
        })
    }

    fn is_durable(&self) -> bool {
        self.options.is_to_survive()
    }

    /// Whether versions have begun anew, so that numbers do not tell how many puts there were.
    fn has_forgotten(&self) -> bool {
        self.life > 0 && !self.is_durable()
    }

    pub(super) fn crashed(&mut self) {
        self.life += 1;
        self.has_crashed = true;
        self.said.clear();
    }

    /// An answer leaves the server.
    pub(super) fn answered(&mut self, request: &Request, result: &KVSResponse) -> Found {
        let Some(key) = request.op.key() else { return Ok(()) };
        match (&request.op, result) {
            (KVSOperation::PutIf(_, _, named), KVSResponse::PutAt(version)) => {
                self.said.push((key.clone(), *version, true));
                let life = if self.is_durable() { 0 } else { self.life };
                let puts = self.confirmed.entry((life, key.clone(), *named)).or_default();
                *puts += 1;
                if *puts > 1 {
                    return Err(("V2", format!("{} is confirmed, and another put of @{named} was, too", request.op)));
                }
            }
            (_, KVSResponse::GetAt(Versioned { version, .. })) => self.said.push((key.clone(), *version, false)),
            (_, KVSResponse::Refused(KVStoreError::VersionMismatch { actual, .. })) => {
                self.said.push((key.clone(), *actual, false));
            }
            _ => {}
        }
        Ok(())
    }

    /// A client tells how its operation has ended.
    pub(super) fn returned(&mut self, request: &Request, outcome: &Outcome) -> Found {
        let KVSOperation::PutIf(key, _, named) = &request.op else { return Ok(()) };
        match outcome {
            Outcome::Ok(KVSResponse::PutAt(_)) => {
                *self.done.entry(key.clone()).or_default() += 1;
                let puts = self.told.entry((key.clone(), *named)).or_default();
                *puts += 1;
                if *puts > 1 && !self.has_forgotten() {
                    let what =
                        format!("a client is told that {} was done, and another was told so of @{named}", request.op);
                    return Err(("V2", what));
                }
            }
            Outcome::Maybe | Outcome::MaybeClosed => *self.unknown.entry(key.clone()).or_default() += 1,
            Outcome::Ok(_) | Outcome::Unavailable => {}
        }
        Ok(())
    }

    pub(super) fn after_step(&mut self, world: &World<crate::server::Node>) -> Found {
        let server = world.node(SERVER).as_server().filter(|_| world.is_up(SERVER));
        if let Some(Storage::Versioned(store)) = server.map(crate::server::Server::storage) {
            if self.has_crashed {
                self.has_crashed = false;
                self.booted(store)?;
            }
            self.look(store)?;
        }
        for (key, version, confirms) in core::mem::take(&mut self.said) {
            let is_it = |(k, versioned): &(Key, Versioned)| *k == key && versioned.version == version;
            if let Some(place) = self.writes.iter().rposition(is_it) {
                self.promised = self.promised.max(place + 1);
            }
            if confirms && self.is_durable() && !self.is_on_medium(world, &key, version) {
                return Err(("V4", format!("{key} @{version} is confirmed, and not on the medium")));
            }
        }
        Ok(())
    }

    /// Whether the server would find this version, or a newer one, if it crashed now.
    fn is_on_medium(&self, world: &World<crate::server::Node>, key: &Key, version: Version) -> bool {
        let mut disk = Disk::clone(world.disk(SERVER));
        disk.crash(CrashFate::Dropped, &mut Never);
        let store = KeyValueServer::open(&self.options, &mut disk, self.life + 1);
        store.shown(key).is_some_and(|versioned| versioned.version >= version)
    }

    /// Versions of a key go 1, 2, 3, …
    fn look(&mut self, store: &KeyValueServer) -> Found {
        if store.iter().eq(self.held.iter()) {
            return Ok(());
        }
        for (key, now) in store.iter() {
            let before = self.held.get(key);
            if before == Some(now) {
                continue;
            }
            let is_next = match before {
                Some(before) => now.version == before.version.next(),
                None => now.version.number == 1,
            };
            if !is_next {
                let before = before.map_or_else(|| String::from("nothing"), |before| format!("{before}"));
                return Err(("V1", format!("{key} was {before}, and is {now}")));
            }
            self.writes.push((key.clone(), now.clone()));
        }
        if let Some(gone) = self.held.keys().find(|key| store.shown(key).is_none()) {
            return Err(("V1", format!("{gone} is gone, and nobody deletes")));
        }
        self.held = store.iter().map(|(key, versioned)| (key.clone(), versioned.clone())).collect();
        Ok(())
    }

    /// After a crash: what is there is what some of the writes led to, up to one of them, and no answer rests on a later one.
    fn booted(&mut self, store: &KeyValueServer) -> Found {
        let found: Map = store.iter().map(|(key, versioned)| (key.clone(), versioned.clone())).collect();
        let kept = if self.is_durable() {
            let mut map = Map::new();
            let mut kept = (map == found).then_some(0);
            for (place, (key, versioned)) in (1..).zip(&self.writes) {
                map.insert(key.clone(), versioned.clone());
                if map == found {
                    kept = Some(place);
                }
            }
            let Some(kept) = kept.filter(|kept| *kept >= self.promised) else {
                let what = format!(
                    "after a crash there is {} of {} writes, and answers rest on {}",
                    Shown(&found),
                    self.writes.len(),
                    self.promised
                );
                return Err(("V5", what));
            };
            kept
        } else {
            0
        };
        self.writes.truncate(kept);
        self.promised = self.promised.min(kept);
        self.held = found;
        Ok(())
    }

    /// So many puts have led to this version: all that were confirmed, and some of those that nobody knows of.
    pub(super) fn when_quiet(&self) -> Result<(), (&'static str, NodeId, String)> {
        if self.has_forgotten() {
            return Ok(());
        }
        let count = |counts: &BTreeMap<Key, u64>, key: &Key| counts.get(key).copied().unwrap_or(0);
        for key in self.held.keys().chain(self.done.keys()) {
            let version = self.held.get(key).map_or(0, |versioned| versioned.version.number);
            let (done, unknown) = (count(&self.done, key), count(&self.unknown, key));
            if version < done || version > done + unknown {
                let what =
                    format!("{key} is @{version}, after {done} puts that were done and {unknown} that may have been");
                return Err(("V3", SERVER, what));
            }
        }
        Ok(())
    }
}
