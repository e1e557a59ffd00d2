//! Disks: what would be lost is shown, the plug is pulled, and what was lost is told; and clerks say what they think.

use crate::harness::{Page, WIDE, read};
use crate::{answer, seek};

async fn slide(page: &Page, slider: &str, percent: u32) {
    let script = format!(
        "const slider = document.querySelector('[data-testid={slider}]'); slider.value = {percent};
         for (const kind of ['input', 'change']) slider.dispatchEvent(new InputEvent(kind, {{ bubbles: true }}));
         return true"
    );
    page.script(&script).await;
    let shown = format!(
        "return document.querySelector('[data-testid={slider}]').previousElementSibling.innerText === '{percent}%'"
    );
    page.until("the slider is there", &shown).await;
}

#[tokio::test]
async fn what_is_not_synced_is_shown_and_lost_when_the_plug_is_pulled() {
    read(WIDE, "versioned?engine=flat-file&flat-file=rewrite-in-place&write-back=10s", |page| {
        Box::pin(async move {
            assert_eq!(page.text("[data-disk=S1] summary small").await, "nothing on its disk");
            page.click("[data-testid=put]").await;
            seek(&page, 200_000).await;
            assert!(answer(&page).await.starts_with("ok"), "{}", answer(&page).await);
            assert!(page.text("[data-testid=unsynced]").await.ends_with("B unsynced"));
            let unsynced = page.text("[data-file='store.jsonl'] .part.unsynced").await;
            assert!(unsynced.contains("only in the cache") && unsynced.contains("\"value\":\"1\""), "{unsynced}");
            let mark = page.script("return document.querySelector('[data-node=S1] .platter text').textContent").await;
            assert!(mark.as_str().is_some_and(|mark| mark.ends_with("B unsynced")), "{mark}");

            let lost = "Lost: x = 1 @1 (C1 was told that it is done).";
            page.click("[data-node=S1]").await;
            let forecast = page.text("[data-testid=forecast]").await;
            assert!(forecast.contains(lost), "{forecast}");
            assert_eq!(page.text("[data-testid=crash]").await, "Pull the plug");
            page.click("[data-testid=crash]").await;
            page.until("it is told", "return document.querySelector('[data-testid=aftermath]') !== null").await;
            let aftermath = page.text("[data-testid=aftermath]").await;
            assert!(aftermath.contains("The last power cut, at 200ms") && aftermath.contains(lost), "{aftermath}");
            assert_eq!(page.text("[data-disk=S1] summary small").await, "nothing on its disk");
            page.click("[data-testid=power-S1]").await;
            page.click("[data-testid=get]").await;
            seek(&page, 400_000).await;
            assert_eq!(answer(&page).await, "none");

            // What was written after the write-back has had its time survives.
            page.fill("[data-testid=version]", "0").await;
            page.click("[data-testid=put]").await;
            seek(&page, 20_000_000).await;
            assert_eq!(page.text("[data-disk=S1] summary .synced").await, "● all synced");
            let forecast = page.text("[data-testid=forecast-S1]").await;
            assert!(forecast.contains("Kept: x = 1 @") && !forecast.contains("Lost"), "{forecast}");
        })
    })
    .await;
}

#[tokio::test]
async fn packets_are_dropped_as_the_sliders_say_and_the_clerk_says_what_it_thinks() {
    read(WIDE, "versioned", |page| {
        Box::pin(async move {
            slide(&page, "loss-replies", 100).await;
            page.click("[data-testid=put]").await;
            seek(&page, 350_000).await;
            let thought = page.text("[data-testid=under-way] [data-testid=thought]").await;
            assert!(thought.contains("My first copy may have arrived, or it may be lost"), "{thought}");
            slide(&page, "loss-replies", 0).await;
            seek(&page, 1_000_000).await;
            assert!(answer(&page).await.starts_with("unknown, and over"), "{}", answer(&page).await);
            let thought = page.text("[data-testid=answers] li:first-child [data-testid=thought]").await;
            assert!(thought.contains("I cannot tell whether that was my own work"), "{thought}");
            slide(&page, "loss-requests", 100).await;
            page.click("[data-testid=get]").await;
            seek(&page, 1_010_000).await;
            let thought = page.text("[data-testid=under-way] [data-testid=thought]").await;
            assert!(thought.contains("I dropped this request myself, before it left."), "{thought}");

            // The whole of it is in the address.
            page.until("the address follows", "return location.hash.includes('at=1.01s')").await;
            let address = page.address().await;
            page.open("").await;
            page.open(address.split_once('#').expect("a fragment").1).await;
            let shown = "return document.querySelector('[data-testid=loss-requests]').previousElementSibling.innerText";
            assert_eq!(page.script(shown).await, "100%");
        })
    })
    .await;
}
