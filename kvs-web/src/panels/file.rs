//! A file that the reader hands over: dropped on a dialog, or chosen in a field of it.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, FileList, HtmlInputElement};
use yew::prelude::*;

/// How a dialog is told of a file.
pub(super) struct Door {
    /// Something is held over it; without this the browser would not let it be dropped.
    pub(super) ondragover: Callback<DragEvent>,
    /// It was dropped.
    pub(super) ondrop: Callback<DragEvent>,
    /// It was chosen in a field.
    pub(super) onchange: Callback<Event>,
}

impl Door {
    /// Passes the first of the files on.
    pub(super) fn new(take: impl Fn(File) + Clone + 'static) -> Self {
        let first = move |files: Option<FileList>| {
            if let Some(file) = files.and_then(|files| files.get(0)) {
                take(file);
            }
        };
        let dropped = first.clone();
        Self {
            ondragover: Callback::from(|event: DragEvent| event.prevent_default()),
            ondrop: Callback::from(move |event: DragEvent| {
                event.prevent_default();
                dropped(event.data_transfer().and_then(|transfer| transfer.files()));
            }),
            onchange: Callback::from(move |event: Event| {
                let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
                first(input.and_then(|input| input.files()));
            }),
        }
    }
}

/// Reads a file as text; None if it is none, or cannot be read.
pub(super) fn read_text(file: &File, then: impl FnOnce(Option<String>) + 'static) {
    let reading = JsFuture::from(file.text());
    spawn_local(async move { then(reading.await.ok().and_then(|read| read.as_string())) });
}
