use alloc::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Merge;

/// A set that only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SetUnion<T: Ord>(pub BTreeSet<T>);

impl<T: Ord + Clone> Merge for SetUnion<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.extend(other.0.iter().cloned());
        self.0.len() != before
    }
}
