//! Stores with shards: servers join and leave by click, the ring shows what moves, and lessons are read.

use crate::harness::{Page, WIDE, read};
use crate::seek;

async fn moves(page: &Page) -> String {
    page.text("[data-testid=moves]").await
}

#[tokio::test]
async fn a_server_joins_by_click_and_about_a_quarter_of_the_keys_moves() {
    read(WIDE, "sharded?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=fill]").await;
            seek(&page, 12_000_000).await;
            assert_eq!(moves(&page).await, "120 keys, each with one home.");
            page.click("[data-testid=join-S4]").await;
            seek(&page, 16_000_000).await;
            let said = moves(&page).await;
            let moved: u32 = said.split(' ').nth(2).and_then(|word| word.parse().ok()).expect("a number");
            assert!(said.starts_with("View 2: ") && (15..=45).contains(&moved), "{said}");
            let marked = page.script("return document.querySelectorAll('.hash-ring .key.moved').length").await;
            assert_eq!(marked, moved);

            // And by the picture: it leaves again.
            page.click("[data-node=S4]").await;
            assert_eq!(page.text("[data-testid=membership]").await, "Leave");
            page.click("[data-testid=membership]").await;
            seek(&page, 20_000_000).await;
            assert!(moves(&page).await.starts_with(&format!("View 3: {moved} of 120")), "{}", moves(&page).await);

            // The whole of it is in the address.
            page.until("the address follows", "return location.hash.includes('at=20s')").await;
            let address = page.address().await;
            page.open("replicated").await;
            page.open(address.split_once('#').expect("a fragment").1).await;
            assert!(moves(&page).await.starts_with("View 3: "), "{}", moves(&page).await);
        })
    })
    .await;
}

#[tokio::test]
async fn a_lesson_is_read_answered_and_left_by_doing_something() {
    read(WIDE, "sharded-causal", |page| {
        Box::pin(async move {
            page.click("[data-testid=open-schedule]").await;
            page.choose("[data-testid=lesson]", "reply_waits_for_insult").await;
            let has_come = "return document.querySelector('[data-testid=schedule-input]').value.includes('insult')";
            page.until("its text is there", has_come).await;
            page.click("[data-testid=run-schedule]").await;
            page.until("the lesson begins", "return document.querySelector('[data-testid=caption]') !== null").await;
            assert!(page.text("[data-testid=caption]").await.contains("two replicas that cannot hear each other"));
            page.click("[data-testid=lesson-next]").await;
            page.click("[data-testid=lesson-next]").await;
            let words = page.text("[data-testid=caption]").await;
            assert!(words.contains("What does she get?"), "{words}");
            page.click(".caption .answers button:nth-child(2)").await;
            assert!(page.text("[data-testid=caption]").await.contains("Not quite"));
            page.click("[data-testid=lesson-next]").await;
            assert!(page.text("[data-testid=caption]").await.contains("That is the end"));
            page.click("[data-testid=put]").await;
            let waits = "return document.querySelector('[data-testid=lesson-return]') !== null";
            page.until("it is another run, and the lesson waits", waits).await;
        })
    })
    .await;
}
