//! Random worlds: each draws its own architecture and its own mix of faults, some of them off altogether, and is watched at every
//! step. First a time of faults, in which nothing may be broken; then a time of peace, after which all must be well.

use std::collections::BTreeSet;

use kvs_core::check::invariants::{Invariants, Violation};
use kvs_core::choice::{Choose, Probability, Purpose, Stream};
use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Node, Traffic};
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{Fate, History, Input, Links, Recording, Replay};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Happening, LinkOptions, Observer};
use kvs_core::zoo::{Animal, Architecture, catalog};

/// What was seen in many worlds, so that a test can tell that they were not all dull.
#[derive(Default)]
pub(crate) struct Sights {
    pub(crate) marks: BTreeSet<&'static str>,
    pub(crate) losses: BTreeSet<String>,
    pub(crate) siblings: bool,
}

impl Observer<Node> for Sights {
    fn saw(&mut self, _now: Time, happening: Happening<'_, Node>) {
        use kvs_core::op::{KVSResponse, Outcome};
        use kvs_core::server::Message;
        match happening {
            Happening::Marked { mark, .. } => {
                self.marks.insert(mark.0);
            }
            Happening::Lost { why, .. } => {
                self.losses.insert(format!("{why:?}"));
            }
            Happening::Told { message: Message::Returned(returned), .. } => {
                if let Outcome::Ok(KVSResponse::GetResult { values, .. }) = &returned.outcome {
                    self.siblings |= values.len() > 1;
                }
            }
            _ => {}
        }
    }
}

/// A world that broke.
pub(crate) struct Broken {
    pub(crate) violation: Violation,
    pub(crate) recording: Recording,
}

/// A world in the making: the one source of all its luck.
struct Luck(Stream);

impl Luck {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.choose(bound)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(u32::try_from(from.len()).expect("short")) as usize]
    }
}

/// Which faults worlds may have at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Every kind.
    Everything,
    /// All but crashes: memory is never lost.
    NoCrashes,
}

/// Which faults a world has.
struct Faults {
    crashes: bool,
    wipes: bool,
    cuts: bool,
    pauses: bool,
    clocks: bool,
    fates: bool,
}

/// What a world is made of: the usual options in many mixtures, then those that a test insists on.
fn architecture(animal: Animal, luck: &mut Luck, fixed: &[(&str, &str)]) -> Architecture {
    let mut architecture = catalog::exhibit_of(animal).architecture();
    let mut set = |name: &str, value: &str| architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    set("clients", luck.pick(&["1", "2", "3"]));
    set("retries", luck.pick(&["1", "4", "20"]));
    set("loss", luck.pick(&["0%", "0%", "5%", "25%"]));
    set("duplication", luck.pick(&["0%", "0%", "5%", "25%"]));
    set("fifo", luck.pick(&["off", "off", "on"]));
    set("latency-min", luck.pick(&["0s", "5ms"]));
    set("latency-max", luck.pick(&["5ms", "60ms", "500ms"]));
    match animal {
        Animal::Local => {
            set("journal", luck.pick(&["on", "off"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::Replicated => {
            set("replicas", luck.pick(&["2", "3", "4", "5"]));
            set("values", luck.pick(&["mv-register", "mv-register", "lww"]));
            set("routing", luck.pick(&["sticky", "round-robin"]));
            set("direct-mail", luck.pick(&["on", "off"]));
            set("rumors", luck.pick(&["on", "on", "off"]));
            set("gossip-interval", luck.pick(&["20ms", "200ms"]));
            set("contacts", luck.pick(&["feedback", "blind"]));
            set("cooling", luck.pick(&["counter", "coin"]));
            set("counter-limit", luck.pick(&["1", "2", "3"]));
            set("read-context", luck.pick(&["carried", "carried", "blind"]));
            set("anti-entropy-interval", luck.pick(&["100ms", "1s"]));
        }
    }
    for (name, value) in fixed {
        set(name, value);
    }
    architecture
}

/// Lives one random world. `fixed` options override what is drawn.
pub(crate) fn live(
    animal: Animal,
    seed: u64,
    fixed: &[(&str, &str)],
    mix: Mix,
    sights: &mut Sights,
) -> Result<(), Box<Broken>> {
    let mut luck = Luck(Stream::new(seed, Purpose::Workload));
    let architecture = architecture(animal, &mut luck, fixed);
    let mut life = Life::new(&architecture, seed, sights);
    life.faults(mix, &mut luck)
        .and_then(|()| life.peace())
        .map_err(|violation| Box::new(Broken { violation, recording: life.recording.clone() }))
}

struct Life<'a> {
    recording: Recording,
    replay: Replay,
    invariants: Invariants,
    history: History,
    sights: &'a mut Sights,
    servers: Vec<NodeId>,
    clients: Vec<NodeId>,
    values: u32,
}

impl<'a> Life<'a> {
    fn new(architecture: &Architecture, seed: u64, sights: &'a mut Sights) -> Self {
        let mut invariants = Invariants::new(architecture);
        let recording = Recording::new(architecture.clone(), seed);
        Self {
            replay: Replay::new(&recording, &mut invariants),
            recording,
            invariants,
            history: History::default(),
            sights,
            servers: architecture.server_ids().collect(),
            clients: architecture.client_ids().collect(),
            values: 0,
        }
    }

    fn now(&self) -> Time {
        self.replay.moment().time
    }

    fn step(&mut self) -> Result<bool, Violation> {
        let mut inner = (&mut self.invariants, &mut self.history);
        let stepped = self.replay.step(&self.recording, &mut (&mut inner, &mut *self.sights));
        self.invariants.after_step(self.replay.sim().world())?;
        Ok(stepped)
    }

    fn act(&mut self, input: Input) -> Result<(), Violation> {
        let mut inner = (&mut self.invariants, &mut self.history);
        // What makes no sense just now (a crash of what is down) is refused, and that is fine.
        let _refused = self.replay.act(&mut self.recording, input, &mut (&mut inner, &mut *self.sights));
        self.invariants.after_step(self.replay.sim().world())
    }

    fn faults(&mut self, mix: Mix, luck: &mut Luck) -> Result<(), Violation> {
        let is_local = self.recording.architecture.animal == Animal::Local;
        let faults = Faults {
            crashes: luck.one_in(2) && mix == Mix::Everything,
            // A journal promises nothing about a disk that is gone.
            wipes: !is_local && luck.one_in(4) && mix == Mix::Everything,
            cuts: luck.one_in(2),
            pauses: luck.one_in(3),
            clocks: luck.one_in(3),
            fates: luck.one_in(2),
        };
        if luck.one_in(3) {
            let every = Span::from_ms(u64::from(luck.pick(&[20_u32, 100, 400])));
            self.act(Input::Traffic(Some(Traffic { every, keys: luck.pick(&[1, 3]), reads_percent: 40 })))?;
        }
        for _ in 0..40 + luck.below(40) {
            let wait = luck.below(12);
            for _ in 0..wait {
                if !self.step()? {
                    break;
                }
            }
            if let Some(input) = self.draw(luck, &faults) {
                self.act(input)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, luck: &mut Luck, faults: &Faults) -> Option<Input> {
        let server = luck.pick(&self.servers);
        let other = luck.pick(&self.servers);
        let client = luck.pick(&self.clients);
        match luck.below(16) {
            0..=5 => {
                let key = Key::new(luck.pick(&["a", "b"])).expect("short");
                let to = luck.one_in(2).then_some(server);
                let op = match luck.below(8) {
                    0..=3 => {
                        self.values += 1;
                        KVSOperation::Put(key, Value::new(&format!("w{}", self.values)).expect("short"))
                    }
                    4 => KVSOperation::Delete(key),
                    _ => KVSOperation::Get(key),
                };
                Some(Input::Call { client, call: Call { op, to }.into() })
            }
            6 if faults.crashes => Some(Input::Crash(server)),
            7 | 8 if faults.crashes => Some(Input::Restart(server)),
            9 if faults.wipes => Some(Input::Wipe(server)),
            10 if faults.cuts => Some(Input::Cut(Links::pair(luck.pick(&[server, client]), other))),
            11 if faults.cuts => Some(if luck.one_in(2) {
                Input::HealAll
            } else {
                Input::Cut(Links::OneWay { from: vec![server], to: vec![other] })
            }),
            12 if faults.pauses => Some(if luck.one_in(2) { Input::Pause(server) } else { Input::Resume(server) }),
            13 if faults.clocks => {
                Some(Input::Clock { node: server, offset_us: i64::from(luck.below(400_000)) - 200_000 })
            }
            14 | 15 if faults.fates => {
                let letters = self.replay.sim().world().letters();
                let count = u32::try_from(letters.len()).expect("few");
                let id = letters.get(luck.below(count) as usize)?.0;
                let fate = luck.pick(&[
                    Fate::Drop,
                    Fate::Duplicate,
                    Fate::Duplicate,
                    Fate::Hold,
                    Fate::Release,
                    Fate::Deliver,
                ]);
                Some(Input::Message { id, fate })
            }
            _ => None,
        }
    }

    /// All faults end; then everybody must get an answer or give up, and all replicas must become equal.
    fn peace(&mut self) -> Result<(), Violation> {
        self.act(Input::Traffic(None))?;
        self.act(Input::HealAll)?;
        for server in self.servers.clone() {
            self.act(Input::Restart(server))?;
            self.act(Input::Resume(server))?;
            self.act(Input::Clock { node: server, offset_us: 0 })?;
        }
        let links = LinkOptions {
            loss: Probability::NEVER,
            duplication: Probability::NEVER,
            ..self.recording.architecture.links
        };
        self.act(Input::LinksEverywhere(links))?;
        let held: Vec<_> = self.replay.sim().world().letters().iter().map(|(id, _, _)| *id).collect();
        for id in held {
            self.act(Input::Message { id, fate: Fate::Release })?;
        }
        // First every operation ends, those included that wait for others; then there are many rounds of gossip.
        let patience = self.now() + Span::from_secs(600);
        while !self.clients_are_idle() && self.now() < patience && self.step()? {}
        let until = self.now() + Span::from_secs(20);
        while self.now() < until && self.step()? {}
        let open = self.history.operations().iter().find(|operation| operation.ended.is_none());
        if let Some(open) = open {
            return Err(self.broken("liveness", format!("{} never ended", open.op())));
        }
        self.invariants.when_quiet(self.replay.sim().world())
    }

    fn clients_are_idle(&self) -> bool {
        let world = self.replay.sim().world();
        let mut clients = self.clients.iter().filter_map(|node| world.node(*node).as_client());
        clients.all(|client| client.pending().is_none() && client.waiting() == 0)
    }

    fn broken(&self, id: &'static str, what: String) -> Violation {
        Violation { id, time: self.now(), node: self.clients[0], what }
    }
}

/// How to see a broken world again.
pub(crate) fn report(broken: &Broken) -> String {
    format!("{}\n\n{}", broken.violation, Schedule::from_recording(&broken.recording))
}
