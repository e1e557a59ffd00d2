//! The front page: the map leads to every store, and its figures are computed; and in a store the composer changes one socket at a time.

use serde_json::json;

use crate::NARROW;
use crate::harness::{Page, Screen, WIDE, browse, site};

/// Opens the front page.
async fn home(page: &Page) {
    page.go("about:blank").await;
    page.go(site()).await;
    page.until("the map is shown", "return document.querySelector('[data-testid=front]') !== null").await;
}

async fn at_home(screen: Screen, story: impl FnOnce(Page) -> crate::harness::Story + Send + 'static) {
    browse(screen, |page| {
        Box::pin(async move {
            home(&page).await;
            story(page).await;
        })
    })
    .await;
}

/// Waits for the last field of the matrix.
async fn all_lived(page: &Page) {
    let fields = "return document.querySelectorAll('.matrix td[data-weather]').length === 55";
    page.until("all runs are lived", fields).await;
}

#[tokio::test]
async fn the_map_leads_to_a_store_and_home_again() {
    at_home(WIDE, |page| {
        Box::pin(async move {
            let cards = "return document.querySelectorAll('.store-card').length";
            assert_eq!(page.script(cards).await, 11);
            page.until(
                "every card has its picture",
                "return document.querySelectorAll('.store-card .cluster').length === 11",
            )
            .await;
            page.click("[data-testid=card-raft] a").await;
            page.until("the store is there", "return document.querySelector('[data-node=S1]') !== null").await;
            let pressed = "return document.querySelector('[data-testid=exhibit-raft]').getAttribute('aria-pressed')";
            assert_eq!(page.script(pressed).await, "true");
            page.click("[data-testid=home]").await;
            page.until("home again", "return document.querySelectorAll('.store-card').length === 11").await;
            page.script("history.back(); return true").await;
            page.until("and back", "return document.querySelector('[data-node=S1]') !== null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_starts_with_a_lesson_by_one_click() {
    at_home(WIDE, |page| {
        Box::pin(async move {
            page.click("[data-testid=start]").await;
            page.until("the lesson is there", "return document.querySelector('[data-testid=caption]') !== null").await;
            assert!(page.text("[data-testid=caption]").await.contains("One server keeps everything"));
        })
    })
    .await;
}

#[tokio::test]
async fn a_lesson_that_there_is_not_is_said_in_a_sentence() {
    crate::harness::read(WIDE, "lesson/nothing", |page| {
        Box::pin(async move {
            let notice = page.text("[data-testid=notice] span").await;
            assert!(notice.contains("There is no lesson `nothing` here"), "{notice}");
        })
    })
    .await;
}

#[tokio::test]
async fn the_matrix_is_computed_and_its_fields_lead_to_their_runs() {
    at_home(WIDE, |page| {
        Box::pin(async move {
            all_lived(&page).await;
            assert!(page.text("[data-testid=surveyed]").await.starts_with("Computed from 165 runs, seeds 1 to 3"));
            let field =
                |store: &str, weather: &str| format!(".matrix tr[data-store={store}] td[data-weather='{weather}']");
            let cut = page.text(&field("replicated", "A cut")).await;
            assert!(cut.contains("99 % | 99 % served"), "{cut}");
            let crash = page.text(&field("local", "One server down")).await;
            assert!(crash.contains("writes lost"), "{crash}");
            let rung = "return document.querySelector('.ladder [data-store=raft]').closest('li').dataset.level";
            assert_eq!(page.script(rung).await, "Linearizable");
            let price = page.text("[data-testid=card-local] .price").await;
            assert!(price.contains("2.0; half within"), "{price}");
            page.click(&format!("{} a", field("raft", "A cut"))).await;
            page.until("its run is there", "return document.querySelector('.link.cut') !== null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn the_runs_are_lived_again_with_other_seeds() {
    at_home(WIDE, |page| {
        Box::pin(async move {
            all_lived(&page).await;
            page.click("[data-testid=relive]").await;
            let fresh = "return document.querySelector('[data-testid=surveyed]').textContent.startsWith('Computed just now from 165 runs, seeds 4 to 6')";
            page.until("all runs are lived again", fresh).await;
            all_lived(&page).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_card_comes_alive_when_the_keyboard_reaches_it() {
    at_home(WIDE, |page| {
        Box::pin(async move {
            let picture = "document.querySelector('[data-testid=card-raft] .picture')";
            page.until("its still is there", &format!("return {picture}.querySelector('.cluster') !== null")).await;
            let still = page.script(&format!("return {picture}.innerHTML")).await;
            page.script("document.querySelector('[data-testid=card-raft] a').focus(); return true").await;
            page.until("it moves", &format!("return {picture}.innerHTML !== {still}")).await;
            assert_eq!(page.script(&format!("return {picture}.querySelectorAll('svg').length")).await, 1);
        })
    })
    .await;
}

#[tokio::test]
async fn the_front_page_fits_a_narrow_screen() {
    at_home(NARROW, |page| {
        Box::pin(async move {
            all_lived(&page).await;
            let overflow = page.script("return document.documentElement.scrollWidth - innerWidth").await;
            assert!(overflow.as_i64().expect("a number") <= 0, "{overflow} pixels too wide");
        })
    })
    .await;
}

#[tokio::test]
async fn the_composer_changes_one_socket_says_what_comes_of_it_and_takes_it_back() {
    crate::harness::read(WIDE, "replicated?seed=3", |page| {
        Box::pin(async move {
            page.click("[data-testid=open-options]").await;
            let button = |socket: &str, part: &str| format!("[data-socket={socket}] [data-part={part}]");
            let refused = "return [...document.querySelectorAll('[data-socket=Ordering] [aria-disabled=true]')].map(b => b.dataset.part)";
            assert_eq!(page.script(refused).await, json!(["vr", "raft", "multi-paxos", "rabia"]));
            page.click(&button("Ordering", "raft")).await;
            let why = page.text("[data-socket=Ordering] .would").await;
            assert!(why.contains("“Raft” goes with “Replication: None”. Choose that first."), "{why}");
            assert_eq!(page.script("return document.querySelector('[data-node=R1]') !== null").await, true, "nothing has changed");

            page.click(&button("Replication", "none")).await;
            page.until("one server", "return document.querySelectorAll('.node.server').length === 1").await;
            let said = page.text("[data-socket=Replication] .would").await;
            assert!(said.contains("This is the store Local.") && said.contains("+ Linearizable now"), "{said}");
            page.click(&button("Ordering", "raft")).await;
            page.until("three servers", "return document.querySelectorAll('.node.server').length === 3").await;
            page.until("the seed is the same", "return location.hash.startsWith('#raft?') && location.hash.includes('seed=3')").await;
            // What was there before stays with the run, and not with the panel.
            page.click("[data-testid=open-options]").await;
            page.until("it is closed", "return document.querySelector('[data-testid=options]') === null").await;
            page.click("[data-testid=open-options]").await;
            page.click("[data-testid=take-back]").await;
            page.click("[data-testid=take-back]").await;
            page.until("as before", "return document.querySelector('[data-node=R3]') !== null").await;
            assert_eq!(page.script("return document.querySelector('[data-testid=take-back]').disabled").await, true);
        })
    })
    .await;
}
