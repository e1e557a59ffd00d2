//! How time passes: one event after the other, and what follows from each.

use alloc::sync::Arc;

use super::{DiskWork, Due, Happening, Letter, Loss, Moment, Observer, Parked, Sequence, World};
use crate::process::{Context, Effect, Event, EventOf, NodeId, Process};
use crate::time::Time;

impl<P: Process> World<P> {
    /// Lets the next event happen. False if nothing is to come.
    pub fn step(&mut self, observer: &mut impl Observer<P>) -> bool {
        let Some((at, id, due)) = self.queue.pop() else {
            return false;
        };
        self.now = self.now.after_event(at);
        self.events += 1;
        self.happen(id, due, observer);
        true
    }

    /// Lets everything up to and including an instant happen, and sets the clock to it.
    pub fn advance_to(&mut self, until: Time, observer: &mut impl Observer<P>) {
        self.advance_to_moment(Moment { time: until, events: u32::MAX }, observer);
    }

    /// Lets everything up to a moment happen; at its instant, no more events than it says.
    pub fn advance_to_moment(&mut self, until: Moment, observer: &mut impl Observer<P>) {
        while self.next_moment().is_some_and(|next| next <= until) {
            self.step(observer);
        }
        if until.time > self.now.time {
            self.now = Moment { time: until.time, events: 0 };
        }
    }

    /// The moment right after the next event; None if nothing is to come.
    pub fn next_moment(&mut self) -> Option<Moment> {
        Some(self.now.after_event(self.queue.next_at()?))
    }

    fn happen(&mut self, id: Sequence, due: Due<P>, observer: &mut impl Observer<P>) {
        let node = match &due {
            Due::Arrival(letter) => letter.to,
            Due::Timer { node, .. } | Due::Synced { node, .. } => *node,
        };
        let slot = &mut self.nodes[node.index()];
        if slot.is_paused && !matches!(due, Due::Synced { .. }) {
            slot.backlog.push((id, due));
            return;
        }
        match due {
            Due::Arrival(letter) => self.arrive(id, letter, observer),
            Due::Timer { timer, .. } => {
                slot.timers.retain(|(set, _)| *set != timer);
                observer.saw(self.now.time, Happening::Fired { node, timer });
                self.run(node, Event::Timer(timer), observer);
            }
            Due::Synced { incarnation, write, .. } => {
                if slot.incarnation == incarnation {
                    Arc::make_mut(&mut slot.disk).reach_medium(write);
                    slot.disk_work = DiskWork::Idle;
                    observer.saw(self.now.time, Happening::Synced { node });
                    self.work_disk(node, observer);
                }
            }
        }
    }

    fn arrive(&mut self, id: Sequence, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, message, .. } = letter;
        let why = if self.network.is_cut((from, to)) {
            Loss::Cut
        } else if !self.nodes[to.index()].is_up {
            Loss::Down
        } else {
            observer.saw(self.now.time, Happening::Delivered { id, from, to, message: &message });
            self.delivered += 1;
            self.run(to, Event::Receive { from, message }, observer);
            return;
        };
        observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why });
    }

    /// One step of one node, and its effects.
    pub(super) fn run(&mut self, node: NodeId, event: EventOf<P>, observer: &mut impl Observer<P>) {
        let slot = &mut self.nodes[node.index()];
        let process = Arc::make_mut(&mut slot.process);
        let clock = self.now.time.shifted(slot.clock_offset_us);
        let before = slot.disk.last_write();
        process.step(
            event,
            &mut Context::new(node, slot.incarnation, clock, &mut self.effects, &mut slot.disk, &mut slot.choices),
        );
        let has_written = slot.disk.last_write() != before;

        let mut effects = core::mem::take(&mut self.effects);
        let mut has_parked = false;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message, after, takes_all } => {
                    let letter = Letter { from: node, to, sent: self.now.time, message };
                    let slot = &mut self.nodes[node.index()];
                    match after {
                        // Letters of one node leave in order, so a parked one holds up those behind it that wait as well.
                        Some(needs) if !slot.disk.admits(needs) => {
                            let id = self.queue.next_sequence();
                            slot.parked.push_back(Parked { id, needs, takes_all, letter });
                            has_parked = true;
                        }
                        _ => self.dispatch(None, letter, observer),
                    }
                }
                Effect::SetTimer { timer, after } => {
                    let ticket = self.queue.push(self.now.time + after, Due::Timer { node, timer });
                    let timers = &mut self.nodes[node.index()].timers;
                    match timers.iter_mut().find(|(set, _)| *set == timer) {
                        Some((_, old)) => {
                            let old = core::mem::replace(old, ticket);
                            self.queue.cancel(old);
                        }
                        None => timers.push((timer, ticket)),
                    }
                }
                Effect::CancelTimer(timer) => {
                    let timers = &mut self.nodes[node.index()].timers;
                    if let Some(place) = timers.iter().position(|(set, _)| *set == timer) {
                        let (_, ticket) = timers.swap_remove(place);
                        self.queue.cancel(ticket);
                    }
                }
                Effect::Mark { mark, subject } => {
                    observer.saw(self.now.time, Happening::Marked { node, mark, subject });
                }
            }
        }
        self.effects = effects;
        if has_written || has_parked {
            self.work_disk(node, observer);
        }
    }

    /// Lets letters go whose writes are on the medium, and gives the disk its next work.
    fn work_disk(&mut self, node: NodeId, observer: &mut impl Observer<P>) {
        loop {
            let slot = &mut self.nodes[node.index()];
            let disk = &slot.disk;
            let Some(parked) = slot.parked.pop_front_if(|parked| disk.admits(parked.needs)) else {
                break;
            };
            let letter = Letter { sent: self.now.time, ..parked.letter };
            self.dispatch(Some(parked.id), letter, observer);
        }
        let slot = &mut self.nodes[node.index()];
        let write = slot.disk.last_write();
        if write == slot.disk.durable() || slot.disk_work == DiskWork::Syncing {
            return;
        }
        let wants_sync = !slot.parked.is_empty();
        // What nobody has asked for does not come along, unless somebody asks for all.
        let asked = slot.parked.iter().map(|parked| if parked.takes_all { write } else { parked.needs }).max();
        let latency = match (wants_sync, slot.disk_work) {
            (true, DiskWork::WritingBack(ticket)) => {
                self.queue.cancel(ticket);
                self.disk_options.sync_latency
            }
            (true, _) => self.disk_options.sync_latency,
            (false, DiskWork::WritingBack(_)) => return,
            (false, _) => self.disk_options.write_back,
        };
        let due = Due::Synced { node, incarnation: slot.incarnation, write: asked.unwrap_or(write) };
        let ticket = self.queue.push(self.now.time + latency, due);
        slot.disk_work = if wants_sync { DiskWork::Syncing } else { DiskWork::WritingBack(ticket) };
    }

    /// Puts a message on its link, or hands it to whoever stands outside.
    fn dispatch(&mut self, id: Option<Sequence>, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, ref message, .. } = letter;
        if to.index() >= self.nodes.len() {
            observer.saw(self.now.time, Happening::Told { node: from, message });
            return;
        }
        let id = id.unwrap_or_else(|| self.queue.next_sequence());
        let link = (from, to);
        let is_cut = self.network.is_cut(link);
        if is_cut || self.network.is_lost(link) {
            let why = if is_cut { Loss::Cut } else { Loss::Random };
            observer.saw(self.now.time, Happening::Lost { id, from, to, message, why });
            return;
        }
        if self.network.is_duplicated(link) {
            let twin = self.queue.next_sequence();
            self.launch(twin, letter.clone(), observer);
        }
        self.launch(id, letter, observer);
    }

    pub(super) fn launch(&mut self, id: Sequence, letter: Letter<P::Message>, observer: &mut impl Observer<P>) {
        let Letter { from, to, ref message, .. } = letter;
        let due = self.network.due((from, to), self.now.time);
        observer.saw(self.now.time, Happening::Sent { id, from, to, due, message });
        self.queue.push_as(id, due, Due::Arrival(letter));
    }
}
