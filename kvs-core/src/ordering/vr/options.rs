use serde::{Deserialize, Serialize};

use crate::time::Span;

/// What can be turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VrOptions {
    /// The least time without a sign of the primary after which a replica asks for a new view. Each draws its own, up to twice as long.
    pub view_change_timeout: Span,
    /// How often a primary gives a sign of life, and whoever waits asks again.
    pub commit_interval: Span,
    /// What must not be left out.
    pub rules: Rules,
}

/// What must not be left out. Every rule that is switched off can be seen to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// A new primary takes the log of the latest view, and of these the longest. Section 4.2, step 3.
    pub takes_longest_log: bool,
    /// Whoever comes back from a crash takes part when a majority has told him where they are. Section 4.3.
    pub recovers_by_quorum: bool,
    /// A replica remembers through a crash up to which view it has gone. Not in the paper, and needed: see the pitfalls.
    pub keeps_view: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { takes_longest_log: true, recovers_by_quorum: true, keeps_view: true }
    }
}

impl Default for VrOptions {
    fn default() -> Self {
        Self { view_change_timeout: Span::from_ms(300), commit_interval: Span::from_ms(75), rules: Rules::default() }
    }
}

impl VrOptions {
    /// The longest silence before a replica acts.
    pub fn longest_silence(&self) -> Span {
        self.view_change_timeout.saturating_mul(2)
    }
}
