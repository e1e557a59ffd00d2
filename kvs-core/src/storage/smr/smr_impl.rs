//! The store as a replicated state machine sees it.

use alloc::vec::Vec;

use super::limits::{Batches, Dates, Expiry, Touch};
use super::snapshot::{self, SnapshotError};
use super::store::{KVStoreSMR, KVStoreState};
use crate::command::{KVOperation, KVResult};

/// What can be replicated by executing equal commands in equal order (Schneider, *Implementing Fault-Tolerant Services Using the State
/// Machine Approach*, ACM Computing Surveys 1990, section 2).
pub trait StateMachine {
    /// What is executed.
    type Command;
    /// What comes of it.
    type Response;
    /// All that is replicated.
    type State;

    /// Executes a command after all that were executed before.
    fn apply_command(&mut self, command: &Self::Command) -> Self::Response;

    /// Executes a batch.
    fn apply_commands(&mut self, commands: &[Self::Command]) -> Vec<Self::Response>;

    /// The state.
    fn get_state(&self) -> &Self::State;

    /// Becomes a state. What was here is replaced.
    fn set_state(&mut self, state: Self::State);

    /// The state as bytes; equal states have equal bytes.
    fn serialize_state(&self) -> Result<Vec<u8>, SnapshotError>;

    /// Becomes the state of these bytes. On an error nothing changes.
    fn deserialize_state(&mut self, bytes: &[u8]) -> Result<(), SnapshotError>;

    /// Whether equal commands lead to equal states, whatever the clocks and whoever reads.
    fn is_deterministic(&self) -> bool;
}

impl StateMachine for KVStoreSMR {
    type Command = KVOperation;
    type Response = KVResult;
    type State = KVStoreState;

    fn apply_command(&mut self, command: &KVOperation) -> KVResult {
        self.apply(command)
    }

    fn apply_commands(&mut self, commands: &[KVOperation]) -> Vec<KVResult> {
        self.apply_all(commands, self.config.batches == Batches::Atomic)
    }

    fn get_state(&self) -> &KVStoreState {
        self.state()
    }

    fn set_state(&mut self, state: KVStoreState) {
        Self::set_state(self, state);
    }

    fn serialize_state(&self) -> Result<Vec<u8>, SnapshotError> {
        snapshot::encode(&self.state, self.config.snapshot_compression)
    }

    fn deserialize_state(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let state = snapshot::decode(bytes)?;
        Self::set_state(self, state);
        Ok(())
    }

    fn is_deterministic(&self) -> bool {
        self.config.expiry == Expiry::Log && self.config.touch == Touch::Logged && self.config.dates == Dates::Log
    }
}
