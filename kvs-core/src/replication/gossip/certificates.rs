//! Death certificates: what a deleted key leaves behind, for how long, and who keeps it asleep after that. Section 2 of the paper.
//!
//! A deletion spreads as any other change. Every replica keeps its certificate for some time; then all drop it but the few that it
//! names, which keep it *dormant*. If an older value reaches one of these, the certificate awakens: it counts as new from then on and
//! spreads again, with its old timestamp, so that writes that came after the deletion stand.
//!
//! What it does not do: a replica that was away for longer than both ages together may bring a deleted value back.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{EpidemicGossip, Item, Timer};
use crate::lattice::Lww;
use crate::op::Key;
use crate::process::{Context, Mark, NodeId, Process};
use crate::storage::{Content, DeathCertificate, LatticeKVSCore, Stored};
use crate::time::{Span, Time};

/// How long what a deleted key leaves behind is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// Whether it ever ends; else it is kept for good.
    pub is_limited: bool,
    /// How long everybody keeps it: τ1 of the paper.
    pub age: Span,
    /// How long after that those keep it that are named in it: τ2.
    pub dormant_age: Span,
    /// How many these are. None: once everybody has dropped it, whoever was away brings the value back.
    pub retention_sites: u32,
}

impl Default for Certificates {
    fn default() -> Self {
        Self { is_limited: false, age: Span::from_secs(10), dormant_age: Span::from_secs(300), retention_sites: 2 }
    }
}

impl Certificates {
    /// Certificates are looked at some times in their life.
    pub(super) fn sweep_interval(&self) -> Span {
        const LOOKS: u64 = 4;
        Span::from_us((self.age.as_us() / LOOKS).max(1_000))
    }

    /// How long a deletion is safe for since it was last told as new.
    pub fn life(&self) -> Span {
        self.age + self.dormant_age
    }
}

/// A certificate was dropped, or fell asleep.
pub const DROPPED: Mark = Mark("death certificate has done its time");
/// An older value has come: the certificate counts again.
pub const AWAKENED: Mark = Mark("death certificate awakened");

/// Certificates that are kept asleep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Dormant(BTreeMap<Key, Lww<Content>>);

impl Dormant {
    /// The keys that they are about.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }
}

impl EpidemicGossip {
    /// Who is to keep the certificate of a key that is deleted here: this replica, which has it for certain, and others drawn at random.
    /// None: everybody, for good.
    pub fn draw_retention_sites<P: Process>(&self, cx: &mut Context<'_, P>) -> Option<Vec<NodeId>> {
        if !self.config.certificates.is_limited {
            return None;
        }
        let count = self.config.certificates.retention_sites as usize;
        let mut others: Vec<NodeId> = self.peers.iter().collect();
        let mut sites: Vec<NodeId> = [cx.me()].into_iter().take(count).collect();
        while sites.len() < count && !others.is_empty() {
            let left = u32::try_from(others.len()).unwrap_or(u32::MAX);
            sites.push(others.swap_remove(cx.choose(left) as usize));
        }
        sites.sort_unstable();
        Some(sites)
    }

    /// Whether an item should be merged. One that is older than a dormant certificate awakens that instead; a certificate that has
    /// done its time is not taken in by those who keep nothing that it could delete.
    pub(super) fn admits<P: Process>(
        &mut self,
        item: &Item,
        store: &mut LatticeKVSCore,
        cx: &mut Context<'_, P>,
    ) -> bool {
        let Stored::Lww(new) = &*item.value else { return true };
        let key = &item.id.key;
        if store.get(key).is_some() {
            return true;
        }
        if let Some(mut certificate) = self.dormant.0.get(key).filter(|dormant| new.rank() < dormant.rank()).cloned() {
            if let Content::Deleted(DeathCertificate { activated, .. }) = &mut certificate.value {
                *activated = cx.now();
            }
            self.dormant.0.remove(key);
            store.merge(key, &Arc::new(Stored::Lww(certificate)));
            cx.mark(AWAKENED, 0);
            self.kindle(&item.id);
            return false;
        }
        item.value.certificate().is_none_or(|certificate| !self.has_done_its_time(certificate, cx.now()))
    }

    fn has_done_its_time(&self, certificate: &DeathCertificate, now: Time) -> bool {
        certificate.retained_by.is_some() && now.since(certificate.activated) >= self.config.certificates.age
    }

    /// Drops what is old enough.
    pub(super) fn on_dc_sweep<P>(&mut self, store: &mut LatticeKVSCore, cx: &mut Context<'_, P>)
    where
        P: Process<Timer: From<Timer>>,
    {
        cx.set_timer(Timer::DcSweep, self.config.certificates.sweep_interval());
        let now = cx.now();
        let is_old = |stored: &Stored| stored.certificate().is_some_and(|it| self.has_done_its_time(it, now));
        let old: Vec<Key> = store.iter().filter(|(_, stored)| is_old(stored)).map(|(key, _)| key.clone()).collect();
        for key in old {
            self.rumors.cool(&key);
            if let Some(Stored::Lww(lww)) = store.forget(&key).as_deref()
                && let Content::Deleted(certificate) = &lww.value
            {
                if certificate.retained_by.as_ref().is_some_and(|sites| sites.contains(&cx.me())) {
                    self.dormant.0.insert(key, lww.clone());
                }
                cx.mark(DROPPED, 0);
            }
        }
        let life = self.config.certificates.life();
        self.dormant.0.retain(|_, lww| match &lww.value {
            Content::Deleted(certificate) => now.since(certificate.activated) < life,
            Content::Value(_) => false,
        });
    }
}
