use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Id, Model};

/// A whole store: its operations see many keys at once, so that it cannot be looked at key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store;

/// An operation on a whole store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOp {
    /// What was read under a key.
    Get(Id, Option<Id>),
    /// A value was kept under a key.
    Set(Id, Id),
    /// Nothing is kept under the key any more; and if the answer said so, whether there was something.
    Delete(Id, Option<bool>),
    /// Whether something was kept under the key.
    Exists(Id, bool),
    /// What was read under several keys at once, in the order of keys.
    MGet(Arc<[(Id, Option<Id>)]>),
    /// An answer that no store gives.
    Impossible,
    /// How many keys there were.
    Size(u64),
    /// Which keys there were, in order of their numbers.
    List(Arc<[Id]>),
    /// Nothing is kept any more.
    Clear,
    /// All of these, one after the other, and nothing in between.
    Batch(Arc<[Self]>),
    /// This value was kept under this key, and is not any more.
    Expire(Id, Id),
}

impl Model for Store {
    /// Key and value, in order of the keys.
    type State = Arc<[(Id, Id)]>;
    type Op = StoreOp;

    fn initial(&self) -> Self::State {
        Arc::default()
    }

    fn step(&self, state: &Self::State, op: &StoreOp) -> Option<Self::State> {
        let place = |key: &Id| state.binary_search_by_key(key, |(key, _)| *key);
        let fits = |fits: bool| fits.then(|| state.clone());
        match op {
            StoreOp::Get(key, seen) => fits(place(key).ok().map(|at| state[at].1) == *seen),
            StoreOp::MGet(seen) => fits(seen.iter().all(|(key, seen)| place(key).ok().map(|at| state[at].1) == *seen)),
            StoreOp::Impossible => None,
            StoreOp::Exists(key, seen) => fits(place(key).is_ok() == *seen),
            StoreOp::Size(seen) => fits(state.len() as u64 == *seen),
            StoreOp::List(seen) => fits(state.iter().map(|(key, _)| key).eq(seen.iter())),
            StoreOp::Set(key, value) => {
                let mut after: Vec<_> = state.to_vec();
                match place(key) {
                    Ok(at) => after[at].1 = *value,
                    Err(at) => after.insert(at, (*key, *value)),
                }
                Some(after.into())
            }
            StoreOp::Delete(key, was_there) => {
                let place = place(key);
                if was_there.is_some_and(|was_there| was_there != place.is_ok()) {
                    return None;
                }
                let mut after: Vec<_> = state.to_vec();
                if let Ok(at) = place {
                    after.remove(at);
                }
                Some(after.into())
            }
            StoreOp::Clear => Some(Arc::default()),
            StoreOp::Batch(ops) => ops.iter().try_fold(state.clone(), |state, op| self.step(&state, op)),
            StoreOp::Expire(key, value) => {
                let at = place(key).ok().filter(|at| state[*at].1 == *value)?;
                let mut after: Vec<_> = state.to_vec();
                after.remove(at);
                Some(after.into())
            }
        }
    }

    fn is_read(&self, op: &StoreOp) -> bool {
        match op {
            // To delete what is not there changes nothing.
            StoreOp::Get(..)
            | StoreOp::MGet(_)
            | StoreOp::Impossible
            | StoreOp::Exists(..)
            | StoreOp::Size(_)
            | StoreOp::List(_)
            | StoreOp::Delete(_, Some(false)) => true,
            StoreOp::Batch(ops) => ops.iter().all(|op| self.is_read(op)),
            StoreOp::Set(..) | StoreOp::Delete(..) | StoreOp::Clear | StoreOp::Expire(..) => false,
        }
    }

    fn absorbs(&self, op: &StoreOp, before: &StoreOp) -> bool {
        match (op, before) {
            (StoreOp::Clear, _) => true,
            (
                StoreOp::Set(key, _) | StoreOp::Delete(key, None),
                StoreOp::Set(other, _) | StoreOp::Delete(other, _) | StoreOp::Expire(other, _),
            ) => key == other,
            _ => false,
        }
    }
}
