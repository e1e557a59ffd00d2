//! In a real browser: runs are what they are natively, and the picture and the page come to life.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "support/recordings.rs"]
mod recordings;

use kvs_core::process::NodeId;
use kvs_core::sim::{Input, Links, Recording};
use kvs_core::time::Time;
use kvs_core::zoo::catalog::EXHIBITS;
use kvs_web::command::Command;
use kvs_web::player::Player;
use kvs_web::stage::layout::Layout;
use kvs_web::stage::painter::Painter;
use kvs_web::stage::scene::{View, scene};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, Element};

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("a document")
}

/// An element of the page's own for a test, so that tests leave each other alone.
fn place() -> Element {
    let place = document().create_element("div").expect("an element");
    document().body().expect("a body").append_child(&place).expect("it is added");
    place
}

#[wasm_bindgen_test]
fn fixed_runs_have_the_same_fingerprints_as_natively() {
    for fixed in recordings::all() {
        assert_eq!(recordings::hash(&fixed.recording, fixed.until), fixed.hash, "{}", fixed.name);
    }
}

#[wasm_bindgen_test]
fn the_painter_changes_only_what_differs() {
    let mut player = Player::new(Recording::new(EXHIBITS[1].architecture(), 1));
    let layout = Layout::new(player.architecture(), 800.0, 500.0);
    let place = place();
    let mut painter = Painter::new(place.clone());
    painter.paint(scene(&player, &layout, View::default())).expect("it is painted");
    let find = |selector: &str| place.query_selector(selector).expect("a selector");
    let node = find("[data-node=R1]").expect("a node");
    assert_eq!(find("[data-link=R1-R2]").and_then(|link| link.get_attribute("aria-pressed")).as_deref(), Some("false"));

    let cut = Input::Cut(Links::pair(NodeId(0), NodeId(1)));
    let _changes = player.apply(Command::Input(cut)).expect("a cut");
    painter.paint(scene(&player, &layout, View::default())).expect("it is painted");
    assert_eq!(find("[data-link=R1-R2]").and_then(|link| link.get_attribute("aria-pressed")).as_deref(), Some("true"));
    assert!(node.is_connected(), "a node that has not changed is still the same element");

    let _changes = player.apply(Command::Input(Input::Crash(NodeId(0)))).expect("a crash");
    painter.paint(scene(&player, &layout, View::default())).expect("it is painted");
    assert!(node.get_attribute("class").expect("a class").contains("down"));
}

#[wasm_bindgen_test]
fn what_is_painted_is_what_is_printed() {
    let mut player = Player::new(Recording::new(EXHIBITS[0].architecture(), 1));
    let _changes = player.apply(Command::Seek(Time::from_us(1))).expect("a seek");
    let layout = Layout::new(player.architecture(), 640.0, 400.0);
    let picture = scene(&player, &layout, View::default());
    let mut printed = String::new();
    picture.print(&mut printed);
    let place = place();
    Painter::new(place.clone()).paint(picture).expect("it is painted");
    let parsed = document().create_element("div").expect("an element");
    parsed.set_inner_html(&printed);
    assert_eq!(place.inner_html(), parsed.inner_html());
}

#[wasm_bindgen_test]
async fn the_page_comes_to_life() {
    let place = place();
    let app = yew::Renderer::<kvs_web::app::App>::with_root(place.clone()).render();
    yew::scheduler::flush().await;
    assert!(place.query_selector("[data-testid=put]").expect("a selector").is_some());
    assert_eq!(place.query_selector_all("[data-node]").expect("a selector").length(), 5);
    app.destroy();
    yew::scheduler::flush().await;
    assert!(place.query_selector("[data-node]").expect("a selector").is_none());
}
