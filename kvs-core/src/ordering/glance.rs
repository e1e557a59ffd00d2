use alloc::string::String;
use alloc::vec::Vec;

/// What is to be seen of a node's protocol at a glance: who it is at the moment, by which ballot, and its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// What it is at the moment: `leader`, `follower`, `acceptor`.
    pub role: &'static str,
    /// Whether others follow it.
    pub leads: bool,
    /// By which ballot, term or view it goes: `2.1`, `term 3`, `view 2`; empty where there is none.
    pub ballot: String,
    /// Its newest slots, in order. What is older is on the disk, in a snapshot, or forgotten.
    pub slots: Vec<Slot>,
}

/// One slot of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its number.
    pub number: u64,
    /// What is in it: `put k=x`, `no-op`; empty if that is not known here.
    pub command: String,
    /// The ballot or term under which it came there; empty where there is none.
    pub ballot: String,
    /// How far it has come, as this node knows.
    pub state: SlotState,
}

/// How far a slot has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotState {
    /// Nothing is known of it, but later ones are there.
    Hole,
    /// Somebody would like it to be so.
    Proposed,
    /// This node has accepted it: it may or may not be chosen.
    Accepted,
    /// It is chosen: it will never be otherwise.
    Chosen,
    /// It is chosen, and executed here.
    Applied,
}

impl Glance {
    /// The role of a server that is sent everything and does not vote yet.
    pub const LEARNER: &str = "learner";
    /// The role of a server that has no part in it: not yet, or no more.
    pub const NO_MEMBER: &str = "no member";

    /// Whether its voice counts.
    pub fn is_member(&self) -> bool {
        self.role != Self::LEARNER && self.role != Self::NO_MEMBER
    }

    /// The most slots that are worth showing.
    pub const SLOTS_MAX: usize = 8;
}
