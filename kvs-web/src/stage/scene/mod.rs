//! A world at an instant, as a picture. One file a kind of thing in it.

mod disks;
mod links;
mod messages;
mod nodes;
mod slots;
mod text;

use kvs_core::process::NodeId;
use kvs_core::server::Node;
use kvs_core::time::Span;
use kvs_core::world::{Sequence, World};

use super::layout::{Detail, Layout, Point};
use super::markup::{Element, element, number};
use crate::player::Player;
use crate::player::script::Lit;
use crate::store::Selection;
use messages::Flight;

pub use messages::messages_max;
pub use text::{held_by, value_text};

/// How long the traces of what has just happened are seen, for the reader, in milliseconds.
const AFTERGLOW_MS: f64 = 350.0;

/// What the picture depends on besides the world.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What is picked.
    pub selection: Selection,
    /// What somebody's words speak of.
    pub lit: Lit,
    /// Nothing may fly: messages stand still on their way, and dots say how far they are.
    pub still: bool,
    /// Where the keyboard enters the nodes; the first one if it is not there.
    pub node_stop: Option<NodeId>,
    /// Where the keyboard enters the links; the first one if it is not there.
    pub link_stop: Option<(NodeId, NodeId)>,
}

/// The picture of the player's present.
pub fn scene(player: &Player, layout: &Layout, view: View) -> Element {
    let artist = Artist::new(player, layout, view);
    let flights = artist.flights();
    let labels = artist.labels(&flights);
    let layer = |name: &'static str, things: Vec<Element>| element("g").key(name).with("class", name).children(things);
    element("svg")
        .with("class", "cluster")
        .with("viewBox", format!("0 0 {} {}", number(layout.width), number(layout.height)))
        .with("role", "group")
        .with("aria-label", "The cluster")
        .child(layer("groups", artist.groups()))
        .child(layer("links", artist.links(&flights)))
        .child(layer("trails", artist.trails(&flights)))
        .child(layer("nodes", player.world().node_ids().map(|node| artist.node(node)).collect()))
        .child(layer("flashes", artist.flashes()))
        .child(layer("messages", artist.messages(&flights)))
        .child(layer("labels", labels))
}

/// Where a message is drawn, if it is.
pub fn message_place(player: &Player, layout: &Layout, view: View, id: Sequence) -> Option<Point> {
    let artist = Artist::new(player, layout, view);
    let flights = artist.flights();
    flights.iter().find(|flight| flight.id == id).map(|flight| flight.place)
}

/// Draws one picture.
struct Artist<'a> {
    player: &'a Player,
    layout: &'a Layout,
    view: View,
    /// Where servers are dots: what most of them hold.
    usual: Vec<String>,
}

/// A way from one node to another.
#[derive(Clone, Copy, Debug)]
struct Lane {
    start: Point,
    end: Point,
    /// Its direction, of length 1.
    direction: (f64, f64),
}

impl<'a> Artist<'a> {
    fn new(player: &'a Player, layout: &'a Layout, view: View) -> Self {
        let usual = if layout.detail == Detail::Dot { nodes::usual_contents(player) } else { Vec::new() };
        Self { player, layout, view, usual }
    }

    /// A box around the servers of each shard; a dashed one around those that stand by.
    fn groups(&self) -> Vec<Element> {
        let view = self.player.sim().newest_view();
        let boxes = self.layout.groups.iter().map(|group| {
            let shard = view.and_then(|view| view.shards.iter().find(|shard| shard.name.as_str() == group.name));
            let (class, label) = match shard {
                Some(_) => ("group", format!("Shard {}", group.name)),
                None => ("group spare", format!("Shard {} stands by", group.name)),
            };
            let (half, middle) = (group.area.half, group.area.middle);
            element("g")
                .key(group.name.clone())
                .with("class", class)
                .with("transform", translate(middle))
                .child(rect("box", (half.0 * 2.0, half.1 * 2.0), 14.0))
                .child(element("text").text(&label).at("x", -half.0 + 12.0).at("y", -half.1 + 19.0))
        });
        boxes.collect()
    }

    fn world(&self) -> &'a World<Node> {
        self.player.world()
    }

    fn name(&self, node: NodeId) -> &'a str {
        self.player.names().name(node)
    }

    /// From rim to rim, so that a message is never behind a node, and a little to the right of the middle, so that the two
    /// directions of a link do not meet. `inset` is how far from the rims it begins and ends.
    fn lane(&self, from: NodeId, to: NodeId, aside: f64, inset: f64) -> Lane {
        let (a, b) = (self.layout.place_of(from), self.layout.place_of(to));
        let length = a.distance(b).max(1.0);
        let direction = ((b.x - a.x) / length, (b.y - a.y) / length);
        let (ux, uy) = direction;
        let on_lane = |place: Point, along: f64| Point {
            x: place.x - uy * aside + ux * along,
            y: place.y + ux * aside + uy * along,
        };
        let (leaves, arrives) = (self.layout.rim(from, direction), self.layout.rim(to, direction));
        let inset = inset.min((length - leaves - arrives) / 2.0 - 6.0).max(0.0);
        let most = length / 2.0 - 4.0;
        let (leaves, arrives) = ((leaves + inset).min(most).max(0.0), (arrives + inset).min(most).max(0.0));
        Lane { start: on_lane(a, leaves), end: on_lane(b, -arrives), direction }
    }

    /// What takes the reader a third of a second at the speed chosen.
    fn afterglow(&self) -> Span {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most half a minute")]
        Span::from_us((AFTERGLOW_MS * 1_000.0 * self.player.speed().factor()) as u64)
    }

    /// How much is left of a trace of something: 1 at once, 0 when it is gone.
    fn freshness(&self, age: Span) -> f64 {
        1.0 - age.as_us() as f64 / self.afterglow().as_us().max(1) as f64
    }
}

fn translate(place: Point) -> String {
    format!("translate({} {})", number(place.x), number(place.y))
}

fn line(class: &str, from: Point, to: Point) -> Element {
    element("line").with("class", class).at("x1", from.x).at("y1", from.y).at("x2", to.x).at("y2", to.y)
}

fn rect(class: &str, (width, height): (f64, f64), round: f64) -> Element {
    element("rect")
        .with("class", class)
        .at("x", -width / 2.0)
        .at("y", -height / 2.0)
        .at("width", width)
        .at("height", height)
        .at("rx", round)
}

fn shape(class: &str, path: &str) -> Element {
    element("path").with("class", class).with("d", path)
}
