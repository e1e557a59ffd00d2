//! Who is behind, and who says again what.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{CAUGHT_UP, Command, Executor, Host, Message, Missed, Rabia, STRAGGLER_TOLD, Stage, Timer, send};
use crate::process::{Context, NodeId};

impl Rabia {
    /// Another replica has come to this slot at least.
    pub(super) fn learn_level(&mut self, node: NodeId, slot: u64) {
        let level = self.levels.entry(node).or_insert(slot);
        *level = slot.max(*level);
    }

    /// Somebody is still busy with a slot that is decided.
    pub(super) fn tell_straggler<P: Host>(&mut self, node: NodeId, slot: u64, cx: &mut Context<'_, P>) {
        let is_behind = self.levels.get(&node).is_none_or(|level| *level <= slot);
        if !is_behind || !self.options.answers_stragglers {
            return;
        }
        // If the decision is not kept any more, it will ask for what came after all that it has.
        if let Some(command) = self.decided.get(&slot).cloned() {
            cx.mark(STRAGGLER_TOLD, slot);
            send(node, Message::Decision { slot, command }, cx);
        }
    }

    pub(super) fn on_catch_up<P: Host>(
        &mut self,
        node: NodeId,
        from: u64,
        executor: &Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        self.learn_level(node, from);
        if !self.options.answers_stragglers {
            return;
        }
        let commands: Vec<Command> = self.decided.range(from..).map(|(_, command)| command.clone()).collect();
        let is_whole = commands.len() as u64 == self.slot.saturating_sub(from);
        let missed = if is_whole {
            Missed::Decisions { from, commands: commands.into() }
        } else {
            Missed::Snapshot(Arc::new(executor.snapshot()))
        };
        send(node, Message::CatchUpResp { until: self.slot, missed }, cx);
    }

    pub(super) fn on_catch_up_resp<P: Host>(
        &mut self,
        node: NodeId,
        until: u64,
        missed: &Missed,
        executor: &mut Executor<'_>,
        cx: &mut Context<'_, P>,
    ) {
        self.learn_level(node, until);
        match missed {
            Missed::Decisions { from, commands } => {
                let slots = (*from..).zip(commands.iter());
                for (slot, command) in slots.filter(|(slot, _)| *slot >= self.slot) {
                    self.early.entry(slot).or_insert_with(|| command.clone());
                }
            }
            Missed::Snapshot(snapshot) if until > self.slot => {
                executor.install(snapshot);
                self.decided.clear();
                self.come_to(until);
                self.pending.remove(&Command::Noop, executor);
                self.checkpoint(executor, cx);
                cx.mark(CAUGHT_UP, until);
            }
            Missed::Snapshot(_) => {}
        }
    }

    /// The paper's links lose nothing. These do: what was said about the open slot is said again, all of it, since somebody may wait for
    /// an early part; and whoever is not known to be level is asked how far it is.
    pub(super) fn on_resend<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        self.resend_is_set = false;
        self.say_again(cx);
        if matches!(self.agreement.stage(), Stage::Decided(_)) {
            self.tell_all(&Message::AskProposal { slot: self.slot }, cx);
        }
        let is_idle = self.said.is_empty();
        let asked = self.others().filter(|other| match self.levels.get(other) {
            Some(level) if *level < self.slot => is_idle,
            level => level != Some(&self.slot),
        });
        for other in asked.collect::<Vec<_>>() {
            send(other, Message::CatchUp { from: self.slot }, cx);
        }
    }

    pub(super) fn say_again<P: Host>(&self, cx: &mut Context<'_, P>) {
        for said in &self.said {
            self.tell_all(&Message::of(self.slot, said), cx);
        }
    }

    /// Whether there is something to say again, or somebody who may be behind or ahead.
    fn is_restless(&self) -> bool {
        !self.said.is_empty() || self.others().any(|other| self.levels.get(&other) != Some(&self.slot))
    }

    pub(super) fn set_resend<P: Host>(&mut self, cx: &mut Context<'_, P>) {
        if self.is_restless() && !self.resend_is_set {
            self.resend_is_set = true;
            cx.set_timer(crate::ordering::Timer::Rabia(Timer::Resend), self.options.resend_after);
        }
    }
}
