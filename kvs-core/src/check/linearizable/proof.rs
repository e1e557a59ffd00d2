//! Why there is no order: the few operations that say so.
//!
//! An operation that is left out of the proof may have happened at any time or never: then it cannot be what forbids an order. What is
//! left is a set of operations of which none can be spared, so that their times and outcomes alone contradict each other.

use alloc::vec::Vec;
use core::cell::Cell;

use super::search::{End, Search, Status};
use crate::check::Budget;
use crate::check::model::Model;

/// How much one attempt to spare operations may cost. A proof with an operation too many is a proof as well.
const ATTEMPT: Budget = Budget { steps: 30_000, configurations: 30_000 };
/// How much all attempts together may cost, in looks at a pair of operations and in steps of the model.
const ATTEMPTS: u64 = 200_000_000;

/// One operation of a history that has no order.
struct Operation<'a, Op> {
    number: u32,
    op: &'a Op,
    end: End,
    /// The places of its call and its return in the history.
    call: usize,
    returned: Option<usize>,
}

/// The operations that prove it, by number and in order of their calls, of a history that has no order up to this return.
pub(super) fn core<M: Model>(model: &M, search: &Search<M>, last: u32) -> Vec<u32> {
    let mut operations: Vec<Operation<'_, M::Op>> = Vec::new();
    let mut places = alloc::collections::BTreeMap::new();
    for (place, (number, is_call)) in search.events_up_to(last).enumerate() {
        if is_call {
            places.insert(number, operations.len());
            let op = search.op(number);
            operations.push(Operation { number, op, end: End::Open, call: place, returned: None });
        } else if let Some(operation) = places.get(&number).and_then(|at| operations.get_mut(*at)) {
            operation.end = search.end(number);
            operation.returned = Some(place);
        }
    }
    let left = Cell::new(ATTEMPTS);
    let is_proof = |kept: &[usize]| {
        let cost = (kept.len() * operations.len()) as u64 + ATTEMPT.steps;
        left.set(left.get().saturating_sub(cost));
        left.get() > 0 && is_illegal(model, &operations, kept)
    };

    // The end of the history is where the trouble is: first the last two operations, then the last four, and so on; each time also
    // with whatever could explain what they saw.
    let mut kept: Vec<usize> = (0..operations.len()).collect();
    let mut by_return = kept.clone();
    by_return.sort_by_key(|at| operations[*at].returned.unwrap_or(operations[*at].call));
    let mut size = 2;
    while size < kept.len() && left.get() > 0 {
        let mut window = by_return[by_return.len() - size..].to_vec();
        window.sort_unstable();
        let explains = |at: &usize| window.iter().any(|by| model.helps(operations[*at].op, operations[*by].op));
        let is_in = |at: &usize| window.binary_search(at).is_ok();
        let with_help: Vec<usize> = (0..operations.len()).filter(|at| is_in(at) || explains(at)).collect();
        if let Some(found) = [window, with_help].into_iter().find(|kept| is_proof(kept)) {
            kept = found;
            break;
        }
        size *= 2;
    }

    // Then spare what can be spared, halves first, single ones last.
    let mut chunk = kept.len().div_ceil(2);
    while chunk > 0 {
        let mut from = 0;
        while from < kept.len() && left.get() > 0 {
            let until = (from + chunk).min(kept.len());
            let rest: Vec<usize> = kept[..from].iter().chain(&kept[until..]).copied().collect();
            if is_proof(&rest) {
                kept = rest;
            } else {
                from = until;
            }
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    kept.into_iter().map(|at| operations[at].number).collect()
}

/// Whether these operations contradict each other, whenever and whether ever the others happened.
fn is_illegal<M: Model>(model: &M, operations: &[Operation<'_, M::Op>], kept: &[usize]) -> bool {
    let is_kept = |at: usize| kept.binary_search(&at).is_ok();
    // Of the others only those matter that change something that one of these could see.
    let mut matters: Vec<bool> = (0..operations.len()).map(is_kept).collect();
    let mut seen: Vec<usize> = kept.to_vec();
    while let Some(by) = seen.pop() {
        for (at, other) in operations.iter().enumerate() {
            if !matters[at] && !model.is_read(other.op) && model.helps(other.op, operations[by].op) {
                matters[at] = true;
                seen.push(at);
            }
        }
    }
    let mut search = Search::new(model.clone());
    for (at, other) in operations.iter().enumerate() {
        if matters[at] && !is_kept(at) {
            search.call(other.op.clone());
        }
    }
    let mut events: Vec<(usize, usize, bool)> = Vec::new();
    for &at in kept {
        events.push((operations[at].call, at, true));
        events.extend(operations[at].returned.map(|place| (place, at, false)));
    }
    events.sort_unstable();
    let mut numbers = alloc::collections::BTreeMap::new();
    for (_, at, is_call) in events {
        let Operation { op, end, .. } = &operations[at];
        if is_call {
            numbers.insert(at, search.call((*op).clone()));
        } else if let Some(number) = numbers.get(&at) {
            search.returned(*number, (*op).clone(), *end);
        }
    }
    matches!(search.run(&mut ATTEMPT.clone()), Status::Broken(_))
}
