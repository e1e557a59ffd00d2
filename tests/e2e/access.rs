//! Readers who cannot see the page, or do not see all of it: what axe-core finds on every screen, what is said aloud, and what is printed.

use serde_json::{Value, json};

use crate::harness::{NARROW, Page, WIDE, browse, read, site};

/// What axe-core finds that is serious or worse, in words.
async fn findings(page: &Page) -> Vec<String> {
    let file = std::env::var("KVS_ZOO_AXE").expect("KVS_ZOO_AXE says where axe-core is; `scripts/test e2e` sets it");
    let axe = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    page.script(&axe).await;
    // What stands in a node is what it holds, which its label says in sentences; what it is called comes first there, as it should.
    let began = "window.found = null;
                 const isNamed = ({ element }) => element.dataset.node && element.getAttribute('aria-label').startsWith(element.dataset.node + ',');
                 axe.run(document, { resultTypes: ['violations'], elementRef: true }).then(({ violations }) => {
                     const left = violations.map(({ id, impact, help, nodes }) => ({ id, impact, help,
                         nodes: id === 'label-content-name-mismatch' ? nodes.filter((node) => !isNamed(node)) : nodes }));
                     window.found = left.filter(({ impact, nodes }) => nodes.length && (impact === 'serious' || impact === 'critical')).map(
                         ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html).join(' ')}`);
                 });
                 return true";
    page.script(began).await;
    page.until("axe-core is done", "return window.found !== null").await;
    let Value::Array(found) = page.script("return window.found").await else { panic!("axe-core said nothing") };
    found.iter().map(|each| each.as_str().unwrap_or_default().to_owned()).collect()
}

async fn assert_clean(page: &Page, screen: &str) {
    let found = findings(page).await;
    assert!(found.is_empty(), "{screen}: {found:#?}");
}

/// A picture with something in it: requests and answers on their way, a cut link, a server that is down.
async fn in_trouble(page: &Page) {
    page.click("[data-testid=put]").await;
    for _ in 0..3 {
        page.click("[data-testid=step]").await;
    }
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_store() {
    read(WIDE, "replicated", |page| {
        Box::pin(async move {
            let tabs = "return [...document.querySelectorAll('.tab')].map((tab) => tab.dataset.testid)";
            let Value::Array(tabs) = page.script(tabs).await else { panic!("there are tabs") };
            assert!(tabs.len() >= 11, "every store has a tab: {tabs:?}");
            for tab in tabs.iter().filter_map(Value::as_str) {
                page.click(&format!("[data-testid={tab}]")).await;
                in_trouble(&page).await;
                assert_clean(&page, tab).await;
            }
        })
    })
    .await;
}

/// Pages that are not about one run, and what is there when they are.
const PAGES: [(&str, &str); 4] = [
    ("", ".store-card"),
    ("storm", "svg.cluster"),
    ("lessons", "[data-testid=shelf]"),
    ("levels", "[data-testid=shelf]"),
];

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_other_page() {
    for is_dark in [false, true] {
        browse(WIDE, move |page| {
            Box::pin(async move {
                if is_dark {
                    page.in_the_dark().await;
                }
                for (fragment, there) in PAGES {
                    page.go(&format!("{}?{fragment}#{fragment}", site())).await;
                    page.until("the page is there", &format!("return document.querySelector('{there}') !== null"))
                        .await;
                    assert_clean(&page, &format!("#{fragment}")).await;
                }
            })
        })
        .await;
    }
}

#[tokio::test]
async fn axe_finds_nothing_serious_in_what_opens_and_in_the_dark() {
    for (screen, is_dark) in [(WIDE, true), (NARROW, false)] {
        read(screen, "replicated", move |page| {
            Box::pin(async move {
                if is_dark {
                    page.in_the_dark().await;
                }
                in_trouble(&page).await;
                for dialog in ["options", "schedule", "history", "help"] {
                    page.click(&format!("[data-testid=open-{dialog}]")).await;
                    assert_clean(&page, dialog).await;
                    page.click(&format!("[data-testid=open-{dialog}]")).await;
                }
                page.click("[data-node=R1]").await;
                assert_clean(&page, "a server that was picked").await;
            })
        })
        .await;
    }
}

#[tokio::test]
async fn who_listens_is_told_the_story_and_who_prints_gets_all_of_it() {
    read(WIDE, "replicated?seed=1", |page| {
        Box::pin(async move {
            page.click("[data-testid=put]").await;
            page.click("[data-testid=play]").await;
            let said = "return document.querySelector('[data-testid=said]').innerText";
            page.until("it is said aloud", &format!("{said}.includes('C1 calls put x=1.')")).await;
            page.until("the answer, too", &format!("{said}.includes('C1 returns')")).await;
            page.click("[data-testid=play]").await;

            let log = page.text("[data-testid=log]").await;
            assert!(log.contains("C1 calls put x=1.") && !log.contains("receives"), "{log}");
            page.choose("[data-testid=log-filter]", "Every message").await;
            page.until("every message", "return document.querySelector('[data-testid=log]').innerText.includes('receives')")
                .await;

            page.on_paper(true).await;
            let height = "const list = document.querySelector('[data-testid=log]'); return list.scrollHeight <= list.clientHeight";
            assert_eq!(page.script(height).await, json!(true), "paper does not scroll");
            let shown = "return ['.transport', '.share', '.operations'].every(
                             (part) => document.querySelector(part).offsetParent === null)
                             && document.querySelector('svg.cluster').getBoundingClientRect().height > 100";
            assert_eq!(page.script(shown).await, json!(true), "buttons are of no use on paper");
            page.on_paper(false).await;
        })
    })
    .await;
}

/// How much of the screen has moved by itself since the page was opened, as browsers count it: 0.1 is what they call too much.
async fn jumped(page: &Page) -> f64 {
    let script = "const observer = new PerformanceObserver(() => {});
                  observer.observe({ type: 'layout-shift', buffered: true });
                  const moved = observer.takeRecords().filter(({ hadRecentInput }) => !hadRecentInput);
                  return moved.reduce((sum, { value }) => sum + value, 0)";
    page.script(script).await.as_f64().expect("a number")
}

#[tokio::test]
async fn nothing_jumps_while_a_page_comes() {
    let pages = [
        ("", "document.querySelectorAll('.store-card .cluster').length === 11"),
        ("replicated", "document.querySelector('[data-node]') !== null"),
        ("raft", "document.querySelector('[data-node]') !== null"),
        ("lesson/stale_read", "document.querySelector('[data-testid=caption]') !== null"),
        ("lessons", "document.querySelector('[data-testid=shelf]') !== null"),
        ("storm", "document.querySelector('[data-testid=compare]')?.dataset.ready === 'true'"),
    ];
    for screen in [WIDE, NARROW] {
        browse(screen, move |page| {
            Box::pin(async move {
                for (fragment, is_there) in pages {
                    page.go("about:blank").await;
                    page.go(&format!("{}#{fragment}", site())).await;
                    page.until("the page is there", &format!("return {is_there}")).await;
                    let jumped = jumped(&page).await;
                    assert!(jumped < 0.01, "#{fragment} at {} pixels: {jumped}", screen.width);
                }
            })
        })
        .await;
    }
}
