use kvs_core::sim::Recording;
use kvs_core::time::Time;
use yew::prelude::*;

use super::sentence;
use super::worker::Worker;
use crate::command::Command;
use crate::share;
use crate::store::Store;
use crate::work::{Found, Order, Report, Search};

#[derive(Properties, PartialEq)]
pub struct SearchProps {
    pub store: Store,
    pub send: Callback<Command>,
}

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

/// A button that looks for a run that breaks a promise, and shows the smallest one it finds.
#[component]
pub fn SearchPanel(props: &SearchProps) -> Html {
    let stage = use_state(|| Stage::Idle);
    let worker = use_mut_ref(|| None::<Worker>);
    let inside = use_state(|| false);
    let architecture = props.store.read(|player| player.architecture().clone());
    {
        // What was found of another store says nothing of this one; but what is watched is the store it was found in.
        let (stage, worker) = (stage.clone(), worker.clone());
        use_effect_with(architecture.clone(), move |_| {
            if !matches!(*stage, Stage::Found(_)) {
                *worker.borrow_mut() = None;
                stage.set(Stage::Idle);
            }
        });
    }
    let begin = {
        let (stage, worker, inside) = (stage.clone(), worker.clone(), *inside);
        Callback::from(move |_: MouseEvent| {
            let run = share::encode(&Recording::new(architecture.clone(), 1), Time::ZERO);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any number will do")]
            let seed = (js_sys::Math::random() * 1e9) as u32;
            let order = Order::Search(Search { run, seed, worlds: WORLDS_MAX, watches_inside: inside });
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
            match Worker::start(order, None, on_report) {
                Ok(started) => {
                    *worker.borrow_mut() = Some(started);
                    stage.set(Stage::Running(Report::Searching(0)));
                }
                Err(why) => stage.set(Stage::Failed(why)),
            }
        })
    };
    let cancel = {
        let (stage, worker) = (stage.clone(), worker.clone());
        Callback::from(move |_: MouseEvent| {
            *worker.borrow_mut() = None;
            stage.set(Stage::Idle);
        })
    };
    if !matches!(*stage, Stage::Running(_)) {
        // Its work is done.
        *worker.borrow_mut() = None;
    }
    let look_inside = {
        let inside = inside.clone();
        Callback::from(move |_: MouseEvent| inside.set(!*inside))
    };
    let since_ms = worker.borrow().as_ref().map(Worker::since_ms);
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
        _ => String::new(),
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
