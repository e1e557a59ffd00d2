//! Members: what a leader and its followers do when somebody joins or leaves.

use super::super::*;
use super::{Bench, at, entries};
use crate::disk::{Disk, Honesty};
use crate::ordering::Command;
use crate::ordering::desk::{ME, SHE, YOU, put};
use crate::process::Event;
use crate::routing::view::{Shard, ShardName, View};

impl Bench {
    fn announce(&mut self, epoch: u32, nodes: &[NodeId]) -> Vec<(NodeId, Message)> {
        let all = Shard { name: ShardName::whole(), nodes: nodes.into() };
        let view = View { epoch, shards: [all].into() };
        self.with(|raft, executor, cx| raft.ask_for(&view, executor, cx))
    }

    fn members(&self) -> Vec<NodeId> {
        self.raft.members().servers.to_vec()
    }

    fn has_all(&mut self, from: NodeId) -> Vec<(NodeId, Message)> {
        let (term, index) = (self.raft.term, self.raft.log.last().index);
        self.hear(from, Message::AppendReply { term, round: 1, result: Appended::UpTo(index) })
    }
}

fn to(sent: &[(NodeId, Message)], server: NodeId) -> usize {
    sent.iter().filter(|(to, _)| *to == server).count()
}

fn one_stands_by(options: &mut RaftOptions) {
    options.spares = 1;
}

/// Thesis, section 4.2.1: a new server is sent the log, and is not counted before it has it.
#[test]
fn whoever_joins_is_a_learner_first() {
    let mut bench = Bench::new(one_stands_by).elected();
    assert_eq!(bench.members(), [ME, YOU]);
    assert_eq!(to(&bench.announce(2, &[ME, YOU, SHE]), SHE), 1);
    assert_eq!(bench.members(), [ME, YOU]);
    bench.ask(1, put());
    let commit = bench.raft.commit;
    bench.hear(SHE, Message::AppendReply { term: 1, round: 1, result: Appended::Refused { term: None, index: 1 } });
    assert_eq!((bench.raft.commit, bench.members()), (commit, [ME, YOU].into()));
    bench.has_all(YOU);
    assert_eq!(bench.raft.commit, commit + 1);
    bench.has_all(SHE);
    assert_eq!(bench.members(), [ME, YOU, SHE]);
    bench.has_all(SHE);
    assert_eq!(bench.raft.commit, bench.raft.log.last().index, "two of three");
}

/// Whoever was slow must get what has come meanwhile.
#[test]
fn whoever_took_long_has_not_caught_up() {
    let mut bench = Bench::new(one_stands_by).elected();
    bench.announce(2, &[ME, YOU, SHE]);
    bench.desk.now = Time::ZERO + bench.raft.options.election_timeout;
    bench.has_all(SHE);
    assert_eq!(bench.members(), [ME, YOU]);
    bench.has_all(SHE);
    assert_eq!(bench.members(), [ME, YOU, SHE]);

    let mut hasty = Bench::new(|options| (options.spares, options.catch_up) = (1, false)).elected();
    hasty.announce(2, &[ME, YOU, SHE]);
    assert_eq!(hasty.members(), [ME, YOU, SHE]);
}

/// The next change waits for the last, and the first for an entry of the leader's own term.
#[test]
fn changes_come_one_after_the_other_and_after_an_entry_of_the_term() {
    for (change_after_own_entry, early) in [(true, 3), (false, 2)] {
        let mut bench = Bench::new(|options| options.rules.change_after_own_entry = change_after_own_entry);
        bench.step(Event::Timer(Timer::Election));
        bench.hear(YOU, Message::VoteReply { term: 1, granted: true });
        bench.announce(2, &[ME]);
        assert_eq!(bench.members().len(), early);
        bench.has_all(YOU);
        assert_eq!(bench.members(), [ME, SHE], "not yet both");
        bench.has_all(SHE);
        assert_eq!((bench.members(), bench.raft.commit), ([ME].into(), bench.raft.log.last().index));
    }
    let mut at_once = Bench::new(|options| options.rules.one_change_at_a_time = false).elected();
    at_once.announce(2, &[ME]);
    assert_eq!(at_once.members(), [ME]);
}

/// Thesis, section 4.2.2: it leads until it is committed that it has left, and does not count itself.
#[test]
fn a_leader_that_leaves_does_not_count_itself_and_steps_down() {
    let mut bench = Bench::new(|_| {}).elected();
    bench.announce(2, &[YOU, SHE]);
    assert_eq!((bench.members(), bench.raft.leads()), ([YOU, SHE].into(), true));
    bench.has_all(YOU);
    assert!(bench.raft.leads(), "it and one of two are not two of two");
    let sent = bench.has_all(SHE);
    assert_eq!((bench.raft.leads(), bench.raft.commit), (false, 2));
    assert!(matches!(&sent[..], [.., (SHE, Message::AppendEntries { commit: 2, .. })]), "{sent:?}");
    assert_eq!(bench.step(Event::Timer(Timer::Election)), []);
}

/// Thesis, section 4.1: "a server always uses the latest configuration in its log, regardless of whether the entry is committed".
#[test]
fn members_count_when_they_are_in_the_log_and_no_more_when_they_are_cut_off() {
    let mut bench = Bench::new(|_| {});
    let change = Entry { term: 1, command: Command::Members(Members::new(2, [YOU, SHE])) };
    bench.hear(YOU, Message::AppendEntries { term: 1, prev: at(0, 0), entries: [change].into(), commit: 0, round: 1 });
    assert_eq!(bench.members(), [YOU, SHE]);
    assert_eq!(bench.step(Event::Timer(Timer::Election)).len(), 2, "it may be needed to be elected");
    bench.hear(YOU, Message::VoteReply { term: 2, granted: true });
    assert!(!bench.raft.leads(), "it does not count itself");
    bench.hear(SHE, entries(3, at(0, 0), &[3], 0));
    assert_eq!(bench.members(), [ME, YOU, SHE]);
}

/// Thesis, section 4.2.3: who has left does not disturb those who hear a leader.
#[test]
fn whoever_hears_a_leader_does_not_heed_a_candidate_from_outside() {
    let mut bench = Bench::new(one_stands_by);
    bench.hear(YOU, entries(1, at(0, 0), &[1], 0));
    let ask = Message::RequestVote { term: 7, last: at(9, 9) };
    assert_eq!((bench.hear(SHE, ask.clone()), bench.raft.term), ([].into(), 1));
    bench.desk.now = Time::ZERO + bench.raft.options.election_timeout;
    assert_eq!(bench.hear(SHE, ask), [(SHE, Message::VoteReply { term: 7, granted: true })]);
}

/// A server that stands by waits for nobody.
#[test]
fn who_is_no_member_calls_no_election() {
    let mut bench = Bench::new(one_stands_by);
    // Another life, from an empty disk.
    bench.desk.disk = Arc::new(Disk::new(Honesty::Honest));
    bench.raft = Raft::new(bench.raft.options.clone(), [YOU, SHE, ME].into(), ME);
    bench.step(Event::Boot);
    assert_eq!(bench.raft.glance().role, Glance::NO_MEMBER);
    bench.hear(YOU, entries(1, at(0, 0), &[1], 1));
    assert_eq!(bench.raft.glance().role, Glance::LEARNER);
    assert_eq!(bench.step(Event::Timer(Timer::Election)), []);
    assert_eq!(bench.raft.glance().role, Glance::NO_MEMBER);
}
