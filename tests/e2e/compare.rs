//! Several runs side by side: the same storm over several stores, and what if one message had met another fate.

use fantoccini::key::Key;

use crate::harness::{Page, WIDE, read};

const READY: &str = "return document.querySelector('[data-testid=compare]')?.dataset.ready === 'true'";

async fn all_now_us(page: &Page) -> u64 {
    let now = page.script("return Number(document.querySelector('[data-testid=all-now]').dataset.us)").await;
    now.as_u64().expect("a number")
}

#[tokio::test]
async fn one_storm_comes_over_several_stores_and_a_click_on_a_chart_goes_there() {
    read(WIDE, "storm?weather=cable&seed=1&store=replicated&store=raft", |page| {
        Box::pin(async move {
            page.until("both runs are lived to the end", READY).await;
            let figure = async |lane: &str, name: &str| {
                page.text(&format!("[data-lane='{lane}'] [data-figure={name}] dd")).await
            };
            assert_eq!(figure("Raft", "linearizable").await, "✓ yes");
            assert_eq!(figure("Replicated", "linearizable").await, "✕ no (not promised)");
            assert!(figure("Replicated", "stale").await.contains(" old"));
            assert!(figure("Raft", "answered").await.contains(" of "));

            // A hand clicks in the middle, which is ten seconds in, and so between two stretches of half a second.
            page.click("[data-chart=latency] [data-strip='1']").await;
            let now = all_now_us(&page).await;
            assert!((9_500_000..10_500_000).contains(&now), "{now}");
            let bar = page.script("return Number(document.querySelector('[data-testid=all-seek]').value)").await;
            assert_eq!(bar.as_u64(), Some(now));
            page.until("the address follows", "return /&at=(9.[5-9]|10.[0-4])/.test(location.hash)").await;

            // The keyboard points to a stretch, hears its value, and goes there.
            page.script("document.querySelector('[data-chart=staleness] [data-strip=\"0\"]').focus()").await;
            page.press(Key::Home).await;
            let says = "return document.activeElement.getAttribute('aria-valuetext')";
            assert!(page.script(says).await.as_str().is_some_and(|says| says.starts_with("0 ms: ")));
            page.press(Key::Enter).await;
            assert_eq!(all_now_us(&page).await, 0);

            page.choose("[data-testid=add-store]", "local").await;
            page.until("there are three", "return document.querySelectorAll('[data-lane]').length === 3").await;
            page.until("it is lived, too", READY).await;
            page.click("[data-lane=Replicated] [data-testid=remove-lane]").await;
            page.until("there are two", "return document.querySelectorAll('[data-lane]').length === 2").await;
            page.click("[data-testid=weather-calm]").await;
            page.until("the address follows", "return location.hash.includes('weather=calm&seed=1&store=raft&store=local')").await;
            page.until("all is lived", READY).await;
            assert!(figure("Local", "answered").await.starts_with(char::is_numeric));
            assert!(!figure("Local", "answered").await.contains("unknown"));

            page.click("[data-lane=Raft] [data-testid=open-lane]").await;
            page.until("it is alone", "return document.querySelector('[data-testid=storm]') === null && document.querySelector('[data-testid=seek]') !== null").await;
            assert!(page.address().await.contains("#raft?"));
        })
    })
    .await;
}

#[tokio::test]
async fn a_link_that_makes_no_sense_shows_a_storm_and_a_sentence() {
    read(WIDE, "storm?store=elephant&store=raft", |page| {
        Box::pin(async move {
            page.until("the usual storm is there", READY).await;
            assert!(page.text("[data-testid=notice]").await.contains("elephant"));
        })
    })
    .await;
}

#[tokio::test]
async fn what_if_a_message_were_lost_shows_two_futures_and_keeps_one() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            let pick = async || {
                page.click("[data-testid=in-flight] .chip").await;
                page.until(
                    "it can be asked about",
                    "return document.querySelector('[data-testid=what-if-lost]') !== null",
                )
                .await;
            };
            page.click("[data-testid=put]").await;
            pick().await;
            page.click("[data-testid=what-if-twice]").await;
            page.until("both futures are lived", READY).await;
            page.press(Key::Escape).await;
            let is_gone = "return document.querySelector('[data-testid=what-if]') === null";
            page.until("it is closed", is_gone).await;
            assert!(!page.text("[data-testid=log]").await.contains("copy"), "nothing was kept");

            pick().await;
            page.click("[data-testid=what-if-lost]").await;
            page.until("both futures are lived", READY).await;
            let lanes = page
                .script("return [...document.querySelectorAll('[data-lane]')].map(lane => lane.dataset.lane)")
                .await;
            assert_eq!(lanes, serde_json::json!(["As it is", "If it were lost"]));
            page.until(
                "where they part is said",
                "return document.querySelector('[data-testid=go-to-parting]') !== null",
            )
            .await;
            assert!(page.text("[data-testid=parting]").await.contains("R1 receives"));
            page.click("[data-testid=go-to-parting]").await;
            let parting =
                page.script("return Number(document.querySelector('[data-testid=parting]').dataset.us)").await;
            assert_eq!(parting.as_u64(), Some(all_now_us(&page).await));

            page.click("[data-testid=what-if-keep]").await;
            page.until("it is closed", is_gone).await;
            assert!(page.text("[data-testid=log]").await.contains("you dropped it"));
            page.click("[data-testid=undo]").await;
            page.until(
                "it is undone",
                "return !document.querySelector('[data-testid=log]').innerText.includes('you dropped it')",
            )
            .await;
        })
    })
    .await;
}

#[tokio::test]
async fn what_if_is_asked_of_what_has_happened_in_the_story() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            for _ in 0..6 {
                page.click("[data-testid=step]").await;
            }
            page.choose("[data-testid=log-filter]", "Every message").await;
            page.until("a message has come", "return document.querySelector('[data-testid=log]').innerText.includes('R1 receives')").await;
            let ask = "const line = [...document.querySelectorAll('[data-testid=log] li')].find(li => li.innerText.includes('R1 receives')); \
                line.querySelector('[data-testid=ask-what-if]').click()";
            page.script(ask).await;
            page.click("[data-testid=log] [data-testid=what-if-lost]").await;
            page.until("both futures are lived", READY).await;
            assert!(page.text("[data-testid=parting]").await.contains("R1 receives"));
            page.click("[data-testid=what-if-keep]").await;
            page.until(
                "it did not come",
                "const log = document.querySelector('[data-testid=log]').innerText; return log.includes('you dropped it') && !log.includes('R1 receives')",
            )
            .await;
            page.click("[data-testid=undo]").await;
            page.until("as before", "return !document.querySelector('[data-testid=log]').innerText.includes('you dropped it')").await;
        })
    })
    .await;
}
