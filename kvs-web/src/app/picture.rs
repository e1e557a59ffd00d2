//! The picture, which is the same in every frame: its place, what is drawn in it, and what in it was touched.

use kvs_core::process::NodeId;
use kvs_core::world::Sequence;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};
use yew::prelude::*;

use super::keys::key_in_picture;
use super::{App, By, Msg};
use crate::command::Command;
use crate::panels::popover;
use crate::stage::layout::Layout;
use crate::stage::scene::{View, message_place, messages_max, scene};
use crate::stage::strip::{self, Strip};
use crate::store::Selection;

/// Something in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A node.
    Node(NodeId),
    /// A link.
    Link(NodeId, NodeId),
    /// A message.
    Message(Sequence),
    /// Nothing: the ground.
    Ground,
}

impl App {
    /// The picture. What is in the canvas belongs to the painter; Yew never looks in there.
    pub(super) fn stage(&self, ctx: &Context<Self>, send: &Callback<Command>, close: Callback<()>) -> Html {
        let onclick = ctx.link().batch_callback(|event: MouseEvent| Some(Msg::Touched(touched(&event)?, By::Pointer)));
        let onpointerdown = ctx.link().batch_callback(|event: PointerEvent| match touched(&event) {
            // A flying message would be gone before the finger is up.
            Some(message @ Touched::Message(_)) => Some(Msg::Touched(message, By::Pointer)),
            _ => None,
        });
        let onkeydown = ctx.link().batch_callback(|event: KeyboardEvent| key_in_picture(&event));
        let onfocusin = ctx.link().batch_callback(|event: FocusEvent| touched(&event).map(Msg::Focused));
        let on_pick = ctx.link().callback(|id| Msg::Touched(Touched::Message(id), By::Pointer));
        let on_twist =
            ctx.props().embedded().is_none().then(|| ctx.link().callback(|(asked, twist)| Msg::WhatIf(asked, twist)));
        let drawn_max = messages_max(&self.layout);
        let is_fresh = self.store.read(|player| player.recording().inputs().is_empty() && !player.is_playing());
        html! {
            <>
            <div class="stage" data-testid="stage">
                <div class="canvas" ref={self.canvas.clone()} {onclick} {onpointerdown} {onkeydown} {onfocusin}></div>
                if is_fresh {
                    <ol class="first-steps" aria-label="First steps">
                        <li>{ "Put a value" }</li><li>{ "Press Play" }</li><li>{ "Click a line to cut it" }</li>
                    </ol>
                } else {
                    { self.store.read(strip::legend) }
                }
                if let Some(at) = self.popover_place() {
                    <popover::Popover store={self.store.clone()} send={send.clone()} selected={self.selection} on_close={close} {at} reach={self.reach()} {on_twist} />
                }
            </div>
            <Strip store={self.store.clone()} selected={self.selection} {on_pick} {drawn_max} />
            </>
        }
    }

    /// How far what is picked reaches up and down.
    fn reach(&self) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "some pixels")]
        let half = |height: f64| height as i32 / 2;
        if matches!(self.selection, Selection::Node(_)) { half(self.layout.server.1) + 8 } else { 18 }
    }

    fn popover_place(&self) -> Option<(i32, i32)> {
        let place = match self.selection {
            Selection::Node(node) => self.layout.place_of(node),
            Selection::Message(id) => {
                self.store.read(|player| message_place(player, &self.layout, self.view_now(), id))?
            }
            Selection::Link(..) | Selection::Nothing => return None,
        };
        Some(popover::percentages(place, self.layout.width, self.layout.height))
    }

    fn view_now(&self) -> View {
        View {
            selection: self.selection,
            lit: self.lit.clone(),
            still: self.is_still,
            node_stop: self.node_stop,
            link_stop: self.link_stop,
        }
    }

    pub(super) fn paint(&mut self) {
        let Some(canvas) = self.canvas.cast::<HtmlElement>() else { return };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let view = self.view_now();
        let picture = self.store.read(|player| {
            if !self.layout.suits(player.architecture(), width, height) {
                self.layout = Layout::new(player.architecture(), width, height);
            }
            scene(player, &self.layout, view)
        });
        if let Some(Err(error)) = self.painter.as_mut().map(|painter| painter.paint(picture)) {
            self.notice = Some(AttrValue::from(format!("The picture cannot be drawn: {error:?}.")));
        }
    }
}

/// What in the picture an event is about.
pub(super) fn touched(event: &Event) -> Option<Touched> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let found = target.closest("[data-message], [data-node], [data-link]").ok().flatten();
    let Some(found) = found else { return Some(Touched::Ground) };
    let number = |name: &str| found.get_attribute(name)?.parse::<u32>().ok().map(NodeId);
    if let Some(id) = found.get_attribute("data-message") {
        return id.parse().ok().map(|id| Touched::Message(Sequence(id)));
    }
    if let Some(node) = number("data-id") {
        return Some(Touched::Node(node));
    }
    Some(Touched::Link(number("data-a")?, number("data-b")?))
}
