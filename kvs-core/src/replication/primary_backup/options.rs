//! What can be turned of a primary and its backups, or of a chain.

use serde::{Deserialize, Serialize};

use crate::storage::checkpoint::SnapshotPlace;
use crate::time::Span;

/// How primary and backups are chosen, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// How operations get from server to server.
    pub form: Form,
    /// Who says who leads.
    pub views: Views,
    /// How many backups the view service gives to a primary, if there are enough servers.
    pub backups: u32,
    /// How often a server says that it is there, and a primary says again what has not been acknowledged.
    pub ping_interval: Span,
    /// How often the view service looks who was heard of. Who was not, two times in a row, is taken for dead.
    pub ping_check: Span,
    /// Write what is applied to disk before it is acknowledged.
    pub journal: bool,
    /// With a journal: where the values of its snapshots are kept.
    pub snapshots: SnapshotPlace,
    /// How reads are answered.
    pub reads: Reads,
    /// Whether messages of another view are refused.
    pub fences_views: bool,
    /// Whether who leads must have the state, and gives it to its backups.
    pub transfers_state: bool,
    /// For how long a primary sends an operation to its backups.
    pub resends: Resends,
    /// In a chain: who answers what it was asked to change.
    pub answered_by: AnsweredBy,
    /// With [`Reads::Lease`]: for how long whoever answers reads will not be replaced, after the view service has heard it.
    pub lease: Span,
    /// Whether the view service waits until a lease has ended.
    pub leases_bind: bool,
}

/// How operations get from server to server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// From the primary to all its backups at once.
    #[default]
    PrimaryBackup,
    /// From the head to the next, and so on to the tail.
    Chain,
}

/// In a chain: who answers what it was asked to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnsweredBy {
    /// The tail: when it has an operation, all have it.
    #[default]
    Tail,
    /// The head, as soon as it has applied it itself.
    Head,
}

/// Who says who leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Views {
    /// A view service, which hears pings.
    #[default]
    Service,
    /// Somebody outside announces views, each with an epoch.
    External,
}

/// How reads are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reads {
    /// In order, as writes are: when all backups have agreed; in a chain, when they have come to the tail.
    #[default]
    InOrder,
    /// From the memory of whoever takes itself for the primary; in a chain, for the tail.
    Local,
    /// Likewise, but only while it knows that it will not be replaced. Rests on clocks; else in order.
    Lease,
    /// From the memory of whoever is asked and has the state.
    Anywhere,
}

/// For how long a primary sends an operation to its backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resends {
    /// Until all have acknowledged it, or there is another view.
    #[default]
    UntilAcknowledged,
    /// Once: then it takes the operation for failed. Its number is used up.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            form: Form::PrimaryBackup,
            views: Views::Service,
            backups: 1,
            ping_interval: Span::from_ms(100),
            ping_check: Span::from_ms(300),
            journal: false,
            snapshots: SnapshotPlace::Journal,
            reads: Reads::InOrder,
            fences_views: true,
            transfers_state: true,
            resends: Resends::UntilAcknowledged,
            answered_by: AnsweredBy::Tail,
            lease: Span::from_secs(1),
            leases_bind: true,
        }
    }
}

impl Options {
    /// How long somebody may be silent before there is a view without him.
    pub fn patience(&self) -> Span {
        let unheard = self.ping_check.saturating_mul(3) + self.ping_interval;
        match self.reads {
            Reads::Lease => unheard + self.lease,
            Reads::InOrder | Reads::Local | Reads::Anywhere => unheard,
        }
    }

    /// Whether all that is asked is asked of the head of a chain, and answered by the tail.
    pub fn passes_reads_on(&self) -> bool {
        self.form == Form::Chain && self.reads == Reads::InOrder
    }

    /// How long a lease lasts on its holder's clock: the view service waits longer on its own, and clocks may go wrong by a tenth.
    pub fn held_lease(&self) -> Span {
        Span::from_us(self.lease.as_us() / 10 * 9)
    }
}
