//! Sequential consistency: there is one order of all operations that keeps the order of each process, real time or not.
//!
//! The same search as for linearizability, but what may come next is the next operation of any process. It does not go key by key:
//! keys that are sequentially consistent each by itself need not be so together. Nor is a break final: a write that comes later may
//! explain what could not be explained before, since real time does not count.

use alloc::vec::Vec;

use super::linearizable::memo::{Memo, fingerprint};
use super::model::Model;
use super::{Budget, Undecided, Verdict};

/// An operation by its place among the calls.
pub type OperationNumber = u32;

/// How much one attempt to spare an operation in a proof may cost.
const ATTEMPT: Budget = Budget { steps: 2_000, configurations: 2_000 };
/// A longer history is not made smaller: all its operations are the proof.
const PROOF_MAX: usize = 400;

#[derive(Clone)]
struct Slot<Op> {
    number: OperationNumber,
    part: u32,
    op: Op,
    has_returned: bool,
}

#[derive(Clone)]
struct Step<State> {
    process: usize,
    /// The state of the part before.
    state: State,
    /// The process to try instead; None if nothing is to be tried instead.
    instead: Option<usize>,
}

/// A history, and the search for its order.
#[derive(Clone)]
pub struct SequentialConsistency<M: Model> {
    model: M,
    processes: Vec<Vec<Slot<M::Op>>>,
    /// The process of each operation.
    places: Vec<u32>,
    done: Vec<usize>,
    states: Vec<M::State>,
    path: Vec<Step<M::State>>,
    seen: Memo,
    /// The process to try next.
    next: usize,
    /// Whether the history has grown since the search began.
    has_grown: bool,
    /// What proved the last break.
    proof: Option<Vec<OperationNumber>>,
}

impl<M: Model> SequentialConsistency<M> {
    /// An empty history of a store of which each part behaves like the model.
    pub fn new(model: M) -> Self {
        Self {
            model,
            processes: Vec::new(),
            places: Vec::new(),
            done: Vec::new(),
            states: Vec::new(),
            path: Vec::new(),
            seen: Memo::default(),
            next: 0,
            has_grown: false,
            proof: None,
        }
    }

    /// A process begins an operation on a part. One that never returns may take effect or not, and is the last of its process.
    pub fn call(&mut self, process: u32, part: u32, op: M::Op) -> OperationNumber {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        while self.processes.len() <= process as usize {
            self.processes.push(Vec::new());
            self.done.push(0);
        }
        while self.states.len() <= part as usize {
            self.states.push(self.model.initial());
        }
        self.processes[process as usize].push(Slot { number, part, op, has_returned: false });
        self.places.push(process);
        self.grow();
        number
    }

    /// An operation has returned with this outcome.
    pub fn returned(&mut self, operation: OperationNumber, op: M::Op) {
        let Some(process) = self.places.get(operation as usize) else { return };
        let process = &mut self.processes[*process as usize];
        if let Some(slot) = process.iter_mut().rev().find(|slot| slot.number == operation) {
            (slot.op, slot.has_returned) = (op, true);
        }
        self.grow();
    }

    fn grow(&mut self) {
        (self.has_grown, self.next) = (true, 0);
    }

    /// Whether there is such an order; if not, operations that say so, in order of their calls.
    pub fn judge(&mut self, budget: Budget) -> Verdict<Vec<OperationNumber>> {
        // What contradicted itself most often still does.
        if let Some(proof) = &self.proof
            && self.relaxed(proof).run(ATTEMPT).is_broken()
        {
            return Verdict::Broken(proof.clone());
        }
        self.proof = None;
        match self.run(budget) {
            Verdict::Broken(()) => {
                let proof = self.prove();
                self.proof = Some(proof.clone());
                Verdict::Broken(proof)
            }
            Verdict::Holds => Verdict::Holds,
            Verdict::Undecided(why) => Verdict::Undecided(why),
        }
    }

    fn run(&mut self, mut budget: Budget) -> Verdict<()> {
        loop {
            self.take_reads();
            if self.is_done() {
                return Verdict::Holds;
            }
            if !budget.take() {
                return Verdict::Undecided(Undecided::OutOfSteps);
            }
            if self.seen.len() >= budget.configurations as usize {
                return Verdict::Undecided(Undecided::OutOfMemory);
            }
            if self.take_write() || self.go_back() {
                continue;
            }
            if !self.has_grown {
                return Verdict::Broken(());
            }
            // What was a dead end may be none any more.
            (self.has_grown, self.next, self.seen) = (false, 0, Memo::default());
        }
    }

    fn is_done(&self) -> bool {
        let mut left = self.processes.iter().zip(&self.done).flat_map(|(process, done)| process.iter().skip(*done));
        !left.any(|slot| slot.has_returned)
    }

    /// Takes every read that fits: to move it forward changes nothing for the others.
    fn take_reads(&mut self) {
        let mut process = 0;
        while process < self.processes.len() {
            let Some(slot) = self.processes[process].get(self.done[process]) else {
                process += 1;
                continue;
            };
            let state = &self.states[slot.part as usize];
            if slot.has_returned && self.model.is_read(&slot.op) && self.model.step(state, &slot.op).is_some() {
                let state = state.clone();
                self.done[process] += 1;
                self.path.push(Step { process, state, instead: None });
            } else {
                process += 1;
            }
        }
    }

    fn take_write(&mut self) -> bool {
        while self.next < self.processes.len() {
            let process = self.next;
            self.next += 1;
            let Some(slot) = self.processes[process].get(self.done[process]) else { continue };
            if self.model.is_read(&slot.op) {
                continue;
            }
            let part = slot.part as usize;
            let Some(state) = self.model.step(&self.states[part], &slot.op) else { continue };
            let before = core::mem::replace(&mut self.states[part], state);
            self.done[process] += 1;
            if self.seen.insert(fingerprint(&(&self.done, &self.states))) {
                self.path.push(Step { process, state: before, instead: Some(self.next) });
                self.next = 0;
                return true;
            }
            self.done[process] -= 1;
            self.states[part] = before;
        }
        false
    }

    /// Goes back to the last place where something else may be tried. False if there is none.
    fn go_back(&mut self) -> bool {
        while let Some(Step { process, state, instead }) = self.path.pop() {
            self.done[process] -= 1;
            let part = self.processes[process][self.done[process]].part;
            self.states[part as usize] = state;
            if let Some(instead) = instead {
                self.next = instead;
                return true;
            }
        }
        false
    }

    /// Operations that contradict each other even if all others happened at any time or never.
    fn prove(&self) -> Vec<OperationNumber> {
        let mut kept: Vec<OperationNumber> = (0..u32::try_from(self.places.len()).unwrap_or(u32::MAX)).collect();
        if kept.len() > PROOF_MAX {
            return kept;
        }
        let mut chunk = kept.len().div_ceil(2);
        while chunk > 0 {
            let mut from = 0;
            while from < kept.len() {
                let until = (from + chunk).min(kept.len());
                let rest: Vec<_> = kept[..from].iter().chain(&kept[until..]).copied().collect();
                if self.relaxed(&rest).run(ATTEMPT).is_broken() {
                    kept = rest;
                } else {
                    from = until;
                }
            }
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
        }
        kept
    }

    /// The history of these operations, with every other write in a process of its own that need not happen.
    fn relaxed(&self, kept: &[OperationNumber]) -> Self {
        let mut relaxed = Self::new(self.model.clone());
        let mut others = u32::try_from(self.processes.len()).unwrap_or(u32::MAX);
        for (process, slots) in (0..).zip(&self.processes) {
            for slot in slots {
                if kept.binary_search(&slot.number).is_ok() {
                    let number = relaxed.call(process, slot.part, slot.op.clone());
                    if slot.has_returned {
                        relaxed.returned(number, slot.op.clone());
                    }
                } else if !self.model.is_read(&slot.op) {
                    relaxed.call(others, slot.part, slot.op.clone());
                    others += 1;
                }
            }
        }
        relaxed
    }
}
