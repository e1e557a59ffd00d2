//! The search for one order of all operations that a sequential store could have served.
//!
//! Wing and Gong's search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of configurations ("Testing for
//! linearizability", 2017): take any operation that was called before the first return that is still open, go back from dead ends, and
//! never look at a configuration (operations taken, state) twice. Beyond the papers:
//!
//! - An operation that only reads is taken as soon as the state fits, and nothing else is tried in its place: to move it forward
//!   changes nothing for the others.
//! - Operations without a return are tried last, and never have to be taken. None is taken right before an operation that leads to the
//!   same without it: the order without it would do as well.
//! - The search goes on where it stopped when the history grows: a dead end stays one, since no later operation can stand before a
//!   return that has happened. Only what was decided while the operation that now returned was under way is taken back.

use alloc::vec::Vec;
use core::cell::Cell;

use super::memo::{ShortMemo, fingerprint, member};
use crate::check::model::{Left, Model, Outlook};
use crate::check::{Budget, Undecided};

/// What it may cost to find out about a shorter history.
const PREFIX: Budget = Budget { steps: 2_000_000, configurations: 1_000_000 };
/// No event.
const NONE: u32 = u32::MAX;

/// What is known of the return of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There is none: it may take effect at any time after its call, or never.
    Open,
    /// It took effect before its return.
    Done,
    /// If it took effect at all, then before its return.
    MayBeDone,
}

#[derive(Clone)]
struct Slot<Op> {
    op: Op,
    call: u32,
    end: End,
    returned: u32,
    is_read: bool,
}

/// A call or a return. Those of operations that are not taken form a list, in order.
#[derive(Clone, Copy)]
struct Event {
    operation: u32,
    is_call: bool,
    next: u32,
    previous: u32,
}

/// What the search tries next at the present configuration.
#[derive(Clone, Copy)]
enum Cursor {
    /// Every read that fits.
    Reads,
    /// Writes that have returned, from this event on.
    Writes(u32),
    /// Writes that have not, from this event on.
    Open(u32),
    /// Nothing is left.
    Exhausted,
}

#[derive(Clone)]
struct Step<State> {
    operation: u32,
    /// The state before.
    state: State,
    /// What to try instead; None if there is nothing to try instead.
    instead: Option<Cursor>,
    /// How many events there were when it was taken.
    events: u32,
}

/// What a search has found so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Holds,
    /// There is no order, not even of the history up to this event, which is a return.
    Broken(u32),
    Undecided(Undecided),
}

#[derive(Clone)]
pub(super) struct Search<M: Model> {
    model: M,
    slots: Vec<Slot<M::Op>>,
    events: Vec<Event>,
    first: u32,
    last: u32,
    /// Events that were the last of the list when they left it: what is appended meanwhile comes after them.
    left_last: Vec<u32>,
    path: Vec<Step<M::State>>,
    state: M::State,
    /// The fingerprint of the set of operations on the path.
    taken: u128,
    /// The last operation on the path, if it has not returned: what comes next must need it.
    last_open: Option<u32>,
    seen: ShortMemo,
    /// How many operations have not returned.
    under_way: u32,
    /// How many operations have returned and are not taken.
    missing: u32,
    cursor: Cursor,
    /// The history up to this return has no order, if there is none.
    furthest: u32,
    /// Whether a shorter history may have none.
    has_looked_ahead: bool,
    is_broken: bool,
}

impl<M: Model> Search<M> {
    pub(super) fn new(model: M) -> Self {
        Self {
            state: model.initial(),
            model,
            slots: Vec::new(),
            events: Vec::new(),
            first: NONE,
            last: NONE,
            left_last: Vec::new(),
            path: Vec::new(),
            taken: 0,
            last_open: None,
            seen: ShortMemo::default(),
            under_way: 0,
            missing: 0,
            cursor: Cursor::Reads,
            furthest: 0,
            has_looked_ahead: false,
            is_broken: false,
        }
    }

    /// How many operations there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is nothing left to find out.
    pub(super) fn is_decided(&self) -> bool {
        self.missing == 0 || self.is_broken
    }

    pub(super) fn op(&self, operation: u32) -> &M::Op {
        &self.slots[operation as usize].op
    }

    /// The calls (true) and returns up to an event, in order.
    pub(super) fn events_up_to(&self, last: u32) -> impl Iterator<Item = (u32, bool)> {
        self.events.iter().take(last as usize + 1).map(|event| (event.operation, event.is_call))
    }

    pub(super) fn end(&self, operation: u32) -> End {
        self.slots[operation as usize].end
    }

    pub(super) fn operation_of(&self, event: u32) -> u32 {
        self.events[event as usize].operation
    }

    /// The shortest history that has no order, if one has none up to this return.
    pub(super) fn shortest_broken(&self, last: u32) -> u32 {
        if !self.has_looked_ahead {
            return last;
        }
        let returns: Vec<u32> = (0..=last).filter(|event| !self.events[*event as usize].is_call).collect();
        let shortest = returns.partition_point(|until| {
            let mut search = Self::new(self.model.clone());
            for (operation, is_call) in self.events_up_to(*until) {
                let Slot { op, end, .. } = &self.slots[operation as usize];
                if is_call {
                    search.call(op.clone());
                } else {
                    search.returned(operation, op.clone(), *end);
                }
            }
            !matches!(search.run(&mut PREFIX.clone()), Status::Broken(_))
        });
        returns.get(shortest).copied().unwrap_or(last)
    }

    /// The order found so far.
    pub(super) fn order(&self) -> impl Iterator<Item = u32> {
        self.path.iter().map(|step| step.operation)
    }

    /// An operation is called. Its number is its place among the calls.
    pub(super) fn call(&mut self, op: M::Op) -> u32 {
        let operation = index(self.slots.len());
        let is_read = self.model.is_read(&op);
        let call = self.append(operation, true);
        self.under_way += 1;
        self.slots.push(Slot { op, call, end: End::Open, returned: NONE, is_read });
        operation
    }

    /// An operation returns, and this is now known of it.
    pub(super) fn returned(&mut self, operation: u32, op: M::Op, end: End) {
        // What was decided since it was called was decided without knowing this.
        let call = self.slots[operation as usize].call;
        while self.path.last().is_some_and(|step| step.events > call) {
            self.take_back();
        }
        self.seen.forget(call);
        self.cursor = Cursor::Reads;
        let returned = self.append(operation, false);
        self.under_way -= 1;
        if self.under_way == 0 {
            self.seen.keep();
        }
        let is_read = self.model.is_read(&op);
        let slot = &mut self.slots[operation as usize];
        (slot.op, slot.end, slot.returned, slot.is_read) = (op, end, returned, is_read);
        self.missing += 1;
    }

    fn append(&mut self, operation: u32, is_call: bool) -> u32 {
        let event = index(self.events.len());
        self.events.push(Event { operation, is_call, next: NONE, previous: self.last });
        match self.last {
            NONE => self.first = event,
            last => self.events[last as usize].next = event,
        }
        self.last = event;
        for left in self.left_last.drain(..) {
            self.events[left as usize].next = event;
        }
        event
    }

    fn unlink(&mut self, event: u32) {
        let Event { next, previous, .. } = self.events[event as usize];
        match previous {
            NONE => self.first = next,
            previous => self.events[previous as usize].next = next,
        }
        match next {
            NONE => {
                self.last = previous;
                self.left_last.push(event);
            }
            next => self.events[next as usize].previous = previous,
        }
    }

    fn relink(&mut self, event: u32) {
        let Event { next, previous, .. } = self.events[event as usize];
        match previous {
            NONE => self.first = event,
            previous => self.events[previous as usize].next = event,
        }
        match next {
            NONE => {
                self.last = event;
                self.left_last.pop();
            }
            next => self.events[next as usize].previous = event,
        }
    }

    /// Whether an operation that has not returned was taken for nothing if this one comes next.
    fn is_pointless(&self, op: &M::Op) -> bool {
        self.last_open.is_some_and(|open| self.model.absorbs(op, &self.slots[open as usize].op))
    }

    fn last_open(&self) -> Option<u32> {
        let last = self.path.last()?.operation;
        (self.slots[last as usize].end == End::Open).then_some(last)
    }

    fn take(&mut self, operation: u32, state: M::State, instead: Option<Cursor>) {
        let state = core::mem::replace(&mut self.state, state);
        self.path.push(Step { operation, state, instead, events: index(self.events.len()) });
        self.taken ^= member(operation);
        self.last_open = self.last_open();
        let Slot { call, returned, .. } = self.slots[operation as usize];
        self.unlink(call);
        if returned != NONE {
            self.unlink(returned);
            self.missing -= 1;
        }
    }

    /// Takes the last operation back, and says what may be tried instead. None if there is none.
    fn take_back(&mut self) -> Option<Option<Cursor>> {
        let Step { operation, state, instead, .. } = self.path.pop()?;
        self.state = state;
        self.taken ^= member(operation);
        self.last_open = self.last_open();
        let Slot { call, returned, .. } = self.slots[operation as usize];
        if returned != NONE {
            self.relink(returned);
            self.missing += 1;
        }
        self.relink(call);
        Some(instead)
    }

    /// Takes an operation unless that leads to a configuration that was seen, or nowhere.
    fn try_to_take(&mut self, operation: u32, state: M::State, instead: Cursor) -> bool {
        let is_open = self.slots[operation as usize].end == End::Open;
        let looked_at = Cell::new(0);
        let outlook = self.model.outlook(state, self.left_without(operation, &looked_at));
        let state = match outlook {
            // Without it, it would go on just as well.
            Outlook::Unseen(_) if is_open => return false,
            Outlook::Open(state) | Outlook::Unseen(state) => state,
            Outlook::Doomed => {
                self.furthest = self.furthest.max(looked_at.get());
                self.has_looked_ahead = true;
                return false;
            }
        };
        let last_open = is_open.then_some(operation);
        let configuration = configuration(self.taken ^ member(operation), &state, last_open);
        if !self.seen.insert(configuration, index(self.events.len())) {
            return false;
        }
        self.take(operation, state, Some(instead));
        true
    }

    /// What is left if an operation is taken, and the last return that was looked at.
    fn left_without(&self, operation: u32, looked_at: &Cell<u32>) -> impl Iterator<Item = Left<'_, M::Op>> {
        let mut event = self.first;
        core::iter::from_fn(move || {
            while event != NONE {
                let Event { operation: other, is_call, next, .. } = self.events[event as usize];
                let here = core::mem::replace(&mut event, next);
                let slot = &self.slots[other as usize];
                match (is_call, slot.end) {
                    _ if other == operation => {}
                    (true, End::Open) => return Some(Left::Open(&slot.op)),
                    (true, _) => return Some(Left::Called(&slot.op)),
                    (false, End::Done) => {
                        looked_at.set(here);
                        return Some(Left::Returned(&slot.op));
                    }
                    (false, _) => {}
                }
            }
            None
        })
    }

    /// Goes on searching.
    pub(super) fn run(&mut self, budget: &mut Budget) -> Status {
        while !self.is_decided() {
            if self.seen.len() >= budget.configurations as usize {
                return Status::Undecided(Undecided::OutOfMemory);
            }
            if !budget.take() {
                return Status::Undecided(Undecided::OutOfSteps);
            }
            self.cursor = match self.cursor {
                Cursor::Reads => self.take_reads(budget),
                Cursor::Writes(from) => self.take_write(from, End::Done, budget),
                Cursor::Open(from) => self.take_write(from, End::Open, budget),
                Cursor::Exhausted => match self.go_back() {
                    Some(instead) => instead,
                    None => {
                        self.is_broken = true;
                        Cursor::Exhausted
                    }
                },
            };
        }
        if self.is_broken { Status::Broken(self.furthest) } else { Status::Holds }
    }

    /// Goes back to the last place where something else may be tried.
    fn go_back(&mut self) -> Option<Cursor> {
        loop {
            if let Some(instead) = self.take_back()? {
                return Some(instead);
            }
        }
    }

    fn take_reads(&mut self, budget: &mut Budget) -> Cursor {
        let mut event = self.first;
        while event != NONE {
            let Event { operation, is_call, next, previous } = self.events[event as usize];
            let slot = &self.slots[operation as usize];
            if !is_call {
                break;
            }
            event = next;
            if !slot.is_read || slot.end != End::Done {
                continue;
            }
            budget.steps = budget.steps.saturating_sub(1);
            if let Some(state) = self.model.step(&self.state, &slot.op) {
                self.take(operation, state, None);
                // Its return may have been the next event.
                event = if previous == NONE { self.first } else { self.events[previous as usize].next };
            }
        }
        Cursor::Writes(self.first)
    }

    /// Tries writes that have returned, or those that have not, up to the first return.
    fn take_write(&mut self, from: u32, which: End, budget: &mut Budget) -> Cursor {
        let mut event = from;
        while event != NONE {
            let Event { operation, is_call, next, .. } = self.events[event as usize];
            let slot = &self.slots[operation as usize];
            if !is_call {
                return self.at_return(event, which);
            }
            event = next;
            if slot.is_read || (slot.end == End::Open) != (which == End::Open) {
                continue;
            }
            budget.steps = budget.steps.saturating_sub(1);
            let instead = if which == End::Open { Cursor::Open(next) } else { Cursor::Writes(next) };
            if !self.is_pointless(&slot.op)
                && let Some(state) = self.model.step(&self.state, &slot.op)
                && self.try_to_take(operation, state, instead)
            {
                return Cursor::Reads;
            }
        }
        if which == End::Open { Cursor::Exhausted } else { Cursor::Open(self.first) }
    }

    /// Before this return nothing else fits.
    fn at_return(&mut self, event: u32, which: End) -> Cursor {
        if which == End::Done {
            return Cursor::Open(self.first);
        }
        let operation = self.operation_of(event);
        if self.slots[operation as usize].end == End::MayBeDone {
            // Then it has not taken effect, and never will.
            let state = self.state.clone();
            if self.try_to_take(operation, state, Cursor::Exhausted) {
                return Cursor::Reads;
            }
            return Cursor::Exhausted;
        }
        self.furthest = self.furthest.max(event);
        Cursor::Exhausted
    }
}

/// What the rest of the search depends on.
fn configuration(taken: u128, state: &impl core::hash::Hash, last_open: Option<u32>) -> u128 {
    // Moved apart, so that a state never looks like an operation.
    let open = last_open.map_or(0, |open| member(open).rotate_left(32));
    taken ^ fingerprint(state).rotate_left(64) ^ open
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}
