//! Every store in the same weather: what held, who was answered, and at what price. Computed from runs, and each run can be watched.
//!
//! A [`Trial`] is one run: clients ask for two seconds, then the [`Weather`] sets in for six while they go on, then it ends, and they only
//! read for two more. After that nobody disturbs anything, and the whole is judged.

use alloc::vec;
use alloc::vec::Vec;

use crate::check::{Budget, Judge, Judgement, Run, Verdict, settling_time};
use crate::choice::Probability;
use crate::op::Outcome;
use crate::process::NodeId;
use crate::server::{Node, Traffic};
use crate::sim::{History, Input, Links, Recording, Replay};
use crate::time::{Span, Time};
use crate::world::{Happening, LinkOptions, Observer};
use crate::zoo::{Architecture, Guarantee};

/// When the weather sets in.
const FROM: Time = Time::from_us(2_000_000);
/// When it is over.
const UNTIL: Time = Time::from_us(8_000_000);
/// Whoever waits longer is not being served.
const PATIENCE: Span = Span::from_secs(1);
/// Until when clients read what is left.
const READ_UNTIL: Time = Time::from_us(10_000_000);

/// What a store has to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// Nothing goes wrong.
    Calm,
    /// One message of ten is lost, and one of ten arrives twice.
    Lossy,
    /// Few servers and some clients cannot talk to the rest.
    Cut,
    /// The first server crashes, and boots when it is over.
    OneDown,
    /// All but a few servers crash, and boot when it is over.
    MostDown,
}

impl Weather {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Calm, Self::Lossy, Self::Cut, Self::OneDown, Self::MostDown];

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calm => "Calm",
            Self::Lossy => "Lossy links",
            Self::Cut => "A cut",
            Self::OneDown => "One server down",
            Self::MostDown => "Most servers down",
        }
    }

    /// One sentence: what happens.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Calm => "Nothing goes wrong.",
            Self::Lossy => "One message of ten is lost, and one of ten arrives twice.",
            Self::Cut => "For six seconds a few servers and some of the clients cannot talk to the rest.",
            Self::OneDown => "The first server crashes and comes back six seconds later.",
            Self::MostDown => "All servers but a few crash at once and come back six seconds later.",
        }
    }
}

/// How much of a single copy clients got to see: a rung of the ladder, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None of the others.
    Nothing,
    /// Replicas became equal, and nothing that was acknowledged was missing.
    Eventual,
    /// Each client saw what it wrote and never went back, and what it wrote was seen in its order.
    Sessions,
    /// Whoever saw an effect saw its causes.
    Causal,
    /// One order explains all answers, and keeps that of each client.
    Sequential,
    /// One copy, at every instant.
    Linearizable,
}

impl Level {
    /// All rungs, the strongest first.
    pub const ALL: [Self; 6] =
        [Self::Linearizable, Self::Sequential, Self::Causal, Self::Sessions, Self::Eventual, Self::Nothing];

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Nothing => "None of these",
            Self::Eventual => "Eventual",
            Self::Sessions => "Sessions",
            Self::Causal => "Causal",
            Self::Sequential => "Sequential",
            Self::Linearizable => "Linearizable",
        }
    }

    /// One sentence: what it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Nothing => "Clients saw what no store of the other rungs would have shown them.",
            Self::Eventual => "Replicas became equal in the end, and no acknowledged write was missing.",
            Self::Sessions => "Each client saw its own writes, and nobody saw time go backwards.",
            Self::Causal => Guarantee::CausalConsistency.meaning(),
            Self::Sequential => Guarantee::SequentialConsistency.meaning(),
            Self::Linearizable => Guarantee::Linearizability.meaning(),
        }
    }

    /// What must hold.
    fn needs(self) -> &'static [Guarantee] {
        match self {
            Self::Nothing => &[],
            Self::Eventual => &[Guarantee::Convergence],
            Self::Sessions => &[
                Guarantee::ReadYourWrites,
                Guarantee::MonotonicReads,
                Guarantee::MonotonicWrites,
                Guarantee::WritesFollowReads,
            ],
            Self::Causal => &[Guarantee::CausalConsistency],
            Self::Sequential => &[Guarantee::SequentialConsistency],
            Self::Linearizable => &[Guarantee::Linearizability],
        }
    }
}

/// How much of the time clients were served while it lasted: they had nothing to ask, or were answered within a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The time of all of them together.
    pub of: Span,
    /// The part of it in which they were served.
    pub served: Span,
}

impl Share {
    /// Of a thousand; None if there was nobody.
    pub fn per_mille(self) -> Option<u32> {
        let mille = self.served.as_us().saturating_mul(1_000).checked_div(self.of.as_us())?;
        u32::try_from(mille).ok()
    }
}

/// A run in some weather, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The run.
    pub recording: Recording,
    /// The instant at which a reader should look at it: well into the weather.
    pub at: Time,
    /// The strongest rung that held.
    pub level: Level,
    /// Whether it is known that no stronger one did.
    pub is_sure: bool,
    /// Who was served while it lasted: everybody; or in a cut, first those with the few servers, then the rest.
    pub served: Vec<Share>,
    /// Whether all that was acknowledged was there in the end; None if that is not known.
    pub durable: Option<bool>,
    /// How many thousandths of a message were sent for one answered operation, those that servers send of their own accord included.
    pub messages_milli: u32,
    /// How long half of all answers took at most.
    pub latency: Option<Span>,
}

/// The two sides of a cut.
struct Sides {
    few: Vec<NodeId>,
    rest: Vec<NodeId>,
}

impl Sides {
    /// Of each shard, and of each part in agreeing, less than half: where a shard is one server, the first of them; of one server, none.
    fn of_servers(architecture: &Architecture) -> Self {
        let mut groups: Vec<(_, Vec<NodeId>)> = Vec::new();
        for server in architecture.server_ids() {
            let kind = (architecture.role(server), architecture.home(server));
            match groups.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, group)) => group.push(server),
                None => groups.push((kind, vec![server])),
            }
        }
        let mut few: Vec<NodeId> = Vec::new();
        for (_, group) in &groups {
            let count = if group.len() == 2 { 1 } else { group.len().saturating_sub(1) / 2 };
            few.extend(&group[..count]);
        }
        if few.is_empty() && architecture.servers > 1 {
            few.push(NodeId(0));
        }
        let rest = architecture.server_ids().filter(|server| !few.contains(server)).collect();
        Self { few, rest }
    }

    /// With clients, in turn.
    fn with_clients(mut self, architecture: &Architecture) -> Self {
        for (place, client) in architecture.client_ids().enumerate() {
            if place % 2 == 0 { &mut self.few } else { &mut self.rest }.push(client);
        }
        self
    }
}

/// What is sent while clients ask.
#[derive(Default)]
struct Count(u32);

impl Observer<Node> for Count {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        if now <= UNTIL && matches!(happening, Happening::Sent { .. }) {
            self.0 = self.0.saturating_add(1);
        }
    }
}

/// A run that is being made.
struct Course {
    recording: Recording,
    replay: Replay,
    history: History,
    sent: Count,
}

impl Course {
    fn new(architecture: &Architecture, seed: u64) -> Self {
        let recording = Recording::new(architecture.clone(), seed);
        let (mut history, mut sent) = (History::default(), Count::default());
        let replay = Replay::new(&recording, &mut (&mut history, &mut sent));
        Self { recording, replay, history, sent }
    }

    fn go(&mut self, until: Time) {
        self.replay.advance_to(until, &self.recording, &mut (&mut self.history, &mut self.sent));
    }

    fn act(&mut self, input: Input) {
        // All of these make sense in any world that is whole; one that is refused is not recorded either.
        let _refused = self.replay.act(&mut self.recording, input, &mut (&mut self.history, &mut self.sent));
    }

    fn traffic(&mut self, reads_percent: u32) {
        self.act(Input::Traffic(Some(Traffic { every: Span::from_ms(100), keys: 12, reads_percent })));
    }
}

/// The worst of several runs of one weather, one a seed, with the time of all of them. One run may be lucky.
pub fn worst(architecture: &Architecture, weather: Weather, seeds: impl IntoIterator<Item = u64>) -> Option<Trial> {
    let mut worst: Option<Trial> = None;
    for seed in seeds {
        let trial = trial(architecture, weather, seed);
        worst = Some(match worst {
            None => trial,
            Some(known) => {
                let is_worse =
                    (trial.level, trial.durable != Some(false)) < (known.level, known.durable != Some(false));
                let both = known.served.iter().zip(&trial.served);
                let served =
                    both.map(|(one, other)| Share { of: one.of + other.of, served: one.served + other.served });
                Trial { served: served.collect(), ..if is_worse { trial.clone() } else { known.clone() } }
            }
        });
    }
    worst
}

/// Lets a store of this architecture go through a weather, and judges it.
pub fn trial(architecture: &Architecture, weather: Weather, seed: u64) -> Trial {
    let mut course = Course::new(architecture, seed);
    let sides = Sides::of_servers(architecture);
    course.traffic(50);
    course.go(FROM);
    let fallen: &[NodeId] = match weather {
        Weather::Calm | Weather::Lossy | Weather::Cut => &[],
        Weather::OneDown => &[NodeId(0)],
        Weather::MostDown => &sides.rest,
    };
    match weather {
        Weather::Calm | Weather::OneDown | Weather::MostDown => {}
        Weather::Lossy => {
            let often = Probability::from_percent(10);
            course.act(Input::LinksEverywhere(LinkOptions { loss: often, duplication: often, ..architecture.links }));
        }
        Weather::Cut => {
            let Sides { few, rest } = Sides::of_servers(architecture).with_clients(architecture);
            course.act(Input::Cut(Links::Between(vec![few, rest])));
        }
    }
    for node in fallen {
        course.act(Input::Crash(*node));
    }
    course.go(UNTIL);
    course.act(Input::Traffic(None));
    match weather {
        Weather::Calm | Weather::OneDown | Weather::MostDown => {}
        Weather::Lossy => course.act(Input::LinksEverywhere(architecture.links)),
        Weather::Cut => course.act(Input::HealAll),
    }
    for node in fallen {
        course.act(Input::Restart(*node));
    }
    course.traffic(100);
    course.go(READ_UNTIL);
    course.act(Input::Traffic(None));
    // Whoever still waits is answered or gives up; then there is all the time that replicas need.
    course.go(READ_UNTIL + Span::from_secs(20) + settling_time(architecture));
    let clients = architecture.client_ids();
    let of_cut: Vec<Vec<NodeId>> = match weather {
        Weather::Cut => {
            let (few, rest): (Vec<_>, Vec<_>) = clients.enumerate().partition(|(place, _)| place % 2 == 0);
            [few, rest].map(|side| side.into_iter().map(|(_, client)| client).collect()).into()
        }
        _ => vec![clients.collect()],
    };
    judged(course, &of_cut)
}

fn judged(course: Course, sides: &[Vec<NodeId>]) -> Trial {
    let Course { recording, replay, history, sent } = course;
    let (world, events) = (replay.sim().world(), history.events().len());
    let architecture = &recording.architecture;
    let run = Run::new(architecture, world, &history, events, recording.inputs());
    let judgements = Judge::new(architecture).judge(&run, Budget { steps: 2_000_000, ..Budget::LIVE });
    let (level, is_sure) = level(&judgements);
    let durable = judgements.iter().find(|judgement| judgement.guarantee == Guarantee::Durability);
    let durable = durable.and_then(|judgement| match judgement.verdict {
        Verdict::Holds => Some(true),
        Verdict::Broken(_) => Some(false),
        Verdict::Undecided(_) => None,
    });
    let answers = history.operations().iter().filter_map(|operation| {
        let ended = operation.ended.as_ref().filter(|ended| matches!(ended.outcome, Outcome::Ok(_)))?;
        Some((operation, ended.at))
    });
    let mut latencies: Vec<Span> = answers.clone().map(|(operation, at)| at.since(operation.called)).collect();
    latencies.sort_unstable();
    let answered_in_time = answers.filter(|(_, at)| *at <= UNTIL).count();
    let messages_milli = u64::from(sent.0) * 1_000 / u64::try_from(answered_in_time).unwrap_or(u64::MAX).max(1);
    Trial {
        at: FROM + Span::from_secs(3),
        level,
        is_sure,
        served: sides.iter().map(|clients| share(&history, clients)).collect(),
        durable,
        messages_milli: u32::try_from(messages_milli).unwrap_or(u32::MAX),
        latency: latencies.get(latencies.len() / 2).copied(),
        recording,
    }
}

/// The highest rung that holds, and whether no higher one is undecided.
fn level(judgements: &[Judgement]) -> (Level, bool) {
    let mut is_sure = true;
    for level in Level::ALL {
        let of_level = || judgements.iter().filter(|judgement| level.needs().contains(&judgement.guarantee));
        // A guarantee that makes no sense for a store is not judged, and a store without it does not stand on that rung.
        if of_level().count() < level.needs().len() || of_level().any(|judgement| judgement.verdict.is_broken()) {
            continue;
        }
        if of_level().all(|judgement| judgement.verdict == Verdict::Holds) {
            return (level, is_sure);
        }
        is_sure = false;
    }
    (Level::Nothing, is_sure)
}

fn share(history: &History, clients: &[NodeId]) -> Share {
    let mut share = Share::default();
    for client in clients {
        share.of = share.of + UNTIL.since(FROM);
        share.served = share.served + UNTIL.since(FROM);
        // A client has one operation at a time, so that these do not overlap.
        let mut operations = history.operations().iter().filter(|operation| operation.client() == *client).peekable();
        while let Some(operation) = operations.next() {
            let ended = operation.ended.as_ref();
            let is_answered = ended.is_some_and(|ended| {
                let is_ok = matches!(ended.outcome, Outcome::Ok(_));
                is_ok && ended.at <= UNTIL && ended.at.since(operation.called) <= PATIENCE
            });
            // Whoever has given up is not served before she asks again.
            let over = operations.peek().map_or(UNTIL, |next| next.called.min(UNTIL));
            let from = operation.called.max(FROM);
            let until =
                ended.filter(|ended| matches!(ended.outcome, Outcome::Ok(_))).map_or(over, |ended| ended.at.min(UNTIL));
            if !is_answered && from < until {
                share.served = share.served - until.since(from);
            }
        }
    }
    share
}
