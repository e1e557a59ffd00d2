//! Messages on their way, with the words beside them, and the places where some have just died.

use std::collections::BTreeMap;

use kvs_core::process::NodeId;
use kvs_core::server::Message;
use kvs_core::sim::{Entry, What, summarize};
use kvs_core::world::{Letter, Sequence, Whereabouts};

use super::text::{breadth, clip};
use super::{Artist, Lane, line, shape, translate};
use crate::player::script::Lit;
use crate::stage::kinds::look;
use crate::stage::layout::{Area, Layout, Point};
use crate::stage::markup::{Element, element, number};
use crate::store::Selection;

/// With more messages than this on their way, only about so many are drawn.
const MESSAGES_MAX: usize = 200;
/// The same where they are specks.
const SPECKS_MAX: usize = 1_000;
/// Half the width of a speck.
const SPECK: f64 = 2.6;
/// With more than this, messages show their letter only.
const LABELS_MAX: usize = 14;
/// With more than this, they leave no trail.
const TRAILS_MAX: usize = 60;
/// How far from the wire messages travel, and how far from the rims of nodes they begin and end.
const ASIDE: f64 = 9.0;
const INSET: f64 = 13.0;
/// The width of a character of a label.
const CHARACTER: f64 = 7.1;
const LABEL_HEIGHT: f64 = 20.0;

const CROSS: &str = "M-5-5L5 5M5-5L-5 5";
/// A tip to the right of an outline.
const TIP: &str = "M9-7L19 0L9 7Z";

/// With more messages than this on their way, only about so many are drawn.
pub fn messages_max(layout: &Layout) -> usize {
    if layout.is_crowd() { SPECKS_MAX } else { MESSAGES_MAX }
}

/// Whether a message is among about so many that stand for all. Who is stays so while there are not many more or fewer: a picture in
/// which everything moves must not flicker. What is new or old makes no difference, or all that are drawn would be near their senders.
fn is_drawn(id: Sequence, all: usize, about: usize) -> bool {
    // Spread by Knuth's multiplication: messages of one kind often have numbers that lie equally far apart.
    let spread = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    spread * (all as u64) < (about as u64) << 32
}

/// A message, and where it is drawn.
pub(super) struct Flight<'a> {
    pub(super) id: Sequence,
    pub(super) at: Whereabouts,
    pub(super) letter: &'a Letter<Message>,
    pub(super) place: Point,
    /// How much of the way is behind it.
    part: f64,
    lane: Lane,
}

impl Artist<'_> {
    /// Every message that is drawn, oldest first.
    pub(super) fn flights(&self) -> Vec<Flight<'_>> {
        let mut letters = self.world().letters();
        let (all, about) = (letters.len(), messages_max(self.layout));
        letters.retain(|(id, _, _)| is_drawn(*id, all, about) || self.view.selection == Selection::Message(*id));
        let letters = &letters;
        // Those that stand still on the same lane stand side by side.
        let mut queues: BTreeMap<(NodeId, NodeId, bool), (usize, usize)> = BTreeMap::new();
        let queue_of = |at: &Whereabouts, letter: &Letter<Message>| {
            let is_parked = *at == Whereabouts::Parked;
            let stands = self.view.still || !matches!(at, Whereabouts::Travelling(_));
            stands.then_some((letter.from, letter.to, is_parked))
        };
        for (_, at, letter) in letters {
            if let Some(queue) = queue_of(at, letter) {
                queues.entry(queue).or_default().1 += 1;
            }
        }
        let mut flights = Vec::with_capacity(letters.len());
        for &(id, at, letter) in letters {
            let rank = queue_of(&at, letter).and_then(|queue| queues.get_mut(&queue)).map(|(rank, all)| {
                *rank += 1;
                (*rank - 1, *all)
            });
            let part = self.part(at, letter);
            let (aside, inset) = if self.layout.is_crowd() { (0.0, 0.0) } else { (ASIDE, INSET) };
            let lane = self.lane(letter.from, letter.to, aside, inset);
            let length = lane.start.distance(lane.end);
            let shown_at = match rank {
                None => part,
                Some((rank, all)) => standing_at(at, rank, all, length),
            };
            flights.push(Flight { id, at, letter, place: lane.start.towards(lane.end, shown_at), part, lane });
        }
        flights
    }

    /// How much of its way a message has behind it.
    fn part(&self, at: Whereabouts, letter: &Letter<Message>) -> f64 {
        match at {
            Whereabouts::Parked => 0.0,
            Whereabouts::Held => 0.5,
            Whereabouts::Travelling(due) => {
                let (gone, whole) = (self.player.now().since(letter.sent).as_us(), due.since(letter.sent).as_us());
                (gone as f64 / whole.max(1) as f64).clamp(0.0, 1.0)
            }
        }
    }

    /// Each message; among hundreds of servers, where messages go is to be seen and not what each says: those of a kind in one
    /// stroke.
    pub(super) fn messages(&self, flights: &[Flight<'_>]) -> Vec<Element> {
        if !self.layout.is_crowd() {
            return flights.iter().map(|flight| self.message(flight)).collect();
        }
        let (apart, together): (Vec<_>, Vec<_>) =
            flights.iter().partition(|flight| self.is_picked(flight) || self.is_lit(flight));
        let mut strokes: BTreeMap<&str, String> = BTreeMap::new();
        for Flight { letter, place, .. } in together {
            let stroke = strokes.entry(look(letter.message.kind()).class).or_default();
            // Round ends make a dot of a line without a length.
            stroke.push_str(&format!("M{} {}h0", number(place.x), number(place.y)));
        }
        let strokes = strokes.into_iter().map(|(class, dots)| shape(&format!("specks {class}"), &dots).key(class));
        strokes.chain(apart.into_iter().map(|flight| self.message(flight))).collect()
    }

    fn is_picked(&self, flight: &Flight<'_>) -> bool {
        self.view.selection == Selection::Message(flight.id)
    }

    fn is_lit(&self, flight: &Flight<'_>) -> bool {
        match &self.view.lit {
            Lit::Messages(pattern) => pattern.matches(flight.letter.from, flight.letter.to, &flight.letter.message),
            _ => false,
        }
    }

    fn message(&self, flight: &Flight<'_>) -> Element {
        let Flight { id, at, letter, place, part, lane } = flight;
        let look = look(letter.message.kind());
        let picked = if self.is_picked(flight) { " picked" } else { "" };
        let lit = if self.is_lit(flight) { " lit" } else { "" };
        let (state, words) = match at {
            Whereabouts::Travelling(_) => ("flying", "on its way"),
            Whereabouts::Held => ("held", "held"),
            Whereabouts::Parked => ("parked", "waiting for the sender's disk"),
        };
        let (from, to) = (self.name(letter.from), self.name(letter.to));
        let angle = lane.direction.1.atan2(lane.direction.0).to_degrees();
        let message = element("g")
            .key(id.0.to_string())
            .with("class", format!("message {} {state}{picked}{lit}", look.class))
            .with("data-message", id.0.to_string())
            .with("role", "button")
            .with("tabindex", "-1")
            .with("aria-label", format!("{} from {from} to {to}: {}; {words}.", look.kind, summarize(&letter.message)))
            .with("transform", translate(*place));
        if self.layout.is_crowd() {
            return message.child(element("circle").with("class", "body").at("r", SPECK));
        }
        let message = message
            .child(element("circle").with("class", "reach").at("r", 22.0))
            .child(shape("tip", TIP).with("transform", format!("rotate({})", number(angle))))
            .child(shape("body", look.shape.path()))
            .child(
                element("text").with("class", "letter").with("aria-hidden", "true").with("dy", "4.2").text(look.letter),
            );
        if self.view.still { message.child(progress(*part)) } else { message }
    }

    /// Where messages have come from: makes a picture that stands still say which way they go.
    pub(super) fn trails(&self, flights: &[Flight<'_>]) -> Vec<Element> {
        if flights.len() > TRAILS_MAX {
            return Vec::new();
        }
        let trail = |flight: &Flight<'_>| {
            let class = format!("trail {}", look(flight.letter.message.kind()).class);
            line(&class, flight.lane.start, flight.place).key(flight.id.0.to_string())
        };
        flights.iter().filter(|flight| flight.at != Whereabouts::Parked).map(trail).collect()
    }

    // ---- words beside messages

    /// What messages say, as far as there is room: no label lies on another, on a node or on a message.
    pub(super) fn labels(&self, flights: &[Flight<'_>]) -> Vec<Element> {
        let nodes = self.player.world().node_ids().map(|node| self.layout.area_of(node));
        let bodies = flights.iter().map(|flight| Area::around(flight.place, (22.0, 22.0)));
        let mut taken: Vec<Area> = nodes.chain(bodies).collect();
        let mut labels = Vec::new();
        let is_picked = |flight: &&Flight<'_>| self.is_picked(flight);
        let few = if flights.len() <= LABELS_MAX { flights } else { &[] };
        for flight in flights.iter().filter(is_picked).chain(few.iter().filter(|flight| !is_picked(flight))) {
            let says = format!("{} {}", flight.letter.message.kind(), summarize(&flight.letter.message));
            let says = clip(&says, 28);
            let size = (breadth(&says) as f64 * CHARACTER + 14.0, LABEL_HEIGHT);
            let free = self.beside(flight, size).find(|area| self.is_free(*area, &taken));
            if let Some(area) = free {
                taken.push(area.grown(2.0));
                labels.push(label(flight, area, &says));
            }
        }
        labels
    }

    /// Where a label may be: off the wire, on the wire's other side, ahead, behind, and at the corners.
    fn beside(&self, flight: &Flight<'_>, size: (f64, f64)) -> impl Iterator<Item = Area> {
        let (ux, uy) = flight.lane.direction;
        let Point { x, y } = flight.place;
        let reach = (16.0 + size.0 / 2.0, 15.0 + size.1 / 2.0);
        let times = |reach: f64, part: f64| if part.abs() < 1e-6 { f64::MAX } else { reach / part.abs() };
        let along = [(-uy, ux), (uy, -ux), (ux, uy), (-ux, -uy)].map(move |(dx, dy)| {
            let far = times(reach.0, dx).min(times(reach.1, dy));
            Point { x: x + dx * far, y: y + dy * far }
        });
        let aside = size.0 / 2.0 - 10.0;
        let corners = [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]
            .map(move |(dx, dy)| Point { x: x + dx * aside, y: y + dy * reach.1 });
        along.into_iter().chain(corners).map(move |middle| Area::around(middle, size))
    }

    fn is_free(&self, area: Area, taken: &[Area]) -> bool {
        let Area { middle: Point { x, y }, half } = area;
        let is_inside = x - half.0 > 2.0
            && x + half.0 < self.layout.width - 2.0
            && y - half.1 > 2.0
            && y + half.1 < self.layout.height - 2.0;
        is_inside && !taken.iter().any(|other| other.overlaps(area))
    }

    // ---- messages that are no more

    /// Messages that were lost a moment ago, where they died.
    pub(super) fn flashes(&self) -> Vec<Element> {
        let (now, afterglow) = (self.player.now(), self.afterglow());
        let recent = self.player.trace().iter().rev().take_while(|entry| now.since(entry.time) < afterglow);
        recent.take(400).filter_map(|entry| self.flash(entry)).take(40).collect()
    }

    fn flash(&self, entry: &Entry) -> Option<Element> {
        let What::Lost { id, from, to, message, .. } = &entry.what else { return None };
        let lane = self.lane(*from, *to, ASIDE, INSET);
        let part = self.part_when_lost(*id, entry).unwrap_or(0.5);
        let mark = element("g")
            .key(format!("lost{}", id.0))
            .with("class", format!("lost {}", look(message.kind()).class))
            .with("transform", translate(lane.start.towards(lane.end, part)))
            .with("opacity", number(self.freshness(self.player.now().since(entry.time)).max(0.3)))
            .child(shape("ghost", look(message.kind()).shape.path()))
            .child(shape("sign", CROSS));
        Some(mark)
    }

    /// How far a message had come when it was lost; none if it never left.
    fn part_when_lost(&self, lost: Sequence, entry: &Entry) -> Option<f64> {
        self.player.trace().iter().rev().take(2_000).find_map(|earlier| match earlier.what {
            What::Sent { id, due, .. } if id == lost => {
                let (gone, whole) = (entry.time.since(earlier.time).as_us(), due.since(earlier.time).as_us());
                Some((gone as f64 / whole.max(1) as f64).clamp(0.0, 1.0))
            }
            _ => None,
        })
    }
}

/// Where on a lane of some length the n-th of those is that stand there.
fn standing_at(at: Whereabouts, rank: usize, all: usize, length: f64) -> f64 {
    let apart = (30.0 / length.max(1.0)).min(0.8 / all.max(1) as f64);
    let off = rank as f64 - (all as f64 - 1.0) / 2.0;
    match at {
        Whereabouts::Parked => rank as f64 * apart,
        Whereabouts::Held | Whereabouts::Travelling(_) => 0.55 + off * apart,
    }
}

/// Four dots; as many are full as quarters of the way are behind.
fn progress(part: f64) -> Element {
    let dot = |quarter: u32| {
        let class = if part * 4.0 > f64::from(quarter) { "full" } else { "empty" };
        element("circle").with("class", class).at("cx", f64::from(quarter) * 6.0 - 9.0).at("cy", 17.0).at("r", 2.0)
    };
    element("g").with("class", "progress").children((0..4).map(dot))
}

fn label(flight: &Flight<'_>, area: Area, says: &str) -> Element {
    let look = look(flight.letter.message.kind());
    let (width, height) = (area.half.0 * 2.0, area.half.1 * 2.0);
    element("g")
        .key(flight.id.0.to_string())
        .with("class", format!("label {}", look.class))
        .with("transform", translate(Point { x: area.middle.x - area.half.0, y: area.middle.y }))
        .child(element("rect").at("y", -height / 2.0).at("width", width).at("height", height).at("rx", 6.0))
        .child(element("text").at("x", 7.0).with("dy", "4.2").text(says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::player::Player;
    use crate::stage::scene::{View, scene};
    use kvs_core::server::Traffic;
    use kvs_core::sim::{Input, Recording};
    use kvs_core::time::{Span, Time};
    use kvs_core::zoo::{Architecture, catalog};

    #[test]
    fn in_a_crowd_messages_are_dots_but_for_the_one_that_is_picked() {
        let exhibit = catalog::exhibit("replicated").expect("a store");
        let mut player = Player::new(Recording::new(Architecture { servers: 100, ..exhibit.architecture() }, 1));
        let traffic = Traffic { every: Span::from_ms(50), keys: 5, reads_percent: 50 };
        for command in [Command::Input(Input::Traffic(Some(traffic))), Command::Seek(Time::from_us(1_500_000))] {
            let _changes = player.apply(command).expect("it makes sense");
        }
        let letters = player.world().letters();
        let (picked, _, _) = *letters.first().expect("something is on its way");
        let layout = Layout::new(player.architecture(), 850.0, 500.0);
        let drawn = |selection: Selection| {
            let mut text = String::new();
            scene(&player, &layout, View { selection, ..View::default() }).print(&mut text);
            (text.matches("h0").count(), text.matches("data-message").count())
        };
        assert_eq!(drawn(Selection::Nothing), (letters.len(), 0));
        assert_eq!(drawn(Selection::Message(picked)), (letters.len() - 1, 1));
    }

    #[test]
    fn those_that_are_drawn_are_of_every_age_and_stay_so() {
        let drawn =
            |all: usize| -> Vec<u64> { (0..10_000).filter(|id| is_drawn(Sequence(*id), all, MESSAGES_MAX)).collect() };
        let some = drawn(10_000);
        assert!(some.len().abs_diff(MESSAGES_MAX) <= MESSAGES_MAX / 10, "{}", some.len());
        let of_age = |tenth: u64| some.iter().filter(|id| **id / 1_000 == tenth).count();
        assert!((0..10).all(|tenth| of_age(tenth).abs_diff(MESSAGES_MAX / 10) <= MESSAGES_MAX / 20), "{some:?}");
        let later = drawn(10_100);
        assert!(later.iter().all(|id| some.contains(id)) && some.len() - later.len() <= 4, "{}", later.len());
        assert_eq!(drawn(MESSAGES_MAX).len(), 10_000, "few are all drawn");
    }
}
