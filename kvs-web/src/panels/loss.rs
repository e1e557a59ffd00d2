use kvs_core::choice::Probability;
use kvs_core::server::PacketLoss;
use kvs_core::sim::Input;
use kvs_core::zoo::OptionValue;
use yew::prelude::*;

use super::value_of;
use crate::command::Command;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct LossProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// How much clients and servers drop themselves, turned while the run goes on; nothing where only the network loses anything.
#[component]
pub fn Loss(props: &LossProps) -> Html {
    let Some(now) = props.store.read(|player| player.sim().packet_loss()) else { return html! {} };
    let slide =
        |label: &'static str, id: &'static str, loss: Probability, with: fn(PacketLoss, Probability) -> PacketLoss| {
            let on_turn =
                props.send.reform(move |loss: Probability| Command::Input(Input::PacketLoss(with(now, loss))));
            html! { <Slider {label} {id} {loss} {on_turn} /> }
        };
    html! {
        <fieldset class="loss">
            <legend>{ "Packets that are dropped" }</legend>
            { slide("Requests, before they leave", "loss-requests", now.requests, |now, requests| PacketLoss { requests, ..now }) }
            { slide("Answers, after the work is done", "loss-replies", now.replies, |now, replies| PacketLoss { replies, ..now }) }
        </fieldset>
    }
}

#[derive(Properties, PartialEq)]
struct SliderProps {
    label: &'static str,
    id: &'static str,
    loss: Probability,
    on_turn: Callback<Probability>,
}

#[component]
fn Slider(props: &SliderProps) -> Html {
    // Where the hand has moved it, as long as it does not let go: only then something is done to the world.
    let held = use_state(|| None::<Probability>);
    let percent = |text: String| text.parse().ok().map(Probability::from_percent);
    let oninput = {
        let held = held.clone();
        Callback::from(move |event: InputEvent| held.set(percent(value_of(&event))))
    };
    let onchange = {
        let (held, on_turn) = (held.clone(), props.on_turn.clone());
        Callback::from(move |event: Event| {
            held.set(None);
            if let Some(loss) = percent(value_of(&event)) {
                on_turn.emit(loss);
            }
        })
    };
    let shown = held.unwrap_or(props.loss);
    let words = OptionValue::Percent(shown).to_string();
    let value = (shown.as_ppm() / 10_000).to_string();
    html! {
        <label>
            <span>{ props.label }</span><output>{ words.clone() }</output>
            <input type="range" min="0" max="100" step="5" data-testid={props.id} aria-valuetext={words} {value} {oninput} {onchange} />
        </label>
    }
}
