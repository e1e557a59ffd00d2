//! `raft-rs`, driven the same way: a queue of messages, its log in memory, and our own machine above it.

use std::collections::VecDeque;
use std::sync::Arc;

use kvs_core::process::NodeId;
use kvs_core::request::{Request, Response};
use kvs_core::storage::{KVSCore, Machine, Storage};
use raft::eraftpb::{ConfState, Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode};
use slog::{Discard, Logger, o};

use super::{Store, request};

/// After so many entries the log is cut, as often as ours makes a snapshot.
const KEPT: u64 = 1_000;

struct Member {
    raft: RawNode<MemStorage>,
    machine: Machine,
    cut: u64,
}

pub(crate) struct Cluster {
    members: Vec<Member>,
    letters: VecDeque<Message>,
    /// What each client has asked last.
    asked: Vec<u32>,
    waiting: Vec<u32>,
    answered: u64,
    messages: [u64; 2],
}

const LEADER: u64 = 1;

impl Cluster {
    pub(crate) fn new(servers: u32, clients: u32) -> Self {
        let ids: Vec<u64> = (1..=u64::from(servers)).collect();
        let logger = Logger::root(Discard, o!());
        let member = |id: &u64| {
            let storage = MemStorage::new_with_conf_state(ConfState::from((ids.clone(), vec![])));
            let (max_size_per_msg, max_inflight_msgs, batch_append) = (1 << 30, 256, clients > 1);
            let config = Config { id: *id, max_size_per_msg, max_inflight_msgs, batch_append, ..Config::default() };
            let raft = RawNode::new(&config, storage, &logger).expect("it is a good configuration");
            Member { raft, machine: Machine::new(Storage::Core(KVSCore::default()), true), cut: 0 }
        };
        let mut cluster = Self {
            members: ids.iter().map(member).collect(),
            letters: VecDeque::new(),
            asked: vec![0; clients as usize],
            waiting: (0..clients).collect(),
            answered: 0,
            messages: [0; 2],
        };
        cluster.members[0].raft.campaign().expect("nobody leads");
        cluster.ready(LEADER);
        while let Some(message) = cluster.letters.pop_front() {
            cluster.deliver(message);
        }
        cluster
    }

    /// Clients that were answered ask for the next.
    fn propose(&mut self) {
        for client in std::mem::take(&mut self.waiting) {
            let sequence = &mut self.asked[client as usize];
            *sequence += 1;
            let request = request(NodeId(1_000 + client), *sequence);
            let data = postcard::to_allocvec(&*request).expect("it is plain data");
            self.members[0].raft.propose(Vec::new(), data).expect("it leads");
            self.messages[1] += 1;
        }
        self.ready(LEADER);
    }

    fn deliver(&mut self, message: Message) {
        let to = message.to;
        self.messages[0] += 1;
        self.member(to).raft.step(message).expect("it is of one of them");
        self.ready(to);
    }

    fn member(&mut self, id: u64) -> &mut Member {
        &mut self.members[usize::try_from(id).expect("few") - 1]
    }

    fn ready(&mut self, id: u64) {
        while self.member(id).raft.has_ready() {
            let member = self.member(id);
            let mut ready = member.raft.ready();
            let store = member.raft.raft.raft_log.store.clone();
            let mut letters = ready.take_messages();
            let mut committed = ready.take_committed_entries();
            store.wl().append(ready.entries()).expect("they follow each other");
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            letters.extend(ready.take_persisted_messages());
            let mut light = member.raft.advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().set_commit(commit);
            }
            letters.extend(light.take_messages());
            committed.extend(light.take_committed_entries());
            member.raft.advance_apply();
            self.letters.extend(letters);
            self.apply(id, &committed);
        }
    }

    fn apply(&mut self, id: u64, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        let mut answers: Vec<Arc<Response>> = Vec::new();
        let member = self.member(id);
        for entry in entries.iter().filter(|entry| !entry.data.is_empty()) {
            let request: Request = postcard::from_bytes(&entry.data).expect("it was encoded");
            answers.extend(member.machine.execute(&request));
        }
        if last.index > member.cut + KEPT {
            member.cut = last.index - 1;
            // A snapshot would be on the disk; here it is only made.
            let _snapshot = member.machine.snapshot();
            member.raft.raft.raft_log.store.wl().compact(member.cut).expect("it is applied");
        }
        if id == LEADER {
            for answer in answers {
                self.messages[1] += 1;
                self.answered += 1;
                self.waiting.push(answer.id.client.node.0 - 1_000);
            }
        }
    }
}

impl Store for Cluster {
    fn commit(&mut self, operations: u64) {
        let until = self.answered + operations;
        while self.answered < until {
            match self.letters.pop_front() {
                Some(message) => self.deliver(message),
                None => self.propose(),
            }
        }
    }

    fn messages(&self) -> [u64; 2] {
        self.messages
    }
}
