use kvs_core::process::NodeId;
use kvs_core::sim::{Input, Recording};
use kvs_core::time::Time;
use yew::prelude::*;

use super::more::More;
use crate::command::Command;
use crate::compare::StormLink;
use crate::platter::{self, File, Part, Platter, Row};
use crate::player::Player;
use crate::plug::{aftermath, fate_words};
use crate::store::{Selection, Store};

#[derive(Clone, Properties, PartialEq)]
pub struct DisksProps {
    pub store: Store,
    pub send: Callback<Command>,
    pub selected: Selection,
    /// Whether it may lead to other pages of the playground.
    #[prop_or(true)]
    pub leads_on: bool,
}

/// The disk of every node that writes on one.
#[component]
pub fn Disks(props: &DisksProps) -> Html {
    props.store.read(|player| {
        let nodes = writers(player);
        if nodes.is_empty() {
            return html! {};
        }
        let disks = player.architecture().disks;
        let lies = disks.honesty == kvs_core::disk::Honesty::Lying;
        let is_alone = nodes.len() == 1;
        let engines = StormLink::engines(player.architecture()).filter(|_| props.leads_on);
        html! {
            <section class="panel disks" aria-labelledby="disks-title" data-testid="disks">
                <h2 id="disks-title">{ if is_alone { "The disk" } else { "Disks" } }</h2>
                <p class="hint">
                    { "What is written reaches the cache at once, and the platter a little later. " }{ fate_words(disks.crash_fate) }
                    if lies { { " These disks lie: they say “synced” at once, and write later." } }
                </p>
                { for nodes.into_iter().map(|node| html! {
                    <DiskCard key={node.0} store={props.store.clone()} send={props.send.clone()} {node}
                        is_open={is_alone || props.selected == Selection::Node(node)} />
                }) }
                if let Some(storm) = engines {
                    <p class="engines"><a href={format!("#{}", storm.encode())} data-testid="three-engines">
                        { "The three engines side by side, in one storm in which the power fails" }
                    </a></p>
                }
            </section>
        }
    })
}

/// The same in a chapter, behind a line that opens it.
#[component]
pub fn MoreDisks(props: &DisksProps) -> Html {
    if props.store.read(|player| writers(player).is_empty()) {
        return html! {};
    }
    html! { <More summary="Disks"><Disks leads_on={false} ..props.clone() /></More> }
}

/// The nodes whose disks are worth a look: those that have written, and whoever keeps values with versions, which an engine may not write.
fn writers(player: &Player) -> Vec<NodeId> {
    let world = player.world();
    let keeps_versions =
        |node: NodeId| player.architecture().versioned().is_some() && world.node(node).as_server().is_some();
    world.node_ids().filter(|node| platter::is_used(world.disk(*node)) || keeps_versions(*node)).collect()
}

#[derive(Properties, PartialEq)]
struct DiskCardProps {
    store: Store,
    send: Callback<Command>,
    node: NodeId,
    is_open: bool,
}

#[component]
fn DiskCard(props: &DiskCardProps) -> Html {
    let (store, node) = (&props.store, props.node);
    let crashed = store.read(|player| until_last_crash(player, node));
    // What has happened stays as it was, however time goes on.
    let last = use_memo(crashed, |crashed| {
        crashed.as_ref()?;
        store.read(|player| last_crash(player, node))
    });
    store.read(|player| {
        if node.index() >= player.world().node_ids().len() {
            return html! {};
        }
        let (world, name) = (player.world(), player.names().name(node));
        let disk = world.disk(node);
        let platter = Platter::of(disk);
        let unsynced = platter::unsynced(disk);
        let count = platter.files.len();
        let files = if count == 1 { String::from("1 file") } else { format!("{count} files") };
        html! {
            <details class="disk" open={props.is_open} data-disk={name.to_owned()}>
                <summary>
                    <b>{ name }</b>{ " " }<small>{ if platter.is_blank() { "nothing on its disk".into() } else { files } }</small>
                    if let Some(unsynced) = &unsynced {
                        <span class="unsynced" data-testid="unsynced">{ "◌ " }{ unsynced }</span>
                    } else if !platter.is_blank() {
                        <span class="synced">{ "● all synced" }</span>
                    }
                </summary>
                { for platter.files.iter().map(file) }
                { waiting(&platter) }
                { plug(player, node, &props.send) }
                if let Some((at, sentences)) = &*last {
                    <div class="aftermath" data-testid="aftermath">
                        <h4>{ format!("The last power cut, at {at}") }</h4>
                        { for sentences.iter().map(|sentence| html! { <p><bdi>{ sentence }</bdi></p> }) }
                    </div>
                }
            </details>
        }
    })
}

fn file(file: &File) -> Html {
    html! {
        <div class="file" data-file={file.name.clone()}>
            <h4><bdi>{ &file.name }</bdi>{ " " }<small>{ platter::size(file.bytes) }</small></h4>
            if let Some(state) = file.name_state { <p class="hint">{ format!("◌ {state}") }</p> }
            { for file.parts.iter().map(part) }
        </div>
    }
}

fn part(part: &Part) -> Html {
    use platter::Place;
    let (sign, words) = part.place.words();
    let class = match part.place {
        Place::Synced => "synced",
        Place::Unsynced => "unsynced",
        Place::Old => "old",
    };
    html! {
        <div class={classes!("part", class)}>
            <small>{ sign }{ " " }{ words }</small>
            if part.earlier > 0 { <p class="hint">{ format!("… {} before these", part.earlier) }</p> }
            <ol>{ for part.rows.iter().map(row) }</ol>
        </div>
    }
}

fn row(row: &Row) -> Html {
    html! {
        <li>
            if !row.head.is_empty() { <i>{ &row.head }</i> }
            if !row.lines.is_empty() { <bdi class={if row.head.is_empty() { "" } else { "dump" }}>{ row.lines.join("\n") }</bdi> }
        </li>
    }
}

fn waiting(platter: &Platter) -> Html {
    if platter.waiting.is_empty() {
        return html! {};
    }
    html! {
        <div class="waiting">
            <h4>{ "Waits for the platter, oldest first" }</h4>
            <ol>{ for platter.waiting.iter().map(|words| html! { <li><bdi>{ words }</bdi></li> }) }</ol>
            if platter.more_waiting > 0 { <p class="hint">{ format!("… and {} more", platter.more_waiting) }</p> }
        </div>
    }
}

/// What a power cut would leave, and the plug.
fn plug(player: &Player, node: NodeId, send: &Callback<Command>) -> Html {
    let forecast = aftermath(player.world(), player.architecture(), player.names(), player.history(), node);
    // Who is down, or is no server, has no plug.
    let can_restart = forecast.is_none();
    let input = if can_restart { Input::Restart(node) } else { Input::Crash(node) };
    if player.sim().check(&input).is_err() {
        return html! {};
    }
    let onclick = send.reform(move |_: MouseEvent| Command::Input(input.clone()));
    let name = player.names().name(node);
    html! {
        <div class="plug">
            if let Some(forecast) = forecast {
                <h4>{ "If the power went now" }</h4>
                <div data-testid={format!("forecast-{name}")}>
                    { for forecast.sentences(false).iter().map(|sentence| html! { <p><bdi>{ sentence }</bdi></p> }) }
                </div>
                <button data-testid={format!("pull-plug-{name}")} {onclick}>{ "Pull the plug of " }{ name }</button>
            } else {
                <p>{ name }{ " is down." }</p>
                <button data-testid={format!("power-{name}")} {onclick}>{ "Let it start again" }</button>
            }
        </div>
    }
}

/// The run up to the last crash of a node, that included: what its aftermath depends on.
fn until_last_crash(player: &Player, node: NodeId) -> Option<Recording> {
    let done = &player.recording().inputs()[..player.inputs_done()];
    let place = done.iter().rposition(|(_, input)| *input == Input::Crash(node))?;
    let mut recording = player.recording().clone();
    recording.swap_tail(place + 1, Vec::new());
    Some(recording)
}

fn last_crash(player: &Player, node: NodeId) -> Option<(Time, Vec<String>)> {
    let (at, world) = player.before_last_crash(node)?;
    let aftermath = aftermath(&world, player.architecture(), player.names(), player.history(), node)?;
    Some((at, aftermath.sentences(true)))
}
