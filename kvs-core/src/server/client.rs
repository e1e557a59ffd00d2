//! The client: one operation at a time, retried under one name until it is answered or given up.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Message, Node, Request, Response, Timer};
use crate::lattice::{Merge, VectorClock};
use crate::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, RequestId, Value};
use crate::process::{Context, Event, EventOf, Mark, NodeId};
use crate::routing::Router;
use crate::time::Span;

/// What the reader wants a client to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The operation.
    pub op: KVSOperation,
    /// The server to ask; the client's routing decides if nobody is named.
    pub to: Option<NodeId>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Which.
    pub id: RequestId,
    /// How.
    pub outcome: Outcome,
}

/// Requests that a client invents by itself: reads and writes of a few keys, every written value unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The time between two requests of one client.
    pub every: Span,
    /// How many keys, `k1` and so on.
    pub keys: u32,
    /// How many of a hundred requests are reads.
    pub reads_percent: u32,
}

/// How a client behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientOptions {
    /// How long it waits for an answer before it asks again.
    pub retry_after: Span,
    /// How often it asks again before it gives up.
    pub retries: u32,
    /// What it says it has read when it writes.
    pub read_context: ReadContext,
}

/// What a client says it has read when it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadContext {
    /// What it last read of that key.
    #[default]
    Carried,
    /// Nothing: every write is blind.
    Blind,
}

/// The client asks again: no answer has come.
pub const RETRIED: Mark = Mark("no answer: asked again");
/// The client does not know how its operation ended.
pub const GAVE_UP: Mark = Mark("gave up: outcome unknown");

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Pending {
    request: Arc<Request>,
    server: NodeId,
    retries: u32,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    #[serde(skip)]
    options: Arc<ClientOptions>,
    router: Router,
    /// Its present session; it begins a new one when it has lost track of an operation.
    session: u32,
    last_sequence: u32,
    pending: Option<Pending>,
    waiting: VecDeque<Arc<Call>>,
    /// What it last read of each key.
    contexts: BTreeMap<Key, VectorClock>,
    /// With causal delivery: the updates that its session has seen.
    seen: VectorClock,
    traffic: Option<Traffic>,
    values_invented: u32,
}

impl Client {
    /// A client that has not booted.
    pub fn new(options: Arc<ClientOptions>, router: Router) -> Self {
        Self {
            options,
            router,
            session: 0,
            last_sequence: 0,
            pending: None,
            waiting: VecDeque::new(),
            contexts: BTreeMap::new(),
            seen: VectorClock::default(),
            traffic: None,
            values_invented: 0,
        }
    }

    /// The operation it is waiting for, and the server it has asked.
    pub fn pending(&self) -> Option<(&Request, NodeId)> {
        self.pending.as_ref().map(|pending| (&*pending.request, pending.server))
    }

    /// How many operations wait for the present one to end.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn step(&mut self, event: EventOf<Node>, cx: &mut Context<'_, Node>) {
        match event {
            Event::Receive { message: Message::Invoke(call), .. } => {
                self.waiting.push_back(call);
                self.begin_next(cx);
            }
            Event::Receive { message: Message::Traffic(traffic), .. } => self.on_traffic(traffic, cx),
            Event::Receive { message: Message::Response(response), .. } => self.on_response(&response, cx),
            Event::Timer(Timer::Retry) => self.on_retry(cx),
            Event::Timer(Timer::NextRequest) => self.on_next_request(cx),
            // Said to servers.
            Event::Boot | Event::Timer(_) | Event::Receive { .. } => {}
        }
    }

    /// Begins the operation that has waited longest, unless one is under way.
    fn begin_next(&mut self, cx: &mut Context<'_, Node>) {
        if self.pending.is_some() {
            return;
        }
        let Some(call) = self.waiting.pop_front() else {
            return;
        };
        let Some(server) = call.to.or_else(|| self.router.route()) else {
            return;
        };
        let op = call.op.clone();
        self.last_sequence += 1;
        let client = ClientId { node: cx.me(), session: self.session };
        let context = match self.options.read_context {
            ReadContext::Carried => self.contexts.get(op.key()).cloned().unwrap_or_default(),
            ReadContext::Blind => VectorClock::default(),
        };
        let request = Arc::new(Request {
            id: RequestId { client, sequence: self.last_sequence },
            op,
            context,
            seen: self.seen.clone(),
        });
        cx.send(NodeId::OUTSIDE, Message::Called(request.clone()));
        cx.send(server, Message::Request(request.clone()));
        cx.set_timer(Timer::Retry, self.options.retry_after);
        self.pending = Some(Pending { request, server, retries: 0 });
    }

    /// The first answer to the present operation ends it; later copies, and answers to older ones, say nothing new.
    fn on_response(&mut self, response: &Response, cx: &mut Context<'_, Node>) {
        let Some(pending) = self.pending.take_if(|pending| pending.request.id == response.id) else {
            return;
        };
        if let KVSResponse::GetResult { context, .. } = &response.result {
            self.contexts.insert(pending.request.op.key().clone(), context.clone());
        }
        self.seen.merge(&response.seen);
        cx.cancel_timer(Timer::Retry);
        self.end(response.id, Outcome::Ok(response.result.clone()), cx);
    }

    /// Asks again under the same name, or owns up to not knowing.
    fn on_retry(&mut self, cx: &mut Context<'_, Node>) {
        let Some(pending) = &mut self.pending else {
            return;
        };
        let id = pending.request.id;
        if pending.retries < self.options.retries {
            pending.retries += 1;
            cx.mark(RETRIED, u64::from(id.sequence));
            cx.send(pending.server, Message::Request(pending.request.clone()));
            cx.set_timer(Timer::Retry, self.options.retry_after);
            return;
        }
        cx.mark(GAVE_UP, u64::from(id.sequence));
        self.pending = None;
        // The lost operation may still take effect: whatever this client does next must not be taken for its continuation.
        self.session += 1;
        self.last_sequence = 0;
        self.contexts.clear();
        self.seen = VectorClock::default();
        self.end(id, Outcome::Maybe, cx);
    }

    fn end(&mut self, id: RequestId, outcome: Outcome, cx: &mut Context<'_, Node>) {
        cx.send(NodeId::OUTSIDE, Message::Returned(Arc::new(Return { id, outcome })));
        self.begin_next(cx);
    }

    fn on_traffic(&mut self, traffic: Option<Traffic>, cx: &mut Context<'_, Node>) {
        self.traffic = traffic;
        match traffic {
            // A random phase, so that clients do not all ask at once.
            Some(Traffic { every, .. }) => {
                let every_us = u32::try_from(every.as_us()).unwrap_or(u32::MAX);
                let phase = Span::from_us(u64::from(cx.choose(every_us)));
                cx.set_timer(Timer::NextRequest, phase);
            }
            None => cx.cancel_timer(Timer::NextRequest),
        }
    }

    fn on_next_request(&mut self, cx: &mut Context<'_, Node>) {
        let Some(Traffic { every, keys, reads_percent }) = self.traffic else {
            return;
        };
        cx.set_timer(Timer::NextRequest, every);
        // A client that is behind does not pile up more.
        if self.pending.is_some() {
            return;
        }
        let name = format!("k{}", cx.choose(keys) + 1);
        let Ok(key) = Key::new(&name) else { return };
        let op = if cx.choose(100) < reads_percent {
            KVSOperation::Get(key)
        } else {
            self.values_invented += 1;
            let Ok(value) = Value::new(&format!("{}.{}", cx.me().0, self.values_invented)) else {
                return;
            };
            KVSOperation::Put(key, value)
        };
        self.waiting.push_back(Arc::new(Call { op, to: None }));
        self.begin_next(cx);
    }
}
