//! Links between nodes: how long a message takes, and whether it arrives at all.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::choice::{Choose, Probability, Stream};
use crate::process::NodeId;
use crate::time::{Span, Time};

/// How a link treats messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOptions {
    /// The shortest time a message takes.
    pub latency_min: Span,
    /// The longest time a message takes.
    pub latency_max: Span,
    /// How likely a message is lost.
    pub loss: Probability,
    /// How likely a message arrives twice.
    pub duplication: Probability,
    /// Whether messages arrive in the order in which they were sent. Otherwise a quick one overtakes a slow one.
    pub fifo: bool,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            latency_min: Span::from_ms(20),
            latency_max: Span::from_ms(60),
            loss: Probability::NEVER,
            duplication: Probability::NEVER,
            fifo: false,
        }
    }
}

/// One direction between two nodes.
type Link = (NodeId, NodeId);

#[derive(Clone, Debug)]
pub(super) struct Network {
    everywhere: LinkOptions,
    /// Links whose options differ from those of all others.
    special: BTreeMap<Link, LinkOptions>,
    cut: BTreeSet<Link>,
    /// When the last message on a link arrives; kept for links that keep order.
    last_due: BTreeMap<Link, Time>,
    random: Stream,
}

impl Network {
    pub(super) fn new(everywhere: LinkOptions, random: Stream) -> Self {
        Self { everywhere, special: BTreeMap::new(), cut: BTreeSet::new(), last_due: BTreeMap::new(), random }
    }

    pub(super) fn options(&self, link: Link) -> &LinkOptions {
        // Nearly always empty, and asked for every message.
        if self.special.is_empty() { &self.everywhere } else { self.special.get(&link).unwrap_or(&self.everywhere) }
    }

    pub(super) fn set_options_everywhere(&mut self, options: LinkOptions) {
        self.everywhere = options;
        self.special.clear();
    }

    pub(super) fn set_options(&mut self, link: Link, options: LinkOptions) {
        self.special.insert(link, options);
    }

    pub(super) fn is_cut(&self, link: Link) -> bool {
        !self.cut.is_empty() && self.cut.contains(&link)
    }

    pub(super) fn cut(&mut self, link: Link) {
        self.cut.insert(link);
    }

    pub(super) fn heal(&mut self, link: Link) {
        self.cut.remove(&link);
    }

    pub(super) fn heal_everything(&mut self) {
        self.cut.clear();
    }

    pub(super) fn cuts(&self) -> impl Iterator<Item = Link> {
        self.cut.iter().copied()
    }

    pub(super) fn is_lost(&mut self, link: Link) -> bool {
        let loss = self.options(link).loss;
        self.random.chance(loss)
    }

    pub(super) fn is_duplicated(&mut self, link: Link) -> bool {
        let duplication = self.options(link).duplication;
        self.random.chance(duplication)
    }

    /// When a message that leaves now arrives.
    pub(super) fn due(&mut self, link: Link, now: Time) -> Time {
        let options = *self.options(link);
        let spread = options.latency_max - options.latency_min;
        let spread_us = u32::try_from(spread.as_us()).unwrap_or(u32::MAX - 1);
        let due = now + options.latency_min + Span::from_us(u64::from(self.random.choose(spread_us + 1)));
        if !options.fifo {
            return due;
        }
        let last = self.last_due.entry(link).or_default();
        *last = due.max(*last + Span::from_us(1));
        *last
    }
}
