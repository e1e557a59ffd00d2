//! What a node's disk has not on its platter yet: a small mark at its rim.

use kvs_core::process::NodeId;

use super::Artist;
use super::text::breadth;
use crate::platter;
use crate::stage::layout::Detail;
use crate::stage::markup::{Element, element};

/// The width of a character of 11 pixels.
const CHARACTER: f64 = 6.3;
const HEIGHT: f64 = 18.0;

impl Artist<'_> {
    /// What would be lost with the cache of a node's disk, in words and as a mark; None if nothing would.
    pub(super) fn disk(&self, node: NodeId) -> Option<(String, Element)> {
        let words = platter::unsynced(self.world().disk(node))?;
        let (half_width, half_height) = self.layout.area_of(node).half;
        let is_card = self.layout.detail == Detail::Card;
        let width = HEIGHT + if is_card { breadth(&words) as f64 * CHARACTER + 6.0 } else { 0.0 };
        let left = if is_card { half_width - width - 8.0 } else { half_width - HEIGHT * 0.4 };
        let middle = if is_card { half_height } else { half_height - HEIGHT * 0.1 };
        let pill = element("rect").at("x", left).at("y", middle - HEIGHT / 2.0).at("width", width).at("height", HEIGHT);
        let circle = |radius: f64| element("circle").at("cx", left + HEIGHT / 2.0).at("cy", middle).at("r", radius);
        let text = element("text").text(&words).at("x", left + HEIGHT - 1.0).at("y", middle + 3.8);
        let mark = element("g")
            .key("disk")
            .with("class", "platter")
            .child(element("title").text(format!("{words}: a power cut now may lose it")))
            .child(pill.at("rx", HEIGHT / 2.0))
            .children([circle(5.5), circle(1.6)])
            .children(is_card.then_some(text));
        Some((words, mark))
    }
}
