//! Two futures side by side, where they part, and whether to keep the other one.

use std::rc::Rc;

use kvs_core::sim::{Entry, describe};
use kvs_core::time::Time;
use yew::prelude::*;

use super::model::{Comparison, Lane};
use super::view::{Compare, Shared, focus};
use super::what_if::WhatIf;
use crate::panels::{sentence, transport::clock};

/// What it is given.
#[derive(Clone, PartialEq, Properties)]
pub struct WhatIfProps {
    /// The question.
    pub what_if: Rc<WhatIf>,
    /// The other future is to be the one.
    pub on_keep: Callback<()>,
    /// It is not.
    pub on_drop: Callback<()>,
}

/// Where two futures part, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// When.
    pub time: Time,
    /// What happens then as it is.
    pub as_it_is: String,
    /// What happens then as it would be.
    pub as_it_would_be: String,
}

/// Where the lanes of a comparison part, as far as both are lived.
pub fn parting(what_if: &WhatIf, comparison: &Comparison) -> Option<Parting> {
    let [one, other] = comparison.lanes() else { return None };
    let difference = what_if.difference(one.player().whole_trace(), other.player().whole_trace())?;
    let words = |lane: &Lane, entry: Option<&Entry>| match entry {
        Some(entry) => {
            describe(entry, lane.player().names()).map_or("something else happens".into(), |it| sentence(&it))
        }
        None => "Nothing of the kind.".into(),
    };
    Some(Parting {
        time: difference.time,
        as_it_is: words(one, difference.one),
        as_it_would_be: words(other, difference.other),
    })
}

/// The dialog.
#[component]
pub fn WhatIfDialog(props: &WhatIfProps) -> Html {
    let what_if = props.what_if.clone();
    let comparison =
        use_memo(what_if.clone(), |what_if| Shared::new(Comparison::new(what_if.runs(), what_if.at, what_if.horizon)));
    let revision = use_state(|| 0_u32);
    let on_change = {
        let revision = revision.clone();
        Callback::from(move |()| revision.set(revision.wrapping_add(1)))
    };
    let heading = use_node_ref();
    {
        let heading = heading.clone();
        use_effect_with((), move |()| focus(&heading));
    }
    let is_ready = comparison.read(Comparison::is_ready);
    let parting = if is_ready { comparison.read(|comparison| parting(&what_if, comparison)) } else { None };
    let on_keep = props.on_keep.reform(|_: MouseEvent| ());
    let on_drop = props.on_drop.reform(|_: MouseEvent| ());
    let onkeydown = {
        let on_drop = props.on_drop.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.prevent_default();
                on_drop.emit(());
            }
            // The run below does not hear what is meant for these two.
            event.stop_propagation();
        })
    };
    html! {
        <div class="what-if" role="dialog" aria-modal="true" aria-labelledby="what-if-title" data-testid="what-if" {onkeydown}>
            <header>
                <h2 id="what-if-title" ref={heading} tabindex="-1">{ what_if.question.clone() }</h2>
                <div class="verbs">
                    <button class="primary" data-testid="what-if-keep" onclick={on_keep}>{ "Keep this" }</button>
                    <button data-testid="what-if-drop" onclick={on_drop}>{ "Drop it" }</button>
                </div>
            </header>
            <p class="hint">{ "“Keep this” makes the run go on that way; Undo brings the old one back." }</p>
            <div class="parting" role="status" data-testid="parting" data-us={parting.as_ref().map(|parting| parting.time.as_us().to_string())}>
                { said(&what_if, is_ready, parting.as_ref(), &comparison, &on_change) }
            </div>
            <Compare comparison={(*comparison).clone()} parting={parting.map(|parting| parting.time)} {on_change} />
        </div>
    }
}

fn said(
    what_if: &WhatIf,
    is_ready: bool,
    parting: Option<&Parting>,
    comparison: &Shared,
    on_change: &Callback<()>,
) -> Html {
    let Some(parting) = parting else {
        let says = if is_ready {
            format!(
                "As far as {}, nothing is different: whatever the message did was done without it.",
                clock(what_if.horizon)
            )
        } else {
            "Both futures are being lived…".into()
        };
        return html! { <p>{ says }</p> };
    };
    let go = {
        let (comparison, on_change, time) = (comparison.clone(), on_change.clone(), parting.time);
        Callback::from(move |_: MouseEvent| {
            comparison.write(|comparison| comparison.seek(time));
            on_change.emit(());
        })
    };
    html! {
        <>
            <p>{ "They part at " }<button class="quiet when" data-testid="go-to-parting" onclick={go}>{ clock(parting.time) }</button></p>
            <dl>
                <div><dt>{ "As it is" }</dt><dd>{ &parting.as_it_is }</dd></div>
                <div><dt>{ what_if.title().to_owned() }</dt><dd>{ &parting.as_it_would_be }</dd></div>
            </dl>
        </>
    }
}
