//! Random worlds: first a time of faults, in which nothing promised may break; then a time of peace, after which all must be well.

use alloc::format;
use alloc::vec::Vec;

use super::{Breach, Finding, Watch};
use crate::check::invariants::Violation;
use crate::check::{is_stuck, settling_time};
use crate::choice::{Choose, Probability, Purpose, Stream};
use crate::command::KVOperation;
use crate::op::{KVSOperation, Key, Outcome, Value};
use crate::process::NodeId;
use crate::server::{Call, Node, PacketLoss, Traffic, Watch as Wish};
use crate::sim::{Fate, Input, Links, Recording, Replay};
use crate::time::{Span, Time};
use crate::version::Version;
use crate::world::{LinkOptions, Observer};
use crate::zoo::Architecture;

/// Which faults worlds may have at all. Each world draws those that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Faults {
    /// Servers crash and restart.
    pub crashes: bool,
    /// Servers lose their disks.
    pub wipes: bool,
    /// Links are cut and healed.
    pub cuts: bool,
    /// Servers stand still.
    pub pauses: bool,
    /// Servers' clocks are set off.
    pub clocks: bool,
    /// Single messages are dropped, repeated, held, or arrive at once.
    pub fates: bool,
    /// Links lose, repeat and delay messages more than the architecture says.
    pub links: bool,
    /// Where somebody outside announces views, servers join and leave.
    pub views: bool,
}

impl Faults {
    /// No kind.
    pub const NONE: Self = Self {
        crashes: false,
        wipes: false,
        cuts: false,
        pauses: false,
        clocks: false,
        fates: false,
        links: false,
        views: false,
    };
    /// Every kind.
    pub const ALL: Self = Self {
        crashes: true,
        wipes: true,
        cuts: true,
        pauses: true,
        clocks: true,
        fates: true,
        links: true,
        views: true,
    };
}

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// How many things happen in the time of faults, at least; up to twice as many do.
    pub moves: u32,
    /// How many keys there are.
    pub keys: u32,
    /// How many of a hundred operations are reads.
    pub reads_percent: u32,
    /// How many of a hundred operations are deletes.
    pub deletes_percent: u32,
    /// How many of a hundred operations name the server to ask.
    pub named_percent: u32,
}

impl Default for Workload {
    fn default() -> Self {
        Self { moves: 40, keys: 2, reads_percent: 40, deletes_percent: 10, named_percent: 50 }
    }
}

/// A search through random worlds.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The parts.
    pub architecture: Architecture,
    /// What clients ask for.
    pub workload: Workload,
    /// Which faults there may be.
    pub faults: Faults,
    /// Whether the inside is watched as well, or only what was promised to clients.
    pub watches_inside: bool,
}

impl Hunt {
    /// Every kind of fault and the usual requests.
    pub fn new(architecture: Architecture) -> Self {
        // A journal promises nothing about a disk that is gone.
        let wipes = architecture.gossip().is_some();
        let views = architecture.has_views();
        let faults = Faults { wipes, views, ..Faults::ALL };
        Self { architecture, workload: Workload::default(), faults, watches_inside: true }
    }

    /// Lives the random world of this seed, and returns what it breaks.
    pub fn world(&self, seed: u64) -> Option<Finding> {
        self.world_seen_by(seed, &mut ())
    }

    /// The same, with somebody who watches.
    pub fn world_seen_by(&self, seed: u64, observer: &mut impl Observer<Node>) -> Option<Finding> {
        let mut life = Life::new(self, seed, observer);
        let result = life.faults().and_then(|()| life.peace());
        let at = life.now();
        result.err().map(|breach| Finding { breach, recording: life.recording, at })
    }
}

/// One random world.
pub struct Life<'a, O> {
    hunt: &'a Hunt,
    luck: Luck,
    /// The faults it has.
    has: Faults,
    recording: Recording,
    replay: Replay,
    watch: Watch,
    observer: &'a mut O,
    servers: Vec<NodeId>,
    clients: Vec<NodeId>,
    values: u32,
}

/// The one source of all luck of a world.
struct Luck(Stream);

impl Luck {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.choose(bound)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        let length = u32::try_from(from.len()).unwrap_or(u32::MAX);
        if length == 0 { otherwise } else { from[self.below(length) as usize] }
    }
}

impl<'a, O: Observer<Node>> Life<'a, O> {
    /// The world of a seed, at its beginning.
    pub fn new(hunt: &'a Hunt, seed: u64, observer: &'a mut O) -> Self {
        let mut luck = Luck(Stream::new(seed, Purpose::Workload));
        let may = hunt.faults;
        let has = Faults {
            crashes: luck.one_in(2) && may.crashes,
            wipes: luck.one_in(4) && may.wipes,
            cuts: luck.one_in(2) && may.cuts,
            pauses: luck.one_in(3) && may.pauses,
            clocks: luck.one_in(3) && may.clocks,
            fates: luck.one_in(2) && may.fates,
            links: luck.one_in(2) && may.links,
            views: may.views && luck.one_in(2),
        };
        let recording = Recording::new(hunt.architecture.clone(), seed);
        let mut watch = Watch::new(&hunt.architecture, hunt.watches_inside);
        let replay = Replay::new(&recording, &mut (&mut watch, &mut *observer));
        let servers = hunt.architecture.server_ids().collect();
        let clients = hunt.architecture.client_ids().collect();
        Self { hunt, luck, has, recording, replay, watch, observer, servers, clients, values: 0 }
    }

    /// What was done so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The world as it is.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Everybody who watches.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    fn now(&self) -> Time {
        self.replay.moment().time
    }

    fn step(&mut self) -> Result<bool, Breach> {
        let stepped = self.replay.step(&self.recording, &mut (&mut self.watch, &mut *self.observer));
        self.watch.after_step(&self.recording, &self.replay)?;
        Ok(stepped)
    }

    fn act(&mut self, input: Input) -> Result<(), Breach> {
        let mut observers = (&mut self.watch, &mut *self.observer);
        // What makes no sense just now (a crash of what is down) is refused, and that is fine.
        let _refused = self.replay.act(&mut self.recording, input, &mut observers);
        self.watch.after_step(&self.recording, &self.replay)
    }

    /// The time of faults.
    pub fn faults(&mut self) -> Result<(), Breach> {
        if self.has.links {
            let links = self.draw_links();
            self.act(Input::LinksEverywhere(links))?;
        }
        if self.luck.one_in(3) {
            let every = Span::from_ms(u64::from(self.luck.pick(&[20_u32, 100, 400], 100)));
            let Workload { keys, reads_percent, .. } = self.hunt.workload;
            self.act(Input::Traffic(Some(Traffic { every, keys: keys.max(1), reads_percent })))?;
        }
        let moves = self.hunt.workload.moves;
        for _ in 0..moves + self.luck.below(moves.max(1)) {
            for _ in 0..self.luck.below(12) {
                if !self.step()? {
                    break;
                }
            }
            if let Some(input) = self.draw() {
                self.act(input)?;
            }
        }
        Ok(())
    }

    fn draw_links(&mut self) -> LinkOptions {
        let usual = self.hunt.architecture.links;
        LinkOptions {
            loss: Probability::from_percent(self.luck.pick(&[0, 0, 5, 25], 0)).max(usual.loss),
            duplication: Probability::from_percent(self.luck.pick(&[0, 0, 5, 25], 0)).max(usual.duplication),
            latency_min: usual.latency_min.min(Span::from_ms(5)),
            latency_max: usual.latency_max.max(Span::from_ms(u64::from(self.luck.pick(&[5_u32, 60, 500], 5)))),
            fifo: usual.fifo,
        }
    }

    fn draw_operation(&mut self) -> Option<KVSOperation> {
        let Workload { keys, reads_percent, deletes_percent, .. } = self.hunt.workload;
        let key = Key::new(&format!("k{}", self.luck.below(keys.max(1)) + 1)).ok()?;
        let is_sharded = self.hunt.architecture.sharding.is_some();
        if is_sharded && self.luck.one_in(8) {
            let all = (1..=keys.clamp(1, 8)).filter_map(|number| Key::new(&format!("k{number}")).ok());
            return Some(if self.luck.one_in(2) { KVSOperation::MGet(all.collect()) } else { KVSOperation::GetAll });
        }
        if self.hunt.architecture.smr().is_some() && self.luck.one_in(3) {
            return self.draw_command(key);
        }
        if self.luck.percent(reads_percent) {
            return Some(KVSOperation::Get(key));
        }
        if self.luck.percent(deletes_percent) {
            return Some(KVSOperation::Delete(key));
        }
        let value = self.new_value()?;
        if self.hunt.architecture.versioned().is_some() && self.luck.one_in(3) {
            // Somebody who has read nothing, and guesses.
            return Some(KVSOperation::PutIf(key, value, Version::new(u64::from(self.luck.below(4)))));
        }
        Some(KVSOperation::Put(key, value))
    }

    /// What only the store of a replicated state machine knows.
    fn draw_command(&mut self, key: Key) -> Option<KVSOperation> {
        Some(match self.luck.below(8) {
            0 | 1 => KVSOperation::PutFor(key, self.new_value()?, self.draw_ttl()),
            2 => KVSOperation::Exists(key),
            3 => KVSOperation::ListKeys,
            4 => KVSOperation::Size,
            5 if self.luck.one_in(2) => KVSOperation::Clear,
            _ => {
                let commands = (0..1 + self.luck.below(3)).map(|_| self.draw_command_of_batch());
                KVSOperation::Batch(commands.collect::<Option<_>>()?)
            }
        })
    }

    fn draw_command_of_batch(&mut self) -> Option<KVOperation> {
        let keys = self.hunt.workload.keys.max(1);
        let key = Key::new(&format!("k{}", self.luck.below(keys) + 1)).ok()?;
        Some(match self.luck.below(10) {
            0..=3 => KVOperation::Set { key, value: self.new_value()?, ttl: None },
            4 => KVOperation::Set { key, value: self.new_value()?, ttl: Some(self.draw_ttl()) },
            5 => KVOperation::Get(key),
            6 => KVOperation::Delete(key),
            7 => KVOperation::Exists(key),
            8 => KVOperation::Size,
            // No key is empty: the batch is refused.
            _ => KVOperation::Set { key: Key::new("").ok()?, value: self.new_value()?, ttl: None },
        })
    }

    fn draw_ttl(&mut self) -> Span {
        Span::from_ms(u64::from(self.luck.pick(&[1_u32, 50, 500, 3_000], 50)))
    }

    fn new_value(&mut self) -> Option<Value> {
        self.values += 1;
        Value::new(&format!("w{}", self.values)).ok()
    }

    fn draw(&mut self) -> Option<Input> {
        let server = self.luck.pick(&self.servers, NodeId(0));
        let other = self.luck.pick(&self.servers, NodeId(0));
        let client = self.luck.pick(&self.clients, NodeId(self.hunt.architecture.servers));
        let has = self.has;
        if has.views && self.luck.one_in(10) {
            let joins = self.luck.one_in(2);
            return self.replay.sim().change_of_members(&[server], joins).ok();
        }
        if self.hunt.architecture.smr().is_some_and(|config| config.enable_notifications) && self.luck.one_in(16) {
            let prefix = Key::new(self.luck.pick(&["", "k", "k1"], "")).ok()?;
            let wish = Wish { server, prefix, is_on: !self.luck.one_in(4) };
            return Some(Input::Watch { client, watch: wish.into() });
        }
        if has.links && self.hunt.architecture.packet_loss().is_some() && self.luck.one_in(16) {
            let [requests, replies] = [(); 2].map(|()| Probability::from_percent(self.luck.pick(&[0, 10, 50], 0)));
            return Some(Input::PacketLoss(PacketLoss { requests, replies }));
        }
        match self.luck.below(16) {
            0..=5 => {
                let op = self.draw_operation()?;
                let to = self.luck.percent(self.hunt.workload.named_percent).then_some(server);
                let to = to.filter(|server| self.hunt.architecture.takes_requests(*server));
                Some(Input::Call { client, call: Call { op, to }.into() })
            }
            6 if has.crashes => Some(Input::Crash(server)),
            7 | 8 if has.crashes => Some(Input::Restart(server)),
            9 if has.wipes => Some(Input::Wipe(server)),
            10 if has.cuts => Some(Input::Cut(Links::pair(self.luck.pick(&[server, client], server), other))),
            11 if has.cuts => Some(if self.luck.one_in(2) {
                Input::HealAll
            } else {
                Input::Cut(Links::OneWay { from: [server].into(), to: [other].into() })
            }),
            12 if has.pauses => Some(if self.luck.one_in(2) { Input::Pause(server) } else { Input::Resume(server) }),
            13 if has.clocks => {
                Some(Input::Clock { node: server, offset_us: i64::from(self.luck.below(400_000)) - 200_000 })
            }
            14 | 15 if has.fates => {
                let letters = self.replay.sim().world().letters();
                let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
                let id = letters.get(self.luck.below(count.max(1)) as usize)?.0;
                let fates = [Fate::Drop, Fate::Duplicate, Fate::Duplicate, Fate::Hold, Fate::Release, Fate::Deliver];
                Some(Input::Message { id, fate: self.luck.pick(&fates, Fate::Deliver) })
            }
            _ => None,
        }
    }

    /// The time of peace: all faults end, everybody gets an answer or gives up, and replicas get all it takes to become equal.
    pub fn peace(&mut self) -> Result<(), Breach> {
        self.act(Input::Traffic(None))?;
        self.act(Input::HealAll)?;
        for server in self.servers.clone() {
            let world = self.replay.sim().world();
            let (is_up, is_paused, is_off) =
                (world.is_up(server), world.is_paused(server), world.clock_offset_us(server) != 0);
            if !is_up {
                self.act(Input::Restart(server))?;
            }
            if is_paused {
                self.act(Input::Resume(server))?;
            }
            if is_off {
                self.act(Input::Clock { node: server, offset_us: 0 })?;
            }
        }
        let links =
            LinkOptions { loss: Probability::NEVER, duplication: Probability::NEVER, ..self.hunt.architecture.links };
        self.act(Input::LinksEverywhere(links))?;
        if let Some(usual) = self.hunt.architecture.packet_loss().filter(|_| self.has.links) {
            self.act(Input::PacketLoss(usual))?;
        }
        let letters = self.replay.sim().world().letters();
        let held: Vec<_> = letters
            .iter()
            .filter(|(_, whereabouts, _)| *whereabouts == crate::world::Whereabouts::Held)
            .map(|(id, _, _)| *id)
            .collect();
        for id in held {
            self.act(Input::Message { id, fate: Fate::Release })?;
        }
        // First every operation ends, those included that wait for others; then there are many rounds of gossip.
        let patience = self.now() + Span::from_secs(600);
        while !self.clients_are_idle() && self.now() < patience && self.step()? {}
        if self.hunt.architecture.is_ordered() {
            self.names_all()?;
            self.answers_again()?;
        }
        let until = self.now() + settling_time(&self.hunt.architecture) + Span::from_ms(1);
        while self.now() < until && self.step()? {}
        self.watch.judge(&self.recording, &self.replay)
    }

    /// Where somebody outside says who leads, they have seen that all are up, and name all.
    fn names_all(&mut self) -> Result<(), Breach> {
        let (architecture, servers) = (&self.hunt.architecture, &self.servers);
        // Servers of Raft agree whoever of them was asked for; if not all were, the others must not disturb them.
        if !architecture.has_views() || (architecture.raft().is_some() && self.luck.one_in(2)) {
            return Ok(());
        }
        match self.replay.sim().change_of_members(servers, true) {
            Ok(view) => self.act(view),
            Err(_) => Ok(()),
        }
    }

    /// The watchdog: nothing stands in the way any more, so every client is answered, and soon. (One with few tries may give up on a slow
    /// network before its answer has come; then it asks anew.)
    fn answers_again(&mut self) -> Result<(), Breach> {
        let until = self.now() + settling_time(&self.hunt.architecture);
        while self.now() < until && self.step()? {}
        if is_stuck(&self.hunt.architecture, self.replay.sim().world()) {
            return Ok(());
        }
        let patience = self.now() + settling_time(&self.hunt.architecture);
        let mut open: Vec<(NodeId, bool)> =
            self.clients.iter().flat_map(|client| [(*client, true), (*client, false)]).collect();
        loop {
            let before = self.watch.history().operations().len();
            for (client, writes) in &open {
                self.ask(*client, *writes)?;
            }
            while !self.clients_are_idle() && self.now() < patience && self.step()? {}
            let asked = &self.watch.history().operations()[before..];
            let mut unanswered = asked.iter().filter(|operation| {
                !operation.ended.as_ref().is_some_and(|ended| matches!(ended.outcome, Outcome::Ok(_)))
            });
            open = unanswered.clone().map(|operation| (operation.client(), operation.op().is_write())).collect();
            match unanswered.next_back() {
                None => return Ok(()),
                Some(_) if self.now() < patience && self.clients_are_idle() => {}
                Some(last) => {
                    let what = format!("{} is not answered, and nothing stands in the way", last.op());
                    let node = last.client();
                    return Err(Breach::Invariant(Violation { id: "W1", time: self.now(), node, what }));
                }
            }
        }
    }

    fn ask(&mut self, client: NodeId, writes: bool) -> Result<(), Breach> {
        let Ok(key) = Key::new("k1") else { return Ok(()) };
        let op = if writes {
            let Some(value) = self.new_value() else { return Ok(()) };
            KVSOperation::Put(key, value)
        } else {
            KVSOperation::Get(key)
        };
        self.act(Input::Call { client, call: Call { op, to: None }.into() })
    }

    fn clients_are_idle(&self) -> bool {
        let world = self.replay.sim().world();
        let mut clients = self.clients.iter().filter_map(|node| world.node(*node).as_client());
        clients.all(|client| client.pending().is_none() && client.waiting() == 0)
    }
}
