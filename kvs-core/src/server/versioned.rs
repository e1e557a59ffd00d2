//! A server of versioned values: what it does with what clerks ask.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use serde::Serialize;

use super::packet_loss::PacketLossWrapper;
use super::{ClerkMessage, Node, Server, Timer};
use crate::choice::Probability;
use crate::command::KVStoreError;
use crate::lattice::VectorClock;
use crate::op::{KVSOperation, KVSResponse};
use crate::process::{Context, Mark, NodeId};
use crate::request::{Request, Response};
use crate::storage::Storage;
use crate::storage::versioned::{Insert, KeyValueServer, VersionedOptions};
use crate::time::Span;

/// The server has dropped its answer itself.
pub const ANSWER_DROPPED: Mark = Mark("served, and the answer is dropped");
/// A request has been heard before.
pub const COPY_DROPPED: Mark = Mark("copy of a request: dropped");
/// Not safe: what was checked is inserted later.
pub const CHECKED: Mark = Mark("checked; to be inserted in a while");

/// How long a put waits between check and insertion where those are two steps.
const INSERTED_AFTER: Span = Span::from_ms(5);

/// What a server remembers of clerks, in one life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Desk {
    #[serde(skip)]
    options: VersionedOptions,
    /// The newest request that was heard of each client: session, number, attempt.
    heard: BTreeMap<NodeId, (u32, u32, u32)>,
    /// What was checked and is to be inserted, oldest first.
    checked: VecDeque<(NodeId, Arc<Request>)>,
}

impl Server {
    /// The same server, as one of versioned values.
    pub fn with_versions(self, options: VersionedOptions) -> Self {
        Self { desk: Some(Box::new(Desk { options, ..Desk::default() })), ..self }
    }

    /// Opens the store that the disk holds.
    #[inline(never)]
    pub(super) fn open_versions(&mut self, cx: &mut Context<'_, Node>) {
        let (Some(desk), Storage::Versioned(store)) = (&self.desk, &mut self.machine.storage) else { return };
        let life = cx.incarnation();
        **store = KeyValueServer::open(&desk.options, cx.disk(), life);
        if !store.is_empty() {
            cx.mark(super::RECOVERED, store.iter().len() as u64);
        }
    }

    /// A clerk asks.
    #[inline(never)]
    pub(super) fn on_ask(&mut self, from: NodeId, request: &Arc<Request>, attempt: u32, cx: &mut Context<'_, Node>) {
        let (Some(desk), Storage::Versioned(store)) = (&mut self.desk, &mut self.machine.storage) else { return };
        let heard = (request.id.client.session, request.id.sequence, attempt);
        if desk.options.drops_copies && desk.heard.get(&from).is_some_and(|newest| heard <= *newest) {
            cx.mark(COPY_DROPPED, u64::from(request.id.sequence));
            return;
        }
        desk.heard.insert(from, heard);
        let result = match &request.op {
            KVSOperation::PutIf(key, _, version) if desk.options.insert == Insert::AfterCheck => {
                let Some(refused) = store.check(cx.disk(), key, *version) else {
                    cx.mark(CHECKED, u64::from(request.id.sequence));
                    desk.checked.push_back((from, request.clone()));
                    cx.set_timer(Timer::Insert, INSERTED_AFTER);
                    return;
                };
                refused
            }
            KVSOperation::PutIf(key, value, version) => store.put(cx.disk(), key, value, *version),
            KVSOperation::Get(key) => store.get(cx.disk(), key),
            _ => KVSResponse::Refused(KVStoreError::Unsupported),
        };
        self.answer_clerk(from, request, result, cx);
    }

    /// From now on it drops so many of its answers.
    pub(super) fn drop_replies(&mut self, loss: Probability) {
        if let Some(desk) = &mut self.desk {
            desk.options.reply_loss = loss;
        }
    }

    /// What was checked a while ago is inserted.
    #[inline(never)]
    pub(super) fn on_insert(&mut self, cx: &mut Context<'_, Node>) {
        let Some(desk) = &mut self.desk else { return };
        for (from, request) in core::mem::take(&mut desk.checked) {
            let (KVSOperation::PutIf(key, value, _), Storage::Versioned(store)) =
                (&request.op, &mut self.machine.storage)
            else {
                continue;
            };
            let result = store.insert(cx.disk(), key, value);
            self.answer_clerk(from, &request, result, cx);
        }
    }

    /// What an answer says must not be undone by a crash: neither what it confirms nor what it shows.
    fn answer_clerk(&self, to: NodeId, request: &Arc<Request>, result: KVSResponse, cx: &mut Context<'_, Node>) {
        let Some(desk) = &self.desk else { return };
        let may_drop = desk.options.drops_reads || request.op.is_write();
        if may_drop && PacketLossWrapper::new(desk.options.reply_loss).drops(cx) {
            cx.mark(ANSWER_DROPPED, u64::from(request.id.sequence));
            return;
        }
        let (id, life) = (request.id, cx.incarnation());
        let response = Arc::new(Response { id, result, seen: VectorClock::default(), dependencies: None });
        // How an engine keeps its word is its own business: what it has synced is waited for, and nothing else.
        cx.when_synced().send(to, ClerkMessage::Answer { response, life });
    }
}
