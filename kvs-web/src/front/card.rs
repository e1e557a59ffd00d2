//! A store on the map: its picture, what it promises, and its price.

use std::collections::BTreeSet;

use kvs_core::zoo::catalog;
use kvs_core::zoo::{Animal, Architecture, Fault};
use yew::prelude::*;

use super::picture::Picture;
use super::words::{duration, tenths};
use crate::work::Measured;

#[derive(Properties, PartialEq)]
pub struct CardProps {
    /// Which store.
    pub animal: Animal,
    /// What a calm run of it has shown, once it has been lived.
    pub calm: Option<Measured>,
    /// Whether the reader wants nothing to fly.
    pub is_still: bool,
    /// Its picture before it lives, as SVG.
    pub still: Option<AttrValue>,
}

/// The component. All of it is one link to the exhibit.
#[component]
pub fn Card(props: &CardProps) -> Html {
    let moves = use_state(|| false);
    let set = |to: bool| {
        let moves = moves.clone();
        move || moves.set(to)
    };
    let (begin, end, focus, blur) = (set(true), set(false), set(true), set(false));
    let exhibit = catalog::exhibit_of(props.animal);
    let architecture = use_memo(props.animal, |animal| catalog::exhibit_of(*animal).architecture());
    html! {
        <li class="store-card" data-testid={format!("card-{}", exhibit.name)} onmouseenter={move |_: MouseEvent| begin()} onmouseleave={move |_: MouseEvent| end()}
            onfocusin={move |_: FocusEvent| focus()} onfocusout={move |_: FocusEvent| blur()}>
            <Picture name={exhibit.name} moves={*moves} is_still={props.is_still} still={props.still.clone()} />
            <h3><a href={format!("#{}", exhibit.name)}>{ exhibit.title }</a></h3>
            <p>{ exhibit.summary }</p>
            <ul class="chips" aria-label="Promises">{ for architecture.own_claims().iter().map(|claim| html! {
                <li title={claim.guarantee.meaning()}>{ claim.guarantee.title() }</li>
            }) }</ul>
            <dl class="price">
                <div><dt>{ "Before the answer" }</dt><dd>{ coordination(&architecture) }</dd></div>
                <div><dt>{ "A promise ends by" }</dt><dd>{ ended_by(&architecture) }</dd></div>
                <div><dt>{ "Messages an operation" }</dt><dd>{ match &props.calm {
                    Some(calm) => format!("{}; half within {}", tenths(calm.messages_milli), duration(calm.latency_us)),
                    None => "is being counted…".into(),
                } }</dd></div>
            </dl>
        </li>
    }
}

/// Who must hear of a write before its client does.
fn coordination(architecture: &Architecture) -> &'static str {
    if architecture.primary_backup().is_some() {
        "all backups have it"
    } else if architecture.is_ordered() {
        "a majority has it"
    } else {
        "nobody else is asked"
    }
}

/// The faults that end one of its promises.
fn ended_by(architecture: &Architecture) -> String {
    let claims = architecture.own_claims();
    let faults: BTreeSet<Fault> = claims.iter().flat_map(|claim| claim.ended_by.iter().copied()).collect();
    if faults.is_empty() {
        return "nothing that can be done here".into();
    }
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
