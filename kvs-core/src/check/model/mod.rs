//! Sequential stores: what a client could be told if there were one store and one operation at a time.
//!
//! | model | operations | parts |
//! |---|---|---|
//! | [`Register`] | read, write, compare-and-swap | the key |
//! | [`Text`] | get, put, append, delete | the key |
//! | [`Versioned`] | get, put with an expected version | the key |
//! | [`Counter`] | add, read | the key |
//! | [`Store`] | get, set, delete, exists, size, list, clear, batches | keys that operations are about together |

mod counter;
mod register;
mod store;
mod text;
mod versioned;

use core::hash::Hash;

pub use counter::{Counter, CounterOp};
pub use register::{Register, RegisterOp, Seen};
pub use store::{Store, StoreOp};
pub use text::{Text, TextOp, TextSeen, TextState};
pub(super) use versioned::GENERATION;
pub use versioned::{Versioned, VersionedOp};

/// A value by number: equal values have equal numbers.
pub type Id = u32;

/// A piece of what is left of a history.
#[derive(Clone, Copy, Debug)]
pub enum Left<'a, Op> {
    /// From here on this operation may take effect. What it has seen is known, since it has returned.
    Called(&'a Op),
    /// From here on this operation may take effect, and it has not returned.
    Open(&'a Op),
    /// Before here this operation must have taken effect.
    Returned(&'a Op),
}

/// What can come of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook<State> {
    /// Anything.
    Open(State),
    /// It will be replaced before anybody can see it. This state stands for all of that kind.
    Unseen(State),
    /// No order of what is left begins here.
    Doomed,
}

/// A sequential store.
pub trait Model: Clone {
    /// What it keeps.
    type State: Clone + Eq + Hash;
    /// An operation together with its outcome, as far as it is known.
    type Op: Clone;

    /// What it keeps at first.
    fn initial(&self) -> Self::State;

    /// What it keeps after an operation; None if the operation cannot have that outcome.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Whether the operation, with the outcome it has, changes nothing in any state.
    fn is_read(&self, op: &Self::Op) -> bool;

    /// Whether an operation leads to the same, and has the same outcome, whether another one came right before it or not. "No" is
    /// always right, and slow.
    fn absorbs(&self, op: &Self::Op, before: &Self::Op) -> bool {
        let _ = (op, before);
        false
    }

    /// What can come of a state, as far as that can be told at a glance.
    ///
    /// What is left comes in the order in which it happened. When an operation returns that is open now, all is asked again.
    fn outlook<'a>(&self, state: Self::State, left: impl Iterator<Item = Left<'a, Self::Op>>) -> Outlook<Self::State>
    where
        Self::Op: 'a,
    {
        let _ = left;
        Outlook::Open(state)
    }

    /// Whether an operation that may be left out can make a difference to another one. "Yes" is always right, and slow.
    fn helps(&self, helper: &Self::Op, op: &Self::Op) -> bool {
        let _ = (helper, op);
        true
    }
}
