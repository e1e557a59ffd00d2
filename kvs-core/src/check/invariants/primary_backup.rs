//! A primary and its backups: what is complete is everywhere where it must be, and never forgotten.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Found;
use crate::op::{ClientId, RequestId};
use crate::process::NodeId;
use crate::replication::primary_backup::{Form, PrimaryBackup, Reads};
use crate::request::Response;
use crate::server::{Node, Server};
use crate::storage::MachineSnapshot;
use crate::world::World;
use crate::zoo::Architecture;

/// What is wrong, and where.
type FoundAt = Result<(), (&'static str, NodeId, String)>;

#[derive(Clone)]
pub(super) struct Watch {
    /// Whether servers remember requests.
    dedupe: bool,
    /// Whether reads are answered by somebody alone, and whether all clocks have gone alike so far.
    reads_alone: bool,
    trusts_clocks: bool,
    /// Who completed operations in each view.
    primaries: BTreeMap<u32, NodeId>,
    /// What all operations up to one of a view lead to, as the first server has shown that came so far.
    states: BTreeMap<(u32, u64), (NodeId, Arc<MachineSnapshot>)>,
    /// The last request of each client that was answered. What was not, a crash may take with the writes that nobody had waited for.
    complete: BTreeMap<ClientId, u32>,
    /// The answers that were given, and those of the present step.
    answers: BTreeMap<RequestId, Arc<Response>>,
    new: Vec<(NodeId, Arc<Response>)>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        architecture.primary_backup().map(|options| Self {
            dedupe: architecture.server.dedupe,
            reads_alone: options.reads == Reads::Lease
                || options.form == Form::Chain && options.reads != Reads::InOrder,
            trusts_clocks: options.reads == Reads::Lease,
            primaries: BTreeMap::new(),
            states: BTreeMap::new(),
            complete: BTreeMap::new(),
            answers: BTreeMap::new(),
            new: Vec::new(),
        })
    }

    /// A server gives an answer. What somebody reads alone, nobody else need know.
    pub(super) fn answered(&mut self, server: NodeId, response: &Arc<Response>, is_read: bool) -> Found {
        if is_read && self.reads_alone {
            return Ok(());
        }
        self.new.push((server, response.clone()));
        let known = self.answers.entry(response.id).or_insert_with(|| response.clone());
        if known.result == response.result || !self.dedupe {
            return Ok(());
        }
        Err(("A5", format!("{} was answered {} and then {}", response.id, known.result, response.result)))
    }

    /// What was answered in this step must be known to whoever leads by then: in the view in which it was completed, or in a later one. Who
    /// answers may have waited for its disk and gone on to a view that is not in place, while somebody else still leads one from before.
    pub(super) fn after_step(&mut self, world: &World<Node>) -> FoundAt {
        self.look_at_clocks(world);
        for (node, response) in core::mem::take(&mut self.new) {
            let last = self.complete.entry(response.id.client).or_insert(0);
            *last = response.id.sequence.max(*last);
            let Some((newest, server, part)) = newest_primary(world).filter(|_| self.dedupe) else { continue };
            let view = part.view().number;
            let is_unknown = server.served().last_sequence(response.id.client) < response.id.sequence;
            if newest != node && is_unknown && view >= completed_in(world, node, response.id) {
                let what = format!("{} is answered, and unknown to the primary of view {view}", response.id);
                return Err(("A1", node, what));
            }
        }
        Ok(())
    }

    /// Leases are kept by clocks that always go alike.
    fn look_at_clocks(&mut self, world: &World<Node>) {
        if self.trusts_clocks {
            self.trusts_clocks = world.node_ids().all(|node| world.clock_offset_us(node) == 0);
        }
    }

    pub(super) fn look(
        &mut self,
        node: NodeId,
        before: Option<&Server>,
        server: &Server,
        world: &World<Node>,
    ) -> Found {
        let Some(part) = server.replication().primary_backup() else { return Ok(()) };
        let before = before.and_then(|before| Some((before, before.replication().primary_backup()?)));
        if let Some((_, was)) = before
            && (part.complete_in(), part.last_op()) != (was.complete_in(), was.last_op())
        {
            moves_on(was, part)?;
        }
        self.is_in_one_state(node, server, part)?;
        let was = |is: fn(&PrimaryBackup) -> bool| {
            before.is_some_and(|(_, was)| is(was) && was.view().number == part.view().number)
        };
        if part.is_in_place() && !was(PrimaryBackup::is_in_place) {
            self.takes_over(server, part)?;
            self.outlasts_leases(part, world)?;
        }
        let done = before.map_or(0, |(_, was)| was.last_op());
        if part.completes() && was(PrimaryBackup::completes) && part.last_op() > done {
            self.completes(node, part, world)?;
        }
        Ok(())
    }

    /// Equal operations of equal views lead to equal states.
    fn is_in_one_state(&mut self, node: NodeId, server: &Server, part: &PrimaryBackup) -> Found {
        if part.complete_in() == 0 {
            return Ok(());
        }
        let (view, opn) = (part.complete_in(), part.last_op());
        let machine = server.machine().snapshot();
        let (other, known) = self.states.entry((view, opn)).or_insert_with(|| (node, Arc::new(machine.clone())));
        if **known == machine {
            return Ok(());
        }
        Err(("A3", format!("operation {view}.{opn} has led to another state here than at node {}", other.0)))
    }

    /// A primary is in place: it has all that was ever answered.
    fn takes_over(&self, server: &Server, part: &PrimaryBackup) -> Found {
        let missing = |(client, sequence): &(&ClientId, &u32)| server.served().last_sequence(**client) < **sequence;
        match self.complete.iter().find(missing).filter(|_| self.dedupe) {
            None => Ok(()),
            Some((client, sequence)) => {
                let view = part.view().number;
                Err(("A4", format!("it leads view {view}, and lacks request {sequence} of {}", client.node)))
            }
        }
    }

    /// A view is in place: nobody who goes by an older one may still answer reads alone.
    fn outlasts_leases(&self, part: &PrimaryBackup, world: &World<Node>) -> Found {
        let view = part.view().number;
        let is_left = |other: &PrimaryBackup| other.view().number < view && other.has_lease(world.now());
        match parts(world).find(|(_, _, other)| is_left(other)).filter(|_| self.trusts_clocks) {
            None => Ok(()),
            Some((other, ..)) => {
                Err(("A7", format!("view {view} is in place, and node {} still has a lease", other.0)))
            }
        }
    }

    /// A primary completes operations: all its backups have applied them.
    fn completes(&mut self, node: NodeId, part: &PrimaryBackup, world: &World<Node>) -> Found {
        let view = part.view().number;
        let primary = *self.primaries.entry(view).or_insert(node);
        if primary != node {
            return Err(("A1", format!("it completes operations in view {view}, and so did node {}", primary.0)));
        }
        for (other, _, backup) in parts(world).filter(|(_, _, part)| part.leads() || part.follows()) {
            let is_of_view = backup.view().number == view && backup.complete_in() == view;
            if is_of_view && backup.last_op() < part.last_op() {
                let opn = part.last_op();
                return Err(("A2", format!("operation {view}.{opn} is complete, and node {} lacks it", other.0)));
            }
        }
        Ok(())
    }

    /// Whoever is in the view has what its primary has.
    pub(super) fn when_quiet(&self, world: &World<Node>) -> FoundAt {
        let Some((primary, _, leads)) = newest_primary(world) else { return Ok(()) };
        for (node, _, part) in parts(world).filter(|(_, _, part)| part.follows()) {
            if part.view().number == leads.view().number && part.last_op() != leads.last_op() {
                let (has, all) = (part.last_op(), leads.last_op());
                return Err(("A2", node, format!("it has applied {has} operations, its primary {} {all}", primary.0)));
            }
        }
        Ok(())
    }
}

/// Within one view operations come one after the other; the view that a server has all of never grows older within one life.
fn moves_on(was: &PrimaryBackup, now: &PrimaryBackup) -> Found {
    if now.complete_in() < was.complete_in() {
        return Err(("A6", format!("it had all of view {}, and now of view {}", was.complete_in(), now.complete_in())));
    }
    if now.complete_in() == was.complete_in() && now.last_op() < was.last_op() {
        let (view, had, has) = (now.complete_in(), was.last_op(), now.last_op());
        return Err(("A6", format!("it had applied operation {view}.{had}, and now {view}.{has}")));
    }
    let gap = now.recent().windows(2).find(|pair| pair[0].0 + 1 != pair[1].0);
    match gap {
        None => Ok(()),
        Some(pair) => Err(("A6", format!("it has applied operation {} after operation {}", pair[1].0, pair[0].0))),
    }
}

/// The servers that are up.
fn parts(world: &World<Node>) -> impl Iterator<Item = (NodeId, &Server, &PrimaryBackup)> {
    let up = world.node_ids().filter(|node| world.is_up(*node));
    up.filter_map(|node| {
        let server = world.node(node).as_server()?;
        Some((node, server, server.replication().primary_backup()?))
    })
}

/// The view in which the one who answers a request has applied it; if that was long ago, the one that it goes by.
fn completed_in(world: &World<Node>, node: NodeId, id: RequestId) -> u32 {
    let part = world.node(node).as_server().and_then(|server| server.replication().primary_backup());
    part.map_or(0, |part| {
        let applied = part.recent().iter().rev().find(|(_, _, request)| request.id == id);
        applied.map_or(part.view().number, |(_, view, _)| *view)
    })
}

/// Of the primaries that answer, the one with the newest view.
fn newest_primary(world: &World<Node>) -> Option<(NodeId, &Server, &PrimaryBackup)> {
    parts(world).filter(|(_, _, part)| part.is_in_place()).max_by_key(|(_, _, part)| part.view().number)
}

/// Whether a store stands still by design: nobody is left who may lead, because all have lost their memory who had the state, or because a
/// primary has that was not in place yet.
pub(super) fn is_stuck(architecture: &Architecture, world: &World<Node>) -> bool {
    if architecture.primary_backup().is_none() {
        return false;
    }
    if let Some(service) = architecture.view_service().and_then(|node| world.node(node).as_view_service()) {
        let view = service.view();
        let (needed, candidates) = if service.acked() { (view.number, usize::MAX) } else { (view.from, 1) };
        let mut candidates = view.members().take(candidates);
        // With a journal another life of it will do.
        return !candidates.any(|member| {
            let mut parts = parts(world);
            parts.any(|(node, _, part)| node == member.node && part.complete_in() >= needed)
        });
    }
    // Where views come from outside, they are gone through one by one. The one at which all stop was to be led by somebody who has crashed since.
    let newest = parts(world).map(|(_, _, part)| part.view().number).max().unwrap_or(0);
    let complete_in = parts(world).map(|(_, _, part)| part.complete_in()).max().unwrap_or(0);
    let next = parts(world).find_map(|(_, _, part)| part.known(complete_in + 1).cloned());
    complete_in < newest
        && next.and_then(|view| view.primary).is_none_or(|primary| {
            let mut parts = parts(world);
            !parts.any(|(node, _, part)| node == primary.node && part.was_there_before(complete_in + 1))
        })
}
