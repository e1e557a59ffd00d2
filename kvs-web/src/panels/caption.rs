use kvs_core::sim::schedule::Words;
use yew::prelude::*;

use crate::lessons;
use crate::reading::{Dot, Lesson, Reply};

/// What a reader does with a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Show the words at this place.
    Turn(usize),
    /// This is the answer, by its place.
    Answer(usize),
    /// Play on alone from here.
    OnMyOwn,
    /// Come back to where the lesson was.
    Back,
    /// Read it no longer.
    Leave,
}

#[derive(Properties, PartialEq)]
pub struct CaptionProps {
    pub lesson: Lesson,
    pub on_step: Callback<Step>,
}

/// A lesson at its present place: its dots, and a caption, or a question with its answers.
#[component]
pub fn Caption(props: &CaptionProps) -> Html {
    let lesson = &props.lesson;
    let (place, count) = (lesson.place, lesson.words.len());
    let step = |step: Step| props.on_step.reform(move |_: MouseEvent| step);
    let body = match lesson.words.get(place) {
        _ if lesson.is_away() => html! {
            <p>{ "You are on your own: click, cut, ask what you like. The lesson waits where you left it." }</p>
        },
        Some((_, Words::Caption(text))) => html! { <p>{ text }</p> },
        Some((_, Words::Question { question, answers, .. })) => {
            html! { <>
                <p><b>{ question }</b></p>
                { self::answers(answers, lesson.reply(), &props.on_step) }
            </> }
        }
        None => end(lesson),
    };
    let turn = if lesson.is_away() {
        html! {
            <div class="verbs turn">
                <button class="primary" data-testid="lesson-return" onclick={step(Step::Back)}>{ "Back to the lesson" }</button>
                <span class="grow"></span>
                <button class="quiet" onclick={step(Step::Leave)}>{ "Leave the lesson" }</button>
            </div>
        }
    } else {
        html! {
            <div class="verbs turn">
                <button data-testid="lesson-back" disabled={place == 0} onclick={step(Step::Turn(place.saturating_sub(1)))}>{ "◀ Back" }</button>
                <button class="primary" data-testid="lesson-next" disabled={place >= count} onclick={step(Step::Turn(place + 1))}>{ "Next ▶" }</button>
                <span class="hint">{ if place < count { format!("{} of {count}", place + 1) } else { "the end".into() } }</span>
                <span class="grow"></span>
                <button class="quiet" data-testid="lesson-own" onclick={step(Step::OnMyOwn)}>{ "Play on my own from here" }</button>
                <button class="quiet" onclick={step(Step::Leave)}>{ "Leave the lesson" }</button>
            </div>
        }
    };
    html! {
        <section class="panel caption" aria-label="Lesson" data-testid="caption" data-place={place.to_string()}>
            <header>
                if let Some(title) = &lesson.title { <h2>{ title }</h2> }
                <ol class="dots" aria-label="Parts of the lesson">
                    { for lesson.dots().enumerate().map(|(place, each)| dot(place, count, each, step(Step::Turn(place)))) }
                </ol>
            </header>
            { body }
            { turn }
        </section>
    }
}

fn dot(place: usize, count: usize, dot: Dot, onclick: Callback<MouseEvent>) -> Html {
    let (class, sign) = match dot {
        Dot { question: Some(Some(true)), .. } => ("yes", "✓"),
        Dot { question: Some(Some(false)), .. } => ("no", "✕"),
        Dot { question: Some(None), .. } => ("question", "?"),
        Dot { is_seen: true, .. } => ("seen", ""),
        Dot { is_seen: false, .. } => ("", ""),
    };
    let label = format!("Part {} of {count}: {}", place + 1, dot.words());
    html! {
        <li><button {class} title={label.clone()} aria-label={label} aria-current={dot.is_current.then_some("step")} data-dot={place.to_string()} {onclick}>
            <i aria-hidden="true">{ sign }</i>
        </button></li>
    }
}

/// The answers to choose from, and what the run says to the one that was chosen.
fn answers(answers: &[String], reply: Option<Reply<'_>>, on_step: &Callback<Step>) -> Html {
    let button = |number: usize| {
        let class = match reply {
            Some(_) if number == 0 => "yes",
            Some(reply) if reply.chosen == number => "no",
            _ => "",
        };
        let sign = match class {
            "yes" => "✓ ",
            "no" => "✕ ",
            _ => "",
        };
        let onclick = on_step.reform(move |_: MouseEvent| Step::Answer(number));
        html! {
            <button {class} disabled={reply.is_some()} data-testid="answer" data-answer={answers[number].clone()} {onclick}>
                { sign }{ &answers[number] }
            </button>
        }
    };
    html! { <>
        <div class="verbs answers">{ for in_order(answers).into_iter().map(button) }</div>
        <p class="hint" role="status" data-testid="reply">{ match reply {
            None => html! { "What do you think?" },
            Some(reply) => html! { <>
                <b>{ if reply.is_right() { "Yes." } else { "Not quite." } }</b>
                if let Some(shown) = reply.shown {
                    { " Go on and see. The run says: " }<code>{ &shown.line }</code>
                }
            </> },
        } }</p>
    </> }
}

/// What is said after the last words.
fn end(lesson: &Lesson) -> Html {
    let next = lesson.file.and_then(lessons::after);
    let level = lesson.file.and_then(lessons::level);
    html! { <>
        <p>{ "That is the end. Go back in it with the dots, or change something and see what comes of it." }</p>
        if lesson.file.is_some() { <p class="onward">
            if let Some(next) = next {
                <a class="button" data-testid="next-lesson" href={format!("#lesson/{}", next.file)}>{ "Next lesson: " }{ &next.title }</a>
            }
            if let Some(level) = level {
                <a class="button" href={format!("#level/{}", level.file)}>{ "Now you: break it yourself" }</a>
            }
            <a class="button" href="#lessons">{ "All lessons" }</a>
        </p> }
    </> }
}

/// Answers in an order that does not tell which is right: that of their texts.
fn in_order(answers: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..answers.len()).collect();
    order.sort_by_key(|number| &answers[*number]);
    order
}
