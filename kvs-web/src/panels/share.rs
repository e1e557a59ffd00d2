use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::share::encode;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct SharePanelProps {
    pub store: Store,
}

/// The run as a link, and as a schedule.
#[component]
pub fn SharePanel(props: &SharePanelProps) -> Html {
    let copied = use_state(|| None::<&'static str>);
    let field = use_node_ref();
    let (fragment, schedule) = props.store.read(|player| {
        let recording = player.recording();
        (encode(recording, player.now()), kvs_core::sim::schedule::Schedule::from_recording(recording).to_string())
    });
    let link = address() + "#" + &fragment;
    let copy = |text: String, what: &'static str| {
        let (copied, field) = (copied.clone(), field.clone());
        Callback::from(move |_: MouseEvent| {
            copy_text(&text, &field);
            copied.set(Some(what));
            let copied = copied.clone();
            Timeout::new(2_000, move || copied.set(None)).forget();
        })
    };
    html! {
        <section class="panel share" aria-labelledby="share-title">
            <h2 id="share-title">{ "Share this run" }</h2>
            <label>{ "Whoever opens this link sees this run at this moment." }
                <input ref={field.clone()} data-testid="link" readonly=true value={link.clone()} />
            </label>
            <div class="verbs">
                <button class="primary" data-testid="copy-link" onclick={copy(link, "Link copied.")}>{ "Copy the link" }</button>
                <button data-testid="copy-schedule" onclick={copy(schedule.clone(), "Schedule copied.")}>{ "Copy as a schedule" }</button>
            </div>
            <p class="hint" role="status">{ copied.unwrap_or_default() }</p>
            <details><summary>{ "The schedule" }</summary><pre data-testid="schedule-text">{ schedule }</pre></details>
        </section>
    }
}

fn address() -> String {
    let location = web_sys::window().map(|window| window.location());
    let href = location.and_then(|location| location.href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// Into the clipboard; where the page may not, the link is at least selected.
fn copy_text(text: &str, field: &NodeRef) {
    if let Some(window) = web_sys::window() {
        let clipboard = window.navigator().clipboard();
        // Undefined on pages that are not served securely.
        if !clipboard.is_undefined() {
            let _settles_by_itself = clipboard.write_text(text);
            return;
        }
    }
    if let Some(field) = field.cast::<web_sys::HtmlInputElement>() {
        field.select();
    }
}
