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
            (0..=20, false) | (0..=10, true) => Detail::Disc,
            _ => Detail::Dot,
        };
        let server = match (detail, is_narrow) {
            (Detail::Card, false) => (158.0, 92.0),
            (Detail::Card, true) => (104.0, 78.0),
            (Detail::Disc, _) => (44.0, 44.0),
            (Detail::Dot, _) => (22.0, 22.0),
        };
        let client = if is_narrow { (66.0, 40.0) } else { (104.0, 48.0) };
        let mut layout = Self { width, height, detail, server, client, places: Vec::new() };
        layout.place(architecture);
        layout
    }

    /// Where a node stands.
    pub fn place_of(&self, node: NodeId) -> Point {
        self.places.get(node.index()).copied().unwrap_or_default()
    }

    fn place(&mut self, architecture: &Architecture) {
        let servers = architecture.servers as usize;
        let clients = architecture.clients as usize;
        let margin = 8.0;
        // Clients stand at the rim, servers on a ring inside of it.
        let rim = (self.width / 2.0 - self.client.0 / 2.0 - margin, self.height / 2.0 - self.client.1 / 2.0 - margin);
        let gap = 34.0;
        let ring = (
            (rim.0 - self.client.0 / 2.0 - self.server.0 / 2.0 - gap).max(self.width * 0.2),
            (rim.1 - self.client.1 / 2.0 - self.server.1 / 2.0 - gap).max(self.height * 0.16),
        );
        let first = match (servers, self.width > self.height) {
            (2, true) => PI,
            _ => -FRAC_PI_2,
        };
        let angle_of = |server: usize| first + TAU * server as f64 / servers.max(1) as f64;
        for server in 0..servers {
            let place = if servers == 1 { self.at(0.0, (0.0, 0.0)) } else { self.at(angle_of(server), ring) };
            self.places.push(place);
        }
        for client in 0..clients {
            let angle = if servers == 1 {
                PI + TAU * client as f64 / clients as f64
            } else {
                // The n-th client belongs to the n-th server; further ones stand beside the first.
                let (round, server) = (client / servers, client % servers);
                let side = if round % 2 == 0 { 1.0 } else { -1.0 };
                let step = TAU / servers as f64 / 3.2;
                angle_of(server) + side * step * (round as f64 / 2.0).ceil()
            };
            self.places.push(self.at(angle, rim));
        }
    }

    fn at(&self, angle: f64, radius: (f64, f64)) -> Point {
        Point { x: self.width / 2.0 + angle.cos() * radius.0, y: self.height / 2.0 + angle.sin() * radius.1 }
    }
}
