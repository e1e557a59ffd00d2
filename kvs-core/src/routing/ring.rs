//! A ring of virtual nodes: consistent hashing.
//!
//! Karger et al., *Consistent Hashing and Random Trees*, STOC 1997; virtual nodes as in DeCandia et al., *Dynamo*, SOSP 2007,
//! section 4.2. **Promise**: who joins takes keys from the others and nobody else gains any; who leaves gives keys to the others and nobody
//! else loses any.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::hash::{fnv1a64, mix64};

/// How a ring is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingOptions {
    /// How many places on the ring each member has.
    pub virtual_nodes: u32,
    /// Whether hashes of names are mixed: FNV-1a alone puts names that differ in their last letter close together.
    pub mixes: bool,
    /// What a member's places come from.
    pub placed_by: PlacedBy,
}

impl Default for RingOptions {
    fn default() -> Self {
        Self { virtual_nodes: 100, mixes: true, placed_by: PlacedBy::Name }
    }
}

/// What a member's places on a ring come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlacedBy {
    /// Its name, which it keeps.
    #[default]
    Name,
    /// Its place in the list: if one is taken off the list, all that follow move.
    Ordinal,
}

/// A ring whose members are numbered in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RingRouter {
    /// Each virtual node's position and member, in the order of positions.
    points: Arc<[(u64, u32)]>,
}

impl RingRouter {
    /// The ring of these members.
    pub fn new<'a>(options: RingOptions, members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut points: Vec<(u64, &str, u32)> = Vec::new();
        for (member, name) in (0..).zip(members) {
            points.extend((0..options.virtual_nodes).map(|place| {
                let text = match options.placed_by {
                    PlacedBy::Name => format!("{name}#{place}"),
                    PlacedBy::Ordinal => format!("{member}#{place}"),
                };
                let hash = fnv1a64(text.as_bytes());
                (if options.mixes { mix64(hash) } else { hash }, name, member)
            }));
        }
        points.sort_unstable();
        Self { points: points.into_iter().map(|(position, _, member)| (position, member)).collect() }
    }

    /// The member that owns a position: that of the first virtual node at or after it, around the ring. None if the ring is empty.
    pub fn owner(&self, position: u64) -> Option<u32> {
        let after = self.points.partition_point(|(point, _)| *point < position);
        self.points.get(after).or(self.points.first()).map(|(_, member)| *member)
    }

    /// All virtual nodes, in the order of their positions. Each owns what lies between the one before it and itself.
    pub fn points(&self) -> &[(u64, u32)] {
        &self.points
    }
}
