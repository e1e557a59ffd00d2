//! A run in space and time: a row for each node, what clients asked as bars, messages as arrows. Pure; the panel draws it.

use std::collections::{BTreeMap, BTreeSet};

use kvs_core::op::Outcome;
use kvs_core::process::NodeId;
use kvs_core::server::Message;
use kvs_core::sim::{Entry, Input, What, summarize};
use kvs_core::time::Time;
use kvs_core::world::Sequence;
use kvs_core::zoo::Names;

use crate::player::{Player, is_on_a_link};
use crate::stage::kinds::look;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What clients asked and were told.
    Calls,
    /// Every node and every message.
    Messages,
}

/// The part of time that is shown, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub from: u64,
    /// How long it is; more than 0.
    pub span: u64,
}

/// The shortest part of time that can be shown.
const SPAN_MIN: u64 = 1_000;
/// The longest.
const SPAN_MAX: u64 = 3_600_000_000;

impl Window {
    /// All of a run. While it grows, the window grows now and then only: whatever is drawn has to be drawn again then.
    pub fn whole(horizon: Time) -> Self {
        const PARTS: u64 = 40;
        let span = horizon.as_us().max(1_000_000);
        // A little room at the end, so that the last thing is not cut off.
        let span = (span + span / 50).next_multiple_of(round_step(span / PARTS));
        Self { from: 0, span: span.min(SPAN_MAX) }
    }

    /// From one instant to another, with room around.
    pub fn around(first: Time, last: Time) -> Self {
        let span = (last.as_us().saturating_sub(first.as_us())).max(20_000);
        Self { from: first.as_us().saturating_sub(span / 5), span: (span + 2 * span / 5).min(SPAN_MAX) }
    }

    /// Shorter or longer by a factor of `numerator / denominator`, while the instant at `at` of 1,000 stays where it is.
    #[must_use]
    pub fn zoomed(self, numerator: u64, denominator: u64, at: u64) -> Self {
        let span = (self.span.saturating_mul(numerator) / denominator.max(1)).clamp(SPAN_MIN, SPAN_MAX);
        let pivot = self.from + self.span / 1_000 * at;
        Self { from: pivot.saturating_sub(span / 1_000 * at), span }
    }

    /// Later or earlier by so many of 1,000.
    #[must_use]
    pub fn moved(self, by: i64) -> Self {
        let step = self.span / 1_000 * by.unsigned_abs();
        let from = if by < 0 { self.from.saturating_sub(step) } else { self.from.saturating_add(step) };
        Self { from, ..self }
    }

    /// The same length, moved if an instant is not in it.
    #[must_use]
    pub fn following(self, now: Time) -> Self {
        let now = now.as_us();
        let is_in = now >= self.from && now <= self.from + self.span;
        if is_in { self } else { Self { from: now.saturating_sub(self.span / 5 * 4), ..self } }
    }

    /// The instant at a place between 0 and 1.
    pub fn time_at(self, place: f64) -> Time {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the span")]
        let offset = (place.clamp(0.0, 1.0) * self.span as f64) as u64;
        Time::from_us(self.from + offset)
    }

    /// Where an instant is: 0 at the left edge, 100 at the right one.
    pub fn percent(self, time: Time) -> f64 {
        (time.as_us() as f64 - self.from as f64) / self.span as f64 * 100.0
    }

    fn shows(self, from: Time, to: Time) -> bool {
        to.as_us() >= self.from && from.as_us() <= self.from + self.span
    }

    /// Round instants to write at the axis.
    pub fn ticks(self) -> Vec<Time> {
        const TICKS: u64 = 6;
        let step = round_step(self.span / TICKS);
        let first = self.from.div_ceil(step);
        (first..)
            .map(|place| Time::from_us(place * step))
            .take_while(|time| time.as_us() <= self.from + self.span)
            .collect()
    }
}

/// A round number that is not less: 1, 2 or 5 with zeros behind it.
fn round_step(least: u64) -> u64 {
    let mut steps = (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    steps.find(|step| *step >= least).unwrap_or(least)
}

/// A row: a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub node: NodeId,
    /// What it is called.
    pub name: String,
    /// Whether it is a client.
    pub is_client: bool,
}

/// An operation, from its call to its return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The client's row.
    pub row: usize,
    /// Its place among the calls.
    pub operation: usize,
    /// When it began.
    pub from: Time,
    /// When it ended; None if it goes on.
    pub to: Option<Time>,
    /// What was asked and what came of it.
    pub label: String,
    /// How it looks.
    pub class: &'static str,
}

/// Operations of one kind at one client, so short that they are drawn together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// The client's row.
    pub row: usize,
    /// How they look.
    pub class: &'static str,
    /// How many.
    pub count: usize,
    /// When there was one at least, from when until when.
    pub spans: Vec<(Time, Time)>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Its number.
    pub id: Sequence,
    /// The sender's row.
    pub from_row: usize,
    /// The receiver's row.
    pub to_row: usize,
    /// When it left.
    pub sent: Time,
    /// When it arrived, or was lost, or should arrive.
    pub end: Time,
    /// What became of it.
    pub fate: Fate,
    /// The class of its kind.
    pub class: &'static str,
    /// What it says.
    pub label: String,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Arrived,
    /// It was lost.
    Lost,
    /// It is on its way.
    Travelling,
}

/// A time in which a node did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The node's row.
    pub row: usize,
    /// From when on.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// Whether it was down, or else paused.
    pub is_down: bool,
}

/// A time in which a link was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The sender's row.
    pub from_row: usize,
    /// The receiver's row.
    pub to_row: usize,
    /// From when on.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// Whether the other direction was not.
    pub is_one_way: bool,
}

/// The picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// Servers, then clients; or clients only.
    pub rows: Vec<Row>,
    /// What clients asked.
    pub bars: Vec<Bar>,
    /// What clients asked, where it is too much to tell one from the other.
    pub crowds: Vec<Crowd>,
    /// Messages, the oldest first.
    pub arrows: Vec<Arrow>,
    /// How many messages of this part of time are left out.
    pub left_out: usize,
    /// When nodes were down or paused.
    pub idle: Vec<Idle>,
    /// When links were cut.
    pub cuts: Vec<Cut>,
}

/// More arrows than anybody can tell apart.
pub const ARROWS_MAX: usize = 400;
/// As many bars are drawn each by itself, however short they are.
pub const BARS_MAX: usize = 200;
/// Where there are more, one is drawn by itself if it takes at least one part of so many of the window.
const WIDE: u64 = 60;
/// In a crowd, what is nearer together than one part of so many of the window is drawn as one.
const FINE: u64 = 1_000;

impl Diagram {
    /// A part of all that was lived. The operations that somebody points at are drawn each by itself.
    pub fn new(player: &Player, mode: Mode, window: Window, pointed: &[usize]) -> Self {
        let architecture = player.architecture();
        let row = |node: NodeId, is_client| Row { node, name: player.names().name(node).into(), is_client };
        let servers = architecture.server_ids().map(|node| row(node, false));
        let clients = architecture.client_ids().map(|node| row(node, true));
        let rows: Vec<Row> = match mode {
            Mode::Calls => clients.collect(),
            Mode::Messages => servers.chain(clients).collect(),
        };
        let place: BTreeMap<NodeId, usize> = rows.iter().enumerate().map(|(place, row)| (row.node, place)).collect();
        let mut bars = bars(player, window, &place);
        let crowds = crowds(&mut bars, window, pointed);
        let mut diagram = Self { bars, crowds, rows, ..Self::default() };
        if mode == Mode::Messages {
            let mut story = Story::new(window, &place, player.names(), player.horizon());
            for entry in player.whole_trace() {
                story.tell(entry);
            }
            story.end(&mut diagram);
        }
        diagram
    }
}

fn bars(player: &Player, window: Window, place: &BTreeMap<NodeId, usize>) -> Vec<Bar> {
    let operations = player.history().operations().iter().enumerate();
    let bar = |(number, operation): (usize, &kvs_core::sim::Operation)| {
        let to = operation.ended.as_ref().map(|ended| ended.at);
        if !window.shows(operation.called, to.unwrap_or(player.horizon())) {
            return None;
        }
        let (class, label) = match operation.ended.as_ref().map(|ended| &ended.outcome) {
            None => ("open", format!("{} …", operation.op())),
            Some(outcome @ (Outcome::Maybe | Outcome::MaybeClosed | Outcome::Unavailable)) => {
                ("unknown", format!("{} → {outcome}", operation.op()))
            }
            Some(Outcome::Ok(response)) if operation.op().is_write() => (
                "write",
                match response.to_string() {
                    said if said == "ok" => operation.op().to_string(),
                    said => format!("{} → {said}", operation.op()),
                },
            ),
            Some(Outcome::Ok(response)) => ("read", format!("{} → {response}", operation.op())),
        };
        let row = *place.get(&operation.client())?;
        Some(Bar { row, operation: number, from: operation.called, to, label, class })
    };
    operations.filter_map(bar).collect()
}

/// Takes the bars away that are too many and too short.
fn crowds(bars: &mut Vec<Bar>, window: Window, pointed: &[usize]) -> Vec<Crowd> {
    if bars.len() <= BARS_MAX {
        return Vec::new();
    }
    let mut crowds: BTreeMap<(usize, &'static str), Crowd> = BTreeMap::new();
    bars.retain(|bar| {
        let Some(to) = bar.to else { return true };
        if to.since(bar.from).as_us() >= window.span / WIDE || pointed.contains(&bar.operation) {
            return true;
        }
        let (row, class) = (bar.row, bar.class);
        let crowd = crowds.entry((row, class)).or_insert_with(|| Crowd { row, class, count: 0, spans: Vec::new() });
        crowd.count += 1;
        match crowd.spans.last_mut() {
            Some((_, last)) if bar.from.since(*last).as_us() < window.span / FINE => *last = to.max(*last),
            _ => crowd.spans.push((bar.from, to)),
        }
        false
    });
    crowds.into_values().collect()
}

/// What the entries of a trace add up to.
struct Story<'a> {
    window: Window,
    place: &'a BTreeMap<NodeId, usize>,
    names: &'a Names,
    horizon: Time,
    /// Messages that are on their way.
    travelling: BTreeMap<Sequence, Arrow>,
    arrows: Vec<Arrow>,
    down: BTreeMap<NodeId, (Time, bool)>,
    idle: Vec<Idle>,
    cut_since: BTreeMap<(NodeId, NodeId), Time>,
    cuts: Vec<(NodeId, NodeId, Time, Time)>,
}

impl<'a> Story<'a> {
    fn new(window: Window, place: &'a BTreeMap<NodeId, usize>, names: &'a Names, horizon: Time) -> Self {
        Self {
            window,
            place,
            names,
            horizon,
            travelling: BTreeMap::new(),
            arrows: Vec::new(),
            down: BTreeMap::new(),
            idle: Vec::new(),
            cut_since: BTreeMap::new(),
            cuts: Vec::new(),
        }
    }

    fn tell(&mut self, entry: &Entry) {
        let now = entry.time;
        match &entry.what {
            What::Sent { id, from, to, due, message } => {
                if let Some(arrow) = self.arrow(*id, (*from, *to), (now, *due), message) {
                    self.travelling.insert(*id, arrow);
                }
            }
            What::Delivered { id, .. } => self.arrived(*id, now, Fate::Arrived),
            What::Lost { id, from, to, message, .. } => {
                // On a link that is cut a message is lost before it has left.
                if !self.travelling.contains_key(id)
                    && let Some(arrow) = self.arrow(*id, (*from, *to), (now, now), message)
                {
                    self.travelling.insert(*id, arrow);
                }
                self.arrived(*id, now, Fate::Lost);
            }
            What::Crashed { node } => {
                self.stands(*node, now);
                self.down.insert(*node, (now, true));
            }
            What::Booted { node } => self.stands(*node, now),
            What::Did(input) => self.did(input, now),
            _ => {}
        }
    }

    /// None if it is not in this part of the picture.
    fn arrow(
        &self,
        id: Sequence,
        way: (NodeId, NodeId),
        (sent, end): (Time, Time),
        message: &Message,
    ) -> Option<Arrow> {
        if !is_on_a_link(message) || sent.as_us() > self.window.from + self.window.span {
            return None;
        }
        let (from, to) = way;
        let names = format!("{} → {}", self.names.name(from), self.names.name(to));
        Some(Arrow {
            id,
            from_row: *self.place.get(&from)?,
            to_row: *self.place.get(&to)?,
            sent,
            end,
            fate: Fate::Travelling,
            class: look(message.kind()).class,
            label: format!("{} {names}: {}", message.kind(), summarize(message)),
        })
    }

    fn arrived(&mut self, id: Sequence, at: Time, fate: Fate) {
        let Some(arrow) = self.travelling.remove(&id) else { return };
        if self.window.shows(arrow.sent, at) {
            self.arrows.push(Arrow { end: at, fate, ..arrow });
        }
    }

    /// A node that did nothing does something from now on.
    fn stands(&mut self, node: NodeId, now: Time) {
        if let Some((from, is_down)) = self.down.remove(&node)
            && let Some(row) = self.place.get(&node)
        {
            self.idle.push(Idle { row: *row, from, to: now, is_down });
        }
    }

    fn did(&mut self, input: &Input, now: Time) {
        match input {
            Input::Pause(node) => {
                self.down.entry(*node).or_insert((now, false));
            }
            Input::Resume(node) if self.down.get(node).is_some_and(|(_, is_down)| !is_down) => self.stands(*node, now),
            Input::Cut(links) => {
                for way in links.directions() {
                    self.cut_since.entry(way).or_insert(now);
                }
            }
            Input::Heal(links) => {
                for way in links.directions() {
                    self.healed(way, now);
                }
            }
            Input::HealAll => {
                let ways: Vec<_> = self.cut_since.keys().copied().collect();
                for way in ways {
                    self.healed(way, now);
                }
            }
            _ => {}
        }
    }

    fn healed(&mut self, way: (NodeId, NodeId), now: Time) {
        if let Some(since) = self.cut_since.remove(&way) {
            self.cuts.push((way.0, way.1, since, now));
        }
    }

    fn end(mut self, diagram: &mut Diagram) {
        let horizon = self.horizon;
        let nodes: Vec<NodeId> = self.down.keys().copied().collect();
        for node in nodes {
            self.stands(node, horizon);
        }
        let ways: Vec<_> = self.cut_since.keys().copied().collect();
        for way in ways {
            self.healed(way, horizon);
        }
        let window = self.window;
        let travelling = self.travelling.into_values().filter(|arrow| window.shows(arrow.sent, arrow.end));
        self.arrows.extend(travelling);
        self.arrows.sort_by_key(|arrow| (arrow.sent, arrow.id));
        diagram.left_out = self.arrows.len().saturating_sub(ARROWS_MAX);
        diagram.arrows = self.arrows.split_off(diagram.left_out);
        diagram.idle = self.idle.into_iter().filter(|idle| window.shows(idle.from, idle.to)).collect();
        diagram.cuts = links(&self.cuts, self.place).into_iter().filter(|cut| window.shows(cut.from, cut.to)).collect();
    }
}

/// Two directions that were cut at the same time are one cut link.
fn links(cuts: &[(NodeId, NodeId, Time, Time)], place: &BTreeMap<NodeId, usize>) -> Vec<Cut> {
    let all: BTreeSet<_> = cuts.iter().copied().collect();
    let cut = |&(from, to, since, until): &(NodeId, NodeId, Time, Time)| {
        let is_one_way = !all.contains(&(to, from, since, until));
        if !is_one_way && from > to {
            return None;
        }
        Some(Cut { from_row: *place.get(&from)?, to_row: *place.get(&to)?, from: since, to: until, is_one_way })
    };
    cuts.iter().filter_map(cut).collect()
}
