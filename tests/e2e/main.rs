//! The built page in a real browser, as a reader uses it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod access;
mod compare;
mod disks;
mod embed;
mod front;
mod harness;
mod lessons;
mod shards;
mod verdicts;

use harness::{NARROW, Page, Screen, WIDE, read};
use serde_json::Value;

const STILL: Screen = Screen { flags: &["--force-prefers-reduced-motion"], ..WIDE };

/// Lives on to an instant, as a reader would with the bar: by the address, which takes everything else along.
async fn seek(page: &Page, us: u64) {
    let script = format!(
        "const bar = document.querySelector('[data-testid=seek]');
         bar.max = Math.max(bar.max, {us}); bar.value = {us};
         bar.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); return true"
    );
    page.script(&script).await;
    page.until(
        "the time is there",
        &format!("return Number(document.querySelector('[data-testid=now]').dataset.us) === {us}"),
    )
    .await;
}

async fn now_us(page: &Page) -> u64 {
    let now = page.script("return Number(document.querySelector('[data-testid=now]').dataset.us)").await;
    now.as_u64().expect("a number")
}

/// What a server holds under a key, as the table says.
async fn held(page: &Page, key: &str, server: &str) -> String {
    page.text(&format!("[data-testid=holdings] tr[data-key='{key}'] td[data-server={server}]")).await
}

/// The outcome of the newest operation.
async fn answer(page: &Page) -> String {
    page.text("[data-testid=answers] li:first-child .outcome").await
}

#[tokio::test]
async fn a_reader_cuts_reads_stale_heals_and_sees_agreement() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-link=R1-R2]").await;
            page.click("[data-link=R1-R3]").await;
            page.until("both links are cut", "return document.querySelectorAll('.link.cut').length === 2").await;
            page.fill("[data-testid=key]", "color").await;
            page.fill("[data-testid=value]", "red").await;
            page.click("[data-testid=put]").await;
            seek(&page, 2_000_000).await;
            assert_eq!(answer(&page).await, "ok");

            page.click("[data-testid=get-R3]").await;
            seek(&page, 3_000_000).await;
            assert_eq!(answer(&page).await, "none", "the other side has not heard");
            assert_eq!(
                (held(&page, "color", "R1").await, held(&page, "color", "R3").await),
                ("red".into(), "none".into())
            );
            assert_eq!(
                page.script("return document.querySelector('[data-testid=holdings]').dataset.agree").await,
                "false"
            );

            page.click("[data-link=R1-R2]").await;
            page.click("[data-link=R1-R3]").await;
            seek(&page, 20_000_000).await;
            assert_eq!(held(&page, "color", "R3").await, "red");
            assert_eq!(
                page.script("return document.querySelector('[data-testid=holdings]').dataset.agree").await,
                "true"
            );
            page.click("[data-testid=get-R3]").await;
            seek(&page, 21_000_000).await;
            assert_eq!(answer(&page).await, "red");
        })
    })
    .await;
}

#[tokio::test]
async fn a_step_back_undoes_a_step() {
    read(WIDE, "replicated?seed=3", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            for _ in 0..4 {
                page.click("[data-testid=step]").await;
            }
            let look = "return [document.querySelector('svg.cluster').outerHTML,
                                document.querySelector('[data-testid=now]').innerText,
                                document.querySelector('[data-testid=log]').innerText]";
            let before = page.script(look).await;
            page.click("[data-testid=step]").await;
            let after = page.script(look).await;
            assert_ne!(before, after, "a step changes something");
            page.click("[data-testid=step-back]").await;
            assert_eq!(page.script(look).await, before, "a step back shows what was there before");
            page.click("[data-testid=step]").await;
            assert_eq!(page.script(look).await, after, "and forward again, the same thing happens");
        })
    })
    .await;
}

#[tokio::test]
async fn a_shared_link_shows_the_same_run_at_the_same_moment() {
    read(WIDE, "replicated?seed=9&replicas=4", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            seek(&page, 700_000).await;
            page.click("[data-node=R2]").await;
            page.click("[data-testid=crash]").await;
            seek(&page, 1_234_000).await;
            let link = page.script("return document.querySelector('[data-testid=link]').value").await;
            let link = link.as_str().expect("text").to_owned();
            let follows = "return location.href === document.querySelector('[data-testid=link]').value";
            page.until("the address follows", follows).await;
            assert_eq!(page.address().await, link);
            let look = "return [document.querySelector('svg.cluster').textContent,
                                document.querySelector('[data-testid=now]').innerText,
                                document.querySelector('[data-testid=log]').innerText]";
            let here = page.script(look).await;
            let fragment = link.split_once('#').expect("a fragment").1.to_owned();
            page.open(&fragment).await;
            assert_eq!(now_us(&page).await, 1_234_000);
            assert_eq!(page.script(look).await, here);
            assert_eq!(page.script("return document.querySelectorAll('.node.down').length").await, 1);
        })
    })
    .await;
}

#[tokio::test]
async fn a_damaged_link_says_so_in_a_sentence_and_shows_the_default_run() {
    read(WIDE, "replicated?v=1&seed=5&run=AQIDBA&sum=zzzz", |page| {
        Box::pin(async move {
            let notice = page.text("[data-testid=notice] span").await;
            assert!(notice.contains("This link is damaged"), "{notice}");
            assert_eq!(page.script("return document.querySelectorAll('.node.server').length").await, 3);
            page.click("[data-testid=notice] button").await;
            page.until("the sentence is gone", "return document.querySelector('[data-testid=notice]') === null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_message_in_flight_can_be_held_and_dropped() {
    read(WIDE, "local?seed=2", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            page.click("[data-message]").await;
            page.click("[data-testid=hold]").await;
            page.until("it is held", "return document.querySelector('.message.held') !== null").await;
            seek(&page, 250_000).await;
            assert_eq!(page.script("return document.querySelectorAll('.message.held').length").await, 1);
            page.click("[data-testid=drop]").await;
            page.until("it is gone", "return document.querySelector('.message') === null").await;
            let log = page.text("[data-testid=log]").await;
            assert!(log.contains("Request from C1 to S1 is lost: you dropped it"), "{log}");
            // The client asks again by itself.
            seek(&page, 900_000).await;
            assert_eq!(answer(&page).await, "ok");
        })
    })
    .await;
}

#[tokio::test]
async fn playing_moves_time_and_pausing_stops_it() {
    read(WIDE, "replicated", |page| {
        Box::pin(async move {
            assert_eq!(now_us(&page).await, 0, "nothing moves before the reader asks");
            page.click("[data-testid=put]").await;
            page.click("[data-testid=play]").await;
            page.until("time passes", "return Number(document.querySelector('[data-testid=now]').dataset.us) > 20000")
                .await;
            let moving = "return document.querySelector('[data-message]')?.getAttribute('transform') ?? ''";
            page.until("a message is under way", "return document.querySelector('[data-message]') !== null").await;
            let place = page.script(moving).await;
            page.until("it moves", &format!("{moving} !== {place}", moving = moving.replace("?? ''", "?? '?'"))).await;
            page.click("[data-testid=play]").await;
            let then = now_us(&page).await;
            page.script("return new Promise(resolve => setTimeout(resolve, 300))").await;
            assert_eq!(now_us(&page).await, then);
        })
    })
    .await;
}

#[tokio::test]
async fn everything_can_be_done_by_keyboard() {
    read(STILL, "replicated", |page| {
        Box::pin(async move {
            let press = |key: &str, on: &str| {
                format!("{on}.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true, composed: true, cancelable: true }})); return true")
            };
            let link = "document.querySelector('[data-link=R1-R2]')";
            page.script(&format!("{link}.focus(); {}", press("Enter", link))).await;
            page.until("the link is cut", "return document.querySelector('[data-link=R1-R2]').getAttribute('aria-pressed') === 'true'").await;
            assert_eq!(page.script("return document.activeElement.dataset.link").await, "R1-R2", "the focus stays");
            page.script(&press("2", "document.body")).await;
            page.script(&press("c", "document.body")).await;
            page.until("R2 is down", "return document.querySelector('[data-node=R2]').classList.contains('down')").await;
            page.script(&press("u", "document.body")).await;
            page.until("undone", "return document.querySelector('[data-node=R2]').classList.contains('up')").await;
            page.script(&press(".", "document.body")).await;
            page.until("a step", "return Number(document.querySelector('[data-testid=now]').dataset.us) > 0").await;
            page.script(&press("?", "document.body")).await;
            page.until("the help opens", "return document.querySelector('[data-testid=help]') !== null").await;
            page.script(&press("Escape", "document.body")).await;
            page.until("and closes", "return document.querySelector('[data-testid=help]') === null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused_at_the_field() {
    read(WIDE, "replicated", |page| {
        Box::pin(async move {
            page.click("[data-testid=open-options]").await;
            page.script(
                "const field = document.getElementById('option-replicas'); field.value = '9000';
                         field.dispatchEvent(new Event('change', { bubbles: true })); return true",
            )
            .await;
            page.until("a sentence", "return document.querySelector('.options .trouble') !== null").await;
            let sentence = page.text(".options .trouble").await;
            assert!(sentence.contains("must be a number from 1 to 1000"), "{sentence}");
            assert_eq!(page.script("return document.querySelectorAll('.node.server').length").await, 3);
            page.script(
                "const field = document.getElementById('option-replicas'); field.value = '5';
                         field.dispatchEvent(new Event('change', { bubbles: true })); return true",
            )
            .await;
            page.until("five replicas", "return document.querySelectorAll('.node.server').length === 5").await;
            page.choose("#option-values", "lww").await;
            page.until("the address has it", "return location.hash.includes('values=lww')").await;
        })
    })
    .await;
}

#[tokio::test]
async fn odd_keys_and_values_are_shown_as_themselves() {
    read(WIDE, "local", |page| {
        Box::pin(async move {
            for (key, value) in [("", ""), ("🦓", "שלום"), ("<b>", "\\\"&\\\"")] {
                let set = |id: &str, text: &str| format!("{{ const f = document.querySelector('[data-testid={id}]'); f.value = \"{text}\"; f.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); }}");
                page.script(&format!("{} {} return true", set("key", key), set("value", value))).await;
                page.click("[data-testid=put]").await;
            }
            seek(&page, 3_000_000).await;
            let table = page.text("[data-testid=holdings]").await;
            for shown in ["🦓", "שלום", "<b>", "\"&\""] {
                assert!(table.contains(shown), "{shown} in {table}");
            }
            let long = "x".repeat(65);
            page.fill("[data-testid=key]", &long).await;
            page.until("it is refused", "return document.querySelector('.operations .trouble') !== null").await;
            let sentence = page.text(".operations .trouble").await;
            assert!(sentence.contains("A key has at most 64 characters, this one has 65."), "{sentence}");
            assert_eq!(page.script("return document.querySelector('[data-testid=put]').disabled").await, Value::Bool(true));
        })
    })
    .await;
}

#[tokio::test]
async fn a_schedule_runs_in_the_page() {
    read(WIDE, "replicated", |page| {
        Box::pin(async move {
            page.click("[data-testid=open-schedule]").await;
            page.fill("[data-testid=schedule-input]", "put alpha=a3 -> R1 expect ok\nsettle\nexpect R3 alpha = a3")
                .await;
            page.click("[data-testid=run-schedule]").await;
            page.until("a verdict", "return document.querySelector('[data-testid=schedule-verdict]') !== null").await;
            let verdict = page.text("[data-testid=schedule-verdict]").await;
            assert!(verdict.contains("All it expects holds"), "{verdict}");
            assert_eq!(held(&page, "alpha", "R1").await, "a3");
            page.fill("[data-testid=schedule-input]", "put k=x -> R1\nfrob").await;
            page.click("[data-testid=run-schedule]").await;
            page.until("an error", "return document.querySelector('[data-testid=schedule-verdict].trouble') !== null")
                .await;
            let verdict = page.text("[data-testid=schedule-verdict]").await;
            assert!(verdict.contains("line 2, column 1: expected a statement"), "{verdict}");
            assert_eq!(held(&page, "alpha", "R1").await, "a3", "the run is untouched");
        })
    })
    .await;
}

#[tokio::test]
async fn nothing_sticks_out_of_a_narrow_screen() {
    read(NARROW, "replicated", |page| {
        Box::pin(async move {
            for store in ["sharded", "sharded-replicated", "sharded-causal"] {
                page.open(store).await;
                page.click("[data-testid=put]").await;
                page.click("[data-testid=fill]").await;
                let overflow = page.script("return document.documentElement.scrollWidth - innerWidth").await;
                assert!(overflow.as_i64().expect("a number") <= 0, "{store}: {overflow} pixels too wide");
            }
            page.open("replicated").await;
            page.click("[data-testid=put]").await;
            for open in ["open-options", "open-schedule", "open-history", "open-help"] {
                page.click(&format!("[data-testid={open}]")).await;
                let overflow = page.script("return document.documentElement.scrollWidth - innerWidth").await;
                assert!(overflow.as_i64().expect("a number") <= 0, "{open}: {overflow} pixels too wide");
            }
            let small = page
                .script(
                    "return [...document.querySelectorAll('button, select, input')].filter(e => e.offsetParent)
                        .filter(e => { const r = e.getBoundingClientRect(); return r.height < 23.5 || r.width < 23.5 })
                        .map(e => e.outerHTML.slice(0, 80))",
                )
                .await;
            assert_eq!(small, serde_json::json!([]), "everything is large enough for a finger");
        })
    })
    .await;
}
