//! A schedule drives a world, line by line.

mod outcome;
mod stand;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::parse::set_link_options;
use super::print::{self, outcome};
use super::{Expected, Line, Schedule, Statement};
use crate::process::{Mark, NodeId};
use crate::routing::view::View;
use crate::server::{Message, Node, PacketLoss};
use crate::sim::{Fate, History, Input, Links, Operation, Pattern, Recording, Refusal, Replay, Sim};
use crate::time::{Span, Time};
use crate::world::{Happening, LinkOptions, Moment, Observer, Sequence, Whereabouts, World};
use crate::zoo::{Architecture, Names};
use stand::{agrees, ended, expect, is_idle};

pub use outcome::{ExpectedVerdict, Failure, Outcome, Problem, Shown, Words};

/// How long `settle` waits.
const SETTLE_MAX: Span = Span::from_secs(120);

/// How many events a schedule may let happen: a few seconds of work. One that asks for more is a mistake, or a trap for the page.
const EVENTS_MAX: u64 = 10_000_000;

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
}

/// The messages of a pattern that a hand can move, oldest first; those that wait at a disk it cannot.
pub(super) fn movable(pattern: &Pattern, world: &World<Node>) -> impl Iterator<Item = Sequence> + use<> {
    let found = pattern.find(world).into_iter();
    found.filter(|(_, whereabouts)| *whereabouts != Whereabouts::Parked).map(|(id, _)| id)
}
