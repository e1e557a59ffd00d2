//! Which of the things that somebody does to a world are faults.

use core::fmt;

use super::{Fate, Input};
use crate::server::PacketLoss;

/// A kind of fault. Each is one, however many links or messages it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Links are cut.
    Cut,
    /// A server crashes.
    Crash,
    /// A server loses its disk.
    Wipe,
    /// A server stands still.
    Pause,
    /// A clock is set off.
    Clock,
    /// A message is lost.
    Drop,
    /// A message is sent twice.
    Duplicate,
    /// Messages wait, or one comes before its time.
    Delay,
    /// Links are made worse, or better.
    Links,
    /// A timer runs out before its time.
    Timer,
    /// A shard is given up.
    Lost,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "a cut",
            Self::Crash => "a crash",
            Self::Wipe => "a wiped disk",
            Self::Pause => "a pause",
            Self::Clock => "a wrong clock",
            Self::Drop => "a lost message",
            Self::Duplicate => "a doubled message",
            Self::Delay => "a delay",
            Self::Links => "other links",
            Self::Timer => "an early timer",
            Self::Lost => "a shard given up",
        })
    }
}

impl Input {
    /// The fault that it is; None for what clients ask, for what mends, and for changes of views, which are everyday work.
    pub fn fault(&self) -> Option<FaultKind> {
        Some(match self {
            Self::Cut(_) => FaultKind::Cut,
            Self::Crash(_) => FaultKind::Crash,
            Self::Wipe(_) => FaultKind::Wipe,
            Self::Pause(_) => FaultKind::Pause,
            Self::Clock { offset_us, .. } if *offset_us != 0 => FaultKind::Clock,
            Self::DropNext(_) | Self::Message { fate: Fate::Drop, .. } => FaultKind::Drop,
            Self::Message { fate: Fate::Duplicate, .. } => FaultKind::Duplicate,
            Self::Hold(_) | Self::Message { fate: Fate::Hold | Fate::Deliver, .. } => FaultKind::Delay,
            Self::PacketLoss(loss) if *loss == PacketLoss::default() => return None,
            Self::LinksEverywhere(_) | Self::LinksBetween(..) | Self::PacketLoss(_) => FaultKind::Links,
            Self::Fire { .. } => FaultKind::Timer,
            Self::Lost(_) => FaultKind::Lost,
            Self::Clock { .. }
            | Self::Call { .. }
            | Self::Watch { .. }
            | Self::Traffic(_)
            | Self::Fill(_)
            | Self::View { .. }
            | Self::Heal(_)
            | Self::HealAll
            | Self::Restart(_)
            | Self::Resume(_)
            | Self::Release(_)
            | Self::Message { fate: Fate::Release, .. } => return None,
        })
    }
}
