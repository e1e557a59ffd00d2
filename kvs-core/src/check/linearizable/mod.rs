//! Linearizability: every operation seems to happen at one instant between its call and its return.
//!
//! A history grows by [calls](Linearizability::call) and [returns](Linearizability::returned) in the order in which they happened;
//! [`judge`](Linearizability::judge) may be asked at any time and goes on where it stopped. A history in parts that do not touch (the
//! keys of a store) is linearizable if each part is (Herlihy and Wing, 1990), so each is searched by itself, the smallest first.

pub(crate) mod memo;
mod proof;
mod search;

use alloc::vec::Vec;

use super::model::Model;
use super::{Budget, Undecided, Verdict};
use search::{End, Search, Status};

/// An operation by its place among the calls.
pub type OperationNumber = u32;

/// Why a history is not linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLinearizable {
    /// The operations that contradict each other, whatever the others did, in order of their calls. Last resort of a search that was
    /// too long to be made smaller: all operations of the part that had returned by then.
    pub operations: Vec<OperationNumber>,
    /// Up to this return there is no order; up to the one before there is.
    pub cannot_be_placed: OperationNumber,
}

/// Where an operation is kept.
#[derive(Clone, Copy)]
struct Place {
    part: u32,
    number: u32,
}

/// A history, and the search for its order.
#[derive(Clone)]
pub struct Linearizability<M: Model> {
    model: M,
    places: Vec<Place>,
    parts: Vec<Part<M>>,
    proof: Option<NotLinearizable>,
}

#[derive(Clone)]
struct Part<M: Model> {
    search: Search<M>,
    /// Its operations by their numbers in the whole history.
    operations: Vec<OperationNumber>,
}

impl<M: Model> Linearizability<M> {
    /// An empty history of a store of which each part behaves like the model.
    pub fn new(model: M) -> Self {
        Self { model, places: Vec::new(), parts: Vec::new(), proof: None }
    }

    /// An operation on a part begins. Parts are numbered from 0 without gaps, or the gaps cost memory.
    ///
    /// An operation that never returns may take effect at any time after its call, or never.
    pub fn call(&mut self, part: u32, op: M::Op) -> OperationNumber {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        while self.parts.len() <= part as usize {
            self.parts.push(Part { search: Search::new(self.model.clone()), operations: Vec::new() });
        }
        let home = &mut self.parts[part as usize];
        home.operations.push(number);
        self.places.push(Place { part, number: home.search.call(op) });
        number
    }

    /// An operation has returned with this outcome. What has not been called, or has returned already, is left alone.
    pub fn returned(&mut self, operation: OperationNumber, op: M::Op) {
        self.end(operation, op, End::Done);
    }

    /// An operation is over: if it took effect at all, then before now.
    pub fn returned_unknown(&mut self, operation: OperationNumber, op: M::Op) {
        self.end(operation, op, End::MayBeDone);
    }

    fn end(&mut self, operation: OperationNumber, op: M::Op, end: End) {
        let Some(Place { part, number }) = self.places.get(operation as usize).copied() else { return };
        let search = &mut self.parts[part as usize].search;
        if search.end(number) == End::Open {
            search.returned(number, op, end);
        }
    }

    /// How many operations have been called.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing has been called.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether there is an order, as far as the budget goes. Asked again, it goes on with a new budget where it stopped.
    pub fn judge(&mut self, budget: Budget) -> Verdict<NotLinearizable> {
        if let Some(proof) = &self.proof {
            return Verdict::Broken(proof.clone());
        }
        let mut left = budget;
        let mut open: Vec<usize> = (0..self.parts.len()).filter(|at| !self.parts[*at].search.is_decided()).collect();
        open.sort_by_key(|at| self.parts[*at].search.len());
        // In rounds, so that a part that is hard to decide does not keep one that is easily refuted from being looked at.
        let mut round = 10_000;
        let mut why = Undecided::OutOfSteps;
        while !open.is_empty() && left.steps > 0 {
            let mut still_open = Vec::new();
            let mut has_progress = false;
            for at in open {
                let mut share = Budget { steps: round.min(left.steps), ..budget };
                let before = share.steps;
                let status = self.parts[at].search.run(&mut share);
                left.steps -= before - share.steps;
                match status {
                    Status::Holds => {}
                    Status::Broken(event) => {
                        let proof = self.prove(at, event);
                        self.proof = Some(proof.clone());
                        return Verdict::Broken(proof);
                    }
                    Status::Undecided(reason) => {
                        why = reason;
                        has_progress |= reason == Undecided::OutOfSteps;
                        still_open.push(at);
                    }
                }
            }
            open = still_open;
            round *= 4;
            if !has_progress {
                break;
            }
        }
        if open.is_empty() { Verdict::Holds } else { Verdict::Undecided(why) }
    }

    /// The order in which a part could have served what has been judged so far, if that is decided.
    pub fn order(&self, part: u32) -> Option<Vec<OperationNumber>> {
        let Part { search, operations } = self.parts.get(part as usize)?;
        let decided = search.is_decided() && self.proof.is_none();
        decided.then(|| search.order().map(|number| operations[number as usize]).collect())
    }

    fn prove(&self, part: usize, event: u32) -> NotLinearizable {
        let Part { search, operations } = &self.parts[part];
        let event = search.shortest_broken(event);
        let whole = |number: u32| operations[number as usize];
        NotLinearizable {
            operations: proof::core(&self.model, search, event).into_iter().map(whole).collect(),
            cannot_be_placed: whole(search.operation_of(event)),
        }
    }
}
