//! Who agrees? One server joins or leaves at a time. Thesis, sections 4.1 to 4.3.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::replication::Progress;
use super::{CATCHES_UP, JOINS, LEAVES, RETIRED, Raft, Role, Timer};
use crate::ordering::{self, Command, Executor, Host};
use crate::process::{Context, NodeId};
use crate::quorum::majority;
use crate::routing::view::View;

/// The servers that vote, and of which a majority has what is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The epoch of the view that somebody outside has asked for, on the way to which these are.
    pub view: u32,
    /// Who they are, in order.
    pub servers: Arc<[NodeId]>,
}

impl Members {
    /// The members on the way to a view, whatever their order.
    pub fn new(view: u32, servers: impl IntoIterator<Item = NodeId>) -> Self {
        let mut servers: Vec<NodeId> = servers.into_iter().collect();
        servers.sort_unstable();
        Self { view, servers: servers.into() }
    }

    /// Whether a server is one of them.
    pub fn has(&self, server: NodeId) -> bool {
        self.servers.contains(&server)
    }

    /// How many are a majority.
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub fn majority(&self) -> u32 {
        majority(self.servers.len() as u32)
    }

    /// Whether every majority of these has a server in common with every majority of others.
    pub fn always_meet(&self, others: &Self) -> bool {
        let shared = self.servers.iter().filter(|server| others.has(**server)).count();
        // So many of those in both a majority needs at least.
        let of_shared = |members: &Self| (members.majority() as usize).saturating_sub(members.servers.len() - shared);
        of_shared(self) + of_shared(others) > shared
    }

    fn with(&self, view: u32, server: NodeId) -> Self {
        Self::new(view, self.servers.iter().copied().chain([server]))
    }

    fn without(&self, view: u32, server: NodeId) -> Self {
        Self::new(view, self.servers.iter().copied().filter(|member| *member != server))
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("members")?;
        self.servers.iter().try_for_each(|server| write!(f, " S{}", u64::from(server.0) + 1))
    }
}

impl Raft {
    /// The members by its log: an entry about them counts as soon as it is there, and no more when it is cut off.
    pub fn members(&self) -> &Members {
        self.log.members()
    }

    /// The members that somebody outside has asked for last, as far as this server was told.
    pub fn asked_for(&self) -> Option<&Members> {
        self.asked.as_ref()
    }

    /// Whether its voice counts.
    pub(super) fn is_member(&self) -> bool {
        self.members().has(self.me)
    }

    /// Whether it may call an election: as a member; and as long as it does not know that it is none any more. It may be the only one that
    /// has the entry by which it leaves, and then nobody else can be elected. Thesis, section 4.2.2.
    pub(super) fn may_call_election(&self) -> bool {
        self.is_member() || self.log.members_at() > self.commit
    }

    /// Somebody outside asks for other members.
    pub fn ask_for<P: Host>(&mut self, view: &View, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        if self.asked.as_ref().is_none_or(|asked| asked.view < view.epoch) {
            self.asked = Some(Members::new(view.epoch, view.nodes()));
            self.change_members(executor, cx);
        }
    }

    /// The leader's next step towards the members that were asked for.
    pub(super) fn change_members<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        let is_settled = self.log.members_at() <= self.commit;
        if !self.leads() || (self.asked.is_none() && self.is_member()) {
            return;
        }
        let members = self.members().clone();
        // By whose log others have gone further already has been asked for something older.
        let asked = self.asked.clone().filter(|asked| asked.view >= members.view).unwrap_or_else(|| members.clone());
        self.enlist(&asked, cx);
        if is_settled {
            self.dismiss(&members, &asked, cx);
        }
        if is_settled && !self.is_member() {
            self.retire_from_lead(executor, cx);
            return;
        }
        let rules = self.options.rules;
        let is_in_turn = is_settled && (self.knows_commit() || !rules.change_after_own_entry);
        if !is_in_turn && rules.one_change_at_a_time {
            return;
        }
        let next = if rules.one_change_at_a_time { self.next_members(&members, &asked) } else { Some(asked) };
        if let Some(next) = next.filter(|next| next.servers != members.servers) {
            self.append(Command::Members(next), cx);
            self.advance_commit(executor, cx);
            self.replicate(cx);
        }
    }

    /// First whoever is new joins, one after the other, when it has caught up. Then whoever is to go leaves, the leader last.
    fn next_members(&self, members: &Members, asked: &Members) -> Option<Members> {
        let Role::Leader(leadership) = &self.role else { return None };
        let mut joining = asked.servers.iter().copied().filter(|server| !members.has(*server)).peekable();
        if joining.peek().is_some() {
            let is_ready = |server: &NodeId| !self.options.catch_up || leadership.has_caught_up(*server);
            return joining.find(is_ready).map(|server| members.with(asked.view, server));
        }
        let leaving = || members.servers.iter().copied().filter(|server| !asked.has(*server));
        let next = leaving().find(|server| *server != self.me).or_else(|| leaving().next())?;
        Some(members.without(asked.view, next))
    }

    /// Who is to join is sent the log, and does not vote yet.
    fn enlist<P: Host>(&mut self, asked: &Members, cx: &mut Context<'_, P>) {
        let (me, last) = (self.me, self.log.last().index);
        for server in asked.servers.iter().copied().filter(|server| *server != me) {
            let Role::Leader(leadership) = &mut self.role else { return };
            if leadership.enlist(server, Progress::of_learner(last, cx.now())) {
                cx.mark(JOINS, u64::from(server.0) + 1);
                self.send_entries(server, cx);
            }
        }
    }

    /// Who is no member any more, and shall not become one, is told so once. If that is lost, it will ask for votes, and nobody heeds it.
    fn dismiss<P: Host>(&mut self, members: &Members, asked: &Members, cx: &mut Context<'_, P>) {
        let Role::Leader(leadership) = &self.role else { return };
        let is_gone = |server: &NodeId| !members.has(*server) && !asked.has(*server);
        let gone: Vec<NodeId> = leadership.followers().filter(is_gone).collect();
        for server in gone {
            cx.mark(LEAVES, u64::from(server.0) + 1);
            self.send_entries(server, cx);
            if let Role::Leader(leadership) = &mut self.role {
                leadership.dismiss(server);
            }
        }
    }

    /// It has led without being a member for as long as it took to commit that. The others hear of it, and elect one of them.
    fn retire_from_lead<P: Host>(&mut self, executor: &mut Executor<'_>, cx: &mut Context<'_, P>) {
        self.begin_round(cx);
        self.step_down(self.term, None, executor, cx);
        self.retire(cx);
    }

    /// It is no member any more, and waits for nobody.
    pub(super) fn retire<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        cx.mark(RETIRED, u64::from(self.members().view));
        self.leader = None;
        self.role = Role::Follower;
        cx.cancel_timer(ordering::Timer::Raft(Timer::Election));
    }

    /// A server that joins has answered. It has caught up when it got all that there was in less time than it takes to miss a leader.
    pub(super) fn note_catching_up<P: Host>(&mut self, server: NodeId, cx: &mut Context<'_, P>) {
        let (last, timeout) = (self.log.last().index, self.options.election_timeout);
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.note_catching_up(server, last, cx.now(), timeout) {
            cx.mark(CATCHES_UP, u64::from(server.0) + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(servers: &[u32]) -> Members {
        Members::new(1, servers.iter().copied().map(NodeId))
    }

    #[test]
    fn majorities_meet_when_one_server_joins_or_leaves() {
        for n in 1..8 {
            let members = Members::new(1, (0..n).map(NodeId));
            assert!(members.always_meet(&members));
            assert!(members.always_meet(&members.with(2, NodeId(9))));
            assert!(members.with(2, NodeId(9)).always_meet(&members));
        }
    }

    #[test]
    fn majorities_may_miss_each_other_when_two_do() {
        assert!(!of(&[0, 1, 2]).always_meet(&of(&[0, 1, 2, 3, 4])));
        assert!(!of(&[0, 1, 2]).always_meet(&of(&[0, 3, 4])));
        assert!(!of(&[0]).always_meet(&of(&[1])));
        assert!(of(&[0, 1, 2, 3]).always_meet(&of(&[0, 1, 2])));
    }
}
