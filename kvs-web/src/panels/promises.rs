use std::collections::BTreeSet;

use gloo_timers::callback::Timeout;
use kvs_core::check::{Budget, Judge, Judgement, Undecided, Verdict};
use kvs_core::zoo::{Architecture, Fault};
use yew::prelude::*;

use super::sentence;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct PromisesProps {
    pub store: Store,
    /// Point at these operations.
    pub on_point: Callback<Vec<usize>>,
    /// What stands below: the search.
    #[prop_or_default]
    pub children: Html,
}

/// How long nothing must have moved before the judge looks again.
const LOOK_AFTER_MS: u32 = 200;
/// How often the judge looks, each time twice as long.
const LOOKS_MAX: u32 = 5;

/// A judge, and of which architecture.
type Court = Option<(Architecture, Judge)>;

/// What the store promises, and whether the run up to the present keeps it; and everything that it does not promise.
#[component]
pub fn Promises(props: &PromisesProps) -> Html {
    let court = use_mut_ref(|| Court::None);
    // What a glance has not decided is looked at longer, and longer again, once nothing moves.
    let moment = props.store.read(|player| (player.progress(), player.is_playing()));
    let looked = use_state(|| (moment, 0_u32));
    let looks = if looked.0 == moment { looked.1 } else { 0 };
    let next_look = use_mut_ref(|| None::<Timeout>);
    let budget = Budget { steps: Budget::GLANCE.steps << looks, ..Budget::GLANCE };
    let judgements = props.store.read(|player| {
        let mut court = court.borrow_mut();
        if court.as_ref().is_none_or(|(architecture, _)| architecture != player.architecture()) {
            *court = Some((player.architecture().clone(), Judge::new(player.architecture())));
        }
        court.as_mut().map(|(_, judge)| judge.judge(&player.run(), budget)).unwrap_or_default()
    });
    let is_open = |judgement: &Judgement| {
        matches!(judgement.verdict, Verdict::Undecided(Undecided::OutOfSteps | Undecided::OutOfMemory))
    };
    let (_, is_playing) = moment;
    *next_look.borrow_mut() = (!is_playing && looks < LOOKS_MAX && judgements.iter().any(is_open))
        .then(|| Timeout::new(LOOK_AFTER_MS, move || looked.set((moment, looks + 1))));
    let (promised, others): (Vec<_>, Vec<_>) = judgements.iter().partition(|judgement| judgement.claim.is_some());
    let breaches = promised.iter().filter(|judgement| judgement.is_breach()).count();
    let row = |judgement: &&Judgement| row(judgement, &props.on_point);
    let hold = others.iter().filter(|judgement| judgement.verdict == Verdict::Holds).count();
    html! {
        <section class="panel promises" aria-labelledby="promises-title" data-testid="promises">
            <header>
                <h2 id="promises-title">{ "Promises" }</h2>
                <span role="status" class={if breaches == 0 { "fine" } else { "trouble" }} data-testid="breaches">{ match breaches {
                    0 => "all kept so far".into(),
                    1 => "one is broken".into(),
                    many => format!("{many} are broken"),
                } }</span>
            </header>
            <ul class="verdicts">{ for promised.iter().map(row) }</ul>
            <details>
                <summary>{ format!("Not promised: {} more, of which {hold} hold so far", others.len()) }</summary>
                <ul class="verdicts">{ for others.iter().map(row) }</ul>
            </details>
            { props.children.clone() }
        </section>
    }
}

fn row(judgement: &Judgement, on_point: &Callback<Vec<usize>>) -> Html {
    let Judgement { guarantee, ended_by, verdict, .. } = judgement;
    let is_breach = judgement.is_breach();
    let (class, sign, word) = match verdict {
        Verdict::Holds => ("holds", "✓", "holds so far"),
        Verdict::Broken(_) if is_breach => ("breach", "✕", "broken"),
        Verdict::Broken(_) => ("broken", "✕", "does not hold"),
        Verdict::Undecided(_) => ("undecided", "…", "not decided"),
    };
    let why = match verdict {
        Verdict::Undecided(why) => Some(why.to_string()),
        Verdict::Broken(proof) => Some(proof.what.clone()),
        Verdict::Holds => None,
    };
    let proof = match verdict {
        Verdict::Broken(proof) if !proof.operations.is_empty() => Some(proof.operations.clone()),
        _ => None,
    };
    html! {
        <li class={class} data-guarantee={guarantee.title()} data-verdict={class}>
            <span class="sign" aria-hidden="true">{ sign }</span>
            <span class="what" title={guarantee.meaning()}><b>{ guarantee.title() }</b>{ " " }<small>{ word }</small>
                if !ended_by.is_empty() { <small class="ended">{ format!(" (no longer promised: {})", list(ended_by)) }</small> }
                if let Some(why) = why { <span class="why">{ sentence(&why) }</span> }
            </span>
            if let Some(operations) = proof {
                <button class="quiet" aria-label={format!("Show the operations that prove it: {}", guarantee.title())}
                    onclick={on_point.reform(move |_: MouseEvent| operations.clone())}>{ "Show" }</button>
            }
        </li>
    }
}

fn list(faults: &BTreeSet<Fault>) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
