//! What stands around the picture, one file a panel. Panels show a [`Store`](crate::store::Store) and send commands.

#![expect(unreachable_pub, reason = "the struct that Yew makes of a component is as public as its properties must be")]

pub mod caption;
mod clipboard;
pub mod commands;
pub mod composer;
pub mod diagram;
pub mod disk;
mod file;
pub mod help;
pub mod history;
pub mod inspector;
pub mod level;
pub mod log;
pub mod loss;
pub mod machine;
pub mod more;
pub mod notice;
pub mod operations;
pub mod options;
pub mod popover;
pub mod promises;
pub mod schedule;
pub mod search;
pub mod shards;
pub mod share;
pub mod shelf;
pub mod transport;
pub mod worker;

use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

/// What stands in the field that an event comes from.
pub fn value_of(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        return input.value();
    }
    if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
        return select.value();
    }
    target.dyn_ref::<HtmlTextAreaElement>().map(HtmlTextAreaElement::value).unwrap_or_default()
}

/// A sentence begins with a capital, unless it begins with somebody's name for something, and ends with a full stop.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let is_word = |word: &str| word.chars().all(char::is_alphabetic);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if text.split(' ').next().is_some_and(is_word) => {
            format!("{}{}.", first.to_ascii_uppercase(), characters.as_str())
        }
        _ => format!("{text}."),
    }
}
