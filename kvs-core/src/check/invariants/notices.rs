//! What subscribers are told of changes: in order, each once, the same by all replicas, and nothing is left out without a word.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Found;
use crate::op::Key;
use crate::process::NodeId;
use crate::server::{Notice, Noticed};
use crate::storage::smr::{Delivery, Envelope, Position};
use crate::zoo::Architecture;

#[derive(Clone)]
pub(super) struct Watch {
    /// Every change that somebody was told of.
    known: BTreeMap<Position, Arc<Envelope>>,
    heard: BTreeMap<(NodeId, u32), Heard>,
}

/// What came of a subscription.
#[derive(Clone)]
struct Heard {
    prefix: Key,
    latest: Option<Position>,
    /// The change before the next one, unless something between may be missing.
    before: Option<Position>,
    /// Pairs of changes between which there was nothing for it to hear of.
    pairs: Vec<(Position, Position)>,
}

impl Watch {
    pub(super) fn new(architecture: &Architecture) -> Option<Self> {
        let notifies = architecture.smr()?.enable_notifications;
        notifies.then(|| Self { known: BTreeMap::new(), heard: BTreeMap::new() })
    }

    /// A client was told something.
    pub(super) fn told(&mut self, client: NodeId, noticed: &Noticed) -> Found {
        let new = || Heard { prefix: noticed.prefix.clone(), latest: None, before: None, pairs: Vec::new() };
        let heard = self.heard.entry((client, noticed.id)).or_insert_with(new);
        let Notice::Delivery(Delivery::Change(envelope)) = &noticed.notice else {
            heard.before = None;
            return Ok(());
        };
        let position = envelope.position;
        if heard.latest >= Some(position) {
            return Err(("B11", format!("it was told of {}.{} after a later change", position.slot, position.i)));
        }
        heard.latest = Some(position);
        heard.pairs.extend(heard.before.map(|before| (before, position)));
        heard.before = Some(position);
        let known = self.known.entry(position).or_insert_with(|| envelope.clone());
        if known == envelope {
            return Ok(());
        }
        Err(("B11", format!("it was told of another change {}.{} than somebody else", position.slot, position.i)))
    }

    /// Whether somebody has missed what somebody else was told of.
    pub(super) fn when_quiet(&self) -> Result<(), (&'static str, NodeId, String)> {
        for ((client, _), Heard { prefix, pairs, .. }) in &self.heard {
            for (one, next) in pairs {
                let between = self.known.range(*one..*next).skip(1);
                let missed = between.map(|(_, envelope)| envelope).find(|it| it.change.is_about(prefix.as_str()));
                if let Some(Envelope { position, .. }) = missed.map(|envelope| &**envelope) {
                    let what = format!("nobody has told it of the change {}.{}", position.slot, position.i);
                    return Err(("B11", *client, what));
                }
            }
        }
        Ok(())
    }
}
