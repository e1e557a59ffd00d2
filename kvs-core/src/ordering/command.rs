use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::raft::Members;
use crate::op::RequestId;
use crate::process::NodeId;
use crate::request::{Request, Response};

/// What is decided for one slot of the sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Nothing happens: the slot is filled so that later ones can be executed.
    Noop,
    /// A request.
    Op(Arc<Request>),
    /// Several, one after the other.
    Batch(Arc<[Arc<Request>]>),
    /// Who agrees from now on; of Raft only.
    Members(Members),
}

impl Command {
    /// Its requests, in order.
    pub fn requests(&self) -> &[Arc<Request>] {
        match self {
            Self::Noop | Self::Members(_) => &[],
            Self::Op(request) => core::slice::from_ref(request),
            Self::Batch(requests) => requests,
        }
    }

    /// The command of these requests.
    pub fn of(requests: &[Arc<Request>]) -> Self {
        match requests {
            [] => Self::Noop,
            [one] => Self::Op(one.clone()),
            several => Self::Batch(several.into()),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Members(members) = self {
            return members.fmt(f);
        }
        let Some((first, rest)) = self.requests().split_first() else { return f.write_str("no-op") };
        write!(f, "{}", first.op)?;
        rest.iter().try_for_each(|request| write!(f, "; {}", request.op))
    }
}

/// What a protocol has to say to a client, by way of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A request was executed, and this is the answer.
    Answer(Arc<Response>),
    /// This server does not take requests at the moment; somebody else may.
    Redirect {
        /// The request.
        id: RequestId,
        /// Whom to ask, if that is known.
        to: Option<NodeId>,
    },
}
