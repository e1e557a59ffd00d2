//! A schedule drives a world, line by line.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::parse::set_link_options;
use super::print::{self, outcome, several};
use super::{Expected, Front, Line, Schedule, Statement};
use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome as OpOutcome, Value};
use crate::process::{Mark, NodeId};
use crate::routing::view::{ShardName, View};
use crate::server::{Message, Node, PacketLoss};
use crate::sim::{Fate, History, Input, Links, Operation, Pattern, Recording, Refusal, Replay, Sim};
use crate::storage::Storage;
use crate::time::{Span, Time};
use crate::world::{Happening, LinkOptions, Moment, Observer, Sequence, Whereabouts, World};
use crate::zoo::{Architecture, Guarantee, Names, OptionError};

/// How long `settle` waits.
const SETTLE_MAX: Span = Span::from_secs(120);

/// How many events a schedule may let happen: a few seconds of work. One that asks for more is a mistake, or a trap for the page.
const EVENTS_MAX: u64 = 10_000_000;

/// What came of a schedule.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run, as far as it went.
    pub recording: Recording,
    /// Its last instant.
    pub end: Time,
    /// What all clients were told.
    pub history: History,
    /// The verdicts that it expects. Who runs it does not judge: [`check::play`](crate::check::play) does.
    pub verdicts: Vec<ExpectedVerdict>,
    /// What readers are told and asked, and when.
    pub words: Vec<(Time, Words)>,
    /// The line that failed, if one did; the run ends there.
    pub failure: Option<Failure>,
}

/// Words for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// What happens.
    Caption(String),
    /// What will happen?
    Question {
        /// The question.
        question: String,
        /// Its answers, the right one first.
        answers: Vec<String>,
        /// What shows in the run which is right.
        shown: Option<Shown>,
    },
}

/// An expectation that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When.
    pub at: Time,
    /// The line that says so.
    pub line: String,
}

/// A verdict that is expected at some point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedVerdict {
    /// The line that says so.
    pub line: u32,
    /// How many events and inputs there have been by then.
    pub progress: u64,
    /// What is judged.
    pub guarantee: Guarantee,
    /// Whether it holds, or else is broken.
    pub holds: bool,
}

/// A line failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Failure {
    /// Where it stands in the text, from 1.
    pub line: u32,
    /// What went wrong.
    pub problem: Problem,
}

/// Why a line failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The world refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Options contradict each other.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// Something else was found.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was to be.
        expected: String,
        /// What was.
        found: String,
    },
    /// There is no such message.
    #[error("no such message is on its way; {on_their_way}")]
    NoSuchMessage {
        /// What is on its way.
        on_their_way: String,
    },
    /// A question whose answer nothing shows.
    #[error("nothing after this question shows which answer is right: expect something before the next one")]
    NothingShown,
    /// That moment is over.
    #[error("that moment is past: it is {0} already")]
    Past(Time),
    /// There is no event to come.
    #[error("nothing is to come any more")]
    NothingToCome,
    /// It takes too long.
    #[error("the stores do not agree within {0}")]
    DoesNotSettle(Span),
    /// Clients are busy all the time.
    #[error("some operation is under way all the time, for {0}")]
    NeverIdle(Span),
    /// An operation does not end.
    #[error("the operation does not end within {0}")]
    DoesNotEnd(Span),
    /// It is too much.
    #[error("by {0}, {EVENTS_MAX} events have happened: a schedule may not ask for more")]
    TooManyEvents(Time),
}

/// What the runner remembers of what happened.
#[derive(Default)]
struct Story {
    history: History,
    marks: BTreeSet<(NodeId, Mark)>,
    /// What each client was told of changes.
    notices: BTreeMap<NodeId, Vec<String>>,
    /// The place in the history of the operation that each client has begun last.
    last: BTreeMap<NodeId, usize>,
}

impl Story {
    fn last_of(&self, client: NodeId) -> Option<&Operation> {
        self.history.operations().get(*self.last.get(&client)?)
    }
}

impl Observer<Node> for Story {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        self.history.saw(now, happening);
        match happening {
            Happening::Marked { node, mark, .. } => {
                self.marks.insert((node, mark));
            }
            Happening::Told { node, message: Message::Noticed(noticed) } => {
                self.notices.entry(node).or_default().push(noticed.notice.to_string());
            }
            Happening::Told { node, message: Message::Called(_) } => {
                self.last.insert(node, self.history.operations().len().saturating_sub(1));
            }
            _ => {}
        }
    }
}

/// A schedule while it runs.
pub struct Runner<'a> {
    schedule: &'a Schedule,
    names: Names,
    recording: Recording,
    replay: Replay,
    story: Story,
    next: usize,
    /// What links have that nobody gave options of their own.
    links_everywhere: Architecture,
    verdicts: Vec<ExpectedVerdict>,
    words: Vec<(Time, Words)>,
    /// The question that nothing has answered yet: its place among the words, and its line.
    open: Option<(usize, u32)>,
    failure: Option<Failure>,
}

impl<'a> Runner<'a> {
    /// The world of a schedule, in which nothing has happened yet.
    pub fn new(schedule: &'a Schedule, observer: &mut impl Observer<Node>) -> Self {
        let recording = Recording::new(schedule.architecture.clone(), schedule.seed);
        let mut story = Story::default();
        let replay = Replay::new(&recording, &mut (&mut *observer, &mut story));
        Self {
            schedule,
            names: schedule.names(),
            recording,
            replay,
            story,
            next: 0,
            links_everywhere: schedule.architecture.clone(),
            verdicts: Vec::new(),
            words: Vec::new(),
            open: None,
            failure: None,
        }
    }

    /// The line that comes next.
    pub fn line(&self) -> Option<&'a Line> {
        self.schedule.lines.get(self.next).filter(|_| self.failure.is_none())
    }

    /// The world now.
    pub fn sim(&self) -> &Sim {
        self.replay.sim()
    }

    /// Lets the next line happen. False if there is none, or one has failed.
    pub fn next_line(&mut self, observer: &mut impl Observer<Node>) -> bool {
        let Some(line) = self.line() else { return false };
        self.next += 1;
        match self.obey(&line.statement, observer) {
            Ok(()) => {
                self.show(&line.statement);
                self.failure.is_none()
            }
            Err(problem) => {
                self.failure = Some(Failure { line: line.number, problem });
                false
            }
        }
    }

    /// What is expected and found answers the question before it.
    fn show(&mut self, statement: &Statement) {
        if statement.expects()
            && let Some((place, _)) = self.open.take()
            && let Some((_, Words::Question { shown, .. })) = self.words.get_mut(place)
        {
            let at = self.replay.moment().time;
            *shown = Some(Shown { at, line: print::line(statement, &self.names) });
        }
    }

    fn close_question(&mut self) {
        if let Some((_, line)) = self.open.take() {
            self.failure.get_or_insert(Failure { line, problem: Problem::NothingShown });
        }
    }

    /// What came of it.
    pub fn finish(mut self) -> Outcome {
        self.close_question();
        Outcome {
            end: self.replay.moment().time,
            recording: self.recording,
            history: self.story.history,
            verdicts: self.verdicts,
            words: self.words,
            failure: self.failure,
        }
    }

    fn world(&self) -> &World<Node> {
        self.replay.sim().world()
    }

    fn act(&mut self, input: Input, observer: &mut impl Observer<Node>) -> Result<(), Problem> {
        self.replay.act(&mut self.recording, input, &mut (observer, &mut self.story))?;
        Ok(())
    }

    fn step(&mut self, observer: &mut impl Observer<Node>) -> Result<(), Problem> {
        if self.world().events() >= EVENTS_MAX {
            return Err(Problem::TooManyEvents(self.world().now()));
        }
        let has_happened = self.replay.step(&self.recording, &mut (observer, &mut self.story));
        if has_happened { Ok(()) } else { Err(Problem::NothingToCome) }
    }

    /// Lets time pass until something is found; None if it never is, or not by `until`.
    fn step_until<T>(
        &mut self,
        until: Time,
        observer: &mut impl Observer<Node>,
        find: impl Fn(&Self) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        loop {
            if let Some(found) = find(self) {
                return Ok(Some(found));
            }
            if self.world().now() > until {
                return Ok(None);
            }
            match self.step(observer) {
                Err(Problem::NothingToCome) => return Ok(None),
                stepped => stepped?,
            }
        }
    }

    fn obey(&mut self, statement: &Statement, observer: &mut impl Observer<Node>) -> Result<(), Problem> {
        let input = match statement.clone() {
            Statement::Call { client, call, expect: None } => Input::Call { client, call },
            Statement::Call { client, call, expect: Some(expected) } => {
                return self.call_and_wait(client, Input::Call { client, call }, &expected, observer);
            }
            Statement::Traffic(traffic) => Input::Traffic(traffic),
            Statement::Fill(keys) => Input::Fill(keys),
            Statement::Watch { client, watch } => Input::Watch { client, watch },
            Statement::View { epoch, shards, to } => {
                let newest = self.sim().view_to_follow()?;
                let epoch = epoch.unwrap_or(newest.epoch + 1);
                Input::View { view: View { epoch, shards: shards.into() }, to }
            }
            Statement::Join(nodes) => self.sim().change_of_members(&nodes, true)?,
            Statement::Leave(nodes) => self.sim().change_of_members(&nodes, false)?,
            Statement::Lost(shard) => Input::Lost(shard),
            Statement::Cut(links) => Input::Cut(links),
            Statement::Heal(links) => Input::Heal(links),
            Statement::HealAll => Input::HealAll,
            Statement::Crash(node) => Input::Crash(node),
            Statement::Restart(node) => Input::Restart(node),
            Statement::Wipe(node) => Input::Wipe(node),
            Statement::Pause(node) => Input::Pause(node),
            Statement::Resume(node) => Input::Resume(node),
            Statement::Clock { node, offset_us } => Input::Clock { node, offset_us },
            Statement::Fire { timer, node } => Input::Fire { node, timer },
            Statement::Links { links: None, changes } => {
                set_link_options(&mut self.links_everywhere, &changes)?;
                Input::LinksEverywhere(self.links_everywhere.links)
            }
            Statement::Links { links: Some(links), changes } => return self.change_links(links, &changes, observer),
            Statement::PacketLoss { requests, replies } => {
                let now = self.sim().packet_loss().ok_or(Refusal::NoPacketLoss)?;
                let (requests, replies) = (requests.unwrap_or(now.requests), replies.unwrap_or(now.replies));
                Input::PacketLoss(PacketLoss { requests, replies })
            }
            Statement::DropNext(pattern) => Input::DropNext(pattern),
            Statement::Message { fate, pattern, place } => self.message(fate, pattern, place)?,
            Statement::Run(span) => return self.pass(self.world().now() + span, None, observer),
            Statement::At { time, events } => return self.pass(time, events, observer),
            Statement::Step(events) => {
                return (0..events).try_for_each(|_| self.step(observer));
            }
            Statement::Settle => return self.settle(observer),
            Statement::Say(words) => {
                self.words.push((self.world().now(), Words::Caption(words)));
                return Ok(());
            }
            Statement::Ask { question, answers } => {
                self.close_question();
                self.open = Some((self.words.len(), self.schedule.lines[self.next - 1].number));
                self.words.push((self.world().now(), Words::Question { question, answers, shown: None }));
                return Ok(());
            }
            Statement::ExpectHeld { node, key, values } => return self.expect_held(node, &key, &values),
            Statement::ExpectAgree(agree) => {
                let found = agrees(self.world());
                let words = |agree: bool| if agree { "that all stores agree" } else { "that they disagree" };
                return expect(agree == found, || (words(agree).into(), words(found).into()));
            }
            Statement::ExpectUp { node, up } => {
                let words = |up: bool| format!("{} {}", self.names.name(node), if up { "up" } else { "down" });
                return expect(self.world().is_up(node) == up, || (words(up), words(!up)));
            }
            Statement::ExpectLast { client, expected } => {
                let found = self.story.last_of(client).map(ended);
                let found = found.map_or_else(|| "no operation".into(), |found| outcome(&found));
                let is_met = self.story.last_of(client).is_some_and(|last| expected.is_met_by(&ended(last)));
                return expect(is_met, || (outcome(&expected), found));
            }
            Statement::ExpectMark { mark, node } => return self.expect_mark(&mark, node),
            Statement::ExpectHeard { client, notices } => return self.expect_heard(client, &notices),
            Statement::ExpectVerdict { guarantee, holds } => {
                let line = self.schedule.lines[self.next - 1].number;
                let progress = self.replay.progress();
                self.verdicts.push(ExpectedVerdict { line, progress, guarantee, holds });
                return Ok(());
            }
        };
        self.act(input, observer)
    }

    fn pass(&mut self, time: Time, events: Option<u32>, observer: &mut impl Observer<Node>) -> Result<(), Problem> {
        let until = Moment { time, events: events.unwrap_or(u32::MAX) };
        if until < self.replay.moment() {
            return Err(Problem::Past(self.world().now()));
        }
        while self.replay.next_moment(&self.recording).is_some_and(|next| next <= until) {
            self.step(observer)?;
        }
        self.replay.advance_to_moment(until, &self.recording, &mut (observer, &mut self.story));
        Ok(())
    }

    /// Changes some options of some links. What else they have they keep; so links that differed go on to differ.
    fn change_links(
        &mut self,
        links: Links,
        changes: &[(String, String)],
        observer: &mut impl Observer<Node>,
    ) -> Result<(), Problem> {
        let change = |options: LinkOptions| {
            let mut architecture = Architecture { links: options, ..self.links_everywhere.clone() };
            set_link_options(&mut architecture, changes).map(|()| architecture.links)
        };
        let mut changed = Vec::new();
        for (from, to) in links.directions() {
            changed.push((from, to, change(*self.world().link_options(from, to))?));
        }
        let options = changed.first().map_or_else(|| change(self.links_everywhere.links), |first| Ok(first.2))?;
        if changed.iter().all(|(_, _, other)| *other == options) {
            return self.act(Input::LinksBetween(links, options), observer);
        }
        changed.into_iter().try_for_each(|(from, to, options)| {
            self.act(Input::LinksBetween(Links::OneWay { from: vec![from], to: vec![to] }, options), observer)
        })
    }

    /// Begins an operation and lets time pass until that very one has ended.
    fn call_and_wait(
        &mut self,
        client: NodeId,
        input: Input,
        expected: &Expected,
        observer: &mut impl Observer<Node>,
    ) -> Result<(), Problem> {
        // The one after all that wait already is this one.
        let waiting = self.world().node(client).as_client().map_or(0, crate::server::Client::waiting);
        let before = self.story.history.operations().len();
        self.act(input, observer)?;
        if *expected == Expected::Pending {
            return Ok(());
        }
        let options = &self.schedule.architecture.client;
        let patience =
            options.retry_after.saturating_mul(u64::from(options.retries) + 1).saturating_mul(waiting as u64 + 2);
        let found = self.step_until(self.world().now() + patience, observer, |runner| {
            let new = runner.story.history.operations().iter().skip(before);
            let found = new.filter(|operation| operation.client() == client).nth(waiting).map(ended);
            found.filter(|found| *found != Expected::Pending)
        })?;
        let found = found.ok_or(Problem::DoesNotEnd(patience))?;
        expect(expected.is_met_by(&found), || (outcome(expected), outcome(&found)))
    }

    fn message(&self, fate: Fate, pattern: Pattern, place: Option<u32>) -> Result<Input, Problem> {
        match (fate, place) {
            (Fate::Hold, None) => return Ok(Input::Hold(pattern)),
            (Fate::Release, None) => return Ok(Input::Release(pattern)),
            _ => {}
        }
        let place = place.map_or(0, |place| place as usize - 1);
        match (movable(&pattern, self.world()).nth(place), fate) {
            (Some(id), _) => Ok(Input::Message { id, fate }),
            (None, Fate::Drop) if place == 0 => Ok(Input::DropNext(pattern)),
            (None, _) => Err(Problem::NoSuchMessage { on_their_way: self.on_their_way() }),
        }
    }

    fn on_their_way(&self) -> String {
        const SHOWN_MAX: usize = 8;
        let letters = self.world().letters();
        let mut shown: Vec<String> = Vec::new();
        for (_, whereabouts, letter) in letters.iter().take(SHOWN_MAX) {
            let (from, to) = (self.names.name(letter.from), self.names.name(letter.to));
            let where_it_is = match whereabouts {
                Whereabouts::Travelling(_) => "",
                Whereabouts::Held => " (held)",
                Whereabouts::Parked => " (waits for its sender's disk)",
            };
            shown.push(format!("{} {from}->{to}{where_it_is}", letter.message.kind()));
        }
        match letters.len() {
            0 => "nothing is".into(),
            all if all > SHOWN_MAX => format!("what is: {} and {} more", shown.join(", "), all - SHOWN_MAX),
            _ => format!("what is: {}", shown.join(", ")),
        }
    }

    fn settle(&mut self, observer: &mut impl Observer<Node>) -> Result<(), Problem> {
        let settled = self.step_until(self.world().now() + SETTLE_MAX, observer, |runner| {
            (is_idle(runner.world()) && agrees(runner.world())).then_some(())
        })?;
        settled.ok_or_else(|| match agrees(self.world()) {
            true => Problem::NeverIdle(SETTLE_MAX),
            false => Problem::DoesNotSettle(SETTLE_MAX),
        })
    }

    fn expect_held(&self, node: NodeId, key: &Key, values: &[Value]) -> Result<(), Problem> {
        let found = match self
            .world()
            .node(node)
            .as_server()
            .filter(|_| self.world().is_up(node))
            .map(|server| server.read(key))
        {
            Some(answer) => several(answer.values().unwrap_or_default()),
            None => "a server that is down".into(),
        };
        let expected = several(values);
        expect(expected == found, || (expected, found))
    }

    /// The last notices, as many as are expected; none if there are to be none.
    fn expect_heard(&self, client: NodeId, expected: &[String]) -> Result<(), Problem> {
        let all = self.story.notices.get(&client).map_or(&[][..], Vec::as_slice);
        let last = if expected.is_empty() { all } else { &all[all.len().saturating_sub(expected.len())..] };
        let words = |notices: &[String]| if notices.is_empty() { "nothing".into() } else { notices.join(" | ") };
        expect(expected == last, || (words(expected), words(last)))
    }

    fn expect_mark(&self, mark: &str, node: NodeId) -> Result<(), Problem> {
        let left: Vec<&str> = self.story.marks.iter().filter(|(at, _)| *at == node).map(|(_, mark)| mark.0).collect();
        let found = if left.is_empty() { "none".into() } else { left.join("; ") };
        expect(left.contains(&mark), || (format!("the mark \"{mark}\" at {}", self.names.name(node)), found))
    }
}

fn expect(holds: bool, words: impl FnOnce() -> (String, String)) -> Result<(), Problem> {
    if holds {
        return Ok(());
    }
    let (expected, found) = words();
    Err(Problem::Expected { expected, found })
}

/// How an operation stands, in the words of expectations.
fn ended(operation: &Operation) -> Expected {
    match operation.ended.as_ref().map(|ended| &ended.outcome) {
        None => Expected::Pending,
        Some(OpOutcome::Maybe) => Expected::Unknown,
        Some(OpOutcome::MaybeClosed) => Expected::UnknownClosed,
        Some(OpOutcome::Ok(KVSResponse::PutAt(version))) => Expected::OkAt(*version),
        Some(OpOutcome::Ok(KVSResponse::GetAt(versioned))) => Expected::ValueAt(versioned.clone()),
        Some(OpOutcome::Ok(KVSResponse::Refused(KVStoreError::VersionMismatch { actual, .. }))) => {
            Expected::RefusedAt(*actual)
        }
        Some(OpOutcome::Ok(KVSResponse::GetResult { values, .. })) => Expected::Values(values.clone()),
        Some(OpOutcome::Unavailable) => Expected::Unavailable,
        Some(OpOutcome::Ok(KVSResponse::PutOk | KVSResponse::DeleteOk | KVSResponse::Cleared)) => Expected::Ok,
        Some(OpOutcome::Ok(result)) if result.refusal().is_some() => Expected::Refused,
        Some(OpOutcome::Ok(KVSResponse::Exists(is_there))) => Expected::Values(answer(*is_there)),
        Some(OpOutcome::Ok(KVSResponse::Size(size))) => Expected::Values(number(*size)),
        Some(OpOutcome::Ok(KVSResponse::Keys(keys))) => Expected::Values(names(keys)),
        Some(OpOutcome::Ok(KVSResponse::Batch(results))) => {
            let commands = match operation.op() {
                KVSOperation::Batch(commands) => &commands[..],
                _ => &[],
            };
            let found: Vec<Vec<Value>> = commands.iter().zip(results.iter()).filter_map(found).collect();
            if found.is_empty() { Expected::Ok } else { Expected::Batch(found) }
        }
        Some(OpOutcome::Ok(KVSResponse::Refused(_))) => Expected::Refused,
        Some(OpOutcome::Ok(result @ (KVSResponse::Items(_) | KVSResponse::All { .. }))) => {
            Expected::Items(result.items().iter().map(|item| (item.key.clone(), item.values.clone())).collect())
        }
    }
}

fn answer(is_there: bool) -> Vec<Value> {
    Value::new(if is_there { "yes" } else { "no" }).into_iter().collect()
}

fn number(number: u64) -> Vec<Value> {
    Value::new(&format!("{number}")).into_iter().collect()
}

fn names(keys: &[Key]) -> Vec<Value> {
    keys.iter().filter_map(|key| Value::new(key.as_str()).ok()).collect()
}

/// What a command of a batch has found; None if it was not there to find anything.
fn found((command, result): (&KVOperation, &KVResult)) -> Option<Vec<Value>> {
    match result {
        KVResult::Success(KVData::Done) | KVResult::Error(_) => None,
        _ if command.is_write() => None,
        KVResult::Success(KVData::Value(value)) => Some([value.clone()].into()),
        KVResult::Success(KVData::Answer(is_there)) => Some(answer(*is_there)),
        KVResult::Success(KVData::Keys(keys)) => Some(names(keys)),
        KVResult::Success(KVData::Count(count)) => Some(number(*count)),
        KVResult::NotFound => Some(Vec::new()),
    }
}

/// The messages of a pattern that a hand can move, oldest first; those that wait at a disk it cannot.
fn movable(pattern: &Pattern, world: &World<Node>) -> impl Iterator<Item = Sequence> + use<> {
    let found = pattern.find(world).into_iter();
    found.filter(|(_, whereabouts)| *whereabouts != Whereabouts::Parked).map(|(id, _)| id)
}

fn is_idle(world: &World<Node>) -> bool {
    world
        .node_ids()
        .filter_map(|node| world.node(node).as_client())
        .all(|client| client.pending().is_none() && client.waiting() == 0)
}

/// Whether all servers that are up and keep one shard hold the same, and nothing is being handed over.
fn agrees(world: &World<Node>) -> bool {
    let up = world.node_ids().filter(|node| world.is_up(*node));
    let servers = up.filter_map(|node| Some((node, world.node(node).as_server()?)));
    let mut first_of: BTreeMap<Option<ShardName>, &Storage> = BTreeMap::new();
    let mut epochs = BTreeSet::new();
    for (node, server) in servers {
        let sharding = server.sharding();
        if sharding.is_some_and(|sharding| !sharding.is_settled()) {
            return false;
        }
        epochs.extend(sharding.map(|sharding| sharding.map().view().epoch));
        let shard = sharding.and_then(|sharding| sharding.map().view().shard_of(node));
        if sharding.is_some() && shard.is_none() {
            continue;
        }
        if let Some(part) = server.replication().primary_backup() {
            // Who is in no view stands by with what it has; in one that is not in place, the state is on its way.
            if !part.leads() && !part.follows() {
                continue;
            }
            if part.leads() && !part.is_in_place() {
                return false;
            }
            epochs.insert(part.view().number);
        }
        let first = first_of.entry(shard.map(|shard| shard.name.clone())).or_insert(server.storage());
        let is_same = match (&**first, server.storage()) {
            (Storage::Core(first), Storage::Core(store)) => first == store,
            (Storage::Lattice(first), Storage::Lattice(store)) => first.iter().eq(store.iter()),
            (Storage::Smr(first), Storage::Smr(store)) => first.state() == store.state(),
            (Storage::Versioned(first), Storage::Versioned(store)) => first.iter().eq(store.iter()),
            _ => false,
        };
        if !is_same {
            return false;
        }
    }
    epochs.len() <= 1
}

/// The schedule whose run is exactly this recording; before each input stands what `caption` makes of it and of the world then.
pub(super) fn from_recording(
    recording: &Recording,
    caption: impl Fn(&Input, &World<Node>) -> Option<Statement>,
) -> Schedule {
    let mut replay = Replay::new(recording, &mut ());
    let mut statements = Vec::new();
    for (moment, input) in recording.inputs() {
        statements.extend(passage(&replay, *moment));
        // All that comes before the input, but not the input itself.
        while replay.next_input(recording).is_none() && replay.step(recording, &mut ()) {}
        let world = replay.sim().world();
        if let Some(statement) = statement(input, world) {
            statements.extend(caption(input, world).into_iter().chain([statement]));
        }
        replay.step(recording, &mut ());
    }
    let lines = (3..).zip(statements).map(|(number, statement)| Line { number, statement });
    Schedule {
        front: Front::default(),
        architecture: recording.architecture.clone(),
        seed: recording.seed,
        lines: lines.collect(),
    }
}

/// How the text gets from where a run stands to the moment of its next input.
fn passage(replay: &Replay, moment: Moment) -> Option<Statement> {
    if replay.moment() == moment {
        return None;
    }
    // Where the world stands if the whole instant passes.
    let mut whole = replay.sim().clone();
    whole.advance_to(moment.time, &mut ());
    Some(if whole.world().moment() == moment {
        Statement::At { time: moment.time, events: None }
    } else {
        super::at(moment)
    })
}

/// An input as a statement; None for one that does nothing because what it names is not there.
fn statement(input: &Input, world: &World<Node>) -> Option<Statement> {
    Some(match input.clone() {
        Input::Call { client, call } => Statement::Call { client, call, expect: None },
        Input::Traffic(traffic) => Statement::Traffic(traffic),
        Input::Fill(keys) => Statement::Fill(keys),
        Input::Watch { client, watch } => Statement::Watch { client, watch },
        Input::View { view, to } => Statement::View { epoch: Some(view.epoch), shards: view.shards.to_vec(), to },
        Input::Lost(shard) => Statement::Lost(shard),
        Input::Cut(links) => Statement::Cut(links),
        Input::Heal(links) => Statement::Heal(links),
        Input::HealAll => Statement::HealAll,
        Input::Crash(node) => Statement::Crash(node),
        Input::Restart(node) => Statement::Restart(node),
        Input::Wipe(node) => Statement::Wipe(node),
        Input::Pause(node) => Statement::Pause(node),
        Input::Resume(node) => Statement::Resume(node),
        Input::Clock { node, offset_us } => Statement::Clock { node, offset_us },
        Input::Fire { node, timer } => Statement::Fire { timer, node },
        Input::Hold(pattern) => Statement::Message { fate: Fate::Hold, pattern, place: None },
        Input::Release(pattern) => Statement::Message { fate: Fate::Release, pattern, place: None },
        Input::DropNext(pattern) => Statement::DropNext(pattern),
        Input::Message { id, fate } => {
            let letters = world.letters();
            let (_, _, letter) = letters.iter().find(|(each, _, _)| *each == id)?;
            let kind = Message::KINDS.iter().position(|kind| *kind == letter.message.kind());
            let kind = kind.and_then(|kind| u8::try_from(kind).ok());
            let pattern = Pattern { kind, from: Some(letter.from), to: Some(letter.to) };
            let place = movable(&pattern, world).position(|each| each == id)?;
            Statement::Message { fate, pattern, place: u32::try_from(place + 1).ok() }
        }
        Input::PacketLoss(PacketLoss { requests, replies }) => {
            Statement::PacketLoss { requests: Some(requests), replies: Some(replies) }
        }
        Input::LinksEverywhere(options) => Statement::Links { links: None, changes: link_changes(&options) },
        Input::LinksBetween(links, options) => Statement::Links { links: Some(links), changes: link_changes(&options) },
    })
}

/// Link options as the options that set them.
fn link_changes(options: &LinkOptions) -> Vec<(String, String)> {
    let percent = |probability| crate::zoo::OptionValue::Percent(probability).to_string();
    let switch = crate::zoo::OptionValue::Switch(options.fifo).to_string();
    let changes = vec![
        ("latency-min", options.latency_min.to_string()),
        ("latency-max", options.latency_max.to_string()),
        ("loss", percent(options.loss)),
        ("duplication", percent(options.duplication)),
        ("fifo", switch),
    ];
    changes.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
