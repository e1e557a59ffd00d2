use yew::prelude::*;

use crate::keymap::BINDINGS;
use crate::stage::kinds::LOOKS;

#[derive(Properties, PartialEq)]
pub struct HelpProps {
    pub on_close: Callback<()>,
}

/// What can be clicked, what keys do, and what the messages mean.
#[component]
pub fn Help(props: &HelpProps) -> Html {
    let on_close = props.on_close.clone();
    html! {
        <div class="dialog" role="dialog" aria-label="Help" data-testid="help">
            <div class="heading"><h2>{ "Help" }</h2><button class="quiet" onclick={move |_| on_close.emit(())}>{ "Close" }</button></div>
            <h3>{ "What you can click" }</h3>
            <ul>
                <li><b>{ "A link" }</b>{ ": cut it, or heal it." }</li>
                <li><b>{ "A server" }</b>{ ": look inside, crash, restart, pause, isolate it, or wipe its disk." }</li>
                <li><b>{ "A message" }</b>{ ": drop it, send it twice, hold it, or deliver it now. Time stops while you decide." }</li>
                <li><b>{ "A line of the log" }</b>{ ": go to that moment." }</li>
            </ul>
            <p>
                { "Going back forgets nothing until you do something: from then on the run is another one, and " }
                <i>{ "undo" }</i>{ " brings the old one back." }
            </p>
            <h3>{ "Keys" }</h3>
            <dl class="keys">
                { for BINDINGS.iter().map(|binding| html! { <><dt><kbd>{ binding.keys }</kbd></dt><dd>{ binding.does }</dd></> }) }
            </dl>
            <h3>{ "Messages" }</h3>
            <ul class="legend">
                { for LOOKS.iter().map(|look| html! {
                    <li>
                        <span class={classes!("bubble", look.class)} aria-hidden="true">{ look.letter }</span>
                        <b>{ look.kind }</b>{ " " }{ look.meaning }
                    </li>
                }) }
            </ul>
        </div>
    }
}
