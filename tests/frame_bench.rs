//! What one frame of a playing exhibit costs the main thread of a browser, with so many messages on their way. A file of its own, for it
//! needs a page, and what `web_bench.rs` measures must not have one.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::replication::gossip::GossipConfig;
use kvs_core::server::Traffic;
use kvs_core::sim::{Input, Recording, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::world::LinkOptions;
use kvs_core::zoo::{Animal, Architecture, ReplicationOptions, catalog};
use kvs_web::command::{Command, Speed};
use kvs_web::player::Player;
use kvs_web::stage::layout::Layout;
use kvs_web::stage::painter::Painter;
use kvs_web::stage::scene::{View, scene};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, Element, MessageChannel, Window};

wasm_bindgen_test_configure!(run_in_browser);

const FRAMES: usize = 120;
/// As long as a frame lasts on most screens.
const FRAME_MS: f64 = 1_000.0 / 60.0;
const SIZE: (f64, f64) = (850.0, 500.0);
/// How long a run is lived until it is looked at: several times as long as a message is on its way.
const WARM: Span = Span::from_secs(4);
const STYLES: [&str; 2] = [include_str!("../kvs-web/styles/base.css"), include_str!("../kvs-web/styles/stage.css")];

#[wasm_bindgen_test]
async fn frames() {
    for replicas in [5, 300] {
        for messages in [100, 1_000, 10_000] {
            report(replicas, messages).await;
        }
    }
}

async fn report(replicas: u32, messages: usize) {
    let mut player = busy(replicas, messages);
    let in_flight = player.world().letters().len();
    assert!(in_flight.abs_diff(messages) < messages / 3, "{in_flight} messages are on their way, not {messages}");
    let place = canvas();
    let layout = Layout::new(player.architecture(), SIZE.0, SIZE.1);
    let mut painter = Painter::new(place.clone());
    let mut frames = Vec::with_capacity(FRAMES);
    let mut next = animation_frame();
    for _ in 0..FRAMES {
        next.await.expect("a frame");
        next = animation_frame();
        let began = now_ms();
        let _moved = player.advance(FRAME_MS);
        let advanced = now_ms();
        let picture = scene(&player, &layout, View::default());
        let drawn = now_ms();
        painter.paint(picture).expect("it is painted");
        let painted = now_ms();
        // A message comes after all that the browser has to do for the frame: styles, layout, its own painting.
        after_frame().await.expect("a message");
        frames.push([advanced - began, drawn - advanced, painted - drawn, now_ms() - painted, now_ms() - began]);
    }
    next.await.expect("a frame");
    // The first frames make what later ones change.
    let frames = &frames[FRAMES / 10..];
    let words = ["world", "scene", "painter", "browser", "all"];
    let parts = words.iter().enumerate().map(|(part, word)| {
        let mut each: Vec<f64> = frames.iter().map(|frame| frame[part]).collect();
        each.sort_by(f64::total_cmp);
        format!("{word} {:.2} ({:.2})", each[each.len() / 2], each[each.len() * 95 / 100])
    });
    let parts: Vec<String> = parts.collect();
    let elements = place.query_selector_all("*").expect("a selector").length();
    console_log!(
        "frame of {replicas} replicas, {in_flight} messages on their way, {elements} elements, {} MB: {} ms",
        memory_mb(),
        parts.join(", ")
    );
    place.remove();
}

/// A run in which so many messages are on their way: slow links, and replicas that gossip as often as it takes.
fn busy(replicas: u32, messages: usize) -> Player {
    // How often that is, is between these.
    let (mut often_us, mut seldom_us) = (500_u64, 10_000_000_u64);
    while seldom_us > often_us + often_us / 50 {
        let between_us = (often_us * seldom_us).isqrt();
        let mut sim = Sim::new(&gossiping(replicas, between_us), 1, &mut ());
        sim.apply(&traffic(), &mut ()).expect("clients are there");
        sim.advance_to(Time::ZERO + WARM, &mut ());
        let ends = if sim.world().letters().len() > messages { &mut often_us } else { &mut seldom_us };
        *ends = between_us;
    }
    let interval_us = often_us;
    let mut player = Player::new(Recording::new(gossiping(replicas, interval_us), 1));
    let at_once = Speed::all().find(|speed| speed.factor() == 1.0).expect("as fast as the clock");
    for command in
        [Command::Input(traffic()), Command::Seek(Time::ZERO + WARM), Command::SetSpeed(at_once), Command::Play]
    {
        let _changes = player.apply(command).expect("it makes sense");
    }
    player
}

fn gossiping(replicas: u32, interval_us: u64) -> Architecture {
    Architecture {
        servers: replicas,
        clients: 4,
        replication: ReplicationOptions::EpidemicGossip(GossipConfig {
            gossip_interval: Span::from_us(interval_us),
            ..GossipConfig::default()
        }),
        links: LinkOptions {
            latency_min: Span::from_ms(500),
            latency_max: Span::from_ms(1_500),
            ..LinkOptions::default()
        },
        ..catalog::exhibit_of(Animal::Replicated).architecture()
    }
}

fn traffic() -> Input {
    Input::Traffic(Some(Traffic { every: Span::from_ms(100), keys: 5, reads_percent: 50 }))
}

fn window() -> Window {
    web_sys::window().expect("a window")
}

fn document() -> Document {
    window().document().expect("a document")
}

fn now_ms() -> f64 {
    window().performance().expect("a clock").now()
}

/// How much the program has taken so far; it gives nothing back.
fn memory_mb() -> u32 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length() >> 20
}

/// A place for a picture, with the styles of the real page.
fn canvas() -> Element {
    let make = |tag: &str| document().create_element(tag).expect("an element");
    let styles = make("style");
    styles.set_text_content(Some(&STYLES.concat()));
    document().head().expect("a head").append_child(&styles).expect("it is added");
    let canvas = make("div");
    canvas.set_attribute("style", &format!("width: {}px; height: {}px", SIZE.0, SIZE.1)).expect("a style");
    // Above the harness's own words: what is not seen is not painted.
    let body = document().body().expect("a body");
    body.insert_before(&canvas, body.first_child().as_ref()).expect("it is added");
    canvas
}

fn animation_frame() -> JsFuture {
    JsFuture::from(js_sys::Promise::new(&mut |resolve, _| {
        window().request_animation_frame(&resolve).expect("there are frames");
    }))
}

fn after_frame() -> JsFuture {
    JsFuture::from(js_sys::Promise::new(&mut |resolve, _| {
        let channel = MessageChannel::new().expect("a channel");
        channel.port1().set_onmessage(Some(&resolve));
        channel.port2().post_message(&wasm_bindgen::JsValue::NULL).expect("it is sent");
    }))
}
