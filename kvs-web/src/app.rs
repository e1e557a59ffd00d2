//! The root: owns the player and what the reader has picked, and passes commands in and changes out.
//!
//! Hooks for tests and scripts: `[data-node="R1"]`, `[data-link="R1-R2"]`, `[data-message="17"]` in the picture;
//! `[data-testid=…]` for controls: play, step, step-back, undo, redo, restart, reseed, seek, speed, now, client, target, key, value,
//! put, get, delete, get-R1 …, in-flight, legend, traffic, answers, holdings, log, options, link, notice, popover, schedule, promises, breaches, diagram,
//! show-calls, show-messages, zoom-in, zoom-out, zoom-all, unpoint, embed, embed-element, copy-element, copy-frame, in a chapter embedded and open-page; `[data-guarantee=…]` has `data-verdict`.

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use kvs_core::process::NodeId;
use kvs_core::sim::{Input, Links, Recording};
use kvs_core::time::Time;
use kvs_core::world::Sequence;
use kvs_core::zoo::catalog::{self, EXHIBITS, Exhibit};
use kvs_core::zoo::{Architecture, Guarantee};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, SvgElement};
use yew::prelude::*;

use crate::command::Command;
use crate::element::Embedded;
use crate::frame::FrameLoop;
use crate::keymap::{self, KeyAction};
use crate::panels::{
    self, caption, diagram, help, history, inspector, log, notice, operations, options, popover, promises, schedule,
    search, share as share_panel, transport,
};
use crate::player::script::Lit;
use crate::player::{Changes, Player};
use crate::share::{self, ShareError};
use crate::stage::layout::Layout;
use crate::stage::painter::Painter;
use crate::stage::scene::{View, message_place, messages_max, scene};
use crate::stage::strip::{self, Strip};
use crate::store::{Selection, Store};

/// While time passes, panels are drawn anew this often; the picture is at every frame.
const PANELS_EVERY_MS: f64 = 120.0;
/// How long after a change the address follows.
const ADDRESS_AFTER_MS: u32 = 300;

/// What the root is told.
pub enum Msg {
    /// Do something.
    Command(Command),
    /// A frame of the animation, at the page's time in milliseconds.
    Frame(f64),
    /// Pick something.
    Select(Selection),
    /// Something in the picture was clicked, or Enter was pressed on it.
    Touched(Touched, By),
    /// The keyboard has come to something in the picture.
    Focused(Touched),
    /// A script has changed the player.
    Changed(Changes),
    /// Words speak of something in the picture.
    Light(Lit),
    /// Whether the reader can see it, as far as it is scrolled.
    InSight(bool),
    /// Point at operations, by their places among the calls.
    Point(Vec<usize>),
    /// A key was pressed.
    Key(KeyboardEvent),
    /// Open a panel, or close it if it is open.
    Toggle(Open),
    /// Read a lesson.
    Lesson(caption::Lesson),
    /// Show other words of the lesson.
    Turn(usize),
    /// Read it no longer.
    LeaveLesson,
    /// The address has another fragment.
    AddressChanged,
    /// The window has another size, or the reader wants more or less to move.
    Resized,
    /// The page is out of sight, or back in it.
    Hidden,
    /// The sentence has been read.
    Dismiss,
}

/// Something in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A node.
    Node(NodeId),
    /// A link.
    Link(NodeId, NodeId),
    /// A message.
    Message(Sequence),
    /// Nothing: the ground.
    Ground,
}

/// How something was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// With a pointer.
    Pointer,
    /// With a key: the keyboard follows to where something can be done about it.
    Key,
}

/// What can be open beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The options.
    Options,
    /// The schedule.
    Schedule,
    /// A history of another tool.
    History,
    /// The help.
    Help,
}

/// What the root is given.
#[derive(Clone, Default, PartialEq, Properties)]
pub struct AppProps {
    /// Its place in a chapter, if it is not a page of its own.
    #[prop_or_default]
    pub embedded: Option<Embedded>,
}

/// The root component.
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
    /// The lesson that is read, as long as its run is as it was written.
    lesson: Option<caption::Lesson>,
    _listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = AppProps;

    fn create(ctx: &Context<Self>) -> Self {
        let (store, lesson, notice) = match &ctx.props().embedded {
            Some(embedded) => (embedded.store.clone(), embedded.lesson.clone(), None),
            None => begun_by_address(),
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
            lesson,
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
                self.changed(ctx, changes);
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
                self.command(ctx, Command::Seek(beginning));
                self.lesson = Some(lesson);
                true
            }
            Msg::Turn(place) => {
                let Some(lesson) = &mut self.lesson else { return false };
                lesson.place = place;
                let moment = lesson.moment();
                self.command(ctx, Command::Seek(moment))
            }
            Msg::LeaveLesson => {
                self.lesson = None;
                true
            }
            Msg::AddressChanged => self.address_changed(ctx),
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
            Msg::Dismiss => {
                self.notice = None;
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        if let Some(embedded) = &ctx.props().embedded {
            return self.compact(ctx, embedded);
        }
        let send = ctx.link().callback(Msg::Command);
        let on_select = ctx.link().callback(Msg::Select);
        let on_point = ctx.link().callback(Msg::Point);
        let close = ctx.link().callback(|()| Msg::Select(Selection::Nothing));
        let toggle = |open: Open| ctx.link().callback(move |_: MouseEvent| Msg::Toggle(open));
        let shut = |open: Open| ctx.link().callback(move |()| Msg::Toggle(open));
        let is_open = |open: Open| self.open == Some(open);
        let exhibit = self.store.read(|player| catalog::exhibit_of(player.architecture().animal));
        html! {
            <div class="page">
                <header class="top">
                    <h1>{ "KVS Zoo" }</h1>
                    <nav class="tabs" aria-label="Stores">{ for EXHIBITS.iter().map(|each| self.tab(ctx, each, exhibit)) }</nav>
                    <span class="grow"></span>
                    <button aria-expanded={is_open(Open::Options).to_string()} data-testid="open-options" onclick={toggle(Open::Options)}>{ "Options" }</button>
                    <button aria-expanded={is_open(Open::Schedule).to_string()} data-testid="open-schedule" onclick={toggle(Open::Schedule)}>{ "Schedules" }</button>
                    <button aria-expanded={is_open(Open::History).to_string()} data-testid="open-history" onclick={toggle(Open::History)}>{ "Histories" }</button>
                    <button aria-expanded={is_open(Open::Help).to_string()} data-testid="open-help" onclick={toggle(Open::Help)}>{ "Help" }</button>
                </header>
                <notice::Notice message={self.notice.clone()} on_dismiss={ctx.link().callback(|()| Msg::Dismiss)} />
                if is_open(Open::Options) { <options::Options store={self.store.clone()} send={send.clone()} /> }
                if is_open(Open::Schedule) { <schedule::ScheduleDialog send={send.clone()} on_lesson={ctx.link().callback(Msg::Lesson)} on_close={shut(Open::Schedule)} /> }
                if is_open(Open::History) { <history::HistoryDialog on_close={shut(Open::History)} /> }
                if is_open(Open::Help) { <help::Help on_close={shut(Open::Help)} /> }
                <main>
                    <div class="left">
                        <div class="about">
                            <p>{ exhibit.summary }</p>
                            <p class="promise"><b>{ "Promises " }</b>{ self.store.read(|player| promise(exhibit, player)) }</p>
                            <p class="try"><b>{ "Try " }</b>{ exhibit.try_this }</p>
                        </div>
                        { self.stage(ctx, &send, close) }
                        if let Some(lesson) = self.lesson.clone() {
                            <caption::Caption {lesson} on_turn={ctx.link().callback(Msg::Turn)} on_close={ctx.link().callback(|()| Msg::LeaveLesson)} />
                        }
                        <transport::Transport store={self.store.clone()} send={send.clone()} />
                        <diagram::DiagramPanel store={self.store.clone()} send={send.clone()} on_select={on_select.clone()}
                            pointed={self.pointed.clone()} on_unpoint={on_point.reform(|()| Vec::new())} />
                        <log::Log store={self.store.clone()} send={send.clone()} />
                    </div>
                    <div class="right">
                        <operations::Operations store={self.store.clone()} send={send.clone()} />
                        <panels::shards::Shards store={self.store.clone()} send={send.clone()} />
                        <promises::Promises store={self.store.clone()} {on_point}>
                            <search::SearchPanel store={self.store.clone()} send={send.clone()} />
                        </promises::Promises>
                        <panels::disk::Disks store={self.store.clone()} send={send.clone()} selected={self.selection} />
                        <inspector::Inspector store={self.store.clone()} {send} selected={self.selection} on_select={on_select} />
                        <share_panel::SharePanel store={self.store.clone()} />
                    </div>
                </main>
            </div>
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
    fn tab(&self, ctx: &Context<Self>, each: &'static Exhibit, chosen: &Exhibit) -> Html {
        let is_chosen = each.animal == chosen.animal;
        let onclick = ctx.link().callback(move |_: MouseEvent| Msg::Command(Command::Choose(each.animal)));
        html! {
            <button class="tab" data-testid={format!("exhibit-{}", each.name)} aria-pressed={is_chosen.to_string()} {onclick}>{ each.title }</button>
        }
    }

    /// The same in a chapter: what does not fit beside text stands behind a line that opens it.
    fn compact(&self, ctx: &Context<Self>, embedded: &Embedded) -> Html {
        let send = ctx.link().callback(Msg::Command);
        let close = ctx.link().callback(|()| Msg::Select(Selection::Nothing));
        let store = &self.store;
        let on_point = ctx.link().batch_callback({
            let store = store.clone();
            move |operations: Vec<usize>| {
                Some(Msg::Command(Command::Seek(store.read(|player| end_of(player, &operations))?)))
            }
        });
        let title = store.read(|player| catalog::exhibit_of(player.architecture().animal).title);
        let link =
            store.read(|player| format!("{}#{}", embedded.page, share::encode(player.recording(), player.now())));
        html! {
            <div class="page compact" data-testid="embedded">
                <notice::Notice message={self.notice.clone()} on_dismiss={ctx.link().callback(|()| Msg::Dismiss)} />
                { self.stage(ctx, &send, close) }
                if let Some(lesson) = self.lesson.clone() {
                    <caption::Caption {lesson} on_turn={ctx.link().callback(Msg::Turn)} on_close={ctx.link().callback(|()| Msg::LeaveLesson)} />
                }
                <transport::Transport store={store.clone()} send={send.clone()} />
                <details class="more"><summary>{ "Ask the store" }</summary>
                    <operations::Operations store={store.clone()} send={send.clone()} />
                </details>
                <panels::disk::MoreDisks store={store.clone()} {send} selected={self.selection} />
                <details class="more"><summary>{ "Promises, and whether they are kept" }</summary>
                    <promises::Promises store={store.clone()} {on_point} />
                </details>
                <p class="origin">{ title }{ " in the " }<a href={link} target="_blank" rel="noopener" data-testid="open-page">{ "KVS Zoo Playground" }</a></p>
            </div>
        }
    }

    /// The picture. What is in the canvas belongs to the painter; Yew never looks in there.
    fn stage(&self, ctx: &Context<Self>, send: &Callback<Command>, close: Callback<()>) -> Html {
        let onclick = ctx.link().batch_callback(|event: MouseEvent| Some(Msg::Touched(touched(&event)?, By::Pointer)));
        let onpointerdown = ctx.link().batch_callback(|event: PointerEvent| match touched(&event) {
            // A flying message would be gone before the finger is up.
            Some(message @ Touched::Message(_)) => Some(Msg::Touched(message, By::Pointer)),
            _ => None,
        });
        let onkeydown = ctx.link().batch_callback(|event: KeyboardEvent| key_in_picture(&event));
        let onfocusin = ctx.link().batch_callback(|event: FocusEvent| touched(&event).map(Msg::Focused));
        let on_pick = ctx.link().callback(|id| Msg::Touched(Touched::Message(id), By::Pointer));
        let in_flight = self.store.read(|player| player.world().letters().len());
        let drawn_max = messages_max(&self.layout);
        let is_fresh = self.store.read(|player| player.recording().inputs().is_empty() && !player.is_playing());
        html! {
            <>
            <div class="stage" data-testid="stage">
                <div class="canvas" ref={self.canvas.clone()} {onclick} {onpointerdown} {onkeydown} {onfocusin}></div>
                if is_fresh {
                    <ol class="first-steps" aria-label="First steps">
                        <li>{ "Put a value" }</li><li>{ "Press Play" }</li><li>{ "Click a line to cut it" }</li>
                    </ol>
                } else {
                    { self.store.read(strip::legend) }
                }
                if in_flight > drawn_max {
                    <p class="crowd">{ format!("{in_flight} messages are on their way; the newest {drawn_max} are drawn.") }</p>
                }
                if let Some(at) = self.popover_place() {
                    <popover::Popover store={self.store.clone()} send={send.clone()} selected={self.selection} on_close={close} {at} reach={self.reach()} />
                }
            </div>
            <Strip store={self.store.clone()} selected={self.selection} {on_pick} />
            </>
        }
    }

    /// How far what is picked reaches up and down.
    fn reach(&self) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "some pixels")]
        let half = |height: f64| height as i32 / 2;
        if matches!(self.selection, Selection::Node(_)) { half(self.layout.server.1) + 8 } else { 18 }
    }

    fn popover_place(&self) -> Option<(i32, i32)> {
        let place = match self.selection {
            Selection::Node(node) => self.layout.place_of(node),
            Selection::Message(id) => {
                self.store.read(|player| message_place(player, &self.layout, self.view_now(), id))?
            }
            Selection::Link(..) | Selection::Nothing => return None,
        };
        Some(popover::percentages(place, self.layout.width, self.layout.height))
    }

    // ---- what happens

    fn command(&mut self, ctx: &Context<Self>, command: Command) -> bool {
        match self.store.write(|player| player.apply(command)) {
            Ok(changes) => {
                self.notice = None;
                self.changed(ctx, changes);
            }
            Err(error) => self.notice = Some(panels::sentence(&error.to_string()).into()),
        }
        true
    }

    fn changed(&mut self, ctx: &Context<Self>, changes: Changes) {
        if changes.run {
            self.selection = Selection::Nothing;
        }
        if changes.recording {
            self.pointed.clear();
            self.lesson = None;
        }
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
        let now = self.store.read(Player::now);
        if let Some(lesson) = &mut self.lesson {
            lesson.follow(now);
        }
        let is_time = now_ms - self.panels_drawn_ms >= PANELS_EVERY_MS;
        if is_time {
            self.panels_drawn_ms = now_ms;
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

    /// Tab leaves the nodes or the links for what is next; it comes back to the one it left.
    fn focused(&mut self, touched: Touched) {
        match touched {
            Touched::Node(node) => self.node_stop = Some(node),
            Touched::Link(a, b) => self.link_stop = Some((a, b)),
            Touched::Message(_) | Touched::Ground => return,
        }
        self.paint();
    }

    /// Brings the keyboard back from the popover to what it was about.
    fn leave_popover(&self) {
        if self.find(".popover :focus").is_none() {
            return;
        }
        match self.selection {
            Selection::Node(node) => self.focus(&format!(".canvas [data-id='{}']", node.0)),
            Selection::Message(id) => self.focus(&format!(".canvas [data-message='{}']", id.0)),
            Selection::Link(..) | Selection::Nothing => {}
        }
    }

    fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let Some(action) = keymap::lookup(&event.key()) else { return false };
        event.prevent_default();
        event.stop_propagation();
        if let Some(command) = action.command() {
            return self.command(ctx, command);
        }
        let (horizon, speed) = self.store.read(|player| (player.horizon(), player.speed()));
        match action {
            KeyAction::ToHorizon => self.command(ctx, Command::Seek(horizon)),
            KeyAction::Faster => self.command(ctx, Command::SetSpeed(speed.faster())),
            KeyAction::Slower => self.command(ctx, Command::SetSpeed(speed.slower())),
            KeyAction::Pick(place) => {
                let is_there = self.store.read(|player| place < player.architecture().servers);
                if is_there {
                    self.selection = Selection::Node(NodeId(place));
                }
                true
            }
            KeyAction::Crash | KeyAction::Isolate => {
                let Selection::Node(node) = self.selection else { return false };
                let input = self.store.read(|player| match action {
                    _ if !player.architecture().is_server(node) => None,
                    KeyAction::Crash => Some(popover::crash(player, node)),
                    _ => popover::isolate(player, node),
                });
                input.is_some_and(|input| self.command(ctx, Command::Input(input)))
            }
            KeyAction::Help => {
                self.open = if self.open == Some(Open::Help) { None } else { Some(Open::Help) };
                true
            }
            KeyAction::Escape => {
                self.leave_popover();
                (self.open, self.selection, self.notice) = (None, Selection::Nothing, None);
                true
            }
            KeyAction::TogglePlay
            | KeyAction::StepForward
            | KeyAction::StepBack
            | KeyAction::ToStart
            | KeyAction::Undo
            | KeyAction::Redo => false,
        }
    }

    // ---- the address

    fn follow_with_address(&mut self, ctx: &Context<Self>) {
        if ctx.props().embedded.is_some() {
            return;
        }
        let store = self.store.clone();
        self.address_timer = Some(Timeout::new(ADDRESS_AFTER_MS, move || {
            let fragment = store.read(|player| share::encode(player.recording(), player.now()));
            let history = web_sys::window().and_then(|window| window.history().ok());
            if let Some(history) = history {
                // A page that may not change its address still works; its share panel has the link.
                let _refused = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
            }
        }));
    }

    fn address_changed(&mut self, ctx: &Context<Self>) -> bool {
        match from_address() {
            Ok((recording, at)) => self.command(ctx, Command::Load(Box::new(recording), at)),
            Err(None) => false,
            Err(Some(error)) => {
                self.command(ctx, Command::Load(Box::new(default_run()), Time::ZERO));
                self.notice = Some(AttrValue::from(error.to_string()));
                true
            }
        }
    }

    // ---- what is drawn

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

    /// Brings the keyboard to what a selector finds; where there is nothing, it stays.
    fn focus(&self, selector: &str) {
        if let Some(element) = self.find(selector) {
            focus_on(&element);
        }
    }

    fn view_now(&self) -> View {
        View {
            selection: self.selection,
            lit: self.lit.clone(),
            still: self.is_still,
            node_stop: self.node_stop,
            link_stop: self.link_stop,
        }
    }

    fn paint(&mut self) {
        let Some(canvas) = self.canvas.cast::<HtmlElement>() else { return };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let view = self.view_now();
        let picture = self.store.read(|player| {
            if !self.layout.suits(player.architecture(), width, height) {
                self.layout = Layout::new(player.architecture(), width, height);
            }
            scene(player, &self.layout, view)
        });
        if let Some(Err(error)) = self.painter.as_mut().map(|painter| painter.paint(picture)) {
            self.notice = Some(AttrValue::from(format!("The picture cannot be drawn: {error:?}.")));
        }
    }
}

/// When the last of these operations has ended; where one has not, when it was called.
fn end_of(player: &Player, operations: &[usize]) -> Option<Time> {
    let all = player.history().operations();
    let ends = operations.iter().filter_map(|place| all.get(*place));
    ends.map(|operation| operation.ended.as_ref().map_or(operation.called, |ended| ended.at)).max()
}

/// Whoever has put it into a chapter hears of changes.
fn tell(ctx: &Context<App>, changes: Changes) {
    if let Some(embedded) = &ctx.props().embedded {
        embedded.on_change.emit(changes);
    }
}

/// The run in the address, or else a fresh one, and what is to be said about it.
fn begun_by_address() -> (Store, Option<caption::Lesson>, Option<AttrValue>) {
    let (recording, at, notice) = match from_address() {
        Ok((recording, at)) => (recording, at, None),
        Err(None) => (default_run(), Time::ZERO, None),
        Err(Some(error)) => (default_run(), Time::ZERO, Some(AttrValue::from(error.to_string()))),
    };
    let mut player = Player::new(recording);
    // Seeking forward is always allowed.
    let _sought = player.apply(Command::Seek(at));
    (Store::new(player), None, notice)
}

fn default_run() -> Recording {
    Recording::new(EXHIBITS[1].architecture(), 1)
}

/// The run in the address; `Err(None)` where there is none.
fn from_address() -> Result<(Recording, Time), Option<ShareError>> {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    match hash.strip_prefix('#') {
        None | Some("") => Err(None),
        Some(fragment) => share::decode(fragment).map_err(Some),
    }
}

fn document() -> Option<web_sys::Document> {
    web_sys::window().and_then(|window| window.document())
}

fn stillness() -> Option<web_sys::MediaQueryList> {
    web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten())
}

fn prefers_stillness() -> bool {
    stillness().is_some_and(|query| query.matches())
}

fn focus_on(element: &Element) {
    // An element that cannot take the keyboard leaves it where it is.
    let _stays = match element.dyn_ref::<HtmlElement>() {
        Some(element) => element.focus(),
        None => element.dyn_ref::<SvgElement>().map_or(Ok(()), SvgElement::focus),
    };
}

fn listeners(ctx: &Context<App>) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let link = ctx.link().clone();
    let on_key = move |event: &Event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>()
            && is_free(event)
        {
            link.send_message(Msg::Key(event.clone()));
        }
    };
    // Not passive: a key that means something here must not scroll the page.
    let options = gloo_events::EventListenerOptions::enable_prevent_default();
    let (resized, moved) = (ctx.link().clone(), ctx.link().clone());
    let (stilled, hidden) = (ctx.link().clone(), ctx.link().clone());
    let still =
        stillness().map(|query| EventListener::new(&query, "change", move |_| stilled.send_message(Msg::Resized)));
    let sight =
        document().map(|page| EventListener::new(&page, "visibilitychange", move |_| hidden.send_message(Msg::Hidden)));
    let mut listeners = vec![EventListener::new(&window, "resize", move |_| resized.send_message(Msg::Resized))];
    match &ctx.props().embedded {
        // Keys are for it while the keyboard is in it.
        Some(Embedded { root, .. }) => {
            listeners.push(EventListener::new_with_options(root, "keydown", options, on_key));
        }
        None => {
            listeners.push(EventListener::new_with_options(&window, "keydown", options, on_key));
            let on_move = move |_: &Event| moved.send_message(Msg::AddressChanged);
            listeners.push(EventListener::new(&window, "hashchange", on_move));
        }
    }
    listeners.extend(still.into_iter().chain(sight));
    listeners
}

/// Whether a key is not meant for a field, a button or the browser.
fn is_free(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return false;
    }
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return true };
    let wants_text = target.closest("input, textarea, select").ok().flatten().is_some();
    let wants_press = event.key() == " " && target.closest("button, summary, [role=button]").ok().flatten().is_some();
    let is_escape = event.key() == "Escape";
    is_escape || !(wants_text || wants_press)
}

/// A key pressed on something in the picture: Enter touches it, up and down go to its neighbours.
fn key_in_picture(event: &KeyboardEvent) -> Option<Msg> {
    let msg = match event.key().as_str() {
        "Enter" | " " => match touched(event)? {
            Touched::Ground => return None,
            touched => Some(Msg::Touched(touched, By::Key)),
        },
        key @ ("ArrowDown" | "ArrowUp") => {
            let target = event.target()?.dyn_into::<Element>().ok()?.closest("[role=button]").ok()??;
            let siblings = target.parent_element()?.children();
            let next =
                if key == "ArrowDown" { target.next_element_sibling() } else { target.previous_element_sibling() };
            let around = if key == "ArrowDown" { siblings.item(0) } else { siblings.item(siblings.length() - 1) };
            focus_on(&next.or(around)?);
            None
        }
        _ => return None,
    };
    event.prevent_default();
    event.stop_propagation();
    msg
}

/// What in the picture an event is about.
fn touched(event: &Event) -> Option<Touched> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let found = target.closest("[data-message], [data-node], [data-link]").ok().flatten();
    let Some(found) = found else { return Some(Touched::Ground) };
    let number = |name: &str| found.get_attribute(name)?.parse::<u32>().ok().map(NodeId);
    if let Some(id) = found.get_attribute("data-message") {
        return id.parse().ok().map(|id| Touched::Message(Sequence(id)));
    }
    if let Some(node) = number("data-id") {
        return Some(Touched::Node(node));
    }
    Some(Touched::Link(number("data-a")?, number("data-b")?))
}

/// What an exhibit promises, in words; with other options than its own it may be something else, and is listed.
fn promise(exhibit: &Exhibit, player: &Player) -> String {
    let guarantees = |architecture: &Architecture| -> Vec<&'static str> {
        let claims = architecture.claims();
        let implied: Vec<Guarantee> = claims.iter().flat_map(|claim| claim.guarantee.implied()).copied().collect();
        let is_own = |guarantee: &Guarantee| !implied.contains(guarantee);
        claims.iter().map(|claim| claim.guarantee).filter(is_own).map(Guarantee::title).collect()
    };
    let present = guarantees(player.architecture());
    if present == guarantees(&exhibit.architecture()) {
        return exhibit.promise.into();
    }
    format!("With these options: {}.", present.join(", "))
}
