use std::collections::BTreeSet;
use std::sync::Arc;

use kvs_core::op::{KVSOperation, Key, Outcome, TooLong, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Traffic};
use kvs_core::sim::{Input, Operation};
use kvs_core::time::Span;
use kvs_core::version::Version;
use yew::prelude::*;

use super::commands::Commands;
use super::loss::Loss;
use super::value_of;
use crate::clerk;
use crate::command::Command;
use crate::player::Player;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct OperationsProps {
    pub store: Store,
    pub send: Callback<Command>,
}

const TRAFFIC: Traffic = Traffic { every: Span::from_ms(250), keys: 3, reads_percent: 50 };

/// Asks the store for something, as one of the clients.
#[component]
pub fn Operations(props: &OperationsProps) -> Html {
    let client_place = use_state(|| 0_u32);
    let target = use_state(|| None::<NodeId>);
    let key = use_state(|| String::from("x"));
    let value = use_state(|| String::from("1"));
    let keys = use_state(|| String::from("x y"));
    let version = use_state(String::new);

    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |event: InputEvent| state.set(value_of(&event)))
    };
    let parsed_key = Key::new(&key);
    let parsed_value = Value::new(&value);
    let trouble = |parsed: Result<(), &TooLong>| {
        html! {
            if let Err(error) = parsed { <p class="trouble">{ sentence(error) }</p> }
        }
    };
    props.store.read(|player| {
        let architecture = player.architecture();
        let names = player.names();
        let place = (*client_place).min(architecture.clients - 1);
        let client = NodeId(architecture.servers + place);
        let to = target.filter(|to| architecture.is_server(*to));
        let keeps = |server: &NodeId| player.world().node(*server).as_server().is_some();
        let keepers: Vec<NodeId> = architecture.server_ids().filter(keeps).collect();
        let send = |op: Option<KVSOperation>, to: Option<NodeId>| {
            let send = props.send.clone();
            Callback::from(move |_: MouseEvent| {
                if let Some(op) = op.clone() {
                    send.emit(Command::Input(Input::Call { client, call: Arc::new(Call { op, to }) }));
                }
            })
        };
        let put = parsed_key.as_ref().ok().zip(parsed_value.as_ref().ok());
        let has_versions = architecture.versioned().is_some();
        let typed = version.trim().trim_start_matches('@');
        let named = if typed.is_empty() || !has_versions { Some(None) } else { Version::parse(typed).map(Some) };
        let put = put.zip(named).map(|((key, value), version)| match version {
            Some(version) => KVSOperation::PutIf(key.clone(), value.clone(), version),
            None => KVSOperation::Put(key.clone(), value.clone()),
        });
        let get = parsed_key.as_ref().ok().map(|key| KVSOperation::Get(key.clone()));
        let delete = parsed_key.as_ref().ok().map(|key| KVSOperation::Delete(key.clone()));
        let several = several_keys(&keys);
        let pick_client = {
            let client_place = client_place.clone();
            Callback::from(move |event: Event| client_place.set(value_of(&event).parse().unwrap_or(0)))
        };
        let pick_target = {
            let target = target.clone();
            Callback::from(move |event: Event| target.set(value_of(&event).parse().ok().map(NodeId)))
        };
        html! {
            <section class="panel operations" aria-labelledby="operations-title">
                <h2 id="operations-title">{ "Ask the store" }</h2>
                <div class="fields">
                    <label>{ "Client" }
                        <select data-testid="client" onchange={pick_client}>
                            { for (0_u32..).zip(architecture.client_ids()).map(|(n, id)| html! {
                                <option value={n.to_string()} selected={n == place}>{ names.name(id) }</option>
                            }) }
                        </select>
                    </label>
                    <label>{ "asks" }
                        <select data-testid="target" onchange={pick_target}>
                            <option value="" selected={to.is_none()}>{ default_target(player, place) }</option>
                            { for architecture.server_ids().map(|id| html! {
                                <option value={id.0.to_string()} selected={to == Some(id)}>{ names.name(id) }</option>
                            }) }
                        </select>
                    </label>
                </div>
                <div class="fields">
                    <label>{ "Key" }
                        <input data-testid="key" dir="auto" autocomplete="off" spellcheck="false" value={(*key).clone()} oninput={set(&key)}
                            aria-invalid={parsed_key.is_err().to_string()} />
                    </label>
                    <label>{ "Value" }
                        <input data-testid="value" dir="auto" autocomplete="off" spellcheck="false" value={(*value).clone()} oninput={set(&value)}
                            aria-invalid={parsed_value.is_err().to_string()} />
                    </label>
                    if has_versions {
                        <label title="A put names the version that it replaces; 0: that there is no such key. Empty: what this client has last read or put.">
                            { "Replaces" }
                            <input data-testid="version" autocomplete="off" spellcheck="false" placeholder="as read" size="6"
                                value={(*version).clone()} oninput={set(&version)} aria-invalid={named.is_none().to_string()} />
                        </label>
                    }
                </div>
                if named.is_none() {
                    <p class="trouble">{ "A version is a number, such as 3; 0: there is no such key." }</p>
                }
                { trouble(parsed_key.as_ref().map(|_| ())) }
                { trouble(parsed_value.as_ref().map(|_| ())) }
                <div class="verbs">
                    <button class="primary" data-testid="put" disabled={put.is_none()} onclick={send(put, to)}>{ "Put" }</button>
                    <button data-testid="get" disabled={get.is_none()} onclick={send(get.clone(), to)}>{ "Get" }</button>
                    if !has_versions {
                        <button data-testid="delete" disabled={delete.is_none()} onclick={send(delete, to)}>{ "Delete" }</button>
                    }
                </div>
                if architecture.smr().is_some() {
                    <Commands store={props.store.clone()} send={props.send.clone()} {client} {to}
                        keyed={parsed_key.clone().ok()} value={parsed_value.clone().ok()} />
                }
                if architecture.sharding.is_some() {
                    <div class="fields several">
                        <label>{ "Several keys" }
                            <input data-testid="keys" dir="auto" autocomplete="off" spellcheck="false" value={(*keys).clone()} oninput={set(&keys)}
                                aria-invalid={several.is_none().to_string()} />
                        </label>
                        <button data-testid="mget" disabled={several.is_none()} onclick={send(several, to)}>{ "Get them" }</button>
                    </div>
                    <div class="verbs small">
                        <button data-testid="getall" onclick={send(Some(KVSOperation::GetAll), Some(to.unwrap_or(NodeId(0))))}>
                            { "Get all that " }{ names.name(to.unwrap_or(NodeId(0))) }{ " keeps" }
                        </button>
                    </div>
                }
                if let Some(get) = get.filter(|_| architecture.sharding.is_none() && (2..=5).contains(&keepers.len())) {
                    <div class="verbs small" aria-label="One-click reads">
                        { for keepers.into_iter().map(|server| html! {
                            <button data-testid={format!("get-{}", names.name(server))} onclick={send(Some(get.clone()), Some(server))}>
                                { "Get at " }{ names.name(server) }
                            </button>
                        }) }
                    </div>
                }
                { traffic(player, &props.send) }
                <Loss store={props.store.clone()} send={props.send.clone()} />
                { under_way(player) }
                { recent(player) }
            </section>
        }
    })
}

/// A read of the keys that a text names, with blanks or commas between them; None if that are too many, or none.
fn several_keys(text: &str) -> Option<KVSOperation> {
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let keys: BTreeSet<Key> = words.map(|word| Key::new(word).ok()).collect::<Option<_>>()?;
    (1..=KVSOperation::KEYS_MAX).contains(&keys.len()).then(|| KVSOperation::MGet(keys.into_iter().collect()))
}

fn sentence(error: &TooLong) -> String {
    let mut sentence = error.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence + "."
}

fn default_target(player: &Player, place: u32) -> String {
    use kvs_core::routing::RoutingOptions;
    let architecture = player.architecture();
    if architecture.sharding.is_some() {
        return "who keeps the key".into();
    }
    let asked: Vec<NodeId> = architecture.asked_ids().collect();
    if let [only] = asked.as_slice() {
        return player.names().name(*only).into();
    }
    match architecture.routing {
        RoutingOptions::Sticky => {
            let own = asked.get(place as usize % asked.len().max(1)).copied().unwrap_or(NodeId(0));
            player.names().name(own).to_string() + " (its own)"
        }
        RoutingOptions::RoundRobin => "the next in turn".into(),
        RoutingOptions::Leader => "whoever leads".into(),
    }
}

fn traffic(player: &Player, send: &Callback<Command>) -> Html {
    let now = player.world().moment();
    let inputs = player.recording().inputs().iter().rev();
    let is_on = inputs
        .filter(|(at, _)| *at <= now)
        .find_map(|(_, input)| if let Input::Traffic(traffic) = input { Some(traffic.is_some()) } else { None })
        .unwrap_or(false);
    let toggled = Command::Input(Input::Traffic((!is_on).then_some(TRAFFIC)));
    let onclick = send.reform(move |_: MouseEvent| toggled.clone());
    html! {
        <button class="switch" role="switch" aria-checked={is_on.to_string()} data-testid="traffic" {onclick}
            title="Every client asks something by itself, four times a simulated second">
            <i aria-hidden="true"></i>{ "Clients ask by themselves" }
        </button>
    }
}

/// What clients wait for.
fn under_way(player: &Player) -> Html {
    let names = player.names();
    let clients = player.architecture().client_ids();
    let busy = clients.filter_map(|id| Some((id, player.world().node(id).as_client()?)));
    let lines = busy.filter_map(|(id, client)| {
        let (request, server) = client.pending()?;
        let queue = match client.waiting() {
            0 => String::new(),
            more => format!(", {more} more to come"),
        };
        let text = format!("{} waits for {}: {}{queue}", names.name(id), names.name(server), request.op);
        let thought = player.history().last_of(id).and_then(|operation| thought(player, operation));
        Some(html! { <li><bdi>{ text }</bdi>{ thought }</li> })
    });
    html! { <ul class="under-way" data-testid="under-way">{ for lines }</ul> }
}

/// The last operations that have ended, newest first.
fn recent(player: &Player) -> Html {
    let now = player.now();
    let operations = player.history().operations().iter().rev();
    let ended = operations.filter(|operation| operation.ended.as_ref().is_some_and(|ended| ended.at <= now)).take(6);
    let rows: Vec<Html> = ended.map(|operation| row(player, operation)).collect();
    if rows.is_empty() {
        return html! { <p class="hint">{ "Answers will appear here." }</p> };
    }
    html! { <ol class="answers" data-testid="answers">{ for rows }</ol> }
}

fn row(player: &Player, operation: &Operation) -> Html {
    let Some(ended) = &operation.ended else { return html! {} };
    let (class, outcome) = match &ended.outcome {
        Outcome::Ok(response) => ("ok", response.to_string()),
        Outcome::Maybe => ("unknown", "unknown: it may or may not have happened".into()),
        Outcome::MaybeClosed => ("unknown", "unknown, and over: it was done by now, or never will be".into()),
        Outcome::Unavailable => ("unknown", "unavailable: nobody answered in time".into()),
    };
    html! {
        <li class={class}>
            <b>{ player.names().name(operation.client()) }</b>{ " " }
            <bdi>{ operation.op().to_string() }</bdi>{ " → " }<bdi class="outcome">{ outcome }</bdi>
            { thought(player, operation) }
        </li>
    }
}

/// What the client of an operation thinks about it, if it is a clerk and there is something to think about.
pub fn thought(player: &Player, operation: &Operation) -> Option<Html> {
    let words = clerk::thoughts(player, operation)?;
    Some(html! { <span class="thought" data-testid="thought">{ format!("“{words}”") }</span> })
}
