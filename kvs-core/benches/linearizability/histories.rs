//! Histories of a simulated register, and of ten of them, served by somebody who is linearizable, or almost.

use kvs_core::choice::{Choose, Purpose, Stream};

/// What a client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Write(u32),
    /// With what it was told.
    Read(u32),
}

/// A call or a return, as they happened one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) client: u32,
    pub(crate) key: u32,
    pub(crate) op: Op,
    pub(crate) is_call: bool,
}

/// What history to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) clients: u32,
    pub(crate) keys: u32,
    pub(crate) operations: u32,
    /// Whether all reads are told the truth. If not, one in the last quarter is told what its register kept some writes ago.
    pub(crate) is_legal: bool,
    pub(crate) seed: u64,
}

/// What a client is doing.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    /// It has called, at this place of the history.
    Called(usize),
    /// Its operation has taken effect.
    Served(usize),
}

impl Recipe {
    /// Every client goes on at random times: it calls, is served, returns. An illegal history is not so for certain if there are
    /// other clients at the same time: those who judge it must find out.
    pub(crate) fn history(&self) -> Vec<Event> {
        let mut luck = Stream::new(self.seed, Purpose::Workload);
        let mut clients = vec![Doing::Nothing; self.clients as usize];
        // All values that a register has kept; nothing was there at first.
        let mut kept = vec![vec![0_u32]; self.keys as usize];
        let mut events: Vec<Event> = Vec::new();
        let (mut calls, mut returns) = (0, 0);
        let mut lie_from = if self.is_legal { u32::MAX } else { self.operations - self.operations / 4 };
        while returns < self.operations {
            let client = luck.choose(self.clients);
            let doing = &mut clients[client as usize];
            match *doing {
                Doing::Nothing if calls < self.operations => {
                    calls += 1;
                    let key = luck.choose(self.keys);
                    let op = if luck.choose(2) == 0 { Op::Write(calls) } else { Op::Read(0) };
                    *doing = Doing::Called(events.len());
                    events.push(Event { client, key, op, is_call: true });
                }
                Doing::Nothing => {}
                Doing::Called(at) => {
                    let Event { key, op, .. } = &mut events[at];
                    let kept = &mut kept[*key as usize];
                    match op {
                        Op::Write(value) => kept.push(*value),
                        // Far enough back that even those who are slow had written it long ago.
                        Op::Read(seen) => {
                            let back =
                                if calls >= lie_from { 4 * self.clients as usize / self.keys as usize + 4 } else { 0 };
                            if back > 0 && kept.len() > back {
                                lie_from = u32::MAX;
                                *seen = kept[kept.len() - 1 - back];
                            } else {
                                *seen = kept[kept.len() - 1];
                            }
                        }
                    }
                    *doing = Doing::Served(at);
                }
                Doing::Served(at) => {
                    returns += 1;
                    events.push(Event { is_call: false, ..events[at] });
                    *doing = Doing::Nothing;
                }
            }
        }
        events
    }
}
