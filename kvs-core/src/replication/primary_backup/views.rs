//! How a server learns of views, from the view service or from somebody outside, and goes from one to the next.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{BEHIND, Desk, ENTERED, Form, Message, PrimaryBackup, Timer, View, Views};
use crate::process::{Context, NodeId, Process};
use crate::routing::view::View as Members;
use crate::storage::Machine;

impl PrimaryBackup {
    /// It says that it is there, and will say so again.
    pub(super) fn on_ping_timer<P>(&mut self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if self.options.views == Views::Service {
            self.ping(cx);
            cx.set_timer(Timer::Ping, self.options.ping_interval);
        }
    }

    /// A primary that is not in place speaks of the view before: the service must not take its word for an acknowledgement.
    pub(super) fn ping<P>(&self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        let is_waiting = self.leads() && !self.is_in_place;
        let view = if is_waiting { self.complete_in.min(self.view.from) } else { self.complete_in };
        if let Some(service) = self.service {
            let at = cx.now();
            cx.durably().send(service, Message::Ping { view, life: self.life, at });
        }
    }

    /// Somebody outside announces views. What it hears first after a crash was there before it.
    pub fn announce<P>(
        &mut self,
        views: &[Arc<Members>],
        machine: &mut Machine,
        cx: &mut Context<'_, P>,
    ) -> Vec<crate::ordering::Reply>
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        let mut desk = Desk { machine, replies: Vec::new() };
        let views: Vec<Arc<View>> = views.iter().map(|view| Arc::new(View::announced(view))).collect();
        match (self.born_in, views.last()) {
            (None, Some(newest)) => {
                self.born_in = Some(newest.number);
                self.view = newest.clone();
                self.known = views;
            }
            _ => self.on_views(&views, &mut desk, cx),
        }
        desk.replies
    }

    /// It has heard of views.
    pub(super) fn on_views<P>(&mut self, views: &[Arc<View>], desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        match self.options.views {
            Views::Service => {
                if let Some(newest) = views.last().filter(|newest| newest.number > self.view.number) {
                    self.enter(newest.clone(), desk, cx);
                }
            }
            Views::External if self.born_in.is_some() => {
                for view in views {
                    if self.known.last().is_none_or(|newest| newest.number + 1 == view.number) {
                        self.known.push(view.clone());
                    }
                }
                self.go_on(desk, cx);
            }
            Views::External => {}
        }
    }

    /// Goes through the views from outside one by one. A primary that waits for the state stays until it has it: the next may need it from there.
    pub(super) fn go_on<P>(&mut self, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        loop {
            let is_waiting = self.leads() && self.complete_in < self.view.number;
            let next = self.known.iter().find(|view| view.number == self.view.number + 1).cloned();
            match next {
                Some(next) if !is_waiting => self.enter(next, desk, cx),
                _ => return,
            }
        }
    }

    fn enter<P>(&mut self, view: Arc<View>, desk: &mut Desk<'_>, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        cx.mark(ENTERED, u64::from(view.number));
        let has_led = self.leads();
        self.view = view;
        self.is_in_place = false;
        self.leased_at = None;
        self.has.clear();
        self.asked_after = None;
        cx.cancel_timer(Timer::Resend);
        if self.leads() {
            self.take_over(desk, cx);
        } else if has_led {
            self.step_down(desk, cx);
        }
        if self.options.form == Form::Chain && !self.leads() {
            // What it has passed on is in what the one before it sends, or nowhere.
            self.pending.clear();
        }
    }

    /// Whether a message is not of a newer view, of which the server must hear first, nor of an older one, whose sender must hear of this.
    pub(super) fn is_current<P>(&mut self, from: NodeId, view: u32, cx: &mut Context<'_, P>) -> bool
    where
        P: Process<Message: From<Message>, Timer: From<Timer>>,
    {
        if !self.options.fences_views {
            return true;
        }
        if view > self.view.number {
            cx.mark(BEHIND, u64::from(view));
            self.ask_for_views(from, cx);
        } else if view < self.view.number {
            self.refuse(from, view, cx);
        }
        view == self.view.number
    }

    pub(super) fn ask_for_views<P>(&self, from: NodeId, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        match self.options.views {
            Views::Service => self.ping(cx),
            Views::External => {
                cx.send(from, Message::GetView { view: self.known.last().map_or(0, |view| view.number) });
            }
        }
    }

    /// Somebody has met this server and goes by an older view.
    pub(super) fn on_get_view<P>(&mut self, from: NodeId, view: u32, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        cx.durably().send(
            from,
            Message::ViewReply { views: self.views_after(view), acked: self.is_in_place(), asked_at: None },
        );
    }

    /// What it knows that came after a view.
    pub(super) fn views_after(&self, view: u32) -> Arc<[Arc<View>]> {
        match self.options.views {
            Views::Service => Arc::new([self.view.clone()]),
            Views::External => self.known.iter().filter(|known| known.number > view).cloned().collect(),
        }
    }

    /// Where views come from outside, whoever is to lead may have to be given the state first.
    pub(super) fn ask_for_state<P>(&self, cx: &mut Context<'_, P>)
    where
        P: Process<Message: From<Message>>,
    {
        if self.options.views == Views::External {
            for server in self.servers.iter().filter(|server| **server != self.me) {
                cx.send(*server, Message::XferReq { view: self.view.number });
            }
        }
    }
}
