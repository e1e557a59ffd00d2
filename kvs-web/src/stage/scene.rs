//! A world at an instant, as a picture.

use std::collections::BTreeMap;

use kvs_core::op::{KVSResponse, Outcome, Value};
use kvs_core::process::NodeId;
use kvs_core::replication::Replication;
use kvs_core::server::{Client, Node, Server};
use kvs_core::sim::{Entry, What, summarize};
use kvs_core::storage::Storage;
use kvs_core::time::{Span, Time};
use kvs_core::world::{Letter, Sequence, Whereabouts, World};

use super::kinds::look;
use super::layout::{Detail, Layout, Point};
use super::markup::{Element, element, number};
use crate::player::Player;
use crate::store::Selection;

/// With more messages than this on their way, only the newest are drawn.
pub const MESSAGES_MAX: usize = 200;
/// With more than this, messages show their letter only.
const LABELS_MAX: usize = 9;
/// How long a lost message can be seen dying.
const FLASH: Span = Span::from_ms(25);

/// What the picture depends on besides the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// What is picked.
    pub selection: Selection,
    /// Nothing may fly: messages stand still halfway.
    pub still: bool,
}

/// The picture of the player's present.
pub fn scene(player: &Player, layout: &Layout, view: View) -> Element {
    let letters = player.world().letters();
    let skipped = letters.len().saturating_sub(MESSAGES_MAX);
    let shown = &letters[skipped..];
    let painter = Painter { player, layout, view };
    element("svg")
        .with("class", "cluster")
        .with("viewBox", format!("0 0 {} {}", number(layout.width), number(layout.height)))
        .with("role", "group")
        .with("aria-label", "The cluster")
        .child(element("g").key("links").children(painter.links(shown)))
        .child(element("g").key("nodes").children(player.world().node_ids().map(|node| painter.node(node))))
        .child(element("g").key("lost").children(painter.flashes()))
        .child(element("g").key("messages").children(painter.messages(shown)))
}

/// Where a message is drawn.
pub fn message_place(
    layout: &Layout,
    now: Time,
    letter: &Letter<kvs_core::server::Message>,
    at: Whereabouts,
    still: bool,
) -> Point {
    let (from, to) = edge_points(layout, letter.from, letter.to);
    let part = match at {
        Whereabouts::Parked => 0.0,
        _ if still => 0.62,
        Whereabouts::Held => 0.5,
        Whereabouts::Travelling(due) => {
            let (gone, whole) = (now.since(letter.sent).as_us(), due.since(letter.sent).as_us());
            gone as f64 / whole.max(1) as f64
        }
    };
    from.towards(to, part.clamp(0.0, 1.0))
}

/// The two ends of a link's lane from one node to another: off the middle, so that the two directions do not meet, and from rim
/// to rim, so that a message is never behind a node.
fn edge_points(layout: &Layout, from: NodeId, to: NodeId) -> (Point, Point) {
    let (a, b) = (layout.place_of(from), layout.place_of(to));
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let lane = 7.0;
    let on_lane =
        |place: Point, along: f64| Point { x: place.x - uy * lane + ux * along, y: place.y + ux * lane + uy * along };
    let rim = |node| layout.rim(node, (ux, uy)).min(length / 2.0 - 4.0).max(0.0);
    (on_lane(a, rim(from)), on_lane(b, -rim(to)))
}

struct Painter<'a> {
    player: &'a Player,
    layout: &'a Layout,
    view: View,
}

type Shown<'a> = (Sequence, Whereabouts, &'a Letter<kvs_core::server::Message>);

impl Painter<'_> {
    fn world(&self) -> &World<Node> {
        self.player.world()
    }

    fn name(&self, node: NodeId) -> &str {
        self.player.names().name(node)
    }

    // ---- links

    fn links(&self, letters: &[Shown<'_>]) -> Vec<Element> {
        let architecture = self.player.architecture();
        let servers: Vec<NodeId> = architecture.server_ids().collect();
        let mut pairs: BTreeMap<(NodeId, NodeId), ()> = BTreeMap::new();
        let mut add = |a: NodeId, b: NodeId| pairs.insert((a.min(b), a.max(b)), ());
        if self.layout.detail == Detail::Card || servers.len() <= 12 {
            for (place, &a) in servers.iter().enumerate() {
                servers[place + 1..].iter().for_each(|&b| {
                    add(a, b);
                });
            }
        }
        for (place, client) in architecture.client_ids().enumerate() {
            if let Some(&server) = servers.get(place % servers.len().max(1)) {
                add(client, server);
            }
        }
        self.world().cuts().for_each(|(from, to)| {
            add(from, to);
        });
        letters.iter().for_each(|(_, _, letter)| {
            add(letter.from, letter.to);
        });
        pairs.into_keys().map(|(a, b)| self.link(a, b)).collect()
    }

    fn link(&self, a: NodeId, b: NodeId) -> Element {
        let (from, to) = (self.layout.place_of(a), self.layout.place_of(b));
        let cuts = (self.world().is_cut(a, b), self.world().is_cut(b, a));
        let (state, words, verb) = match cuts {
            (false, false) => ("up", "up", "cut"),
            (true, true) => ("cut", "cut", "heal"),
            (true, false) | (false, true) => ("cut", "cut one way", "heal"),
        };
        let is_client = !self.player.architecture().is_server(b);
        let picked = self.view.selection == Selection::Link(a, b);
        let name = format!("{}-{}", self.name(a), self.name(b));
        let label = format!("Link {} – {}: {words}. Press Enter to {verb} it.", self.name(a), self.name(b));
        let class =
            format!("link {state}{}{}", if is_client { " client" } else { "" }, if picked { " picked" } else { "" });
        let line = |class: &str, from: Point, to: Point| {
            element("line").with("class", class).at("x1", from.x).at("y1", from.y).at("x2", to.x).at("y2", to.y)
        };
        let mut link = element("g")
            .key(name.clone())
            .with("class", class)
            .with("data-link", name)
            .with("data-a", a.0.to_string())
            .with("data-b", b.0.to_string())
            .with("role", "button")
            .with("tabindex", "0")
            .with("aria-pressed", (state == "cut").to_string())
            .with("aria-label", label)
            .child(line("reach", from, to))
            .child(line("wire", from, to));
        if state == "cut" {
            link = link.child(self.scissors(from, to, cuts));
        }
        link
    }

    /// The mark of a cut: a cross where both ways are cut, an arrow that hits a bar where one is.
    fn scissors(&self, from: Point, to: Point, cuts: (bool, bool)) -> Element {
        let middle = from.towards(to, 0.5);
        let text = match cuts {
            (true, false) => "⇥",
            (false, true) => "⇤",
            _ => "✕",
        };
        element("g")
            .with("class", "cross")
            .with("transform", format!("translate({} {})", number(middle.x), number(middle.y)))
            .child(element("circle").at("r", 11.0))
            .child(element("text").with("dy", "4.5").text(text))
    }

    // ---- nodes

    fn node(&self, node: NodeId) -> Element {
        let place = self.layout.place_of(node);
        let world = self.world();
        let state = match (world.is_up(node), world.is_paused(node)) {
            (false, _) => "down",
            (true, true) => "paused",
            (true, false) => "up",
        };
        let picked = if self.view.selection == Selection::Node(node) { " picked" } else { "" };
        let (role, lines, label) = match &**world.node(node) {
            Node::Server(server) => self.server(server, state),
            Node::Client(client) => self.client(node, client),
        };
        let shape = if role == "client" { self.pill(node, &lines) } else { self.card(node, state, &lines) };
        element("g")
            .key(self.name(node))
            .with("class", format!("node {role} {state}{picked}"))
            .with("data-node", self.name(node))
            .with("data-id", node.0.to_string())
            .with("role", "button")
            .with("tabindex", "0")
            .with("aria-label", format!("{role} {}, {state}. {label}", self.name(node)))
            .with("transform", format!("translate({} {})", number(place.x), number(place.y)))
            .children(shape)
    }

    /// Role, lines to show, and the same in words.
    fn server(&self, server: &Server, state: &str) -> (&'static str, Vec<String>, String) {
        if state == "down" {
            return ("server", vec!["memory gone".into()], "Its memory is gone.".into());
        }
        let held = held_by(server);
        let words = if held.is_empty() { "It holds nothing.".into() } else { format!("It holds {}.", held.join(", ")) };
        ("server", held, words)
    }

    fn client(&self, node: NodeId, client: &Client) -> (&'static str, Vec<String>, String) {
        let line = match client.pending() {
            Some((request, server)) => format!("{} → {} …", request.op, self.name(server)),
            None => self.last_answer(node),
        };
        let words = if line.is_empty() { "It has asked nothing yet.".into() } else { line.clone() };
        ("client", vec![line], words)
    }

    fn last_answer(&self, client: NodeId) -> String {
        let now = self.player.now();
        let operations = self.player.history().operations().iter().rev();
        let ended = operations.filter_map(|operation| Some((operation, operation.ended.as_ref()?)));
        let mine = ended.filter(|(operation, ended)| operation.client() == client && ended.at <= now);
        let Some((operation, ended)) = mine.take(1).next() else { return String::new() };
        match &ended.outcome {
            Outcome::Ok(KVSResponse::GetResult { values, .. }) => {
                format!("{} = {}", operation.op().key(), value_text(values))
            }
            Outcome::Ok(_) => format!("{} ✓", operation.op()),
            Outcome::Maybe => format!("{} ?", operation.op()),
        }
    }

    fn card(&self, node: NodeId, state: &str, lines: &[String]) -> Vec<Element> {
        let (width, height) = self.layout.server;
        let rect = |class: &str| {
            let round = if self.layout.detail == Detail::Card { 12.0 } else { width / 2.0 };
            element("rect")
                .with("class", class)
                .at("x", -width / 2.0)
                .at("y", -height / 2.0)
                .at("width", width)
                .at("height", height)
                .at("rx", round)
        };
        let name = element("text").with("class", "name").text(self.name(node));
        match self.layout.detail {
            Detail::Dot => vec![rect("body")],
            Detail::Disc => vec![rect("body"), name.at("y", 5.0).with("text-anchor", "middle")],
            Detail::Card => {
                let left = -width / 2.0 + 12.0;
                let head = name.at("x", left).at("y", -height / 2.0 + 21.0);
                let badge = element("text")
                    .with("class", "badge")
                    .with("text-anchor", "end")
                    .at("x", width / 2.0 - 12.0)
                    .at("y", -height / 2.0 + 20.0)
                    .text(self.badge(node, state));
                let room = whole((height - 34.0) / 17.0);
                let chars = whole((width - 22.0) / 7.9);
                let mut parts = vec![rect("body"), head, badge];
                parts.extend(fit(lines, room).into_iter().enumerate().map(|(row, line)| {
                    element("text")
                        .key(format!("line{row}"))
                        .with("class", if lines.is_empty() { "held none" } else { "held" })
                        .at("x", left)
                        .at("y", -height / 2.0 + 42.0 + 17.0 * row as f64)
                        .text(clip(&line, chars))
                }));
                parts
            }
        }
    }

    /// What is going on in a server, in a word.
    fn badge(&self, node: NodeId, state: &str) -> String {
        if state != "up" {
            return state.into();
        }
        match self.world().node(node).as_server().map(Server::replication) {
            Some(Replication::EpidemicGossip(gossip)) => match gossip.rumors().infective() {
                0 => String::new(),
                1 => "1 rumor".into(),
                rumors => format!("{rumors} rumors"),
            },
            _ => String::new(),
        }
    }

    fn pill(&self, node: NodeId, lines: &[String]) -> Vec<Element> {
        let (width, height) = self.layout.client;
        let chars = whole((width - 14.0) / 7.2);
        let body = element("rect")
            .with("class", "body")
            .at("x", -width / 2.0)
            .at("y", -height / 2.0)
            .at("width", width)
            .at("height", height)
            .at("rx", height / 2.0);
        let text = |class: &str, y: f64, text: String| {
            element("text").with("class", class).with("text-anchor", "middle").at("y", y).text(text)
        };
        let answer = lines.first().map(String::as_str).unwrap_or_default();
        let name_y = if answer.is_empty() { 5.0 } else { -3.0 };
        vec![body, text("name", name_y, self.name(node).into()), text("held", 13.0, clip(answer, chars))]
    }

    // ---- messages

    fn messages(&self, letters: &[Shown<'_>]) -> Vec<Element> {
        letters.iter().map(|letter| self.message(letter, letters.len() <= LABELS_MAX)).collect()
    }

    fn message(&self, (id, at, letter): &Shown<'_>, has_label: bool) -> Element {
        let place = message_place(self.layout, self.player.now(), letter, *at, self.view.still);
        let look = look(letter.message.kind());
        let picked = self.view.selection == Selection::Message(*id);
        let state = match at {
            Whereabouts::Travelling(_) => "flying",
            Whereabouts::Held => "held",
            Whereabouts::Parked => "parked",
        };
        let says = summarize(&letter.message);
        let (from, to) = (self.name(letter.from), self.name(letter.to));
        let class = format!("message {} {state}{}", look.class, if picked { " picked" } else { "" });
        let mut message = element("g")
            .key(id.0.to_string())
            .with("class", class)
            .with("data-message", id.0.to_string())
            .with("role", "button")
            .with("tabindex", "0")
            .with("aria-label", format!("{} from {from} to {to}: {says}. {state}.", look.kind))
            .with("transform", format!("translate({} {})", number(place.x), number(place.y)))
            .child(element("circle").with("class", "reach").at("r", 20.0))
            .child(element("circle").with("class", "body").at("r", 11.0))
            .child(element("text").with("class", "letter").with("dy", "4.2").text(look.letter));
        if has_label || picked {
            let text = clip(&format!("{} {says}", look.kind), 26);
            message = message.child(self.label(place, &text));
        }
        message
    }

    /// A message's words, on the side where there is room.
    fn label(&self, place: Point, text: &str) -> Element {
        let width = text.chars().count() as f64 * 7.0 + 12.0;
        let left = if place.x + 16.0 + width > self.layout.width { -16.0 - width } else { 16.0 };
        element("g")
            .with("class", "label")
            .with("transform", format!("translate({} 0)", number(left)))
            .child(element("rect").at("y", -10.0).at("width", width).at("height", 20.0).at("rx", 6.0))
            .child(element("text").at("x", 6.0).with("dy", "4").text(text))
    }

    /// Messages that were lost a moment ago, where they died.
    fn flashes(&self) -> Vec<Element> {
        let now = self.player.now();
        let recent = self.player.trace().iter().rev().take_while(|entry| now.since(entry.time) <= FLASH);
        recent.filter_map(|entry| self.flash(entry)).collect()
    }

    fn flash(&self, entry: &Entry) -> Option<Element> {
        let What::Lost { id, from, to, .. } = &entry.what else { return None };
        let (start, end) = edge_points(self.layout, *from, *to);
        let place = start.towards(end, 0.5);
        let mark = element("g")
            .key(format!("lost{}", id.0))
            .with("class", "lost")
            .with("transform", format!("translate({} {})", number(place.x), number(place.y)))
            .child(element("circle").at("r", 12.0))
            .child(element("text").with("dy", "4.5").text("✕"));
        Some(mark)
    }
}

/// `key = value` for each key that a server holds something under.
fn held_by(server: &Server) -> Vec<String> {
    match server.storage() {
        Storage::Core(core) => core.iter().map(|(key, value)| format!("{key} = {value}")).collect(),
        Storage::Lattice(store) => {
            let entries = store.iter().map(|(key, stored)| (key, stored.values()));
            let held = entries.filter(|(_, values)| !values.is_empty());
            held.map(|(key, values)| format!("{key} = {}", value_text(&values))).collect()
        }
    }
}

/// `none`, `v`, or `{v, w}`.
pub fn value_text(values: &[Value]) -> String {
    match values {
        [] => "none".into(),
        [value] => value.to_string(),
        several => format!("{{{}}}", several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// As many lines as there is room for; the last one says how many more there are.
fn fit(lines: &[String], room: usize) -> Vec<String> {
    if lines.is_empty() {
        return vec!["empty".into()];
    }
    if lines.len() <= room {
        return lines.to_vec();
    }
    let kept = room.saturating_sub(1);
    let mut fitted = lines[..kept].to_vec();
    fitted.push(format!("+ {} more", lines.len() - kept));
    fitted
}

/// How often something fits into a picture.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(times: f64) -> usize {
    times.clamp(0.0, 10_000.0) as usize
}

/// A text cut off where the room ends.
pub fn clip(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.into();
    }
    let mut clipped: String = text.chars().take(chars.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}
