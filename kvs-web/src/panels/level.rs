use kvs_core::check::Standing;
use kvs_core::sim::FaultKind;
use yew::prelude::*;

use super::sentence;
use crate::challenge::{Challenge, Scene, Won};
use crate::lessons;

/// What a reader does with a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This rule is missing, by its place.
    Guess(usize),
    /// The same run with the rule on.
    Whole,
    /// The run without it.
    Broken,
    /// A fresh run.
    Again,
    /// Play it no longer.
    Leave,
}

/// A level: what is to be broken, with which faults it was tried so far, and what came of it.
pub fn banner(challenge: &Challenge, scene: Scene, on_step: &Callback<Step>) -> Html {
    let level = &challenge.level;
    let step = |step: Step| on_step.reform(move |_: MouseEvent| step);
    let file = challenge.text.file;
    let body = match (scene, challenge.won()) {
        (Scene::Elsewhere, _) => html! { <>
            <p>{ "This is another store. The level waits." }</p>
            <div class="verbs"><button class="primary" onclick={step(Step::Again)}>{ "Back to the level" }</button></div>
        </> },
        (Scene::Whole, _) => whole(challenge, on_step),
        (Scene::Broken, Some(won)) => won_it(challenge, won, on_step),
        (Scene::Broken, None) => html! { <>
            { standing(&challenge.attempt().standing) }
            <div class="verbs">
                if !challenge.attempt().faults.is_empty() {
                    <button onclick={step(Step::Again)}>{ "Start again" }</button>
                }
                <a class="button quiet" data-testid="one-way" href={format!("#lesson/{file}")}>{ "Show me one way" }</a>
            </div>
        </> },
    };
    let faults = &challenge.attempt().faults;
    html! {
        <section class="panel level" aria-labelledby="level-title" data-testid="level">
            <header>
                <h2 id="level-title">{ &challenge.text.title }</h2>
                <a class="quiet" href="#levels">{ "The broken zoo" }</a>
                <button class="quiet" onclick={step(Step::Leave)}>{ "Leave the level" }</button>
            </header>
            <p>{ &challenge.text.about }</p>
            <p class="goal"><b>{ "Break it: " }</b><b class="promised">{ level.goal.title() }</b>{ ". " }{ level.goal.meaning() }</p>
            <p class="score">
                <span data-testid="faults" data-faults={faults.len().to_string()}><b>{ format!("Faults so far: {}", faults.len()) }</b>{ listed(faults) }</span>
                <span class="par">{ format!("Par is {}.", level.par) }</span>
            </p>
            { body }
        </section>
    }
}

fn standing(standing: &Standing) -> Html {
    let (class, sign, words) = match standing {
        Standing::Kept => {
            ("fine", "✓", "The promise is kept so far. Cut a line, click a server or a message, and ask.".into())
        }
        Standing::Open => ("hint", "…", "Not decided yet. Let time pass.".into()),
        Standing::Broken(why) => ("trouble", "✕", sentence(why)),
        Standing::Over(faults) => {
            let faults = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            ("hint", "–", format!("That does not count: nobody promises it after {faults}. Start again."))
        }
    };
    html! { <p class={classes!("standing", class)} role="status" data-testid="standing"><span aria-hidden="true">{ sign }{ " " }</span>{ words }</p> }
}

/// Broken: with how much, and which rule is missing.
fn won_it(challenge: &Challenge, won: &Won, on_step: &Callback<Step>) -> Html {
    let step = |step: Step| on_step.reform(move |_: MouseEvent| step);
    let par = challenge.level.par as usize;
    let verdict = match won.faults.len() {
        faults if faults < par => format!("Broken with {}: fewer than we have found.", counted(faults)),
        faults if faults == par => format!("Broken with {}. That is par.", counted(faults)),
        faults => format!("Broken with {}. It can be done with {par}.", counted(faults)),
    };
    let is_named = challenge.is_named();
    html! { <>
        <p class="standing trouble" role="status" data-testid="won"><span aria-hidden="true">{ "✕ " }</span><b>{ verdict }</b>{ " " }{ sentence(&won.why) }</p>
        <p><b>{ "Which rule is missing?" }</b></p>
        <div class="verbs answers">{ for in_order(&challenge.level.rules).into_iter().map(|rule| guess(challenge, rule, on_step)) }</div>
        if is_named {
            <p class="fine" role="status">{ "Yes. With this rule on, what happens in the very same run?" }</p>
        } else if !challenge.guesses().is_empty() {
            <p class="hint" role="status">{ "That would be good to have, but this store has it, or does not need it here. Look again at what went wrong." }</p>
        }
        <div class="verbs">
            if is_named { <button class="primary" data-testid="with-rule" onclick={step(Step::Whole)}>{ "See the same run with it on" }</button> }
            <button data-testid="again" onclick={step(Step::Again)}>{ if won.faults.len() > par { "Try again with fewer" } else { "Try again" } }</button>
        </div>
    </> }
}

fn guess(challenge: &Challenge, rule: usize, on_step: &Callback<Step>) -> Html {
    let is_tried = challenge.guesses().contains(&rule);
    let (class, sign) = match (is_tried, rule) {
        (true, 0) => ("yes", "✓ "),
        (true, _) => ("no", "✕ "),
        (false, _) => ("", ""),
    };
    let onclick = on_step.reform(move |_: MouseEvent| Step::Guess(rule));
    html! {
        <button {class} disabled={is_tried || challenge.is_named()} data-testid="rule" data-rule={rule.to_string()} {onclick}>
            { sign }{ &challenge.level.rules[rule] }
        </button>
    }
}

/// The same run in the store that has the rule.
fn whole(challenge: &Challenge, on_step: &Callback<Step>) -> Html {
    let step = |step: Step| on_step.reform(move |_: MouseEvent| step);
    let rule = challenge.level.rules.first().map_or("", String::as_str);
    let words = match &challenge.attempt().standing {
        Standing::Kept => "the promise holds.".into(),
        Standing::Over(_) => "by now nobody promises it any more.".into(),
        Standing::Open => "it is not decided yet.".into(),
        Standing::Broken(why) => format!("it is broken, too: {why}."),
    };
    let is_kept = challenge.attempt().standing == Standing::Kept;
    html! { <>
        <p class={classes!("standing", if is_kept { "fine" } else { "hint" })} role="status" data-testid="whole">
            <span aria-hidden="true">{ if is_kept { "✓ " } else { "… " } }</span><b>{ "The rule is on" }</b>{ format!(" ({rule}). Same seed, same faults, and {words}") }
        </p>
        <p>{ "Go through it with the bar, or play on: does it still break?" }</p>
        <div class="verbs">
            if let Some(next) = lessons::after_level(challenge.text.file) {
                <a class="button primary" href={format!("#level/{}", next.file)}>{ "Next: " }{ &next.title }</a>
            }
            <button onclick={step(Step::Broken)}>{ "The run without it" }</button>
            <a class="button" href="#levels">{ "All levels" }</a>
        </div>
    </> }
}

fn counted(faults: usize) -> String {
    match faults {
        0 => "no fault".into(),
        1 => "1 fault".into(),
        many => format!("{many} faults"),
    }
}

/// Which they are.
fn listed(faults: &[FaultKind]) -> String {
    match faults {
        [] => ".".into(),
        faults => format!(" ({}).", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Rules in an order that does not tell which is missing: that of their texts.
fn in_order(rules: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rules.len()).collect();
    order.sort_by_key(|rule| &rules[*rule]);
    order
}
