//! Servers with what they hold, and clients with what they wait for.

use std::collections::BTreeMap;

use kvs_core::op::{KVSResponse, Outcome};
use kvs_core::ordering::Glance;
use kvs_core::process::NodeId;
use kvs_core::replication::gossip::Updates;
use kvs_core::server::{Client, Server};
use kvs_core::sim::What;

use super::text::{breadth, clip, fit, held_by};
use super::{Artist, rect, slots, translate, value_text};
use crate::player::Player;
use crate::player::script::Lit;
use crate::stage::layout::Detail;
use crate::stage::markup::{Element, element, number};
use crate::store::Selection;

/// The width of a character of 13 pixels, and of one of 12.
const HELD: f64 = 7.9;
const SMALL: f64 = 7.3;
const ROW: f64 = 17.0;

/// What is written in a server.
struct Lines<'a> {
    /// Whether it keeps values at all.
    keeps: bool,
    /// What it holds.
    held: Vec<String>,
    glance: Option<&'a Glance>,
}

/// How a server is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Paused,
    Down,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Paused => "paused",
            Self::Down => "down",
        }
    }
}

impl Artist<'_> {
    pub(super) fn node(&self, node: NodeId) -> Element {
        let state = match (self.world().is_up(node), self.world().is_paused(node)) {
            (false, _) => State::Down,
            (true, true) => State::Paused,
            (true, false) => State::Up,
        };
        let client = self.world().node(node).as_client();
        let glance = self.world().node(node).glance().filter(|_| state != State::Down);
        let disk = self.disk(node);
        let (role, mut label, shape) = match client {
            Some(client) => self.client(node, client),
            None => self.server(node, state, glance.as_ref()),
        };
        if let Some((words, _)) = &disk {
            label.push_str(&format!(" On its disk: {words}."));
        }
        let picked = if self.view.selection == Selection::Node(node) { " picked" } else { "" };
        let lit = if self.view.lit == Lit::Node(node) { " lit" } else { "" };
        let part = match &glance {
            Some(glance) if glance.leads => " leads",
            Some(glance) if !glance.is_member() => " outside",
            _ => "",
        };
        let kind = match self.layout.detail {
            _ if client.is_some() => "client",
            Detail::Card => "server card",
            Detail::Tag => "server tag",
            Detail::Dot if self.layout.is_crowd() => "server dot seed",
            Detail::Dot => "server dot",
        };
        let nodes = self.world().node_ids().len();
        let is_stop = self.view.node_stop.filter(|stop| stop.index() < nodes).unwrap_or(NodeId(0)) == node;
        let name = self.name(node);
        element("g")
            .key(name)
            .with("class", format!("node {kind} {}{part}{picked}{lit}", state.word()))
            .with("data-node", name)
            .with("data-id", node.0.to_string())
            .with("role", "button")
            .with("tabindex", if is_stop { "0" } else { "-1" })
            .with("aria-label", format!("{name}, {role}, {}. {label}", state.word()))
            .with("transform", translate(self.layout.place_of(node)))
            .children(self.halo(node))
            .children(shape)
            .children(disk.map(|(_, mark)| mark))
    }

    /// A glow around a node that has just received something.
    fn halo(&self, node: NodeId) -> Option<Element> {
        let (now, afterglow) = (self.player.now(), self.afterglow());
        let recent = self.player.trace().iter().rev().take_while(|entry| now.since(entry.time) < afterglow);
        let touched = recent.take(400).find(|entry| match entry.what {
            What::Delivered { to, .. } => to == node,
            What::Booted { node: booted } => booted == node && entry.time.as_us() > 0,
            _ => false,
        })?;
        let (width, height) = self.layout.area_of(node).half;
        let size = (width * 2.0 + 8.0, height * 2.0 + 8.0);
        let halo = rect("halo", size, self.rounding(node) + 4.0).key("halo");
        Some(halo.with("opacity", number(self.freshness(now.since(touched.time)))))
    }

    fn rounding(&self, node: NodeId) -> f64 {
        let (_, half) = self.layout.area_of(node).half;
        let is_card = self.player.architecture().is_server(node) && self.layout.detail != Detail::Dot;
        if is_card { 11.0 } else { half }
    }

    // ---- servers

    /// Its role, what it is and holds in words, and its shape.
    fn server(&self, node: NodeId, state: State, glance: Option<&Glance>) -> (&'static str, String, Vec<Element>) {
        let server = self.world().node(node).as_server();
        let held = server.filter(|_| state != State::Down).map(held_by);
        let mut label = match (state, held.as_deref()) {
            (State::Down, _) => String::from("Its memory is gone."),
            (_, None) => String::from("It keeps no values."),
            (_, Some([])) => "It holds nothing.".into(),
            (_, Some(held)) => format!("It holds {}.", held.join(", ")),
        };
        if let Some(glance) = glance {
            label.push(' ');
            label.push_str(&slots::in_words(glance));
        }
        let lines = Lines { keeps: server.is_some(), held: held.unwrap_or_default(), glance };
        let shape = match self.layout.detail {
            Detail::Card => self.card(node, state, &lines),
            Detail::Tag => self.tag(node, state, &lines),
            Detail::Dot => self.dot(node, state, &lines.held),
        };
        (self.role(node), label, shape)
    }

    fn role(&self, node: NodeId) -> &'static str {
        self.player.architecture().role(node).title()
    }

    fn card(&self, node: NodeId, state: State, lines: &Lines<'_>) -> Vec<Element> {
        let (width, height) = self.layout.server;
        let (left, top) = (-width / 2.0 + 11.0, -height / 2.0);
        let name = self.name(node);
        let badge = match lines.glance.filter(|_| state == State::Up) {
            Some(glance) => slots::badge(glance, chars_in(width - 28.0 - breadth(name) as f64 * 10.5, SMALL)),
            None => self.badge(node, state),
        };
        let mut parts = vec![
            rect("body", (width, height), 11.0),
            text("name", name).at("x", left).at("y", top + 20.0),
            text("badge", &badge).with("text-anchor", "end").at("x", width / 2.0 - 11.0).at("y", top + 19.5),
        ];
        let taken = breadth(name) as f64 * 10.5 + 6.0;
        let role = self.role(node);
        let has_room = taken + breadth(role) as f64 * SMALL + breadth(&badge) as f64 * SMALL < width - 20.0;
        // Who has a place in a protocol says what it is at the moment.
        if has_room && lines.glance.is_none() {
            parts.push(text("role", role).at("x", left + taken).at("y", top + 19.5));
        }
        let strip = lines.glance.and_then(|glance| slots::strip(glance, left, top + 29.0, width - 22.0));
        let below = if lines.glance.is_some() { ROW } else { 0.0 };
        parts.extend(strip);
        let mut row = |n: usize, class: &str, line: &str| {
            let y = top + 41.0 + below + ROW * n as f64;
            parts.push(text(class, line).key(format!("row{n}")).at("x", left).at("y", y));
        };
        let (rows, room) = (rows_in(height - 32.0 - below), chars_in(width - 20.0, HELD));
        match (state, lines.held.as_slice()) {
            (State::Down, _) => row(0, "held none", "memory gone"),
            (_, []) if lines.keeps => row(0, "held none", "empty"),
            (_, held) => {
                for (n, line) in fit(held, rows).iter().enumerate() {
                    row(n, "held", &clip(line, room));
                }
            }
        }
        parts
    }

    /// What is going on in a server, in a word or two.
    fn badge(&self, node: NodeId, state: State) -> String {
        if state != State::Up {
            return state.word().into();
        }
        let Some(server) = self.world().node(node).as_server() else { return String::new() };
        if let Some(word) = self.sharding_badge(node, server) {
            return word;
        }
        let gossip = server.replication().gossip();
        let updates = gossip.and_then(|gossip| gossip.updates());
        let waiting = server.parked() + updates.map_or(0, Updates::waiting);
        match (waiting, gossip.map_or(0, kvs_core::replication::gossip::EpidemicGossip::hot)) {
            (0, 0) => String::new(),
            (0, 1) => "1 rumor".into(),
            (0, rumors) => format!("{rumors} rumors"),
            (1, _) => "1 waits".into(),
            (waiting, _) => format!("{waiting} wait"),
        }
    }

    /// What a change of views has left to do.
    fn sharding_badge(&self, node: NodeId, server: &Server) -> Option<String> {
        let sharding = server.sharding()?;
        if let Some(shard) = sharding.waiting_for().next() {
            return Some(format!("waits for {shard}"));
        }
        match sharding.leaving().keys().len() {
            0 if sharding.map().view().shard_of(node).is_none() => Some("stands by".into()),
            0 => None,
            keys => Some(format!("hands over {keys}")),
        }
    }

    fn tag(&self, node: NodeId, state: State, lines: &Lines<'_>) -> Vec<Element> {
        let (width, height) = self.layout.server;
        let (class, line) = match (state, lines.held.as_slice()) {
            (State::Down, _) => ("held none", String::from("down")),
            (State::Paused, _) => ("held none", "paused".into()),
            (_, held) if lines.glance.is_some_and(|glance| glance.leads || !glance.is_member() || held.is_empty()) => {
                let badge = lines.glance.map(|glance| slots::badge(glance, chars_in(width - 8.0, SMALL)));
                ("held none", badge.unwrap_or_default())
            }
            (_, []) if !lines.keeps => ("held none", self.role(node).into()),
            (_, []) => ("held none", "empty".into()),
            (_, [only]) if breadth(only) > chars_in(width - 8.0, SMALL) && width < 60.0 => ("held", "1 key".into()),
            (_, [only]) => ("held", only.clone()),
            (_, several) => ("held", format!("{} keys", several.len())),
        };
        let line = clip(&line, chars_in(width - 8.0, SMALL));
        let middle = |class: &str, y: f64, line: &str| text(class, line).with("text-anchor", "middle").at("y", y);
        vec![rect("body", (width, height), 11.0), middle("name", -3.0, self.name(node)), middle(class, 13.0, &line)]
    }

    fn dot(&self, node: NodeId, state: State, held: &[String]) -> Vec<Element> {
        let (size, _) = self.layout.server;
        let fill = match (state, held) {
            (State::Down, _) | (_, []) => "",
            (_, held) if self.usual == held => " all",
            _ => " some",
        };
        let body = rect(&format!("body{fill}"), (size, size), size / 2.0);
        // Beside the dot, away from the middle.
        let (place, middle) = (self.layout.place_of(node), self.layout.middle());
        let away = place.distance(middle).max(1.0);
        let (x, y) =
            ((place.x - middle.x) / away * (size / 2.0 + 13.0), (place.y - middle.y) / away * (size / 2.0 + 10.0));
        let class = if self.is_named(node) { "name" } else { "name seldom" };
        vec![body, text(class, self.name(node)).with("text-anchor", "middle").at("x", x).at("y", y + 4.0)]
    }

    /// Whether there is room for a dot's name at all times: for all of them, or for one in five.
    fn is_named(&self, node: NodeId) -> bool {
        let next = NodeId((node.0 + 1) % self.player.architecture().servers.max(1));
        let is_roomy = self.layout.place_of(NodeId(0)).distance(self.layout.place_of(NodeId(1))) > 28.0;
        !self.layout.is_crowd() && (is_roomy || node.0.is_multiple_of(5) && next.0 != 0)
    }

    // ---- clients

    fn client(&self, node: NodeId, client: &Client) -> (&'static str, String, Vec<Element>) {
        let (class, line, words) = match client.pending() {
            Some((request, server)) => {
                let words = format!("It waits for {}: {}.", self.name(server), request.op);
                ("held waits", format!("{} …", request.op), words)
            }
            None => match self.last_answer(node) {
                Some(line) => ("held", line.clone(), format!("Its last answer: {line}.")),
                None => ("held none", self.idle().into(), "It has asked nothing yet.".into()),
            },
        };
        let (width, height) = self.layout.client;
        let line = clip(&line, chars_in(width - 16.0, SMALL));
        let middle = |class: &str, y: f64, line: &str| text(class, line).with("text-anchor", "middle").at("y", y);
        let name = middle("name", -3.0, self.name(node));
        ("client", words, vec![rect("body", (width, height), height / 2.0), name, middle(class, 13.0, &line)])
    }

    fn idle(&self) -> &'static str {
        if self.layout.client.0 > 100.0 { "client, idle" } else { "client" }
    }

    fn last_answer(&self, client: NodeId) -> Option<String> {
        let now = self.player.now();
        let operations = self.player.history().operations().iter().rev();
        let mut ended = operations.filter_map(|operation| Some((operation, operation.ended.as_ref()?)));
        let (operation, ended) = ended.find(|(operation, ended)| operation.client() == client && ended.at <= now)?;
        Some(match &ended.outcome {
            Outcome::Ok(KVSResponse::GetAt(versioned)) => {
                let key = operation.op().key().map(ToString::to_string).unwrap_or_default();
                format!("{key} = {versioned}")
            }
            Outcome::Ok(KVSResponse::GetResult { values, .. }) => {
                let key = operation.op().key().map(ToString::to_string).unwrap_or_default();
                format!("{key} = {}", value_text(values))
            }
            Outcome::Ok(response) if response.refusal().is_some() => format!("{} ✕", operation.op()),
            Outcome::Ok(response) if response.is_confirmation() => format!("{} ✓", operation.op()),
            Outcome::Ok(response) if operation.op().is_command() => format!("{}: {response}", operation.op()),
            Outcome::Ok(response) => response.to_string(),
            Outcome::Maybe | Outcome::MaybeClosed => format!("{} ?", operation.op()),
            Outcome::Unavailable => format!("{} ✕", operation.op()),
        })
    }
}

/// What most of the servers hold that hold something.
pub(super) fn usual_contents(player: &Player) -> Vec<String> {
    let servers = player.architecture().server_ids().filter(|&server| player.world().is_up(server));
    let held = servers.filter_map(|server| player.world().node(server).as_server().map(held_by));
    let mut counts: BTreeMap<Vec<String>, u32> = BTreeMap::new();
    held.filter(|held| !held.is_empty()).for_each(|held| *counts.entry(held).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(held, _)| held).unwrap_or_default()
}

/// What stands in a node. All but its name is for the eye: the label says it in sentences.
fn text(class: &str, text: &str) -> Element {
    let element = element("text").with("class", class).text(text);
    if class.starts_with("name") { element } else { element.with("aria-hidden", "true") }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
fn rows_in(height: f64) -> usize {
    (height / ROW).max(1.0) as usize
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen")]
fn chars_in(width: f64, character: f64) -> usize {
    (width / character).max(1.0) as usize
}
