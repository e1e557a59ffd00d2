use kvs_core::zoo::{Architecture, Kind, OPTIONS, OptionSpec, OptionValue, catalog};
use yew::prelude::*;

use super::composer::Composer;
use super::value_of;
use crate::command::Command;
use crate::store::Store;

#[derive(Properties, PartialEq)]
pub struct OptionsProps {
    pub store: Store,
    pub send: Callback<Command>,
}

/// Everything that can be turned. The run begins again.
#[component]
pub fn Options(props: &OptionsProps) -> Html {
    // The field that was refused last, with the reason: the architecture itself never takes a value that makes no sense.
    let trouble = use_state(|| None::<(&'static str, String)>);
    props.store.read(|player| {
        let architecture = player.architecture();
        let usual = catalog::exhibit_of(architecture.animal).architecture();
        let mut groups: Vec<(&str, Vec<Html>)> = Vec::new();
        for option in OPTIONS {
            let Some(value) = option.get(architecture) else { continue };
            let sentence = trouble.as_ref().filter(|(name, _)| *name == option.name).map(|(_, sentence)| sentence.clone());
            let change = {
                let (send, trouble, architecture) = (props.send.clone(), trouble.clone(), architecture.clone());
                Callback::from(move |value: String| {
                    let mut tried = architecture.clone();
                    match tried.set(option.name, &value).and_then(|()| tried.validate()) {
                        Ok(()) => {
                            trouble.set(None);
                            send.emit(Command::SetOption { name: option.name, value });
                        }
                        Err(error) => trouble.set(Some((option.name, error.to_string()))),
                    }
                })
            };
            let row = row(option, value, option.get(&usual) != Some(value), sentence, &change);
            match groups.iter_mut().find(|(group, _)| *group == option.group) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((option.group, vec![row])),
            }
        }
        let reset = props.send.reform({
            let animal = architecture.animal;
            move |_: MouseEvent| Command::Choose(animal)
        });
        html! {
            <section class="panel options" aria-label="Options" data-testid="options">
                <Composer store={props.store.clone()} send={props.send.clone()} />
                <p class="hint">
                    { "All that can be turned. A change begins the run again. " }
                    <button class="quiet" onclick={reset} disabled={is_usual(architecture)}>{ "Back to the defaults" }</button>
                </p>
                <div class="groups">
                    { for groups.into_iter().map(|(group, rows)| html! {
                        <fieldset><legend>{ group }</legend>{ for rows }</fieldset>
                    }) }
                </div>
            </section>
        }
    })
}

fn is_usual(architecture: &Architecture) -> bool {
    architecture.changes().next().is_none()
}

fn row(
    option: &OptionSpec,
    value: OptionValue,
    is_changed: bool,
    trouble: Option<String>,
    change: &Callback<String>,
) -> Html {
    let id = format!("option-{}", option.name);
    let help = format!("{id}-help");
    let class = classes!("option", is_changed.then_some("changed"));
    html! {
        <div class={class}>
            <label for={id.clone()}>{ option.label }{ if is_changed { " •" } else { "" } }</label>
            { control(option, value, &id, &help, change) }
            <small id={help}>{ option.help }</small>
            if let Some(trouble) = trouble { <p class="trouble" role="alert">{ trouble }</p> }
        </div>
    }
}

fn control(option: &OptionSpec, value: OptionValue, id: &str, help: &str, change: &Callback<String>) -> Html {
    let onchange = change.reform(|event: Event| value_of(&event));
    let (id, help) = (id.to_owned(), help.to_owned());
    match (option.kind, value) {
        (Kind::Switch, OptionValue::Switch(on)) => {
            let onclick = change.reform(move |_: MouseEvent| String::from(if on { "off" } else { "on" }));
            html! {
                <button {id} class="switch" role="switch" aria-checked={on.to_string()} aria-describedby={help} {onclick}>
                    <i aria-hidden="true"></i>{ if on { "on" } else { "off" } }
                </button>
            }
        }
        (Kind::Choice(names), OptionValue::Choice(chosen)) => html! {
            <select {id} aria-describedby={help} {onchange}>
                { for names.iter().map(|(name, label)| html! {
                    <option value={*name} selected={*name == chosen}>{ *label }</option>
                }) }
            </select>
        },
        (Kind::Count { min, max }, value) => html! {
            <input {id} type="number" min={min.to_string()} max={max.to_string()} value={value.to_string()} aria-describedby={help} {onchange} />
        },
        (Kind::Percent, value) => {
            // The unit is part of the value; a bare number means per cent.
            let onchange = change.reform(|event: Event| {
                let text = value_of(&event);
                if text.trim_end().ends_with('%') { text } else { text + "%" }
            });
            html! {
                <input {id} type="text" inputmode="decimal" value={value.to_string()} aria-describedby={help} {onchange} />
            }
        }
        (_, value) => html! {
            <input {id} type="text" value={value.to_string()} aria-describedby={help} {onchange} />
        },
    }
}
