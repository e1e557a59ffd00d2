use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Event, MessageEvent, WorkerOptions, WorkerType};

use crate::work::{Order, Report};

/// Beside the page: starts the same program once more.
const WORKER: &str = "./worker.js";

/// A worker at work; it ends when this is dropped.
pub struct Worker {
    worker: web_sys::Worker,
    since_ms: f64,
    _listeners: [EventListener; 2],
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Worker {
    /// Starts a worker. Once it listens it gets the order; what it reports goes to `report`.
    pub fn start(order: Order, text: Option<Blob>, report: impl Fn(Report) + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let refused = |_| String::from("this browser starts no worker");
        let worker = web_sys::Worker::new_with_options(WORKER, &options).map_err(refused)?;
        let report = Rc::new(report);
        let order = RefCell::new(Some((order, text)));
        let on_message = {
            let (worker, report) = (worker.clone(), report.clone());
            move |event: &Event| {
                let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
                match serde_wasm_bindgen::from_value(event.data()) {
                    Ok(Report::Ready) => {
                        if let Some((order, text)) = order.borrow_mut().take()
                            && !send(&worker, &order, text)
                        {
                            report(Report::Refused("the order does not reach the worker".into()));
                        }
                    }
                    Ok(said) => report(said),
                    Err(error) => report(Report::Refused(error.to_string())),
                }
            }
        };
        let on_error =
            move |_: &Event| report(Report::Refused("the worker does not start, or has run out of memory".into()));
        let listeners =
            [EventListener::new(&worker, "message", on_message), EventListener::new(&worker, "error", on_error)];
        Ok(Self { worker, since_ms: js_sys::Date::now(), _listeners: listeners })
    }

    /// When it was started, by the clock of the page.
    pub fn since_ms(&self) -> f64 {
        self.since_ms
    }
}

fn send(worker: &web_sys::Worker, order: &Order, text: Option<Blob>) -> bool {
    let Ok(order) = serde_wasm_bindgen::to_value(order) else { return false };
    let text = text.map_or(JsValue::UNDEFINED, JsValue::from);
    worker.post_message(&Array::of2(&order, &text)).is_ok()
}
