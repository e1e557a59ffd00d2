use std::rc::Rc;

use gloo_events::EventListener;
use kvs_core::sim::Recording;
use kvs_core::time::Time;
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::prelude::*;

use super::sentence;
use crate::command::Command;
use crate::search::{Found, Order, Report};
use crate::share;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct SearchProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// Beside the page, as trunk puts it there.
const WORKER: &str = "./kvs-worker_loader.js";
/// More worlds than anybody waits for.
const WORLDS_MAX: u32 = 50_000;

/// How far the search is.
#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Running(Report),
    Found(Found),
    Nothing(u32),
    Failed(String),
}

/// A worker at work; it ends when this is dropped.
struct Search {
    worker: Worker,
    since_ms: f64,
    _listeners: [EventListener; 2],
}

impl Drop for Search {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Starts a worker. Once it listens it gets the order; what it reports goes to `report`.
fn start(order: Order, report: impl Fn(Report) + 'static) -> Result<Search, String> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let refused = |_| String::from("this browser starts no worker for the search");
    let worker = Worker::new_with_options(WORKER, &options).map_err(refused)?;
    let report = Rc::new(report);
    let order = std::cell::RefCell::new(Some(order));
    let on_message = {
        let (worker, report) = (worker.clone(), report.clone());
        move |event: &Event| {
            let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
            if let Some(order) = order.borrow_mut().take() {
                match serde_wasm_bindgen::to_value(&order) {
                    Ok(order) if worker.post_message(&order).is_ok() => {}
                    _ => report(Report::Refused("the order does not reach the worker".into())),
                }
            }
            match serde_wasm_bindgen::from_value(event.data()) {
                Ok(said) => report(said),
                Err(error) => report(Report::Refused(error.to_string())),
            }
        }
    };
    let on_error = move |_: &Event| report(Report::Refused("the worker of the search does not start".into()));
    let listeners =
        [EventListener::new(&worker, "message", on_message), EventListener::new(&worker, "error", on_error)];
    Ok(Search { worker, since_ms: js_sys::Date::now(), _listeners: listeners })
}

/// A button that looks for a run that breaks a promise, and shows the smallest one it finds.
#[component]
pub fn SearchPanel(props: &SearchProps) -> Html {
    let stage = use_state(|| Stage::Idle);
    let search = use_mut_ref(|| None::<Search>);
    let inside = use_state(|| false);
    let architecture = props.store.read(|player| player.architecture().clone());
    {
        // What was found of another store says nothing of this one; but what is watched is the store it was found in.
        let (stage, search) = (stage.clone(), search.clone());
        use_effect_with(architecture.clone(), move |_| {
            if !matches!(*stage, Stage::Found(_)) {
                *search.borrow_mut() = None;
                stage.set(Stage::Idle);
            }
        });
    }
    let begin = {
        let (stage, search, inside) = (stage.clone(), search.clone(), *inside);
        Callback::from(move |_: MouseEvent| {
            let run = share::encode(&Recording::new(architecture.clone(), 1), Time::ZERO);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any number will do")]
            let seed = (js_sys::Math::random() * 1e9) as u32;
            let order = Order { run, seed, worlds: WORLDS_MAX, watches_inside: inside };
            let on_report = {
                let stage = stage.clone();
                move |report| {
                    stage.set(match report {
                        Report::Found(found) => Stage::Found(found),
                        Report::Nothing(worlds) => Stage::Nothing(worlds),
                        Report::Refused(why) => Stage::Failed(why),
                        running => Stage::Running(running),
                    });
                }
            };
            match start(order, on_report) {
                Ok(started) => {
                    *search.borrow_mut() = Some(started);
                    stage.set(Stage::Running(Report::Searching(0)));
                }
                Err(why) => stage.set(Stage::Failed(why)),
            }
        })
    };
    let cancel = {
        let (stage, search) = (stage.clone(), search.clone());
        Callback::from(move |_: MouseEvent| {
            *search.borrow_mut() = None;
            stage.set(Stage::Idle);
        })
    };
    if !matches!(*stage, Stage::Running(_)) {
        // Its work is done.
        *search.borrow_mut() = None;
    }
    let look_inside = {
        let inside = inside.clone();
        Callback::from(move |_: MouseEvent| inside.set(!*inside))
    };
    let since_ms = search.borrow().as_ref().map(|search| search.since_ms);
    let start_button = |word: &'static str| {
        html! {
            <div class="verbs">
                <button data-testid="search" onclick={begin.clone()}>{ word }</button>
                <button class="switch" role="switch" aria-checked={inside.to_string()} onclick={look_inside.clone()}
                    title="Break what must always hold inside the servers, too"><i></i>{ "Watch the inside, too" }</button>
            </div>
        }
    };
    html! {
        <div class="search" data-testid="search-panel">
            { match &*stage {
                Stage::Idle => html! { <>
                    { start_button("Search for a run that breaks one") }
                    <p class="hint">{ "Tries random clusters of this kind with random faults, and makes the first run that breaks a promise as small as it gets." }</p>
                </> },
                Stage::Running(report) => running(report, since_ms, cancel),
                Stage::Found(found) => html! { <>{ show(found, &props.send) }{ start_button("Search again") }</> },
                Stage::Nothing(worlds) => html! { <>
                    <p class="fine" role="status">{ format!("None of {worlds} random worlds broke a promise.") }</p>
                    { start_button("Search on") }
                </> },
                Stage::Failed(why) => html! { <>
                    <p class="trouble" role="status">{ sentence(why) }</p>
                    { start_button("Search again") }
                </> },
            } }
        </div>
    }
}

fn running(report: &Report, since_ms: Option<f64>, cancel: Callback<MouseEvent>) -> Html {
    let seconds = since_ms.map_or(0.0, |since_ms| (js_sys::Date::now() - since_ms) / 1_000.0);
    let said = match report {
        Report::Searching(0) => "Starting…".into(),
        Report::Searching(worlds) => format!("{worlds} worlds, {:.0} a second", f64::from(*worlds) / seconds.max(0.1)),
        Report::Shrinking { tried, inputs } => {
            format!("Found one. Making it smaller: {inputs} steps left, {tried} attempts")
        }
        Report::Found(_) | Report::Nothing(_) | Report::Refused(_) => String::new(),
    };
    let share = match report {
        Report::Searching(worlds) => Some(worlds.to_string()),
        _ => None,
    };
    html! {
        <div class="running">
            <progress aria-label="Search" max={WORLDS_MAX.to_string()} value={share}></progress>
            <span data-testid="search-progress">{ said }</span>
            <button class="quiet" data-testid="search-cancel" onclick={cancel}>{ "Cancel" }</button>
        </div>
    }
}

fn show(found: &Found, send: &Callback<Command>) -> Html {
    let watch = {
        let (run, send) = (found.run.clone(), send.clone());
        Callback::from(move |_: MouseEvent| {
            if let Ok((recording, at)) = share::decode(&run) {
                send.emit(Command::Load(Box::new(recording), at));
            }
        })
    };
    let steps = |inputs: u32| if inputs == 1 { "one step".into() } else { format!("{inputs} steps") };
    html! {
        <div class="found" data-testid="found" role="status">
            <p><b class="trouble">{ format!("{}: broken. ", found.name) }</b><bdi>{ sentence(&found.what) }</bdi></p>
            <p class="hint">{ format!("World {} broke it in {}; {} will do.", found.worlds, steps(found.inputs_before), found.inputs) }</p>
            <div class="verbs"><button class="primary" data-testid="watch" onclick={watch}>{ "Watch it" }</button></div>
        </div>
    }
}
