//! Where nodes stand in a picture of a given size.

mod tiers;

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use kvs_core::process::NodeId;
use kvs_core::zoo::{Architecture, Shards};

pub use tiers::are_wired;
use tiers::tiers;

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

    /// How far it is to another point.
    pub fn distance(self, there: Self) -> f64 {
        (there.x - self.x).hypot(there.y - self.y)
    }
}

/// A rectangle around a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its middle.
    pub middle: Point,
    /// Half its width and half its height.
    pub half: (f64, f64),
}

impl Area {
    /// A rectangle of a width and a height around a point.
    pub fn around(middle: Point, (width, height): (f64, f64)) -> Self {
        Self { middle, half: (width / 2.0, height / 2.0) }
    }

    /// The same with a margin on all sides.
    #[must_use]
    pub fn grown(self, margin: f64) -> Self {
        Self { half: (self.half.0 + margin, self.half.1 + margin), ..self }
    }

    /// Whether two share more than a border.
    pub fn overlaps(self, other: Self) -> bool {
        let apart = (self.middle.x - other.middle.x, self.middle.y - other.middle.y);
        apart.0.abs() < self.half.0 + other.half.0 && apart.1.abs() < self.half.1 + other.half.1
    }

    /// How far two are apart, rim to rim.
    fn gap(self, other: Self) -> f64 {
        let apart = (self.middle.x - other.middle.x, self.middle.y - other.middle.y);
        let x = (apart.0.abs() - self.half.0 - other.half.0).max(0.0);
        let y = (apart.1.abs() - self.half.1 - other.half.1).max(0.0);
        x.hypot(y)
    }

    /// Whether a line between two points touches it: Liang and Barsky's clipping.
    pub fn is_crossed_by(self, from: Point, to: Point) -> bool {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let (left, right) = (self.middle.x - self.half.0, self.middle.x + self.half.0);
        let (top, bottom) = (self.middle.y - self.half.1, self.middle.y + self.half.1);
        let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
        for (step, room) in [(-dx, from.x - left), (dx, right - from.x), (-dy, from.y - top), (dy, bottom - from.y)] {
            if step.abs() < 1e-9 {
                if room < 0.0 {
                    return false;
                }
            } else if step < 0.0 {
                enters = enters.max(room / step);
            } else {
                leaves = leaves.min(room / step);
            }
        }
        enters <= leaves
    }
}

/// How much of a server there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A card with what it holds.
    Card,
    /// Its name, and one line of what it holds.
    Tag,
    /// A dot, filled if it holds what most others hold.
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
    /// The shards, where they are kept by several servers each.
    pub groups: Vec<Group>,
    servers: usize,
    clients: usize,
    places: Vec<Point>,
    /// Where servers have different parts: those of each tier.
    tiers: Vec<Vec<NodeId>>,
}

/// The servers that are meant for one shard.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What the shard is called.
    pub name: String,
    /// What they cover together.
    pub area: Area,
}

/// With more servers than this, a link is drawn only while something is on it or wrong with it.
const WIRED_MAX: usize = 12;
/// More servers than this fill a disc.
const RING_MAX: usize = 60;
/// How broad a server in a disc is at most.
const SEED_MAX: f64 = 12.0;
/// What is kept free at the bottom, for words.
const FOOT: f64 = 36.0;
/// What is kept free at the other sides.
const MARGIN: f64 = 10.0;
/// How far clients are below the boxes of shards: far enough for a message to be seen on the way.
const BELOW: f64 = 44.0;
/// The line in such a box that says which shard it is.
const LABEL: f64 = 20.0;

impl Layout {
    /// Servers on a ring, each client near the server that it asks.
    pub fn new(architecture: &Architecture, width: f64, height: f64) -> Self {
        let (width, height) = (width.max(240.0), height.max(240.0));
        let is_narrow = width < 560.0;
        let servers = architecture.servers as usize;
        let detail = match (servers, is_narrow) {
            (0..=6, false) | (0..=3, true) => Detail::Card,
            (0..=14, false) | (0..=8, true) => Detail::Tag,
            _ => Detail::Dot,
        };
        let server = match (detail, is_narrow) {
            (Detail::Card, false) if servers <= 3 => (172.0, 92.0),
            (Detail::Card, false) => (152.0, 86.0),
            (Detail::Card, true) => (106.0, 74.0),
            (Detail::Tag, false) => (84.0, 42.0),
            (Detail::Tag, true) => (68.0, 38.0),
            (Detail::Dot, _) if servers > RING_MAX => (SEED_MAX, SEED_MAX),
            (Detail::Dot, _) => {
                let size = (width.min(height) * 1.7 / servers as f64).clamp(8.0, 18.0);
                (size, size)
            }
        };
        let client = if is_narrow { (76.0, 40.0) } else { (124.0, 46.0) };
        let clients = architecture.clients as usize;
        let (groups, places) = (Vec::new(), Vec::new());
        let mut layout =
            Self { width, height, detail, server, client, groups, servers, clients, places, tiers: Vec::new() };
        let tiers = tiers(architecture);
        if tiers.len() > 1 {
            layout.place_tiers(tiers);
            layout.place_clients_below();
            return layout;
        }
        if let Some(shards) = architecture.sharding.as_ref().filter(|shards| shards.replicas > 1) {
            layout.place_groups(architecture, shards);
            layout.place_clients_below();
            return layout;
        }
        if layout.is_crowd() {
            let (across, down) = layout.room_for_servers();
            // How near the seeds of a sunflower of radius 1 come to each other.
            let apart = 1.6 / (servers as f64).sqrt();
            let size = (apart * across.min(down) / 2.0 / 1.5).clamp(2.0, SEED_MAX);
            layout.server = (size, size);
        }
        layout.place_servers();
        for client in 0..clients {
            let seat = layout.seat(client % servers.max(1));
            layout.places.push(seat);
        }
        layout
    }

    /// Whether it is still the right one for an architecture and a size.
    pub fn suits(&self, architecture: &Architecture, width: f64, height: f64) -> bool {
        let is_same = |one: f64, other: f64| (one - other.max(240.0)).abs() < 0.5;
        let shards = architecture.sharding.as_ref().filter(|shards| shards.replicas > 1);
        let names = shards.map_or_else(Vec::new, |shards| group_names(architecture, shards));
        self.groups.iter().map(|group| &group.name).eq(&names)
            && self.servers == architecture.servers as usize
            && self.tiers == Some(tiers(architecture)).filter(|tiers| tiers.len() > 1).unwrap_or_default()
            && self.clients == architecture.clients as usize
            && is_same(self.width, width)
            && is_same(self.height, height)
    }

    /// Whether servers stand in tiers.
    pub fn has_tiers(&self) -> bool {
        !self.tiers.is_empty()
    }

    /// Where a node stands.
    pub fn place_of(&self, node: NodeId) -> Point {
        self.places.get(node.index()).copied().unwrap_or_default()
    }

    /// What a node covers.
    pub fn area_of(&self, node: NodeId) -> Area {
        Area::around(self.place_of(node), if node.index() < self.servers { self.server } else { self.client })
    }

    /// Whether servers fill a disc, with no room for their names.
    pub fn is_crowd(&self) -> bool {
        self.servers > RING_MAX
    }

    /// Whether links are drawn that nothing is on and nothing is wrong with.
    pub fn is_wired(&self) -> bool {
        self.servers <= WIRED_MAX
    }

    /// How far it is from a node's middle to its rim, in a direction of length 1.
    pub fn rim(&self, node: NodeId, direction: (f64, f64)) -> f64 {
        let half = self.area_of(node).half;
        let times = |half: f64, part: f64| if part.abs() < 1e-6 { f64::MAX } else { half / part.abs() };
        times(half.0, direction.0).min(times(half.1, direction.1))
    }

    /// The middle of what the cluster may cover.
    pub fn middle(&self) -> Point {
        Point { x: self.width / 2.0, y: (self.height - FOOT) / 2.0 }
    }

    fn is_wide(&self) -> bool {
        self.width >= 560.0
    }

    /// A box for each shard, in columns or in a grid; in it, its servers.
    fn place_groups(&mut self, architecture: &Architecture, shards: &Shards) {
        let names = group_names(architecture, shards);
        let rows = match (names.len(), self.is_wide()) {
            (0..=4, true) => 1,
            (0..=10, true) => 2,
            (_, true) => 3,
            (0..=2, false) => names.len().max(1),
            (count, false) => count.div_ceil(if count > 8 { 3 } else { 2 }),
        };
        let columns = names.len().div_ceil(rows).max(1);
        let height = self.height - self.foot() - self.client.1 - BELOW - MARGIN;
        let (across, down) = ((self.width - MARGIN) / columns as f64, height / rows as f64);
        let cell = (across - MARGIN, down - MARGIN);
        let middle = |place: usize| Point {
            x: MARGIN + across * (place % columns) as f64 + cell.0 / 2.0,
            y: MARGIN + down * (place / columns) as f64 + cell.1 / 2.0,
        };
        let replicas = shards.replicas as usize;
        let seats = seats(replicas, cell.1 > cell.0 * 0.8);
        // As much of each server as there is room for.
        let sizes = [
            (Detail::Card, (152.0, 86.0)),
            (Detail::Card, (132.0, 74.0)),
            (Detail::Tag, (84.0, 42.0)),
            (Detail::Tag, (66.0, 36.0)),
            (Detail::Tag, (54.0, 34.0)),
            (Detail::Dot, (14.0, 14.0)),
        ];
        let place = |server: (f64, f64), seat: &(f64, f64)| {
            let room = (
                (cell.0 - server.0 - 24.0).min((server.0 * 2.2).max(90.0)),
                (cell.1 - server.1 - LABEL - 24.0).min((server.1 * 3.2).max(90.0)),
            );
            (seat.0 * room.0.max(0.0) / 2.0, seat.1 * room.1.max(0.0) / 2.0 + LABEL / 2.0)
        };
        let fits = |server: (f64, f64)| {
            let areas: Vec<Area> = seats
                .iter()
                .map(|seat| {
                    let (x, y) = place(server, seat);
                    Area::around(Point { x, y }, server)
                })
                .collect();
            let is_apart =
                |(n, area): (usize, &Area)| areas[n + 1..].iter().all(|other| !area.grown(14.0).overlaps(*other));
            server.0 + 24.0 <= cell.0 && server.1 + LABEL + 24.0 <= cell.1 && areas.iter().enumerate().all(is_apart)
        };
        let (detail, server) = sizes.into_iter().find(|(_, size)| fits(*size)).unwrap_or((Detail::Dot, (10.0, 10.0)));
        (self.detail, self.server) = (detail, server);
        for (number, name) in names.into_iter().enumerate() {
            let middle = middle(number);
            self.groups.push(Group { name, area: Area::around(middle, cell) });
            self.places.extend(seats.iter().map(|seat| {
                let (x, y) = place(server, seat);
                Point { x: middle.x + x, y: middle.y + y }
            }));
        }
    }

    /// What is kept free for words below clients that stand in a line: two lines of them on a narrow screen.
    fn foot(&self) -> f64 {
        if self.is_wide() { FOOT } else { FOOT + 18.0 }
    }

    /// Clients in a line below all servers.
    fn place_clients_below(&mut self) {
        let across = (self.width - 2.0 * MARGIN) / self.clients.max(1) as f64;
        self.client.0 = self.client.0.min(across - 6.0);
        let y = self.height - self.foot() - self.client.1 / 2.0;
        self.places.extend((0..self.clients).map(|client| Point { x: MARGIN + across * (client as f64 + 0.5), y }));
    }

    /// The first server at the top, the others clockwise; stretched to fill the picture.
    fn place_servers(&mut self) {
        if self.servers == 1 {
            self.places.push(self.middle());
            return;
        }
        let (room, middle) = (self.room_for_servers(), self.middle());
        if self.servers > RING_MAX {
            // The seeds of a sunflower, the first at the rim, where the clients are: equally dense everywhere.
            let golden_angle = PI * (3.0 - 5.0_f64.sqrt());
            let place = |server: usize| {
                let out = ((self.servers - server) as f64 / self.servers as f64).sqrt();
                let angle = server as f64 * golden_angle + if self.is_wide() { PI } else { -FRAC_PI_2 };
                Point { x: middle.x + room.0 / 2.0 * out * angle.cos(), y: middle.y + room.1 / 2.0 * out * angle.sin() }
            };
            self.places = (0..self.servers).map(place).collect();
            return;
        }
        let on_circle: Vec<Point> = self.angles(room).into_iter().map(|t| Point { x: t.cos(), y: t.sin() }).collect();
        let bounds = |value: fn(&Point) -> f64| {
            let values = on_circle.iter().map(value);
            (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max))
        };
        let (xs, ys) = (bounds(|place| place.x), bounds(|place| place.y));
        let stretch = |value: f64, (low, high): (f64, f64), room: f64| {
            if high - low < 1e-6 { 0.0 } else { ((value - low) / (high - low) - 0.5) * room }
        };
        let placed =
            |at: Point| Point { x: middle.x + stretch(at.x, xs, room.0), y: middle.y + stretch(at.y, ys, room.1) };
        self.places = on_circle.into_iter().map(placed).collect();
    }

    /// Where on a circle servers stand: a few at equal angles; many so that on the stretched circle neighbours are equally far apart.
    fn angles(&self, room: (f64, f64)) -> Vec<f64> {
        let first = if self.servers == 2 && self.width > self.height { PI } else { -FRAC_PI_2 };
        let equal = |server: usize| first + TAU * server as f64 / self.servers as f64;
        if self.detail == Detail::Card {
            return (0..self.servers).map(equal).collect();
        }
        let speed = |t: f64| (t.sin() * room.0).hypot(t.cos() * room.1);
        let steps = 1_440_u32;
        let step = TAU / f64::from(steps);
        let ways = (0..steps).map(|n| (f64::from(n) + 0.5) * step);
        let whole: f64 = ways.clone().map(|t| speed(first + t)).sum();
        let mut angles = Vec::with_capacity(self.servers);
        let mut gone = 0.0;
        for t in ways {
            if gone >= whole * angles.len() as f64 / self.servers as f64 {
                angles.push(first + t - step / 2.0);
            }
            gone += speed(first + t);
        }
        angles.truncate(self.servers);
        angles
    }

    /// How far apart the outermost servers' middles may be.
    fn room_for_servers(&self) -> (f64, f64) {
        let width = self.width - self.server.0 - 2.0 * MARGIN;
        let height = self.height - FOOT - self.server.1 - 2.0 * MARGIN;
        if self.is_crowd() && self.is_wide() {
            // Clients stand at the sides.
            return ((width - 2.0 * (self.client.0 + self.leash())).max(0.0), height.max(0.0));
        }
        // Clients of a few servers find room in the corners; around many they need a strip above and below.
        let strip = match (self.detail, self.servers) {
            (Detail::Card, 2) => 0.0,
            (Detail::Card, _) if self.is_wide() => 0.0,
            (Detail::Card, _) => 8.0,
            _ => self.client.1 + self.leash(),
        };
        // A ring as broad as a broad screen would pull the cluster apart.
        let broadest = self.height * if self.servers <= 3 { 1.35 } else { 1.6 };
        (width.min(broadest).max(0.0), (height - 2.0 * strip).max(0.0))
    }

    /// How far a client is from its server, rim to rim: long enough for a message to be seen on the way.
    fn leash(&self) -> f64 {
        match (self.servers, self.is_wide(), self.detail) {
            (1, true, _) => self.width * 0.18,
            (1, false, _) => self.height * 0.16,
            (_, true, Detail::Card) => 84.0,
            (_, true, _) => 40.0,
            (_, false, Detail::Card) => 46.0,
            (_, false, _) => 34.0,
        }
    }

    /// The best place for the next client of a server: at a leash's length, and on nothing.
    fn seat(&self, server: usize) -> Point {
        const STEP: f64 = 8.0;
        let home = self.places[server];
        let half = (self.client.0 / 2.0 + 5.0, self.client.1 / 2.0 + 5.0);
        // Steps are counted from the server, so that a client may stand exactly above or beside it.
        let steps = |home: f64, low: f64, high: f64| {
            let (first, last) = (((low - home) / STEP).ceil(), ((high - home) / STEP).floor());
            let mut step = first;
            core::iter::from_fn(move || {
                let at = home + step * STEP;
                step += 1.0;
                (step - 1.0 <= last).then_some(at)
            })
        };
        let mut best = (f64::MAX, self.middle());
        for y in steps(home.y, half.1, self.height - FOOT - half.1) {
            for x in steps(home.x, half.0, self.width - half.0) {
                let trouble = self.trouble_at(Point { x, y }, server, best.0);
                if trouble < best.0 {
                    best = (trouble, Point { x, y });
                }
            }
        }
        best.1
    }

    /// How bad a place is for a client; no more than needed to see that it is worse than `enough`.
    fn trouble_at(&self, at: Point, server: usize, enough: f64) -> f64 {
        let home = Area::around(self.places[server], self.server);
        let here = Area::around(at, self.client);
        let off = here.gap(home) - self.leash();
        let aligned = (at.x - home.middle.x).abs().min((at.y - home.middle.y).abs());
        let mut trouble = if off < 0.0 { -4.0 * off } else { off } + 0.12 * aligned - 0.02 * at.distance(self.middle());
        if trouble >= enough {
            return trouble;
        }
        for (place, other) in self.places.iter().enumerate() {
            let is_server = place < self.servers;
            let area = Area::around(*other, if is_server { self.server } else { self.client });
            if here.overlaps(area.grown(8.0)) {
                trouble += 100_000.0;
            } else if place != server && area.grown(4.0).is_crossed_by(at, home.middle) {
                trouble += 600.0;
            }
            // Room is left to other clients, and near servers that have a client of their own.
            if !is_server {
                trouble += 1_500.0 / at.distance(*other).max(1.0);
            } else if place != server && place < self.clients {
                trouble += 3_000.0 / (here.gap(area) + 20.0);
            }
        }
        if trouble < enough && self.is_wired() {
            let servers = &self.places[..self.servers];
            let wires = servers.iter().enumerate().flat_map(|(n, a)| servers[n + 1..].iter().map(move |b| (*a, *b)));
            let crossed = wires.filter(|(a, b)| here.grown(8.0).is_crossed_by(*a, *b)).count();
            trouble += 900.0 * crossed as f64;
        }
        trouble
    }
}

/// What the shards are called, those included that stand by.
fn group_names(architecture: &Architecture, shards: &Shards) -> Vec<String> {
    let first = |group: u32| architecture.home(NodeId(group * shards.replicas));
    (0..shards.shards + shards.spares).filter_map(|group| Some(first(group)?.to_string())).collect()
}

/// Where the servers of a shard stand in its box, from -1 to 1, so that no link passes behind a third.
fn seats(count: usize, is_tall: bool) -> Vec<(f64, f64)> {
    match (count, is_tall) {
        (0 | 1, _) => vec![(0.0, 0.0)],
        (2, true) => vec![(0.0, -1.0), (0.0, 1.0)],
        (2, false) => vec![(-1.0, 0.0), (1.0, 0.0)],
        (3, _) => vec![(0.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
        (4, _) => vec![(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
        (count, _) => {
            let angle = |server: usize| TAU * server as f64 / count as f64 - FRAC_PI_2;
            (0..count).map(|server| (angle(server).cos(), angle(server).sin())).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::zoo::catalog::EXHIBITS;

    fn every_layout(mut look: impl FnMut(&Architecture, &Layout)) {
        const PICTURES: [(f64, f64); 4] = [(850.0, 500.0), (1_000.0, 620.0), (340.0, 414.0), (700.0, 380.0)];
        const SHARDS: [(&str, &str, &str); 6] =
            [("1", "1", "0"), ("3", "3", "0"), ("2", "2", "1"), ("4", "3", "1"), ("6", "2", "0"), ("9", "5", "0")];
        let mut look_at = |architecture: &Architecture| {
            for (width, height) in PICTURES {
                for clients in [1, 2, 3, 5] {
                    let architecture = Architecture { clients, ..architecture.clone() };
                    look(&architecture, &Layout::new(&architecture, width, height));
                }
            }
        };
        for exhibit in &EXHIBITS {
            let mut architecture = exhibit.architecture();
            if architecture.sharding.is_none() {
                let sizes: &[u32] = if exhibit.name == "local" {
                    &[1]
                } else {
                    &[1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 20, 50, 61, 300, 1_000]
                };
                // Stores whose servers decide together have so many as they can have.
                let of_size = |&servers: &u32| Architecture { servers, ..architecture.clone() };
                for architecture in sizes.iter().map(of_size).filter(|each| each.validate().is_ok()) {
                    look_at(&architecture);
                }
                look_at(&architecture);
                continue;
            }
            for (shards, replicas, spares) in SHARDS {
                for (name, value) in [("shards", shards), ("spares", spares)] {
                    architecture.set(name, value).expect("a number");
                }
                if architecture.gossip().is_some() {
                    architecture.set("replicas", replicas).expect("a number");
                }
                look_at(&architecture);
            }
        }
    }

    #[test]
    fn nothing_lies_on_anything_and_all_is_inside() {
        every_layout(|architecture, layout| {
            let nodes: Vec<NodeId> = architecture.server_ids().chain(architecture.client_ids()).collect();
            for (place, &a) in nodes.iter().enumerate() {
                let Area { middle, half } = layout.area_of(a);
                let is_inside = middle.x - half.0 >= 0.0
                    && middle.x + half.0 <= layout.width
                    && middle.y - half.1 >= 0.0
                    && middle.y + half.1 <= layout.height;
                assert!(is_inside, "{a}: {layout:?}");
                for &b in &nodes[place + 1..] {
                    assert!(!layout.area_of(a).overlaps(layout.area_of(b)), "{a} on {b}: {layout:?}");
                }
            }
        });
    }

    /// A couple of clients of a few servers stand beside all links, and their own link passes behind nobody.
    #[test]
    fn clients_are_out_of_the_way() {
        every_layout(|architecture, layout| {
            // Where there are shards or tiers, not all servers are linked.
            let all_are_linked = architecture.sharding.is_none() && !layout.has_tiers();
            if layout.detail != Detail::Card || architecture.clients > 2 || !all_are_linked {
                return;
            }
            for (n, client) in architecture.client_ids().enumerate() {
                let area = layout.area_of(client);
                for a in architecture.server_ids() {
                    for b in architecture.server_ids().filter(|b| *b > a) {
                        let is_on = area.is_crossed_by(layout.place_of(a), layout.place_of(b));
                        assert!(!is_on, "{client} on the link {a} {b}: {layout:?}");
                    }
                    let (at, home) = (
                        layout.place_of(client),
                        layout.place_of(NodeId((client.0 - architecture.servers) % architecture.servers)),
                    );
                    let is_behind =
                        a.index() != n % architecture.servers as usize && layout.area_of(a).is_crossed_by(at, home);
                    assert!(!is_behind, "the link of {client} behind {a}: {layout:?}");
                }
            }
        });
    }

    #[test]
    fn a_layout_knows_what_it_suits() {
        let architecture = EXHIBITS[1].architecture();
        let layout = Layout::new(&architecture, 800.0, 500.0);
        assert!(layout.suits(&architecture, 800.0, 500.0));
        assert!(!layout.suits(&architecture, 801.0, 500.0));
        assert!(!layout.suits(&Architecture { clients: 3, ..architecture }, 800.0, 500.0));
        assert!(Layout::new(&EXHIBITS[0].architecture(), 0.0, 0.0).suits(&EXHIBITS[0].architecture(), 0.0, 0.0));
    }

    #[test]
    fn a_line_crosses_an_area_or_not() {
        let area = Area::around(Point { x: 10.0, y: 10.0 }, (4.0, 4.0));
        let point = |x: f64, y: f64| Point { x, y };
        assert!(area.is_crossed_by(point(0.0, 10.0), point(20.0, 10.0)));
        assert!(area.is_crossed_by(point(0.0, 0.0), point(20.0, 20.0)));
        assert!(!area.is_crossed_by(point(0.0, 0.0), point(20.0, 0.0)));
        assert!(!area.is_crossed_by(point(0.0, 10.0), point(7.0, 10.0)));
    }
}
