use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::request::Request;

/// A log, or a part of one.
pub type Entries = Arc<[Arc<Request>]>;

/// What replicas say to each other. Names and contents are those of the paper; who sends is known of every message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The primary: this comes next. Section 4.1, step 3.
    Prepare {
        /// Its view.
        view: u32,
        /// The op-number.
        op: u64,
        /// What is asked.
        request: Arc<Request>,
        /// The primary's commit-number.
        commit: u64,
    },
    /// A backup has all up to this. Step 4.
    PrepareOk {
        /// Its view.
        view: u32,
        /// The op-number of the last entry of its log.
        op: u64,
    },
    /// The primary has nothing new, and is there. Step 6.
    Commit {
        /// Its view.
        view: u32,
        /// Its commit-number.
        commit: u64,
    },
    /// The primary is not heard of: a new view should begin. Section 4.2, step 1.
    StartViewChange {
        /// The new view.
        view: u32,
    },
    /// To the primary of the new view: enough want it, and this is what the sender has. Step 2.
    DoViewChange {
        /// The new view.
        view: u32,
        /// Its log.
        log: Entries,
        /// The last view in which it took part.
        last_normal: u32,
        /// Its commit-number.
        commit: u64,
    },
    /// The new primary: the view begins with this. Step 3.
    StartView {
        /// The new view.
        view: u32,
        /// Its log.
        log: Entries,
        /// Its commit-number.
        commit: u64,
    },
    /// A replica has lost its memory. Section 4.3, step 1.
    Recovery {
        /// Which crash it was.
        nonce: u32,
        /// Up to which view it has gone, as its disk says; 0 if that is not kept.
        view: u32,
    },
    /// Where somebody is who has not. Step 2.
    RecoveryResponse {
        /// Its view.
        view: u32,
        /// The crash of which it was told.
        nonce: u32,
        /// Of the primary only: log and commit-number.
        state: Option<(Entries, u64)>,
    },
    /// What comes after this in this view? Section 5.2.
    GetState {
        /// The view.
        view: u32,
        /// The op-number of the last entry that the sender is sure of.
        op: u64,
    },
    /// What comes after it. Section 5.2.
    NewState {
        /// The view.
        view: u32,
        /// After this op-number.
        after: u64,
        /// The rest of the log.
        log: Entries,
        /// The commit-number.
        commit: u64,
    },
}

impl Message {
    /// What kind of message it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prepare { .. } => "Prepare",
            Self::PrepareOk { .. } => "PrepareOk",
            Self::Commit { .. } => "Commit",
            Self::StartViewChange { .. } => "StartViewChange",
            Self::DoViewChange { .. } => "DoViewChange",
            Self::StartView { .. } => "StartView",
            Self::Recovery { .. } => "Recovery",
            Self::RecoveryResponse { .. } => "RecoveryResponse",
            Self::GetState { .. } => "GetState",
            Self::NewState { .. } => "NewState",
        }
    }

    /// The view in which its sender takes part, or would like to; None of who has lost its memory, and of who asks for what others have.
    pub fn promised_view(&self) -> Option<u32> {
        match self {
            Self::Prepare { view, .. }
            | Self::PrepareOk { view, .. }
            | Self::Commit { view, .. }
            | Self::StartViewChange { view }
            | Self::DoViewChange { view, .. }
            | Self::StartView { view, .. }
            | Self::RecoveryResponse { view, .. }
            | Self::NewState { view, .. } => Some(*view),
            Self::Recovery { .. } | Self::GetState { .. } => None,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare { view, op, request, .. } => write!(f, "view {view}, slot {op}: {}", request.op),
            Self::PrepareOk { view, op } => write!(f, "view {view}: I have all up to slot {op}"),
            Self::Commit { view, commit } => write!(f, "view {view} goes on, committed up to {commit}"),
            Self::StartViewChange { view } => write!(f, "view {view} should begin"),
            Self::DoViewChange { view, log, last_normal, .. } => {
                write!(f, "lead view {view}; I have {} slots, from view {last_normal}", log.len())
            }
            Self::StartView { view, log, .. } => write!(f, "view {view} begins, with {} slots", log.len()),
            Self::Recovery { .. } => f.write_str("I have lost my memory: where are you?"),
            Self::RecoveryResponse { view, state: Some((log, _)), .. } => {
                write!(f, "I lead view {view}, with {} slots", log.len())
            }
            Self::RecoveryResponse { view, state: None, .. } => write!(f, "I am in view {view}"),
            Self::GetState { view, op } => write!(f, "what comes after slot {op} in view {view}?"),
            Self::NewState { view, after, log, .. } => {
                write!(f, "view {view}: after slot {after} come {} more", log.len())
            }
        }
    }
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// To hear of the primary, or that a new view begins.
    ViewChange,
    /// To say again what has not been answered; as primary, to give a sign of life.
    Again,
}

impl Timer {
    /// What a schedule calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewChange => "ViewChange",
            Self::Again => "CommitTick",
        }
    }

    /// What it means when it runs out.
    pub fn words(self) -> &'static str {
        match self {
            Self::ViewChange => "has waited long enough for a primary",
            Self::Again => "says again what may have been lost",
        }
    }
}
