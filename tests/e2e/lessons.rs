//! Lessons and levels: found on their pages, read and played to the end, and remembered.

use super::harness::{Page, Screen, WIDE, browse, read, site};
use super::{NARROW, answer, now_us, seek};

const LESSONS: &str = "return document.querySelector('[data-testid=shelf]') !== null";

/// Lives on for a while.
async fn live(page: &Page, us: u64) {
    let now = now_us(page).await;
    seek(page, now + us).await;
}

async fn is_there(page: &Page, what: &str, selector: &str) {
    page.until(what, &format!("return document.querySelector(\"{selector}\") !== null")).await;
}

#[tokio::test]
async fn a_lesson_is_found_read_left_and_finished() {
    browse(WIDE, |page| {
        Box::pin(async move {
            page.go(&format!("{}#lessons", site())).await;
            page.until("the lessons are shown", LESSONS).await;
            assert!(page.text("[data-lesson=hello] .state").await.contains("start here"));
            page.click("[data-lesson=hello]").await;
            is_there(&page, "the lesson begins", "[data-testid=caption]").await;
            assert!(page.text("[data-testid=caption] h2").await.contains("Hello"));
            assert!(page.address().await.ends_with("#lesson/hello"));

            page.click("[data-testid=lesson-next]").await;
            page.click("[data-answer='an error']").await;
            let reply = page.text("[data-testid=reply]").await;
            assert!(reply.contains("Not quite") && reply.contains("C2: get y expect none"), "{reply}");
            let dots = "return [...document.querySelectorAll('.dots button')].map(dot => dot.getAttribute('aria-label')).join('; ')";
            let dots = page.script(dots).await;
            assert_eq!(dots, "Part 1 of 2: seen; Part 2 of 2: a question, not quite answered");

            page.click("[data-testid=lesson-own]").await;
            page.click("[data-testid=put]").await;
            live(&page, 500_000).await;
            assert_eq!(answer(&page).await, "ok");
            assert!(page.text("[data-testid=caption]").await.contains("on your own"));
            page.click("[data-testid=lesson-return]").await;
            is_there(&page, "the question is back", "[data-testid=reply]").await;

            page.click("[data-testid=lesson-next]").await;
            assert!(page.text("[data-testid=caption]").await.contains("That is the end"));
            assert_eq!(answer(&page).await, "none", "the run has shown the answer");
            page.click("[data-testid=next-lesson]").await;
            page.until("the next one begins", "return location.hash !== '#lesson/hello'").await;
            page.go(&format!("{}#lessons", site())).await;
            page.until("the lessons are shown", LESSONS).await;
            assert!(page.text("[data-lesson=hello] .state").await.contains("read"));
        })
    })
    .await;
}

#[tokio::test]
async fn who_does_something_in_a_lesson_finds_back_to_it() {
    read(WIDE, "lesson/stale-read", |page| {
        Box::pin(async move {
            page.click("[data-testid=lesson-next]").await;
            let before = now_us(&page).await;
            page.click("[data-link=R1-R2]").await;
            is_there(&page, "the lesson waits", "[data-testid=lesson-return]").await;
            live(&page, 700_000).await;
            page.click("[data-testid=lesson-return]").await;
            is_there(&page, "the question is back", "[data-testid=reply]").await;
            assert_eq!(now_us(&page).await, before);
        })
    })
    .await;
}

#[tokio::test]
async fn a_level_is_broken_named_and_seen_with_its_rule() {
    browse(WIDE, |page| {
        Box::pin(async move {
            page.go(&format!("{}#levels", site())).await;
            page.until("the levels are shown", LESSONS).await;
            page.click("[data-level=said_and_forgotten]").await;
            is_there(&page, "the level begins", "[data-testid=standing]").await;
            page.click("[data-testid=put]").await;
            live(&page, 150_000).await;
            assert_eq!(answer(&page).await, "ok");
            page.click("[data-node=S1]").await;
            page.click("[data-testid=crash]").await;
            page.click("[data-testid=restart-node]").await;
            page.click("[data-testid=get]").await;
            live(&page, 500_000).await;
            is_there(&page, "it is broken", "[data-testid=won]").await;
            let won = page.text("[data-testid=won]").await;
            assert!(won.contains("Broken with 1 fault. That is par."), "{won}");

            page.click("[data-rule='1']").await;
            assert!(page.text("[data-testid=level]").await.contains("Look again"));
            page.click("[data-rule='0']").await;
            page.click("[data-testid=with-rule]").await;
            is_there(&page, "the same run with the rule", "[data-testid=whole]").await;
            let whole = page.text("[data-testid=whole]").await;
            assert!(whole.contains("the promise holds"), "{whole}");

            page.go(&format!("{}#levels", site())).await;
            page.until("the levels are shown", LESSONS).await;
            let state = page.text("[data-level=said_and_forgotten] .state").await;
            assert!(state.contains("broken with 1 fault"), "{state}");
        })
    })
    .await;
}

#[tokio::test]
async fn what_was_done_is_saved_as_a_lesson_and_read_again() {
    read(WIDE, "local", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            live(&page, 500_000).await;
            page.click("[data-testid=save-lesson] > summary").await;
            page.fill("[data-testid=lesson-title]", "My own").await;
            page.click("[data-testid=save-lesson-button]").await;
            is_there(&page, "its text is shown", "[data-testid=lesson-text]").await;
            let text = page.text("[data-testid=lesson-text]").await;
            assert!(text.starts_with("title \"My own\"\nzoo local\n") && text.contains("say \"C1 asks"), "{text}");
            page.click("[data-testid=open-schedule]").await;
            page.fill("[data-testid=schedule-input]", &text).await;
            page.click("[data-testid=run-schedule]").await;
            is_there(&page, "it is read", "[data-testid=caption]").await;
            assert!(page.text("[data-testid=caption] h2").await.contains("My own"));
        })
    })
    .await;
}

#[tokio::test]
async fn shelves_lessons_and_levels_fit_a_narrow_screen() {
    browse(Screen { ..NARROW }, |page| {
        Box::pin(async move {
            for (fragment, selector) in [
                ("lessons", "[data-testid=shelf]"),
                ("levels", "[data-testid=shelf]"),
                ("lesson/hello", "[data-testid=caption]"),
                ("level/said_and_forgotten", "[data-testid=level]"),
            ] {
                page.go("about:blank").await;
                page.go(&format!("{}#{fragment}", site())).await;
                is_there(&page, fragment, selector).await;
                let overflow = page.script("return document.documentElement.scrollWidth - innerWidth").await;
                assert!(overflow.as_i64().expect("a number") <= 0, "{fragment}: {overflow} pixels too wide");
            }
        })
    })
    .await;
}
