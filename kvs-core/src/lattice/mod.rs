//! Values that merge: lattices, and three that look like lattices and are not.
//!
//! | type | `merge` | a lattice? |
//! |---|---|---|
//! | [`Max`], [`Min`] | the greater, the lesser | yes |
//! | [`SetUnion`], [`MapUnion`] | what is in either | yes |
//! | [`MapUnionWithTombstones`] | what is in either and was removed in neither | yes |
//! | [`Pair`] | each side by itself | yes |
//! | [`VectorClock`], [`GrowOnlyCounter`], [`UpDownCounter`] | of each replica the greater count | yes |
//! | [`MvRegister`], [`ObservedRemoveSet`] | what one has and the other has not replaced | yes |
//! | [`Lww`] | the later | yes, as long as no timestamp is given out twice |
//! | [`CausalWrapper`] | the one of the greater version, with all that belongs to it | yes, as long as a version names one value |
//! | [`LwwWrapper`] | whatever arrives | **no**: not commutative |
//! | [`DomPair`] | the value under the greater clock | **no**: not associative |
//! | [`JoinedClock`] | one of the values, under both clocks | **no**: not associative |
//!
//! Where `merge` is commutative, associative and idempotent, replicas that have seen the same writes hold the same value, in
//! whatever order and however often the writes arrived. [`Violation`] names the law that a type breaks on given states.

mod causal_wrapper;
mod counter;
mod dom_pair;
mod joined_clock;
mod lww;
mod map_union;
mod mv_register;
mod or_set;
mod order;
mod pair;
mod set_union;
mod vector_clock;

use core::fmt;

pub use causal_wrapper::{CausalWrapper, Dependencies, Version};
pub use counter::{GrowOnlyCounter, UpDownCounter};
pub use dom_pair::DomPair;
pub use joined_clock::JoinedClock;
pub use lww::{Lww, LwwWrapper};
pub use map_union::{MapUnion, MapUnionWithTombstones};
pub use mv_register::{Dot, MvRegister};
pub use or_set::ObservedRemoveSet;
pub use order::{Max, Min};
pub use pair::Pair;
pub use set_union::SetUnion;
pub use vector_clock::{ReplicaId, VectorClock};

/// A value that takes in another one.
pub trait Merge {
    /// Takes in `other`. True if that changed `self`.
    fn merge(&mut self, other: &Self) -> bool;
}

/// A law of lattices that some states break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation<T> {
    /// `a ⊔ b ≠ b ⊔ a`
    Commutativity(T, T),
    /// `(a ⊔ b) ⊔ c ≠ a ⊔ (b ⊔ c)`
    Associativity(T, T, T),
    /// `a ⊔ a ≠ a`
    Idempotence(T),
    /// `merge` did not say truly whether it changed anything.
    Report(T, T),
}

impl<T: fmt::Debug> fmt::Display for Violation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commutativity(a, b) => {
                write!(f, "a ⊔ b differs from b ⊔ a for a = {a:?}, b = {b:?}")
            }
            Self::Associativity(a, b, c) => {
                write!(f, "(a ⊔ b) ⊔ c differs from a ⊔ (b ⊔ c) for a = {a:?}, b = {b:?}, c = {c:?}")
            }
            Self::Idempotence(a) => write!(f, "a ⊔ a differs from a for a = {a:?}"),
            Self::Report(a, b) => write!(f, "merge misreports whether b changed a for a = {a:?}, b = {b:?}"),
        }
    }
}

/// Checks the laws of a lattice on all pairs and triples of some states.
pub fn check_laws<T: Merge + Clone + PartialEq>(states: &[T]) -> Result<(), Violation<T>> {
    let join = |a: &T, b: &T| {
        let mut joined = a.clone();
        let changed = joined.merge(b);
        (joined, changed)
    };
    for a in states {
        if join(a, a).0 != *a {
            return Err(Violation::Idempotence(a.clone()));
        }
        for b in states {
            let (ab, changed) = join(a, b);
            if changed != (ab != *a) {
                return Err(Violation::Report(a.clone(), b.clone()));
            }
            if ab != join(b, a).0 {
                return Err(Violation::Commutativity(a.clone(), b.clone()));
            }
            for c in states {
                if join(&ab, c).0 != join(a, &join(b, c).0).0 {
                    return Err(Violation::Associativity(a.clone(), b.clone(), c.clone()));
                }
            }
        }
    }
    Ok(())
}

/// Whether `a` is below or equal to `b` in the order that `merge` defines: taking `a` in changes nothing.
pub fn is_at_most<T: Merge + Clone>(a: &T, b: &T) -> bool {
    !b.clone().merge(a)
}
