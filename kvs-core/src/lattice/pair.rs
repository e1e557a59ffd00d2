use serde::{Deserialize, Serialize};

use super::Merge;

/// Two lattices side by side, each merged by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<A, B>(pub A, pub B);

impl<A: Merge, B: Merge> Merge for Pair<A, B> {
    fn merge(&mut self, other: &Self) -> bool {
        let first_changed = self.0.merge(&other.0);
        self.1.merge(&other.1) || first_changed
    }
}
