//! Anti-entropy: two replicas compare all they keep and settle every difference. Section 1.3 of the paper.

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DIFFERENCE_FOUND, EpidemicGossip, Item, Message, Timer, item};
use crate::lattice::VectorClock;
use crate::op::Key;
use crate::process::{Context, NodeId, Process};
use crate::storage::LatticeKVSCore;

/// What a replica keeps, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Digest {
    /// A fingerprint of every key, in the order of keys.
    Keys(Arc<[(Key, u64)]>),
    /// How many updates of each origin it has applied, with [`Delivery::Causal`](super::Delivery::Causal).
    Updates(VectorClock),
}

impl Digest {
    /// Of how many keys, or updates.
    pub fn count(&self) -> u64 {
        match self {
            Self::Keys(keys) => keys.len() as u64,
            Self::Updates(applied) => applied.iter().map(|(_, count)| count).sum(),
        }
    }
}

/// What a replica would like to see of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// What is under these keys.
    Keys(Box<[Key]>),
    /// All updates beyond these.
    Beyond(VectorClock),
}

impl EpidemicGossip {
    /// Shows somebody a digest.
    pub(super) fn on_ae_tick<P>(&mut self, store: &LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        cx.set_timer(Timer::AeTick, self.config.anti_entropy_interval);
        let peers = self.peers.count();
        if peers == 0 {
            return;
        }
        let peer = self.peers.at(cx.choose(peers));
        let digest = match &self.updates {
            Some(updates) => Digest::Updates(updates.applied().clone()),
            None => Digest::Keys(store.iter().map(|(key, stored)| (key.clone(), stored.digest())).collect()),
        };
        cx.send(peer, Message::AeSyn { digest });
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
        let (items, want, wanted) = match (theirs, &self.updates) {
            (Digest::Keys(theirs), _) => {
                let (items, keys) = differences(store, theirs);
                let wanted = keys.len();
                (items, Want::Keys(keys), wanted)
            }
            (Digest::Updates(theirs), Some(updates)) => {
                let wanted = usize::from(!updates.applied().has_seen(theirs));
                (updates.lacked_by(theirs), Want::Beyond(updates.applied().clone()), wanted)
            }
            // It was sent to somebody else.
            (Digest::Updates(_), None) => return,
        };
        if items.is_empty() && wanted == 0 {
            return;
        }
        cx.mark(DIFFERENCE_FOUND, items.len().max(wanted) as u64);
        cx.send(from, Message::AeReply { items, want });
    }

    /// Takes in what differs and sends what is wanted.
    pub(super) fn on_ae_reply<P>(
        &mut self,
        from: NodeId,
        items: &[Item],
        want: &Want,
        store: &mut LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) where
        P: Process<Message: From<Message>>,
    {
        // Before merging: a value that is not a lattice must be settled by exchange, not sent back as it came.
        let wanted: Arc<[Item]> = match (want, &self.updates) {
            (Want::Keys(keys), _) => keys.iter().filter_map(|key| item(key, store)).collect(),
            (Want::Beyond(applied), Some(updates)) => updates.lacked_by(applied),
            (Want::Beyond(_), None) => Arc::default(),
        };
        self.on_items(items, store, cx);
        if !wanted.is_empty() {
            cx.send(from, Message::AeFin { items: wanted });
        }
    }
}

/// What is kept here and is missing or different in a list of fingerprints, and the keys that are missing or different here.
fn differences(store: &LatticeKVSCore, theirs: &[(Key, u64)]) -> (Arc<[Item]>, Box<[Key]>) {
    let their_digest = |key: &Key| {
        let place = theirs.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
        Some(theirs[place].1)
    };
    let mine = store.iter().filter(|(key, stored)| their_digest(key) != Some(stored.digest()));
    let items = mine.filter_map(|(key, _)| item(key, store)).collect();
    let is_other_here = |key: &Key, digest: u64| store.get(key).is_none_or(|stored| stored.digest() != digest);
    let keys = theirs.iter().filter(|(key, digest)| is_other_here(key, *digest)).map(|(key, _)| key.clone()).collect();
    (items, keys)
}
