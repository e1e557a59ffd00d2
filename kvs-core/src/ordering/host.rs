use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Command, Message, Reply, Timer};
use crate::op::RequestId;
use crate::process::{NodeId, Process};
use crate::request::{Request, Response};
use crate::storage::{Known, Machine, MachineSnapshot};
use crate::time::Time;

/// Whoever hosts an ordering: its messages and timers can carry those of the protocols.
pub trait Host: Process<Message: From<Message>, Timer: From<Timer>> {}

impl<P: Process<Message: From<Message>, Timer: From<Timer>>> Host for P {}

/// What a protocol decides upon: the machine of its host, and what is to be said to clients.
#[derive(Debug)]
pub struct Executor<'a> {
    machine: &'a mut Machine,
    replies: Vec<Reply>,
}

impl<'a> Executor<'a> {
    /// Nothing is to be said yet.
    pub fn new(machine: &'a mut Machine) -> Self {
        Self { machine, replies: Vec::new() }
    }

    /// The next slot begins, with the time that was decided along with what is in it; `here` is the host's own clock.
    pub fn begin_slot(&mut self, logged: Time, here: Time) {
        self.machine.begin_slot(logged, here);
    }

    /// Applies what was decided for the next slot.
    pub fn execute(&mut self, command: &Command) {
        let answers = command.requests().iter().filter_map(|request| self.machine.execute(request));
        self.replies.extend(answers.map(Reply::Answer));
    }

    /// Answers a read from what is here now.
    pub fn read(&mut self, request: &Request) {
        let answer: Arc<Response> = self.machine.read(request);
        self.replies.push(Reply::Answer(answer));
    }

    /// Sends whoever asked elsewhere.
    pub fn redirect(&mut self, id: RequestId, to: Option<NodeId>) {
        self.replies.push(Reply::Redirect { id, to });
    }

    /// Whether a request has not been executed yet, and may be.
    pub fn is_new(&self, id: RequestId) -> bool {
        self.machine.served.recall(id) == Known::New
    }

    /// When the next value's time is up, by the time of the log.
    pub fn next_due(&self) -> Option<Time> {
        self.machine.next_due()
    }

    /// After how many slots a snapshot is taken.
    pub fn snapshot_every(&self) -> u32 {
        self.machine.snapshot_every()
    }

    /// A copy of the machine.
    pub fn snapshot(&self) -> MachineSnapshot {
        self.machine.snapshot()
    }

    /// The machine becomes a copy of another.
    pub fn install(&mut self, snapshot: &MachineSnapshot) {
        self.machine.install(snapshot);
    }

    /// What is to be said to clients.
    pub fn into_replies(self) -> Vec<Reply> {
        self.replies
    }
}
