//! The program comes in parts: what a page needs first is fetched first, and the rest when it is needed.
//!
//! `scripts/lib/parts` takes a finished program apart. In what it leaves, a function of another part is a stub that asks
//! `embed/parts.js` for that part, and then passes the call on. A program in one piece (as `trunk serve` and the package have it)
//! never asks.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/embed/parts.js")]
extern "C" {
    #[wasm_bindgen(js_name = begin)]
    fn begin_with(exports: &JsValue);

    #[wasm_bindgen(js_name = partCount)]
    fn part_count() -> u32;

    /// All lessons, each below a line with its name, from beside the program.
    #[wasm_bindgen(js_name = lessonTexts)]
    pub fn lesson_texts() -> String;

    #[wasm_bindgen(js_name = expectAll)]
    fn expect_all_soon() -> Promise;

    /// Stubs call it by this name.
    #[wasm_bindgen(js_name = needPart)]
    fn need_part(part: u32);
}

/// Says where the parts go. Before anything else.
pub fn begin() {
    begin_with(&wasm_bindgen::exports());
}

/// Fetches whatever is not here yet, while the page goes on.
pub async fn expect_all() {
    // What does not come is asked for again when it is needed.
    let _missing = JsFuture::from(expect_all_soon()).await;
}

/// Fetches whatever is not here yet, while everything waits for it.
pub fn fetch_all() {
    for part in 0..part_count() {
        need_part(part);
    }
}
