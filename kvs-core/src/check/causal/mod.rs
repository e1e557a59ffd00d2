//! Causal consistency: whoever has seen an effect has seen its causes.
//!
//! Bouajjani, Enea, Guerraoui and Hamza ("On verifying causal consistency", POPL 2017) name the patterns that break it, given that
//! no value is written twice under one key. Session order and "this read saw that write" generate the causal order CO.
//!
//! | pattern | means | CC | CCv | CM |
//! |---|---|---|---|---|
//! | CyclicCO | an operation is its own cause | ✗ | ✗ | ✗ |
//! | ThinAirRead | a read saw what nobody wrote | ✗ | ✗ | ✗ |
//! | WriteCOInitRead | a read saw nothing although a write of the key was among its causes | ✗ | ✗ | ✗ |
//! | WriteCORead | a read saw a write although a later one was among its causes | ✗ | ✗ | ✗ |
//! | CyclicCF | no order of all writes explains what reads saw of concurrent ones | | ✗ | |
//! | WriteHBInitRead, CyclicHB | what one session saw has no order | | | ✗ |
//!
//! Beyond the paper: a read may see several values that were written without knowing of each other; a delete is a write of nothing,
//! and since any delete may be the one that a read of nothing saw, such a read is accused only if no delete explains it; a read of a
//! value that was written twice is not accused at all, and leaves the verdict undecided.

mod convergent;
mod memory;
mod sessions;

use alloc::vec::Vec;

use fixedbitset::FixedBitSet;

use super::{Budget, Undecided, Verdict};
pub use sessions::SessionGuarantee;

/// An operation by its place in the history.
pub type OperationNumber = u32;

/// More operations than this are not looked at: the causal order of n operations takes n²/8 bytes.
pub const OPERATIONS_MAX: u32 = 4_000;

/// What an operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// It wrote a value; None deletes.
    Wrote(Option<u32>),
    /// It deleted what its client had read: that explains a missing value, and excuses one that is still there.
    DeletedWhatItRead,
    /// It read these values: none, one, or several.
    Read(Vec<u32>),
}

/// A pattern that a causally consistent history does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of the module says it")]
pub enum Pattern {
    CyclicCo,
    ThinAirRead,
    WriteCoInitRead,
    WriteCoRead,
    CyclicCf,
    WriteHbInitRead,
    CyclicHb,
}

impl Pattern {
    /// Its name in the paper.
    pub fn name(self) -> &'static str {
        match self {
            Self::CyclicCo => "CyclicCO",
            Self::ThinAirRead => "ThinAirRead",
            Self::WriteCoInitRead => "WriteCOInitRead",
            Self::WriteCoRead => "WriteCORead",
            Self::CyclicCf => "CyclicCF",
            Self::WriteHbInitRead => "WriteHBInitRead",
            Self::CyclicHb => "CyclicHB",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::CyclicCo => "these operations are causes of each other",
            Self::ThinAirRead => "a read saw what nobody had written",
            Self::WriteCoInitRead => "a read saw nothing although its session knew, by way of others, of a write",
            Self::WriteCoRead => "a read saw an old value although its session knew, by way of others, of a newer one",
            Self::CyclicCf => "reads saw concurrent writes in orders that contradict each other",
            Self::WriteHbInitRead => "a read saw nothing although what its session saw puts a write before it",
            Self::CyclicHb => "what this session saw of concurrent writes has no order",
        }
    }
}

/// A pattern, and the operations that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPattern {
    /// Which.
    pub pattern: Pattern,
    /// The operations, causes before effects.
    pub operations: Vec<OperationNumber>,
}

/// The notions of causal consistency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notion {
    /// CC: causes come before effects.
    Consistency,
    /// CCv: and all agree on one order of the writes in the end.
    Convergence,
    /// CM: and each session by itself sees one order.
    Memory,
}

#[derive(Clone, Debug)]
struct Node {
    session: u32,
    key: u32,
    did: Did,
    /// All its causes.
    past: FixedBitSet,
    /// The operation before it in its session.
    before: Option<OperationNumber>,
    /// For a read: the writes it saw, as far as it is certain.
    saw: Vec<OperationNumber>,
}

/// A history, its causal order, and the first bad patterns in it.
///
/// It grows by [writes](Self::write), told when they are *called*, since others may see them from then on, and by
/// [reads](Self::read), told when they *return*. Reads of a write must be told after it; [`of_sessions`](Self::of_sessions) takes
/// sessions in which that order is not known.
#[derive(Clone, Debug, Default)]
pub struct CausalHistory {
    nodes: Vec<Node>,
    /// The last operation of each session.
    last: Vec<Option<OperationNumber>>,
    /// The writes of each key.
    writes: Vec<Vec<OperationNumber>>,
    consistency: Option<BadPattern>,
    convergence: convergent::Conflicts,
    sessions: sessions::Broken,
    is_ambiguous: bool,
    is_too_long: bool,
    /// Whether it may be told of reads before it is told of what they may have seen.
    is_out_of_order: bool,
}

impl CausalHistory {
    /// A session calls a write of this value; None deletes.
    pub fn write(&mut self, session: u32, key: u32, value: Option<u32>) -> OperationNumber {
        self.add(session, key, Did::Wrote(value))
    }

    /// A session calls a delete of what it has read.
    pub fn delete_read(&mut self, session: u32, key: u32) -> OperationNumber {
        self.add(session, key, Did::DeletedWhatItRead)
    }

    /// A session has read these values.
    pub fn read(&mut self, session: u32, key: u32, values: Vec<u32>) -> OperationNumber {
        self.add(session, key, Did::Read(values))
    }

    /// The history of these sessions, each a list of operations on keys; the number of an operation is its place when the sessions
    /// are written one after the other.
    pub fn of_sessions(sessions: &[Vec<(u32, Did)>]) -> (Self, Vec<OperationNumber>) {
        let mut history = Self { is_out_of_order: true, ..Self::default() };
        let starts: Vec<usize> = sessions
            .iter()
            .scan(0, |start, session| {
                let here = *start;
                *start += session.len();
                Some(here)
            })
            .collect();
        let mut order = Vec::new();
        let mut done = alloc::vec![0; sessions.len()];
        let mut is_patient = true;
        loop {
            let mut has_moved = false;
            for (at, session) in sessions.iter().enumerate() {
                let number = u32::try_from(at).unwrap_or(u32::MAX);
                while let Some((key, did)) = session.get(done[at]) {
                    let comes = |value| will_be_written(sessions, &done, *key, value);
                    let waits = match did {
                        Did::Wrote(_) | Did::DeletedWhatItRead => false,
                        // Any delete may be the one that it saw.
                        Did::Read(values) if values.is_empty() => is_patient && comes(None),
                        Did::Read(values) => {
                            values.iter().any(|value| !history.is_written(*key, *value) && comes(Some(*value)))
                        }
                    };
                    if waits {
                        break;
                    }
                    history.add(number, *key, did.clone());
                    order.push(u32::try_from(starts[at] + done[at]).unwrap_or(u32::MAX));
                    done[at] += 1;
                    (has_moved, is_patient) = (true, true);
                }
            }
            if !has_moved && !is_patient {
                break;
            }
            is_patient = has_moved;
        }
        let stuck = sessions.iter().enumerate().filter(|(at, session)| done[*at] < session.len());
        let stuck: Vec<u32> = stuck.map(|(at, _)| u32::try_from(starts[at] + done[at]).unwrap_or(u32::MAX)).collect();
        if !stuck.is_empty() {
            // Each of these reads waits for a write that comes after another one of them: a circle, of which these are the reads.
            let first = u32::try_from(order.len()).unwrap_or(u32::MAX);
            let operations = (first..).take(stuck.len()).collect();
            order.extend(stuck);
            history.consistency.get_or_insert(BadPattern { pattern: Pattern::CyclicCo, operations });
        }
        (history, order)
    }

    fn is_written(&self, key: u32, value: u32) -> bool {
        self.writers(key, value).next().is_some()
    }

    fn writers(&self, key: u32, value: u32) -> impl Iterator<Item = OperationNumber> {
        self.writes_of(key).iter().copied().filter(move |write| self.node(*write).did == Did::Wrote(Some(value)))
    }

    fn writes_of(&self, key: u32) -> &[OperationNumber] {
        self.writes.get(key as usize).map_or(&[], Vec::as_slice)
    }

    fn node(&self, operation: OperationNumber) -> &Node {
        &self.nodes[operation as usize]
    }

    /// Whether one operation is among the causes of another.
    fn is_cause(&self, cause: OperationNumber, effect: OperationNumber) -> bool {
        self.node(effect).past.contains(cause as usize)
    }

    /// The operations of the session of this one that came before it, the last first.
    fn earlier(&self, operation: OperationNumber) -> impl Iterator<Item = OperationNumber> {
        core::iter::successors(self.node(operation).before, |operation| self.node(*operation).before)
    }

    fn add(&mut self, session: u32, key: u32, did: Did) -> OperationNumber {
        let number = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if number >= OPERATIONS_MAX {
            self.is_too_long = true;
            return number;
        }
        let grow = |length: usize, to: u32| length.max(to as usize + 1);
        self.last.resize(grow(self.last.len(), session), None);
        self.writes.resize(grow(self.writes.len(), key), Vec::new());

        let before = self.last[session as usize].replace(number);
        let mut thin_air = false;
        let mut saw = Vec::new();
        if let Did::Read(values) = &did {
            for value in values {
                let (first, second) = {
                    let mut writers = self.writers(key, *value);
                    (writers.next(), writers.next())
                };
                match (first, second) {
                    (None, _) => thin_air = true,
                    (Some(writer), None) => saw.push(writer),
                    (Some(_), Some(_)) => self.is_ambiguous = true,
                }
            }
        }
        if did == Did::Read(Vec::new()) {
            saw.extend(before.and_then(|before| self.deletion_seen(before, key)));
        }
        let mut past = FixedBitSet::with_capacity(number as usize + 1);
        for cause in before.iter().chain(&saw) {
            past.union_with(&self.node(*cause).past);
            past.insert(*cause as usize);
        }
        if !matches!(did, Did::Read(_)) {
            self.writes[key as usize].push(number);
        }
        self.nodes.push(Node { session, key, did, past, before, saw });
        if thin_air {
            let operations = alloc::vec![number];
            self.consistency.get_or_insert(BadPattern { pattern: Pattern::ThinAirRead, operations });
        }
        if matches!(self.node(number).did, Did::Read(_)) {
            self.look_at(number);
        }
        number
    }

    /// The delete that a session has seen that finds nothing although it knows of a value: the only one there is, if there is one.
    fn deletion_seen(&self, before: OperationNumber, key: u32) -> Option<OperationNumber> {
        let writes = self.writes_of(key);
        let knows = |write: &OperationNumber| *write == before || self.is_cause(*write, before);
        let is_value = |write: &OperationNumber| matches!(self.node(*write).did, Did::Wrote(Some(_)));
        let mut deletes = writes.iter().copied().filter(|write| !is_value(write));
        let (only, others) = (deletes.next()?, deletes.next());
        let is_certain = !self.is_out_of_order
            && others.is_none()
            && self.node(only).did == Did::Wrote(None)
            && writes.iter().any(|write| is_value(write) && knows(write));
        is_certain.then_some(only)
    }

    fn look_at(&mut self, read: OperationNumber) {
        let newer = self.writes_of(self.node(read).key).iter().copied();
        let newer = newer.filter(|write| self.is_cause(*write, read)).find(|write| self.is_stale(read, *write));
        if let Some(newer) = newer {
            if self.consistency.is_none() {
                let mut operations: Vec<_> = self.node(read).saw.clone();
                let pattern = if operations.is_empty() { Pattern::WriteCoInitRead } else { Pattern::WriteCoRead };
                operations.push(newer);
                operations.extend(self.messenger(newer, read));
                operations.push(read);
                self.consistency = Some(BadPattern { pattern, operations });
            }
            // What a session may rely on is among its causes, so that otherwise there is nothing to find.
            self.look_at_sessions(read);
        }
        self.look_at_conflicts(read);
    }

    /// Whether a read saw nothing but what this write had replaced.
    ///
    /// With values that nobody can tell the writer of, or with a delete that may explain it, it is not accused.
    fn is_stale(&self, read: OperationNumber, write: OperationNumber) -> bool {
        let Node { key, did: Did::Read(values), saw, .. } = self.node(read) else { return false };
        if self.node(write).did == Did::DeletedWhatItRead {
            return false;
        }
        if self.node(write).did == Did::Wrote(None) {
            // To see a value although it was deleted: the value must be one that the delete knew of.
            return !saw.is_empty() && saw.len() == values.len() && saw.iter().all(|seen| self.is_cause(*seen, write));
        }
        if values.is_empty() {
            let is_delete =
                |other: &OperationNumber| matches!(self.node(*other).did, Did::Wrote(None) | Did::DeletedWhatItRead);
            let mut deletes = self.writes_of(*key).iter().copied().filter(is_delete);
            return deletes.all(|delete| self.is_cause(delete, write));
        }
        saw.len() == values.len() && saw.iter().all(|seen| self.is_cause(*seen, write))
    }

    /// How the session of a read came to know of a write: the write itself, a read of it in that session, or a read there of something
    /// that was written in the knowledge of it, with the write it saw.
    fn messenger(&self, write: OperationNumber, read: OperationNumber) -> Vec<OperationNumber> {
        if self.node(write).session == self.node(read).session {
            return Vec::new();
        }
        let earlier: Vec<_> = self.earlier(read).collect();
        let knows = |other: &OperationNumber| {
            self.node(*other).saw.iter().copied().find(|seen| *seen == write || self.is_cause(write, *seen))
        };
        // The first that told it.
        let told = earlier.iter().rev().find_map(|other| Some((*other, knows(other)?)));
        match told {
            Some((by, seen)) if seen == write => alloc::vec![by],
            Some((by, seen)) => alloc::vec![seen, by],
            None => Vec::new(),
        }
    }

    /// Whether the history is causally consistent in one of the senses of the word.
    pub fn judge(&self, notion: Notion, budget: Budget) -> Verdict<BadPattern> {
        let found = match notion {
            Notion::Convergence => self.consistency.as_ref().or(self.convergence.found()),
            Notion::Consistency | Notion::Memory => self.consistency.as_ref(),
        };
        if found.is_none() && notion == Notion::Memory && !self.is_too_long {
            match self.look_at_memory(budget) {
                Verdict::Holds => {}
                other => return other,
            }
        }
        self.verdict(found.cloned())
    }

    fn verdict<Proof>(&self, found: Option<Proof>) -> Verdict<Proof> {
        match found {
            Some(proof) => Verdict::Broken(proof),
            None if self.is_too_long => Verdict::Undecided(Undecided::TooLong { limit: OPERATIONS_MAX }),
            None if self.is_ambiguous => Verdict::Undecided(Undecided::Ambiguous),
            None => Verdict::Holds,
        }
    }
}

fn will_be_written(sessions: &[Vec<(u32, Did)>], done: &[usize], key: u32, value: Option<u32>) -> bool {
    sessions.iter().zip(done).any(|(session, done)| {
        session.iter().skip(*done).any(|(other, did)| *other == key && *did == Did::Wrote(value))
    })
}
