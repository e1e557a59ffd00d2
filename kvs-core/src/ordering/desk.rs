//! Where protocols are tried message by message: a machine, a disk and a clock, and three servers of which one is looked at.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Executor, Message, Reply, Timer};
use crate::choice::Choose;
use crate::disk::{Disk, Honesty};
use crate::op::{ClientId, KVSOperation, Key, RequestId, Value};
use crate::process::{Context, Effect, EventOf, NodeId, Process};
use crate::request::Request;
use crate::storage::{KVSCore, Machine, Storage};
use crate::time::Time;

/// What hosts a protocol here.
#[derive(Clone)]
pub(super) struct Alone;

impl Process for Alone {
    type Message = Message;
    type Timer = Timer;
    fn step(&mut self, _: EventOf<Self>, _: &mut Context<'_, Self>) {}
}

/// Always the least.
struct Least;

impl Choose for Least {
    fn choose(&mut self, _: u32) -> u32 {
        0
    }
}

pub(super) const ME: NodeId = NodeId(0);
pub(super) const YOU: NodeId = NodeId(1);
pub(super) const SHE: NodeId = NodeId(2);

/// What a server has besides its part of a protocol.
pub(super) struct Desk {
    pub(super) machine: Machine,
    pub(super) disk: Arc<Disk>,
    pub(super) now: Time,
    /// How often it has crashed.
    pub(super) life: u32,
    /// What the last step said to clients.
    pub(super) replies: Vec<Reply>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            machine: Machine::new(Storage::Core(KVSCore::default()), true),
            disk: Arc::new(Disk::new(Honesty::Honest)),
            now: Time::ZERO,
            life: 0,
            replies: Vec::new(),
        }
    }
}

impl Desk {
    /// What is sent because of a step. All of it waits for the disk.
    pub(super) fn step(
        &mut self,
        act: impl FnOnce(&mut Executor<'_>, &mut Context<'_, Alone>),
    ) -> Vec<(NodeId, Message)> {
        let (mut effects, mut least) = (Vec::new(), Least);
        let mut executor = Executor::new(&mut self.machine);
        let mut cx = Context::<Alone>::new(ME, self.life, self.now, &mut effects, &mut self.disk, &mut least);
        act(&mut executor, &mut cx);
        self.replies = executor.into_replies();
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message, after, .. } => {
                assert!(after.is_some(), "{message} would leave before the disk has what it rests on");
                Some((to, message))
            }
            _ => None,
        });
        sent.collect()
    }

    /// It crashes: what was in memory is gone.
    pub(super) fn crash(&mut self) {
        *self = Self { disk: self.disk.clone(), life: self.life + 1, now: self.now, ..Self::default() };
    }
}

/// A request of the one client there is.
pub(super) fn request(sequence: u32, op: KVSOperation) -> Arc<Request> {
    let id = RequestId { client: ClientId { node: NodeId(3), session: 0 }, sequence };
    let (called, context, seen) = Default::default();
    Arc::new(Request { id, op, called, context, seen, dependencies: None, epoch: 1 })
}

pub(super) fn put() -> KVSOperation {
    KVSOperation::Put(Key::new("k").unwrap(), Value::new("x").unwrap())
}

pub(super) fn get() -> KVSOperation {
    KVSOperation::Get(Key::new("k").unwrap())
}
