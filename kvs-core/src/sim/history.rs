use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use crate::op::{KVSOperation, Outcome, RequestId};
use crate::process::NodeId;
use crate::server::{Message, Node, Request};
use crate::time::Time;
use crate::world::{Happening, Observer};

/// One operation, from the first time it was sent to its final outcome, however often it was repeated in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// Its name.
    pub id: RequestId,
    /// What was asked, and in the knowledge of what.
    pub request: Arc<Request>,
    /// When it began.
    pub called: Time,
    /// How it ended; None while it goes on.
    pub ended: Option<Ended>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// When.
    pub at: Time,
    /// What the client knows then.
    pub outcome: Outcome,
}

impl Operation {
    /// The client's node.
    pub fn client(&self) -> NodeId {
        self.id.client.node
    }

    /// What was asked.
    pub fn op(&self) -> &KVSOperation {
        &self.request.op
    }
}

/// A call or a return, by the place of the operation among the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HistoryEvent {
    /// The operation began.
    Called(usize),
    /// The operation ended.
    Returned(usize),
}

/// The calls and returns of all clients, in the order of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    operations: Vec<Operation>,
    events: Vec<HistoryEvent>,
    #[serde(skip)]
    under_way: BTreeMap<RequestId, usize>,
}

impl History {
    /// All operations, in the order in which they began.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// All calls and returns, in the order in which they happened: at one instant, too, there is one.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// The last operation that a client has begun.
    pub fn last_of(&self, client: NodeId) -> Option<&Operation> {
        self.operations.iter().rev().find(|operation| operation.client() == client)
    }
}

impl Observer<Node> for History {
    fn saw(&mut self, now: Time, happening: Happening<'_, Node>) {
        let Happening::Told { message, .. } = happening else {
            return;
        };
        match message {
            Message::Called(request) => {
                self.under_way.insert(request.id, self.operations.len());
                self.events.push(HistoryEvent::Called(self.operations.len()));
                self.operations.push(Operation { id: request.id, request: request.clone(), called: now, ended: None });
            }
            Message::Returned(returned) => {
                if let Some(place) = self.under_way.remove(&returned.id) {
                    self.events.push(HistoryEvent::Returned(place));
                    self.operations[place].ended = Some(Ended { at: now, outcome: returned.outcome.clone() });
                }
            }
            _ => {}
        }
    }
}
