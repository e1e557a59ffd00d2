//! Anti-entropy: two replicas compare all they keep and settle every difference. Section 1.3 of the paper.

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DIFFERENCE_FOUND, EpidemicGossip, Item, Message, RumorId, Timer, item};
use crate::op::Key;
use crate::process::{Context, NodeId, Process};
use crate::storage::LatticeKVSCore;

/// A fingerprint of every key a replica keeps, in the order of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(Arc<[(Key, u64)]>);

impl Digest {
    fn of(store: &LatticeKVSCore) -> Self {
        Self(store.iter().map(|(key, stored)| (key.clone(), stored.digest())).collect())
    }

    fn get(&self, key: &Key) -> Option<u64> {
        let place = self.0.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
        Some(self.0[place].1)
    }

    /// How many keys it covers.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl EpidemicGossip {
    /// Shows somebody a digest.
    pub(super) fn on_ae_tick<P>(&mut self, store: &LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        cx.set_timer(Timer::AeTick, self.config.anti_entropy_interval);
        let peers = u32::try_from(self.peers.len()).unwrap_or(u32::MAX);
        if peers == 0 {
            return;
        }
        let peer = self.peers[cx.choose(peers) as usize];
        cx.send(peer, Message::AeSyn { digest: Digest::of(store) });
    }

    /// Answers with what the digest lacks or has otherwise, and asks for what it alone has or has otherwise.
    pub(super) fn on_ae_syn<P>(
        &mut self,
        from: NodeId,
        theirs: &Digest,
        store: &LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        let differs = |key: &Key, digest: u64| theirs.get(key) != Some(digest);
        let mine = store.iter().filter(|(key, stored)| differs(key, stored.digest()));
        let items: Arc<[Item]> = mine
            .map(|(key, value)| Item { id: RumorId { key: key.clone(), version: 0 }, value: value.clone() })
            .collect();
        let is_other_here = |key: &Key, digest: u64| store.get(key).is_none_or(|stored| stored.digest() != digest);
        let want: Box<[Key]> =
            theirs.0.iter().filter(|(key, digest)| is_other_here(key, *digest)).map(|(key, _)| key.clone()).collect();
        if items.is_empty() && want.is_empty() {
            return;
        }
        cx.mark(DIFFERENCE_FOUND, items.len().max(want.len()) as u64);
        cx.send(from, Message::AeReply { items, want });
    }

    /// Takes in what differs and sends what is wanted.
    pub(super) fn on_ae_reply<P>(
        &mut self,
        from: NodeId,
        items: &[Item],
        want: &[Key],
        store: &mut LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        // Before merging: a value that is not a lattice must be settled by exchange, not sent back as it came.
        let wanted: Arc<[Item]> = want.iter().filter_map(|key| item(key, store)).collect();
        self.on_items(items, store, cx);
        if !wanted.is_empty() {
            cx.send(from, Message::AeFin { items: wanted });
        }
    }
}
