//! Single messages, as figure 2 says.

mod members;

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::*;
use crate::op::KVSOperation;
use crate::ordering::desk::{Alone, Desk, ME, SHE, YOU, get, put, request};
use crate::ordering::{self, Command, ReadMode, Reply};

/// One of three servers, with its machine and its disk.
struct Bench {
    raft: Raft,
    desk: Desk,
}

impl Bench {
    /// As figure 2 has it, without pre-votes.
    fn new(change: impl FnOnce(&mut RaftOptions)) -> Self {
        let mut options = RaftOptions { pre_vote: false, ..RaftOptions::default() };
        change(&mut options);
        let raft = Raft::new(Arc::new(options), [ME, YOU, SHE].into(), ME);
        let mut bench = Self { raft, desk: Desk::default() };
        bench.step(Event::Boot);
        bench
    }

    /// What it sends because of an event.
    fn step(&mut self, event: Event<Message, Timer>) -> Vec<(NodeId, Message)> {
        self.with(|raft, executor, cx| raft.step(event, executor, cx))
    }

    fn with(
        &mut self,
        act: impl FnOnce(&mut Raft, &mut Executor<'_>, &mut Context<'_, Alone>),
    ) -> Vec<(NodeId, Message)> {
        let Self { raft, desk } = self;
        let sent = desk.step(|executor, cx| act(raft, executor, cx));
        let of_raft = |(to, message)| match message {
            ordering::Message::Raft(message) => Some((to, message)),
            _ => None,
        };
        sent.into_iter().filter_map(of_raft).collect()
    }

    fn hear(&mut self, from: NodeId, message: Message) -> Vec<(NodeId, Message)> {
        self.step(Event::Receive { from, message })
    }

    fn ask(&mut self, sequence: u32, op: KVSOperation) -> Vec<(NodeId, Message)> {
        self.with(|raft, executor, cx| raft.submit(&request(sequence, op), executor, cx))
    }

    /// Is elected in the next term, and has its first entry committed.
    fn elected(mut self) -> Self {
        self.step(Event::Timer(Timer::Election));
        let term = self.raft.term;
        self.hear(YOU, Message::VoteReply { term, granted: true });
        assert!(self.raft.leads());
        let (index, round) = (self.raft.log.last().index, 1);
        self.hear(YOU, Message::AppendReply { term, round, result: Appended::UpTo(index) });
        assert_eq!(self.raft.commit, index);
        self
    }

    /// The terms of its log.
    fn terms(&self) -> Vec<u64> {
        self.raft.log.iter().map(|(_, entry)| entry.term).collect()
    }
}

fn at(term: u64, index: u64) -> Position {
    Position { term, index }
}

fn noops(terms: &[u64]) -> Arc<[Entry]> {
    terms.iter().map(|&term| Entry { term, command: Command::Noop }).collect()
}

fn entries(term: u64, prev: Position, terms: &[u64], commit: u64) -> Message {
    Message::AppendEntries { term, prev, entries: noops(terms), commit, round: 1 }
}

fn reply(term: u64, result: Appended) -> Vec<(NodeId, Message)> {
    [(YOU, Message::AppendReply { term, round: 1, result })].into()
}

/// "RequestVote 1. Reply false if term < currentTerm."
#[test]
fn no_vote_in_a_term_that_is_over() {
    let mut bench = Bench::new(|_| {});
    bench.hear(YOU, entries(3, at(0, 0), &[], 0));
    let sent = bench.hear(SHE, Message::RequestVote { term: 2, last: at(9, 9) });
    assert_eq!(sent, [(SHE, Message::VoteReply { term: 3, granted: false })]);
}

/// "RequestVote 2. If votedFor is null or candidateId […] grant vote", also after a crash.
#[test]
fn one_vote_a_term_whatever_crashes() {
    for (keep_vote, second) in [(true, false), (false, true)] {
        let mut bench = Bench::new(|options| options.rules.keep_vote = keep_vote);
        let ask = Message::RequestVote { term: 1, last: at(0, 0) };
        let vote = Message::VoteReply { term: 1, granted: true };
        assert_eq!(bench.hear(YOU, ask.clone()), [(YOU, vote.clone())]);
        assert_eq!(bench.hear(YOU, ask.clone()), [(YOU, vote)], "the same candidate may ask again");
        assert_eq!(bench.hear(SHE, ask.clone()), [(SHE, Message::VoteReply { term: 1, granted: false })]);
        bench.raft = Raft::new(bench.raft.options.clone(), bench.raft.servers.clone(), ME);
        bench.step(Event::Boot);
        assert_eq!(bench.raft.term, 1);
        assert_eq!(bench.hear(SHE, ask), [(SHE, Message::VoteReply { term: 1, granted: second })]);
    }
}

/// "RequestVote 2. […] and candidate's log is at least as up-to-date as receiver's log."
#[test]
fn no_vote_for_a_log_that_is_behind() {
    for (last, granted) in [(at(1, 9), false), (at(2, 2), false), (at(2, 3), true), (at(3, 1), true)] {
        let mut bench = Bench::new(|_| {});
        bench.hear(YOU, entries(2, at(0, 0), &[1, 2, 2], 0));
        let sent = bench.hear(SHE, Message::RequestVote { term: 4, last });
        assert_eq!(sent, [(SHE, Message::VoteReply { term: 4, granted })]);
    }
}

/// "AppendEntries 1. Reply false if term < currentTerm."
#[test]
fn nothing_is_taken_from_a_leader_whose_term_is_over() {
    let mut bench = Bench::new(|_| {});
    bench.hear(SHE, entries(3, at(0, 0), &[], 0));
    assert_eq!(bench.hear(YOU, entries(2, at(0, 0), &[2], 0)), reply(3, Appended::TermIsOver));
    assert!(bench.terms().is_empty());
}

/// "AppendEntries 2. Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm", and where to look.
#[test]
fn what_does_not_fit_is_refused_and_says_where_to_look() {
    let mut bench = Bench::new(|_| {});
    bench.hear(YOU, entries(2, at(0, 0), &[1, 2, 2], 0));
    let (beyond, other) = (Appended::Refused { term: None, index: 4 }, Appended::Refused { term: Some(2), index: 2 });
    assert_eq!(bench.hear(YOU, entries(3, at(3, 7), &[3], 0)), reply(3, beyond));
    assert_eq!(bench.hear(YOU, entries(3, at(3, 3), &[3], 0)), reply(3, other));
    assert_eq!(bench.terms(), [1, 2, 2]);
}

/// "AppendEntries 3. If an existing entry conflicts with a new one, delete the existing entry and all that follow it. 4. Append any new
/// entries not already in the log."
#[test]
fn a_log_is_cut_off_where_it_differs_and_nowhere_else() {
    let mut bench = Bench::new(|_| {});
    bench.hear(YOU, entries(2, at(0, 0), &[1, 2, 2], 0));
    assert_eq!(bench.hear(YOU, entries(2, at(0, 0), &[1], 0)), reply(2, Appended::UpTo(1)));
    assert_eq!(bench.terms(), [1, 2, 2], "a late message is no conflict");
    bench.hear(YOU, entries(3, at(1, 1), &[2, 3], 0));
    assert_eq!(bench.terms(), [1, 2, 3]);

    let mut careless = Bench::new(|options| options.rules.truncate_on_conflict = false);
    careless.hear(YOU, entries(2, at(0, 0), &[1, 2, 2], 0));
    careless.hear(YOU, entries(2, at(0, 0), &[1], 0));
    assert_eq!(careless.terms(), [1]);
}

/// "AppendEntries 5. If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)."
#[test]
fn only_what_was_compared_is_committed() {
    let mut bench = Bench::new(|_| {});
    bench.hear(YOU, entries(1, at(0, 0), &[1, 1, 1], 0));
    bench.hear(YOU, entries(2, at(1, 1), &[], 3));
    assert_eq!((bench.raft.commit, bench.raft.applied), (1, 1));
}

/// "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower."
#[test]
fn a_greater_term_ends_leadership_and_the_question_about_one_does_not() {
    let mut bench = Bench::new(|_| {}).elected();
    bench.hear(SHE, Message::PreVote { term: 7, last: at(9, 9) });
    assert!(bench.raft.leads());
    bench.hear(SHE, Message::VoteReply { term: 7, granted: false });
    assert_eq!((bench.raft.leads(), bench.raft.term), (false, 7));
}

/// "Leaders: if there exists an N such that […] a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set commitIndex = N."
#[test]
fn an_entry_of_an_earlier_term_is_committed_along_with_one_of_the_leaders_own() {
    for (commit_own_term, early) in [(true, 0), (false, 2)] {
        let mut bench = Bench::new(|options| options.rules.commit_own_term = commit_own_term);
        bench.hear(SHE, entries(1, at(0, 0), &[1, 1], 0));
        bench.step(Event::Timer(Timer::Election));
        bench.hear(YOU, Message::VoteReply { term: 2, granted: true });
        bench.hear(YOU, Message::AppendReply { term: 2, round: 1, result: Appended::UpTo(2) });
        assert_eq!(bench.raft.commit, early);
        bench.hear(YOU, Message::AppendReply { term: 2, round: 1, result: Appended::UpTo(3) });
        assert_eq!(bench.raft.commit, 3);
    }
}

/// Requests that come while others are under way travel together.
#[test]
fn requests_that_wait_are_sent_in_one_message() {
    let mut bench = Bench::new(|_| {}).elected();
    // SHE has answered nothing, so the first entry is still under way to her.
    let to_you = |sent: Vec<(NodeId, Message)>| sent.into_iter().filter(|(to, _)| *to == YOU).count();
    assert_eq!(to_you(bench.ask(1, put())), 1);
    assert_eq!([to_you(bench.ask(2, put())), to_you(bench.ask(3, put()))], [0, 0]);
    assert_eq!(bench.ask(3, put()), [], "who asks again has asked already");
    let sent = bench.hear(YOU, Message::AppendReply { term: 1, round: 1, result: Appended::UpTo(2) });
    assert!(matches!(&sent[..], [(YOU, Message::AppendEntries { entries, .. })] if entries.len() == 2), "{sent:?}");
    assert_eq!(bench.desk.replies.len(), 1);
}

/// Thesis, section 6.4: a round that begins after the read came.
#[test]
fn a_read_waits_for_a_round_of_its_own() {
    let mut bench = Bench::new(|options| options.reads = ReadMode::ReadIndex).elected();
    let round = |sent: &[(NodeId, Message)]| match sent.first() {
        Some((_, Message::AppendEntries { round, .. })) => *round,
        other => panic!("{other:?}"),
    };
    let began = round(&bench.ask(1, get()));
    let answer = |round| Message::AppendReply { term: 1, round, result: Appended::UpTo(1) };
    bench.hear(SHE, answer(began - 1));
    assert_eq!(bench.desk.replies, []);
    bench.hear(SHE, answer(began));
    assert!(matches!(bench.desk.replies[..], [Reply::Answer(_)]));
}

/// A lease lasts less long than its followers wait, and is counted from the moment at which it was asked for.
#[test]
fn a_lease_ends_before_anybody_else_may_be_elected() {
    let mut bench = Bench::new(|options| options.reads = ReadMode::Lease).elected();
    let (lease, wait) = (bench.raft.options.lease(), bench.raft.options.election_timeout);
    assert!(lease < wait);
    bench.desk.now = Time::from_us(lease.as_us() - 1);
    bench.ask(1, get());
    assert_eq!(bench.desk.replies.len(), 1);
    bench.desk.now = Time::from_us(lease.as_us());
    bench.ask(2, get());
    assert_eq!(bench.desk.replies, []);

    for (after, votes) in [(wait.as_us() - 1, 0), (wait.as_us(), 1)] {
        let mut follower = Bench::new(|options| options.reads = ReadMode::Lease);
        follower.hear(YOU, entries(1, at(0, 0), &[], 0));
        follower.desk.now = Time::from_us(after);
        assert_eq!(follower.hear(SHE, Message::RequestVote { term: 2, last: at(9, 9) }).len(), votes);
    }
}

/// "If existing log entry has same index and term as snapshot's last included entry, retain log entries following it."
#[test]
fn a_snapshot_replaces_what_it_covers_and_no_more() {
    let members = || Members::new(1, [ME, YOU, SHE]);
    let install =
        |last| Message::InstallSnapshot { term: 2, last, machine: Arc::default(), members: members(), round: 1 };
    for (last, kept) in [(at(1, 2), &[2][..]), (at(2, 2), &[]), (at(2, 9), &[])] {
        let mut bench = Bench::new(|_| {});
        bench.hear(YOU, entries(2, at(0, 0), &[1, 1, 2], 0));
        assert_eq!(bench.hear(YOU, install(last)), reply(2, Appended::UpTo(last.index)));
        assert_eq!((bench.raft.log.base(), &bench.terms()[..], bench.raft.applied), (last, kept, last.index));
        assert_eq!(bench.hear(YOU, install(at(1, 1))), reply(2, Appended::UpTo(1)));
        assert_eq!(bench.raft.applied, last.index, "an old snapshot takes nothing back");
    }
}
