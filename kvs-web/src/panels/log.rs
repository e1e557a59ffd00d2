use gloo_timers::callback::Timeout;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use super::clipboard::{download, use_copied};
use super::popover::twists;
use super::value_of;
use crate::command::Command;
use crate::compare::{Asked, Twist};
use crate::store::Store;
use crate::transcript::{self, Announcer, FILTERS, Filter, Kind};

#[derive(Properties, PartialEq)]
pub struct LogProps {
    pub store: Store,
    pub send: Callback<Command>,
    /// The reader asks what would have been if a message had met another fate.
    pub on_twist: Callback<(Asked, Twist)>,
}

/// The most lines in the document; older ones come on demand.
const LINES: usize = 120;

/// How many pixels from the last line still are at the end.
const NEAR_END: i32 = 40;

/// What happened, in words, newest at the bottom.
#[component]
pub fn Log(props: &LogProps) -> Html {
    let filter = use_state(|| Filter::Story);
    // The line whose message is asked about, by its place in the story.
    let opened = use_state(|| None::<usize>);
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
    {
        let list = list.clone();
        use_effect_with(*opened, move |_| {
            let twists = list.cast::<Element>().and_then(|list| list.query_selector(".twists").ok()?);
            if let Some(twists) = twists {
                let nearest = ScrollIntoViewOptions::new();
                nearest.set_block(ScrollLogicalPosition::Nearest);
                twists.scroll_into_view_with_scroll_into_view_options(&nearest);
            }
        });
    }
    let onscroll = {
        let (list, follows) = (list.clone(), follows.clone());
        Callback::from(move |_: Event| {
            if let Some(list) = list.cast::<Element>() {
                *follows.borrow_mut() = list.scroll_height() - list.scroll_top() - list.client_height() < NEAR_END;
            }
        })
    };
    let pick = {
        let filter = filter.clone();
        Callback::from(move |event: Event| {
            filter.set(Filter::named(&value_of(&event)));
        })
    };
    let more = {
        let lines_max = lines_max.clone();
        Callback::from(move |_: MouseEvent| lines_max.set(*lines_max + 5 * LINES))
    };
    let announcer = use_mut_ref(Announcer::default);
    let (copied, copy) = use_copied(&NodeRef::default());
    let copy = {
        let (store, filter) = (props.store.clone(), filter.clone());
        Callback::from(move |_: MouseEvent| {
            copy.emit((store.read(|player| transcript::text(player, *filter)), "Copied"));
        })
    };
    let save = {
        let (store, filter) = (props.store.clone(), filter.clone());
        Callback::from(move |_: MouseEvent| {
            download("what-happened.txt", &store.read(|player| transcript::text(player, *filter)));
        })
    };
    let print = {
        let lines_max = lines_max.clone();
        Callback::from(move |_: MouseEvent| {
            // Paper has room for all of it; it is there when the printer looks.
            lines_max.set(usize::MAX);
            Timeout::new(100, || {
                let _a_page_that_may_not_print_goes_on = web_sys::window().map(|window| window.print());
            })
            .forget();
        })
    };
    props.store.read(|player| {
        let mut told = transcript::backwards(player, *filter);
        let mut lines: Vec<_> = told.by_ref().take(*lines_max).collect();
        let has_more = told.next().is_some();
        lines.reverse();
        let said = announcer.borrow_mut().say(player, js_sys::Date::now()).to_owned();
        html! {
            <section class="panel log" aria-labelledby="log-title">
                <header>
                    <h2 id="log-title">{ "What happened" }</h2>
                    <select aria-label="Which entries" data-testid="log-filter" onchange={pick}>
                        { for FILTERS.iter().map(|(each, name)| html! {
                            <option value={*name} selected={*each == *filter}>{ *name }</option>
                        }) }
                    </select>
                </header>
                <p class="sr-only" aria-live="polite" data-testid="said">{ said }</p>
                <ol ref={list} data-testid="log" tabindex="0" aria-labelledby="log-title" {onscroll}>
                    if has_more {
                        <li><button class="quiet" onclick={more}>{ "Show earlier" }</button></li>
                    }
                    if lines.is_empty() {
                        <li class="hint">{ "Nothing yet. Put a value, then press Play." }</li>
                    }
                    { for lines.into_iter().map(|line| {
                        let (time, place) = (line.time, line.place);
                        let go = props.send.reform(move |_: MouseEvent| Command::Seek(time));
                        let message = player.trace().get(place).and_then(|entry| Asked::about(entry, place));
                        let is_open = *opened == Some(place);
                        let open = {
                            let (opened, follows) = (opened.clone(), follows.clone());
                            Callback::from(move |_: MouseEvent| {
                                // The line that is asked about stays where it is.
                                *follows.borrow_mut() &= is_open;
                                opened.set(Some(place).filter(|_| !is_open));
                            })
                        };
                        html! {
                            <li class={class(line.kind)}>
                                <button class="when" onclick={go} title="Go to this moment">{ time.to_string() }</button>
                                <bdi>{ line.words }</bdi>
                                if let Some(about) = message {
                                    <button class="ask" data-testid="ask-what-if" aria-expanded={is_open.to_string()} onclick={open}>{ "What if…" }</button>
                                    if is_open {
                                        { twists(player, about, false, &props.on_twist) }
                                    }
                                }
                            </li>
                        }
                    }) }
                </ol>
                <div class="verbs small">
                    <button data-testid="copy-log" onclick={copy}>{ copied.unwrap_or("Copy") }</button>
                    <button data-testid="save-log" onclick={save}>{ "Save" }</button>
                    <button data-testid="print-log" onclick={print}>{ "Print" }</button>
                </div>
            </section>
        }
    })
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Fault => "fault",
        Kind::Did => "did",
        Kind::Told => "told",
        Kind::Mark => "mark",
        Kind::Other => "",
    }
}
