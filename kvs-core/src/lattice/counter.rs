use serde::{Deserialize, Serialize};

use super::{Merge, ReplicaId, VectorClock};

/// A counter that only grows: each replica counts by itself, and the sum is read. Shapiro et al. 2011, specification 6.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrowOnlyCounter(VectorClock);

impl GrowOnlyCounter {
    /// A replica counts so many more.
    pub fn add(&mut self, replica: ReplicaId, amount: u64) {
        let count = self.0.get(replica).saturating_add(amount);
        self.0.raise(replica, count);
    }

    /// What all replicas have counted.
    pub fn sum(&self) -> u128 {
        self.0.iter().map(|(_, count)| u128::from(count)).sum()
    }
}

impl Merge for GrowOnlyCounter {
    fn merge(&mut self, other: &Self) -> bool {
        self.0.merge(&other.0)
    }
}

/// A counter that goes up and down: what was added and what was taken away are counted apart. Shapiro et al. 2011, specification 7.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpDownCounter {
    up: GrowOnlyCounter,
    down: GrowOnlyCounter,
}

impl UpDownCounter {
    /// A replica adds an amount, or takes one away.
    pub fn add(&mut self, replica: ReplicaId, amount: i64) {
        let side = if amount < 0 { &mut self.down } else { &mut self.up };
        side.add(replica, amount.unsigned_abs());
    }

    /// What is left.
    pub fn sum(&self) -> i128 {
        let of = |side: &GrowOnlyCounter| i128::try_from(side.sum()).unwrap_or(i128::MAX);
        of(&self.up) - of(&self.down)
    }
}

impl Merge for UpDownCounter {
    fn merge(&mut self, other: &Self) -> bool {
        let went_up = self.up.merge(&other.up);
        self.down.merge(&other.down) || went_up
    }
}
