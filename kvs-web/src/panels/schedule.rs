use kvs_core::check::play;
use kvs_core::sim::schedule::Schedule;
use yew::prelude::*;

use super::value_of;
use crate::command::Command;

#[derive(Properties, PartialEq)]
pub struct ScheduleDialogProps {
    pub send: Callback<Command>,
    pub on_close: Callback<()>,
}

macro_rules! lessons {
    ($($name:literal => $file:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../lessons/", $file, ".kvs")))),*]
    };
}

/// Schedules to begin with, in the order in which a newcomer should meet them.
const LESSONS: [(&str, &str); 17] = lessons! {
    "Hello" => "hello",
    "A stale read" => "stale_read",
    "Two siblings" => "two_siblings",
    "Arrival order wins" => "arrival_order_wins",
    "The zombie sibling" => "zombie_sibling",
    "The rumor that died" => "rumor_that_died",
    "A rumor among a thousand" => "rumor_among_a_thousand",
    "Dot reuse" => "dot_reuse",
    "Answer before question" => "answer_before_question",
    "The answer waits" => "answer_waits_for_question",
    "An effect without its cause" => "effect_without_cause",
    "The deleted key returns" => "deleted_key_returns",
    "The certificate awakens" => "certificate_awakens",
    "The late duplicate" => "late_duplicate",
    "The lost reply" => "lost_reply",
    "The split pipeline" => "split_pipeline",
    "Ack before sync" => "ack_before_sync",
};

/// A text that drives the world: to write, paste, and run.
#[component]
pub fn ScheduleDialog(props: &ScheduleDialogProps) -> Html {
    let text = use_state(|| String::from(LESSONS[1].1));
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
            if let Some((_, lesson)) = LESSONS.iter().find(|(each, _)| *each == name) {
                text.set((*lesson).into());
                verdict.set(None);
            }
        })
    };
    let run = {
        let (text, verdict, send) = (text.clone(), verdict.clone(), props.send.clone());
        Callback::from(move |_: MouseEvent| verdict.set(Some(run(&text, &send))))
    };
    html! {
        <div class="dialog schedule" role="dialog" aria-label="Schedule" data-testid="schedule">
            <header><h2>{ "A schedule" }</h2><button class="quiet" onclick={move |_| on_close.emit(())}>{ "Close" }</button></header>
            <p>{ "One statement a line: what is asked, cut, crashed, dropped, and what should come of it. Run it, then go back and forth in it with the bar." }</p>
            <label>{ "Begin with" }
                <select data-testid="lesson" onchange={pick}>
                    { for LESSONS.iter().map(|(name, lesson)| html! {
                        <option value={*name} selected={*lesson == text.as_str()}>{ *name }</option>
                    }) }
                </select>
            </label>
            <textarea data-testid="schedule-input" aria-label="The schedule" spellcheck="false" rows="16" value={(*text).clone()} oninput={edit} />
            if let Some((holds, sentence)) = &*verdict {
                <p class={if *holds { "fine" } else { "trouble" }} role="status" data-testid="schedule-verdict">{ sentence.clone() }</p>
            }
            <div class="verbs"><button class="primary" data-testid="run-schedule" onclick={run}>{ "Run it" }</button></div>
        </div>
    }
}

/// Runs a schedule and shows the run as far as it went. Whether all it expects holds, in a sentence.
fn run(text: &str, send: &Callback<Command>) -> (bool, String) {
    let schedule = match Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => return (false, error.to_string()),
    };
    let outcome = play(&schedule, &mut ());
    send.emit(Command::Load(Box::new(outcome.recording), outcome.end));
    match outcome.failure {
        None => (true, format!("All it expects holds. The run ends at {}.", outcome.end)),
        Some(failure) => (false, failure.to_string()),
    }
}
