//! Where nodes stand in a picture of a given size.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use kvs_core::process::NodeId;
use kvs_core::zoo::Architecture;

/// A place in the picture, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Point {
    /// The point a part of the way from here to there.
    pub fn towards(self, there: Self, part: f64) -> Self {
        Self { x: self.x + (there.x - self.x) * part, y: self.y + (there.y - self.y) * part }
    }
}

/// How much of a node there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A card with what the node holds.
    Card,
    /// A disc with its name.
    Disc,
    /// A dot.
    Dot,
}

/// Where nodes stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The picture's width.
    pub width: f64,
    /// The picture's height.
    pub height: f64,
    /// How much of a server is shown.
    pub detail: Detail,
    /// A server's width and height.
    pub server: (f64, f64),
    /// A client's width and height.
    pub client: (f64, f64),
    servers: usize,
    places: Vec<Point>,
}

impl Layout {
    /// Servers on a ring, each client outside of the server that it asks.
    pub fn new(architecture: &Architecture, width: f64, height: f64) -> Self {
        let (width, height) = (width.max(240.0), height.max(240.0));
        let is_narrow = width < 560.0;
        let servers = architecture.servers as usize;
        let detail = match (servers, is_narrow) {
            (0..=6, false) | (0..=3, true) => Detail::Card,
            (0..=14, false) | (0..=8, true) => Detail::Disc,
            _ => Detail::Dot,
        };
        let server = match (detail, is_narrow) {
            (Detail::Card, false) => (158.0, 88.0),
            (Detail::Card, true) => (104.0, 72.0),
            (Detail::Disc, _) => (44.0, 44.0),
            (Detail::Dot, _) => {
                let size = (width.min(height) * 1.5 / servers as f64).clamp(6.0, 18.0);
                (size, size)
            }
        };
        let client = if is_narrow { (66.0, 40.0) } else { (104.0, 48.0) };
        let mut layout = Self { width, height, detail, server, client, servers, places: Vec::new() };
        layout.place(architecture);
        layout
    }

    /// Where a node stands.
    pub fn place_of(&self, node: NodeId) -> Point {
        self.places.get(node.index()).copied().unwrap_or_default()
    }

    /// How far it is from a node's middle to its rim, in a direction of length 1.
    pub fn rim(&self, node: NodeId, direction: (f64, f64)) -> f64 {
        let (width, height) = if node.index() < self.servers { self.server } else { self.client };
        let times = |half: f64, part: f64| if part.abs() < 1e-6 { f64::MAX } else { half / part.abs() };
        times(width / 2.0, direction.0).min(times(height / 2.0, direction.1))
    }

    /// Places in a unit circle first, then spread over the picture.
    fn place(&mut self, architecture: &Architecture) {
        let servers = architecture.servers as usize;
        let first = if servers == 2 && self.width > self.height { PI } else { -FRAC_PI_2 };
        let angle_of = |server: usize| first + TAU * server as f64 / servers.max(1) as f64;
        let on_circle = |angle: f64, radius: f64| Point { x: angle.cos() * radius, y: angle.sin() * radius };
        let is_alone = servers == 1;
        let server_places = (0..servers).map(|server| on_circle(angle_of(server), if is_alone { 0.0 } else { 1.0 }));
        self.places = server_places.collect();
        let sizes = |count: usize, size: (f64, f64)| core::iter::repeat_n(size, count);
        let rim = (self.client.0 + 30.0, self.client.1 + self.leash() + 4.0);
        self.spread(&sizes(servers, self.server).collect::<Vec<_>>(), if is_alone { (0.0, 0.0) } else { rim });
        for client in 0..architecture.clients as usize {
            // The n-th client belongs to the n-th server; further ones stand beside the first.
            let (round, server) = (client / servers.max(1), client % servers.max(1));
            let place = if is_alone {
                let angle = if self.width > self.height { PI } else { -FRAC_PI_2 };
                let angle = angle + TAU * client as f64 / f64::from(architecture.clients);
                let (x, y) =
                    (self.width / 2.0 - self.client.0 / 2.0 - 8.0, self.height / 2.0 - self.client.1 / 2.0 - 8.0);
                Point { x: self.width / 2.0 + angle.cos() * x, y: self.middle() + angle.sin() * (y - FOOT / 2.0) }
            } else if self.detail == Detail::Card {
                self.beside(self.places[server], round)
            } else {
                self.in_row(client, architecture.clients as usize)
            };
            self.places.push(place);
        }
    }

    /// Above servers of the upper half, below those of the lower half; the n-th client a step further to the side.
    fn beside(&self, server: Point, round: usize) -> Point {
        let away = self.server.1 / 2.0 + self.client.1 / 2.0 + self.leash();
        let y = if server.y <= self.middle() { server.y - away } else { server.y + away };
        let side = if round.is_multiple_of(2) { 1.0 } else { -1.0 };
        let x = server.x + side * (round as f64 / 2.0).ceil() * (self.client.0 + 10.0);
        let (half_x, half_y) = (self.client.0 / 2.0 + 4.0, self.client.1 / 2.0 + 4.0);
        Point { x: x.clamp(half_x, self.width - half_x), y: y.clamp(half_y, self.height - FOOT - half_y) }
    }

    /// Around a ring of many servers, clients stand in a row above and one below.
    fn in_row(&self, client: usize, clients: usize) -> Point {
        let above = clients.div_ceil(2);
        let (place, row) = if client < above { (client, above) } else { (client - above, clients - above) };
        let x = self.width * (place as f64 + 0.5) / row as f64;
        let half = self.client.1 / 2.0 + 4.0;
        Point { x, y: if client < above { half } else { self.height - FOOT - half } }
    }

    /// How far a client is from its server, rim to rim: long enough for a message to be seen on the way.
    fn leash(&self) -> f64 {
        if self.width > 560.0 { 56.0 } else { 36.0 }
    }

    fn middle(&self) -> f64 {
        (self.height - FOOT) / 2.0
    }

    /// Stretches places so that they fill the picture, but for a rim; a single place goes to the middle.
    fn spread(&mut self, sizes: &[(f64, f64)], rim: (f64, f64)) {
        let bounds = |value: fn(&Point) -> f64| {
            let values = self.places.iter().map(value);
            (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max))
        };
        let (xs, ys) = (bounds(|place| place.x), bounds(|place| place.y));
        let largest = sizes.iter().fold((0.0_f64, 0.0_f64), |all, size| (all.0.max(size.0), all.1.max(size.1)));
        let is_wide = self.width > 560.0;
        // On a wide screen a ring as broad as the screen would pull the cluster apart.
        let room_x =
            (self.width - largest.0 - if is_wide { 2.0 * rim.0 } else { 16.0 }).max(0.0).min(self.height * 1.25);
        let room_y = (self.height - FOOT - largest.1 - 2.0 * rim.1 + 16.0).max(0.0);
        let (center_x, center_y) = (self.width / 2.0, self.middle());
        let stretch = |value: f64, (low, high): (f64, f64), room: f64| {
            if high - low < 1e-6 { 0.0 } else { ((value - low) / (high - low) - 0.5) * room }
        };
        for place in &mut self.places {
            *place = Point { x: center_x + stretch(place.x, xs, room_x), y: center_y + stretch(place.y, ys, room_y) };
        }
    }
}

/// What is kept free at the bottom, for words.
const FOOT: f64 = 40.0;

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::zoo::catalog::EXHIBITS;

    fn overlap(layout: &Layout, a: NodeId, b: NodeId, architecture: &Architecture) -> bool {
        let size = |node| if architecture.is_server(node) { layout.server } else { layout.client };
        let (one, other) = (layout.place_of(a), layout.place_of(b));
        let reach = ((size(a).0 + size(b).0) / 2.0, (size(a).1 + size(b).1) / 2.0);
        (one.x - other.x).abs() < reach.0 - 0.5 && (one.y - other.y).abs() < reach.1 - 0.5
    }

    #[test]
    fn nothing_lies_on_anything_and_all_is_inside() {
        for exhibit in &EXHIBITS {
            let sizes: &[u32] = if exhibit.name == "local" { &[1] } else { &[1, 2, 3, 4, 5, 6, 7, 12, 20, 50] };
            for (&servers, (width, height)) in sizes.iter().flat_map(|n| [(n, (850.0, 520.0)), (n, (340.0, 414.0))]) {
                for clients in 1..=3 {
                    let architecture = Architecture { servers, clients, ..exhibit.architecture() };
                    let layout = Layout::new(&architecture, width, height);
                    let nodes: Vec<NodeId> = architecture.server_ids().chain(architecture.client_ids()).collect();
                    for (place, &a) in nodes.iter().enumerate() {
                        let Point { x, y } = layout.place_of(a);
                        assert!(x > 0.0 && x < width && y > 0.0 && y < height, "{servers} servers at {width}");
                        for &b in &nodes[place + 1..] {
                            let on = overlap(&layout, a, b, &architecture);
                            assert!(!on, "{servers} servers, {clients} clients, {width}: {a} on {b}: {layout:?}");
                        }
                    }
                }
            }
        }
    }
}
