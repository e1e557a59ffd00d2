//! The log: positions, entries, and what a snapshot has replaced.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::members::Members;
use crate::ordering::Command;

/// A place in a log, and the term of what stands there. Of two logs the one whose last position is greater is more up to date: the later
/// term wins, then the greater length. Section 5.4.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The term; 0 before the first entry.
    pub term: u64,
    /// The place, from 1; 0 before the first entry.
    pub index: u64,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that took it in.
    pub term: u64,
    /// What it says.
    pub command: Command,
}

/// The entries after a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    base: Position,
    /// Who agreed at the end of the snapshot.
    base_members: Members,
    entries: Vec<Entry>,
}

impl Log {
    /// A log that goes on after a snapshot, at the end of which these were the members.
    pub fn new(base: Position, base_members: Members, entries: Vec<Entry>) -> Self {
        Self { base, base_members, entries }
    }

    /// The members at the end of the snapshot.
    pub fn base_members(&self) -> &Members {
        &self.base_members
    }

    /// Each change of members after the snapshot, with its index, newest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = (u64, &Members)> {
        self.iter().rev().filter_map(|(index, entry)| match &entry.command {
            Command::Members(members) => Some((index, members)),
            _ => None,
        })
    }

    /// The members by the newest entry about them, whether it is committed or not.
    pub fn members(&self) -> &Members {
        self.changes().next().map_or(&self.base_members, |(_, members)| members)
    }

    /// The index of that entry; the end of the snapshot, if it is in there.
    pub fn members_at(&self) -> u64 {
        self.changes().next().map_or(self.base.index, |(index, _)| index)
    }

    /// The last position that the snapshot covers.
    pub fn base(&self) -> Position {
        self.base
    }

    /// The last position.
    pub fn last(&self) -> Position {
        let term = self.entries.last().map_or(self.base.term, |entry| entry.term);
        Position { term, index: self.base.index.saturating_add(self.entries.len() as u64) }
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.index)?.checked_sub(1)?).ok()
    }

    /// The entry at an index, if it is there and no snapshot has replaced it.
    pub fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(self.place(index)?)
    }

    /// The term at an index; known for the last one in the snapshot, too.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// The position of an index.
    pub fn position(&self, index: u64) -> Option<Position> {
        Some(Position { term: self.term_at(index)?, index })
    }

    /// The entries with their indices.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        let first = self.base.index.saturating_add(1);
        self.entries.iter().enumerate().map(move |(place, entry)| (first.saturating_add(place as u64), entry))
    }

    /// The entries after an index, so many at most.
    pub fn after(&self, index: u64, at_most: u32) -> Arc<[Entry]> {
        let rest = self.place(index.saturating_add(1)).and_then(|place| self.entries.get(place..)).unwrap_or_default();
        rest.iter().take(at_most as usize).cloned().collect()
    }

    /// The first index of the term that stands at an index.
    pub fn first_of_term_at(&self, index: u64) -> u64 {
        let Some(term) = self.term_at(index) else { return index };
        let earlier = self.iter().rev().skip_while(|(at, _)| *at > index);
        earlier.take_while(|(_, entry)| entry.term == term).last().map_or(index, |(first, _)| first)
    }

    /// The last index of a term, if there is an entry of it.
    pub fn last_of_term(&self, term: u64) -> Option<u64> {
        self.iter().rev().find(|(_, entry)| entry.term == term).map(|(index, _)| index)
    }

    /// Cuts off what comes after an index, then adds entries there.
    pub fn replace_after(&mut self, index: u64, entries: &[Entry]) {
        if let Some(place) = self.place(index.saturating_add(1)) {
            self.entries.truncate(place);
            self.entries.extend_from_slice(entries);
        }
    }

    /// Forgets the entries up to an index, which a snapshot has replaced.
    pub fn compact(&mut self, upto: u64) {
        if let (Some(base), Some(place)) = (self.position(upto), self.place(upto.saturating_add(1))) {
            let covered = self.changes().find(|(index, _)| *index <= upto).map(|(_, members)| members.clone());
            self.base_members = covered.unwrap_or_else(|| self.base_members.clone());
            self.entries.drain(..place.min(self.entries.len()));
            self.base = base;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::NodeId;

    fn log(base: (u64, u64), terms: &[u64]) -> Log {
        let entries = terms.iter().map(|&term| Entry { term, command: Command::Noop }).collect();
        Log::new(Position { term: base.0, index: base.1 }, Members::default(), entries)
    }

    #[test]
    fn knows_its_positions_before_and_after_a_snapshot() {
        let mut log = log((0, 0), &[1, 1, 2, 2, 2, 5]);
        assert_eq!(log.last(), Position { term: 5, index: 6 });
        assert_eq!([log.term_at(0), log.term_at(3), log.term_at(7)], [Some(0), Some(2), None]);
        log.compact(4);
        assert_eq!((log.base(), log.last()), (Position { term: 2, index: 4 }, Position { term: 5, index: 6 }));
        assert_eq!([log.term_at(3), log.term_at(4), log.term_at(5)], [None, Some(2), Some(2)]);
        assert_eq!((log.after(4, 9).len(), log.after(5, 9).len(), log.after(3, 9).len()), (2, 1, 0));
        log.compact(6);
        assert_eq!((log.base(), log.iter().count()), (Position { term: 5, index: 6 }, 0));
    }

    #[test]
    fn members_change_with_an_entry_are_rolled_back_with_it_and_stay_in_a_snapshot() {
        let members = |view| Members::new(view, (0..view).map(NodeId));
        let change = |view| Entry { term: 1, command: Command::Members(members(view)) };
        let mut log = Log::new(Position::default(), members(1), [change(2), change(3)].into());
        assert_eq!((log.members(), log.members_at()), (&members(3), 2));
        log.replace_after(1, &[]);
        assert_eq!((log.members(), log.members_at()), (&members(2), 1));
        log.compact(1);
        assert_eq!((log.base_members(), log.members_at(), log.changes().count()), (&members(2), 1, 0));
    }

    #[test]
    fn finds_the_ends_of_terms() {
        let log = log((1, 2), &[1, 3, 3, 4]);
        assert_eq!([log.first_of_term_at(5), log.first_of_term_at(6), log.first_of_term_at(3)], [4, 6, 3]);
        assert_eq!([log.last_of_term(3), log.last_of_term(2)], [Some(5), None]);
    }

    #[test]
    fn replaces_a_tail() {
        let mut log = log((1, 2), &[1, 3, 3]);
        log.replace_after(3, &[Entry { term: 4, command: Command::Noop }]);
        assert_eq!(log.last(), Position { term: 4, index: 4 });
        log.replace_after(1, &[]);
        assert_eq!(log.last().index, 4, "what a snapshot has replaced stays");
    }

    #[test]
    fn the_later_term_is_more_up_to_date_then_the_longer_log() {
        let at = |term, index| Position { term, index };
        assert!(at(3, 1) > at(2, 9) && at(3, 2) > at(3, 1));
    }
}
