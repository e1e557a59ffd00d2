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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Value;
    use crate::storage::smr::{Cause, ChangeNotification};
    use crate::zoo::catalog;

    fn told(slot: u64, value: &str) -> Noticed {
        let (key, value) = (Key::new("k").expect("short"), Value::new(value).expect("short"));
        let change = ChangeNotification::KeySet { key: key.clone(), value, old_value: None };
        let envelope = Envelope { position: Position { slot, i: 0 }, cause: Cause::Client, change };
        let notice = Notice::Delivery(Delivery::Change(envelope.into()));
        Noticed { id: 1, server: NodeId(0), prefix: key, notice }
    }

    fn watch() -> Watch {
        Watch::new(&catalog::exhibit("smr").expect("an exhibit").architecture()).expect("it notifies")
    }

    const ONE: NodeId = NodeId(3);
    const OTHER: NodeId = NodeId(4);

    #[test]
    fn who_hears_something_twice_late_or_otherwise_than_somebody_else_is_seen() {
        for (client, wrong) in [(ONE, told(2, "b")), (ONE, told(1, "a")), (OTHER, told(1, "other"))] {
            let mut watch = watch();
            assert_eq!(watch.told(ONE, &told(1, "a")), Ok(()));
            assert_eq!(watch.told(ONE, &told(2, "b")), Ok(()));
            assert!(watch.told(client, &wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn who_misses_something_without_a_word_is_seen() {
        let lagged = Noticed { notice: Notice::Delivery(Delivery::Lagged { n: 1 }), ..told(0, "") };
        for (word, is_well) in [(None, false), (Some(lagged), true)] {
            let mut watch = watch();
            for (client, noticed) in
                [(OTHER, told(1, "a")), (OTHER, told(2, "b")), (OTHER, told(3, "c")), (ONE, told(1, "a"))]
            {
                assert_eq!(watch.told(client, &noticed), Ok(()));
            }
            assert_eq!(word.map_or(Ok(()), |word| watch.told(ONE, &word)), Ok(()));
            assert_eq!(watch.told(ONE, &told(3, "c")), Ok(()));
            assert_eq!(watch.when_quiet().is_ok(), is_well);
        }
    }
}
