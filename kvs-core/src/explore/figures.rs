//! What became of a run, in numbers: how much was answered, how long it took, how old what was read was, and what it cost.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

use crate::check::{Budget, Judge, Judgement, Run, states};
use crate::op::{KVSOperation, Key, Outcome, Value};
use crate::process::NodeId;
use crate::server::Node;
use crate::sim::{Ended, History, Input, Operation, Recording, Replay};
use crate::time::{Span, Time};
use crate::world::{Happening, Observer};

/// Whoever waits longer counts as not served, whatever comes later.
const PATIENCE: Span = Span::from_secs(1);

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Every guarantee that makes sense for the run, with its verdict.
    pub judgements: Vec<Judgement>,
    /// How many operations were asked for, those included that still wait for their client.
    pub asked: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that have had no effect: refused, or given up before anything could come of them.
    pub failed: u64,
    /// Those of which their client does not know whether they have had an effect.
    pub unknown: u64,
    /// How long those that were answered took, since somebody asked; None if none was.
    pub latency: Option<Percentiles>,
    /// How many reads were answered.
    pub reads: u64,
    /// How many of them returned a value that an acknowledged write had replaced before the read began.
    pub stale: u64,
    /// For how long that value had been replaced, at worst.
    pub staleness: Span,
    /// How many messages were sent, whatever for.
    pub messages: u64,
    /// How long each of the points of a series stands for.
    pub every: Span,
    series: [Vec<Option<Point>>; Measure::ALL.len()],
}

/// How long something took for half of all, for 95 of 100, and for 99 of 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// Half of them took no longer.
    pub p50: Span,
    /// 95 of 100 took no longer.
    pub p95: Span,
    /// 99 of 100 took no longer.
    pub p99: Span,
}

impl Percentiles {
    fn of(mut spans: Vec<Span>) -> Option<Self> {
        spans.sort_unstable();
        let at = |percent: usize| spans.get((spans.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

/// What a series is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Of a hundred operations that were asked for then, how many were answered within a second.
    Availability,
    /// How long the one took that took longest, of those asked for then that were answered; in microseconds.
    Latency,
    /// How old what was read was, at worst, of reads that began then; in microseconds.
    Staleness,
    /// How many different states there are among servers that should have the same.
    Convergence,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Availability, Self::Latency, Self::Staleness, Self::Convergence];
}

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// How much.
    pub value: u64,
    /// When the thing happened that it is about.
    pub at: Time,
}

impl Figures {
    /// Lives a run up to an instant, and takes stock `every` so often.
    pub fn of(recording: &Recording, until: Time, every: Span) -> Self {
        let every = every.max(Span::from_ms(1));
        let mut watch = Watch::default();
        let mut replay = Replay::new(recording, &mut watch);
        let mut convergence = Vec::new();
        let mut at = Time::ZERO;
        while at < until {
            at = (at + every).min(until);
            replay.advance_to(at, recording, &mut watch);
            convergence.push(Some(Point { value: states(replay.sim().world()) as u64, at }));
        }
        let Watch { history, messages } = watch;
        let inputs = &recording.inputs()[..replay.inputs_done()];
        let events = history.events().len();
        let run = Run::new(&recording.architecture, replay.sim().world(), &history, events, inputs);
        let judgements = Judge::new(&recording.architecture).judge(&run, Budget::LIVE);
        let (asked, reads) = (asked(inputs, &history), reads(&history));
        let mut series = Measure::ALL.map(|_| vec![None; convergence.len()]);
        series[Measure::Availability as usize] = availability(&asked, every, until, convergence.len());
        for ask in &asked {
            if let (Some(took), Some(place)) = (ask.took(), place_of(ask.at, every, convergence.len())) {
                raise(&mut series[Measure::Latency as usize][place], took.as_us(), ask.at);
            }
        }
        for read in &reads {
            if let Some(place) = place_of(read.called, every, convergence.len()) {
                raise(&mut series[Measure::Staleness as usize][place], read.age.as_us(), read.ended);
            }
        }
        series[Measure::Convergence as usize] = convergence;
        let count =
            |what: fn(&Outcome) -> bool| asked.iter().filter(|ask| ask.outcome().is_some_and(what)).count() as u64;
        Self {
            judgements,
            asked: asked.len() as u64,
            answered: count(is_answer),
            failed: count(|outcome| !is_answer(outcome) && !is_unknown(outcome)),
            unknown: count(is_unknown),
            latency: Percentiles::of(asked.iter().filter_map(Ask::took).collect()),
            reads: reads.len() as u64,
            stale: reads.iter().filter(|read| read.age > Span::ZERO).count() as u64,
            staleness: reads.iter().map(|read| read.age).max().unwrap_or(Span::ZERO),
            messages,
            every,
            series,
        }
    }

    /// How a measure went: a point for each stretch of [`every`](Self::every), from the beginning; None where there was nothing to measure.
    pub fn series(&self, measure: Measure) -> &[Option<Point>] {
        &self.series[measure as usize]
    }

    /// Those that were still waited for in the end.
    pub fn open(&self) -> u64 {
        self.asked - self.answered - self.failed - self.unknown
    }

    /// Messages for each operation that was asked for, in tenths; None if there was none.
    pub fn tenths_of_messages_an_operation(&self) -> Option<u64> {
        (self.messages * 10).checked_div(self.asked)
    }
}

/// What there is to watch.
#[derive(Default)]
struct Watch {
    history: History,
    messages: u64,
}

impl Observer<Node> for Watch {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        self.messages += u64::from(matches!(happening, Happening::Sent { .. }));
        self.history.saw(now, happening);
    }
}

/// An operation, from when somebody asked for it: its client may have been busy with another one then.
struct Ask<'a> {
    at: Time,
    ended: Option<&'a Ended>,
}

impl Ask<'_> {
    fn outcome(&self) -> Option<&Outcome> {
        self.ended.map(|ended| &ended.outcome)
    }

    /// How long it took, if it was answered.
    fn took(&self) -> Option<Span> {
        self.ended.filter(|ended| is_answer(&ended.outcome)).map(|ended| ended.at.since(self.at))
    }
}

fn is_answer(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ok(response) if response.refusal().is_none())
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Maybe | Outcome::MaybeClosed)
}

/// What was asked for. Clients do what they are told one after the other; what they invent by themselves begins at once.
fn asked<'a>(inputs: &[(crate::world::Moment, Input)], history: &'a History) -> Vec<Ask<'a>> {
    let mut told: BTreeMap<NodeId, VecDeque<(Time, &KVSOperation)>> = BTreeMap::new();
    for (at, input) in inputs {
        if let Input::Call { client, call } = input {
            told.entry(*client).or_default().push_back((at.time, &call.op));
        }
    }
    let mut asked = Vec::with_capacity(history.operations().len());
    for operation in history.operations() {
        let told = told.entry(operation.client()).or_default();
        // It may have become a conditional put on the way.
        let is_it = |op: &KVSOperation| {
            op == operation.op() || (op.is_write() && !op.puts().is_empty() && op.puts() == operation.op().puts())
        };
        let is_told = told.front().is_some_and(|(at, op)| *at <= operation.called && is_it(op));
        let at = if is_told { told.pop_front().map(|(at, _)| at) } else { None };
        asked.push(Ask { at: at.unwrap_or(operation.called), ended: operation.ended.as_ref() });
    }
    let waiting = told.into_values().flatten().map(|(at, _)| Ask { at, ended: None });
    asked.extend(waiting);
    asked
}

/// Of a hundred asks of each stretch, how many were answered in time; those whose time has not run out do not count.
fn availability(asked: &[Ask<'_>], every: Span, until: Time, length: usize) -> Vec<Option<Point>> {
    #[derive(Clone, Default)]
    struct Tally {
        all: u64,
        served: u64,
        /// When the first one was asked for that was not served.
        missed: Option<Time>,
        first: Option<Time>,
    }
    let mut tallies = vec![Tally::default(); length];
    for ask in asked {
        let Some(place) = place_of(ask.at, every, length) else { continue };
        let is_served = ask.took().is_some_and(|took| took <= PATIENCE);
        let is_early = ask.ended.is_none() && until.since(ask.at) <= PATIENCE;
        if is_early {
            continue;
        }
        let tally = &mut tallies[place];
        tally.all += 1;
        tally.served += u64::from(is_served);
        tally.first = tally.first.into_iter().chain([ask.at]).min();
        if !is_served {
            tally.missed = tally.missed.into_iter().chain([ask.at]).min();
        }
    }
    let point = |tally: Tally| {
        let value = (tally.served * 100).checked_div(tally.all)?;
        Some(Point { value, at: tally.missed.or(tally.first)? })
    };
    tallies.into_iter().map(point).collect()
}

/// The stretch that an instant belongs to.
fn place_of(at: Time, every: Span, length: usize) -> Option<usize> {
    let place = usize::try_from(at.as_us() / every.as_us().max(1)).ok()?;
    (place < length).then_some(place)
}

fn raise(point: &mut Option<Point>, value: u64, at: Time) {
    if point.is_none_or(|point| point.value < value) {
        *point = Some(Point { value, at });
    }
}

/// A read that was answered.
struct Read {
    called: Time,
    ended: Time,
    /// For how long what it returned had been replaced when it began.
    age: Span,
}

/// A write of one key.
struct Write<'a> {
    /// None if it deletes.
    value: Option<&'a Value>,
    called: Time,
    /// When it was over; None if nobody knows, and whatever its outcome, it is over then.
    ended: Option<Time>,
    is_acknowledged: bool,
}

fn reads(history: &History) -> Vec<Read> {
    let mut writes: BTreeMap<&Key, Vec<Write<'_>>> = BTreeMap::new();
    for operation in history.operations() {
        let (key, value) = match operation.op() {
            KVSOperation::Put(key, value)
            | KVSOperation::PutIf(key, value, _)
            | KVSOperation::PutFor(key, value, _) => (key, Some(value)),
            KVSOperation::Delete(key) => (key, None),
            _ => continue,
        };
        let ended = operation.ended.as_ref();
        let is_acknowledged = ended.is_some_and(|ended| is_answer(&ended.outcome));
        let ended = ended.filter(|ended| ended.outcome != Outcome::Maybe).map(|ended| ended.at);
        writes.entry(key).or_default().push(Write { value, called: operation.called, ended, is_acknowledged });
    }
    let read = |operation: &Operation| {
        let KVSOperation::Get(key) = operation.op() else { return None };
        let ended = operation.ended.as_ref()?;
        let Outcome::Ok(response) = &ended.outcome else { return None };
        let values = response.values()?;
        let writes = writes.get(key).map(Vec::as_slice).unwrap_or_default();
        Some(Read { called: operation.called, ended: ended.at, age: age(values, writes, operation.called) })
    };
    history.operations().iter().filter_map(read).collect()
}

/// For how long what was read had been replaced when the read began: since the first acknowledged write ended that began after the
/// write of what was read was over. Of several values, and of several writes of one, the newest counts.
fn age(values: &[Value], writes: &[Write<'_>], now: Time) -> Span {
    let replaced_for = |over: Option<Time>| {
        let Some(over) = over else { return Span::ZERO };
        let later = writes.iter().filter(|write| write.is_acknowledged && write.called >= over);
        later.filter_map(|write| write.ended).min().map_or(Span::ZERO, |ended| now.since(ended))
    };
    let wrote = |write: &&Write<'_>| match write.value {
        Some(value) => values.contains(value),
        None => values.is_empty(),
    };
    let of_writes = writes.iter().filter(wrote).map(|write| replaced_for(write.ended));
    let of_the_beginning = values.is_empty().then(|| replaced_for(Some(Time::ZERO)));
    of_writes.chain(of_the_beginning).min().unwrap_or(Span::ZERO)
}
