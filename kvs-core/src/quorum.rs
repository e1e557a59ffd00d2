//! Majorities.

use alloc::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::process::NodeId;

/// The least number of `n` that are more than half of them: two such groups share a member.
pub const fn majority(n: u32) -> u32 {
    n / 2 + 1
}

/// Votes for one thing. Each voter counts once, unless votes are counted by messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    voters: BTreeSet<NodeId>,
    repeated: u32,
    counted: Counted,
}

/// What counts as a vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// A voter, however often it is heard.
    #[default]
    Voters,
    /// A message: whoever is heard twice has voted twice.
    Messages,
}

impl Votes {
    /// No votes yet.
    pub fn new(counted: Counted) -> Self {
        Self { counted, ..Self::default() }
    }

    /// Somebody votes. Returns how many votes there are now.
    pub fn add(&mut self, voter: NodeId) -> u32 {
        let is_new = self.voters.insert(voter);
        if !is_new && self.counted == Counted::Messages {
            self.repeated += 1;
        }
        self.count()
    }

    /// How many votes there are.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub fn count(&self) -> u32 {
        self.voters.len() as u32 + self.repeated
    }

    /// Who has voted.
    pub fn voters(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.voters.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_majorities_share_a_member() {
        for n in 1..20 {
            assert!(2 * majority(n) > n && 2 * (majority(n) - 1) <= n);
        }
    }

    #[test]
    fn a_voter_who_is_heard_twice_counts_once() {
        let (one, other) = (NodeId(1), NodeId(2));
        let mut votes = Votes::default();
        assert_eq!([votes.add(one), votes.add(one), votes.add(other)], [1, 1, 2]);
        let mut messages = Votes::new(Counted::Messages);
        assert_eq!([messages.add(one), messages.add(one)], [1, 2]);
    }
}
