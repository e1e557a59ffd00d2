//! Texts that readers take away: by the clipboard, or as a file.

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};
use yew::prelude::*;

/// How long it is said that something was copied.
const SAID_MS: u32 = 2_000;

/// Copies texts, each with what is said of it; and what is to be said just now. Where the page may not copy, `field` is selected.
#[hook]
pub fn use_copied(field: &NodeRef) -> (Option<&'static str>, Callback<(String, &'static str)>) {
    let copied = use_state(|| None::<&'static str>);
    let said = *copied;
    let field = field.clone();
    let copy = Callback::from(move |(text, words): (String, &'static str)| {
        copy_text(&text, &field);
        copied.set(Some(words));
        let copied = copied.clone();
        Timeout::new(SAID_MS, move || copied.set(None)).forget();
    });
    (said, copy)
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

/// Hands a text over as a file.
pub(super) fn download(name: &str, text: &str) {
    let link = || -> Result<(), JsValue> {
        let page = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
        let blob = Blob::new_with_str_sequence(&Array::of1(&JsValue::from_str(text)))?;
        let address = Url::create_object_url_with_blob(&blob)?;
        let link: HtmlAnchorElement = page.create_element("a")?.unchecked_into();
        link.set_href(&address);
        link.set_download(name);
        link.click();
        Url::revoke_object_url(&address)
    };
    if let Err(error) = link() {
        web_sys::console::warn_2(&JsValue::from_str("The file cannot be handed over."), &error);
    }
}
