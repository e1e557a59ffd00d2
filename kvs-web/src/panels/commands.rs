use std::sync::Arc;

use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Subscription, Watch};
use kvs_core::sim::Input;
use kvs_core::sim::schedule::{Schedule, Statement};
use kvs_core::zoo::parse_span;
use yew::prelude::*;

use super::{sentence, value_of};
use crate::command::Command;
use crate::player::Player;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct CommandsProps {
    pub store: Store,
    pub send: Callback<Command>,
    /// Who asks.
    pub client: NodeId,
    /// Whom, if somebody is named.
    pub to: Option<NodeId>,
    pub keyed: Option<Key>,
    pub value: Option<Value>,
}

/// What only the store of a replicated state machine knows: values for a time, what is there, batches, and who hears of changes.
#[component]
pub fn Commands(props: &CommandsProps) -> Html {
    let ttl = use_state(|| String::from("2s"));
    let batch = use_state(|| String::from("put x=1, put y=1, get x"));
    let prefix = use_state(String::new);
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |event: InputEvent| state.set(value_of(&event)))
    };
    let (client, to) = (props.client, props.to);
    let ask = |op: Option<KVSOperation>| {
        let send = props.send.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(op) = op.clone() {
                send.emit(Command::Input(Input::Call { client, call: Arc::new(Call { op, to }) }));
            }
        })
    };
    let span = parse_span(ttl.trim());
    let put_for = props.keyed.clone().zip(props.value.clone()).zip(span);
    let put_for = put_for.map(|((key, value), span)| KVSOperation::PutFor(key, value, span));
    let exists = props.keyed.clone().map(KVSOperation::Exists);
    let parsed_batch = batch_of(&batch);
    let parsed_prefix = Key::new(prefix.trim());
    props.store.read(|player| {
        let names = player.names();
        let config = player.architecture().smr();
        // Whoever names nobody hears from the replica that it asks first.
        let servers = player.architecture().servers;
        let server = to.unwrap_or(NodeId(client.0.saturating_sub(servers) % servers.max(1)));
        let watch = |server: NodeId, prefix: Key, client: NodeId, is_on: bool| {
            let watch = Arc::new(Watch { server, prefix, is_on });
            props.send.reform(move |_: MouseEvent| Command::Input(Input::Watch { client, watch: watch.clone() }))
        };
        let subscribe = parsed_prefix.clone().ok().map(|prefix| watch(server, prefix, client, true));
        html! {
            <div class="commands" data-testid="commands">
                <div class="verbs small">
                    <button data-testid="exists" disabled={exists.is_none()} onclick={ask(exists)}>{ "Is it there?" }</button>
                    <button data-testid="list-keys" onclick={ask(Some(KVSOperation::ListKeys))}>{ "Keys" }</button>
                    <button data-testid="size" onclick={ask(Some(KVSOperation::Size))}>{ "Size" }</button>
                    <button data-testid="clear" onclick={ask(Some(KVSOperation::Clear))}>{ "Clear" }</button>
                </div>
                <div class="fields several">
                    <label>{ "Keep the value for" }
                        <input data-testid="ttl" autocomplete="off" spellcheck="false" value={(*ttl).clone()} oninput={set(&ttl)}
                            aria-invalid={span.is_none().to_string()} />
                    </label>
                    <button data-testid="put-for" disabled={put_for.is_none()} onclick={ask(put_for)}>{ "Put for a time" }</button>
                </div>
                if span.is_none() { <p class="trouble">{ "A time is a number with s, ms or us, such as 2s." }</p> }
                <div class="fields several">
                    <label>{ "Batch: all of it, or nothing" }
                        <input data-testid="batch" dir="auto" autocomplete="off" spellcheck="false" value={(*batch).clone()} oninput={set(&batch)}
                            aria-invalid={parsed_batch.is_err().to_string()} />
                    </label>
                    <button data-testid="run-batch" disabled={parsed_batch.is_err()} onclick={ask(parsed_batch.clone().ok())}>{ "Run it" }</button>
                </div>
                if let Err(problem) = &parsed_batch { <p class="trouble">{ problem }</p> }
                if config.is_some_and(|config| config.enable_notifications) {
                    <div class="fields several">
                        <label>{ "Changes of keys that begin with" }
                            <input data-testid="prefix" dir="auto" autocomplete="off" spellcheck="false" placeholder="all keys" value={(*prefix).clone()} oninput={set(&prefix)}
                                aria-invalid={parsed_prefix.is_err().to_string()} />
                        </label>
                        <button data-testid="subscribe" disabled={subscribe.is_none()} onclick={subscribe.unwrap_or_default()}>
                            { format!("{} hears of them from {}", names.name(client), names.name(server)) }
                        </button>
                    </div>
                    if let Err(error) = &parsed_prefix { <p class="trouble">{ sentence(&error.to_string()) }</p> }
                    { subscriptions(player, &watch) }
                }
            </div>
        }
    })
}

/// Who hears of what, and what they were told last.
fn subscriptions(player: &Player, watch: &dyn Fn(NodeId, Key, NodeId, bool) -> Callback<MouseEvent>) -> Html {
    let names = player.names();
    let clients = player.architecture().client_ids();
    let clients = clients.filter_map(|id| Some((id, player.world().node(id).as_client()?)));
    let row = |client: NodeId, one: &Subscription| {
        let of = if one.prefix.as_str().is_empty() { String::from("all keys") } else { format!("{}…", one.prefix) };
        let stop = watch(one.server, one.prefix.clone(), client, false);
        html! {
            <li>
                <span><b>{ names.name(client) }</b>{ " hears from " }{ names.name(one.server) }{ " of " }<bdi>{ of }</bdi></span>
                <button class="quiet" onclick={stop}>{ "Stop" }</button>
                <ol>{ for one.latest.iter().map(|notice| html! { <li><bdi>{ notice.to_string() }</bdi></li> }) }</ol>
            </li>
        }
    };
    let rows: Vec<Html> = clients
        .flat_map(|(id, client)| client.subscriptions().iter().map(move |one| (id, one)))
        .map(|(id, one)| row(id, one))
        .collect();
    html! { if !rows.is_empty() { <ul class="subscriptions" data-testid="subscriptions">{ for rows }</ul> } }
}

/// The batch that a text says, or what is wrong with it, in one sentence.
fn batch_of(text: &str) -> Result<KVSOperation, String> {
    // The schedule language knows batches; whatever else a line may say is none.
    let line = format!("zoo smr\nbatch {{ {} }}", text.replace(['\n', '\r'], " "));
    let schedule = Schedule::parse(&line).map_err(|error| sentence(&error.problem.to_string()))?;
    let call = schedule.lines.into_iter().next().and_then(|line| match line.statement {
        Statement::Call { call, expect: None, .. } if call.to.is_none() => Some(call.op.clone()),
        _ => None,
    });
    match call {
        Some(KVSOperation::Batch(commands)) if !commands.is_empty() => Ok(KVSOperation::Batch(commands)),
        _ => Err(String::from("A batch is one or more commands, such as put x=1, delete y.")),
    }
}
