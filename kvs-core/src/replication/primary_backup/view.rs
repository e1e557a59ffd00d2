use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::process::NodeId;
use crate::routing::view::View as Members;

/// One life of a server: who has crashed without a disk has lost all that he had, whatever he is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// The server.
    pub node: NodeId,
    /// How often it had crashed before; 0 where views come from outside, which know nothing of that.
    pub life: u32,
}

/// Who leads, and who follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// From 1; 0: none.
    pub number: u32,
    /// Who puts requests in order.
    pub primary: Option<Member>,
    /// Who must have applied what is answered.
    pub backups: Arc<[Member]>,
    /// What was done before this view, whoever has all of this earlier one has.
    pub from: u32,
}

impl View {
    /// No view: nobody leads.
    pub fn none() -> Self {
        Self { number: 0, primary: None, backups: Arc::new([]), from: 0 }
    }

    /// The first view: the first of these servers leads, and the others follow.
    pub fn first(servers: &[NodeId]) -> Self {
        Self::of(1, 0, servers)
    }

    /// A view that somebody outside has announced: of its servers, the one with the lowest number leads.
    pub fn announced(members: &Members) -> Self {
        let mut nodes: Vec<NodeId> = members.nodes().collect();
        nodes.sort_unstable();
        Self::of(members.epoch, members.epoch.saturating_sub(1), &nodes)
    }

    fn of(number: u32, from: u32, nodes: &[NodeId]) -> Self {
        let mut members = nodes.iter().map(|&node| Member { node, life: 0 });
        let primary = members.next();
        Self { number, primary, backups: members.collect(), from }
    }

    /// All that are in it, the primary first.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        self.primary.iter().chain(self.backups.iter()).copied()
    }

    /// Whether a server is one of its backups.
    pub fn is_backup(&self, node: NodeId) -> bool {
        self.backups.iter().any(|member| member.node == node)
    }

    /// Whether a server leads it.
    pub fn is_primary(&self, node: NodeId) -> bool {
        self.primary.is_some_and(|member| member.node == node)
    }
}
