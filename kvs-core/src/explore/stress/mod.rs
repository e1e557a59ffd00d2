//! A stress run: clients who read and put overlapping keys of a versioned store while requests and answers are dropped, and what came of
//! it, judged in the end. In simulated time, so that half a minute takes a moment.

mod config;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub use config::{Mistake, StressClient, StressConfig};

use crate::check::{Budget, Judge, Judgement, Run};
use crate::choice::{Choose, Purpose, Stream};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::process::NodeId;
use crate::server::{Call, ClerkOptions, ClientOptions};
use crate::sim::{History, HistoryEvent, Input, Operation, Recording, Replay};
use crate::storage::versioned::VersionedOptions;
use crate::time::{Span, Time};
use crate::world::LinkOptions;
use crate::zoo::{Animal, Architecture, Guarantee, OptionError, StorageOptions, catalog};

/// How long a client waits for an answer before it takes it for lost. No message takes half as long.
const PATIENCE: Span = Span::from_ms(20);
/// How long the last operations may take to end.
const LAST_MAX: Span = Span::from_secs(24 * 3_600);

/// What came of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientReport {
    /// What it is called.
    pub name: String,
    /// Reads that were answered.
    pub reads: u64,
    /// Puts that were confirmed.
    pub puts: u64,
    /// Puts that were refused: another version was there.
    pub refused: u64,
    /// Puts that may have been done, and may still be.
    pub unknown: u64,
    /// Puts that may have been done, and are over.
    pub unknown_closed: u64,
    /// Operations that were not answered and have done nothing.
    pub unanswered: u64,
    /// The time that operations took, all together.
    pub waited: Span,
}

impl ClientReport {
    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.reads + self.puts + self.refused + self.unknown + self.unknown_closed + self.unanswered
    }

    fn count(&mut self, operation: &Operation) {
        let Some(ended) = &operation.ended else { return };
        self.waited = self.waited + ended.at.since(operation.called);
        let counter = match (&ended.outcome, operation.op().is_write()) {
            (Outcome::Ok(response), _) if response.refusal().is_some() => &mut self.refused,
            (Outcome::Ok(_), false) => &mut self.reads,
            (Outcome::Ok(_), true) => &mut self.puts,
            (Outcome::Maybe, _) => &mut self.unknown,
            (Outcome::MaybeClosed, _) => &mut self.unknown_closed,
            (Outcome::Unavailable, _) => &mut self.unanswered,
        };
        *counter += 1;
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Of each client.
    pub clients: Vec<ClientReport>,
    /// Whether one order explains all that they were told, what they read in the end included.
    pub linearizable: Judgement,
    /// What is kept under each key in the end, as it was read; None if no read of it was answered.
    pub kept: Vec<(Key, Option<KVSResponse>)>,
    /// The run, to be lived again.
    pub recording: Recording,
}

/// Runs clients against a server of versioned values.
pub struct ServerRunner<'a> {
    config: &'a StressConfig,
    luck: Stream,
    recording: Recording,
    replay: Replay,
    history: History,
    /// How many events of the history have been counted.
    counted: usize,
    clients: Vec<Worker>,
}

/// A client at work.
struct Worker {
    node: NodeId,
    /// When it begins its next operation; None while one goes on.
    next: Option<Time>,
    values: u64,
    report: ClientReport,
}

impl<'a> ServerRunner<'a> {
    /// Clients and a server with this engine, which is a value of the option `engine`.
    pub fn new(config: &'a StressConfig, engine: &str, seed: u64) -> Result<Self, OptionError> {
        Ok(Self::of(config, architecture(config, engine)?, seed))
    }

    fn of(config: &'a StressConfig, architecture: Architecture, seed: u64) -> Self {
        let recording = Recording::new(architecture, seed);
        let mut history = History::default();
        let replay = Replay::new(&recording, &mut history);
        let nodes = recording.architecture.client_ids();
        let worker = |(node, client): (NodeId, &StressClient)| Worker {
            node,
            next: Some(Time::ZERO),
            values: 0,
            report: ClientReport { name: client.name.clone(), ..ClientReport::default() },
        };
        let clients = nodes.zip(&config.clients).map(worker).collect();
        let luck = Stream::new(seed, Purpose::Workload);
        Self { config, luck, recording, replay, history, counted: 0, clients }
    }

    /// The same with an option of the store set.
    pub fn with(self, name: &str, value: &str) -> Result<Self, OptionError> {
        let mut architecture = self.recording.architecture;
        architecture.set(name, value)?;
        // Each client has options of its own.
        if let Some(clerk) = &architecture.client.clerk {
            for own in &mut architecture.own_clients {
                let request_loss = own.clerk.as_ref().map_or(clerk.request_loss, |clerk| clerk.request_loss);
                own.clerk = Some(ClerkOptions { request_loss, ..clerk.clone() });
            }
        }
        Ok(Self::of(self.config, architecture, self.recording.seed))
    }

    /// Lets clients work for as long as they are told, reads every key, and judges. `progress` is told how far the time has come, now and then.
    pub fn run(mut self, mut progress: impl FnMut(Span)) -> Report {
        let end = Time::ZERO + self.config.duration;
        let mut told = Time::ZERO;
        while self.now() < end {
            self.begin(end);
            self.step(end);
            if self.now().since(told) >= Span::from_ms(100) {
                told = self.now();
                progress(told.since(Time::ZERO));
            }
        }
        progress(self.config.duration);
        self.finish();
        let kept = self.read_all();
        let linearizable = self.judge();
        Report {
            clients: self.clients.into_iter().map(|client| client.report).collect(),
            linearizable,
            kept,
            recording: self.recording,
        }
    }

    fn now(&self) -> Time {
        self.replay.moment().time
    }

    /// Whoever has slept long enough begins an operation.
    fn begin(&mut self, end: Time) {
        let now = self.now();
        for place in 0..self.clients.len() {
            if now < end && self.clients[place].next.is_some_and(|next| next <= now) {
                let Some(op) = self.draw(place) else { continue };
                self.clients[place].next = None;
                self.call(self.clients[place].node, op);
            }
        }
    }

    fn draw(&mut self, place: usize) -> Option<KVSOperation> {
        let keys = &self.config.clients.get(place)?.keys;
        let key = keys.get(self.luck.choose(u32::try_from(keys.len()).ok()?) as usize)?.clone();
        if self.luck.choose(2) == 0 {
            return Some(KVSOperation::Get(key));
        }
        let worker = self.clients.get_mut(place)?;
        worker.values += 1;
        // Every value is unique, and its put names the version that the client has last read or put.
        let value = Value::new(&format!("{}.{}", place + 1, worker.values)).ok()?;
        Some(KVSOperation::Put(key, value))
    }

    fn call(&mut self, client: NodeId, op: KVSOperation) {
        let input = Input::Call { client, call: Call { op, to: None }.into() };
        // A client that is there may put and get.
        let _never_refused = self.replay.act(&mut self.recording, input, &mut self.history);
    }

    /// Lets the next event happen, or time pass until the next client wakes up.
    fn step(&mut self, end: Time) {
        let wake = self.clients.iter().filter_map(|client| client.next).min().unwrap_or(end).min(end);
        match self.replay.next_moment(&self.recording) {
            Some(next) if next.time <= wake => {
                self.replay.step(&self.recording, &mut self.history);
            }
            _ => self.replay.advance_to(wake, &self.recording, &mut self.history),
        }
        self.count();
    }

    /// Counts what has ended, and sends its client to sleep.
    fn count(&mut self) {
        for event in self.history.events().get(self.counted..).unwrap_or_default() {
            let HistoryEvent::Returned(place) = *event else { continue };
            let operation = &self.history.operations()[place];
            let Some(at) = self.clients.iter().position(|client| client.node == operation.client()) else { continue };
            let (worker, told) = (&mut self.clients[at], &self.config.clients[at]);
            let (ended, failed) = match &operation.ended {
                Some(ended) => (ended.at, !matches!(&ended.outcome, Outcome::Ok(r) if r.refusal().is_none())),
                None => continue,
            };
            worker.report.count(operation);
            worker.next = Some(ended + if failed { told.error_sleep } else { told.success_sleep });
        }
        self.counted = self.history.events().len();
    }

    /// The last operations end.
    fn finish(&mut self) {
        let until = self.now() + LAST_MAX;
        while self.clients.iter().any(|client| client.next.is_none()) && self.now() < until {
            if !self.replay.step(&self.recording, &mut self.history) {
                break;
            }
            self.count();
        }
    }

    /// The first client reads every key that anybody uses, as often as it takes.
    fn read_all(&mut self) -> Vec<(Key, Option<KVSResponse>)> {
        const TRIES: u32 = 100;
        let mut keys: Vec<Key> = self.config.clients.iter().flat_map(|client| client.keys.iter().cloned()).collect();
        keys.sort_unstable();
        keys.dedup();
        let Some(reader) = self.clients.first().map(|client| client.node) else { return Vec::new() };
        let mut read = |key: Key| {
            for _ in 0..TRIES {
                let events = self.history.events().len();
                self.call(reader, KVSOperation::Get(key.clone()));
                let is_over = |history: &History| {
                    history.events().iter().skip(events).any(|event| matches!(event, HistoryEvent::Returned(_)))
                };
                while !is_over(&self.history) && self.replay.step(&self.recording, &mut self.history) {}
                let ended = self.history.last_of(reader).and_then(|last| last.ended.as_ref());
                if let Some(Outcome::Ok(response)) = ended.map(|ended| &ended.outcome) {
                    return (key, Some(response.clone()));
                }
            }
            (key, None)
        };
        keys.into_iter().map(&mut read).collect()
    }

    fn judge(&self) -> Judgement {
        let architecture = &self.recording.architecture;
        let events = self.history.events().len();
        let inputs = self.recording.inputs();
        let run = Run::new(architecture, self.replay.sim().world(), &self.history, events, inputs);
        let judgements = Judge::new(architecture).judge(&run, Budget::PATIENT);
        let found = judgements.into_iter().find(|judgement| judgement.guarantee == Guarantee::Linearizability);
        // Every store is judged by it.
        found.unwrap_or_else(|| Judgement {
            guarantee: Guarantee::Linearizability,
            claim: None,
            ended_by: alloc::collections::BTreeSet::new(),
            verdict: crate::check::Verdict::Undecided(crate::check::Undecided::Unknown),
        })
    }
}

fn architecture(config: &StressConfig, engine: &str) -> Result<Architecture, OptionError> {
    let usual = catalog::exhibit_of(Animal::Versioned).architecture();
    let clerk = usual.client.clerk.clone().unwrap_or_default();
    let of_client = |client: &StressClient| ClientOptions {
        retry_after: PATIENCE + client.error_sleep,
        retries: config.max_retries,
        clerk: Some(ClerkOptions { request_loss: client.packet_loss, ..clerk.clone() }),
        ..usual.client.clone()
    };
    let storage = match usual.storage {
        StorageOptions::Versioned(options) => {
            StorageOptions::Versioned(VersionedOptions { reply_loss: config.server_packet_loss, ..options })
        }
        other => other,
    };
    let mut architecture = Architecture {
        clients: u32::try_from(config.clients.len()).unwrap_or(u32::MAX),
        own_clients: config.clients.iter().map(of_client).collect(),
        storage,
        links: LinkOptions { latency_min: Span::from_ms(1), latency_max: Span::from_ms(5), ..usual.links },
        ..usual
    };
    architecture.set("engine", engine)?;
    Ok(architecture)
}
