//! What is in flight as a list: for readers who do not see the picture, and for fingers that do not hit what moves.

use kvs_core::sim::summarize;
use kvs_core::world::{Sequence, Whereabouts};
use yew::prelude::*;

use super::kinds::{LOOKS, Look, look};
use crate::player::{Player, is_on_a_link};
use crate::store::{Selection, Store};

/// The most messages in the list.
const LISTED_MAX: usize = 24;
/// How far back in the story the legend looks.
const LEGEND_ENTRIES: usize = 1_500;

/// What the list needs.
#[derive(Properties, PartialEq)]
pub struct StripProps {
    /// The player.
    pub store: Store,
    /// What is picked.
    pub selected: Selection,
    /// With more messages than this, only about so many are drawn.
    pub drawn_max: usize,
    /// A message has been picked.
    pub on_pick: Callback<Sequence>,
}

/// A button for every message on its way, the oldest first.
#[component]
pub fn Strip(props: &StripProps) -> Html {
    props.store.read(|player| {
        let names = player.names();
        let letters = player.world().letters();
        let more = letters.len().saturating_sub(LISTED_MAX);
        let chips = letters.iter().take(LISTED_MAX).map(|(id, at, letter)| {
            let id = *id;
            let look = look(letter.message.kind());
            let state = match at {
                Whereabouts::Travelling(_) => "",
                Whereabouts::Held => ", held",
                Whereabouts::Parked => ", waiting for the disk",
            };
            let way = format!("{} → {}", names.name(letter.from), names.name(letter.to));
            let says = summarize(&letter.message);
            let is_picked = props.selected == Selection::Message(id);
            let onclick = props.on_pick.reform(move |_: MouseEvent| id);
            html! {
                <li key={id.0}>
                    <button class="chip" aria-pressed={is_picked.to_string()} data-chip={id.0.to_string()} {onclick}>
                        { bubble(look) }<span class="sr-only">{ look.kind }{ " " }</span><span>{ way }{ state }</span>{ " " }<bdi>{ says }</bdi>
                    </button>
                </li>
            }
        });
        html! {
            <section class="strip" aria-label="In flight">
                <h2>{ "In flight" }</h2>
                if letters.len() > props.drawn_max {
                    <p class="hint" data-testid="drawn">{ format!("{}, about {} drawn", letters.len(), props.drawn_max) }</p>
                }
                if letters.is_empty() {
                    <p class="hint">{ "nothing at this moment" }</p>
                } else {
                    <ul data-testid="in-flight">
                        { for chips }
                        if more > 0 { <li class="hint">{ format!("and {more} more") }</li> }
                    </ul>
                }
            </section>
        }
    })
}

/// The kinds of message that this run has lately had, and what they are for.
pub fn legend(player: &Player) -> Html {
    let recent = player.trace().iter().rev().take(LEGEND_ENTRIES);
    let mut seen = [false; LOOKS.len()];
    for entry in recent {
        if let kvs_core::sim::What::Sent { message, .. } = &entry.what
            && is_on_a_link(message)
            && let Some(place) = LOOKS.iter().position(|look| look.kind == message.kind())
        {
            seen[place] = true;
        }
    }
    let looks: Vec<Look> = LOOKS.into_iter().zip(seen).filter(|(_, seen)| *seen).map(|(look, _)| look).collect();
    if looks.is_empty() {
        return html! {};
    }
    html! {
        <ul class="kinds" aria-label="Kinds of message" data-testid="legend">
            { for looks.into_iter().map(|look| html! { <li title={look.meaning}>{ bubble(look) }{ look.kind }</li> }) }
        </ul>
    }
}

/// A message's sign beside words.
pub fn bubble(look: Look) -> Html {
    html! {
        <svg class={classes!("sign", look.class)} viewBox="-14 -14 28 28" aria-hidden="true">
            <path d={look.shape.path()} /><text dy="4.5">{ look.letter }</text>
        </svg>
    }
}
