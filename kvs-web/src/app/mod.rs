//! A run on its page or in a chapter: owns the player and what the reader has picked, and passes commands in and changes out.
//!
//! Hooks for tests and scripts: `[data-node="R1"]`, `[data-link="R1-R2"]`, `[data-message="17"]` in the picture;
//! `[data-testid=…]` for controls: play, step, step-back, undo, redo, restart, reseed, seek, speed, now, client, target, key, value,
//! put, get, delete, get-R1 …, in-flight, drawn, ask-what-if, legend, traffic, answers, holdings, log, options, link, notice, popover, schedule, promises, breaches, diagram,
//! caption, lesson-back, lesson-next, lesson-own, lesson-return, level, faults, standing, won, disks, unsynced, forecast, forecast-S1 …, pull-plug-S1 …, power-S1 …, aftermath, three-engines, loss-requests, loss-replies, thought,
//! show-calls, show-messages, zoom-in, zoom-out, zoom-all, unpoint, embed, embed-element, copy-element, copy-frame, in a chapter embedded and open-page; `[data-guarantee=…]` has `data-verdict`.

mod address;
mod chapter;
mod guide;
mod keys;
mod listeners;
mod message;
mod page;
mod picture;
mod what_if;

use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use kvs_core::process::NodeId;
use kvs_core::sim::{Input, Links};
use web_sys::Element;
use yew::prelude::*;

pub use address::Arrival;
pub(crate) use listeners::prefers_stillness;
pub use message::{By, Msg, Open};
pub use picture::Touched;

use crate::command::Command;
use crate::compare::WhatIf;
use crate::element::Embedded;
use crate::frame::FrameLoop;
use crate::panels;
use crate::player::script::Lit;
use crate::player::{Changes, Player};
use crate::stage::layout::Layout;
use crate::stage::painter::Painter;
use crate::store::{Selection, Store};
use guide::Guide;
use listeners::listeners;

/// While time passes, panels are drawn anew this often; the picture is at every frame.
const PANELS_EVERY_MS: f64 = 120.0;

/// Where a run is shown, and how it begins.
#[derive(Clone, PartialEq)]
pub enum Place {
    /// On a page of its own: as the address says.
    Page(Arrival),
    /// In a chapter.
    Chapter(Embedded),
}

/// What it is given.
#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    /// Where it is.
    pub place: Place,
}

/// A fresh run on a page of its own.
impl Default for AppProps {
    fn default() -> Self {
        Self { place: Place::Page(Arrival::default()) }
    }
}

impl AppProps {
    fn embedded(&self) -> Option<&Embedded> {
        match &self.place {
            Place::Page(_) => None,
            Place::Chapter(embedded) => Some(embedded),
        }
    }
}

/// The component.
pub struct App {
    store: Store,
    selection: Selection,
    pointed: Vec<usize>,
    open: Option<Open>,
    notice: Option<AttrValue>,
    layout: Layout,
    canvas: NodeRef,
    painter: Option<Painter>,
    frames: FrameLoop,
    panels_drawn_ms: f64,
    address_timer: Option<Timeout>,
    is_still: bool,
    is_in_sight: bool,
    lit: Lit,
    /// Where the keyboard enters the nodes and the links of the picture.
    node_stop: Option<NodeId>,
    link_stop: Option<(NodeId, NodeId)>,
    /// The keyboard goes to the popover once it is there.
    enters_popover: bool,
    /// What leads her: a lesson, a level, or nothing.
    guide: Guide,
    /// The other future that is looked at beside this one.
    what_if: Option<Rc<WhatIf>>,
    _listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = AppProps;

    fn create(ctx: &Context<Self>) -> Self {
        let (store, guide, notice) = match &ctx.props().place {
            Place::Chapter(embedded) => (embedded.store.clone(), Guide::in_chapter(embedded.lesson.clone()), None),
            Place::Page(arrival) => {
                let guide = Guide::new(arrival.start.lesson.clone(), arrival.start.level);
                (arrival.begun(), guide, arrival.trouble.clone())
            }
        };
        let layout = store.read(|player| Layout::new(player.architecture(), 800.0, 500.0));
        Self {
            store,
            selection: Selection::Nothing,
            pointed: Vec::new(),
            open: None,
            notice,
            layout,
            canvas: NodeRef::default(),
            painter: None,
            frames: FrameLoop::default(),
            panels_drawn_ms: 0.0,
            address_timer: None,
            is_still: prefers_stillness(),
            is_in_sight: true,
            lit: Lit::Nothing,
            node_stop: None,
            link_stop: None,
            enters_popover: false,
            guide,
            what_if: None,
            _listeners: listeners(ctx),
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Command(command) => self.command(ctx, command),
            Msg::Frame(now_ms) => self.frame(ctx, now_ms),
            Msg::Select(selection) => {
                if selection == Selection::Nothing {
                    self.leave_popover();
                }
                self.selection = selection;
                self.paint();
                true
            }
            Msg::Touched(touched, by) => {
                self.enters_popover = by == By::Key;
                self.touched(ctx, touched)
            }
            Msg::Focused(touched) => {
                self.focused(touched);
                false
            }
            Msg::Changed(changes) => {
                self.notice = None;
                self.follow(ctx, changes);
                true
            }
            Msg::Light(lit) => {
                self.lit = lit;
                self.paint();
                false
            }
            Msg::InSight(is_in_sight) => {
                self.is_in_sight = is_in_sight;
                self.follow_with_frames(ctx);
                false
            }
            Msg::Point(operations) => {
                if !operations.is_empty() {
                    self.bring_into_view(".diagram");
                }
                self.pointed = operations;
                true
            }
            Msg::Key(event) => self.key(ctx, &event),
            Msg::Toggle(open) => {
                self.open = if self.open == Some(open) { None } else { Some(open) };
                true
            }
            Msg::Lesson(lesson) => {
                let beginning = lesson.moment();
                self.open = None;
                let is_chapter = ctx.props().embedded().is_some();
                self.guide = if is_chapter { Guide::in_chapter(Some(lesson)) } else { Guide::new(Some(lesson), None) };
                self.command(ctx, Command::Seek(beginning))
            }
            Msg::Read(step) => self.read(ctx, step),
            Msg::Level(step) => self.play_level(ctx, step),
            Msg::Resized => {
                self.is_still = prefers_stillness();
                self.paint();
                true
            }
            Msg::Hidden => {
                // What passes out of sight does not count.
                self.frames.rest();
                false
            }
            Msg::WhatIf(asked, twist) => self.ask_what_if(ctx, asked, twist),
            Msg::Decide(keeps) => self.decide(ctx, keeps),
            Msg::Dismiss => {
                self.notice = None;
                true
            }
        }
    }

    /// The address names another run, or the same one again.
    fn changed(&mut self, ctx: &Context<Self>, _old: &AppProps) -> bool {
        let Place::Page(arrival) = &ctx.props().place else { return false };
        self.arrive(ctx, arrival);
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        match ctx.props().embedded() {
            Some(embedded) => self.chapter(ctx, embedded),
            None => self.page(ctx),
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first_render: bool) {
        if first_render && let Some(canvas) = self.canvas.cast::<Element>() {
            self.painter = Some(Painter::new(canvas));
            self.follow_with_frames(ctx);
        }
        self.paint();
        if core::mem::take(&mut self.enters_popover) {
            self.focus(".popover .actions button:not(:disabled)");
        }
    }
}

impl App {
    fn command(&mut self, ctx: &Context<Self>, command: Command) -> bool {
        match self.store.write(|player| player.apply(command)) {
            Ok(changes) => {
                self.notice = None;
                self.follow(ctx, changes);
            }
            Err(error) => self.notice = Some(panels::sentence(&error.to_string()).into()),
        }
        true
    }

    fn follow(&mut self, ctx: &Context<Self>, changes: Changes) {
        if changes.run {
            self.selection = Selection::Nothing;
            self.what_if = None;
        }
        if changes.recording {
            self.pointed.clear();
        }
        self.guide_follows(changes);
        self.follow_with_frames(ctx);
        let is_playing = self.store.read(Player::is_playing);
        if changes.recording || (changes.any() && !is_playing) {
            self.follow_with_address(ctx);
        }
        self.store.touch();
        tell(ctx, changes);
    }

    /// Frames come while time passes by itself and somebody can see it.
    fn follow_with_frames(&mut self, ctx: &Context<Self>) {
        match (self.store.read(Player::is_playing), self.is_in_sight) {
            (true, true) => self.frames.request(ctx.link().callback(Msg::Frame)),
            (true, false) => self.frames.stop(),
            (false, _) => self.frames.rest(),
        }
    }

    fn frame(&mut self, ctx: &Context<Self>, now_ms: f64) -> bool {
        let elapsed_ms = self.frames.arrived(now_ms);
        let changes = self.store.write(|player| player.advance(elapsed_ms));
        if self.store.read(Player::is_playing) && self.is_in_sight {
            self.frames.request(ctx.link().callback(Msg::Frame));
        }
        if changes.any() {
            self.paint();
            tell(ctx, changes);
        }
        let is_time = now_ms - self.panels_drawn_ms >= PANELS_EVERY_MS;
        if is_time {
            self.panels_drawn_ms = now_ms;
            self.guide_watches(ctx);
            self.store.touch();
        }
        is_time
    }

    fn touched(&mut self, ctx: &Context<Self>, touched: Touched) -> bool {
        match touched {
            Touched::Link(a, b) => {
                self.selection = Selection::Link(a, b);
                let is_cut = self.store.read(|player| player.world().is_cut(a, b) || player.world().is_cut(b, a));
                let links = Links::pair(a, b);
                self.command(ctx, Command::Input(if is_cut { Input::Heal(links) } else { Input::Cut(links) }))
            }
            Touched::Message(id) => {
                self.selection = Selection::Message(id);
                self.command(ctx, Command::Pause)
            }
            Touched::Node(node) => {
                self.selection =
                    if self.selection == Selection::Node(node) { Selection::Nothing } else { Selection::Node(node) };
                self.paint();
                true
            }
            Touched::Ground => {
                self.selection = Selection::Nothing;
                self.paint();
                true
            }
        }
    }

    /// What a selector finds in here; there may be others of us on the page.
    fn find(&self, selector: &str) -> Option<Element> {
        self.canvas.cast::<Element>()?.closest(".page").ok()??.query_selector(selector).ok()?
    }

    /// Scrolls to what a selector finds, if it is out of sight.
    fn bring_into_view(&self, selector: &str) {
        if let Some(element) = self.find(selector) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    }
}

/// Whoever has put it into a chapter hears of changes.
fn tell(ctx: &Context<App>, changes: Changes) {
    if let Some(embedded) = ctx.props().embedded() {
        embedded.on_change.emit(changes);
    }
}
