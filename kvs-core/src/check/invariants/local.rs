//! One server: it does what a map would do, once for every request, and forgets nothing that it has promised.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Found;
use crate::disk::Disk;
use crate::lattice::VectorClock;
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, RequestId, Value};
use crate::server::{Request, Response, Server};
use crate::storage::Storage;
use crate::zoo::Architecture;

type Map = BTreeMap<Key, Value>;

/// A map in words.
struct Shown<'a>(&'a Map);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries = self.0.iter();
        let Some((key, value)) = entries.next() else { return f.write_str("nothing") };
        write!(f, "{key}={value}")?;
        entries.try_for_each(|(key, value)| write!(f, ", {key}={value}"))
    }
}

/// What a request should be answered.
#[derive(Clone)]
struct Expected {
    sequence: u32,
    values: Vec<Value>,
    /// How many writes the answer rests on: for a read, those before it; for a write, itself as well.
    rests_on: usize,
}

#[derive(Clone)]
pub(super) struct Watch {
    has_journal: bool,
    has_dedupe: bool,
    /// What the server should hold.
    map: Map,
    /// Each client's newest request since the last boot.
    expected: BTreeMap<ClientId, Expected>,
    /// Every write that took effect and was not lost since, oldest first.
    writes: Vec<(RequestId, KVSOperation)>,
    /// How many of the writes were acknowledged for sure: all up to the last answer that left the server.
    promised: usize,
    has_crashed: bool,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Self {
        Self {
            has_journal: architecture.server.journal,
            has_dedupe: architecture.server.dedupe,
            map: Map::new(),
            expected: BTreeMap::new(),
            writes: Vec::new(),
            promised: 0,
            has_crashed: false,
        }
    }

    /// A request arrives: the map does what it says, unless it has done so.
    pub(super) fn arrived(&mut self, request: &Request) {
        let last = self.expected.get(&request.id.client).map_or(0, |expected| expected.sequence);
        if request.id.sequence <= last {
            return;
        }
        apply(&mut self.map, &request.op);
        // A read of several keys is always new, and not remembered.
        let Some(key) = request.op.key() else { return };
        let values = self.map.get(key).filter(|_| !request.op.is_write()).cloned().into_iter().collect();
        if request.op.is_write() {
            self.writes.push((request.id, request.op.clone()));
        }
        let expected = Expected { sequence: request.id.sequence, values, rests_on: self.writes.len() };
        self.expected.insert(request.id.client, expected);
    }

    /// An answer leaves the server. What it says, and all it rests on, is promised.
    pub(super) fn answered(&mut self, response: &Response) -> Found {
        let newest = self.expected.get(&response.id.client);
        let Some(Expected { values: expected, rests_on, .. }) =
            newest.filter(|newest| newest.sequence == response.id.sequence)
        else {
            // The client has gone on: nobody listens to this answer.
            return Ok(());
        };
        if let KVSResponse::GetResult { values, .. } = &response.result
            && values != expected
        {
            let expected = KVSResponse::GetResult { values: expected.clone(), context: VectorClock::default() };
            return Err(("L1", format!("{} was answered {}, the map says {expected}", response.id, response.result)));
        }
        self.promised = self.promised.max(*rests_on);
        Ok(())
    }

    pub(super) fn crashed(&mut self) {
        self.has_crashed = true;
    }

    pub(super) fn look(&mut self, _before: Option<&Server>, server: &Server, disk: &Disk) -> Found {
        let Storage::Core(core) = server.storage() else { return Ok(()) };
        let held: Map = core.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        if self.has_crashed {
            self.has_crashed = false;
            self.booted(server, &held)?;
        }
        if held != self.map {
            return Err(("L1", format!("the server holds {}, the map {}", Shown(&held), Shown(&self.map))));
        }
        if self.has_journal && server.replay(disk) != *core {
            return Err(("L2", format!("the journal does not lead to {}", Shown(&held))));
        }
        Ok(())
    }

    /// After a crash: with a journal, what is there is a prefix of what was, and the promised part of it is whole.
    fn booted(&mut self, server: &Server, held: &Map) -> Found {
        let kept = if self.has_journal {
            let mut map = Map::new();
            let mut prefixes = Vec::from([map.clone()]);
            for (_, op) in &self.writes {
                apply(&mut map, op);
                prefixes.push(map.clone());
            }
            // Equal states do not tell where the prefix ends, nor whether a retry would be taken for a new request; what the
            // server remembers of its clients does.
            let is_forgotten =
                |(id, _): &(RequestId, KVSOperation)| server.served().last_sequence(id.client) < id.sequence;
            let forgotten = self.writes.iter().position(is_forgotten).filter(|_| self.has_dedupe);
            let remembered = forgotten.unwrap_or(self.writes.len());
            let matching = prefixes[..=remembered].iter().rposition(|prefix| prefix == held);
            let Some(kept) = matching.filter(|kept| *kept >= self.promised) else {
                let promised = match self.promised.checked_sub(1).map(|last| &self.writes[last]) {
                    Some((id, op)) => format!(", although {op} ({id}) and all before it was acknowledged"),
                    None => String::new(),
                };
                let held = Shown(held);
                return Err(("D1", format!("after a crash there is {held} of {remembered} writes{promised}")));
            };
            kept
        } else {
            0
        };
        self.writes.truncate(kept);
        self.promised = self.promised.min(kept);
        self.map.clone_from(held);
        // What the server remembers of its clients is its own to say: how far each of them is known to have come.
        self.expected.clear();
        for served in server.served().iter() {
            let answer = match &served.result {
                KVSResponse::GetResult { values, .. } => values.clone(),
                _ => Vec::new(),
            };
            let expected = Expected { sequence: served.id.sequence, values: answer, rests_on: kept };
            self.expected.insert(served.id.client, expected);
        }
        Ok(())
    }
}

fn apply(map: &mut Map, op: &KVSOperation) {
    match op {
        KVSOperation::Put(key, value) => {
            map.insert(key.clone(), value.clone());
        }
        KVSOperation::Delete(key) => {
            map.remove(key);
        }
        _ => {}
    }
}
