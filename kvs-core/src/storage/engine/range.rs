use core::ops::{Bound, RangeBounds as _};

use serde::{Deserialize, Serialize};

use crate::op::Key;

/// Keys from one to another, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// Where it begins.
    pub from: Bound<Key>,
    /// Where it ends.
    pub to: Bound<Key>,
}

impl KeyRange {
    /// All keys.
    pub const fn all() -> Self {
        Self { from: Bound::Unbounded, to: Bound::Unbounded }
    }

    /// The keys from one to another; the first is included, the last is not.
    pub fn new(from: &Key, to: &Key) -> Self {
        Self { from: Bound::Included(from.clone()), to: Bound::Excluded(to.clone()) }
    }

    /// From a key on.
    pub fn starting_at(from: &Key) -> Self {
        Self { from: Bound::Included(from.clone()), to: Bound::Unbounded }
    }

    /// Whether a key is in it.
    pub fn contains(&self, key: &Key) -> bool {
        self.bounds().contains(key)
    }

    /// Whether no key can be in it, since it ends before it begins.
    pub fn is_empty(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to) | Bound::Included(to)) => from >= to,
        }
    }

    /// As the standard library says it.
    pub fn bounds(&self) -> (Bound<Key>, Bound<Key>) {
        (self.from.clone(), self.to.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_knows_what_is_in_it_and_when_nothing_can_be() {
        let [a, b, c] = ["a", "b", "c"].map(|key| Key::new(key).expect("short"));
        let range = KeyRange::new(&a, &c);
        assert_eq!([&a, &b, &c].map(|key| range.contains(key)), [true, true, false]);
        assert!(!range.is_empty());
        assert!(KeyRange::new(&c, &a).is_empty());
        assert!(KeyRange::new(&a, &a).is_empty());
        assert!(KeyRange::all().contains(&b));
    }
}
