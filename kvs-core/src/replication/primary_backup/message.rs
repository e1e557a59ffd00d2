use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::view::View;
use crate::request::Request;
use crate::storage::MachineSnapshot;
use crate::time::Time;

/// What servers and the view service say to each other. Every message names its view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A server to the view service: it is there, and has all of this view.
    Ping {
        /// The newest view that it has all of; of a primary, that all its backups have as well. 0: none, it is new or has lost its memory.
        view: u32,
        /// How often it has crashed.
        life: u32,
        /// When it says so, by its own clock.
        at: Time,
    },
    /// What the view is now; where views come from outside, all that are newer than the one that was asked by.
    ViewReply {
        /// The views, in order.
        views: Arc<[Arc<View>]>,
        /// Whether the primary of the last one has said that it is in place.
        acked: bool,
        /// When the receiver has said that it is there, by its own clock, if this answers that.
        asked_at: Option<Time>,
    },
    /// Where views come from outside: what comes after this view?
    GetView {
        /// The view.
        view: u32,
    },
    /// The primary to a backup: this comes next.
    Fwd {
        /// The view.
        view: u32,
        /// The number of the operation.
        opn: u64,
        /// What is asked.
        request: Arc<Request>,
    },
    /// A backup to the primary: it has applied everything up to this operation.
    FwdAck {
        /// The view.
        view: u32,
        /// The number of the last operation.
        opn: u64,
    },
    /// A backup to the primary: something is missing after this operation.
    FwdReq {
        /// The view.
        view: u32,
        /// The number of the last operation that it has.
        opn: u64,
    },
    /// To somebody who goes by an old view: these came after it.
    FwdNo {
        /// The views.
        views: Arc<[Arc<View>]>,
    },
    /// The state with which a view begins.
    Xfer {
        /// The view.
        view: u32,
        /// The number of the last operation in it.
        opn: u64,
        /// Values, and the last answer to each client; None where states are not transferred.
        state: Option<Arc<MachineSnapshot>>,
    },
    /// A backup to the primary: it has the state with which the view begins.
    XferAck {
        /// The view.
        view: u32,
    },
    /// Where views come from outside, a primary that has no state: who has what was done before this view?
    XferReq {
        /// The view.
        view: u32,
    },
}

impl Message {
    /// What kind of message it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ping { .. } => "Ping",
            Self::ViewReply { .. } => "ViewReply",
            Self::GetView { .. } => "GetView",
            Self::Fwd { .. } => "Fwd",
            Self::FwdAck { .. } => "FwdAck",
            Self::FwdReq { .. } => "FwdReq",
            Self::FwdNo { .. } => "FwdNo",
            Self::Xfer { .. } => "Xfer",
            Self::XferAck { .. } => "XferAck",
            Self::XferReq { .. } => "XferReq",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ping { view: 0, .. } => f.write_str("here, with nothing"),
            Self::Ping { view, .. } => write!(f, "here, with view {view}"),
            Self::ViewReply { views, .. } => match views.last() {
                Some(view) => write!(f, "view {}", view.number),
                None => f.write_str("there is no newer view"),
            },
            Self::GetView { view } => write!(f, "what comes after view {view}?"),
            Self::Fwd { view, opn, request } => write!(f, "{view}.{opn}: {}", request.op),
            Self::FwdAck { view, opn } => write!(f, "has {view}.{opn}"),
            Self::FwdReq { view, opn } => write!(f, "what comes after {view}.{opn}?"),
            Self::FwdNo { views } => match views.last() {
                Some(view) => write!(f, "no: it is view {} now", view.number),
                None => f.write_str("no"),
            },
            Self::Xfer { view, state: Some(state), .. } => match state.core.iter().count() {
                1 => write!(f, "view {view} begins with 1 key"),
                keys => write!(f, "view {view} begins with {keys} keys"),
            },
            Self::Xfer { view, state: None, .. } => write!(f, "view {view} begins"),
            Self::XferAck { view } => write!(f, "has the beginning of view {view}"),
            Self::XferReq { view } => write!(f, "with what does view {view} begin?"),
        }
    }
}

/// What servers and the view service wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// A server: say again that it is there.
    Ping,
    /// The view service: who has not been heard of?
    PingCheck,
    /// A primary: say again what has not been acknowledged.
    Resend,
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ping => "Ping",
            Self::PingCheck => "PingCheck",
            Self::Resend => "FwdResend",
        }
    }
}
