//! The keyboard: which keys are ours, where it is, and what they do.

use kvs_core::process::NodeId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, SvgElement};
use yew::prelude::*;

use super::picture::{Touched, touched};
use super::{App, By, Msg, Open};
use crate::command::Command;
use crate::keymap::{self, KeyAction};
use crate::panels::popover;
use crate::store::Selection;

impl App {
    /// Tab leaves the nodes or the links for what is next; it comes back to the one it left.
    pub(super) fn focused(&mut self, touched: Touched) {
        match touched {
            Touched::Node(node) => self.node_stop = Some(node),
            Touched::Link(a, b) => self.link_stop = Some((a, b)),
            Touched::Message(_) | Touched::Ground => return,
        }
        self.paint();
    }

    /// Brings the keyboard back from the popover to what it was about.
    pub(super) fn leave_popover(&self) {
        if self.find(".popover :focus").is_none() {
            return;
        }
        match self.selection {
            Selection::Node(node) => self.focus(&format!(".canvas [data-id='{}']", node.0)),
            Selection::Message(id) => self.focus(&format!(".canvas [data-message='{}']", id.0)),
            Selection::Link(..) | Selection::Nothing => {}
        }
    }

    pub(super) fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let Some(action) = keymap::lookup(&event.key()) else { return false };
        // While two futures are looked at, keys are for them.
        if self.what_if.is_some() {
            return false;
        }
        event.prevent_default();
        event.stop_propagation();
        if let Some(command) = action.command() {
            return self.command(ctx, command);
        }
        let (horizon, speed) = self.store.read(|player| (player.horizon(), player.speed()));
        match action {
            KeyAction::ToHorizon => self.command(ctx, Command::Seek(horizon)),
            KeyAction::Faster => self.command(ctx, Command::SetSpeed(speed.faster())),
            KeyAction::Slower => self.command(ctx, Command::SetSpeed(speed.slower())),
            KeyAction::Pick(place) => {
                let is_there = self.store.read(|player| place < player.architecture().servers);
                if is_there {
                    self.selection = Selection::Node(NodeId(place));
                }
                true
            }
            KeyAction::Crash | KeyAction::Isolate => {
                let Selection::Node(node) = self.selection else { return false };
                let input = self.store.read(|player| match action {
                    _ if !player.architecture().is_server(node) => None,
                    KeyAction::Crash => Some(popover::crash(player, node)),
                    _ => popover::isolate(player, node),
                });
                input.is_some_and(|input| self.command(ctx, Command::Input(input)))
            }
            KeyAction::Help => {
                self.open = if self.open == Some(Open::Help) { None } else { Some(Open::Help) };
                true
            }
            KeyAction::Escape => {
                self.leave_popover();
                (self.open, self.selection, self.notice) = (None, Selection::Nothing, None);
                true
            }
            KeyAction::TogglePlay
            | KeyAction::StepForward
            | KeyAction::StepBack
            | KeyAction::ToStart
            | KeyAction::Undo
            | KeyAction::Redo => false,
        }
    }

    /// Brings the keyboard to what a selector finds; where there is nothing, it stays.
    pub(super) fn focus(&self, selector: &str) {
        if let Some(element) = self.find(selector) {
            focus_on(&element);
        }
    }
}

fn focus_on(element: &Element) {
    // An element that cannot take the keyboard leaves it where it is.
    let _stays = match element.dyn_ref::<HtmlElement>() {
        Some(element) => element.focus(),
        None => element.dyn_ref::<SvgElement>().map_or(Ok(()), SvgElement::focus),
    };
}

/// Whether a key is not meant for a field, a button or the browser.
pub(super) fn is_free(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return false;
    }
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return true };
    let wants_text = target.closest("input, textarea, select").ok().flatten().is_some();
    let wants_press = event.key() == " " && target.closest("button, summary, [role=button]").ok().flatten().is_some();
    let is_escape = event.key() == "Escape";
    is_escape || !(wants_text || wants_press)
}

/// A key pressed on something in the picture: Enter touches it, up and down go to its neighbours.
pub(super) fn key_in_picture(event: &KeyboardEvent) -> Option<Msg> {
    let msg = match event.key().as_str() {
        "Enter" | " " => match touched(event)? {
            Touched::Ground => return None,
            touched => Some(Msg::Touched(touched, By::Key)),
        },
        key @ ("ArrowDown" | "ArrowUp") => {
            let target = event.target()?.dyn_into::<Element>().ok()?.closest("[role=button]").ok()??;
            let siblings = target.parent_element()?.children();
            let next =
                if key == "ArrowDown" { target.next_element_sibling() } else { target.previous_element_sibling() };
            let around = if key == "ArrowDown" { siblings.item(0) } else { siblings.item(siblings.length() - 1) };
            focus_on(&next.or(around)?);
            None
        }
        _ => return None,
    };
    event.prevent_default();
    event.stop_propagation();
    msg
}
