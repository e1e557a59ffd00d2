//! One storm for everybody: the same requests and the same faults at the same instants, whatever the architecture.
//!
//! A storm speaks of *sites*, not of servers. At each site stand the first, second, … server of every role and the client of that
//! number, going round where there are more of them than sites; so "site 2 is cut off" means something to one server as well as to
//! ten. [`Storm::recording`] says it in an architecture's own nodes.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::choice::{Choose, Probability, Purpose, Stream};
use crate::op::{KVSOperation, Key, Value};
use crate::process::NodeId;
use crate::server::Call;
use crate::sim::{Input, Links, Recording};
use crate::time::{Span, Time};
use crate::world::{LinkOptions, Moment};
use crate::zoo::{Architecture, Role};

/// What kind of weather it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// Nothing goes wrong.
    Calm,
    /// One site is cut off from all others for a while.
    #[default]
    Cable,
    /// The servers of one site crash, and start again later.
    Crash,
    /// Links lose and repeat messages for a while.
    Lossy,
    /// All of it, at times that the seed says.
    Storm,
}

impl Weather {
    /// Every kind, the mildest first.
    pub const ALL: [Self; 5] = [Self::Calm, Self::Cable, Self::Crash, Self::Lossy, Self::Storm];

    /// What links call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Cable => "cable",
            Self::Crash => "crash",
            Self::Lossy => "lossy",
            Self::Storm => "storm",
        }
    }

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calm => "Calm",
            Self::Cable => "A cable is pulled",
            Self::Crash => "A server dies",
            Self::Lossy => "Lossy links",
            Self::Storm => "The storm",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|weather| weather.name() == name)
    }
}

/// Somebody asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    at: Time,
    /// The client at this site.
    site: u32,
    op: KVSOperation,
}

/// A fault, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub until: Time,
    /// What it is.
    pub fault: SpellOf,
}

/// A fault of a storm. Sites count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpellOf {
    /// A site is cut off from all others.
    Cut(u32),
    /// The servers of a site are down.
    Down(u32),
    /// The servers of a site stand still.
    Still(u32),
    /// Links lose and repeat messages.
    Lossy,
}

impl Spell {
    /// What it is, in words.
    pub fn words(&self) -> String {
        match self.fault {
            SpellOf::Cut(site) => format!("site {} is cut off", site + 1),
            SpellOf::Down(site) => format!("site {} is down", site + 1),
            SpellOf::Still(site) => format!("site {} stands still", site + 1),
            SpellOf::Lossy => String::from("messages get lost"),
        }
    }
}

/// Requests and faults with their instants, for any architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    seed: u64,
    asks: Vec<Ask>,
    spells: Vec<Spell>,
}

impl Storm {
    /// How many sites there are, and as many clients.
    pub const SITES: u32 = 3;
    /// How long it is looked at.
    pub const LENGTH: Span = Span::from_secs(20);
    /// When the first request comes: by then those who elect a leader have one.
    const BEGINS: Time = Time::from_us(1_000_000);
    /// When the last one has come: the rest is for those who need time to agree again.
    const ENDS: Time = Time::from_us(16_000_000);
    /// The time between two requests of a client, more or less.
    const EVERY: Span = Span::from_ms(400);
    const KEYS: u32 = 3;

    /// The storm of a kind and a seed.
    pub fn new(weather: Weather, seed: u64) -> Self {
        let mut luck = Stream::new(seed, Purpose::Workload);
        let asks = asks(&mut luck);
        Self { seed, asks, spells: spells(weather, &mut luck) }
    }

    /// The faults, in the order in which they begin.
    pub fn spells(&self) -> &[Spell] {
        &self.spells
    }

    /// How many requests there are.
    pub fn requests(&self) -> usize {
        self.asks.len()
    }

    /// The storm as it comes over an architecture, which gets a client for every site.
    pub fn recording(&self, architecture: &Architecture) -> Recording {
        let architecture = Architecture { clients: Self::SITES, ..architecture.clone() };
        let mut town = Town::new(&architecture);
        let begins = self.spells.iter().map(|spell| (spell.from, true, spell.fault));
        let ends = self.spells.iter().map(|spell| (spell.until, false, spell.fault));
        let mut changes: Vec<(Time, bool, SpellOf)> = begins.chain(ends).collect();
        changes.sort_unstable();
        let faults = changes.into_iter().flat_map(|(at, begins, fault)| {
            let inputs = if begins { town.begins(fault) } else { town.ends(fault) };
            inputs.into_iter().map(move |input| (at, input))
        });
        let mut inputs: Vec<(Time, Input)> = faults.collect();
        inputs.extend(self.asks.iter().map(|ask| {
            let client = NodeId(architecture.servers + ask.site);
            (ask.at, Input::Call { client, call: Call { op: ask.op.clone(), to: None }.into() })
        }));
        // Stable: what happens to the world at an instant comes before what is asked then.
        inputs.sort_by_key(|(at, _)| *at);
        let mut recording = Recording::new(architecture, self.seed);
        for (time, input) in inputs {
            recording.record(Moment { time, events: 0 }, input);
        }
        recording
    }
}

/// What clients ask for: each about as often, puts and gets half and half, every value unique.
fn asks(luck: &mut Stream) -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut values = 0;
    for site in 0..Storm::SITES {
        let mut at = Storm::BEGINS + Span::from_us(u64::from(luck.choose(400_000)));
        while at < Storm::ENDS {
            let (key, is_put) = (format!("k{}", luck.choose(Storm::KEYS) + 1), luck.choose(2) == 0);
            values += u32::from(is_put);
            // Both are far shorter than any that is refused.
            if let (Ok(key), Ok(value)) = (Key::new(&key), Value::new(&format!("v{values}"))) {
                let op = if is_put { KVSOperation::Put(key, value) } else { KVSOperation::Get(key) };
                asks.push(Ask { at, site, op });
            }
            at = at + Span::from_us(Storm::EVERY.as_us() / 2 + u64::from(luck.choose(400_000)));
        }
    }
    asks.sort_by_key(|ask| (ask.at, ask.site));
    asks
}

fn spells(weather: Weather, luck: &mut Stream) -> Vec<Spell> {
    let time = |ms: u32| Time::ZERO + Span::from_ms(u64::from(ms));
    let site = luck.choose(Storm::SITES);
    let long = |fault| vec![Spell { from: time(4_000), until: time(9_000), fault }];
    match weather {
        Weather::Calm => Vec::new(),
        Weather::Cable => long(SpellOf::Cut(site)),
        Weather::Crash => long(SpellOf::Down(site)),
        Weather::Lossy => long(SpellOf::Lossy),
        Weather::Storm => {
            let other = (site + 1 + luck.choose(Storm::SITES - 1)) % Storm::SITES;
            let last = luck.choose(Storm::SITES);
            let faults = [
                SpellOf::Cut(site),
                SpellOf::Down(other),
                SpellOf::Still(last),
                SpellOf::Lossy,
                SpellOf::Cut(luck.choose(Storm::SITES)),
            ];
            let mut spells: Vec<Spell> = Vec::new();
            for fault in faults {
                let from = time(3_000 + luck.choose(6_500));
                let until = from + Span::from_ms(u64::from(1_000 + luck.choose(2_500)));
                // Two of a kind do not overlap: the end of one would be the end of both.
                let overlaps = |other: &Spell| other.fault == fault && other.from < until && from < other.until;
                if !spells.iter().any(overlaps) {
                    spells.push(Spell { from, until, fault });
                }
            }
            spells.sort_by_key(|spell| (spell.from, spell.fault));
            spells
        }
    }
}

/// The nodes of an architecture at their sites, and what has befallen them.
struct Town {
    links: LinkOptions,
    /// At each site: its servers.
    servers: Vec<Vec<NodeId>>,
    /// At each site: its servers and its clients.
    nodes: Vec<Vec<NodeId>>,
    cut: BTreeSet<usize>,
    down: BTreeSet<NodeId>,
    still: BTreeSet<NodeId>,
}

impl Town {
    fn new(architecture: &Architecture) -> Self {
        let sites = Storm::SITES as usize;
        let mut servers = vec![Vec::new(); sites];
        let mut places: Vec<(Role, usize)> = Vec::new();
        for server in architecture.server_ids() {
            let role = architecture.role(server);
            let place = places.iter().filter(|(other, _)| *other == role).count();
            places.push((role, place));
            // Who only watches does not stand beside the first of those that it watches.
            let site = if role == Role::ViewService { sites - 1 } else { place % sites };
            servers[site].push(server);
        }
        let mut nodes = servers.clone();
        for (place, client) in architecture.client_ids().enumerate() {
            nodes[place % sites].push(client);
        }
        Self {
            links: architecture.links,
            servers,
            nodes,
            cut: BTreeSet::new(),
            down: BTreeSet::new(),
            still: BTreeSet::new(),
        }
    }

    fn site(site: u32) -> usize {
        site as usize % Storm::SITES as usize
    }

    /// The servers that a fault of a site hits: where none stands at it, those of the next site that has some, going round.
    fn servers_at(&self, site: u32) -> Vec<NodeId> {
        let occupied: Vec<&Vec<NodeId>> = self.servers.iter().filter(|servers| !servers.is_empty()).collect();
        occupied.get(site as usize % occupied.len().max(1)).map(|servers| servers.to_vec()).unwrap_or_default()
    }

    /// The links between a site and all others that are not cut off themselves.
    fn links_of(&self, site: usize) -> Links {
        let others = self.nodes.iter().enumerate();
        let others = others.filter(|(other, _)| *other != site && !self.cut.contains(other));
        let others = others.flat_map(|(_, nodes)| nodes.iter().copied()).collect();
        Links::Between(vec![self.nodes[site].clone(), others])
    }

    fn begins(&mut self, fault: SpellOf) -> Vec<Input> {
        match fault {
            SpellOf::Cut(site) => {
                let site = Self::site(site);
                let links = self.links_of(site);
                self.cut.insert(site).then_some(Input::Cut(links)).into_iter().collect()
            }
            SpellOf::Down(site) => {
                let mut servers = self.servers_at(site);
                servers.retain(|server| self.down.insert(*server));
                // Who crashes does not stand still any more.
                self.still.retain(|server| !servers.contains(server));
                servers.into_iter().map(Input::Crash).collect()
            }
            SpellOf::Still(site) => {
                let mut servers = self.servers_at(site);
                servers.retain(|server| !self.down.contains(server) && self.still.insert(*server));
                servers.into_iter().map(Input::Pause).collect()
            }
            SpellOf::Lossy => {
                let loss = Probability::from_percent(15).max(self.links.loss);
                let duplication = Probability::from_percent(5).max(self.links.duplication);
                vec![Input::LinksEverywhere(LinkOptions { loss, duplication, ..self.links })]
            }
        }
    }

    fn ends(&mut self, fault: SpellOf) -> Vec<Input> {
        match fault {
            SpellOf::Cut(site) => {
                let site = Self::site(site);
                let was_cut = self.cut.remove(&site);
                was_cut.then(|| Input::Heal(self.links_of(site))).into_iter().collect()
            }
            SpellOf::Down(site) => {
                let mut servers = self.servers_at(site);
                servers.retain(|server| self.down.remove(server));
                servers.into_iter().map(Input::Restart).collect()
            }
            SpellOf::Still(site) => {
                let mut servers = self.servers_at(site);
                servers.retain(|server| self.still.remove(server));
                servers.into_iter().map(Input::Resume).collect()
            }
            SpellOf::Lossy => vec![Input::LinksEverywhere(self.links)],
        }
    }
}
