//! The sockets as a reader sees them: what is in each, what else could be, and why not.
//!
//! Everything here is read off an [`Architecture`]. Which parts go together the exhibits say: a combination that none of them has is
//! refused, with what the nearest one has instead.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::catalog::{self, EXHIBITS};
use super::{Architecture, OptionSpec, OptionValue, OrderingOptions, ReplicationOptions, StorageOptions};
use crate::routing::map::Placement;

/// A place for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Socket {
    /// Routing: which servers keep a key.
    Keys,
    /// Routing: which of them is asked.
    Asked,
    /// When a request is its turn.
    Ordering,
    /// What is kept under a key.
    Values,
    /// What it is kept in.
    Engine,
    /// Who else must know.
    Replication,
}

/// What may be in a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// A short name for links, tests and scripts.
    pub name: &'static str,
    /// What the page calls it.
    pub label: &'static str,
}

const fn part(name: &'static str, label: &'static str) -> Part {
    Part { name, label }
}

const KEYS: &[Part] = &[
    part("all", "Each server keeps all"),
    part("ring", "Shared out by a ring"),
    part("modulo", "Shared out by modulo"),
    part("regions", "By region, then shard"),
];
const ASKED: &[Part] = &[
    part("only", "The one that has the key"),
    part("sticky", "Always the same"),
    part("round-robin", "In turn"),
    part("leader", "Whoever leads"),
];
const ORDERING: &[Part] = &[
    part("arrival", "As they arrive"),
    part("vr", "Viewstamped Replication"),
    part("raft", "Raft"),
    part("multi-paxos", "Multi-Paxos"),
    part("rabia", "Rabia"),
];
const VALUES: &[Part] = &[
    part("single", "One value"),
    part("mv-register", "Siblings"),
    part("lww", "The latest timestamp"),
    part("causal", "Knows its causes"),
    part("lww-wrapper", "Arrival order wins"),
    part("dom-pair", "Clock and value, in pairs"),
    part("joined-clock", "Clocks joined"),
    part("state-machine", "A state machine"),
    part("versions", "With versions"),
];
const ENGINE: &[Part] = &[
    part("memory", "Memory"),
    part("journal", "Memory and a journal"),
    part("log", "A log on disk"),
    part("flat-file", "A flat file"),
    part("embedded", "An embedded database"),
];
const REPLICATION: &[Part] = &[
    part("none", "None"),
    part("gossip", "Gossip"),
    part("primary-backup", "A primary and backups"),
    part("chain", "A chain"),
];

impl Socket {
    /// All of them, in the order in which a request passes through.
    pub const ALL: [Self; 6] = [Self::Keys, Self::Asked, Self::Ordering, Self::Values, Self::Engine, Self::Replication];

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Keys => "Keys",
            Self::Asked => "Routing",
            Self::Ordering => "Ordering",
            Self::Values => "Values",
            Self::Engine => "Engine",
            Self::Replication => "Replication",
        }
    }

    /// The question that it answers.
    pub fn question(self) -> &'static str {
        match self {
            Self::Keys => "Which servers keep a key?",
            Self::Asked => "Which of them is asked?",
            Self::Ordering => "When is it a request's turn?",
            Self::Values => "What is kept under a key?",
            Self::Engine => "What is it kept in?",
            Self::Replication => "Who else must know?",
        }
    }

    /// All that may be in it.
    pub fn parts(self) -> &'static [Part] {
        match self {
            Self::Keys => KEYS,
            Self::Asked => ASKED,
            Self::Ordering => ORDERING,
            Self::Values => VALUES,
            Self::Engine => ENGINE,
            Self::Replication => REPLICATION,
        }
    }

    /// Parts that differ in an option only are of one kind.
    fn kind(self, name: &'static str) -> &'static str {
        match (self, name) {
            (Self::Keys, "modulo" | "regions") => "ring",
            (Self::Values, "lww" | "causal" | "lww-wrapper" | "dom-pair" | "joined-clock") => "mv-register",
            (Self::Replication, "chain") => "primary-backup",
            _ => name,
        }
    }
}

/// The sockets that make a store the one it is; the others are options of each.
const OF_A_KIND: [Socket; 4] = [Socket::Keys, Socket::Ordering, Socket::Values, Socket::Replication];

fn choice(architecture: &Architecture, option: &str) -> Option<&'static str> {
    match OptionSpec::named(option)?.get(architecture)? {
        OptionValue::Choice(name) => Some(name),
        _ => None,
    }
}

impl Architecture {
    /// What is in a socket.
    pub fn part(&self, socket: Socket) -> Part {
        let name = match socket {
            Socket::Keys => match &self.sharding {
                None => "all",
                Some(shards) if shards.regions > 1 => "regions",
                Some(shards) if shards.options.placement == Placement::Modulo => "modulo",
                Some(_) => "ring",
            },
            Socket::Asked => choice(self, "routing").unwrap_or("only"),
            Socket::Ordering => match self.ordering {
                OrderingOptions::Arrival => "arrival",
                OrderingOptions::Raft(_) => "raft",
                OrderingOptions::Rabia(_) => "rabia",
                OrderingOptions::MultiPaxos(_) => "multi-paxos",
                OrderingOptions::Vr(_) => "vr",
            },
            Socket::Values => match self.storage {
                StorageOptions::Core => "single",
                StorageOptions::Lattice(_) => choice(self, "values").unwrap_or("mv-register"),
                StorageOptions::Smr(_) => "state-machine",
                StorageOptions::Versioned(_) => "versions",
            },
            Socket::Engine => match OptionSpec::named("journal").and_then(|option| option.get(self)) {
                Some(OptionValue::Switch(true)) => "journal",
                Some(_) => "memory",
                None => choice(self, "engine")
                    .or_else(|| choice(self, "snapshot-engine"))
                    .unwrap_or(if self.raft().is_some() || self.rabia().is_some() { "log" } else { "memory" }),
            },
            Socket::Replication => match &self.replication {
                ReplicationOptions::NoReplication => "none",
                ReplicationOptions::EpidemicGossip(_) => "gossip",
                ReplicationOptions::PrimaryBackup(_) => choice(self, "form").unwrap_or("primary-backup"),
            },
        };
        let known = socket.parts().iter().find(|part| part.name == name);
        known.copied().unwrap_or(Part { name, label: name })
    }

    /// The same with another part in one socket, and whatever that takes along; or why that makes no sense.
    pub fn with_part(&self, socket: Socket, part: Part) -> Result<Self, String> {
        if self.part(socket) == part {
            return Ok(self.clone());
        }
        let is_of_kind = |architecture: &Self| {
            !OF_A_KIND.contains(&socket) || socket.kind(architecture.part(socket).name) == socket.kind(part.name)
        };
        let mut changed = if is_of_kind(self) { self.clone() } else { self.exhibit_with(socket, part)? };
        if changed.part(socket) != part {
            changed.turn(socket, part)?;
        }
        changed.validate().map_err(|error| error.to_string())?;
        Ok(changed)
    }

    /// Sets the options that make a part this one, among those of its kind.
    fn turn(&mut self, socket: Socket, part: Part) -> Result<(), String> {
        let settings: &[(&str, &str)] = match (socket, part.name) {
            (Socket::Keys, "regions") => &[("router", "ring"), ("regions", "2")],
            (Socket::Keys, name) => &[("regions", "1"), ("router", name)],
            (Socket::Asked, "only") => {
                return Err("Several servers keep each key, so one of them must be chosen.".into());
            }
            (Socket::Asked, name) if choice(self, "routing").is_some() => &[("routing", name)],
            (Socket::Asked, _) => return Err("One server has the key, and no other can be asked.".into()),
            (Socket::Values, name) => &[("values", name)],
            (Socket::Replication, name) => &[("form", name)],
            (Socket::Ordering, name) => &[("ordering", name)],
            (Socket::Engine, name) => return self.turn_engine(name, part),
        };
        settings.iter().try_for_each(|(name, value)| self.set(name, value)).map_err(|error| error.to_string())
    }

    fn turn_engine(&mut self, name: &str, part: Part) -> Result<(), String> {
        let applies = |option: &str| OptionSpec::named(option).is_some_and(|option| option.get(self).is_some());
        let (option, value) = match name {
            "memory" if applies("journal") => ("journal", "off"),
            "journal" if applies("journal") => ("journal", "on"),
            _ if applies("engine") && matches!(name, "memory" | "flat-file" | "embedded") => ("engine", name),
            _ if applies("snapshot-engine") && name != "log" => ("snapshot-engine", name),
            _ => {
                let (title, own) = (catalog::exhibit_of(self.animal).title, self.part(Socket::Engine).label);
                return Err(format!("“{}” is not for this store: {title} keeps to “{own}”.", part.label));
            }
        };
        self.set(option, value).map_err(|error| error.to_string())
    }

    /// The exhibit that has this part, and all others as here. What values are follows from how servers agree.
    fn exhibit_with(&self, socket: Socket, part: Part) -> Result<Self, String> {
        let takes_values_along = matches!(socket, Socket::Ordering | Socket::Replication);
        let mut nearest: Option<(Self, Vec<Socket>)> = None;
        for exhibit in &EXHIBITS {
            let other = exhibit.architecture();
            if socket.kind(other.part(socket).name) != socket.kind(part.name) {
                continue;
            }
            let differs = |at: &Socket| {
                let is_free = *at == socket || (takes_values_along && *at == Socket::Values);
                !is_free && at.kind(other.part(*at).name) != at.kind(self.part(*at).name)
            };
            let differences: Vec<Socket> = OF_A_KIND.into_iter().filter(differs).collect();
            // Of two that fit, the one whose values are as here.
            let has_other_values = |other: &Self| other.part(Socket::Values) != self.part(Socket::Values);
            let is_nearer = nearest.as_ref().is_none_or(|(known, found)| {
                (differences.len(), has_other_values(&other)) < (found.len(), has_other_values(known))
            });
            if is_nearer {
                nearest = Some((other, differences));
            }
        }
        match nearest {
            Some((mut other, differences)) if differences.is_empty() => {
                other.clients = self.clients;
                let (own, its) = (self.part(Socket::Values), other.part(Socket::Values));
                if own != its
                    && Socket::Values.kind(own.name) == Socket::Values.kind(its.name)
                    && socket != Socket::Values
                {
                    other.turn(Socket::Values, own)?;
                }
                Ok(other)
            }
            Some((other, differences)) => {
                let needs = differences.iter().map(|at| format!("“{}: {}”", at.title(), other.part(*at).label));
                let needs = needs.collect::<Vec<_>>().join(" and ");
                Err(format!("“{}” goes with {needs}. Choose that first.", part.label))
            }
            None => Err(format!("Nothing in the zoo has “{}”.", part.label)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Architecture {
        catalog::exhibit(name).expect("it is in the catalogue").architecture()
    }

    fn change(name: &str, socket: Socket, part: &str) -> Result<Architecture, String> {
        let part = socket.parts().iter().find(|known| known.name == part).expect("there is such a part");
        of(name).with_part(socket, *part)
    }

    #[test]
    fn every_part_of_every_exhibit_is_on_its_list() {
        for exhibit in &EXHIBITS {
            for socket in Socket::ALL {
                let part = exhibit.architecture().part(socket);
                assert!(socket.parts().contains(&part), "{}: {part:?} in {socket:?}", exhibit.name);
            }
        }
    }

    #[test]
    fn a_change_has_what_was_chosen_and_makes_sense_or_says_why_not() {
        for exhibit in &EXHIBITS {
            let before = exhibit.architecture();
            for socket in Socket::ALL {
                for part in socket.parts() {
                    match before.with_part(socket, *part) {
                        Ok(after) => {
                            assert_eq!(after.part(socket), *part, "{} with {part:?}", exhibit.name);
                            assert_eq!(after.validate(), Ok(()));
                            assert_eq!(after.clients, before.clients);
                            // And back.
                            let back = after.with_part(socket, before.part(socket));
                            assert!(back.is_ok() || socket == Socket::Values, "{}: {part:?}: {back:?}", exhibit.name);
                        }
                        Err(why) => assert!(why.len() > 20, "{why}"),
                    }
                }
            }
        }
    }

    #[test]
    fn one_socket_leads_from_animal_to_animal() {
        let animal =
            |name, socket, part| change(name, socket, part).map(|after| catalog::exhibit_of(after.animal).name);
        assert_eq!(animal("local", Socket::Ordering, "raft"), Ok("raft"));
        assert_eq!(animal("local", Socket::Replication, "gossip"), Ok("replicated"));
        assert_eq!(animal("replicated", Socket::Keys, "ring"), Ok("sharded-replicated"));
        assert_eq!(animal("raft", Socket::Ordering, "rabia"), Ok("smr"));
        assert_eq!(animal("local", Socket::Replication, "chain"), Ok("primary-backup"));
        assert_eq!(animal("replicated", Socket::Values, "lww"), Ok("replicated"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would() {
        for (name, socket, part, words) in [
            ("replicated", Socket::Ordering, "raft", "“Raft” goes with “Replication: None”. Choose that first."),
            ("sharded", Socket::Ordering, "raft", "“Keys: Each server keeps all”"),
            ("local", Socket::Values, "lww", "“Replication: Gossip”"),
            ("replicated", Socket::Asked, "leader", "nobody leads in a store without an order"),
            ("replicated", Socket::Engine, "embedded", "is not for this store"),
        ] {
            let why = change(name, socket, part).map(|after| after.animal).expect_err(part);
            assert!(why.contains(words), "{why}");
        }
    }
}
