//! What is to come, in order of (time, sequence number).
//!
//! A binary heap of small tickets over a slab of payloads: adding and taking cost O(log waiting), cancelling O(1), and in steady
//! state nothing is allocated.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The place of something in the order of all that was ever scheduled. A message's number is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// Names something in the queue for as long as it waits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) sequence: Sequence,
    slot: u32,
}

#[derive(Clone, Debug)]
struct Waiting<T> {
    at: Time,
    sequence: Sequence,
    what: T,
}

#[derive(Clone, Debug)]
pub(super) struct Queue<T> {
    // Tickets of cancelled entries stay in the heap until they come up; their slot then holds nothing, or something younger.
    heap: BinaryHeap<Reverse<(Time, u64, u32)>>,
    slots: Vec<Option<Waiting<T>>>,
    free: Vec<u32>,
    next: u64,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), next: 0 }
    }

    /// A number for something that never waits here, such as a message that is lost at once.
    pub(super) fn next_sequence(&mut self) -> Sequence {
        let sequence = Sequence(self.next);
        self.next += 1;
        sequence
    }

    pub(super) fn push(&mut self, at: Time, what: T) -> Ticket {
        let sequence = self.next_sequence();
        self.push_as(sequence, at, what)
    }

    /// Schedules under a number given out before.
    #[expect(clippy::cast_possible_truncation, reason = "four billion things in flight do not fit in memory")]
    pub(super) fn push_as(&mut self, sequence: Sequence, at: Time, what: T) -> Ticket {
        let waiting = Some(Waiting { at, sequence, what });
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = waiting;
                slot
            }
            None => {
                self.slots.push(waiting);
                (self.slots.len() - 1) as u32
            }
        };
        self.heap.push(Reverse((at, sequence.0, slot)));
        Ticket { sequence, slot }
    }

    /// Takes the earliest out of the queue.
    pub(super) fn pop(&mut self) -> Option<(Time, Sequence, T)> {
        self.skip_cancelled();
        let Reverse((_, _, slot)) = self.heap.pop()?;
        let waiting = self.slots[slot as usize].take()?;
        self.free.push(slot);
        Some((waiting.at, waiting.sequence, waiting.what))
    }

    /// When the earliest is due.
    pub(super) fn next_at(&mut self) -> Option<Time> {
        self.skip_cancelled();
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    fn skip_cancelled(&mut self) {
        while let Some(&Reverse((at, sequence, slot))) = self.heap.peek() {
            // The time as well: what was taken out and put back under its number may stand in the very same slot.
            let named = |waiting: &Waiting<T>| waiting.sequence.0 == sequence && waiting.at == at;
            if self.slots[slot as usize].as_ref().is_some_and(named) {
                return;
            }
            self.heap.pop();
        }
    }

    /// Takes something out before its time.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        let slot = self.slots.get_mut(ticket.slot as usize)?;
        let waiting = slot.take_if(|waiting| waiting.sequence == ticket.sequence)?;
        self.free.push(ticket.slot);
        Some(waiting.what)
    }

    /// The ticket of what has this number, by looking through all that waits.
    #[expect(clippy::cast_possible_truncation, reason = "slots are numbered by u32 when they are made")]
    pub(super) fn ticket(&self, sequence: Sequence) -> Option<Ticket> {
        let slot =
            self.slots.iter().position(|slot| slot.as_ref().is_some_and(|waiting| waiting.sequence == sequence))?;
        Some(Ticket { sequence, slot: slot as u32 })
    }

    /// How much waits.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// All that waits, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Time, Sequence, &T)> {
        self.slots.iter().flatten().map(|waiting| (waiting.at, waiting.sequence, &waiting.what))
    }

    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        self.slots
            .get_mut(ticket.slot as usize)?
            .as_mut()
            .filter(|waiting| waiting.sequence == ticket.sequence)
            .map(|w| &mut w.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_out_by_time_then_by_age() {
        let mut queue = Queue::new();
        for (at, what) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b')] {
            queue.push(Time::from_us(at), what);
        }
        let order: Vec<char> = core::iter::from_fn(|| queue.pop().map(|(_, _, what)| what)).collect();
        assert_eq!(order, ['a', 'b', 'c', 'd']);
    }

    #[test]
    fn a_cancelled_ticket_never_comes_up_even_if_its_slot_is_used_again() {
        let mut queue = Queue::new();
        let first = queue.push(Time::from_us(1), 'x');
        assert_eq!(queue.cancel(first), Some('x'));
        queue.push(Time::from_us(9), 'y');
        assert_eq!(queue.cancel(first), None);
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.next_at(), Some(Time::from_us(9)));
        assert_eq!(queue.pop().map(|(_, _, what)| what), Some('y'));
        assert!(queue.pop().is_none());
    }

    #[test]
    fn what_is_put_back_under_its_number_comes_at_its_new_time_only() {
        let mut queue = Queue::new();
        let first = queue.push(Time::from_us(1), 'x');
        queue.push(Time::from_us(5), 'y');
        assert_eq!(queue.cancel(first), Some('x'));
        queue.push_as(first.sequence, Time::from_us(9), 'x');
        assert_eq!(queue.next_at(), Some(Time::from_us(5)));
        let order: Vec<_> = core::iter::from_fn(|| queue.pop().map(|(at, _, what)| (at.as_us(), what))).collect();
        assert_eq!(order, [(5, 'y'), (9, 'x')]);
    }
}
