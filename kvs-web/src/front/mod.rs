//! The front page: the map of the zoo.
//!
//! Hooks for tests: `[data-testid=…]`: front, start, card-replicated …, all-lessons, all-levels, parts, matrix, ladder, surveyed, relive.

#![expect(unreachable_pub, reason = "the struct that Yew makes of a component is as public as its properties must be")]

mod beside;
mod card;
mod matrix;
mod moments;
mod parts;
mod picture;
mod words;

use std::rc::Rc;

use kvs_core::explore::survey::Weather;
use kvs_core::zoo::catalog::EXHIBITS;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::app::prefers_stillness;
use crate::lessons;
use crate::panels::worker::Worker;
use crate::work::survey::{FIELDS, RUNS_A_FIELD};
use crate::work::{Measured, Order, Report, Survey};
use card::Card;
use matrix::{Ladder, Matrix};
use parts::Parts;

/// The seed of the survey that is known from the start.
const SEED: u32 = 1;

/// What is known of all stores in all weathers.
#[derive(Clone, PartialEq)]
struct Surveyed {
    measured: Vec<Measured>,
    /// The seed of the first run of each field.
    seed: u32,
    /// Whether it was lived here, and not when this page was made.
    is_own: bool,
    trouble: Option<String>,
}

/// What becomes of it.
enum Event {
    /// What was found when the page was made has come, or does not come.
    Known(Option<Vec<Measured>>),
    /// The reader wants to see it lived, with seeds of its own.
    Again,
    /// The worker speaks.
    Said(Report),
}

impl Reducible for Surveyed {
    type Action = Event;

    fn reduce(self: Rc<Self>, event: Event) -> Rc<Self> {
        match event {
            Event::Known(_) if self.is_own => self,
            Event::Known(Some(measured)) => Self { measured, ..(*self).clone() }.into(),
            Event::Known(None) => {
                let trouble = "what was found when this page was made cannot be fetched";
                Self { trouble: Some(trouble.into()), ..(*self).clone() }.into()
            }
            Event::Again => {
                let seed = self.seed.wrapping_add(RUNS_A_FIELD);
                Self { measured: Vec::new(), seed, is_own: true, trouble: None }.into()
            }
            Event::Said(Report::Surveyed(measured)) => {
                let mut next = (*self).clone();
                next.measured.push(measured);
                next.into()
            }
            Event::Said(Report::Refused(why)) => {
                Self { trouble: Some(format!("the runs could not be lived: {why}")), ..(*self).clone() }.into()
            }
            Event::Said(_) => self,
        }
    }
}

impl Surveyed {
    /// Where its figures come from, in a sentence.
    fn words(&self) -> String {
        let (done, runs, last) =
            (self.measured.len(), FIELDS * RUNS_A_FIELD as usize, self.seed.wrapping_add(RUNS_A_FIELD - 1));
        match &self.trouble {
            Some(why) => crate::panels::sentence(why),
            None if !self.is_own && done < FIELDS => "What was found is on its way.".into(),
            None if done < FIELDS => {
                format!("Being computed from {runs} runs: {} are done.", done * RUNS_A_FIELD as usize)
            }
            None => {
                let when = if self.is_own { "just now " } else { "" };
                format!(
                    "Computed {when}from {runs} runs, seeds {} to {last}: each field is the worst of {RUNS_A_FIELD}. Nothing here is taken from a book.",
                    self.seed
                )
            }
        }
    }
}

/// The front page.
#[component]
pub fn Front() -> Html {
    let surveyed = use_reducer(|| Surveyed { measured: Vec::new(), seed: SEED, is_own: false, trouble: None });
    let is_still = *use_memo((), |()| prefers_stillness());
    let pictures = use_state(|| None::<Rc<[AttrValue]>>);
    {
        let (pictures, surveyed) = (pictures.setter(), surveyed.dispatcher());
        use_effect_with((), move |()| {
            spawn_local(async move {
                let beside = beside::fetch().await;
                pictures.set(beside.pictures);
                surveyed.dispatch(Event::Known(beside.surveyed));
            });
        });
    }
    let worker = use_mut_ref(|| None::<Worker>);
    let again = {
        let (surveyed, worker, seed) = (surveyed.dispatcher(), worker.clone(), surveyed.seed);
        Callback::from(move |_: MouseEvent| {
            surveyed.dispatch(Event::Again);
            let report = {
                let surveyed = surveyed.clone();
                move |report| surveyed.dispatch(Event::Said(report))
            };
            let order = Order::Survey(Survey { seed: seed.wrapping_add(RUNS_A_FIELD) });
            match Worker::start(order, None, report) {
                Ok(started) => *worker.borrow_mut() = Some(started),
                Err(why) => surveyed.dispatch(Event::Said(Report::Refused(why))),
            }
        })
    };
    let is_done = surveyed.measured.len() == FIELDS || surveyed.trouble.is_some();
    if is_done {
        // Its work is done.
        *worker.borrow_mut() = None;
    }
    let calm = |name: &str| {
        let of_it = |measured: &&Measured| measured.store == name && measured.weather() == Some(Weather::Calm);
        surveyed.measured.iter().find(of_it).cloned()
    };
    html! {
        <div class="page front" data-testid="front">
            <header class="top">
                <h1>{ "KVS Zoo" }</h1>
            </header>
            <main>
                <section class="welcome">
                    <p class="lead">{ "Eleven ways to build a key-value store, alive on this page: send a request, watch its messages, break something, and see which promises still hold." }</p>
                    <p class="verbs">
                        <a class="button primary" href="#lesson/hello" data-testid="start">{ "Start: one server, two minutes" }</a>
                        <a class="button" href="#replicated">{ "Break a replicated store" }</a>
                        <a class="button" href="#storm" data-testid="to-storm">{ "Several, side by side in one storm" }</a>
                    </p>
                </section>
                <section aria-labelledby="stores-title">
                    <h2 id="stores-title">{ "The stores" }</h2>
                    <ul class="cards">{ for EXHIBITS.iter().enumerate().map(|(place, exhibit)| html! {
                        <Card key={exhibit.name} animal={exhibit.animal} calm={calm(exhibit.name)} {is_still}
                            still={pictures.as_ref().and_then(|all| all.get(place).cloned())} />
                    }) }</ul>
                </section>
                <section aria-labelledby="lessons-title">
                    <h2 id="lessons-title">{ "Read, and break" }</h2>
                    <p class="hint">{ format!("{} short lessons, each with a question before the step that surprises. And {} stores that miss one rule: find out which.", lessons::count::LESSONS, lessons::count::LEVELS) }</p>
                    <p class="verbs">
                        <a class="button" href="#lessons" data-testid="all-lessons">{ "All lessons" }</a>
                        <a class="button" href="#levels" data-testid="all-levels">{ "The broken zoo" }</a>
                    </p>
                </section>
                <section aria-labelledby="parts-title">
                    <h2 id="parts-title">{ "What they are made of" }</h2>
                    <p class="hint">{ "Every store is the same server with other parts in its sockets. In bold: what a lone server has not. In a store, Options changes one socket at a time." }</p>
                    <Parts />
                </section>
                <section aria-labelledby="ladder-title">
                    <h2 id="ladder-title">{ "How much like a single copy?" }</h2>
                    <p class="hint" role="status" data-testid="surveyed">{ surveyed.words() }</p>
                    <p class="verbs">
                        <button data-testid="relive" onclick={again} disabled={!is_done}>{ "Live them again, with other seeds" }</button>
                    </p>
                    <Ladder measured={surveyed.measured.clone()} />
                </section>
                <section aria-labelledby="matrix-title">
                    <h2 id="matrix-title">{ "Which one for which weather?" }</h2>
                    <p class="hint">{ "What clients saw of a single copy, how much of the time clients were served while it lasted (in a cut: those with a few servers | the rest), and whether anything acknowledged was lost. Each field leads to its run." }</p>
                    <Matrix measured={surveyed.measured.clone()} />
                </section>
            </main>
        </div>
    }
}
