//! Raft: a leader puts requests into a log, and the others copy it.
//!
//! Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm*, USENIX ATC 2014: figure 2, sections 5.2 to 5.4.2 and 7.
//! From Ongaro's thesis (*Consensus: Bridging Theory and Practice*, Stanford 2014): changes of members (chapter 4), the table of clients
//! (6.3), reads (6.4), and pre-votes (9.6); the bug in the former he mended on raft-dev on 10 July 2015. Section numbers here and in this folder are those of the paper unless the thesis is named.
//!
//! **Promise**: linearizable, and durable, whatever messages do and whoever crashes; live as long as a majority is up and can talk, given
//! that messages are faster than election timeouts. [`ReadMode::Lease`](super::ReadMode::Lease) needs clocks that go alike;
//! [`ReadMode::Local`](super::ReadMode::Local) may answer what was true once. A lost disk ends everything: a server that forgets its votes and
//! its log may let two things be decided. Who agrees may change meanwhile; nothing of the promise does. What it does not do: hand over the
//! lead (thesis, 3.10), so that a leader that leaves costs an election.
//!
//! # State
//!
//! | | on disk, before the message leaves that reveals it | in memory |
//! |---|---|---|
//! | every server | `term`, `voted_for`, `log` (entries after a snapshot), `snapshot` | `commit`, `applied`, `leader` (who leads, as far as known), `heard_at` (when it last spoke), `role` |
//! | candidate | – | votes, each voter once |
//! | leader | – | of each follower `next` and `matched`, what is under way to it, its last answered round, and how far it must catch up; reads that wait |
//!
//! The members are in the log: the newest entry about them counts, or else what the snapshot says, or the first servers of the store. What
//! somebody outside asks for (`asked`) is in memory only; whoever starts a server tells it again.
//!
//! # Messages
//!
//! `PreVote` and `RequestVote` with the end of the sender's log, and replies; `AppendEntries` with the position before its entries, the
//! leader's commit index and its round, and `AppendReply`; `InstallSnapshot`, with the members, which is answered as if its entries had come.
//!
//! # Timers
//!
//! *Election*: E to 2·E, drawn anew each time, set again by every sign of a leader and every vote that is given; who is no member has it
//! only while a leader speaks to it. *Heartbeat*: the leader's.
//!
//! # Rules
//!
//! ```text
//! all       a greater term in any message (but a PreVote or a yes to one): term = it; voted_for = none; follower; persist
//! Election  follower or candidate: ask for pre-votes for term + 1 (or, without them, become a candidate)
//!           leader: if no majority has answered for E, step down
//! PreVote   yes if its term is beyond mine, its log no less up to date, and no leader has been heard for E; nothing is persisted
//! majority of pre-votes   candidate: term += 1; vote for myself; persist; RequestVote to all
//! RequestVote   not even heeded while a leader is heard, if the candidate is no member by my log (or reads rest on leases). Yes if the term is mine, I have voted for nobody else, and its log is no less up to date; persist, then reply
//! majority of votes       leader: append a no-op of the new term; AppendEntries to all, at once and every heartbeat
//! request   leader: append, unless it is in the log and not executed; send to everyone who has answered the last
//!           follower: redirect to the leader
//! AppendEntries   of an earlier term: refuse. If there is no entry at prev or another: refuse, and say where its term begins (or where
//!           my log ends). Skip what is there; at the first entry that differs cut off; append; persist; reply.
//!           commit = min(leader's commit, last new entry)
//! AppendReply     matched = what it says, next = matched + 1; refused: next = after my last entry of that term, or where its begins
//! commit    the greatest index that a majority of the members has, if its entry is of the leader's own term; everything before is committed with it
//! apply     entry after entry; the table of clients makes a request take effect once, however often it stands in the log
//! snapshot  after so many executed entries the machine, table included, replaces them; whoever needs older ones gets the snapshot
//! ```
//!
//! The leader sends entries to a follower only when those before were answered, so that requests that come meanwhile travel together; what is
//! not answered is sent again with the next heartbeat. It writes its own log before it sends (`durably`), so that it may count itself.
//!
//! # Members
//!
//! Somebody outside announces a view: who shall be a member. The leader brings that about, *one server at a time*. Majorities of sets that
//! differ by one server always meet, so it needs no time in which two sets agree jointly (section 6 of the paper); any other set is reached
//! in several steps, each of which can be watched. That is why this is done here the thesis' way, and not the paper's.
//!
//! ```text
//! view      keep it, if it is newer; the leader sends its log to whoever is to join: a learner, that does not vote and is not counted
//! learner   has caught up when it got all that there was in less than E; if it took longer, it must get what has come meanwhile
//! change    if the last change is committed, and an entry of the leader's own term: append the members with the first learner that has
//!           caught up; if nobody is to join, without the first that is to leave, the leader last
//! members   count from the moment at which the entry is in the log, committed or not; no more when it is cut off
//! leader    that is no member: leads on, does not count itself, and steps down when that is committed
//! Election  no member: only if the entry by which it left is not known to be committed; it does not count itself
//! left      it is sent what is new once more, so that it knows; if that is lost, its candidacies are not heeded
//! ```
//!
//! Everybody votes for whoever asks, member or not: the candidate's log decides who counts, and it may be newer.
//!
//! # Reads
//!
//! | mode | rule |
//! |---|---|
//! | `Log` | a read gets a slot as a write does |
//! | `ReadIndex` | once an entry of its own term is committed, the leader begins a round of heartbeats after the read came; when a majority has answered, it reads what it has executed, which is everything committed |
//! | `Lease` | likewise, but any round will do that began less than 0.9·E ago: who has answered it follows nobody else for E, also not after a crash |
//! | `Local` | whoever is asked answers from what it has executed |
//!
//! # Promises and invariants
//!
//! | reads | linearizable | ended by |
//! |---|---|---|
//! | `Log`, `ReadIndex` | yes | a lost disk |
//! | `Lease` | yes | a lost disk, clocks that differ |
//! | `Local` | no; durable only | – |
//!
//! Figure 3: election safety, leader append-only, log matching, leader completeness, state machine safety; votes once a term and terms that
//! never fall, across restarts: `check/invariants/raft.rs`, F1 to F8 (nobody is elected during a lease). Members that follow each other always
//! meet (F9), what is committed a majority of the right members has (F10), and in peace the members are those that were asked for (F11).
//! What is committed takes effect once and in order (P7).
//!
//! # Pitfalls
//!
//! 1. *An entry of an earlier term is committed because a majority has it*: a later leader may still replace it (figure 8).
//! 2. *A late AppendEntries cuts off what came after it*: acknowledged entries are gone. Cut off at a difference only.
//! 3. *Vote or term only in memory*: a crash between two candidates, and both are elected.
//! 4. *Any candidate will do*: a server without the committed entries leads, and overwrites them.
//! 5. *Reading at whoever thinks that it leads*: another may lead, and have gone on.
//! 6. *Reading before an entry of one's own term is committed*: the new leader has everything, but does not know how much of it is committed.
//! 7. *The table of clients is not in the snapshot*: what is retried later takes effect twice.
//! 8. *Lease promises are forgotten in a crash*: whoever restarts follows nobody new for E.
//! 9. *A server that was cut off comes back with a great term*: it deposes a leader whom all others follow, again and again. Hence pre-votes.
//! 10. *A leader changes the members before it has committed anything*: an earlier leader's change, of which it has not heard, may still come
//!     to count. Each differs by one server from what was before, and so by two from the other: two majorities, two leaders.
//! 11. *Several members change at once*: the same in one step.
//! 12. *An empty server counts*: until it has the log, every entry needs one server more.
//! 13. *Who has left goes on calling elections*: a leader in office is not to listen.
//! 14. *Who is no member never campaigns*: if it alone has the entry by which it leaves, nobody else can be elected.
//! 15. *Members are taken from the committed entries*: then two servers that lead count by different sets.
//!
//! # Scenarios
//!
//! `lessons/raft_*.kvs`: a first write, a split vote, logs that differ, figure 8 both ways, a snapshot, a stale read and one that asks first,
//! a lease and clocks, disturbing and asking before; a server that joins, one that counts at once, a leader that leaves, one that is gone and
//! was not told, two majorities and why there is only one.

mod durable;
mod election;
mod log;
mod members;
mod message;
mod options;
mod reads;
mod replication;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use self::durable::RaftJournal;
use self::reads::Waiting;
use self::replication::Leadership;
use super::{Executor, Glance, Host, Slot, SlotState};
use crate::process::{Context, Event, Mark, NodeId};
use crate::quorum::Votes;
use crate::storage::MachineSnapshot;
use crate::time::Time;

pub use log::{Entry, Log, Position};
pub use members::Members;
pub use message::{Appended, Message, Timer};
pub use options::{RaftOptions, Rules};

/// A majority has voted for this server.
pub const ELECTED: Mark = Mark("elected: leads from now on");
/// A leader has heard of a greater term, or of no majority.
pub const DEPOSED: Mark = Mark("leads no more");
/// A vote was refused.
pub const REFUSED_VOTE: Mark = Mark("no vote: has voted in this term");
/// A vote or a pre-vote was refused because of the candidate's log.
pub const OUTDATED_LOG: Mark = Mark("no vote: the candidate's log is behind");
/// A vote or a pre-vote was refused because there is a leader.
pub const LEADER_HEARD: Mark = Mark("no vote: a leader is heard");
/// A message of an earlier term was ignored.
pub const OLD_TERM: Mark = Mark("ignored: of an earlier term");
/// The leader's entries do not fit.
pub const MISSING: Mark = Mark("refused: another entry stands before, or none");
/// Entries were replaced by the leader's.
pub const OVERWRITTEN: Mark = Mark("cut off what the leader does not have");
/// Executed entries were replaced by a snapshot.
pub const COMPACTED: Mark = Mark("replaced executed entries by a snapshot");
/// A snapshot has come from the leader.
pub const INSTALLED: Mark = Mark("took over a snapshot");
/// A majority has entries, but of an earlier term.
pub const NOT_YET_COMMITTED: Mark = Mark("a majority has it, but it is of an earlier term");
/// A request was repeated, and the first copy will be executed.
pub const ALREADY_THERE: Mark = Mark("repeated request: is in the log already");
/// A read waits until a majority has confirmed that this server leads.
pub const READ_WAITS: Mark = Mark("read waits: do the others still follow?");

/// The leader begins to send its log to a server that is to join.
pub const JOINS: Mark = Mark("sends its log to a server that is to join");
/// A server that is to join has what it takes.
pub const CATCHES_UP: Mark = Mark("a server that is to join has caught up");
/// The leader sends a server nothing any more.
pub const LEAVES: Mark = Mark("tells a server that it has left");
/// A server knows that it is no member any more.
pub const RETIRED: Mark = Mark("is no member any more");

/// What a server is at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Role {
    /// Copies the leader's log.
    Follower,
    /// Asks who would vote for it.
    PreCandidate(Votes),
    /// Asks for votes.
    Candidate(Votes),
    /// Puts requests into the log.
    Leader(Box<Leadership>),
}

/// The part of a server that keeps a log with its peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Raft {
    #[serde(skip)]
    options: Arc<RaftOptions>,
    #[serde(skip)]
    servers: Arc<[NodeId]>,
    #[serde(skip)]
    me: NodeId,
    // On disk:
    term: u64,
    voted_for: Option<NodeId>,
    log: Log,
    #[serde(skip)]
    snapshot: Arc<MachineSnapshot>,
    // In memory:
    commit: u64,
    applied: u64,
    leader: Option<NodeId>,
    heard_at: Option<Time>,
    /// The members that somebody outside has asked for last.
    asked: Option<Members>,
    role: Role,
    #[serde(skip)]
    journal: RaftJournal,
}

impl Raft {
    /// One of these servers, before it has booted. The last of them may stand by, and are no members at first.
    pub fn new(options: Arc<RaftOptions>, servers: Arc<[NodeId]>, me: NodeId) -> Self {
        let members = servers.len().saturating_sub(options.spares as usize);
        let members = Members::new(1, servers.iter().copied().take(members));
        Self {
            options,
            servers,
            me,
            term: 0,
            voted_for: None,
            log: Log::new(Position::default(), members, Vec::new()),
            snapshot: Arc::default(),
            commit: 0,
            applied: 0,
            leader: None,
            heard_at: None,
            asked: None,
            role: Role::Follower,
            journal: RaftJournal::default(),
        }
    }

    /// Handles one event.
    pub fn step<P: Host>(
        &mut self,
        event: Event<Message, Timer>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        match event {
            Event::Boot => self.on_boot(executor, cx),
            Event::Timer(Timer::Election) => self.on_election_timeout(executor, cx),
            Event::Timer(Timer::Heartbeat) => self.on_heartbeat(cx),
            Event::Receive { from, message } => {
                if self.servers.contains(&from) {
                    self.on_message(from, message, executor, cx);
                }
            }
        }
    }

    fn on_message<P: Host>(
        &mut self,
        from: NodeId,
        message: Message,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        self.heed_term(from, &message, executor, cx);
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(from, term, last, cx),
            Message::PreVoteReply { term, granted } => self.on_pre_vote_reply(from, term, granted, executor, cx),
            Message::RequestVote { term, last } => self.on_request_vote(from, term, last, cx),
            Message::VoteReply { term, granted } => self.on_vote_reply(from, term, granted, executor, cx),
            Message::AppendEntries { term, prev, entries, commit, round } => {
                if self.follow(from, term, round, executor, cx) {
                    self.on_append_entries(from, prev, &entries, commit, round, executor, cx);
                }
            }
            Message::AppendReply { term, round, result } => {
                self.on_append_reply(from, term, round, result, executor, cx);
            }
            Message::InstallSnapshot { term, last, machine, members, round } => {
                if self.follow(from, term, round, executor, cx) {
                    self.on_install_snapshot(from, last, &machine, members, round, executor, cx);
                }
            }
        }
    }

    /// Reads back what the disk has kept. Whatever was only in memory is forgotten, and found out again.
    fn on_boot<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let (journal, durable) = self.recover(cx);
        self.journal = journal;
        if let Some(durable) = durable {
            (self.term, self.voted_for) = (durable.term, durable.voted_for);
            (self.log, self.snapshot) = (durable.log, durable.snapshot);
            executor.install(&self.snapshot);
            // It may have promised to follow nobody else, and does not know.
            self.heard_at = Some(cx.now());
        }
        self.commit = self.log.base().index;
        self.applied = self.commit;
        self.checkpoint(cx);
        if self.may_call_election() {
            self.await_leader(cx);
        }
    }

    fn send<P: Host>(to: NodeId, message: Message, cx: &mut Context<'_, P>) {
        cx.durably().send(to, super::Message::Raft(message));
    }

    /// The other members.
    fn peers(&self) -> impl Iterator<Item = NodeId> + use<> {
        let (servers, me) = (self.members().servers.clone(), self.me);
        (0..servers.len()).map(move |place| servers[place]).filter(move |server| *server != me)
    }

    fn majority(&self) -> u32 {
        self.members().majority()
    }

    /// Its term.
    pub fn term(&self) -> u64 {
        self.term
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether it leads, as far as it knows.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Up to which index it knows entries to be committed.
    pub fn committed(&self) -> u64 {
        self.commit
    }

    /// Up to which index it has executed them.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// What is to be seen of it at a glance.
    pub fn glance(&self) -> Glance {
        let role = match &self.role {
            Role::Follower if !self.may_call_election() && self.leader.is_none() => Glance::NO_MEMBER,
            Role::Follower if !self.may_call_election() => Glance::LEARNER,
            Role::Follower => "follower",
            Role::PreCandidate(_) => "pre-candidate",
            Role::Candidate(_) => "candidate",
            Role::Leader(_) => "leader",
        };
        let state = |index| match index {
            _ if index <= self.applied => SlotState::Applied,
            _ if index <= self.commit => SlotState::Chosen,
            _ => SlotState::Accepted,
        };
        let slot = |(number, entry): (u64, &Entry)| Slot {
            number,
            command: entry.command.to_string(),
            ballot: entry.term.to_string(),
            state: state(number),
        };
        let mut slots: Vec<Slot> = self.log.iter().rev().take(Glance::SLOTS_MAX).map(slot).collect();
        slots.reverse();
        Glance { role, leads: self.leads(), ballot: format!("term {}", self.term), slots }
    }
}
