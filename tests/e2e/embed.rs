//! Exhibits in a chapter: a strict page in a folder of its own, with the built page in a folder below.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::harness::{Page, Site, WIDE, browse, site};

/// Goes to a page of the tests, and waits until one of its exhibits is alive.
async fn chapter(page: &Page) {
    page.go(&format!("{}a/chapter/chapter.html", site())).await;
    alive(page, "first").await;
}

async fn alive(page: &Page, id: &str) {
    let script = format!("return document.getElementById('{id}').shadowRoot?.querySelector('[data-node]') != null");
    page.until(&format!("`{id}` is alive"), &script).await;
}

/// What a script finds in an exhibit, which stands for `it`, its run for `run`, and what is in it for `find`.
async fn look(page: &Page, id: &str, script: &str) -> Value {
    page.script(&within(id, script)).await
}

fn within(id: &str, script: &str) -> String {
    format!(
        "const it = document.getElementById('{id}'), run = it.run, find = (text) => it.shadowRoot.querySelector(text);
         return {script}"
    )
}

async fn until(page: &Page, id: &str, what: &str, script: &str) {
    page.until(what, &within(id, script)).await;
}

#[tokio::test]
async fn a_strict_chapter_has_several_exhibits_that_load_one_program_when_they_come_near() {
    browse(WIDE, |page| {
        Box::pin(async move {
            chapter(&page).await;
            alive(&page, "second").await;
            assert_eq!(look(&page, "far", "run === undefined").await, json!(true), "nobody has scrolled there");
            // The program is one file and its parts; none of them comes twice.
            let twice = "const names = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.wasm'));
                 return names.length === 0 ? 'none' : names.filter((name, place) => names.indexOf(name) !== place)";
            assert_eq!(page.script(twice).await, json!([]));
            let fetched =
                "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/kvs/')).length";
            page.script("document.getElementById('wrong').scrollIntoView(); return true").await;
            until(
                &page,
                "wrong",
                "the last one before the gap is done",
                "it.shadowRoot.querySelector('.trouble').hidden === false",
            )
            .await;
            let before = page.script(fetched).await;
            page.script("document.getElementById('far').scrollIntoView(); return true").await;
            alive(&page, "far").await;
            assert_eq!(page.script(twice).await, json!([]), "all share it");
            assert_eq!(page.script(fetched).await, before, "a further one costs nothing");
            assert_eq!(look(&page, "far", "run.state().exhibit").await, json!("raft"));
            assert_eq!(
                look(&page, "second", "run.state().nodes.length").await,
                json!(6),
                "three replicas and three clients"
            );
            assert!(
                look(&page, "second", "find('[data-testid=caption]').innerText")
                    .await
                    .as_str()
                    .expect("text")
                    .contains("pulls the cable")
            );
            assert_eq!(page.script("return window.violations").await, json!([]), "nothing that a strict page forbids");
        })
    })
    .await;
}

#[tokio::test]
async fn what_moves_by_itself_rests_while_nobody_can_see_it() {
    browse(WIDE, |page| {
        Box::pin(async move {
            chapter(&page).await;
            assert_eq!(look(&page, "first", "run.isPlaying").await, json!(false), "nothing moves unasked");
            page.script("document.getElementById('far').scrollIntoView(); return true").await;
            alive(&page, "far").await;
            until(&page, "far", "time passes", "run.isPlaying && run.now > 0").await;
            page.script("window.scrollTo(0, 0); return true").await;
            // It rests once the browser has told it, which takes as long as it takes.
            let rests = "(window.last = [window.now, window.now = run.now])[0] === window.last[1] && run.isPlaying";
            until(&page, "far", "it rests, though it plays", rests).await;
            let before = look(&page, "far", "run.now").await;
            page.click("#light").await;
            page.click("#light").await;
            assert_eq!(look(&page, "far", "run.now").await, before);
            page.script("document.getElementById('far').scrollIntoView(); return true").await;
            until(&page, "far", "it goes on", &format!("run.now > {before}")).await;
        })
    })
    .await;
}

#[tokio::test]
async fn an_exhibit_and_its_book_leave_each_other_alone() {
    browse(WIDE, |page| {
        Box::pin(async move {
            chapter(&page).await;
            let size = "parseFloat(getComputedStyle(find('[data-testid=step]')).fontSize)";
            assert!(
                look(&page, "first", size).await.as_f64().expect("a size") < 20.0,
                "the book's styles stay outside"
            );
            look(&page, "first", "find('[data-testid=step]').focus()").await;
            let before = look(&page, "first", "run.now").await;
            page.press(Key::Right).await;
            until(&page, "first", "an arrow is a step", &format!("run.now > {before}")).await;
            assert_eq!(page.script("return window.turned").await, json!(0), "and no turned page");
            page.script("document.getElementById('cut').focus(); return true").await;
            page.press(Key::Right).await;
            page.until("outside it is the book's", "return window.turned === 1").await;
            // It is as high as what is in it.
            let height = "[it.getBoundingClientRect().height, find('.root').getBoundingClientRect().height]";
            let heights = look(&page, "second", height).await;
            assert_eq!(heights[0], heights[1]);
            look(&page, "second", "find('details').open = true").await;
            let taller = format!("{height}[0] > {} && {height}[0] === {height}[1]", heights[0]);
            until(&page, "second", "it makes room for what was opened", &taller).await;
        })
    })
    .await;
}

#[tokio::test]
async fn authors_see_what_they_got_wrong_and_readers_what_the_author_left_them() {
    browse(WIDE, |page| {
        Box::pin(async move {
            chapter(&page).await;
            until(
                &page,
                "wrong",
                "it is said",
                "find('[data-testid=trouble]').innerText.includes('no store `elephant`')",
            )
            .await;
            let shown = "it.querySelector('p').checkVisibility()";
            assert_eq!(look(&page, "wrong", shown).await, json!(true), "what is left of it");
            assert_eq!(look(&page, "first", shown).await, json!(false), "it is alive instead");
            page.on_paper(true).await;
            assert_eq!(
                look(&page, "first", &format!("[{shown}, find('.stage').checkVisibility()]")).await,
                json!([true, false])
            );
            let live = "[find('.stage').checkVisibility(), find('.transport').checkVisibility()]";
            assert_eq!(look(&page, "second", live).await, json!([true, false]), "a picture without buttons");
            page.on_paper(false).await;
            assert_eq!(look(&page, "first", shown).await, json!(false));
            page.script("document.getElementById('wrong').setAttribute('exhibit', 'local'); return true").await;
            alive(&page, "wrong").await;
            assert_eq!(look(&page, "wrong", "find('[data-testid=trouble]').hidden").await, json!(true));
        })
    })
    .await;
}

#[tokio::test]
async fn words_light_up_what_they_name_and_drive_the_exhibit() {
    browse(WIDE, |page| {
        Box::pin(async move {
            chapter(&page).await;
            let words = "document.getElementById('light')";
            page.script(&format!(
                "{words}.dispatchEvent(new PointerEvent('pointerover', {{ bubbles: true }})); return true"
            ))
            .await;
            until(&page, "first", "R2 is lit", "find('.node.lit')?.dataset.node === 'R2'").await;
            page.script(&format!(
                "{words}.dispatchEvent(new PointerEvent('pointerout', {{ bubbles: true }})); return true"
            ))
            .await;
            until(&page, "first", "nothing is", "find('.lit') === null").await;

            // Before the first exhibit there is none before the words; then they are about the first.
            page.click("#cut").await;
            until(&page, "first", "both links are cut", "run.state().cuts.length === 4").await;
            page.script("document.getElementById('seek').focus(); return true").await;
            page.press(Key::Enter).await;
            until(&page, "first", "two seconds have passed", "run.now === 2000").await;
            page.click("#named").await;
            until(&page, "second", "R1 of the second is down", "run.state().nodes[0].isUp === false").await;
            assert_eq!(look(&page, "first", "run.state().nodes[0].isUp").await, json!(true));
            page.click("#nonsense").await;
            page.until(
                "it is said",
                "return document.getElementById('nonsense').dataset.kvsTrouble?.startsWith('Line 1, column 1')",
            )
            .await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_frame_is_as_high_as_what_is_in_it_and_nobody_else_says_so() {
    browse(WIDE, |page| {
        Box::pin(async move {
            page.go(&format!("{}a/chapter/frames.html", site())).await;
            let inside = "document.getElementById('frame').contentDocument";
            page.until("it is alive", &format!("return {inside}.querySelector('kvs-zoo')?.shadowRoot.querySelector('[data-node]') != null"))
                .await;
            let fits = format!("return document.getElementById('frame').clientHeight === Math.ceil({inside}.documentElement.getBoundingClientRect().height) && document.getElementById('frame').clientHeight > 300");
            page.until("it has room", &fits).await;
            page.script("window.forge('https://elsewhere.example'); return true").await;
            assert_eq!(page.script(&fits).await, json!(true), "from elsewhere it does not count");
            page.script("window.forge(location.origin); return true").await;
            assert_eq!(page.script("return document.getElementById('frame').style.height").await, json!("999px"));
            let stranger = "return document.getElementById('stranger').style.height === '4000px'";
            page.until("the other one has what it asked for, within reason", stranger).await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_moment_is_pasted_into_a_chapter() {
    browse(WIDE, |page| {
        Box::pin(async move {
            page.open("replicated?seed=5").await;
            page.click("[data-link=R1-R2]").await;
            page.click("[data-testid=put]").await;
            page.click("[data-testid=embed] summary").await;
            let text = page.text("[data-testid=embed-element]").await;
            assert!(text.contains(&format!("src=\"{}kvs-zoo.js\"", site())), "{text}");
            let link = page.script("return document.querySelector('[data-testid=link]').value.split('#')[1]").await;
            page.go(&format!("{}a/chapter/stranger.html", site())).await;
            let paste = format!(
                "document.body.innerHTML = {}; document.querySelector('kvs-zoo').id = 'pasted';
                 const script = document.createElement('script');
                 script.type = 'module'; script.src = 'kvs/kvs-zoo.js'; document.head.append(script); return true",
                json!(text)
            );
            page.script(&paste).await;
            alive(&page, "pasted").await;
            assert_eq!(look(&page, "pasted", "run.link").await, link);
        })
    })
    .await;
}

#[tokio::test]
async fn the_page_and_an_exhibit_open_without_a_network_after_the_first_time() {
    browse(WIDE, |page| {
        Box::pin(async move {
            let own = Site::open();
            page.go(&own.address).await;
            page.until("it is shown", "return document.querySelector('[data-node]') !== null").await;
            page.until("all of it is kept", "return navigator.serviceWorker.controller !== null").await;
            own.close();
            page.go(&format!("{}#raft?seed=2", own.address)).await;
            page.go("about:blank").await;
            page.go(&format!("{}#raft?seed=2", own.address)).await;
            page.until("it is shown again", "return document.querySelector('[data-node=S1]') !== null").await;
            page.go(&format!("{}embed.html?exhibit=local", own.address)).await;
            page.until(
                "so is an exhibit",
                "return document.querySelector('kvs-zoo')?.shadowRoot?.querySelector('[data-node]') != null",
            )
            .await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_book_has_exhibits_in_its_chapters_and_on_paper() {
    let Ok(folder) = std::env::var("KVS_ZOO_BOOK") else {
        assert!(std::env::var_os("CI").is_none(), "there is no book; `scripts/test e2e` builds one");
        return;
    };
    assert!(std::path::Path::new(&folder).join("print.html").exists(), "the book was not built");
    browse(WIDE, |page| {
        Box::pin(async move {
            page.go(&format!("{}book/copies.html", site())).await;
            page.script("document.getElementById('stale').scrollIntoView(); return true").await;
            alive(&page, "stale").await;
            page.click("[data-kvs-do]").await;
            until(&page, "stale", "the cable is pulled", "run.state().cuts.length === 4").await;
            look(&page, "stale", "find('[data-testid=step]').focus()").await;
            page.press(Key::Right).await;
            until(&page, "stale", "an arrow is a step", "run.now > 0").await;
            assert!(page.address().await.ends_with("/book/copies.html"), "and the book's page is the same");
            page.go(&format!("{}book/deeper/leader.html", site())).await;
            alive(&page, "leader").await;
            page.go(&format!("{}book/print.html", site())).await;
            page.until("all chapters are there", "return document.querySelectorAll('kvs-zoo').length === 3").await;
            let text =
                "return document.querySelector('#stale img') !== null && document.querySelector('#stale em') !== null";
            assert_eq!(page.script(text).await, json!(true), "what is between the tags was read as Markdown");
        })
    })
    .await;
}
