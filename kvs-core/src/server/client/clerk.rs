//! The clerk: how a client asks a server of versioned values, and what it may conclude from what comes back.
//!
//! After the lab "kvsrv" of MIT 6.5840. A put names the version that it replaces, so that a copy of it cannot be applied twice; but when no
//! answer has come and it is sent again, "another version is there" may be the work of the first copy. So:
//!
//! | what comes back | and | means |
//! |---|---|---|
//! | ok | | it was done |
//! | another version is there, or there is such a key | one copy has left, and the server has not started anew since | it was not done |
//! | the same | an earlier copy may have been served | unknown; but this version is past, so that no late copy can be applied |
//! | an older version is there | another copy may still arrive | unknown: the key may come to that version before it does |
//! | there is no such key | one copy has left, and the server has not started anew since | it was not done |
//! | the same | another copy may still arrive | unknown: the key may be made, and come to that version, before it does |
//! | nothing, too often | | unknown; a late copy can still be applied |
//!
//! A request that the client itself has dropped has not left. That a copy is served once is the transport's promise: the server drops
//! what it has heard before, within one life.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Asked, Client};
use crate::choice::Probability;
use crate::command::KVStoreError;
use crate::op::{KVSOperation, KVSResponse, Key, Outcome};
use crate::process::{Context, Mark, NodeId};
use crate::request::{Request, Response};
use crate::server::packet_loss::PacketLossWrapper;
use crate::server::{Node, Timer};
use crate::version::{Version, Versioned};

/// How a clerk behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClerkOptions {
    /// How likely a request is dropped by the client itself, before it leaves.
    pub request_loss: Probability,
    /// What it makes of another version that is there after it has asked again.
    pub recovery: Recovery,
    /// What it does when a key is there that it wanted to make.
    pub create: Create,
    /// What it does when another version is there.
    pub on_mismatch: OnMismatch,
    /// Whether it takes it for granted that what it sends once is served once at most.
    pub assumes_no_copies: bool,
}

impl Default for ClerkOptions {
    fn default() -> Self {
        Self {
            request_loss: Probability::NEVER,
            recovery: Recovery::Unknown,
            create: Create::Fails,
            on_mismatch: OnMismatch::Told,
            assumes_no_copies: true,
        }
    }
}

/// What a clerk makes of another version that is there after it has asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recovery {
    /// It may be its own, or somebody else's: it does not know.
    Unknown,
    /// It takes it for its own, and says that it has put it.
    TakenForSuccess,
}

/// What a clerk does when a key is there that it wanted to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Create {
    /// It says so.
    Fails,
    /// It asks for the version, and puts its value on top.
    Overwrites,
}

/// What a clerk does when another version is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMismatch {
    /// It says so: whoever asked may read again, and think again.
    Told,
    /// It puts the same value on top of whatever is there.
    Blind,
}

/// A clerk and a server speak of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A clerk asks.
    Ask {
        /// What it asks.
        request: Arc<Request>,
        /// How often it has asked that, this time included.
        attempt: u32,
    },
    /// A server answers.
    Answer {
        /// The answer.
        response: Arc<Response>,
        /// The server's life: how often it has crashed before.
        life: u32,
    },
}

/// The client has dropped a request itself.
pub const NEVER_LEFT: Mark = Mark("dropped before it left: no copy of it can arrive");
/// The answer to a first copy is the last word.
pub const FIRST_COPY: Mark = Mark("refused, and no other copy has left: it was not done");
/// An earlier copy may have been served.
pub const MAY_HAVE_ARRIVED: Mark = Mark("refused, but an earlier copy may have arrived: unknown, and over");
/// The first copy may have been served before the server crashed.
pub const IN_ANOTHER_LIFE: Mark = Mark("refused by a server that has started anew: a copy may have arrived before");
/// Copies may have been made on the way.
pub const COPIES_POSSIBLE: Mark = Mark("refused, but the network may have made a copy: unknown, and over");
/// The answer to the only copy is the last word.
pub const NEVER_THERE: Mark = Mark("no such key, and no other copy has left: it was not done");
/// Another copy may come when there is such a key.
pub const MAY_STILL_ARRIVE: Mark = Mark("that version is yet to come, and so may another copy: unknown");
/// Not safe: another version is taken for its own.
pub const TAKEN_FOR_SUCCESS: Mark = Mark("refused after it has asked again: takes it for its own work");
/// Not safe: what is there is overwritten.
pub const OVERWRITES: Mark = Mark("there is such a key: asks for its version, to overwrite it");
/// Not safe: the same value again.
pub const PUT_ON_TOP: Mark = Mark("another version is there: puts the same value on top");

/// What a clerk knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Clerk {
    #[serde(skip)]
    options: ClerkOptions,
    /// The life of the server that it has heard of last.
    life: u32,
    /// The version of each key that it has last read or put.
    seen: BTreeMap<Key, Version>,
    /// Of the present operation: how often it has asked.
    attempt: u32,
    /// How many copies of it may have left.
    copies: u32,
    /// The life that it knew of when it began.
    life_before: u32,
}

/// What follows from an answer.
enum Conclusion {
    /// The operation is over.
    Over(Outcome),
    /// Something else is to be asked first.
    Ask(KVSOperation),
    /// Nothing.
    Nothing,
}

impl Clerk {
    pub(super) fn new(options: ClerkOptions) -> Self {
        Self { options, life: 0, seen: BTreeMap::new(), attempt: 0, copies: 0, life_before: 0 }
    }

    /// From now on it drops so many of its requests.
    pub(super) fn drop_requests(&mut self, loss: Probability) {
        self.options.request_loss = loss;
    }

    /// Whether any copy of the present operation may have left.
    pub(super) fn has_left(&self) -> bool {
        self.copies > 0
    }

    /// An operation begins. A put without a version names the one that this client has last read or put.
    pub(super) fn begin(&mut self, op: KVSOperation) -> KVSOperation {
        (self.attempt, self.copies, self.life_before) = (0, 0, self.life);
        match op {
            KVSOperation::Put(key, value) => {
                let version = self.seen.get(&key).copied().unwrap_or(Version::ABSENT);
                KVSOperation::PutIf(key, value, version)
            }
            other => other,
        }
    }

    /// Sends a copy of a request, unless it is dropped before it leaves.
    fn ask(&mut self, server: NodeId, request: &Arc<Request>, cx: &mut Context<'_, Node>) {
        self.attempt += 1;
        if PacketLossWrapper::new(self.options.request_loss).drops(cx) {
            cx.mark(NEVER_LEFT, u64::from(request.id.sequence));
            return;
        }
        self.copies += 1;
        cx.send(server, Message::Ask { request: request.clone(), attempt: self.attempt });
    }

    /// What follows from an answer to an operation. `asked` is what was asked last for it.
    fn conclude(
        &mut self,
        op: &KVSOperation,
        asked: &KVSOperation,
        result: &KVSResponse,
        cx: &mut Context<'_, Node>,
        subject: u64,
    ) -> Conclusion {
        let is_certain = self.life == self.life_before;
        match (op, asked, result) {
            (KVSOperation::PutIf(key, ..), KVSOperation::PutIf(..), KVSResponse::PutAt(version)) => {
                self.seen.insert(key.clone(), *version);
                Conclusion::Over(Outcome::Ok(result.clone()))
            }
            (KVSOperation::Get(key), ..) => {
                match result {
                    KVSResponse::GetAt(Versioned { version, .. }) => self.seen.insert(key.clone(), *version),
                    _ => self.seen.remove(key),
                };
                Conclusion::Over(Outcome::Ok(result.clone()))
            }
            // The version was asked for, to overwrite it.
            (
                KVSOperation::PutIf(key, value, _),
                KVSOperation::Get(_),
                KVSResponse::GetAt(Versioned { version, .. }),
            ) => Conclusion::Ask(KVSOperation::PutIf(key.clone(), value.clone(), *version)),
            (KVSOperation::PutIf(..), KVSOperation::PutIf(..), KVSResponse::Refused(KVStoreError::KeyNotFound)) => {
                let (mark, outcome) = match () {
                    // The key may be made, and come to that version, before another copy arrives.
                    () if !self.is_alone() => (MAY_STILL_ARRIVE, Outcome::Maybe),
                    () if !is_certain => (IN_ANOTHER_LIFE, Outcome::MaybeClosed),
                    () => (NEVER_THERE, Outcome::Ok(result.clone())),
                };
                cx.mark(mark, subject);
                Conclusion::Over(outcome)
            }
            (
                KVSOperation::PutIf(_, _, version),
                KVSOperation::PutIf(..),
                KVSResponse::Refused(error @ (KVStoreError::KeyAlreadyExists | KVStoreError::VersionMismatch { .. })),
            ) => self.on_other_version(op, *version, *error, is_certain, cx, subject),
            // An earlier copy may have been served, and may still be: only silence is left.
            (KVSOperation::PutIf(..), _, KVSResponse::Refused(KVStoreError::StorageError)) if self.copies > 1 => {
                Conclusion::Nothing
            }
            (.., KVSResponse::Refused(_)) => Conclusion::Over(Outcome::Ok(result.clone())),
            // A late answer to what was asked before.
            _ => Conclusion::Nothing,
        }
    }

    /// Whether no other copy of the request can be on its way.
    fn is_alone(&self) -> bool {
        self.copies == 1 && self.options.assumes_no_copies
    }

    /// Another version is there than the one that was named.
    fn on_other_version(
        &self,
        op: &KVSOperation,
        named: Version,
        error: KVStoreError,
        is_certain: bool,
        cx: &mut Context<'_, Node>,
        subject: u64,
    ) -> Conclusion {
        if let (KVSOperation::PutIf(key, value, _), OnMismatch::Blind, KVStoreError::VersionMismatch { actual, .. }) =
            (op, self.options.on_mismatch, error)
        {
            cx.mark(PUT_ON_TOP, subject);
            return Conclusion::Ask(KVSOperation::PutIf(key.clone(), value.clone(), actual));
        }
        if let (KVSOperation::PutIf(key, ..), Create::Overwrites, KVStoreError::KeyAlreadyExists) =
            (op, self.options.create, error)
        {
            cx.mark(OVERWRITES, subject);
            return Conclusion::Ask(KVSOperation::Get(key.clone()));
        }
        if self.options.recovery == Recovery::TakenForSuccess && self.attempt > 1 {
            cx.mark(TAKEN_FOR_SUCCESS, subject);
            return Conclusion::Over(Outcome::Ok(KVSResponse::PutAt(named.next())));
        }
        // A version that was guessed may be yet to come, and another copy with it.
        let is_yet_to_come = matches!(error, KVStoreError::VersionMismatch { actual, .. } if actual < named);
        if is_yet_to_come && !self.is_alone() {
            cx.mark(MAY_STILL_ARRIVE, subject);
            return Conclusion::Over(Outcome::Maybe);
        }
        let (mark, is_done) = match () {
            () if !self.options.assumes_no_copies => (COPIES_POSSIBLE, None),
            () if self.copies > 1 => (MAY_HAVE_ARRIVED, None),
            () if !is_certain => (IN_ANOTHER_LIFE, None),
            () => (FIRST_COPY, Some(KVSResponse::Refused(error))),
        };
        cx.mark(mark, subject);
        Conclusion::Over(is_done.map_or(Outcome::MaybeClosed, Outcome::Ok))
    }
}

/// Sends a request: by the clerk, if there is one.
pub(super) fn ask(clerk: &mut Option<Box<Clerk>>, server: NodeId, request: &Arc<Request>, cx: &mut Context<'_, Node>) {
    match clerk {
        Some(clerk) => clerk.ask(server, request, cx),
        None => cx.send(server, crate::server::Message::Request(request.clone())),
    }
}

impl Client {
    /// The server of versioned values has answered.
    pub(super) fn on_answer(&mut self, from: NodeId, response: &Response, life: u32, cx: &mut Context<'_, Node>) {
        let Some(clerk) = &mut self.clerk else { return };
        clerk.life = clerk.life.max(life);
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.request.id == response.id) else { return };
        let Some(asked) = pending.asked.first().map(|asked| asked.request.clone()) else { return };
        let (id, subject) = (response.id, u64::from(response.id.sequence));
        match clerk.conclude(&pending.request.op, &asked.op, &response.result, cx, subject) {
            Conclusion::Nothing => {}
            Conclusion::Ask(op) => {
                let request = Arc::new(Request { op, ..(*pending.request).clone() });
                clerk.ask(from, &request, cx);
                pending.asked = [Asked { server: from, request }].into();
                cx.set_timer(Timer::Retry, self.options.retry_after);
            }
            Conclusion::Over(outcome) => {
                self.pending = None;
                cx.cancel_timer(Timer::Retry);
                if outcome == Outcome::Maybe {
                    self.lose_track();
                }
                self.end(id, outcome, cx);
            }
        }
    }
}
