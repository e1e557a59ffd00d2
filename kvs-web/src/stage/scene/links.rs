//! Links: wires that can be cut.

use std::collections::BTreeSet;

use kvs_core::process::NodeId;

use super::{Artist, Flight, line, shape, translate};
use crate::player::script::Lit;
use crate::stage::layout::{Point, are_wired};
use crate::stage::markup::{Element, element, number};
use crate::store::Selection;

const CROSS: &str = "M-4.5-4.5L4.5 4.5M4.5-4.5L-4.5 4.5";
/// An arrow that runs into a wall, to the right.
const BLOCKED: &str = "M-7 0H2.5M-1-3.5L2.5 0L-1 3.5M6-5.5V5.5";
/// With more replicas than this, a link is drawn only while something is on it or wrong with it.
const WIRED_MAX: u32 = 12;
/// The same for links between clients and servers where each client asks all of them.
const CLIENT_LINKS_MAX: u32 = 15;
/// How far from the wire the two directions run.
const ASIDE: f64 = 4.5;

impl Artist<'_> {
    pub(super) fn links(&self, flights: &[Flight<'_>]) -> Vec<Element> {
        let pairs = self.pairs(flights);
        let stop = self.view.link_stop.filter(|stop| pairs.contains(stop)).or(pairs.first().copied());
        pairs.into_iter().map(|(a, b)| self.link(a, b, stop == Some((a, b)))).collect()
    }

    /// The links to draw, the lower number first: all of them if they are few, and those where something is going on.
    fn pairs(&self, flights: &[Flight<'_>]) -> BTreeSet<(NodeId, NodeId)> {
        let architecture = self.player.architecture();
        let mut pairs = BTreeSet::new();
        let mut add = |a: NodeId, b: NodeId| pairs.insert((a.min(b), a.max(b)));
        // Servers talk to those of their own shard, and to others only when keys move.
        let replicas = architecture.sharding.as_ref().map_or(architecture.servers, |shards| shards.replicas).max(1);
        if replicas <= WIRED_MAX || self.layout.has_tiers() {
            for a in architecture.server_ids() {
                let others = architecture.server_ids().filter(|b| *b > a && b.0 / replicas == a.0 / replicas);
                for b in others.filter(|b| are_wired(architecture, a, *b)) {
                    add(a, b);
                }
            }
        }
        for client in architecture.client_ids() {
            let asks = || self.world().node(client).as_client()?.router().server(0);
            match &architecture.sharding {
                None => {
                    if let Some(server) = asks() {
                        add(client, server);
                    }
                }
                // Each asks whoever keeps the key.
                Some(_) if replicas == 1 && architecture.servers * architecture.clients <= CLIENT_LINKS_MAX => {
                    architecture.server_ids().for_each(|server| {
                        add(client, server);
                    });
                }
                Some(_) => {}
            }
        }
        for (from, to) in self.world().cuts() {
            add(from, to);
        }
        // Among hundreds of servers they would hide everything.
        for flight in flights.iter().filter(|_| !self.layout.is_crowd()) {
            add(flight.letter.from, flight.letter.to);
        }
        pairs
    }

    fn link(&self, a: NodeId, b: NodeId, is_stop: bool) -> Element {
        let lane = self.lane(a, b, 0.0, 0.0);
        let (from, to) = (lane.start, lane.end);
        let (there, back) = (self.world().is_cut(a, b), self.world().is_cut(b, a));
        let (name_a, name_b) = (self.name(a), self.name(b));
        let (state, words, verb) = match (there, back) {
            (false, false) => ("up", String::from("up"), "cut"),
            (true, true) => ("cut", "cut".into(), "heal"),
            (true, false) => ("cut one-way", format!("cut from {name_a} to {name_b} only"), "heal"),
            (false, true) => ("cut one-way", format!("cut from {name_b} to {name_a} only"), "heal"),
        };
        let is_cut = there || back;
        let kind = if self.player.architecture().is_server(b) { "" } else { " client" };
        let picked = if self.view.selection == Selection::Link(a, b) { " picked" } else { "" };
        let lit = if self.view.lit == Lit::Link(a, b) { " lit" } else { "" };
        let name = format!("{name_a}-{name_b}");
        let link = element("g")
            .key(name.clone())
            .with("class", format!("link {state}{kind}{picked}{lit}"))
            .with("data-link", name)
            .with("data-a", a.0.to_string())
            .with("data-b", b.0.to_string())
            .with("role", "button")
            .with("tabindex", if is_stop { "0" } else { "-1" })
            .with("aria-pressed", is_cut.to_string())
            .with("aria-label", format!("Link {name_a} – {name_b}: {words}. Press Enter to {verb} it."))
            .child(line("reach", from, to));
        if there == back {
            let link = link.child(line("wire", from, to));
            return if is_cut { link.child(self.mark(from, to, None)) } else { link };
        }
        // One way is open, the other is not: a wire each.
        let wire = |from, to, is_cut| {
            let lane = self.lane(from, to, ASIDE, 0.0);
            line(if is_cut { "wire" } else { "wire open" }, lane.start, lane.end)
        };
        let angle = lane.direction.1.atan2(lane.direction.0).to_degrees() + if there { 0.0 } else { 180.0 };
        link.child(wire(a, b, there)).child(wire(b, a, back)).child(self.mark(from, to, Some(angle)))
    }

    /// The mark of a cut: a cross where both ways are cut, an arrow against a wall where one is.
    fn mark(&self, from: Point, to: Point, angle: Option<f64>) -> Element {
        let middle = from.towards(to, 0.5);
        // In a ring many links meet in the middle: their marks keep out of each other's way.
        let is_crowded = self.layout.is_wired() && middle.distance(self.layout.middle()) < 24.0;
        let place = if is_crowded && self.player.architecture().servers > 3 { from.towards(to, 0.36) } else { middle };
        let sign = match angle {
            None => shape("sign", CROSS),
            Some(angle) => shape("sign", BLOCKED).with("transform", format!("rotate({})", number(angle))),
        };
        element("g")
            .with("class", "cross")
            .with("transform", translate(place))
            .child(element("circle").at("r", 12.0))
            .child(sign)
    }
}
