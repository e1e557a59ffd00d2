use alloc::collections::BTreeMap;

use serde::Serialize;

use super::GapBuffer;
use crate::ordering::Command;

/// Brings commands into the order of their slots: what comes before its turn waits, and what was there does not come again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SlotOrderEnforcer {
    #[serde(skip)]
    buffer: GapBuffer,
    next: u64,
    waiting: BTreeMap<u64, Command>,
}

impl SlotOrderEnforcer {
    /// One that begins with slot 0.
    pub fn new(buffer: GapBuffer) -> Self {
        Self { buffer, ..Self::default() }
    }

    /// All slots before this one have been handed out.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What waits for the slots before it.
    pub fn waiting(&self) -> &BTreeMap<u64, Command> {
        &self.waiting
    }

    /// Whether something waits for what has not come.
    pub fn has_gap(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Goes on from a slot; what came before has been dealt with otherwise.
    pub fn skip_to(&mut self, slot: u64) {
        self.next = self.next.max(slot);
        self.waiting = self.waiting.split_off(&self.next);
    }

    /// A command has come. Each call of [`pop`](Self::pop) hands out the next whose turn it is.
    pub fn push(&mut self, slot: u64, command: Command) {
        match self.buffer {
            GapBuffer::Kept => {
                if slot >= self.next {
                    self.waiting.entry(slot).or_insert(command);
                }
            }
            GapBuffer::Restarts => {
                self.waiting.insert(slot, command);
                if !self.waiting.contains_key(&self.next) {
                    self.next = 0;
                }
            }
            GapBuffer::None => {
                self.waiting.insert(slot, command);
            }
        }
    }

    /// The next command whose turn it is, with its slot.
    pub fn pop(&mut self) -> Option<(u64, Command)> {
        if self.buffer == GapBuffer::None {
            self.next += u64::from(!self.waiting.is_empty());
            return self.waiting.pop_first();
        }
        let command = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some((self.next - 1, command))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// The slots that are handed out when these come one after the other.
    fn handed_out(buffer: GapBuffer, slots: &[u64]) -> Vec<u64> {
        let mut enforcer = SlotOrderEnforcer::new(buffer);
        let mut out = Vec::new();
        for slot in slots {
            enforcer.push(*slot, Command::Noop);
            out.extend(core::iter::from_fn(|| enforcer.pop()).map(|(slot, _)| slot));
        }
        out
    }

    #[test]
    fn slots_come_in_order_and_once() {
        for slots in [&[0, 2, 1][..], &[2, 1, 0], &[0, 2, 1, 0], &[0, 0, 1, 1, 2], &[1, 1, 0, 2, 2]] {
            assert_eq!(handed_out(GapBuffer::Kept, slots), vec![0, 1, 2], "{slots:?}");
        }
        assert_eq!(handed_out(GapBuffer::Kept, &[0, 0]), vec![0]);
    }

    /// After one gap it waits for slot 0 for ever, and when that comes again it hands it out again.
    #[test]
    fn a_buffer_that_begins_again_gets_stuck_and_repeats() {
        assert_eq!(handed_out(GapBuffer::Restarts, &[0, 2, 1]), vec![0]);
        assert_eq!(handed_out(GapBuffer::Restarts, &[0, 2, 0]), vec![0, 0]);
    }

    #[test]
    fn without_a_buffer_slots_come_as_they_arrive() {
        assert_eq!(handed_out(GapBuffer::None, &[1, 0, 0]), vec![1, 0, 0]);
    }
}
