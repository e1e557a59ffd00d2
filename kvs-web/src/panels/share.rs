use kvs_core::sim::{Trace, export};
use yew::prelude::*;

use super::clipboard::{download, use_copied};
use super::value_of;
use crate::player::Player;
use crate::share::{encode, lines_to_paste};
use crate::store::Store;
use crate::telling;

#[derive(Properties, PartialEq)]
pub struct SharePanelProps {
    pub store: Store,
}

/// The run as a link, and as a schedule.
#[component]
pub fn SharePanel(props: &SharePanelProps) -> Html {
    let field = use_node_ref();
    let (copied, copy_text) = use_copied(&field);
    let (fragment, schedule) = props.store.read(|player| {
        let recording = player.recording();
        (encode(recording, player.now()), kvs_core::sim::schedule::Schedule::from_recording(recording).to_string())
    });
    let link = address() + "#" + &fragment;
    let [element, frame] = lines_to_paste(&address(), &fragment);
    let copy = |text: String, what: &'static str| copy_text.reform(move |_: MouseEvent| (text.clone(), what));
    html! {
        <section class="panel share" aria-labelledby="share-title">
            <h2 id="share-title">{ "Share this run" }</h2>
            <label>{ "Whoever opens this link sees this run at this moment." }
                <input ref={field.clone()} data-testid="link" readonly=true value={link.clone()} />
            </label>
            <div class="verbs">
                <button class="primary" data-testid="copy-link" onclick={copy(link, "Link copied.")}>{ "Copy the link" }</button>
                <button data-testid="copy-schedule" onclick={copy(schedule.clone(), "Schedule copied.")}>{ "Copy as a schedule" }</button>
            </div>
            <p class="hint" role="status">{ copied.unwrap_or_default() }</p>
            <details data-testid="embed"><summary>{ "Embed this moment" }</summary>
                <p class="hint">{ "Paste this into a chapter; what stands between the tags is for readers without scripts, and for paper." }</p>
                <pre data-testid="embed-element">{ element.clone() }</pre>
                <div class="verbs small">
                    <button data-testid="copy-element" onclick={copy(element, "Line to paste copied.")}>{ "Copy it" }</button>
                    <button data-testid="copy-frame" title={frame.clone()} onclick={copy(frame, "Line to paste copied.")}>{ "Copy it as an <iframe>" }</button>
                </div>
            </details>
            <SaveLesson store={props.store.clone()} />
            <details class="exports"><summary>{ "For other tools" }</summary>
                <div class="verbs small">{ for EXPORTS.iter().map(|each| {
                    let (store, each) = (props.store.clone(), *each);
                    let onclick = Callback::from(move |_: MouseEvent| {
                        let text = store.read(|player| (each.write)(player));
                        download(each.file, &text);
                    });
                    html! { <button data-testid={format!("export-{}", each.id)} title={each.what} {onclick}>{ each.name }</button> }
                }) }</div>
                <p class="hint">{ "Up to the present moment: everything as JSON lines; with vector clocks for ShiViz; a sequence diagram for Mermaid; what clients saw as a Jepsen history." }</p>
            </details>
            <details><summary>{ "The schedule" }</summary><pre data-testid="schedule-text">{ schedule }</pre></details>
        </section>
    }
}

/// The run as a lesson of the reader's own, to go on writing.
#[component]
fn SaveLesson(props: &SharePanelProps) -> Html {
    let title = use_state(|| String::from("My lesson"));
    let text = use_state(|| None::<String>);
    let edit = {
        let title = title.clone();
        Callback::from(move |event: InputEvent| title.set(value_of(&event).chars().take(TITLE_MAX).collect()))
    };
    let save = {
        let (store, title, text) = (props.store.clone(), title.clone(), text.clone());
        Callback::from(move |_: MouseEvent| {
            let lesson = store.read(|player| telling::lesson(player, &title));
            download(&telling::file_name(&title), &lesson);
            text.set(Some(lesson));
        })
    };
    html! {
        <details class="save-lesson" data-testid="save-lesson"><summary>{ "Save as a lesson" }</summary>
            <p class="hint">{ "What you did up to this moment, as a file with a caption at each step. Write better words into it, add a question, and drop it on Schedules to read it." }</p>
            <label>{ "Title" }<input data-testid="lesson-title" value={(*title).clone()} oninput={edit} /></label>
            <div class="verbs small"><button data-testid="save-lesson-button" onclick={save}>{ "Save it" }</button></div>
            if let Some(text) = &*text { <pre data-testid="lesson-text">{ text.clone() }</pre> }
        </details>
    }
}

/// The longest title of a lesson.
const TITLE_MAX: usize = 80;

/// A form in which another tool takes a run.
#[derive(Clone, Copy)]
struct Export {
    id: &'static str,
    name: &'static str,
    what: &'static str,
    file: &'static str,
    write: fn(&Player) -> String,
}

/// More arrows than anybody looks at.
const DIAGRAM_ENTRIES_MAX: usize = 400;

const EXPORTS: [Export; 4] = [
    Export {
        id: "json-lines",
        name: "JSON lines",
        what: "Everything that happened, one object a line",
        file: "run.jsonl",
        write: |player| written(|out| export::json_lines(out, player.recording(), &trace(player))),
    },
    Export {
        id: "shiviz",
        name: "ShiViz",
        what: "Events with vector clocks",
        file: "run.shiviz.log",
        write: |player| written(|out| export::shiviz(out, player.names(), &trace(player))),
    },
    Export {
        id: "mermaid",
        name: "Mermaid",
        what: "A sequence diagram",
        file: "run.mmd",
        write: |player| written(|out| export::mermaid(out, player.architecture(), &trace(player), DIAGRAM_ENTRIES_MAX)),
    },
    Export {
        id: "jepsen",
        name: "Jepsen",
        what: "Calls and returns, for checkers of histories",
        file: "history.edn",
        write: |player| written(|out| export::jepsen(out, player.history())),
    },
];

fn trace(player: &Player) -> Trace {
    export::trace_of(player.recording(), player.now())
}

fn written(write: impl FnOnce(&mut String) -> std::fmt::Result) -> String {
    let mut text = String::new();
    // Into a string nothing fails but a format that refuses, and then what it has written says how far it came.
    match write(&mut text) {
        Ok(()) => text,
        Err(std::fmt::Error) => text + "\n",
    }
}

fn address() -> String {
    let location = web_sys::window().map(|window| window.location());
    let href = location.and_then(|location| location.href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}
