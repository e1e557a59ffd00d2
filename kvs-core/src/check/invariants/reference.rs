//! What the decided slots lead to, if they are executed one after the other and each request once.

use alloc::format;
use alloc::vec::Vec;

use super::Found;
use crate::ordering::Command;
use crate::server::Server;
use crate::storage::{KVSCore, Machine, Storage};

#[derive(Clone)]
pub(super) struct Reference {
    machine: Machine,
    /// What it has held after so many slots.
    states: Vec<KVSCore>,
}

impl Default for Reference {
    fn default() -> Self {
        let machine = Machine::new(Storage::Core(KVSCore::default()), true);
        Self { machine, states: [KVSCore::default()].into() }
    }
}

impl Reference {
    /// How many slots it has executed.
    pub(super) fn executed(&self) -> u64 {
        self.states.len() as u64 - 1
    }

    /// Executes what was decided for the next slot.
    pub(super) fn execute(&mut self, command: &Command) {
        for request in command.requests() {
            self.machine.execute(request);
        }
        self.states.push(self.machine.snapshot().core);
    }

    /// Whether a server that has executed some of these slots holds what they lead to.
    pub(super) fn look(&self, server: &Server) -> Found {
        let (Some(applied), Storage::Core(core)) = (server.applied(), server.storage()) else { return Ok(()) };
        let expected = usize::try_from(applied).ok().and_then(|applied| self.states.get(applied));
        if expected.is_none_or(|expected| expected == core) {
            return Ok(());
        }
        let what =
            format!("{applied} slots have led to something else here than if each request counts once, in its turn");
        Err(("P7", what))
    }
}
