use kvs_core::sim::Input;
use kvs_core::time::Time;
use yew::prelude::*;

use super::value_of;
use crate::command::{Command, Speed};
use crate::player::Player;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct TransportProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// An icon before a word, the word, an icon behind it.
type Face = (&'static str, &'static str, &'static str);

/// Play, step, speed, and the whole run as a bar.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let send = |command: Command| {
        let send = props.send.clone();
        Callback::from(move |_: MouseEvent| send.emit(command.clone()))
    };
    // An icon, and a word that gives way where there is little room; the icon stands before the word, or behind it.
    let button = |id: &'static str,
                  (before, word, after): Face,
                  title: &'static str,
                  command: Command,
                  enabled: bool| {
        html! {
            <button class="icon" data-testid={id} aria-label={title} {title} disabled={!enabled} onclick={send(command)}>
                { before }<span class="word">{ word }</span>{ after }
            </button>
        }
    };
    let speeds = props.send.reform(|event: Event| {
        let chosen = value_of(&event);
        Command::SetSpeed(Speed::all().find(|speed| speed.label() == chosen).unwrap_or_default())
    });
    let seek = props
        .send
        .reform(|event: InputEvent| Command::Seek(Time::from_us(value_of(&event).parse().unwrap_or_default())));
    props.store.read(|player| {
        let (now, horizon) = (player.now(), player.horizon());
        let is_playing = player.is_playing();
        let (icon, word, title) = if is_playing { ("❚❚", " Pause", "Pause (Space)") } else { ("▶︎", " Play", "Play (Space)") };
        let seed = player.recording().seed.wrapping_add(1);
        html! {
            <section class="transport" aria-label="Time">
                <div class="row">
                    <button class="primary play" data-testid="play" title={title} aria-label={title}
                        onclick={send(Command::TogglePlay)}>{ icon }<span class="word">{ word }</span></button>
                    { button("step-back", ("◀︎", " Step", ""), "One step back (←)", Command::StepBack, player.can_step_back()) }
                    { button("step", ("", "Step ", "▶︎"), "One step forward (→)", Command::StepForward, true) }
                    <label class="speed">
                        <span class="wide-only">{ "Speed" }</span>
                        <select data-testid="speed" aria-label="Speed" onchange={speeds}>
                            { for Speed::all().rev().map(|speed| html! {
                                <option value={speed.label()} selected={speed == player.speed()}>{ speed.label() }</option>
                            }) }
                        </select>
                    </label>
                    <span class="grow"></span>
                    { button("undo", ("↶", " Undo", ""), "Undo what you did last (u)", Command::Undo, player.can_undo()) }
                    { button("redo", ("↷", "", ""), "Redo (r)", Command::Redo, player.can_redo()) }
                    { button("restart", ("⟲", " Restart", ""), "Restart: the same run from the beginning, nothing done yet", Command::Restart, true) }
                    { button("reseed", ("⚄", " New seed", ""), "New seed: the same cluster with other luck", Command::Reseed(seed), true) }
                </div>
                <div class="row seek">
                    <output class="time" data-testid="now" data-us={now.as_us().to_string()}>{ clock(now) }</output>
                    <div class="bar">
                        <input type="range" data-testid="seek" aria-label="Time in the run" aria-valuetext={clock(now)} min="0"
                            max={horizon.as_us().max(1).to_string()} step="1" value={now.as_us().to_string()} oninput={seek}
                            disabled={horizon == Time::ZERO} />
                        <svg class="ticks" aria-hidden="true">{ for ticks(player) }</svg>
                    </div>
                    <span class="time end" title="The furthest moment lived">{ clock(horizon) }</span>
                </div>
            </section>
        }
    })
}

/// A time with three decimals, so that it does not jump about while it runs.
pub fn clock(time: Time) -> String {
    let ms = time.as_us() / 1_000;
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// Where on the bar somebody did something.
fn ticks(player: &Player) -> Vec<Html> {
    let horizon = player.horizon().as_us().max(1) as f64;
    let inputs = player.recording().inputs().iter().filter(|(at, _)| at.time <= player.horizon());
    let shown = inputs.rev().take(200);
    shown
        .map(|(at, input)| {
            let left = at.time.as_us() as f64 / horizon * 100.0;
            html! { <rect class={tick_class(input)} x={format!("{left:.2}%")} width="3" height="7" /> }
        })
        .collect()
}

fn tick_class(input: &Input) -> &'static str {
    match input {
        Input::Call { .. } | Input::Traffic(_) => "call",
        Input::Heal(_) | Input::HealAll | Input::Restart(_) | Input::Resume(_) | Input::Release(_) => "mend",
        _ => "fault",
    }
}
