//! What clients and servers say to each other: a request, and its answer.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::lattice::{Dependencies, VectorClock};
use crate::op::{KVSOperation, KVSResponse, RequestId};
use crate::time::Time;

/// A client asks a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Names the operation; a retry keeps it.
    pub id: RequestId,
    /// What is asked.
    pub op: KVSOperation,
    /// When its client began to ask, by its client's clock.
    pub called: Time,
    /// What the client has read of this key; a write replaces that and nothing else.
    pub context: VectorClock,
    /// With causal delivery: the updates that its session has seen. A replica that has not lets it wait.
    pub seen: VectorClock,
    /// With versions that know their causes: what its session has seen of every key. A read waits for that.
    pub dependencies: Option<Arc<Dependencies>>,
    /// The epoch of the view that it was routed by.
    pub epoch: u32,
}

/// A server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// What it answers.
    pub id: RequestId,
    /// The answer.
    pub result: KVSResponse,
    /// With causal delivery: the updates that it rests on.
    pub seen: VectorClock,
    /// With versions that know their causes: the versions that it shows or makes, and theirs.
    pub dependencies: Option<Arc<Dependencies>>,
}
