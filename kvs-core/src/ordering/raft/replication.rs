//! How the log gets to the others, and when it is committed. Sections 5.3, 5.4.2 and 7.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::log::{Entry, Log, Position};
use super::members::Members;
use super::{
    Appended, INSTALLED, MISSING, Message, NOT_YET_COMMITTED, OLD_TERM, OVERWRITTEN, Raft, Role, Timer, Waiting,
};
use crate::ordering::{self, Command, Executor, Host};
use crate::process::{Context, NodeId};
use crate::quorum::Votes;
use crate::storage::MachineSnapshot;
use crate::time::{Span, Time};

/// What a leader knows of a follower. Figure 2, "volatile state on leaders".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    /// The next entry to send.
    next: u64,
    /// The last entry that is known to be there.
    matched: u64,
    /// The last entry of those that were sent and not answered.
    under_way: Option<u64>,
    /// The last round that it has answered.
    round: u64,
    /// If it is to join and has not caught up yet.
    catching_up: Option<CatchingUp>,
}

/// What a server that is to join must have got, and since when it is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct CatchingUp {
    upto: u64,
    since: Time,
}

impl Progress {
    /// Nothing is known of it but that it may have all up to an index.
    fn new(last: u64) -> Self {
        Self { next: last + 1, matched: 0, under_way: None, round: 0, catching_up: None }
    }

    /// Likewise, of a server that is to join.
    pub(super) fn of_learner(last: u64, now: Time) -> Self {
        Self { catching_up: Some(CatchingUp { upto: last, since: now }), ..Self::new(last) }
    }
}

/// What a leader has in mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Leadership {
    me: NodeId,
    /// The other members, and those that are to join.
    followers: BTreeMap<NodeId, Progress>,
    /// Who has answered since the last election timeout.
    heard: Votes,
    /// The number of its last round of heartbeats.
    pub(super) round: u64,
    /// When the rounds began that may still be confirmed.
    pub(super) rounds: VecDeque<(u64, Time)>,
    /// Reads that wait.
    pub(super) reads: Vec<Waiting>,
}

impl Leadership {
    pub(super) fn new(me: NodeId, followers: impl Iterator<Item = NodeId>, next: u64) -> Self {
        let progress = Progress::new(next.saturating_sub(1));
        let mut heard = Votes::default();
        heard.add(me);
        Self {
            me,
            followers: followers.map(|follower| (follower, progress)).collect(),
            heard,
            round: 0,
            rounds: VecDeque::new(),
            reads: Vec::new(),
        }
    }

    /// How many members have answered since this was last asked.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub(super) fn take_heard(&mut self, members: &Members) -> u32 {
        let heard = core::mem::take(&mut self.heard);
        self.heard.add(self.me);
        heard.voters().filter(|server| members.has(*server)).count() as u32
    }

    /// The greatest number that a majority of the members has reached, if the leader itself has reached `mine`. It counts itself if it is
    /// one of them.
    fn reached(&self, members: &Members, mine: u64, of: impl Fn(&Progress) -> u64) -> u64 {
        let number =
            |server: &NodeId| if *server == self.me { mine } else { self.followers.get(server).map_or(0, &of) };
        let mut numbers: Vec<u64> = members.servers.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.iter().rev().nth(members.majority().saturating_sub(1) as usize).copied().unwrap_or(0)
    }

    /// The last round that a majority of the members has answered.
    pub(super) fn confirmed_round(&self, members: &Members) -> u64 {
        self.reached(members, self.round, |follower| follower.round)
    }

    /// Whom it sends its log to.
    pub(super) fn followers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.followers.keys().copied()
    }

    /// Sends its log to one more. False if it does already.
    pub(super) fn enlist(&mut self, server: NodeId, progress: Progress) -> bool {
        let is_new = !self.followers.contains_key(&server);
        self.followers.entry(server).or_insert(progress);
        is_new
    }

    /// Sends somebody nothing any more.
    pub(super) fn dismiss(&mut self, server: NodeId) {
        self.followers.remove(&server);
    }

    /// Whether a server has all it takes to vote.
    pub(super) fn has_caught_up(&self, server: NodeId) -> bool {
        self.followers.get(&server).is_some_and(|progress| progress.catching_up.is_none())
    }

    /// Whether a server that is to join has caught up just now. If it took too long, there is more to be got by now.
    pub(super) fn note_catching_up(&mut self, server: NodeId, last: u64, now: Time, timeout: Span) -> bool {
        let Some(progress) = self.followers.get_mut(&server) else { return false };
        let Some(CatchingUp { upto, since }) = progress.catching_up else { return false };
        if progress.matched < upto {
            return false;
        }
        let is_quick = now < since + timeout;
        progress.catching_up = (!is_quick).then_some(CatchingUp { upto: last, since: now });
        is_quick
    }
}

impl Raft {
    /// Adds a command to the leader's own log.
    pub(super) fn append<P: Host>(&mut self, command: Command, cx: &mut Context<'_, P>) {
        let entry = Entry { term: self.term, command };
        self.replace_after(self.log.last().index, &[entry], cx);
    }

    /// A sign of life, with whatever the others do not have yet, or have not answered.
    pub(super) fn on_heartbeat<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if self.leads() {
            self.begin_round(cx);
            cx.set_timer(ordering::Timer::Raft(Timer::Heartbeat), self.options.heartbeat);
        }
    }

    /// Begins a round: whoever answers it has followed this leader after now.
    pub(super) fn begin_round<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let members = self.members().clone();
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.round += 1;
        leadership.rounds.push_back((leadership.round, cx.now()));
        let confirmed = leadership.confirmed_round(&members);
        while leadership.rounds.front().is_some_and(|(round, _)| *round < confirmed) {
            leadership.rounds.pop_front();
        }
        let followers: Vec<NodeId> = leadership.followers().collect();
        for follower in followers {
            self.send_entries(follower, cx);
        }
    }

    /// Sends entries to everyone who lacks some and has answered the last that were sent.
    pub(super) fn replicate<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        let Role::Leader(leadership) = &self.role else { return };
        let followers: Vec<NodeId> = leadership.followers().collect();
        for follower in followers {
            self.send_news(follower, cx);
        }
    }

    fn send_news<P: Host>(&mut self, to: NodeId, cx: &mut Context<'_, P>) {
        let Role::Leader(leadership) = &self.role else { return };
        let last = self.log.last().index;
        let is_due = |follower: &Progress| follower.under_way.is_none() && follower.next <= last;
        if leadership.followers.get(&to).is_some_and(is_due) {
            self.send_entries(to, cx);
        }
    }

    pub(super) fn send_entries<P: Host>(&mut self, to: NodeId, cx: &mut Context<'_, P>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let round = leadership.round;
        let Some(follower) = leadership.followers.get_mut(&to) else { return };
        let before = follower.next.saturating_sub(1);
        let Some(prev) = self.log.position(before) else {
            let last = self.log.base();
            follower.under_way = Some(last.index);
            let (machine, members) = (self.snapshot.clone(), self.log.base_members().clone());
            Self::send(to, Message::InstallSnapshot { term: self.term, last, machine, members, round }, cx);
            return;
        };
        let entries = self.log.after(before, self.options.batch);
        if !entries.is_empty() {
            follower.under_way = Some(before + entries.len() as u64);
        }
        let (term, commit) = (self.term, self.commit);
        Self::send(to, Message::AppendEntries { term, prev, entries, commit, round }, cx);
    }

    /// Whether the sender leads. If so, this server follows it.
    pub(super) fn follow<P: Host>(
        &mut self,
        leader: NodeId,
        term: u64,
        round: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) -> bool {
        if term < self.term {
            cx.mark(OLD_TERM, term);
            let result = Appended::TermIsOver;
            Self::send(leader, Message::AppendReply { term: self.term, round, result }, cx);
            return false;
        }
        self.step_down(term, Some(leader), executor, cx);
        self.heard_at = Some(cx.now());
        self.await_leader(cx);
        true
    }

    /// "2. Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm. 3. If an existing entry conflicts
    /// with a new one (same index but different terms), delete the existing entry and all that follow it. 4. Append any new entries not
    /// already in the log. 5. If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)."
    #[expect(clippy::too_many_arguments, reason = "it is the message")]
    pub(super) fn on_append_entries<P: Host>(
        &mut self,
        from: NodeId,
        prev: Position,
        entries: &[Entry],
        commit: u64,
        round: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let result = match self.refusal(prev) {
            Some(refused) => {
                cx.mark(MISSING, prev.index);
                refused
            }
            None => {
                let may_lead = self.may_call_election();
                let last_new = prev.index.saturating_add(entries.len() as u64);
                self.take_over(prev.index, entries, cx);
                self.commit = self.commit.max(commit.min(last_new));
                if may_lead && !self.may_call_election() {
                    self.retire(cx);
                }
                Appended::UpTo(last_new)
            }
        };
        self.apply(executor, cx);
        Self::send(from, Message::AppendReply { term: self.term, round, result }, cx);
    }

    /// Why entries after this position do not fit, if so.
    fn refusal(&self, prev: Position) -> Option<Appended> {
        // What a snapshot has replaced was committed, and what is committed is the same everywhere.
        if prev.index < self.log.base().index {
            return None;
        }
        match self.log.term_at(prev.index) {
            Some(term) if term == prev.term => None,
            Some(term) => Some(Appended::Refused { term: Some(term), index: self.log.first_of_term_at(prev.index) }),
            None => Some(Appended::Refused { term: None, index: self.log.last().index + 1 }),
        }
    }

    /// Copies the entries after an index that are not here.
    fn take_over<P: Host>(&mut self, prev: u64, entries: &[Entry], cx: &mut Context<'_, P>) {
        let base = self.log.base().index;
        let is_here = |(place, entry): &(u64, &Entry)| {
            *place <= base || self.log.get(*place).is_some_and(|mine| mine.term == entry.term)
        };
        let here = (prev.saturating_add(1)..).zip(entries).take_while(is_here).count();
        let (kept, rest) = (prev.saturating_add(here as u64), &entries[here..]);
        let is_longer = self.log.last().index > kept;
        if !rest.is_empty() {
            if is_longer {
                cx.mark(OVERWRITTEN, kept.saturating_add(1));
            }
            self.replace_after(kept, rest, cx);
        } else if is_longer && kept > base && !self.options.rules.truncate_on_conflict {
            self.replace_after(kept, &[], cx);
        }
    }

    pub(super) fn on_append_reply<P: Host>(
        &mut self,
        from: NodeId,
        term: u64,
        round: u64,
        result: Appended,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        let last = self.log.last().index;
        let Role::Leader(leadership) = &mut self.role else { return };
        if term < self.term {
            cx.mark(OLD_TERM, term);
            return;
        }
        let Some(follower) = leadership.followers.get_mut(&from) else { return };
        follower.round = follower.round.max(round);
        leadership.heard.add(from);
        match result {
            Appended::UpTo(index) => {
                follower.matched = follower.matched.max(index.min(last));
                follower.next = follower.matched + 1;
                follower.under_way = follower.under_way.filter(|sent| *sent > follower.matched);
                self.advance_commit(executor, cx);
                self.send_news(from, cx);
                self.note_catching_up(from, cx);
                self.change_members(executor, cx);
            }
            Appended::Refused { term, index } => {
                let after_term = term.and_then(|term| self.log.last_of_term(term)).map(|last| last + 1);
                follower.next = after_term.unwrap_or(index).clamp(1, last + 1);
                follower.under_way = None;
                self.send_entries(from, cx);
            }
            Appended::TermIsOver => {}
        }
        self.serve_reads(executor, cx);
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set commitIndex =
    /// N." Its own log counts: nothing has left that it was not on disk before.
    pub(super) fn advance_commit<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let Role::Leader(leadership) = &self.role else { return };
        let reached = leadership.reached(self.members(), self.log.last().index, |follower| follower.matched);
        if reached <= self.commit {
            return;
        }
        if self.log.term_at(reached) == Some(self.term) || !self.options.rules.commit_own_term {
            self.commit = reached;
            self.apply(executor, cx);
            self.change_members(executor, cx);
        } else {
            cx.mark(NOT_YET_COMMITTED, reached);
        }
    }

    /// Executes what is committed, entry after entry.
    pub(super) fn apply<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        while self.applied < self.commit {
            let Some(entry) = self.log.get(self.applied + 1) else { break };
            executor.execute(&entry.command);
            self.applied += 1;
        }
        let executed = self.applied.saturating_sub(self.log.base().index);
        if executed >= u64::from(self.options.snapshot_every)
            && let Some(last) = self.log.position(self.applied)
        {
            self.compact(executor.snapshot(), last, cx);
        }
    }

    /// "If existing log entry has same index and term as snapshot's last included entry, retain log entries following it and reply.
    /// [Otherwise] discard the entire log. Reset state machine using snapshot contents" (as well as cluster configuration).
    #[expect(clippy::too_many_arguments, reason = "it is the message")]
    pub(super) fn on_install_snapshot<P: Host>(
        &mut self,
        from: NodeId,
        last: Position,
        machine: &Arc<MachineSnapshot>,
        members: Members,
        round: u64,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        if last.index > self.commit {
            if self.log.term_at(last.index) == Some(last.term) {
                self.log.compact(last.index);
            } else {
                self.log = Log::new(last, members, Vec::new());
            }
            self.snapshot = machine.clone();
            self.checkpoint(cx);
            executor.install(machine);
            (self.commit, self.applied) = (last.index, last.index);
            cx.mark(INSTALLED, last.index);
        }
        let result = Appended::UpTo(last.index);
        Self::send(from, Message::AppendReply { term: self.term, round, result }, cx);
    }
}
