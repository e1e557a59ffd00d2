//! Viewstamped Replication: one log a view, what is committed stays, and who has promised a view comes back to no older one.

use alloc::collections::BTreeMap;
use alloc::format;

use super::Found;
use super::reference::Reference;
use crate::op::RequestId;
use crate::ordering::Command;
use crate::ordering::vr::{Message, Vr};
use crate::process::NodeId;
use crate::server::{Node, Server};
use crate::world::World;
use crate::zoo::Architecture;

#[derive(Clone)]
pub(super) struct Watch {
    /// By view and op-number: what the first replica had there that took part.
    logs: BTreeMap<(u32, u64), (NodeId, RequestId)>,
    /// By op-number: what somebody has executed, and the earliest view in which somebody had.
    committed: BTreeMap<u64, (NodeId, RequestId, u32)>,
    /// The view that a replica has told others.
    told: BTreeMap<NodeId, u32>,
    /// What the slots lead to that somebody has executed.
    reference: Reference,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        architecture.vr().map(|_| Self {
            logs: BTreeMap::new(),
            committed: BTreeMap::new(),
            told: BTreeMap::new(),
            reference: Reference::default(),
        })
    }

    /// A replica has said something.
    pub(super) fn sent(&mut self, from: NodeId, message: &Message) {
        if let Some(view) = message.promised_view() {
            let told = self.told.entry(from).or_default();
            *told = view.max(*told);
        }
    }

    pub(super) fn look(&mut self, node: NodeId, before: Option<&Vr>, now: &Vr) -> Found {
        if !now.is_normal() {
            return Ok(());
        }
        let view = now.view();
        let told = self.told.get(&node).copied().unwrap_or(0);
        if view < told {
            return Err(("VR3", format!("it takes part in view {view}, and has told others of view {told}")));
        }
        let was_here = before.filter(|before| before.is_normal() && before.view() == view);
        let known = was_here.map_or(0, |before| before.log().len());
        let new = (1..).zip(now.log()).skip(known);
        for (op, request) in new {
            let (first, id) = *self.logs.entry((view, op)).or_insert((node, request.id));
            if id != request.id {
                let what = format!("slot {op} of view {view} holds {} here and {id} at node {}", request.id, first.0);
                return Err(("VR1", what));
            }
        }
        let done = before.filter(|before| !before.is_recovering()).map_or(0, Vr::applied);
        let until = usize::try_from(now.applied()).unwrap_or(usize::MAX);
        for (op, request) in (1_u64..).zip(now.log()).take(until).filter(|(op, _)| *op > done) {
            let (first, id, since) = self.committed.entry(op).or_insert((node, request.id, view));
            *since = view.min(*since);
            if *id != request.id {
                let what = format!("slot {op} was executed as {} here and as {id} at node {}", request.id, first.0);
                return Err(("VR2", what));
            }
            if op == self.reference.executed() + 1 {
                self.reference.execute(&Command::Op(request.clone()));
            }
        }
        if now.leads() && was_here.is_none() {
            self.look_at_primary(now)?;
        }
        Ok(())
    }

    /// A replica holds what the slots lead to that it has executed, each request once.
    pub(super) fn look_at_machine(&self, server: &Server) -> Found {
        self.reference.look(server)
    }

    /// Whoever begins to lead has all that was committed in earlier views. (One that was away may begin a view that the others have left long ago.)
    fn look_at_primary(&self, now: &Vr) -> Found {
        let at = |op: u64| usize::try_from(op).ok()?.checked_sub(1).and_then(|place| now.log().get(place));
        let mut earlier = self.committed.iter().filter(|(_, (.., since))| *since < now.view());
        match earlier.find(|(op, (_, id, _))| at(**op).is_none_or(|request| request.id != *id)) {
            None => Ok(()),
            Some((op, (first, id, _))) => {
                let view = now.view();
                Err((
                    "VR2",
                    format!("it leads view {view} without slot {op}, {id}, which node {} has executed", first.0),
                ))
            }
        }
    }
}

/// Whether so many have lost their memory that no majority is left that has it: nobody answers any more, by design.
pub(super) fn is_stuck(world: &World<Node>) -> bool {
    let replicas = || world.node_ids().filter_map(|node| Some((node, world.node(node).as_server()?.ordering().vr()?)));
    let with_memory = replicas().filter(|(node, vr)| world.is_up(*node) && !vr.is_recovering()).count();
    let all = replicas().count();
    all > 0 && 2 * with_memory <= all
}
