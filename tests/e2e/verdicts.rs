//! Verdicts on the page: promises beside what became of them, the run in time, the search, histories of other tools, exports.

use crate::harness::{Page, WIDE, read};
use crate::seek;

async fn verdict(page: &Page, guarantee: &str) -> String {
    let script = format!("return document.querySelector('[data-guarantee=\"{guarantee}\"]').dataset.verdict");
    page.script(&script).await.as_str().expect("a word").to_owned()
}

async fn count(page: &Page, selector: &str) -> u64 {
    page.script(&format!("return document.querySelectorAll({selector:?}).length")).await.as_u64().expect("a number")
}

/// A promise broken by hand: two sides of a cut that have no way to compare notes afterwards.
#[tokio::test]
async fn a_broken_promise_points_at_the_operations_that_break_it() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            assert_eq!(page.text("[data-testid=breaches]").await, "all kept so far");
            page.click("[data-testid=open-schedule]").await;
            let schedule = "zoo replicated anti-entropy=off rumors=off\ncut R1 | R2 R3\nC1: put k=one -> R1\n\
                            C2: put k=two -> R2\nrun 1s\nheal\nrun 60s\n";
            page.fill("[data-testid=schedule-input]", schedule).await;
            page.click("[data-testid=run-schedule]").await;
            page.until("it is broken", "return document.querySelector('[data-verdict=breach]') !== null").await;
            assert_eq!(verdict(&page, "Convergent").await, "breach");
            assert!(page.text("[data-testid=breaches]").await.contains("broken"));
            page.click("[data-guarantee=Convergent] button").await;
            page.until("both are marked", "return document.querySelectorAll('.bar.pointed').length === 2").await;
            let marked =
                page.script("return document.querySelector('[data-testid=diagram]').textContent").await.to_string();
            assert!(marked.contains("1. put k=one") && marked.contains("2. put k=two"), "{marked}");

            // Before it happened it had not happened.
            seek(&page, 500_000).await;
            page.until("it is not broken yet", "return document.querySelector('[data-verdict=breach]') === null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn time_is_zoomed_scrubbed_and_clicked() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            seek(&page, 1_000_000).await;
            assert_eq!(count(&page, ".diagram .bar").await, 1);
            page.click("[data-testid=show-messages]").await;
            page.until("messages are drawn", "return document.querySelectorAll('.diagram .arrow').length > 3").await;
            page.script("window.before = document.querySelector('[data-testid=diagram]').textContent").await;
            page.click("[data-testid=zoom-in]").await;
            page.until("it is zoomed", "return document.querySelector('[data-testid=diagram]').textContent !== window.before")
                .await;
            page.click("[data-testid=zoom-all]").await;

            // A click on an arrow goes to where it leaves, and picks it.
            page.script(
                "const arrow = document.querySelector('.diagram .arrow');
                 window.sent = Number(arrow.dataset.go);
                 arrow.dispatchEvent(new MouseEvent('click', { bubbles: true }))",
            )
            .await;
            page.until("the present is there", "return Number(document.querySelector('[data-testid=now]').dataset.us) === window.sent")
                .await;
            page.until("the message is picked", "return document.querySelector('[data-testid=popover]') !== null").await;

            // A click on the ground goes to that instant.
            page.script(
                "const area = document.querySelector('[data-testid=diagram]').getBoundingClientRect();
                 document.querySelector('[data-testid=diagram]').dispatchEvent(new MouseEvent('click',
                     { bubbles: true, clientX: area.left + area.width / 2, clientY: area.top + 2 }))",
            )
            .await;
            page.until(
                "half the run",
                "const now = Number(document.querySelector('[data-testid=now]').dataset.us); return now > 450000 && now < 600000",
            )
            .await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_search_finds_a_run_that_can_be_watched() {
    read(WIDE, "replicated?seed=1&values=lww-wrapper", |page| {
        Box::pin(async move {
            page.click("[data-testid=search]").await;
            page.until("something is found", "return document.querySelector('[data-testid=watch]') !== null").await;
            page.click("[data-testid=watch]").await;
            page.until("it is broken", "return document.querySelector('[data-verdict=breach]') !== null").await;
            let found = page.text("[data-testid=found]").await;
            let breach = page.text("[data-verdict=breach] b").await;
            assert!(found.contains(&breach), "{breach} in {found}");
        })
    })
    .await;
    read(WIDE, "local?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=search]").await;
            page.until(
                "worlds go by",
                "return /[1-9][0-9]* worlds/.test(document.querySelector('[data-testid=search-progress]')?.textContent)",
            )
            .await;
            page.click("[data-testid=search-cancel]").await;
            page.until("it has ended", "return document.querySelector('[data-testid=search]') !== null").await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_history_of_another_tool_is_judged() {
    read(WIDE, "local", |page| {
        Box::pin(async move {
            page.click("[data-testid=open-history]").await;
            page.click("[data-testid=judge]").await;
            page.until("a verdict", "return document.querySelector('[data-testid=history-verdict]') !== null").await;
            let verdict = page.text("[data-testid=history-verdict]").await;
            assert!(verdict.starts_with("Not linearizable"), "{verdict}");
            assert_eq!(count(&page, ".history .bar").await, 4);
            assert_eq!(count(&page, ".history .bar[data-proves=true]").await, 3);

            page.fill("[data-testid=history-input]", "{:process 0, :type :ok, :f :read, :value 1}").await;
            page.click("[data-testid=judge]").await;
            page.until("an error", "return /line 1: /i.test(document.querySelector('[data-testid=history-verdict]')?.textContent)")
                .await;

            // A register that begins with 7, dropped as a file.
            page.script(
                "const text = 'INFO jepsen.util - 0 :invoke :read nil\\nINFO jepsen.util - 0 :ok :read 7\\n';
                 const dropped = new DataTransfer(); dropped.items.add(new File([text], 'h.log'));
                 document.querySelector('[data-testid=history]').dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer: dropped }))",
            )
            .await;
            page.until("the text is there", "return document.querySelector('[data-testid=history-input]').value.startsWith('INFO')")
                .await;
            page.fill("[data-testid=history-initial]", "7").await;
            page.click("[data-testid=judge]").await;
            page.until("it holds", "return document.querySelector('[data-testid=history-verdict]')?.textContent.startsWith('Linearizable')")
                .await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_run_is_exported() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            seek(&page, 1_000_000).await;
            page.click(".exports summary").await;
            page.script("window.files = []; URL.createObjectURL = blob => { blob.text().then(t => window.files.push(t)); return '#'; }")
                .await;
            for (id, piece) in
                [("json-lines", "kvs-zoo-trace"), ("shiviz", "{\\\"R1\\\":"), ("mermaid", "sequenceDiagram"), ("jepsen", ":f :put")]
            {
                page.click(&format!("[data-testid=export-{id}]")).await;
                page.until(id, &format!("return (window.files.at(-1) ?? '').includes(\"{piece}\")")).await;
            }
        })
    })
    .await;
}
