use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::Serialize;

use crate::op::RequestId;
use crate::ordering::{Command, Executor};
use crate::time::Time;

/// Where a request stands among those that wait: the oldest first, by the clocks of the clients. All replicas order them alike, so that those
/// that know of the same requests propose the same one.
type Rank = Vec<(Time, RequestId)>;

/// The requests that wait for a slot. (The queue `PQ` of the paper; what it calls the dictionary is the machine's table of served requests.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending(BTreeMap<Rank, Command>);

fn rank(command: &Command) -> Rank {
    command.requests().iter().map(|request| (request.called, request.id)).collect()
}

/// Whether nothing of it has yet to be executed.
fn is_done(command: &Command, executor: &Executor<'_>) -> bool {
    command.requests().iter().all(|request| !executor.is_new(request.id))
}

impl Pending {
    /// Lets a command wait, unless there is nothing in it that has not been executed. True if it was not waiting already.
    pub fn add(&mut self, command: &Command, executor: &Executor<'_>) -> bool {
        !is_done(command, executor) && self.0.insert(rank(command), command.clone()).is_none()
    }

    /// Whether a request waits.
    pub fn includes(&self, id: RequestId) -> bool {
        self.0.keys().flatten().any(|(_, waiting)| *waiting == id)
    }

    /// The command that is to be proposed next.
    pub fn first(&self) -> Option<&Command> {
        self.0.values().next()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out what this command has done, and all that is done otherwise.
    pub fn remove(&mut self, executed: &Command, executor: &Executor<'_>) {
        self.0.retain(|_, command| command != executed && !is_done(command, executor));
    }
}
