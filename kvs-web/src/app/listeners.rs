//! What the root listens to beside its own elements: keys, the size of the window, whether anybody sees it.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{Event, KeyboardEvent};
use yew::Context;

use super::keys::is_free;
use super::{App, Msg};
use crate::element::Embedded;

pub(super) fn listeners(ctx: &Context<App>) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let link = ctx.link().clone();
    let on_key = move |event: &Event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>()
            && is_free(event)
        {
            link.send_message(Msg::Key(event.clone()));
        }
    };
    // Not passive: a key that means something here must not scroll the page.
    let options = gloo_events::EventListenerOptions::enable_prevent_default();
    let (resized, stilled, hidden) = (ctx.link().clone(), ctx.link().clone(), ctx.link().clone());
    let still =
        stillness().map(|query| EventListener::new(&query, "change", move |_| stilled.send_message(Msg::Resized)));
    let sight =
        document().map(|page| EventListener::new(&page, "visibilitychange", move |_| hidden.send_message(Msg::Hidden)));
    let mut listeners = vec![EventListener::new(&window, "resize", move |_| resized.send_message(Msg::Resized))];
    match ctx.props().embedded() {
        // Keys are for it while the keyboard is in it.
        Some(Embedded { root, .. }) => {
            listeners.push(EventListener::new_with_options(root, "keydown", options, on_key));
        }
        None => listeners.push(EventListener::new_with_options(&window, "keydown", options, on_key)),
    }
    listeners.extend(still.into_iter().chain(sight));
    listeners
}

fn document() -> Option<web_sys::Document> {
    web_sys::window().and_then(|window| window.document())
}

fn stillness() -> Option<web_sys::MediaQueryList> {
    web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten())
}

pub(super) fn prefers_stillness() -> bool {
    stillness().is_some_and(|query| query.matches())
}
