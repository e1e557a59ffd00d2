//! Nodes with parts of their own stand in tiers: who decides above who keeps, clients at the bottom.

use kvs_core::process::NodeId;
use kvs_core::zoo::{Architecture, Role};

use super::{BELOW, Detail, Layout, MARGIN, Point};

/// The nodes of each tier, the top one first; one tier where all servers are alike.
pub(super) fn tiers(architecture: &Architecture) -> Vec<Vec<NodeId>> {
    let with = |roles: &[Role]| {
        // In the order of roles, so that who takes requests stands on the left of who keeps values.
        let nodes = roles
            .iter()
            .flat_map(|role| architecture.server_ids().filter(move |node| architecture.role(*node) == *role));
        nodes.collect::<Vec<NodeId>>()
    };
    let all = [
        with(&[Role::ViewService]),
        with(&[Role::Acceptor]),
        with(&[Role::Proposer]),
        with(&[Role::Proxy, Role::Server, Role::Replica]),
    ];
    all.into_iter().filter(|tier| !tier.is_empty()).collect()
}

/// Whether two nodes talk to each other as a rule: those of neighbouring parts do, and where all parts are one, all do.
pub fn are_wired(architecture: &Architecture, one: NodeId, other: NodeId) -> bool {
    use Role::{Acceptor, Proposer, Proxy, Replica};
    match (architecture.role(one), architecture.role(other)) {
        (Acceptor, other) | (other, Acceptor) => other == Proposer,
        (Proposer, other) | (other, Proposer) => other != Proposer,
        (Proxy, other) | (other, Proxy) => other == Replica,
        _ => true,
    }
}

/// The line above a dot that says who it is.
const DOT_NAME: f64 = 16.0;

impl Layout {
    /// Each tier in a row of its own.
    pub(super) fn place_tiers(&mut self, tiers: Vec<Vec<NodeId>>) {
        // As much of each server as there is room for.
        let sizes = [
            (Detail::Card, (172.0, 92.0)),
            (Detail::Card, (152.0, 86.0)),
            (Detail::Card, (132.0, 80.0)),
            (Detail::Card, (112.0, 76.0)),
            (Detail::Tag, (84.0, 42.0)),
            (Detail::Tag, (68.0, 38.0)),
            (Detail::Tag, (54.0, 34.0)),
            (Detail::Dot, (14.0, 14.0)),
        ];
        let broadest = tiers.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64;
        let height = self.height - self.foot() - self.client.1 - BELOW - MARGIN;
        let (across, down) = ((self.width - 2.0 * MARGIN) / broadest, height / tiers.len().max(1) as f64);
        // Between rows there must be room to see a message.
        let fits = |(_, (width, tall)): &(Detail, (f64, f64))| width + 14.0 <= across && tall + 34.0 <= down;
        let (detail, server) = sizes.into_iter().find(fits).unwrap_or((Detail::Dot, (10.0, 10.0)));
        // A dot's name stands above it.
        let (top, down) = match detail {
            Detail::Dot => (MARGIN + DOT_NAME, (height - DOT_NAME) / tiers.len().max(1) as f64),
            Detail::Card | Detail::Tag => (MARGIN, down),
        };
        (self.detail, self.server) = (detail, server);
        self.places = vec![Point::default(); self.servers];
        for (row, tier) in tiers.iter().enumerate() {
            // A few stand nearer to each other than many, but no row is so narrow that its links fall together.
            let room = (self.width - 2.0 * MARGIN).min(tier.len() as f64 * (server.0 * 1.75).max(110.0));
            let step = room / tier.len().max(1) as f64;
            for (place, node) in tier.iter().enumerate() {
                let x = self.width / 2.0 - room / 2.0 + step * (place as f64 + 0.5);
                let y = top + down * row as f64 + server.1 / 2.0;
                if let Some(seat) = self.places.get_mut(node.index()) {
                    *seat = Point { x, y };
                }
            }
        }
        self.tiers = tiers;
    }
}
