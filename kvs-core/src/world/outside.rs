//! What somebody outside may do to a world.

use alloc::sync::Arc;

use super::{DiskWork, Due, Happening, Letter, LinkOptions, Loss, Observer, Sequence, World};
use crate::choice::{Purpose, Stream};
use crate::process::{Event, NodeId, Process};

impl<P: Process> World<P> {
    /// Says something to a node from outside, at once. A node that is down does not hear it; the answer says whether it did.
    pub fn ask(&mut self, node: NodeId, message: P::Message, observer: &mut impl Observer<P>) -> bool {
        if !self.is_up(node) {
            return false;
        }
        observer.saw(self.now.time, Happening::Asked { node, message: &message });
        self.run(node, Event::Receive { from: NodeId::OUTSIDE, message }, observer);
        true
    }

    /// Cuts one direction of a link. What is on it is lost when it would arrive, unless the link is healed by then.
    pub fn cut(&mut self, from: NodeId, to: NodeId) {
        self.network.cut((from, to));
    }

    /// Heals one direction of a link.
    pub fn heal(&mut self, from: NodeId, to: NodeId) {
        self.network.heal((from, to));
    }

    /// Heals every cut.
    pub fn heal_everything(&mut self) {
        self.network.heal_everything();
    }

    /// Changes how all links treat messages that are sent from now on.
    pub fn set_links(&mut self, options: LinkOptions) {
        self.network.set_options_everywhere(options);
    }

    /// Changes how one direction of one link treats messages that are sent from now on.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, options: LinkOptions) {
        self.network.set_options((from, to), options);
    }

    /// The node stops where it is. Its memory, its timers and what it has not synced are gone. False if it was down already.
    pub fn crash(&mut self, node: NodeId, observer: &mut impl Observer<P>) -> bool {
        let slot = &mut self.nodes[node.index()];
        if !core::mem::replace(&mut slot.is_up, false) {
            return false;
        }
        slot.is_paused = false;
        slot.process = Arc::new(self.fresh[node.index()].clone());
        slot.incarnation += 1;
        slot.parked.clear();
        slot.disk_work = DiskWork::Idle;
        Arc::make_mut(&mut slot.disk).crash(self.disk_options.crash_fate, &mut self.disk_random);
        let backlog = core::mem::take(&mut slot.backlog);
        for (_, ticket) in core::mem::take(&mut slot.timers) {
            self.queue.cancel(ticket);
        }
        observer.saw(self.now.time, Happening::Crashed { node });
        for (id, due) in backlog {
            if let Due::Arrival(Letter { from, to, message, .. }) = due {
                observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Down });
            }
        }
        true
    }

    /// A node that is down boots, with what its disk has kept. False if it was up.
    pub fn restart(&mut self, node: NodeId, observer: &mut impl Observer<P>) -> bool {
        let slot = &mut self.nodes[node.index()];
        if core::mem::replace(&mut slot.is_up, true) {
            return false;
        }
        slot.choices = Stream::new(self.seed, Purpose::Node { node: node.0, incarnation: slot.incarnation });
        observer.saw(self.now.time, Happening::Booted { node });
        self.run(node, Event::Boot, observer);
        true
    }

    /// The node crashes and loses its disk as well.
    pub fn wipe(&mut self, node: NodeId, observer: &mut impl Observer<P>) {
        self.crash(node, observer);
        Arc::make_mut(&mut self.nodes[node.index()].disk).wipe();
    }

    /// The node stands still, as in a long garbage collection: what comes due waits. False if it is down or paused already.
    pub fn pause(&mut self, node: NodeId) -> bool {
        let slot = &mut self.nodes[node.index()];
        slot.is_up && !core::mem::replace(&mut slot.is_paused, true)
    }

    /// A paused node goes on; what has waited happens now, oldest first. False if it was not paused.
    pub fn resume(&mut self, node: NodeId) -> bool {
        let slot = &mut self.nodes[node.index()];
        if !core::mem::replace(&mut slot.is_paused, false) {
            return false;
        }
        for (id, due) in core::mem::take(&mut slot.backlog) {
            if let Due::Timer { timer, .. } = due {
                // Whoever lets a message arrive by hand makes a paused node take a step, in which it may have set the timer anew, or cancelled it.
                let set = slot.timers.iter_mut().find(|(set, ticket)| *set == timer && ticket.sequence == id);
                if let Some((_, ticket)) = set {
                    *ticket = self.queue.push_as(id, self.now.time, due);
                }
            } else {
                self.queue.push_as(id, self.now.time, due);
            }
        }
        true
    }

    /// Sets how fast a node's clock is.
    pub fn set_clock(&mut self, node: NodeId, offset_us: i64) {
        self.nodes[node.index()].clock_offset_us = offset_us;
    }

    /// Lets a timer run out now. False if it is not set.
    pub fn fire(&mut self, node: NodeId, timer: P::Timer, observer: &mut impl Observer<P>) -> bool {
        let timers = &mut self.nodes[node.index()].timers;
        let Some(place) = timers.iter().position(|(set, _)| *set == timer) else {
            return false;
        };
        let (_, ticket) = timers.swap_remove(place);
        self.queue.cancel(ticket);
        observer.saw(self.now.time, Happening::Fired { node, timer });
        self.run(node, Event::Timer(timer), observer);
        true
    }

    /// Loses a message that is on its way or held. False if there is none with this number.
    pub fn drop_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(Letter { from, to, message, .. }) = self.take(id) else {
            return false;
        };
        observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Dropped });
        true
    }

    /// Sends a copy of a message that is on its way or held. False if there is none with this number.
    pub fn duplicate_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let letter = match self.queue.ticket(id) {
            Some(ticket) => match self.queue.get_mut(ticket) {
                Some(Due::Arrival(letter)) => Some(letter.clone()),
                _ => None,
            },
            None => self.held.iter().find(|(held, _)| *held == id).map(|(_, letter)| letter.clone()),
        };
        let Some(letter) = letter else { return false };
        let twin = self.queue.next_sequence();
        self.launch(twin, Letter { sent: self.now.time, ..letter }, observer);
        true
    }

    /// Keeps a message on its link until it is delivered or dropped by hand. False if it is not on its way.
    pub fn hold_message(&mut self, id: Sequence) -> bool {
        let Some(ticket) = self.queue.ticket(id) else {
            return false;
        };
        if !matches!(self.queue.get_mut(ticket), Some(Due::Arrival(_))) {
            return false;
        }
        if let Some(Due::Arrival(letter)) = self.queue.cancel(ticket) {
            self.held.push((id, letter));
        }
        true
    }

    /// Puts a message that was held back on its link. False if it is not held.
    pub fn release_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(place) = self.held.iter().position(|(held, _)| *held == id) else {
            return false;
        };
        let (_, letter) = self.held.remove(place);
        self.launch(id, Letter { sent: self.now.time, ..letter }, observer);
        true
    }

    /// Lets a message arrive now, held or not, cut or not: the hand is stronger than the network. A receiver that is down still
    /// hears nothing. False if there is no such message.
    pub fn deliver_message(&mut self, id: Sequence, observer: &mut impl Observer<P>) -> bool {
        let Some(Letter { from, to, message, .. }) = self.take(id) else {
            return false;
        };
        if !self.is_up(to) {
            observer.saw(self.now.time, Happening::Lost { id, from, to, message: &message, why: Loss::Down });
            return true;
        }
        observer.saw(self.now.time, Happening::Delivered { id, from, to, message: &message });
        self.delivered += 1;
        self.run(to, Event::Receive { from, message }, observer);
        true
    }

    /// Takes a message off its link, or out of the reader's hand.
    fn take(&mut self, id: Sequence) -> Option<Letter<P::Message>> {
        if let Some(place) = self.held.iter().position(|(held, _)| *held == id) {
            return Some(self.held.remove(place).1);
        }
        let ticket = self.queue.ticket(id)?;
        if !matches!(self.queue.get_mut(ticket), Some(Due::Arrival(_))) {
            return None;
        }
        match self.queue.cancel(ticket) {
            Some(Due::Arrival(letter)) => Some(letter),
            _ => None,
        }
    }
}
