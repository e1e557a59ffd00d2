//! The worker that searches: takes one order from the page, and reports until it is done. The page stops it by ending it.

use kvs_web::search::{Order, Report, search};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// How often the page is told how far the search is.
const REPORT_EVERY_MS: f64 = 100.0;

fn main() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let on_order = Closure::<dyn Fn(MessageEvent)>::new({
        let scope = scope.clone();
        move |event: MessageEvent| carry_out(&scope, &event)
    });
    scope.set_onmessage(Some(on_order.as_ref().unchecked_ref()));
    // It lives for as long as the worker does.
    on_order.forget();
    // The page sends nothing before it knows that somebody listens.
    tell(&scope, &Report::Searching(0));
}

fn carry_out(scope: &DedicatedWorkerGlobalScope, event: &MessageEvent) {
    let order: Order = match serde_wasm_bindgen::from_value(event.data()) {
        Ok(order) => order,
        Err(error) => return tell(scope, &Report::Refused(error.to_string())),
    };
    let mut told_ms = js_sys::Date::now();
    search(&order, &mut |report| {
        let now_ms = js_sys::Date::now();
        let is_news = matches!(report, Report::Found(_) | Report::Nothing(_) | Report::Refused(_));
        if is_news || now_ms - told_ms >= REPORT_EVERY_MS {
            told_ms = now_ms;
            tell(scope, &report);
        }
    });
}

fn tell(scope: &DedicatedWorkerGlobalScope, report: &Report) {
    if let Ok(message) = serde_wasm_bindgen::to_value(report) {
        // A page that is gone hears nothing, and ends the worker with itself.
        let _gone = scope.post_message(&message);
    }
}
