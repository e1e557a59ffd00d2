use kvs_core::zoo::catalog;
use yew::prelude::*;

use crate::lessons::{LessonText, by_store, levels};
use crate::progress::{LessonMark, LevelMark, recall};

/// What is on the shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// All lessons, store by store.
    Lessons,
    /// All levels of the broken zoo.
    Levels,
}

#[derive(Properties, PartialEq)]
pub struct ShelfProps {
    pub shelf: Shelf,
}

/// A page of its own: what there is to read, or to break, and what was done of it.
#[component]
pub fn ShelfPage(props: &ShelfProps) -> Html {
    let tab = |shelf: Shelf, title: &'static str, href: &'static str| {
        let current = (props.shelf == shelf).then_some("page");
        html! { <a class="tab" {href} aria-current={current}>{ title }</a> }
    };
    html! {
        <div class="page shelf" data-testid="shelf">
            <header class="top">
                <h1><a href="#">{ "KVS Zoo" }</a></h1>
                <nav class="shelves" aria-label="What to do">
                    { tab(Shelf::Lessons, "Lessons", "#lessons") }
                    { tab(Shelf::Levels, "The broken zoo", "#levels") }
                </nav>
            </header>
            <main class="reading">{ match props.shelf {
                Shelf::Lessons => all_lessons(),
                Shelf::Levels => all_levels(),
            } }</main>
        </div>
    }
}

fn all_lessons() -> Html {
    html! { <>
        <h2>{ "Lessons" }</h2>
        <p class="intro">{ "Each is a run of a minute or two, with a question before the step that surprises. Begin anywhere; the first of each store takes nothing for granted." }</p>
        { for by_store().map(|(store, lessons)| shelf_of(store, &lessons)) }
    </> }
}

fn shelf_of(store: &str, lessons: &[&'static LessonText]) -> Html {
    let marks: Vec<LessonMark> = lessons.iter().map(|lesson| recall(lesson.file).unwrap_or_default()).collect();
    let read = marks.iter().filter(|mark| mark.is_done()).count();
    html! {
        <section class="of-store">
            <h3>{ store }{ " " }<small>{ format!("{read} of {} read", lessons.len()) }</small></h3>
            <ul class="lesson-cards">
                { for lessons.iter().zip(marks).enumerate().map(|(place, (lesson, mark))| lesson_card(lesson, mark, place == 0)) }
            </ul>
        </section>
    }
}

fn lesson_card(lesson: &LessonText, mark: LessonMark, is_first: bool) -> Html {
    let (class, state) = match mark {
        _ if lesson.trouble.is_some() => ("unread", "cannot be read".into()),
        mark if mark.is_done() => ("done", "✓ read".to_owned()),
        LessonMark { seen: 0, .. } if is_first => ("start", "start here".into()),
        LessonMark { seen: 0, .. } => ("", String::new()),
        LessonMark { seen, of, .. } => ("begun", format!("{seen} of {of}")),
    };
    html! {
        <li><a class={classes!("lesson-card", class)} data-lesson={lesson.file} href={format!("#lesson/{}", lesson.file)}>
            <span class="head"><b>{ &lesson.title }</b><small class="state">{ state }</small></span>
            <span class="blurb">{ lesson.trouble.as_ref().unwrap_or(&lesson.about) }</span>
        </a></li>
    }
}

fn all_levels() -> Html {
    html! { <>
        <h2>{ "The broken zoo" }</h2>
        <p class="intro">{ "In each of these stores one rule is switched off. Break what the store promises, with as few faults as you can; then say which rule is missing, and see the same run with it on." }</p>
        <ul class="lesson-cards">{ for levels().iter().map(level_card) }</ul>
    </> }
}

fn level_card(lesson: &LessonText) -> Html {
    let mark: Option<LevelMark> = recall(lesson.file);
    let par = lesson.level.as_ref().map_or(0, |level| level.par);
    let (class, state) = match mark {
        _ if lesson.trouble.is_some() => ("unread", "cannot be read".into()),
        None => ("", format!("par {par}")),
        Some(LevelMark { faults, named }) => {
            let word = if faults == 1 { "fault" } else { "faults" };
            let class = if named && faults <= par { "done" } else { "begun" };
            (class, format!("{}broken with {faults} {word}, par {par}", if named { "✓ " } else { "" }))
        }
    };
    let store = lesson.store.map_or("", |store| catalog::exhibit_of(store).title);
    html! {
        <li><a class={classes!("lesson-card", class)} data-level={lesson.file} href={format!("#level/{}", lesson.file)}>
            <span class="head"><b>{ &lesson.title }</b><small class="state">{ state }</small></span>
            <span class="blurb">{ lesson.trouble.as_ref().unwrap_or(&lesson.about) }</span>
            <small class="store">{ store }</small>
        </a></li>
    }
}
