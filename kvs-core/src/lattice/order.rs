use serde::{Deserialize, Serialize};

use super::Merge;

/// The greater of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Max<T>(pub T);

impl<T: Ord + Clone> Merge for Max<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let changes = other.0 > self.0;
        if changes {
            self.clone_from(other);
        }
        changes
    }
}

/// The lesser of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Min<T>(pub T);

impl<T: Ord + Clone> Merge for Min<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let changes = other.0 < self.0;
        if changes {
            self.clone_from(other);
        }
        changes
    }
}
