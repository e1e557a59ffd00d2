//! What another choice of parts would change of the promises.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::{Architecture, Claim, Fault, Guarantee};

/// A promise that two choices of parts do not have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is promised now.
    Gained(Guarantee),
    /// It is not promised any more.
    Lost(Guarantee),
    /// It ends now by a fault that it did not end by.
    Endangered(Guarantee, Fault),
    /// It does not end any more by a fault.
    Secured(Guarantee, Fault),
}

impl Change {
    /// Whether it is for the better.
    pub fn is_gain(&self) -> bool {
        matches!(self, Self::Gained(_) | Self::Secured(..))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gained(guarantee) => write!(f, "{} now", guarantee.title()),
            Self::Lost(guarantee) => write!(f, "{} no more", guarantee.title()),
            Self::Endangered(guarantee, fault) => write!(f, "{}: ends by {fault}", guarantee.title()),
            Self::Secured(guarantee, fault) => write!(f, "{}: through {fault}, too", guarantee.title()),
        }
    }
}

impl Architecture {
    /// What it promises, without what follows from that.
    pub fn own_claims(&self) -> Vec<Claim> {
        let claims = self.claims();
        let implied: BTreeSet<Guarantee> = claims.iter().flat_map(|claim| claim.guarantee.implied()).copied().collect();
        claims.into_iter().filter(|claim| !implied.contains(&claim.guarantee)).collect()
    }

    /// What would be promised otherwise with these parts instead. What follows from a promise is not named beside it.
    pub fn changes_of_claims(&self, instead: &Self) -> Vec<Change> {
        let (before, after) = (self.claims(), instead.claims());
        let of = |claims: &[Claim], guarantee| claims.iter().find(|claim| claim.guarantee == guarantee).cloned();
        let own = |architecture: &Self| architecture.own_claims().into_iter().map(|claim| claim.guarantee);
        let named: BTreeSet<Guarantee> = own(self).chain(own(instead)).collect();
        let mut changes = Vec::new();
        for guarantee in named {
            match (of(&before, guarantee), of(&after, guarantee)) {
                (None, Some(_)) => changes.push(Change::Gained(guarantee)),
                (Some(_), None) => changes.push(Change::Lost(guarantee)),
                (Some(before), Some(after)) => {
                    let new = after.ended_by.difference(&before.ended_by);
                    let old = before.ended_by.difference(&after.ended_by);
                    changes.extend(new.map(|fault| Change::Endangered(guarantee, *fault)));
                    changes.extend(old.map(|fault| Change::Secured(guarantee, *fault)));
                }
                (None, None) => {}
            }
        }
        // What follows from something that is new need not be named, too.
        let new: BTreeSet<Guarantee> = changes
            .iter()
            .filter_map(|change| if let Change::Gained(guarantee) = change { Some(guarantee.implied()) } else { None })
            .flatten()
            .copied()
            .collect();
        changes.retain(|change| match change {
            Change::Gained(guarantee) | Change::Secured(guarantee, _) => !new.contains(guarantee),
            Change::Lost(_) | Change::Endangered(..) => true,
        });
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo::catalog;

    fn of(name: &str) -> Architecture {
        catalog::exhibit(name).expect("it is in the catalogue").architecture()
    }

    #[test]
    fn the_same_parts_change_nothing() {
        for exhibit in &catalog::EXHIBITS {
            assert_eq!(exhibit.architecture().changes_of_claims(&exhibit.architecture()), []);
        }
    }

    #[test]
    fn raft_in_the_place_of_one_server_outlives_a_crash() {
        let changes = of("local").changes_of_claims(&of("raft"));
        assert!(changes.contains(&Change::Secured(Guarantee::Durability, Fault::Crash)), "{changes:?}");
        assert!(changes.iter().all(Change::is_gain), "{changes:?}");
        let back = of("raft").changes_of_claims(&of("local"));
        assert_eq!(back.len(), changes.len());
        assert!(!back.iter().any(Change::is_gain), "{back:?}");
    }

    #[test]
    fn what_follows_from_a_new_promise_is_not_named_beside_it() {
        let changes = of("replicated").changes_of_claims(&of("local"));
        assert_eq!(changes, [Change::Gained(Guarantee::Linearizability), Change::Lost(Guarantee::Convergence)]);
    }

    #[test]
    fn gossip_gives_one_copy_away() {
        let changes = of("local").changes_of_claims(&of("replicated"));
        assert!(changes.contains(&Change::Lost(Guarantee::Linearizability)), "{changes:?}");
        assert!(changes.contains(&Change::Gained(Guarantee::Convergence)), "{changes:?}");
    }
}
