//! Servers that execute requests in one order: equal prefixes lead to equal states, and nothing is executed twice.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;

use super::Found;
use crate::check::replicas::settling_time;
use crate::disk::Disk;
use crate::op::RequestId;
use crate::process::NodeId;
use crate::request::Response;
use crate::server::{Node, Server};
use crate::storage::MachineSnapshot;
use crate::time::{Span, Time};
use crate::world::World;
use crate::zoo::Architecture;

#[derive(Clone)]
pub(super) struct Watch {
    /// What all slots before this one lead to, as the first server has shown that came so far, and when that was.
    states: BTreeMap<u64, (NodeId, Time, Arc<MachineSnapshot>)>,
    /// Up to which slot each server's state was compared with that.
    compared: BTreeMap<NodeId, u64>,
    /// What writes were answered.
    answers: BTreeMap<RequestId, Arc<Response>>,
    /// How long it may take until all have executed what one has.
    patience: Span,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        architecture.is_ordered().then(|| Self {
            states: BTreeMap::new(),
            compared: BTreeMap::new(),
            answers: BTreeMap::new(),
            patience: settling_time(architecture),
        })
    }

    /// A server gives an answer that is no read.
    pub(super) fn answered(&mut self, response: &Arc<Response>) -> Found {
        let known = self.answers.entry(response.id).or_insert_with(|| response.clone());
        if known.result == response.result {
            return Ok(());
        }
        Err(("A5", format!("{} was answered {} and then {}", response.id, known.result, response.result)))
    }

    /// Nobody has seen the states that there were.
    pub(super) fn forget(&mut self) {
        self.states.clear();
    }

    pub(super) fn look(&self, before: Option<&Server>, server: &Server) -> Found {
        let Some(applied) = server.applied() else { return Ok(()) };
        let before = before.and_then(Server::applied).unwrap_or(0);
        if applied < before {
            return Err(("P8", format!("it had executed {before} slots, and now {applied}")));
        }
        Ok(())
    }

    /// A server that is down has forgotten what was not on its disk.
    pub(super) fn crashed(&mut self, node: NodeId) {
        self.compared.remove(&node);
    }

    /// Whether a server is in the state that its slots have led to elsewhere. As long as that state rests on writes that a crash would
    /// undo, nobody has heard of it, and it may yet be otherwise.
    pub(super) fn compare(&mut self, node: NodeId, server: &Server, disk: &Disk, now: Time) -> Found {
        let Some(applied) = server.applied() else { return Ok(()) };
        if self.compared.get(&node) == Some(&applied) || !disk.admits(disk.last_write()) {
            return Ok(());
        }
        self.compared.insert(node, applied);
        let machine = server.machine().snapshot();
        match self.states.get(&applied) {
            None => {
                self.states.insert(applied, (node, now, Arc::new(machine)));
                Ok(())
            }
            Some((_, _, known)) if **known == machine => Ok(()),
            Some((other, ..)) => {
                Err(("P6", format!("{applied} slots have led to another state here than at node {}", other.0)))
            }
        }
    }

    /// Who is up has executed all that others had long enough ago: of the last slot some hear with the next sign of life only.
    pub(super) fn when_quiet(&self, world: &World<Node>) -> Result<(), (&'static str, NodeId, alloc::string::String)> {
        let is_old = |(_, since, _): &(NodeId, Time, _)| *since + self.patience <= world.now();
        let newest = self.states.iter().rev().find(|(_, state)| is_old(state)).map(|(newest, _)| *newest);
        let Some(newest) = newest else { return Ok(()) };
        // Where no majority has its memory, who is behind stays behind.
        if super::vr::is_stuck(world) {
            return Ok(());
        }
        for node in world.node_ids().filter(|node| world.is_up(*node)) {
            let Some(applied) = world.node(node).as_server().and_then(Server::applied) else { continue };
            if applied < newest && super::raft::is_member(node, world) {
                return Err((
                    "B8",
                    node,
                    format!("it has executed {applied} slots of {newest}, and had all the time in the world"),
                ));
            }
        }
        Ok(())
    }
}
