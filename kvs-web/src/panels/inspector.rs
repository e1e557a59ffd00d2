use std::collections::{BTreeMap, BTreeSet};

use kvs_core::op::{KVSResponse, Key};
use kvs_core::process::NodeId;
use kvs_core::server::{Node, Server};
use kvs_core::sim::{Fate, Input, Links};
use kvs_core::storage::Storage;
use kvs_core::world::{Sequence, Whereabouts};
use kvs_core::zoo::OptionValue;
use yew::prelude::*;

use super::machine;
use super::operations::thought;
use super::popover::twists;
use crate::command::Command;
use crate::compare::{Asked, Twist};
use crate::inspect::{self, Change, Tree};
use crate::player::Player;
use crate::stage::scene::value_text;
use crate::store::{Selection, Store};

#[derive(Properties, PartialEq)]
pub struct InspectorProps {
    pub store: Store,
    pub send: Callback<Command>,
    pub selected: Selection,
    pub on_select: Callback<Selection>,
    /// The reader asks what would have been if a message had met another fate.
    pub on_twist: Callback<(Asked, Twist)>,
}

/// The most keys that are shown.
const ROWS_MAX: usize = 60;

/// What everybody holds, and the inside of what is picked. At first there is neither: the functions for them are never inlined, so that
/// the page can come before they do.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    props.store.read(|player| {
        let picked = match props.selected {
            Selection::Nothing => {
                html! { <p class="hint">{ "Pick a server, a client or a message in the picture to look inside." }</p> }
            }
            Selection::Node(node) => node_inside(player, node),
            Selection::Link(a, b) => link_inside(player, a, b, &props.send),
            Selection::Message(id) => message_inside(player, id, &props.send, &props.on_twist),
        };
        html! {
            <section class="panel inspector" aria-labelledby="inspector-title">
                <h2 id="inspector-title">{ "Look inside" }</h2>
                { holdings(player, &props.on_select) }
                { picked }
            </section>
        }
    })
}

/// Every key at every server, with what they disagree on marked.
fn holdings(player: &Player, on_select: &Callback<Selection>) -> Html {
    let architecture = player.architecture();
    let servers: Vec<(NodeId, Option<&Server>)> = architecture
        .server_ids()
        .map(|id| (id, player.world().node(id).as_server().filter(|_| player.world().is_up(id))))
        .collect();
    let keys: BTreeSet<&Key> = servers.iter().filter_map(|(_, server)| *server).flat_map(keys_of).collect();
    let count = keys.len();
    let rows: BTreeMap<&Key, Vec<Cell>> = keys
        .into_iter()
        .take(ROWS_MAX)
        .map(|key| (key, servers.iter().map(|(id, server)| cell(key, *id, *server)).collect()))
        .collect();
    if rows.is_empty() {
        return html! { <p class="hint" data-testid="holdings">{ "No server holds anything." }</p> };
    }
    let more = count.saturating_sub(ROWS_MAX);
    table(player, &servers, &rows, more, on_select)
}

#[inline(never)]
fn table(
    player: &Player,
    servers: &[(NodeId, Option<&Server>)],
    rows: &BTreeMap<&Key, Vec<Cell>>,
    more: usize,
    on_select: &Callback<Selection>,
) -> Html {
    let agree = rows.values().all(|row| is_agreed(row));
    let whose = if player.architecture().sharding.is_some() { "What each shard holds" } else { "What everybody holds" };
    html! {
        <div class="table-place">
            <table class="holdings" data-testid="holdings" data-agree={agree.to_string()}>
                <caption>{ format!("{whose}: they {}.", if agree { "agree" } else { "disagree" }) }</caption>
                <thead><tr>
                    <th scope="col">{ "key" }</th>
                    { for servers.iter().map(|(id, _)| {
                        let select = on_select.reform({ let id = *id; move |_: MouseEvent| Selection::Node(id) });
                        html! { <th scope="col"><button class="quiet" onclick={select}>{ player.names().name(*id) }</button></th> }
                    }) }
                </tr></thead>
                <tbody>
                    { for rows.iter().map(|(key, row)| html! {
                        <tr class={if is_agreed(row) { "" } else { "apart" }} data-key={key.as_str().to_owned()}>
                            <th scope="row"><bdi>{ key.to_string() }</bdi></th>
                            { for row.iter().zip(servers).map(|(cell, (id, _))| html! {
                                <td data-server={player.names().name(*id).to_owned()} title={cell.text().to_owned()}>
                                    <bdi>{ cell.text().to_owned() }</bdi>
                                </td>
                            }) }
                        </tr>
                    }) }
                </tbody>
            </table>
            if more > 0 { <p class="hint">{ format!("and {more} more keys") }</p> }
        </div>
    }
}

/// What a server holds under a key.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Holds(String),
    Down,
    /// The key is another shard's.
    NotIts,
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Self::Holds(text) => text,
            Self::Down => "down",
            Self::NotIts => "",
        }
    }
}

fn cell(key: &Key, id: NodeId, server: Option<&Server>) -> Cell {
    let Some(server) = server else { return Cell::Down };
    let is_its = server.sharding().is_none_or(|sharding| sharding.map().owns(id, key));
    // What should not be there is shown all the same.
    let is_kept = server.storage().pack(key).is_some();
    if is_its || is_kept { Cell::Holds(read(server, key)) } else { Cell::NotIts }
}

fn is_agreed(row: &[Cell]) -> bool {
    let mut held = row.iter().filter(|cell| matches!(cell, Cell::Holds(_)));
    let first = held.next();
    held.all(|cell| Some(cell) == first)
}

fn keys_of(server: &Server) -> Vec<&Key> {
    match server.storage() {
        Storage::Core(core) => core.iter().map(|(key, _)| key).collect(),
        Storage::Lattice(store) => store.iter().map(|(key, _)| key).collect(),
        Storage::Smr(store) => store.state().data.keys().collect(),
        Storage::Versioned(store) => store.iter().map(|(key, _)| key).collect(),
    }
}

fn read(server: &Server, key: &Key) -> String {
    match server.read(key) {
        KVSResponse::GetResult { values, .. } => value_text(&values),
        other => other.to_string(),
    }
}

#[inline(never)]
fn node_inside(player: &Player, node: NodeId) -> Html {
    if node.index() >= player.world().node_ids().len() {
        return html! {};
    }
    let names = player.names();
    let state: &Node = player.world().node(node);
    let tree = inspect::tree(names.name(node), state, names);
    let before = player.node_before_last_step(node).map(|before| inspect::tree(names.name(node), &*before, names));
    let timers = player.world().timers(node);
    let last = player.history().last_of(node).filter(|operation| operation.called <= player.now());
    let clock_us = player.world().clock_offset_us(node);
    html! {
        <div class="inside" data-testid="inside">
            <h3>{ names.name(node) }{ ": its state" }<small>{ " ● marks what the last step changed" }</small></h3>
            { last.and_then(|operation| thought(player, operation)) }
            { machine::inside(player, node) }
            { branch(&tree, before.as_ref().or(Some(&tree)), true) }
            if !timers.is_empty() {
                <h4>{ "Timers" }</h4>
                <ul class="plain">{ for timers.iter().map(|(timer, due)| html! { <li>{ timer.name() }{ " at " }{ due.to_string() }</li> }) }</ul>
            }
            if clock_us != 0 {
                <p>{ format!("Its clock is off by {} ms.", clock_us / 1_000) }</p>
            }
        </div>
    }
}

/// A part of a state, open where something changed.
fn branch(tree: &Tree, before: Option<&Tree>, is_root: bool) -> Html {
    let change = inspect::change(tree, before);
    let class = match change {
        Change::Same => "same",
        Change::Changed => "changed",
        Change::Added => "added",
    };
    let mark = html! { if change != Change::Same { <i class="mark" title="changed by the last step">{ "●" }</i> } };
    if tree.children.is_empty() {
        return html! { <div class={classes!("leaf", class)}>{ mark }<span>{ &tree.label }</span><bdi title={tree.value.clone()}>{ &tree.value }</bdi></div> };
    }
    html! {
        <details class={class} open={is_root || change != Change::Same}>
            <summary>{ mark }<span>{ &tree.label }</span><bdi>{ &tree.value }</bdi></summary>
            { for tree.children.iter().map(|child| branch(child, before.and_then(|before| before.part(&child.label)), false)) }
        </details>
    }
}

#[inline(never)]
fn link_inside(player: &Player, a: NodeId, b: NodeId, send: &Callback<Command>) -> Html {
    let nodes = player.world().node_ids().len();
    if a.index() >= nodes || b.index() >= nodes {
        return html! {};
    }
    let (name_a, name_b) = (player.names().name(a), player.names().name(b));
    let one_way = |from: NodeId, to: NodeId| {
        let links = Links::OneWay { from: vec![from], to: vec![to] };
        let is_cut = player.world().is_cut(from, to);
        let input = if is_cut { Input::Heal(links) } else { Input::Cut(links) };
        let onclick = send.reform(move |_: MouseEvent| Command::Input(input.clone()));
        let words = if is_cut { "Heal" } else { "Cut" };
        html! { <button {onclick}>{ words }{ " " }{ player.names().name(from) }{ " → " }{ player.names().name(to) }</button> }
    };
    let options = player.world().link_options(a, b);
    html! {
        <div class="inside" data-testid="inside">
            <h3>{ "Link " }{ name_a }{ " – " }{ name_b }</h3>
            <p>{ format!("A message takes {} to {}. Loss {}, duplication {}.",
                options.latency_min, options.latency_max, OptionValue::Percent(options.loss), OptionValue::Percent(options.duplication)) }</p>
            <div class="verbs">{ one_way(a, b) }{ one_way(b, a) }</div>
        </div>
    }
}

#[inline(never)]
fn message_inside(
    player: &Player,
    id: Sequence,
    send: &Callback<Command>,
    on_twist: &Callback<(Asked, Twist)>,
) -> Html {
    let letters = player.world().letters();
    let Some((_, at, letter)) = letters.into_iter().find(|(each, _, _)| *each == id) else {
        return gone(player, id, on_twist);
    };
    let names = player.names();
    let state = match at {
        Whereabouts::Travelling(due) => format!("arrives at {due}"),
        Whereabouts::Held => "held by you".into(),
        Whereabouts::Parked => "waits until its sender's disk has what it promises".into(),
    };
    let tree = inspect::tree(letter.message.kind(), &letter.message, names);
    let drop = send.reform(move |_: MouseEvent| Command::Input(Input::Message { id, fate: Fate::Drop }));
    html! {
        <div class="inside" data-testid="inside">
            <h3>{ letter.message.kind() }{ " from " }{ names.name(letter.from) }{ " to " }{ names.name(letter.to) }</h3>
            <p>{ format!("Left at {}, {state}.", letter.sent) }</p>
            { branch(&tree, Some(&tree), true) }
            <div class="verbs"><button onclick={drop} disabled={at == Whereabouts::Parked}>{ "Drop it" }</button></div>
        </div>
    }
}

/// A message that is no longer on its way.
fn gone(player: &Player, id: Sequence, on_twist: &Callback<(Asked, Twist)>) -> Html {
    html! {
        <div class="inside" data-testid="inside">
            <p class="hint">{ "That message has arrived, or is lost." }</p>
            if let Some(about) = Asked::about_gone(player, id) {
                <p class="hint">{ "What if…" }</p>
                { twists(player, about, false, on_twist) }
            }
        </div>
    }
}
