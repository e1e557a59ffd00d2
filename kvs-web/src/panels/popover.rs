use kvs_core::process::NodeId;
use kvs_core::sim::{Fate, Input, Links, summarize};
use kvs_core::world::{Sequence, Whereabouts};
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::command::Command;
use crate::compare::what_if::may_crash;
use crate::compare::{Asked, Twist};
use crate::platter;
use crate::player::Player;
use crate::plug::aftermath;
use crate::stage::layout::Point;
use crate::store::{Selection, Store};

#[derive(Properties, PartialEq)]
pub struct PopoverProps {
    pub store: Store,
    pub send: Callback<Command>,
    pub selected: Selection,
    pub on_close: Callback<()>,
    /// Where it points to, as percentages of the picture.
    pub at: (i32, i32),
    /// How far to stay above or below it, in pixels.
    pub reach: i32,
    /// The reader asks what would be if a message met another fate.
    #[prop_or_default]
    pub on_twist: Option<Callback<(Asked, Twist)>>,
}

/// What can be done to what is picked, beside it.
#[component]
pub fn Popover(props: &PopoverProps) -> Html {
    let on_close = props.on_close.clone();
    let (x, y) = props.at;
    let place = use_place(x, y, props.reach);
    let body = props.store.read(|player| match props.selected {
        Selection::Node(node) if player.architecture().is_server(node) => Some(server(player, node, &props.send)),
        Selection::Message(id) => message(player, id, &props.send, props.on_twist.as_ref()),
        _ => None,
    });
    let Some((title, actions)) = body else { return html! {} };
    let class = classes!("popover", if y > 50 { "above" } else { "below" });
    html! {
        <div {class} ref={place} role="group" aria-label={title.clone()} data-testid="popover">
            <div class="heading"><b>{ title }</b><button class="quiet" aria-label="Close" onclick={move |_| on_close.emit(())}>{ "✕" }</button></div>
            { actions }
        </div>
    }
}

/// Puts an element where it points from. Through its style sheet and not by an attribute, which strict pages do not allow.
#[hook]
fn use_place(x: i32, y: i32, reach: i32) -> NodeRef {
    let place = use_node_ref();
    let element = place.clone();
    use_effect(move || {
        if let Some(element) = element.cast::<HtmlElement>() {
            for (name, value) in [("--x", format!("{x}%")), ("--y", format!("{y}%")), ("--reach", format!("{reach}px"))]
            {
                // A custom property may have any value.
                let _set = element.style().set_property(name, &value);
            }
        }
    });
    place
}

fn button(send: &Callback<Command>, id: &'static str, label: &'static str, input: Option<Input>) -> Html {
    let disabled = input.is_none();
    let send = send.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        if let Some(input) = input.clone() {
            send.emit(Command::Input(input));
        }
    });
    html! { <button data-testid={id} {disabled} {onclick}>{ label }</button> }
}

/// The links between a server and all others.
fn links_of(player: &Player, node: NodeId) -> Links {
    let others = player.architecture().server_ids().filter(|&other| other != node).collect();
    Links::Between(vec![vec![node], others])
}

/// Cuts a server off from all others, or lets it rejoin if it is cut off from all of them. None where there are no others.
pub fn isolate(player: &Player, node: NodeId) -> Option<Input> {
    let mut others = player.architecture().server_ids().filter(|&other| other != node).peekable();
    others.peek()?;
    let world = player.world();
    let is_isolated = others.all(|other| world.is_cut(node, other) && world.is_cut(other, node));
    Some(if is_isolated { Input::Heal(links_of(player, node)) } else { Input::Cut(links_of(player, node)) })
}

/// Crashes a server, or restarts it if it is down.
pub fn crash(player: &Player, node: NodeId) -> Input {
    if player.world().is_up(node) { Input::Crash(node) } else { Input::Restart(node) }
}

fn server(player: &Player, node: NodeId, send: &Callback<Command>) -> (String, Html) {
    let world = player.world();
    let (is_up, is_paused) = (world.is_up(node), world.is_paused(node));
    let isolate = isolate(player, node);
    let isolate_label = if matches!(isolate, Some(Input::Heal(_))) { "Let it rejoin" } else { "Isolate" };
    // Whoever has a disk loses its power; whoever has none, only its memory.
    let has_disk = platter::is_used(world.disk(node));
    let crash = if has_disk { "Pull the plug" } else { "Crash" };
    let actions = html! {
        <>
        { forecast(player, node, has_disk) }
        <div class="actions">
            { button(send, "crash", crash, is_up.then_some(Input::Crash(node))) }
            { button(send, "restart-node", "Restart", (!is_up).then_some(Input::Restart(node))) }
            { button(send, "isolate", isolate_label, isolate) }
            { button(send, "pause-node", if is_paused { "Resume" } else { "Pause" },
                is_up.then_some(if is_paused { Input::Resume(node) } else { Input::Pause(node) })) }
            { button(send, "wipe", "Wipe its disk", Some(Input::Wipe(node))) }
            { membership(player, node, send) }
        </div>
        </>
    };
    let state = if is_up { "" } else { " is down" };
    (format!("{}{state}", player.names().name(node)), actions)
}

/// What a power cut would leave of a server that has a disk.
fn forecast(player: &Player, node: NodeId, has_disk: bool) -> Html {
    let (architecture, names) = (player.architecture(), player.names());
    let aftermath = has_disk.then(|| aftermath(player.world(), architecture, names, player.history(), node)).flatten();
    let Some(aftermath) = aftermath else { return html! {} };
    let gist = aftermath.gist();
    html! { <p class="forecast" data-testid="forecast"><b>{ "If the power went now. " }</b><bdi>{ gist }</bdi></p> }
}

/// Lets a server join the shard that it is meant for, or leave the view.
fn membership(player: &Player, node: NodeId, send: &Callback<Command>) -> Html {
    let Some(view) = player.sim().newest_view() else { return html! {} };
    let is_in = view.shard_of(node).is_some();
    let input = player.sim().change_of_members(&[node], !is_in).ok();
    let input = input.filter(|input| player.sim().check(input).is_ok());
    button(send, "membership", if is_in { "Leave" } else { "Join" }, input)
}

fn message(
    player: &Player,
    id: Sequence,
    send: &Callback<Command>,
    on_twist: Option<&Callback<(Asked, Twist)>>,
) -> Option<(String, Html)> {
    let letters = player.world().letters();
    let (_, at, letter) = letters.into_iter().find(|(each, _, _)| *each == id)?;
    let names = player.names();
    let title = format!("{} {} → {}", letter.message.kind(), names.name(letter.from), names.name(letter.to));
    let is_parked = at == Whereabouts::Parked;
    let fate = |fate: Fate| (!is_parked).then_some(Input::Message { id, fate });
    let held = at == Whereabouts::Held;
    let actions = html! {
        <>
            <p><bdi>{ summarize(&letter.message) }</bdi></p>
            if is_parked { <p class="hint">{ "It waits for its sender's disk." }</p> }
            <div class="actions">
                { button(send, "drop", "Drop", fate(Fate::Drop)) }
                { button(send, "duplicate", "Duplicate", fate(Fate::Duplicate)) }
                { button(send, "hold", if held { "Let it go on" } else { "Hold" }, fate(if held { Fate::Release } else { Fate::Hold })) }
                { button(send, "deliver", "Deliver now", fate(Fate::Deliver)) }
            </div>
            if let Some(on_twist) = on_twist {
                <p class="hint">{ "What if…" }</p>
                { twists(player, (Asked::Now(id), letter.to), is_parked, on_twist) }
            }
        </>
    };
    Some((title, actions))
}

/// A button for each other fate that a message may meet.
pub fn twists(
    player: &Player,
    (asked, receiver): (Asked, NodeId),
    is_parked: bool,
    on_twist: &Callback<(Asked, Twist)>,
) -> Html {
    let may_crash = may_crash(player, asked, receiver);
    html! {
        <div class="actions twists" role="group" aria-label="What if…">
            { for Twist::ALL.into_iter().map(|twist| {
                let disabled = is_parked || (twist == Twist::Crashed && !may_crash);
                let onclick = on_twist.reform(move |_: MouseEvent| (asked, twist));
                html! { <button data-testid={format!("what-if-{}", twist.name())} {disabled} {onclick}>{ twist.label(player.names().name(receiver)) }</button> }
            }) }
        </div>
    }
}

/// A place in the picture as whole percentages, kept away from the rim.
pub fn percentages(place: Point, width: f64, height: f64) -> (i32, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a percentage")]
    let percent = |part: f64, whole: f64| (part / whole.max(1.0) * 100.0).clamp(2.0, 98.0) as i32;
    (percent(place.x, width), percent(place.y, height))
}
