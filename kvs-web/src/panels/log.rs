use kvs_core::sim::{Entry, What, describe};
use web_sys::Element;
use yew::prelude::*;

use super::value_of;
use crate::command::Command;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct LogProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// Which entries are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Clients,
    Faults,
}

const FILTERS: [(Filter, &str); 3] =
    [(Filter::All, "Everything"), (Filter::Clients, "What clients see"), (Filter::Faults, "What goes wrong")];

/// The most lines in the document; older ones come on demand.
const LINES: usize = 120;

/// How many pixels from the last line still are at the end.
const NEAR_END: i32 = 40;

impl Filter {
    fn admits(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Clients => matches!(entry.what, What::Told { .. }),
            Self::Faults => matches!(
                entry.what,
                What::Lost { .. } | What::Crashed { .. } | What::Booted { .. } | What::Did(_) | What::Marked { .. }
            ),
        }
    }
}

/// What happened, in words, newest at the bottom.
#[component]
pub fn Log(props: &LogProps) -> Html {
    let filter = use_state(|| Filter::All);
    let lines_max = use_state(|| LINES);
    let list = use_node_ref();
    // Stays at the newest line unless the reader has scrolled up.
    let follows = use_mut_ref(|| true);
    {
        let (list, follows) = (list.clone(), follows.clone());
        use_effect(move || {
            if let Some(list) = list.cast::<Element>().filter(|_| *follows.borrow()) {
                list.set_scroll_top(list.scroll_height());
            }
        });
    }
    let onscroll = {
        let list = list.clone();
        Callback::from(move |_: Event| {
            if let Some(list) = list.cast::<Element>() {
                *follows.borrow_mut() = list.scroll_height() - list.scroll_top() - list.client_height() < NEAR_END;
            }
        })
    };
    let pick = {
        let filter = filter.clone();
        Callback::from(move |event: Event| {
            let chosen = value_of(&event);
            filter.set(FILTERS.iter().find(|(_, name)| *name == chosen).map_or(Filter::All, |(filter, _)| *filter));
        })
    };
    let more = {
        let lines_max = lines_max.clone();
        Callback::from(move |_: MouseEvent| lines_max.set(*lines_max + 5 * LINES))
    };
    props.store.read(|player| {
        let names = player.names();
        let admitted = player.trace().iter().rev().filter(|entry| filter.admits(entry));
        let mut told = admitted.filter_map(|entry| Some((entry.time, describe(entry, names)?, class(entry))));
        let mut lines: Vec<_> = told.by_ref().take(*lines_max).collect();
        let has_more = told.next().is_some();
        lines.reverse();
        let newest = lines.last().map(|(_, text, _)| text.clone()).unwrap_or_default();
        html! {
            <section class="panel log" aria-labelledby="log-title">
                <header>
                    <h2 id="log-title">{ "What happened" }</h2>
                    <select aria-label="Which entries" onchange={pick}>
                        { for FILTERS.iter().map(|(each, name)| html! {
                            <option value={*name} selected={*each == *filter}>{ *name }</option>
                        }) }
                    </select>
                </header>
                <p class="sr-only" role="status">{ if player.is_playing() { String::new() } else { newest } }</p>
                <ol ref={list} data-testid="log" tabindex="0" {onscroll}>
                    if has_more {
                        <li><button class="quiet" onclick={more}>{ "Show earlier" }</button></li>
                    }
                    if lines.is_empty() {
                        <li class="hint">{ "Nothing yet. Put a value, then press Play." }</li>
                    }
                    { for lines.into_iter().map(|(time, text, class)| {
                        let go = props.send.reform(move |_: MouseEvent| Command::Seek(time));
                        html! {
                            <li class={class}>
                                <button class="when" onclick={go} title="Go to this moment">{ time.to_string() }</button>
                                <bdi>{ text }</bdi>
                            </li>
                        }
                    }) }
                </ol>
            </section>
        }
    })
}

fn class(entry: &Entry) -> &'static str {
    match entry.what {
        What::Lost { .. } | What::Crashed { .. } => "fault",
        What::Did(_) => "did",
        What::Told { .. } => "told",
        What::Marked { .. } => "mark",
        _ => "",
    }
}
