//! The worker's side: takes one order from the page, and reports until it is done. The page stops it by ending it.

use js_sys::{Array, Uint8Array};
use kvs_core::check::foreign::Reader;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, DedicatedWorkerGlobalScope, FileReaderSync, MessageEvent};

use super::search::search;
use super::survey::survey;
use super::{Judge, Order, Report};

/// How often the page is told how far it is.
const REPORT_EVERY_MS: f64 = 100.0;
/// How much of a history is in memory at once.
const PIECE: f64 = 1_048_576.0;

/// Listens to the page, if this is a worker; returns whether it is.
pub fn serve() -> bool {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return false };
    // Here it can be waited for.
    crate::parts::fetch_all();
    let on_order = Closure::<dyn Fn(MessageEvent)>::new({
        let scope = scope.clone();
        move |event: MessageEvent| carry_out(&scope, &event)
    });
    scope.set_onmessage(Some(on_order.as_ref().unchecked_ref()));
    // It lives for as long as the worker does.
    on_order.forget();
    // The page sends nothing before it knows that somebody listens.
    tell(&scope, &Report::Ready);
    true
}

/// A message is an array: an order, and what goes with it.
fn carry_out(scope: &DedicatedWorkerGlobalScope, event: &MessageEvent) {
    let message = Array::from(&event.data());
    let mut told_ms = js_sys::Date::now();
    let mut report = |report: Report| {
        let now_ms = js_sys::Date::now();
        let is_on_the_way = matches!(report, Report::Searching(_) | Report::Shrinking { .. } | Report::Reading(_));
        if !is_on_the_way || now_ms - told_ms >= REPORT_EVERY_MS {
            told_ms = now_ms;
            tell(scope, &report);
        }
    };
    match serde_wasm_bindgen::from_value::<Order>(message.get(0)) {
        Ok(Order::Search(order)) => search(&order, &mut report),
        Ok(Order::Survey(order)) => survey(order, &mut report),
        Ok(Order::Judge(order)) => {
            let judged = judge(&order, &message.get(1), &mut report);
            report(judged.unwrap_or_else(Report::Refused));
        }
        Err(error) => report(Report::Refused(error.to_string())),
    }
}

/// Reads a history piece by piece, so that a long one need not be in memory, and judges it.
fn judge(order: &Judge, text: &JsValue, report: &mut impl FnMut(Report)) -> Result<Report, String> {
    let unreadable = |_| String::from("the history cannot be read");
    let blob: &Blob = text.dyn_ref().ok_or("there is no history")?;
    order.options()?;
    let file = FileReaderSync::new().map_err(unreadable)?;
    let mut reader = Reader::default();
    let mut from = 0.0;
    while from < blob.size() {
        let piece = blob.slice_with_f64_and_f64(from, from + PIECE).map_err(unreadable)?;
        let bytes = Uint8Array::new(&file.read_as_array_buffer(&piece).map_err(unreadable)?.into()).to_vec();
        reader.read(&bytes).map_err(|error| error.to_string())?;
        from += PIECE;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size is no less than 0")]
        report(Report::Reading(from.min(blob.size()) as u32));
    }
    let history = reader.finish().map_err(|error| error.to_string())?;
    order.judge(&history).map(Report::Judged)
}

fn tell(scope: &DedicatedWorkerGlobalScope, report: &Report) {
    if let Ok(message) = serde_wasm_bindgen::to_value(report) {
        // A page that is gone hears nothing, and ends the worker with itself.
        let _gone = scope.post_message(&message);
    }
}
