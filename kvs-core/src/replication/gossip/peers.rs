//! The other replicas.

use alloc::sync::Arc;

use crate::process::NodeId;

/// All replicas but one. The list is shared by all of them: ten thousand lists of ten thousand would not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Peers {
    replicas: Arc<[NodeId]>,
    /// The place of the one that is no peer of itself.
    me: u32,
}

impl Peers {
    #[expect(clippy::cast_possible_truncation, reason = "nodes are numbered by u32")]
    pub(super) fn new(replicas: Arc<[NodeId]>, me: NodeId) -> Self {
        let place = replicas.iter().position(|replica| *replica == me).unwrap_or(replicas.len());
        Self { replicas, me: place as u32 }
    }

    /// Whether a node is one of the replicas, this one included.
    pub(super) fn includes(&self, node: NodeId) -> bool {
        self.replicas.contains(&node)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        let all = u32::try_from(self.replicas.len()).unwrap_or(u32::MAX);
        if self.me < all { all - 1 } else { all }
    }

    /// The one at a place below [`count`](Self::count).
    pub(super) fn at(&self, place: u32) -> NodeId {
        self.replicas[(if place < self.me { place } else { place + 1 }) as usize]
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = NodeId> {
        (0..self.count()).map(|place| self.at(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn nobody_is_a_peer_of_itself() {
        let replicas: Arc<[NodeId]> = (0..4).map(NodeId).collect();
        for me in 0..4 {
            let peers = Peers::new(replicas.clone(), NodeId(me));
            let expected: Vec<NodeId> = (0..4).filter(|other| *other != me).map(NodeId).collect();
            assert_eq!(peers.iter().collect::<Vec<_>>(), expected);
        }
        assert_eq!(Peers::new([NodeId(0)].into(), NodeId(0)).count(), 0);
    }
}
