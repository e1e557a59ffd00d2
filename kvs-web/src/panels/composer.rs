//! The composer: one socket at a time, what else could be in it, and what that would change.

use kvs_core::zoo::{Architecture, Change, Kind, OptionSpec, OptionValue, Part, Socket, catalog};
use yew::prelude::*;

use super::sentence;
use crate::command::Command;
use crate::store::Store;

/// The options that say how large a store is.
const SIZES: [&str; 4] = ["shards", "replicas", "f", "clients"];

#[derive(Properties, PartialEq)]
pub struct ComposerProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// What the reader looks at, and what is said of it.
#[derive(Clone, PartialEq)]
struct Looked {
    at: AttrValue,
    words: Words,
}

/// What choosing something would do.
#[derive(Clone, PartialEq)]
enum Words {
    /// It makes no sense here.
    No(String),
    /// It would be another store, perhaps, with other promises.
    Would { becomes: Option<&'static str>, along: Vec<String>, changes: Vec<Change> },
}

impl Words {
    fn of(before: &Architecture, instead: Result<&Architecture, &String>, socket: Option<Socket>) -> Self {
        match instead {
            Err(why) => Self::No(sentence(why)),
            Ok(after) => {
                let becomes = (after.animal != before.animal).then(|| catalog::exhibit_of(after.animal).title);
                let is_along = |at: &&Socket| Some(**at) != socket && after.part(**at) != before.part(**at);
                let along = Socket::ALL.iter().filter(is_along);
                let along = along.map(|at| format!("{}: {}", at.title(), after.part(*at).label)).collect();
                Self::Would { becomes, along, changes: before.changes_of_claims(after) }
            }
        }
    }

    fn view(&self) -> Html {
        match self {
            Self::No(why) => html! { <span class="no">{ why }</span> },
            Self::Would { becomes, along, changes } => html! {
                <>
                    if let Some(title) = becomes { <span>{ format!("This is the store {title}. ") }</span> }
                    if !along.is_empty() { <span>{ format!("It takes along {}. ", along.join(", ")) }</span> }
                    if changes.is_empty() {
                        <span>{ "The promises stay as they are." }</span>
                    } else {
                        { for changes.iter().map(|change| html! {
                            <span class={if change.is_gain() { "chip gain" } else { "chip loss" }}>
                                { if change.is_gain() { "+ " } else { "− " } }{ change.to_string() }
                            </span>
                        }) }
                    }
                </>
            },
        }
    }
}

/// The component.
#[component]
pub fn Composer(props: &ComposerProps) -> Html {
    let looked = use_state(|| None::<Looked>);
    let (architecture, can_take_back) =
        props.store.read(|player| (player.architecture().clone(), player.can_take_back()));
    let choose = {
        let (send, looked) = (props.send.clone(), looked.clone());
        Callback::from(move |(instead, words): (Architecture, Looked)| {
            looked.set(Some(words));
            send.emit(Command::Compose(Box::new(instead)));
        })
    };
    let look = {
        let looked = looked.clone();
        Callback::from(move |at: Looked| looked.set(Some(at)))
    };
    let take_back = {
        let (send, looked) = (props.send.clone(), looked.clone());
        Callback::from(move |_: MouseEvent| {
            looked.set(None);
            send.emit(Command::TakeBack);
        })
    };
    let said = |at: &str| looked.as_ref().filter(|looked| looked.at == at).map(|looked| looked.words.view());
    html! {
        <section class="composer" aria-labelledby="composer-title" data-testid="composer">
            <header>
                <h2 id="composer-title">{ "Compose" }</h2>
                <span class="hint">{ "One socket at a time; the run begins again with the same seed. Point at a choice to see what it would change." }</span>
                <button class="quiet" data-testid="take-back" disabled={!can_take_back} onclick={take_back}>{ "Take the last change back" }</button>
            </header>
            { for Socket::ALL.iter().map(|socket| row(*socket, &architecture, &look, &choose, said(socket.title()))) }
            <div class="socket sizes">
                <div class="name"><b>{ "Sizes" }</b><small>{ "How many of each?" }</small></div>
                <div class="choices">
                    { for SIZES.iter().filter_map(|name| size(name, &architecture, &look, &choose)) }
                </div>
                <p class="would" role="status">{ said("Sizes") }</p>
            </div>
        </section>
    }
}

fn row(
    socket: Socket,
    architecture: &Architecture,
    look: &Callback<Looked>,
    choose: &Callback<(Architecture, Looked)>,
    said: Option<Html>,
) -> Html {
    let own = architecture.part(socket);
    let id = format!("socket-{}", socket.title().to_ascii_lowercase());
    html! {
        <div class="socket" data-socket={socket.title()}>
            <div class="name" id={id.clone()}><b>{ socket.title() }</b><small>{ socket.question() }</small></div>
            <div class="choices" role="radiogroup" aria-labelledby={id}>
                { for socket.parts().iter().map(|part| choice(socket, *part, own == *part, architecture, look, choose)) }
            </div>
            <p class="would" role="status">{ said }</p>
        </div>
    }
}

fn choice(
    socket: Socket,
    part: Part,
    is_own: bool,
    architecture: &Architecture,
    look: &Callback<Looked>,
    choose: &Callback<(Architecture, Looked)>,
) -> Html {
    let instead = architecture.with_part(socket, part);
    let words = Words::of(architecture, instead.as_ref(), Some(socket));
    let title = match &words {
        Words::No(why) => Some(why.clone()),
        Words::Would { .. } => None,
    };
    let seen = Looked { at: socket.title().into(), words };
    let (on_hover, on_focus) = (look.clone(), look.clone());
    let (hovered, focused) = (seen.clone(), seen.clone());
    let (look, choose) = (look.clone(), choose.clone());
    let is_refused = instead.is_err();
    let onclick = move |_: MouseEvent| match &instead {
        Ok(instead) if !is_own => choose.emit((instead.clone(), seen.clone())),
        // A finger points at nothing before it presses.
        _ => look.emit(seen.clone()),
    };
    html! {
        <button role="radio" aria-checked={is_own.to_string()} aria-disabled={is_refused.to_string()} {title} data-part={part.name}
            onmouseenter={move |_: MouseEvent| if !is_own { on_hover.emit(hovered.clone()) }}
            onfocus={move |_: FocusEvent| if !is_own { on_focus.emit(focused.clone()) }} {onclick}>{ part.label }</button>
    }
}

/// One more or one fewer. None where a store has no such size.
fn size(
    name: &'static str,
    architecture: &Architecture,
    look: &Callback<Looked>,
    choose: &Callback<(Architecture, Looked)>,
) -> Option<Html> {
    let option = OptionSpec::named(name)?;
    let Some(OptionValue::Count(count)) = option.get(architecture) else { return None };
    let Kind::Count { .. } = option.kind else { return None };
    let step = |to: Option<u32>, sign: &'static str, label: String| {
        let instead = to.ok_or_else(|| String::from("there are none fewer than none")).and_then(|to| {
            let mut instead = architecture.clone();
            let set = instead.set(name, &to.to_string()).and_then(|()| instead.validate());
            set.map(|()| instead).map_err(|error| error.to_string())
        });
        let words = Words::of(architecture, instead.as_ref(), None);
        let title = match &words {
            Words::No(why) => Some(why.clone()),
            Words::Would { .. } => None,
        };
        let seen = Looked { at: "Sizes".into(), words };
        let is_refused = instead.is_err();
        let (look, choose) = (look.clone(), choose.clone());
        let onclick = move |_: MouseEvent| match &instead {
            Ok(instead) => choose.emit((instead.clone(), seen.clone())),
            Err(_) => look.emit(seen.clone()),
        };
        html! { <button class="step" aria-label={label} aria-disabled={is_refused.to_string()} {title} {onclick}>{ sign }</button> }
    };
    let (label, small) = (option.label, option.label.to_ascii_lowercase());
    Some(html! {
        <span class="size" data-size={name}>
            { step(count.checked_sub(1), "−", format!("Fewer {small}")) }
            <span>{ count }{ " " }{ label.to_ascii_lowercase() }</span>
            { step(count.checked_add(1), "+", format!("More {small}")) }
        </span>
    })
}
