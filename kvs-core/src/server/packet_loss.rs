//! Loss that is not the network's: a client drops its request before it leaves, a server its answer after it has served the request.

use serde::{Deserialize, Serialize};

use super::Node;
use crate::choice::Probability;
use crate::process::Context;

/// How much both ends drop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketLoss {
    /// How likely a client drops its request before it leaves.
    pub requests: Probability,
    /// How likely a server drops its answer after it has served the request.
    pub replies: Probability,
}

/// Drops messages before the network has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketLossWrapper {
    rate: Probability,
}

impl PacketLossWrapper {
    /// Drops so many of all messages.
    pub fn new(rate: Probability) -> Self {
        Self { rate }
    }

    /// Whether the next message is dropped.
    pub fn drops(self, cx: &mut Context<'_, Node>) -> bool {
        const WHOLE: u32 = 1_000_000;
        // What never happens, or always, draws nothing.
        match self.rate.as_ppm() {
            0 => false,
            WHOLE => true,
            ppm => cx.choose(WHOLE) < ppm,
        }
    }
}
