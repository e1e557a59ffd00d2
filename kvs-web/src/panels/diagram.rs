use kvs_core::time::Time;
use kvs_core::world::Sequence;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::command::Command;
use crate::diagram::{ARROWS_MAX, Arrow, Bar, Crowd, Cut, Diagram, Fate, Idle, Mode, Row, Window};
use crate::player::Player;
use crate::store::{Selection, Store};

#[derive(Properties, PartialEq)]
pub struct DiagramPanelProps {
    pub store: Store,
    pub send: Callback<Command>,
    pub on_select: Callback<Selection>,
    /// The operations to point at, by their places among the calls.
    pub pointed: Vec<usize>,
    /// They are pointed at no more.
    pub on_unpoint: Callback<()>,
}

/// How high a row is, in pixels.
const ROW: usize = 34;
/// How high a bar is.
const BAR: usize = 22;
/// How high the axis is.
const AXIS: usize = 20;
/// How far a pointer may slip and still click.
const SLIP: i32 = 4;

/// Where a pointer went down, and whether it has moved on since.
#[derive(Clone, Copy, Default)]
struct Drag {
    from: Option<(i32, i32)>,
    scrubs: bool,
}

/// Clients' calls as intervals, or every node and message, along one axis of time that can be zoomed, scrubbed and clicked.
#[component]
pub fn DiagramPanel(props: &DiagramPanelProps) -> Html {
    let mode = use_state(|| Mode::Calls);
    // None: all of the run.
    let zoom = use_state(|| None::<Window>);
    let area = use_node_ref();
    let drag = use_mut_ref(Drag::default);
    {
        // What is pointed at is brought into view.
        let (zoom, mode, store) = (zoom.clone(), mode.clone(), props.store.clone());
        use_effect_with(props.pointed.clone(), move |pointed| {
            if let Some(window) = store.read(|player| around(player, pointed)) {
                zoom.set(Some(window));
                mode.set(Mode::Calls);
            }
        });
    }
    let window = props.store.read(|player| match *zoom {
        Some(window) if player.is_playing() => window.following(player.now()),
        Some(window) => window,
        None => Window::whole(player.horizon()),
    });
    let diagram = props.store.read(|player| Diagram::new(player, *mode, window, &props.pointed));
    let show = |each: Mode| {
        let mode = mode.clone();
        Callback::from(move |_: MouseEvent| mode.set(each))
    };
    let change = |window: Option<Window>| {
        let zoom = zoom.clone();
        Callback::from(move |_: MouseEvent| zoom.set(window))
    };
    let scrub = {
        let (send, area) = (props.send.clone(), area.clone());
        move |x: i32| {
            if let Some(place) = place_in(&area, x) {
                send.emit(Command::Seek(window.time_at(place)));
            }
        }
    };
    let onpointerdown = {
        let drag = drag.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                *drag.borrow_mut() = Drag { from: Some((event.client_x(), event.client_y())), scrubs: false };
            }
        })
    };
    let onpointermove = {
        let (drag, scrub, area) = (drag.clone(), scrub.clone(), area.clone());
        Callback::from(move |event: PointerEvent| {
            let mut drag = drag.borrow_mut();
            let Some((x, y)) = drag.from else { return };
            if !drag.scrubs && (event.client_x() - x).abs() + (event.client_y() - y).abs() > SLIP {
                drag.scrubs = true;
                if let Some(area) = area.cast::<Element>() {
                    // Without it, the pointer is followed for as long as it stays inside.
                    let _inside_only = area.set_pointer_capture(event.pointer_id());
                }
            }
            if drag.scrubs {
                scrub(event.client_x());
            }
        })
    };
    let onpointerup = {
        let drag = drag.clone();
        // The click that follows still has to know.
        Callback::from(move |_: PointerEvent| drag.borrow_mut().from = None)
    };
    let onclick = {
        let (send, on_select) = (props.send.clone(), props.on_select.clone());
        Callback::from(move |event: MouseEvent| {
            if core::mem::take(&mut drag.borrow_mut().scrubs) {
                return;
            }
            match clicked(&event) {
                Some((time, message)) => {
                    send.emit(Command::Pause);
                    send.emit(Command::Seek(time));
                    on_select.emit(message.map_or(Selection::Nothing, Selection::Message));
                }
                None => scrub(event.client_x()),
            }
        })
    };
    let onwheel = {
        let (zoom, area) = (zoom.clone(), area.clone());
        Callback::from(move |event: WheelEvent| {
            let place = place_in(&area, event.client_x()).unwrap_or(0.5);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 1,000")]
            let at = (place * 1_000.0) as u64;
            let changed = if event.ctrl_key() || event.meta_key() {
                if event.delta_y() < 0.0 { window.zoomed(4, 5, at) } else { window.zoomed(5, 4, at) }
            } else if event.delta_x() != 0.0 || event.shift_key() {
                let by = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
                window.moved(if by < 0.0 { -60 } else { 60 })
            } else {
                return;
            };
            event.prevent_default();
            zoom.set(Some(changed));
        })
    };
    let now = props.store.read(Player::now);
    let middle = (window.percent(now) * 10.0).clamp(0.0, 1_000.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 1,000")]
    let middle = middle as u64;
    let pointed = &props.pointed;
    let unpoint = props.on_unpoint.reform(|_: MouseEvent| ());
    let height = diagram.rows.len() * ROW + AXIS;
    // A letter's part of the width, in percent; before it is drawn for the first time, that on a wide screen.
    let letter = 740.0 / area.cast::<Element>().map_or(780, |area| area.client_width()).max(1) as f64;
    let tab = |each: Mode, id: &'static str, name: &'static str| {
        html! { <button data-testid={id} aria-pressed={(*mode == each).to_string()} onclick={show(each)}>{ name }</button> }
    };
    html! {
        <section class="panel diagram" aria-labelledby="diagram-title">
            <header>
                <h2 id="diagram-title">{ "In time" }</h2>
                <div class="choice" role="group" aria-label="What is shown">
                    { tab(Mode::Calls, "show-calls", "Calls") }
                    { tab(Mode::Messages, "show-messages", "Space and time") }
                </div>
                <span class="grow"></span>
                if !pointed.is_empty() {
                    <button class="quiet" data-testid="unpoint" onclick={unpoint}>{ "Point at nothing" }</button>
                }
                <div class="choice" role="group" aria-label="Zoom">
                    <button aria-label="Earlier" title="Earlier" onclick={change(Some(window.moved(-400)))}>{ "◀︎" }</button>
                    <button aria-label="Zoom in" title="Zoom in (Ctrl and wheel)" data-testid="zoom-in" onclick={change(Some(window.zoomed(1, 2, middle)))}>{ "+" }</button>
                    <button aria-label="Zoom out" title="Zoom out (Ctrl and wheel)" data-testid="zoom-out" onclick={change(Some(window.zoomed(2, 1, middle)))}>{ "−" }</button>
                    <button aria-label="All of the run" title="All of the run" data-testid="zoom-all" aria-pressed={zoom.is_none().to_string()} onclick={change(None)}>{ "All" }</button>
                    <button aria-label="Later" title="Later" onclick={change(Some(window.moved(400)))}>{ "▶︎" }</button>
                </div>
            </header>
            <div class="plot">
                <ul class="names" aria-hidden="true" style={format!("padding-bottom: {AXIS}px")}>
                    { for diagram.rows.iter().map(|row| html! { <li class={classes!(row.is_client.then_some("client"))}>{ &row.name }</li> }) }
                </ul>
                <svg ref={area} data-testid="diagram" role="group" aria-label={summary(&diagram)} style={format!("height: {height}px")}
                    {onpointerdown} {onpointermove} onpointercancel={onpointerup.clone()} {onpointerup} {onclick} {onwheel}>
                    { for diagram.rows.iter().enumerate().map(|(place, row)| line(place, row)) }
                    { for window.ticks().into_iter().map(|time| tick(window, time, height)) }
                    { for diagram.cuts.iter().map(|each| cut(window, each, &diagram.rows)) }
                    { for diagram.idle.iter().map(|each| idle(window, each)) }
                    { for diagram.crowds.iter().map(|each| crowd(window, each)) }
                    { for diagram.bars.iter().enumerate().map(|(place, each)| {
                        let next = diagram.bars[place + 1..].iter().find(|next| next.row == each.row).map(|next| next.from);
                        bar(window, each, next, letter, pointed, now)
                    }) }
                    { for diagram.arrows.iter().map(|each| arrow(window, each)) }
                    <line class="now" x1={percent(window, now)} x2={percent(window, now)} y1="0" y2={height.to_string()} />
                </svg>
            </div>
            if diagram.left_out > 0 {
                <p class="hint">{ format!("{} earlier messages are left out, the last {ARROWS_MAX} are drawn: zoom in to see the others.", diagram.left_out) }</p>
            }
        </section>
    }
}

/// Where a pointer is, from 0 at the left edge to 1 at the right one.
fn place_in(area: &NodeRef, x: i32) -> Option<f64> {
    let bounds = area.cast::<Element>()?.get_bounding_client_rect();
    (bounds.width() > 0.0).then(|| (f64::from(x) - bounds.left()) / bounds.width())
}

/// The moment of what was clicked, and the message that it is.
fn clicked(event: &MouseEvent) -> Option<(Time, Option<Sequence>)> {
    let target = event.target()?.dyn_into::<Element>().ok()?.closest("[data-go]").ok()??;
    let number = |name: &str| target.get_attribute(name)?.parse::<u64>().ok();
    Some((Time::from_us(number("data-go")?), number("data-id").map(Sequence)))
}

/// The part of time in which some operations were.
fn around(player: &Player, operations: &[usize]) -> Option<Window> {
    let all = player.history().operations();
    let pointed: Vec<_> = operations.iter().filter_map(|place| all.get(*place)).collect();
    let first = pointed.iter().map(|operation| operation.called).min()?;
    let end =
        |operation: &&kvs_core::sim::Operation| operation.ended.as_ref().map_or(operation.called, |ended| ended.at);
    Some(Window::around(first, pointed.iter().map(end).max()?))
}

fn summary(diagram: &Diagram) -> String {
    let calls = diagram.bars.len() + diagram.crowds.iter().map(|crowd| crowd.count).sum::<usize>();
    match diagram.arrows.len() {
        0 => format!("{calls} operations"),
        messages => format!("{calls} operations, {messages} messages"),
    }
}

fn percent(window: Window, time: Time) -> String {
    // Far outside is outside; some renderers are lost in large numbers.
    format!("{:.3}%", window.percent(time).clamp(-1_000.0, 1_000.0))
}

fn width(window: Window, from: Time, to: Time) -> String {
    let part = window.percent(to).min(1_000.0) - window.percent(from).max(-1_000.0);
    format!("{:.3}%", part.max(0.0))
}

fn middle_of(row: usize) -> usize {
    row * ROW + ROW / 2
}

fn line(place: usize, row: &Row) -> Html {
    let y = middle_of(place).to_string();
    html! { <line class={classes!("row", row.is_client.then_some("client"))} x1="0" x2="100%" y1={y.clone()} y2={y} /> }
}

fn tick(window: Window, time: Time, height: usize) -> Html {
    let x = percent(window, time);
    let side = match window.percent(time) {
        left if left < 2.0 => "first",
        right if right > 98.0 => "last",
        _ => "",
    };
    html! {
        <g class={classes!("tick", side)}>
            <line x1={x.clone()} x2={x.clone()} y1="0" y2={(height - AXIS).to_string()} />
            <text {x} y={(height - 5).to_string()}>{ time.to_string() }</text>
        </g>
    }
}

/// A band from one node to the other for as long as nothing gets through.
fn cut(window: Window, cut: &Cut, rows: &[Row]) -> Html {
    let (top, bottom) = (middle_of(cut.from_row.min(cut.to_row)), middle_of(cut.from_row.max(cut.to_row)));
    let name = |row: usize| rows.get(row).map_or("", |row| row.name.as_str());
    let between = if cut.is_one_way { "→" } else { "–" };
    let title = format!("{}{between}{} cut from {} to {}", name(cut.from_row), name(cut.to_row), cut.from, cut.to);
    let x = percent(window, cut.from.max(Time::from_us(window.from)));
    html! {
        <g class="cut" data-go={cut.from.as_us().to_string()}>
            <rect {x} y={top.to_string()} width={width(window, cut.from.max(Time::from_us(window.from)), cut.to)} height={(bottom - top).to_string()}><title>{ title }</title></rect>
            <line x1={percent(window, cut.from)} x2={percent(window, cut.from)} y1={top.to_string()} y2={bottom.to_string()} />
            <line class="mend" x1={percent(window, cut.to)} x2={percent(window, cut.to)} y1={top.to_string()} y2={bottom.to_string()} />
        </g>
    }
}

fn idle(window: Window, idle: &Idle) -> Html {
    let (what, sign) = if idle.is_down { ("down", "✕") } else { ("paused", "❚❚") };
    let y = middle_of(idle.row);
    let from = idle.from.max(Time::from_us(window.from));
    html! {
        <g class={classes!("idle", what)} data-go={idle.from.as_us().to_string()}>
            <rect x={percent(window, from)} y={(y - 5).to_string()} width={width(window, from, idle.to)} height="10"><title>{ format!("{what} from {} to {}", idle.from, idle.to) }</title></rect>
            <text x={percent(window, idle.from)} y={(y + 4).to_string()}>{ sign }</text>
        </g>
    }
}

/// An operation: its call at the left edge, its return at the right one. What it says stands inside, or behind it if there is room
/// before the next one.
fn bar(window: Window, bar: &Bar, next: Option<Time>, letter: f64, pointed: &[usize], now: Time) -> Html {
    let y = middle_of(bar.row) - BAR / 2;
    let end = bar.to.unwrap_or(now.max(bar.from));
    let number = pointed.iter().position(|operation| *operation == bar.operation);
    let is_ahead = bar.from > now;
    // What is cut off at the left edge is written from there on.
    let from = bar.from.max(Time::from_us(window.from));
    let class = classes!("bar", bar.class, number.map(|_| "pointed"), is_ahead.then_some("ahead"));
    let label = match number {
        Some(number) => format!("{}. {}", number + 1, bar.label),
        None => bar.label.clone(),
    };
    let until = bar.to.map_or("no answer yet".into(), |to| to.to_string());
    // And some air.
    let needed = (label.chars().count() + 2) as f64 * letter;
    let room = window.percent(end) - window.percent(from);
    let behind = next.map_or(100.0, |next| window.percent(next)) - window.percent(end);
    let is_behind = room < needed && behind > needed && bar.to.is_some();
    html! {
        <g {class} data-go={end.as_us().to_string()} data-operation={bar.operation.to_string()}>
            <title>{ format!("{}, from {} to {until}", bar.label, bar.from) }</title>
            <svg x={percent(window, from)} y={y.to_string()} width={width(window, from, end)} height={BAR.to_string()}>
                <rect width="100%" height="100%" rx="4" />
                if !is_behind { <text x="5" y="15">{ label.clone() }</text> }
            </svg>
            if is_behind { <text x={percent(window, end)} dx="5" y={(y + 15).to_string()}>{ label }</text> }
        </g>
    }
}

/// Operations that are drawn together: in a space of their own, in which the window is as wide as its time.
fn crowd(window: Window, crowd: &Crowd) -> Html {
    let path = crowd.spans.iter().fold(String::new(), |path, (from, to)| {
        let start = from.as_us().saturating_sub(window.from);
        let width = to.as_us().saturating_sub(window.from.max(from.as_us())).max(window.span / 1_000);
        path + &format!("M{start} 0h{width}v1h-{width}z")
    });
    let y = middle_of(crowd.row) - BAR / 2;
    html! {
        <svg class={classes!("bar", "crowd", crowd.class)} x="0" y={y.to_string()} width="100%" height={BAR.to_string()}
            viewBox={format!("0 0 {} 1", window.span)} preserveAspectRatio="none">
            <title>{ format!("{} operations: zoom in to tell them apart", crowd.count) }</title>
            <path d={path} />
        </svg>
    }
}

/// A message from the line of its sender to the line of its receiver.
fn arrow(window: Window, arrow: &Arrow) -> Html {
    let (from, mut to) = (middle_of(arrow.from_row) as f64, middle_of(arrow.to_row) as f64);
    let mut end = window.percent(arrow.end);
    if arrow.fate == Fate::Lost {
        // It does not get there.
        to = from + (to - from) * 0.6;
        if arrow.end == arrow.sent {
            end += 0.6;
        }
    }
    let (x, y) = (format!("{:.3}%", end.clamp(-1_000.0, 1_000.0)), format!("{to:.1}"));
    let class = classes!(
        "arrow",
        arrow.class,
        match arrow.fate {
            Fate::Arrived => "arrived",
            Fate::Lost => "lost",
            Fate::Travelling => "travelling",
        }
    );
    html! {
        <g {class} data-go={arrow.sent.as_us().to_string()} data-id={arrow.id.0.to_string()}>
            <title>{ format!("{} (sent at {})", arrow.label, arrow.sent) }</title>
            <line class="reach" x1={percent(window, arrow.sent)} y1={format!("{from:.1}")} x2={x.clone()} y2={y.clone()} />
            <line x1={percent(window, arrow.sent)} y1={format!("{from:.1}")} x2={x.clone()} y2={y.clone()} />
            if arrow.fate == Fate::Lost {
                <text class="gone" {x} y={format!("{:.1}", to + 4.0)}>{ "✕" }</text>
            } else {
                <circle cx={x} cy={y} r="3" />
            }
        </g>
    }
}
