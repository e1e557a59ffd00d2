//! The client: one operation at a time, retried under one name until it is answered or given up.

mod clerk;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Message, Node, Subscription, Timer, sharding};
use crate::lattice::{Dependencies, Max, Merge, VectorClock};
use crate::op::{ClientId, KVSOperation, KVSResponse, Kept, Key, Outcome, RequestId, Value};
use crate::process::{Context, Event, EventOf, Mark, NodeId};
use crate::request::{Request, Response};
use crate::routing::Router;
use crate::routing::view::View;
use crate::time::Span;

use clerk::Clerk;
pub use clerk::{
    COPIES_POSSIBLE, ClerkOptions, Create, FIRST_COPY, IN_ANOTHER_LIFE, MAY_HAVE_ARRIVED, MAY_STILL_ARRIVE,
    Message as ClerkMessage, NEVER_LEFT, NEVER_THERE, OVERWRITES, OnMismatch, PUT_ON_TOP, Recovery, TAKEN_FOR_SUCCESS,
};

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

/// Puts of keys that a client invents by itself, one after the other: `k1`, `k2` and so on. Several clients share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// How many keys there are.
    pub keys: u32,
    /// How many clients share them.
    pub clients: u32,
    /// Which of them this one is, from 0.
    pub place: u32,
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
    /// Where values have versions: how it asks for them.
    pub clerk: Option<ClerkOptions>,
}

/// What a client says it has read when it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadContext {
    /// What it last read of that key; of versions that know their causes, all that it ever read or wrote.
    #[default]
    Carried,
    /// Of versions that know their causes, only what it read or wrote last.
    Nearest,
    /// Nothing: every write is blind.
    Blind,
}

/// The client asks again: no answer has come.
pub const RETRIED: Mark = Mark("no answer: asked again");
/// The client does not know how its operation ended.
pub const GAVE_UP: Mark = Mark("gave up: outcome unknown");

/// The client has heard that somebody else keeps its key.
pub const REROUTED: Mark = Mark("wrong shard: asks its owner");

/// A server has sent the client to another.
pub const REDIRECTED: Mark = Mark("sent elsewhere: asks there");

/// A read of several keys asks for some of them again.
pub const SECOND_ROUND: Mark = Mark("what was read depends on newer versions: asks for them");

/// How often a client lets itself be sent elsewhere before it waits.
const REDIRECTS_MAX: u32 = 4;

/// The operation that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Pending {
    request: Arc<Request>,
    /// What it has asked: one server, or for many keys one of each shard.
    asked: Vec<Asked>,
    /// What has been answered of a read of many keys.
    answered: BTreeMap<Key, Kept>,
    retries: u32,
    /// Whether the reader has said whom to ask.
    is_named: bool,
    /// How often it was sent elsewhere since it last waited.
    redirects: u32,
}

/// A request that has been sent and not been answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Asked {
    server: NodeId,
    request: Arc<Request>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    #[serde(skip)]
    pub(super) options: Arc<ClientOptions>,
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
    /// With versions that know their causes: what its session has seen.
    dependencies: Option<Arc<Dependencies>>,
    traffic: Option<Traffic>,
    values_invented: u32,
    /// What it wants to hear of.
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) subscriptions_made: u32,
    /// Where values have versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    clerk: Option<Box<Clerk>>,
}

impl Client {
    /// A client that has not booted.
    pub fn new(options: Arc<ClientOptions>, router: Router) -> Self {
        let clerk = options.clerk.clone().map(|options| Box::new(Clerk::new(options)));
        Self {
            options,
            router,
            session: 0,
            last_sequence: 0,
            pending: None,
            waiting: VecDeque::new(),
            contexts: BTreeMap::new(),
            seen: VectorClock::default(),
            dependencies: None,
            traffic: None,
            values_invented: 0,
            subscriptions: Vec::new(),
            subscriptions_made: 0,
            clerk,
        }
    }

    /// The operation it is waiting for, and the server it has asked; of several the first.
    pub fn pending(&self) -> Option<(&Request, NodeId)> {
        let pending = self.pending.as_ref()?;
        Some((&*pending.request, pending.asked.first()?.server))
    }

    /// Where it thinks that keys are kept.
    pub fn router(&self) -> &Router {
        &self.router
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
            Event::Receive { message: Message::Fill(fill), .. } => self.on_fill(fill, cx),
            Event::Receive { from, message: Message::Clerk(ClerkMessage::Answer { response, life }) } => {
                self.on_answer(from, &response, life, cx);
            }
            Event::Receive { from, message: Message::Response(response) } => self.on_response(from, &response, cx),
            Event::Receive { from, message: Message::Sharding(sharding::Message::WrongShard { id, epoch, hint }) } => {
                self.on_wrong_shard(from, id, epoch, &hint, cx);
            }
            Event::Receive { message: Message::Sharding(sharding::Message::View { views }), .. } => {
                views.iter().for_each(|view| {
                    self.router.install(view);
                });
            }
            Event::Receive { from, message: Message::Redirect { id, to } } => self.on_redirect(from, id, to, cx),
            Event::Receive { message: Message::Watch(watch), .. } => self.on_watch(&watch, cx),
            Event::Receive { message: Message::PacketLoss(loss), .. } => {
                if let Some(clerk) = &mut self.clerk {
                    clerk.drop_requests(loss.requests);
                }
            }
            Event::Receive { from, message: Message::Subscription(message) } => {
                self.on_subscription(from, &message, cx);
            }
            Event::Timer(Timer::Renew) => self.on_renew(cx),
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
        let op = match &mut self.clerk {
            Some(clerk) => clerk.begin(call.op.clone()),
            None => call.op.clone(),
        };
        self.last_sequence += 1;
        let client = ClientId { node: cx.me(), session: self.session };
        let read = op.key().filter(|_| self.options.read_context != ReadContext::Blind);
        let context = read.and_then(|key| self.contexts.get(key)).cloned().unwrap_or_default();
        let request = Arc::new(Request {
            id: RequestId { client, sequence: self.last_sequence },
            op,
            called: cx.now(),
            context,
            seen: self.seen.clone(),
            dependencies: self.dependencies.clone(),
            epoch: self.router.map().view().epoch,
        });
        cx.send(NodeId::OUTSIDE, Message::Called(request.clone()));
        let is_named = call.to.is_some();
        let asked = match call.to {
            Some(server) => [Asked { server, request: request.clone() }].into(),
            None => self.route(&request),
        };
        for Asked { server, request } in &asked {
            clerk::ask(&mut self.clerk, *server, request, cx);
        }
        self.router.turn();
        cx.set_timer(Timer::Retry, self.options.retry_after);
        self.pending = Some(Pending { request, asked, answered: BTreeMap::new(), retries: 0, is_named, redirects: 0 });
    }

    /// Whom to ask for what: of each shard that keeps some of the keys one server.
    fn route(&self, request: &Arc<Request>) -> Vec<Asked> {
        let mut shards: BTreeMap<usize, Vec<Key>> = BTreeMap::new();
        for key in request.op.keys() {
            shards.entry(self.router.shard(key)).or_default().push(key.clone());
        }
        if shards.is_empty() {
            shards.insert(0, Vec::new());
        }
        let is_one = shards.len() == 1;
        let ask = |(shard, keys): (usize, Vec<Key>)| {
            let server = self.router.server(shard)?;
            let part = || Request { op: KVSOperation::MGet(keys.into()), ..(**request).clone() };
            Some(Asked { server, request: if is_one { request.clone() } else { part().into() } })
        };
        shards.into_iter().filter_map(ask).collect()
    }

    /// The first answer to the present operation ends it, or of a read of many keys the last one that is needed; later copies, and answers
    /// to older operations, say nothing new.
    fn on_response(&mut self, from: NodeId, response: &Response, cx: &mut Context<'_, Node>) {
        let Some(mut pending) = self.pending.take_if(|pending| pending.request.id == response.id) else {
            return;
        };
        self.learn(&pending.request.op, response);
        if !pending.is_named {
            self.router.answered(from);
        }
        let whole = pending.request.clone();
        if let (KVSOperation::MGet(keys), KVSResponse::Items(items)) = (&whole.op, &response.result) {
            pending.answered.extend(items.iter().map(|item| (item.key.clone(), item.clone())));
            pending.asked.retain(|asked| asked.server != from || !answers(items, &asked.request.op));
            if keys.iter().all(|key| pending.answered.contains_key(key)) {
                self.ask_for_causes(&mut pending, cx);
            }
            if !keys.iter().all(|key| pending.answered.contains_key(key)) {
                self.pending = Some(pending);
                return;
            }
            let items = core::mem::take(&mut pending.answered).into_values().collect();
            cx.cancel_timer(Timer::Retry);
            self.end(response.id, Outcome::Ok(KVSResponse::Items(items)), cx);
            return;
        }
        cx.cancel_timer(Timer::Retry);
        self.end(response.id, Outcome::Ok(response.result.clone()), cx);
    }

    /// What was read under one key may be older than what something depends on that was read under another. It is read again, and
    /// that read waits for the cause. The second round of `get_trans`, Lloyd et al. 2011, section 5.
    fn ask_for_causes(&self, pending: &mut Pending, cx: &mut Context<'_, Node>) {
        let Some(seen) = self.dependencies.as_ref().filter(|_| self.options.read_context == ReadContext::Carried)
        else {
            return;
        };
        let is_stale = |kept: &&Kept| seen.0.get(&kept.key).is_some_and(|Max(version)| kept.version < Some(*version));
        let stale: Vec<Key> = pending.answered.values().filter(is_stale).map(|kept| kept.key.clone()).collect();
        if stale.is_empty() {
            return;
        }
        stale.iter().for_each(|key| {
            pending.answered.remove(key);
        });
        cx.mark(SECOND_ROUND, stale.len() as u64);
        let (op, dependencies) = (KVSOperation::MGet(stale.into()), self.dependencies.clone());
        pending.asked = self.route(&Request { op, dependencies, ..(*pending.request).clone() }.into());
        for Asked { server, request } in &pending.asked {
            cx.send(*server, Message::Request(request.clone()));
        }
    }

    /// What an answer shows its session has seen from then on.
    fn learn(&mut self, op: &KVSOperation, response: &Response) {
        if let (KVSOperation::Get(key), KVSResponse::GetResult { context, .. }) = (op, &response.result) {
            self.contexts.insert(key.clone(), context.clone());
        }
        let items = response.result.items().iter();
        self.contexts.extend(items.map(|item| (item.key.clone(), item.context.clone())));
        self.seen.merge(&response.seen);
        let Some(new) = &response.dependencies else { return };
        self.dependencies = match self.options.read_context {
            ReadContext::Blind => None,
            ReadContext::Nearest => Some(new.clone()),
            ReadContext::Carried => {
                let mut all = self.dependencies.take().unwrap_or_default();
                Arc::make_mut(&mut all).merge(new);
                Some(all)
            }
        };
    }

    /// The server that it has asked does not keep the key. By a newer view, somebody else does.
    fn on_wrong_shard(
        &mut self,
        from: NodeId,
        id: RequestId,
        epoch: u32,
        hint: &Arc<View>,
        cx: &mut Context<'_, Node>,
    ) {
        self.router.install(hint);
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.request.id == id) else { return };
        // A server that is behind may still come to own the key, and then a late copy would be applied there.
        let is_refused = |asked: &Asked| asked.server == from && asked.request.epoch <= epoch;
        let Some(place) = pending.asked.iter().position(is_refused) else { return };
        let refused = pending.asked[place].clone();
        let newest = self.router.map().view().epoch;
        let request = Arc::new(Request { epoch: newest, ..(*refused.request).clone() });
        let again = self.route(&request);
        if again.iter().any(|asked| asked.server == from && refused.request.epoch == newest) {
            // It has been asked just that; asking again is the timer's business.
            return;
        }
        cx.mark(REROUTED, u64::from(id.sequence));
        for Asked { server, request } in &again {
            cx.send(*server, Message::Request(request.clone()));
        }
        if let Some(pending) = &mut self.pending {
            pending.asked.splice(place..=place, again);
        }
    }

    /// The server that it has asked does not take requests now. If another is named, that one is asked; if not, the timer will see to it.
    fn on_redirect(&mut self, from: NodeId, id: RequestId, to: Option<NodeId>, cx: &mut Context<'_, Node>) {
        let asked_there =
            |pending: &&mut Pending| pending.request.id == id && pending.asked.iter().any(|asked| asked.server == from);
        let Some(pending) = self.pending.as_mut().filter(asked_there) else { return };
        // Two servers that each take the other for the leader would keep it going between them.
        let Some(to) = to.filter(|to| *to != from && pending.redirects < REDIRECTS_MAX) else { return };
        pending.redirects += 1;
        cx.mark(REDIRECTED, u64::from(id.sequence));
        cx.send(to, Message::Request(pending.request.clone()));
        pending.asked = [Asked { server: to, request: pending.request.clone() }].into();
        if !pending.is_named {
            self.router.follow(to);
        }
    }

    /// Asks again under the same name, or owns up to not knowing.
    fn on_retry(&mut self, cx: &mut Context<'_, Node>) {
        let Some(pending) = &mut self.pending else {
            return;
        };
        let id = pending.request.id;
        if pending.retries < self.options.retries {
            pending.retries += 1;
            pending.redirects = 0;
            cx.mark(RETRIED, u64::from(id.sequence));
            if !pending.is_named && self.router.look_elsewhere() {
                let server = self.router.server(0);
                let request = pending.request.clone();
                pending.asked = server.map(|server| Asked { server, request }).into_iter().collect();
            }
            for Asked { server, request } in &pending.asked {
                clerk::ask(&mut self.clerk, *server, request, cx);
            }
            cx.set_timer(Timer::Retry, self.options.retry_after);
            return;
        }
        cx.mark(GAVE_UP, u64::from(id.sequence));
        let has_left = self.clerk.as_ref().is_none_or(|clerk| clerk.has_left());
        let was_read = !pending.request.op.is_write() || !has_left;
        self.pending = None;
        if was_read {
            self.end(id, Outcome::Unavailable, cx);
            return;
        }
        self.lose_track();
        self.end(id, Outcome::Maybe, cx);
    }

    /// It goes on as somebody else.
    fn lose_track(&mut self) {
        // The lost operation may still take effect: whatever this client does next must not be taken for its continuation.
        self.session += 1;
        self.last_sequence = 0;
        self.contexts.clear();
        self.seen = VectorClock::default();
        self.dependencies = None;
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

    fn on_fill(&mut self, Fill { keys, clients, place }: Fill, cx: &mut Context<'_, Node>) {
        for number in (1..=keys).filter(|number| (number - 1) % clients.max(1) == place) {
            let (key, value) = (Key::new(&format!("k{number}")), Value::new(&format!("{}.{number}", cx.me().0)));
            let (Ok(key), Ok(value)) = (key, value) else { return };
            self.waiting.push_back(Arc::new(Call { op: KVSOperation::Put(key, value), to: None }));
        }
        self.begin_next(cx);
    }
}

/// Whether an answer says something about every key that was asked for.
fn answers(items: &[Kept], op: &KVSOperation) -> bool {
    op.keys().iter().all(|key| items.iter().any(|item| item.key == *key))
}
