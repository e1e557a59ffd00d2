use std::collections::BTreeMap;

use js_sys::Array;
use kvs_core::check::foreign::ModelName;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;
use yew::prelude::*;

use super::file::{Door, read_text};
use super::worker::Worker;
use super::{sentence, value_of};
use crate::work::foreign::Bar;
use crate::work::{Judge, Judged, Order, Report};

#[derive(Properties, PartialEq)]
pub struct HistoryDialogProps {
    pub on_close: Callback<()>,
}

/// One to begin with: a stale read.
const EXAMPLE: &str = "{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :write, :value 2}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value 2}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value 1}
{:process 1, :type :ok, :f :write, :value 2}
";
/// A longer text is not shown.
const SHOWN_MAX: f64 = 200_000.0;

/// What has come of it.
#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Running(String),
    Judged(Judged),
    Failed(String),
}

/// A history of another tool: paste it or drop it here, and see whether it is linearizable, and why not.
#[component]
pub fn HistoryDialog(props: &HistoryDialogProps) -> Html {
    let text = use_state(|| String::from(EXAMPLE));
    let file = use_state(|| None::<web_sys::File>);
    let model = use_state(String::new);
    let initial = use_state(String::new);
    let stage = use_state(|| Stage::Idle);
    let worker = use_mut_ref(|| None::<Worker>);
    let on_close = props.on_close.clone();
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        move |event: &Event| state.set(value_of(event))
    };
    let (set_text, set_model, set_initial) = (set(&text), set(&model), set(&initial));
    let edit = {
        let file = file.clone();
        Callback::from(move |event: InputEvent| {
            file.set(None);
            set_text(&event);
        })
    };
    let door = {
        let (file, text, stage) = (file.clone(), text.clone(), stage.clone());
        Door::new(move |chosen| {
            stage.set(Stage::Idle);
            if chosen.size() > SHOWN_MAX {
                file.set(Some(chosen));
                return;
            }
            let (text, file) = (text.clone(), file.clone());
            read_text(&chosen.clone(), move |read| match read {
                Some(read) => {
                    text.set(read);
                    file.set(None);
                }
                // What is no text is judged as what it is.
                None => file.set(Some(chosen)),
            });
        })
    };
    let judge = {
        let (text, file, model, initial) = (text.clone(), file.clone(), model.clone(), initial.clone());
        let (stage, worker) = (stage.clone(), worker.clone());
        Callback::from(move |_: MouseEvent| {
            let order = Order::Judge(Judge { model: Some((*model).clone()), initial: Some((*initial).clone()) });
            let on_report = {
                let stage = stage.clone();
                move |report| {
                    stage.set(match report {
                        Report::Judged(judged) => Stage::Judged(judged),
                        Report::Refused(why) => Stage::Failed(why),
                        Report::Reading(bytes) => Stage::Running(format!("{} KB read…", bytes / 1_024)),
                        _ => return,
                    });
                }
            };
            let blob = match &*file {
                Some(file) => Ok(file.clone().unchecked_into()),
                None => Blob::new_with_str_sequence(&Array::of1(&JsValue::from_str(&text))),
            };
            let started = blob
                .map_err(|_| String::from("the text cannot be handed over"))
                .and_then(|blob| Worker::start(order, Some(blob), on_report));
            match started {
                Ok(started) => {
                    *worker.borrow_mut() = Some(started);
                    stage.set(Stage::Running("Judging…".into()));
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
    html! {
        <div class="dialog history" role="dialog" aria-label="A recorded history" data-testid="history"
            ondrop={door.ondrop} ondragover={door.ondragover}>
            <div class="heading"><h2>{ "A recorded history" }</h2><button class="quiet" onclick={move |_| on_close.emit(())}>{ "Close" }</button></div>
            <p>{ "Is it linearizable? Paste or drop what another tool has recorded: operation maps of Jepsen (EDN, or as JSON, one a line), the console log of Jepsen, or a key-value history as Porcupine reads it." }</p>
            if let Some(file) = &*file {
                <p class="hint">{ format!("{} ({} KB), too long to be shown here.", file.name(), (file.size() / 1_024.0).round()) }</p>
            } else {
                <textarea data-testid="history-input" aria-label="The history" spellcheck="false" rows="9" value={(*text).clone()} oninput={edit} />
            }
            <div class="verbs">
                <label>{ "Model " }
                    <select data-testid="history-model" onchange={Callback::from(move |event: Event| set_model(&event))}>
                        <option value="" selected={model.is_empty()}>{ "by its operations" }</option>
                        { for ModelName::ALL.iter().map(|each| html! {
                            <option value={each.name()} selected={model.as_str() == each.name()}>{ each.name() }</option>
                        }) }
                    </select>
                </label>
                <label>{ "A register begins with " }
                    <input class="short" data-testid="history-initial" placeholder="nothing" value={(*initial).clone()}
                        oninput={Callback::from(move |event: InputEvent| set_initial(&event))} />
                </label>
                <label class="file">{ "Open a file " }<input type="file" data-testid="history-file" onchange={door.onchange} /></label>
            </div>
            <div class="verbs">
                <button class="primary" data-testid="judge" onclick={judge}>{ "Judge it" }</button>
                if let Stage::Running(said) = &*stage {
                    <span class="hint">{ said.clone() }</span><button class="quiet" onclick={cancel}>{ "Cancel" }</button>
                }
            </div>
            { match &*stage {
                Stage::Judged(judged) => verdict(judged),
                Stage::Failed(why) => html! { <p class="trouble" role="status" data-testid="history-verdict">{ sentence(why) }</p> },
                Stage::Idle | Stage::Running(_) => html! {},
            } }
        </div>
    }
}

fn verdict(judged: &Judged) -> Html {
    let class = if judged.holds == Some(false) { "trouble" } else { "fine" };
    let mut processes: BTreeMap<&str, usize> = BTreeMap::new();
    for bar in &judged.bars {
        let next = processes.len();
        processes.entry(&bar.process).or_insert(next);
    }
    let mut names: Vec<(&str, usize)> = processes.iter().map(|(name, row)| (*name, *row)).collect();
    names.sort_by_key(|(_, row)| *row);
    let steps = judged.bars.iter().map(|bar| bar.to.unwrap_or(bar.from)).max().unwrap_or(0) + 2;
    html! {
        <>
        <p {class} role="status" data-testid="history-verdict">{ &judged.what }</p>
        if judged.left_out > 0 {
            <p class="hint">{ format!("{} operations are not drawn.", judged.left_out) }</p>
        }
        <div class="intervals" tabindex="0" aria-label="The operations as intervals">
            <div class="plot" style={format!("min-width: {}px", steps * 56)}>
                <ul class="names" aria-hidden="true">{ for names.iter().map(|(name, _)| html! { <li class="client">{ *name }</li> }) }</ul>
                <svg style={format!("height: {}px", names.len() * ROW)} role="img" aria-label="Intervals">
                    { for (0..names.len()).map(|row| {
                        let y = (row * ROW + ROW / 2).to_string();
                        html! { <line class="row client" x1="0" x2="100%" y1={y.clone()} y2={y} /> }
                    }) }
                    { for judged.bars.iter().map(|each| bar(each, processes.get(each.process.as_str()).copied().unwrap_or(0), steps)) }
                </svg>
            </div>
        </div>
        </>
    }
}

/// How high a row is, in pixels.
const ROW: usize = 34;

fn bar(bar: &Bar, row: usize, steps: u32) -> Html {
    let percent = |step: u32| format!("{:.3}%", f64::from(step) / f64::from(steps) * 100.0);
    let end = bar.to.unwrap_or(steps);
    let outcome = if bar.is_sure { "write" } else { "unknown" };
    html! {
        <g class={classes!("bar", outcome, bar.proves.then_some("pointed"))} data-proves={bar.proves.to_string()}>
            <title>{ format!("{} ({})", bar.label, bar.lines) }</title>
            <svg x={percent(bar.from)} y={(row * ROW + 6).to_string()} width={percent(end.saturating_sub(bar.from))} height="22">
                <rect width="100%" height="100%" rx="4" /><text x="5" y="15">{ &bar.label }</text>
            </svg>
        </g>
    }
}
