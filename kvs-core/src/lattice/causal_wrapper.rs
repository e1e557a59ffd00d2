use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{MapUnion, Max, Merge, ReplicaId};
use crate::op::Key;

/// The name of a write: a Lamport time and who wrote it. One total order, in which a write comes after all that its writer knew of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// One more than everything the writer knew of. Lamport, *Time, Clocks, and the Ordering of Events*, CACM 1978.
    pub lamport: u64,
    /// The writer.
    pub replica: ReplicaId,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of {}", self.lamport, self.replica)
    }
}

/// Of each key the least version that whoever depends on this must see.
pub type Dependencies = MapUnion<Key, Max<Version>>;

impl Dependencies {
    /// On one version of one key.
    pub fn on(key: &Key, version: Version) -> Self {
        Self(BTreeMap::from([(key.clone(), Max(version))]))
    }
}

/// A value with its version and what it depends on, which are replaced as one. The greatest version wins everywhere.
///
/// Versions extend causality: what overwrites a value in the knowledge of it is greater. Lloyd et al., *Don't Settle for Eventual: Scalable
/// Causal Consistency for Wide-Area Storage with COPS*, SOSP 2011, call that "causal+".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CausalWrapper<T> {
    /// Its version.
    pub version: Version,
    /// The value.
    pub value: T,
    /// What its writer had seen.
    pub dependencies: Arc<Dependencies>,
}

impl<T: Clone> Merge for CausalWrapper<T> {
    fn merge(&mut self, other: &Self) -> bool {
        let is_newer = other.version > self.version;
        if is_newer {
            self.clone_from(other);
        }
        is_newer
    }
}
