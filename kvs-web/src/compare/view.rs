//! A comparison on the page: pictures side by side, one transport, charts above one seek bar.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use kvs_core::explore::{Measure, Spell};
use kvs_core::time::Time;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::chart::Chart;
use super::lane::{Deeds, Picture, card};
use super::model::Comparison;
use crate::app::prefers_stillness;
use crate::command::Speed;
use crate::frame::FrameLoop;
use crate::keymap::{self, KeyAction};
use crate::panels::transport::clock;
use crate::panels::value_of;
use crate::share;

/// While time passes, figures and charts are drawn anew this often; the pictures are at every frame.
const PANELS_EVERY_MS: f64 = 120.0;

/// A comparison that its page and the component share. Equal ones are the same one.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<Comparison>>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Shared {
    /// A comparison to share.
    pub fn new(comparison: Comparison) -> Self {
        Self(Rc::new(RefCell::new(comparison)))
    }

    /// Looks at it.
    pub fn read<T>(&self, look: impl FnOnce(&Comparison) -> T) -> T {
        look(&self.0.borrow())
    }

    /// Changes it.
    pub fn write<T>(&self, change: impl FnOnce(&mut Comparison) -> T) -> T {
        change(&mut self.0.borrow_mut())
    }
}

/// What it is given. Another comparison wants another component: give each a key of its own.
#[derive(Clone, PartialEq, Properties)]
pub struct CompareProps {
    /// The runs.
    pub comparison: Shared,
    /// What goes wrong in all of them, and when.
    #[prop_or_default]
    pub spells: Vec<Spell>,
    /// Where the stories of the lanes part, if that is of interest.
    #[prop_or_default]
    pub parting: Option<Time>,
    /// Whether a lane may be opened alone: that leaves this page.
    #[prop_or_default]
    pub may_open: bool,
    /// Takes a lane away, by its place.
    #[prop_or_default]
    pub on_remove: Option<Callback<usize>>,
    /// All are lived to the end now, or the present has moved and stands.
    #[prop_or_default]
    pub on_change: Callback<()>,
}

/// What it is told.
pub enum Msg {
    /// Live the next run to its end.
    Live,
    /// A frame of the animation, at the page's time in milliseconds.
    Frame(f64),
    /// Play or pause.
    Toggle,
    /// To the next event, or back.
    Step(bool),
    /// To an instant.
    Seek(Time),
    /// How fast.
    Speed(Speed),
    /// Point to a stretch of the charts.
    Point(Option<usize>),
    /// A key was pressed in here.
    Key(KeyboardEvent),
    /// Open a lane alone.
    Open(usize),
    /// The window has another size.
    Resized,
}

/// The component.
pub struct Compare {
    pictures: Vec<Picture>,
    root: NodeRef,
    frames: FrameLoop,
    drawn_ms: f64,
    pointed: Option<usize>,
    living: Option<Timeout>,
    is_still: bool,
    trouble: Option<String>,
    _listeners: Vec<EventListener>,
}

impl Component for Compare {
    type Message = Msg;
    type Properties = CompareProps;

    fn create(ctx: &Context<Self>) -> Self {
        let lanes = ctx.props().comparison.read(|comparison| comparison.lanes().len());
        let listeners = web_sys::window().map_or_else(Vec::new, |window| listeners(ctx, &window));
        Self {
            pictures: (0..lanes).map(|_| Picture::default()).collect(),
            root: NodeRef::default(),
            frames: FrameLoop::default(),
            drawn_ms: 0.0,
            pointed: None,
            living: None,
            is_still: prefers_stillness(),
            trouble: None,
            _listeners: listeners,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let CompareProps { comparison, on_change, .. } = ctx.props();
        match msg {
            Msg::Live => {
                if comparison.write(Comparison::live_next) {
                    self.live_on(ctx);
                }
                if comparison.read(Comparison::is_ready) {
                    on_change.emit(());
                }
            }
            Msg::Frame(now_ms) => return self.frame(ctx, now_ms),
            Msg::Toggle => {
                comparison.write(Comparison::toggle);
                self.follow(ctx);
            }
            Msg::Step(is_forward) => {
                comparison.write(|comparison| comparison.step(is_forward));
                self.follow(ctx);
            }
            Msg::Seek(time) => {
                comparison.write(|comparison| comparison.seek(time));
                self.follow(ctx);
            }
            Msg::Speed(speed) => comparison.write(|comparison| comparison.set_speed(speed)),
            Msg::Point(pointed) => {
                let is_new = self.pointed != pointed;
                self.pointed = pointed;
                return is_new;
            }
            Msg::Key(event) => return self.key(ctx, &event),
            Msg::Open(lane) => open(comparison, lane),
            Msg::Resized => {}
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let onkeydown = ctx.link().callback(Msg::Key);
        props.comparison.read(|comparison| {
            let chart = Chart {
                comparison,
                pointed: self.pointed,
                parting: props.parting,
                on_point: ctx.link().callback(Msg::Point),
                on_seek: ctx.link().callback(Msg::Seek),
            };
            let lanes = comparison.lanes().iter().zip(&self.pictures).enumerate().map(|(place, (lane, picture))| {
                let on_open = props.may_open.then(|| ctx.link().callback(move |_: MouseEvent| Msg::Open(place)));
                let on_remove = props.on_remove.as_ref().map(|on_remove| on_remove.reform(move |_: MouseEvent| place));
                card(lane, picture, comparison.now(), Deeds { on_open, on_remove })
            });
            html! {
                <div class="compare" ref={self.root.clone()} tabindex="-1" {onkeydown} data-testid="compare"
                    data-ready={comparison.is_ready().to_string()}>
                    if let Some(trouble) = &self.trouble { <p class="trouble">{ trouble }</p> }
                    <div class="lanes" data-lanes={comparison.lanes().len().to_string()}>{ for lanes }</div>
                    <section class="panel charts" aria-label="Charts">
                        { weather(&props.spells, comparison) }
                        { for Measure::ALL.into_iter().map(|measure| chart.view(measure)) }
                    </section>
                    { transport(ctx, comparison, props.parting) }
                </div>
            }
        })
    }

    fn rendered(&mut self, ctx: &Context<Self>, first_render: bool) {
        if first_render {
            self.live_on(ctx);
        }
        self.paint(ctx);
    }
}

impl Compare {
    /// One run at a time, so that the page shows itself in between.
    fn live_on(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.living = Some(Timeout::new(0, move || link.send_message(Msg::Live)));
    }

    /// Frames come while time passes by itself.
    fn follow(&mut self, ctx: &Context<Self>) {
        if ctx.props().comparison.read(Comparison::is_playing) {
            self.frames.request(ctx.link().callback(Msg::Frame));
        } else {
            self.frames.rest();
            ctx.props().on_change.emit(());
        }
    }

    fn frame(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
        let elapsed_ms = self.frames.arrived(now_ms);
        let has_moved = ctx.props().comparison.write(|comparison| comparison.advance(elapsed_ms));
        let is_playing = ctx.props().comparison.read(Comparison::is_playing);
        self.follow(ctx);
        if has_moved {
            self.paint(ctx);
        }
        let is_time = !is_playing || now_ms - self.drawn_ms >= PANELS_EVERY_MS;
        if is_time {
            self.drawn_ms = now_ms;
        }
        is_time
    }

    fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is_in = |what: &str| target.as_ref().is_some_and(|target| target.closest(what).ok().flatten().is_some());
        let wants_it = is_in("input, select, a") || (event.key() == " " && is_in("button"));
        if wants_it || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return false;
        }
        let (horizon, speed) = ctx.props().comparison.read(|comparison| (comparison.horizon(), comparison.speed()));
        let msg = match keymap::lookup(&event.key()) {
            Some(KeyAction::TogglePlay) => Msg::Toggle,
            Some(KeyAction::StepForward) => Msg::Step(true),
            Some(KeyAction::StepBack) => Msg::Step(false),
            Some(KeyAction::ToStart) => Msg::Seek(Time::ZERO),
            Some(KeyAction::ToHorizon) => Msg::Seek(horizon),
            Some(KeyAction::Faster) => Msg::Speed(speed.faster()),
            Some(KeyAction::Slower) => Msg::Speed(speed.slower()),
            _ => return false,
        };
        event.prevent_default();
        event.stop_propagation();
        Component::update(self, ctx, msg)
    }

    fn paint(&mut self, ctx: &Context<Self>) {
        let is_still = self.is_still;
        let painted = ctx.props().comparison.read(|comparison| {
            let mut lanes = comparison.lanes().iter().zip(&mut self.pictures);
            lanes.try_for_each(|(lane, picture)| picture.paint(lane, is_still))
        });
        if let Err(error) = painted {
            self.trouble = Some(format!("A picture cannot be drawn: {error:?}."));
        }
    }
}

/// The size of the window, and keys while the keyboard is nowhere: those pressed in here come by themselves.
fn listeners(ctx: &Context<Compare>, window: &web_sys::Window) -> Vec<EventListener> {
    let (resized, pressed) = (ctx.link().clone(), ctx.link().clone());
    let on_key = move |event: &Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(event) = event.dyn_ref::<KeyboardEvent>()
            && target.is_some_and(|target| target.tag_name() == "BODY")
        {
            pressed.send_message(Msg::Key(event.clone()));
        }
    };
    // Not passive: a key that means something here must not scroll the page.
    let options = EventListenerOptions::enable_prevent_default();
    vec![
        EventListener::new(window, "resize", move |_| resized.send_message(Msg::Resized)),
        EventListener::new_with_options(window, "keydown", options, on_key),
    ]
}

/// Goes to the page of one run, at this moment.
fn open(comparison: &Shared, lane: usize) {
    let fragment = comparison.read(|comparison| {
        let player = comparison.lanes().get(lane)?.player();
        Some(share::encode(player.recording(), player.now()))
    });
    if let (Some(window), Some(fragment)) = (web_sys::window(), fragment) {
        // A frame that may not go anywhere stays.
        let _refused = window.location().set_hash(&fragment);
    }
}

/// Brings the keyboard to an element.
pub fn focus(place: &NodeRef) {
    if let Some(element) = place.cast::<HtmlElement>() {
        // What cannot take the keyboard leaves it where it is.
        let _stays = element.focus();
    }
}

/// What goes wrong, and when: a line a fault.
fn weather(spells: &[Spell], comparison: &Comparison) -> Html {
    const ROW: usize = 20;
    if spells.is_empty() {
        return html! {};
    }
    let part = |time: Time| time.as_us() as f64 / comparison.horizon().as_us().max(1) as f64 * 100.0;
    let bars = spells.iter().enumerate().map(|(row, spell)| {
        let (from, until) = (part(spell.from), part(spell.until));
        let (x, y) = (format!("{from:.2}%"), row * ROW);
        let text_y = (y + 14).to_string();
        html! {
            <g>
                <rect x={x.clone()} y={(y + 2).to_string()} width={format!("{:.2}%", until - from)} height="16" rx="3" />
                // Beside the bar where that leaves room, and else before it.
                if from < 55.0 {
                    <text x={format!("{until:.2}%")} dx="6" y={text_y}>{ spell.words() }</text>
                } else {
                    <text x={x} dx="-6" y={text_y} text-anchor="end">{ spell.words() }</text>
                }
            </g>
        }
    });
    let told: Vec<String> =
        spells.iter().map(|spell| format!("{} from {} to {}", spell.words(), spell.from, spell.until)).collect();
    html! {
        <div class="lane-strip weather">
            <span class="of">{ "What goes wrong" }</span>
            <div class="series" role="img" aria-label={told.join("; ")} data-testid="weather">
                <svg height={(spells.len() * ROW).to_string()} width="100%" aria-hidden="true">{ for bars }</svg>
            </div>
            <span class="says"></span>
        </div>
    }
}

/// Play, step, speed, and one bar for all.
fn transport(ctx: &Context<Compare>, comparison: &Comparison, parting: Option<Time>) -> Html {
    let click = |msg: fn() -> Msg| ctx.link().callback(move |_: MouseEvent| msg());
    let (now, horizon) = (comparison.now(), comparison.horizon());
    let (icon, word) = if comparison.is_playing() { ("❚❚", " Pause") } else { ("▶︎", " Play") };
    let seek =
        ctx.link().callback(|event: InputEvent| Msg::Seek(Time::from_us(value_of(&event).parse().unwrap_or_default())));
    let speed = ctx.link().callback(|event: Event| {
        let chosen = value_of(&event);
        Msg::Speed(Speed::all().find(|speed| speed.label() == chosen).unwrap_or_default())
    });
    let part = parting.map(|time| time.as_us() as f64 / horizon.as_us().max(1) as f64 * 100.0);
    html! {
        <section class="transport" aria-label="Time">
            <div class="row">
                <button class="primary play" data-testid="all-play" onclick={click(|| Msg::Toggle)}>{ icon }<span>{ word }</span></button>
                <button data-testid="all-back" aria-label="Step back to the last event in any of them" onclick={click(|| Msg::Step(false))}>{ "◀︎" }<span class="word">{ " Step" }</span></button>
                <button data-testid="all-step" aria-label="Step on to the next event in any of them" onclick={click(|| Msg::Step(true))}><span class="word">{ "Step " }</span>{ "▶︎" }</button>
                <label class="speed"><span class="wide-only">{ "Speed" }</span>
                    <select data-testid="all-speed" aria-label="Speed" onchange={speed}>
                        { for Speed::all().rev().map(|speed| html! {
                            <option value={speed.label()} selected={speed == comparison.speed()}>{ speed.label() }</option>
                        }) }
                    </select>
                </label>
            </div>
            <div class="lane-strip seek">
                <output class="of time" data-testid="all-now" data-us={now.as_us().to_string()}>{ clock(now) }</output>
                <div class="bar">
                    <input type="range" data-testid="all-seek" aria-label="Time in all runs" aria-valuetext={clock(now)} min="0"
                        max={horizon.as_us().to_string()} step="1" value={now.as_us().to_string()} oninput={seek} />
                    <svg class="ticks" aria-hidden="true">
                        if let Some(part) = part { <rect class="fault" x={format!("{part:.2}%")} width="3" height="9" /> }
                    </svg>
                </div>
                <span class="says time">{ clock(horizon) }</span>
            </div>
        </section>
    }
}
