//! The front page: the map of the zoo.
//!
//! Hooks for tests: `[data-testid=…]`: front, start, card-replicated …, all-lessons, all-levels, parts, matrix, ladder, surveyed.

#![expect(unreachable_pub, reason = "the struct that Yew makes of a component is as public as its properties must be")]

mod card;
mod matrix;
mod moments;
mod parts;
mod picture;
mod words;

use kvs_core::explore::survey::Weather;
use kvs_core::zoo::catalog::EXHIBITS;
use yew::prelude::*;

use crate::app::prefers_stillness;
use crate::lessons;
use crate::panels::worker::Worker;
use crate::work::survey::{FIELDS, RUNS_A_FIELD};
use crate::work::{Measured, Order, Report, Survey};
use card::Card;
use matrix::{Ladder, Matrix};
use parts::Parts;

/// The seed of the survey: any will do, and with the same one everybody sees the same figures.
const SEED: u32 = 1;

/// What the worker has said so far.
#[derive(Clone, Default, PartialEq)]
struct Surveyed {
    measured: Vec<Measured>,
    trouble: Option<String>,
}

/// The worker speaks.
impl Reducible for Surveyed {
    type Action = Report;

    fn reduce(self: std::rc::Rc<Self>, report: Report) -> std::rc::Rc<Self> {
        let mut next = (*self).clone();
        match report {
            Report::Surveyed(measured) => next.measured.push(measured),
            Report::Refused(why) => next.trouble = Some(why),
            _ => {}
        }
        next.into()
    }
}

/// The front page.
#[component]
pub fn Front() -> Html {
    let surveyed = use_reducer(Surveyed::default);
    let is_still = *use_memo((), |()| prefers_stillness());
    let worker = use_mut_ref(|| None::<Worker>);
    {
        let (surveyed, worker) = (surveyed.dispatcher(), worker.clone());
        use_effect_with((), move |()| {
            let report = {
                let surveyed = surveyed.clone();
                move |report| surveyed.dispatch(report)
            };
            match Worker::start(Order::Survey(Survey { seed: SEED }), None, report) {
                Ok(started) => *worker.borrow_mut() = Some(started),
                Err(why) => surveyed.dispatch(Report::Refused(why)),
            }
        });
    }
    let done = surveyed.measured.len();
    if done == FIELDS {
        // Its work is done.
        *worker.borrow_mut() = None;
    }
    let (runs, last) = (FIELDS * RUNS_A_FIELD as usize, SEED + RUNS_A_FIELD - 1);
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
                    <ul class="cards">{ for EXHIBITS.iter().map(|exhibit| html! {
                        <Card key={exhibit.name} animal={exhibit.animal} calm={calm(exhibit.name)} {is_still} />
                    }) }</ul>
                </section>
                <section aria-labelledby="lessons-title">
                    <h2 id="lessons-title">{ "Read, and break" }</h2>
                    <p class="hint">{ format!("{} short lessons, each with a question before the step that surprises. And {} stores that miss one rule: find out which.", lessons::lessons().len(), lessons::levels().len()) }</p>
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
                    <p class="hint" role="status" data-testid="surveyed">{ match (&surveyed.trouble, done) {
                        (Some(why), _) => crate::panels::sentence(&format!("the runs could not be lived: {why}")),
                        (None, FIELDS) => format!("Computed just now from {runs} runs, seeds {SEED} to {last}: each field is the worst of {RUNS_A_FIELD}. Nothing here is taken from a book."),
                        (None, done) => format!("Being computed from {runs} runs: {} are done.", done * RUNS_A_FIELD as usize),
                    } }</p>
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
