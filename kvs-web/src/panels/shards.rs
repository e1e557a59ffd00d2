use std::f64::consts::TAU;
use std::fmt::Write;

use kvs_core::sim::Input;
use yew::prelude::*;

use crate::command::Command;
use crate::keyspace::{Dot, Keyspace, Share, Stretch, standing_by};
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct ShardsProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// How many keys a click puts.
const FILL: u32 = 120;
/// Radii of the ring, and of where keys lie.
const OUTER: f64 = 118.0;
const INNER: f64 = 102.0;
const KEYS: f64 = 90.0;

/// The hash ring with the keys on it, and who owns how much of them.
#[component]
pub fn Shards(props: &ShardsProps) -> Html {
    let picked = use_state(|| None::<usize>);
    let shown =
        props.store.read(|player| Keyspace::new(player).map(|keyspace| (keyspace, standing_by(player), joins(player))));
    let Some((keyspace, waiting, joins)) = shown else { return html! {} };
    let chosen = picked.filter(|place| *place < keyspace.shards.len());
    let fill = props.send.reform(|_: MouseEvent| Command::Input(Input::Fill(FILL)));
    html! {
        <section class="panel shards" aria-labelledby="shards-title" data-testid="shards">
            <header>
                <h2 id="shards-title">{ "Where keys live" }</h2>
                <span class="hint">{ format!("view {}", keyspace.epoch) }</span>
            </header>
            <div class="ring-and-legend">
                { ring(&keyspace, chosen) }
                <ul class="legend">
                    { for keyspace.shards.iter().enumerate().map(|(place, share)| {
                        let toggled = if chosen == Some(place) { None } else { Some(place) };
                        let onclick = { let picked = picked.clone(); move |_: MouseEvent| picked.set(toggled) };
                        row(place, share, chosen, onclick)
                    }) }
                </ul>
            </div>
            <p class="moves" role="status" data-testid="moves">{ keyspace.moves().unwrap_or_else(|| match keyspace.dots.len() {
                0 => "No keys yet. Put some, and they appear on the ring.".into(),
                1 => "1 key, with one home.".into(),
                keys => format!("{keys} keys, each with one home."),
            }) }</p>
            <div class="verbs">
                <button data-testid="fill" onclick={fill}>{ format!("Put {FILL} keys") }</button>
                { for waiting.keys().zip(joins).filter_map(|(name, input)| input.map(|input| {
                    let onclick = props.send.reform(move |_: MouseEvent| Command::Input(input.clone()));
                    html! { <button data-testid={format!("join-{name}")} {onclick}>{ format!("{name} joins") }</button> }
                })) }
            </div>
        </section>
    }
}

/// For each shard that stands by, the view in which it has joined.
fn joins(player: &crate::player::Player) -> Vec<Option<Input>> {
    standing_by(player).values().map(|nodes| player.sim().change_of_members(nodes, true).ok()).collect()
}

fn row(place: usize, share: &Share, chosen: Option<usize>, onclick: impl Fn(MouseEvent) + 'static) -> Html {
    let part = share.part.map(|part| format!("{:.0} % of ring", part * 100.0));
    let gained = if share.gained > 0 { format!(" (+{})", share.gained) } else { String::new() };
    html! {
        <li>
            <button class={classes!("quiet", format!("shard-{}", place % 8))} aria-pressed={(chosen == Some(place)).to_string()} {onclick}>
                <i class="swatch" aria-hidden="true"></i><b>{ share.name.to_string() }</b>
                <span>{ counted(share.keys) }{ gained }</span>
                if let Some(part) = part { <small>{ part }</small> }
            </button>
        </li>
    }
}

fn ring(keyspace: &Keyspace, chosen: Option<usize>) -> Html {
    let words: Vec<String> =
        keyspace.shards.iter().map(|share| format!("{}: {}", share.name, counted(share.keys))).collect();
    let fades = |shard: usize| chosen.is_some_and(|chosen| chosen != shard).then_some("faded");
    let stretch = |stretch: &Stretch| {
        let class = classes!("arc", format!("shard-{}", stretch.shard % 8), fades(stretch.shard));
        html! { <path {class} d={path(stretch)}><title>{ keyspace.shards[stretch.shard].name.to_string() }</title></path> }
    };
    let dot = |dot: &Dot| {
        let (x, y) = point(dot.at, KEYS);
        let class =
            classes!("key", format!("shard-{}", dot.shard % 8), fades(dot.shard), dot.has_moved.then_some("moved"));
        let words = if dot.has_moved { ", just moved" } else { "" };
        html! {
            <circle {class} cx={format!("{x:.1}")} cy={format!("{y:.1}")} r={if dot.has_moved { "4.6" } else { "3.4" }}>
                <title>{ format!("{}: {}{words}", dot.key, keyspace.shards[dot.shard].name) }</title>
            </circle>
        }
    };
    html! {
        <svg class="hash-ring" viewBox="-122 -122 244 244" role="img" aria-label={format!("The hash ring. {}.", words.join(", "))}>
            <circle class="track" r={((OUTER + INNER) / 2.0).to_string()} />
            { for keyspace.arcs.iter().map(stretch) }
            { for keyspace.dots.iter().map(dot) }
            <text class="count" y="2">{ keyspace.dots.len().to_string() }</text>
            <text class="unit" y="20">{ if keyspace.dots.len() == 1 { "key" } else { "keys" } }</text>
        </svg>
    }
}

fn counted(keys: u32) -> String {
    if keys == 1 { "1 key".into() } else { format!("{keys} keys") }
}

/// A place on a circle: 0 is at the top, and on goes the clock.
fn point(at: f64, radius: f64) -> (f64, f64) {
    let angle = at * TAU;
    (radius * angle.sin(), -radius * angle.cos())
}

fn path(stretch: &Stretch) -> String {
    // A whole turn begins where it ends and would be nothing.
    let to = stretch.to.min(stretch.from + 0.9999);
    let large = u8::from(to - stretch.from > 0.5);
    let [(a, b), (c, d)] = [stretch.from, to].map(|at| point(at, OUTER));
    let [(e, f), (g, h)] = [to, stretch.from].map(|at| point(at, INNER));
    let mut path = String::new();
    // Writing to a string does not fail.
    let _infallible = write!(
        path,
        "M{a:.2} {b:.2}A{OUTER} {OUTER} 0 {large} 1 {c:.2} {d:.2}L{e:.2} {f:.2}A{INNER} {INNER} 0 {large} 0 {g:.2} {h:.2}Z"
    );
    path
}
