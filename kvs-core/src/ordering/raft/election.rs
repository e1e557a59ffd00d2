//! Who leads? Section 5.2 and 5.4.1; pre-votes: thesis, section 9.6.

use alloc::boxed::Box;

use super::log::Position;
use super::replication::Leadership;
use super::{DEPOSED, ELECTED, LEADER_HEARD, Message, OLD_TERM, OUTDATED_LOG, REFUSED_VOTE, Raft, Role, Timer};
use crate::ordering::{self, Command, Executor, Host, ReadMode};
use crate::process::{Context, NodeId};
use crate::quorum::Votes;
use crate::time::Span;

impl Raft {
    /// Waits for a sign of a leader: so long that mostly one server's patience ends before the others'.
    pub(super) fn await_leader<P: Host>(&self, cx: &mut Context<'_, P>) {
        let least = self.options.election_timeout;
        let more = cx.choose(u32::try_from(least.as_us()).unwrap_or(u32::MAX));
        cx.set_timer(ordering::Timer::Raft(Timer::Election), least + Span::from_us(u64::from(more)));
    }

    /// "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower." What asks about a term that
    /// has not begun does not count; nor does a candidate whom nobody may follow.
    pub(super) fn heed_term<P: Host>(
        &mut self,
        from: NodeId,
        message: &Message,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let has_begun = match message {
            Message::PreVote { .. } | Message::PreVoteReply { granted: true, .. } => false,
            Message::RequestVote { .. } => !self.ignores_candidate(from, cx),
            _ => true,
        };
        if has_begun && message.term() > self.term {
            let leads = matches!(message, Message::AppendEntries { .. } | Message::InstallSnapshot { .. });
            self.step_down(message.term(), leads.then_some(from), executor, cx);
        }
    }

    /// Follows whoever leads in a term that is not over.
    pub(super) fn step_down<P: Host>(
        &mut self,
        term: u64,
        leader: Option<NodeId>,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if term > self.term {
            self.term = term;
            self.voted_for = None;
            self.keep_vote(cx);
        }
        self.leader = leader;
        if let Role::Leader(leadership) = core::mem::replace(&mut self.role, Role::Follower) {
            cx.mark(DEPOSED, self.term);
            cx.cancel_timer(ordering::Timer::Raft(Timer::Heartbeat));
            for read in leadership.reads {
                executor.redirect(read.request.id, leader);
            }
            self.await_leader(cx);
        }
    }

    /// Whether a leader has spoken so lately that nobody may call an election.
    fn hears_leader<P: Host>(&self, cx: &Context<'_, P>) -> bool {
        let is_recent = |heard_at| cx.now() < heard_at + self.options.election_timeout;
        self.leads() || self.heard_at.is_some_and(is_recent)
    }

    /// Whether it has promised a leader, by answering it, to follow nobody else for a while.
    fn is_bound_by_lease<P: Host>(&self, cx: &Context<'_, P>) -> bool {
        self.options.reads == ReadMode::Lease && self.options.rules.heed_leader && self.hears_leader(cx)
    }

    /// Whether a leader is heard, and this candidate must not disturb it: whoever has left may not have heard of that. Thesis, section
    /// 4.2.3. A candidate that has joined may not be known here yet; when the leader is silent, it is heeded.
    fn ignores_candidate<P: Host>(&self, candidate: NodeId, cx: &Context<'_, P>) -> bool {
        self.is_bound_by_lease(cx) || (!self.members().has(candidate) && self.hears_leader(cx))
    }

    pub(super) fn on_election_timeout<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let members = self.members().clone();
        if let Role::Leader(leadership) = &mut self.role {
            // Whoever is heard by nobody makes no progress, and clients should not wait for it. Thesis, section 6.2.
            if leadership.take_heard(&members) < members.majority() {
                self.step_down(self.term, None, executor, cx);
            } else {
                cx.set_timer(ordering::Timer::Raft(Timer::Election), self.options.election_timeout);
            }
            return;
        }
        if !self.may_call_election() {
            // It was to join, and nobody speaks to it any more.
            self.leader = None;
            return;
        }
        self.await_leader(cx);
        if self.is_bound_by_lease(cx) {
            cx.mark(LEADER_HEARD, self.term);
            return;
        }
        self.leader = None;
        if self.options.pre_vote {
            self.ask_for_pre_votes(executor, cx);
        } else {
            self.call_election(executor, cx);
        }
    }

    fn ask_for_pre_votes<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let votes = self.own_vote();
        let count = votes.count();
        self.role = Role::PreCandidate(votes);
        if count >= self.majority() {
            self.call_election(executor, cx);
            return;
        }
        let (term, last) = (self.term.saturating_add(1), self.log.last());
        for peer in self.peers() {
            Self::send(peer, Message::PreVote { term, last }, cx);
        }
    }

    /// Whoever is no member any more does not count itself.
    fn own_vote(&self) -> Votes {
        let mut votes = Votes::default();
        if self.is_member() {
            votes.add(self.me);
        }
        votes
    }

    /// Would this server vote for that one? It promises nothing.
    pub(super) fn on_pre_vote<P: Host>(&mut self, from: NodeId, term: u64, last: Position, cx: &mut Context<'_, P>) {
        let granted = if term <= self.term {
            cx.mark(OLD_TERM, term);
            false
        } else if self.hears_leader(cx) {
            cx.mark(LEADER_HEARD, term);
            false
        } else {
            self.has_whole_log(last, cx)
        };
        let term = if granted { term } else { self.term };
        Self::send(from, Message::PreVoteReply { term, granted }, cx);
    }

    pub(super) fn on_pre_vote_reply<P: Host>(
        &mut self,
        from: NodeId,
        term: u64,
        granted: bool,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let needed = self.majority();
        let is_next = granted && term == self.term.saturating_add(1) && self.members().has(from);
        if let Role::PreCandidate(votes) = &mut self.role
            && is_next
            && votes.add(from) >= needed
        {
            self.call_election(executor, cx);
        }
    }

    /// "On conversion to candidate, start election: increment currentTerm, vote for self, reset election timer, send RequestVote RPCs to
    /// all other servers."
    fn call_election<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        self.term = self.term.saturating_add(1);
        self.voted_for = Some(cx.me());
        self.keep_vote(cx);
        self.leader = None;
        self.await_leader(cx);
        let votes = self.own_vote();
        let count = votes.count();
        self.role = Role::Candidate(votes);
        if count >= self.majority() {
            self.lead(executor, cx);
            return;
        }
        let (term, last) = (self.term, self.log.last());
        for peer in self.peers() {
            Self::send(peer, Message::RequestVote { term, last }, cx);
        }
    }

    /// "1. Reply false if term < currentTerm. 2. If votedFor is null or candidateId, and candidate's log is at least as up-to-date as
    /// receiver's log, grant vote."
    pub(super) fn on_request_vote<P: Host>(
        &mut self,
        from: NodeId,
        term: u64,
        last: Position,
        cx: &mut Context<'_, P>,
    ) {
        if self.ignores_candidate(from, cx) {
            cx.mark(LEADER_HEARD, term);
            return;
        }
        let granted = if term < self.term {
            cx.mark(OLD_TERM, term);
            false
        } else if self.options.rules.vote_once && self.voted_for.is_some_and(|candidate| candidate != from) {
            cx.mark(REFUSED_VOTE, term);
            false
        } else {
            self.has_whole_log(last, cx)
        };
        if granted {
            if self.voted_for != Some(from) {
                self.voted_for = Some(from);
                self.keep_vote(cx);
            }
            if !self.leads() {
                self.await_leader(cx);
            }
        }
        Self::send(from, Message::VoteReply { term: self.term, granted }, cx);
    }

    /// Whether a candidate has all that this server has, and so all that may be committed.
    fn has_whole_log<P: Host>(&self, last: Position, cx: &mut Context<'_, P>) -> bool {
        let has = last >= self.log.last() || !self.options.rules.vote_for_whole_logs;
        if !has {
            cx.mark(OUTDATED_LOG, last.index);
        }
        has
    }

    pub(super) fn on_vote_reply<P: Host>(
        &mut self,
        from: NodeId,
        term: u64,
        granted: bool,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let needed = self.majority();
        let is_now = granted && term == self.term && self.members().has(from);
        if let Role::Candidate(votes) = &mut self.role
            && is_now
            && votes.add(from) >= needed
        {
            self.lead(executor, cx);
        }
    }

    /// Begins with an entry of its own: only when that is committed does it know what is. Section 8.
    fn lead<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        cx.mark(ELECTED, self.term);
        let last = self.log.last();
        self.role = Role::Leader(Box::new(Leadership::new(self.me, self.peers(), last.index + 1)));
        self.leader = Some(cx.me());
        cx.set_timer(ordering::Timer::Raft(Timer::Election), self.options.election_timeout);
        self.append(Command::Noop, cx);
        self.advance_commit(executor, cx);
        self.on_heartbeat(cx);
        self.change_members(executor, cx);
    }
}
