//! The inside of a store of commands at a glance.

use kvs_core::process::NodeId;
use kvs_core::storage::Storage;
use yew::prelude::*;

use crate::player::Player;

/// What a replica keeps and counts, and who hears of its changes; nothing for nodes without such a store.
pub fn inside(player: &Player, node: NodeId) -> Html {
    let Some(server) = player.world().node(node).as_server() else { return html! {} };
    let Storage::Smr(store) = server.storage() else { return html! {} };
    let (state, config, metrics) = (store.state(), store.config(), store.metrics());
    let names = player.names();
    let kept = format!(
        "{} of {} keys, {} of {} bytes",
        store.size(),
        config.max_entries,
        store.room(),
        config.max_memory_bytes
    );
    let time = match (state.slot, store.next_due()) {
        (None, _) => String::from("no slot yet"),
        (Some(slot), None) => format!("slot {slot}, log time {}", state.log_time),
        (Some(slot), Some(due)) => format!("slot {slot}, log time {}; something is due at {due}", state.log_time),
    };
    let counts = [
        ("done", metrics.done),
        ("refused", metrics.refused),
        ("batches taken back", metrics.rolled_back),
        ("reads that found something", metrics.hits),
        ("reads that did not", metrics.misses),
        ("out of date", metrics.expired),
        ("dropped to make room", metrics.evicted),
        ("changes lost by slow subscribers", metrics.lagged),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let subscribers = server.subscribers().map(|(client, prefix, id, is_on_its_way)| {
        let (waiting, lost) = store.bus().waiting(id);
        let of = if prefix.as_str().is_empty() { String::from("all keys") } else { format!("{prefix}…") };
        let underway = if is_on_its_way { "; one is on its way" } else { "" };
        let lost = if lost > 0 { format!(", {lost} lost") } else { String::new() };
        html! { <li>{ names.name(client) }{ " hears of " }<bdi>{ of }</bdi>{ format!(": {waiting} wait{lost}{underway}") }</li> }
    });
    let subscribers: Vec<Html> = subscribers.collect();
    html! {
        <div data-testid="machine">
            <h4>{ "Store" }</h4>
            <ul class="plain"><li>{ kept }</li><li>{ time }</li></ul>
            if config.metrics_enabled {
                <h4>{ "Metrics" }</h4>
                <ul class="plain">{ for counts.map(|(what, count)| html! { <li>{ format!("{count} {what}") }</li> }) }</ul>
            }
            if !subscribers.is_empty() {
                <h4>{ "Subscribers" }</h4>
                <ul class="plain">{ for subscribers }</ul>
            }
        </div>
    }
}
