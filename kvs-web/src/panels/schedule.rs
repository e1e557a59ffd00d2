use kvs_core::check::play;
use kvs_core::sim::schedule::Schedule;
use yew::prelude::*;

use super::file::{Door, read_text};
use super::value_of;
use crate::command::Command;
use crate::lessons::{by_store, lesson};
use crate::reading::Lesson;

#[derive(Properties, PartialEq)]
pub struct ScheduleDialogProps {
    pub send: Callback<Command>,
    /// A run that has words for readers.
    pub on_lesson: Callback<Lesson>,
    pub on_close: Callback<()>,
}

/// The lesson that stands there first.
const FIRST: &str = "stale_read";
/// The largest file that is read.
const FILE_MAX: f64 = 200_000.0;

/// A text that drives the world: to write, paste or drop, and run.
#[component]
pub fn ScheduleDialog(props: &ScheduleDialogProps) -> Html {
    let text = use_state(|| lesson(FIRST).map_or_else(String::new, |lesson| lesson.text.into()));
    let verdict = use_state(|| None::<(bool, String)>);
    let on_close = props.on_close.clone();
    let edit = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(value_of(&event)))
    };
    let pick = {
        let (text, verdict) = (text.clone(), verdict.clone());
        Callback::from(move |event: Event| {
            let name = value_of(&event);
            if let Some(lesson) = lesson(&name) {
                text.set(lesson.text.into());
                verdict.set(None);
            }
        })
    };
    let door = {
        let (text, verdict) = (text.clone(), verdict.clone());
        Door::new(move |file| {
            if file.size() > FILE_MAX {
                verdict.set(Some((false, "This file is too long for a schedule.".into())));
                return;
            }
            let (text, verdict) = (text.clone(), verdict.clone());
            read_text(&file, move |read| match read {
                Some(read) => {
                    // What is wrong in it is said at once; what is right waits to be run.
                    verdict.set(Schedule::parse(&read).err().map(|error| (false, error.to_string())));
                    text.set(read);
                }
                None => verdict.set(Some((false, "This file cannot be read.".into()))),
            });
        })
    };
    let run = {
        let (text, verdict, send, on_lesson) =
            (text.clone(), verdict.clone(), props.send.clone(), props.on_lesson.clone());
        Callback::from(move |_: MouseEvent| verdict.set(Some(run(&text, &send, &on_lesson))))
    };
    html! {
        <div class="dialog schedule" role="dialog" aria-label="Schedule" data-testid="schedule"
            ondrop={door.ondrop} ondragover={door.ondragover}>
            <div class="heading"><h2>{ "A schedule" }</h2><button class="quiet" onclick={move |_| on_close.emit(())}>{ "Close" }</button></div>
            <p>{ "One statement a line: what is asked, cut, crashed, dropped, and what should come of it. Write one, drop a file here, or begin with a lesson; run it, then go back and forth in it with the bar." }</p>
            <label>{ "Begin with" }
                <select data-testid="lesson" onchange={pick}>
                    { for by_store().map(|(store, lessons)| html! {
                        <optgroup label={store}>
                            { for lessons.into_iter().map(|lesson| html! {
                                <option value={lesson.file} selected={lesson.text == text.as_str()}>{ lesson.title.clone() }</option>
                            }) }
                        </optgroup>
                    }) }
                </select>
            </label>
            <textarea data-testid="schedule-input" aria-label="The schedule" spellcheck="false" rows="16" value={(*text).clone()} oninput={edit} />
            if let Some((holds, sentence)) = &*verdict {
                <p class={if *holds { "fine" } else { "trouble" }} role="status" data-testid="schedule-verdict">{ sentence.clone() }</p>
            }
            <div class="verbs"><button class="primary" data-testid="run-schedule" onclick={run}>{ "Run it" }</button>
                <label class="file">{ "Open a file " }<input type="file" data-testid="schedule-file" accept=".kvs,text/plain" onchange={door.onchange} /></label></div>
        </div>
    }
}

/// Runs a schedule and shows the run as far as it went. Whether all it expects holds, in a sentence.
fn run(text: &str, send: &Callback<Command>, on_lesson: &Callback<Lesson>) -> (bool, String) {
    let schedule = match Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => return (false, error.to_string()),
    };
    let outcome = play(&schedule, &mut ());
    let lesson_of = Lesson::new(&outcome, schedule.front.title, None);
    send.emit(Command::Load(Box::new(outcome.recording), outcome.end));
    if let (None, Some(lesson)) = (&outcome.failure, lesson_of) {
        on_lesson.emit(lesson);
    }
    match outcome.failure {
        None => (true, format!("All it expects holds. The run ends at {}.", outcome.end)),
        Some(failure) => (false, failure.to_string()),
    }
}
