//! The page of a storm: which stores, which weather, and the comparison.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use kvs_core::explore::Weather;
use kvs_core::zoo::catalog::{self, EXHIBITS};
use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::link::StormLink;
use super::model::Comparison;
use super::view::{Compare, Shared};
use crate::command::Speed;
use crate::panels::{notice, value_of};

/// How long after a change the address follows.
const ADDRESS_AFTER_MS: u32 = 300;

/// What it is given.
#[derive(Clone, Properties)]
pub struct StormPageProps {
    /// Which arrival this is: who comes again by the same address begins again.
    pub number: u32,
    /// What the address says.
    pub link: Rc<StormLink>,
    /// What was wrong with it, in a sentence.
    #[prop_or_default]
    pub trouble: Option<AttrValue>,
}

impl PartialEq for StormPageProps {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// What it is told.
pub enum Msg {
    /// Other weather.
    Weather(Weather),
    /// Other luck.
    Reseed,
    /// One store more, by its name.
    Add(String),
    /// One store less, by its place.
    Remove(usize),
    /// The present has moved.
    Moved,
    /// The sentence has been read.
    Dismiss,
}

/// The component.
pub struct StormPage {
    link: StormLink,
    comparison: Shared,
    /// How often there has been another comparison.
    number: u32,
    notice: Option<AttrValue>,
    address_timer: Option<Timeout>,
}

impl Component for StormPage {
    type Message = Msg;
    type Properties = StormPageProps;

    fn create(ctx: &Context<Self>) -> Self {
        let link = (*ctx.props().link).clone();
        let notice = ctx.props().trouble.clone();
        let comparison = compared(&link);
        // A storm is long, and it is the whole of it that matters.
        comparison.write(|comparison| comparison.set_speed(Speed::default().faster().faster()));
        Self { comparison, link, number: 0, notice, address_timer: None }
    }

    fn changed(&mut self, ctx: &Context<Self>, _old: &StormPageProps) -> bool {
        self.notice = ctx.props().trouble.clone();
        self.show((*ctx.props().link).clone());
        true
    }

    fn update(&mut self, _ctx: &Context<Self>, msg: Msg) -> bool {
        let mut link = self.link.clone();
        link.at = self.comparison.read(Comparison::now);
        match msg {
            Msg::Weather(weather) => link.weather = weather,
            Msg::Reseed => link.seed = link.seed.wrapping_add(1),
            Msg::Add(name) => {
                let Some(exhibit) = catalog::exhibit(&name) else { return false };
                link.stores.push(exhibit.architecture());
            }
            Msg::Remove(place) if place < link.stores.len() => {
                link.stores.remove(place);
            }
            Msg::Remove(_) => return false,
            Msg::Moved => {
                self.link = link;
                self.follow_with_address();
                return false;
            }
            Msg::Dismiss => {
                self.notice = None;
                return true;
            }
        }
        self.notice = None;
        self.show(link);
        self.follow_with_address();
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let stores = self.link.stores.len();
        let add = ctx.link().callback(|event: Event| Msg::Add(value_of(&event)));
        let on_remove = (stores > StormLink::STORES_MIN).then(|| ctx.link().callback(Msg::Remove));
        html! {
            <div class="page storm" data-testid="storm">
                <header class="top">
                    <h1><a href="#">{ "KVS Zoo" }</a>{ " · Side by side" }</h1>
                </header>
                <notice::Notice message={self.notice.clone()} on_dismiss={ctx.link().callback(|()| Msg::Dismiss)} />
                <p class="about">{ "The same requests and the same faults, at the same instants, for every store. Three sites; at each stands a client, and the \
                    first, second or third server of every kind." }</p>
                <div class="weathers">
                    <div class="verbs" role="group" aria-label="What goes wrong">
                        { for Weather::ALL.into_iter().map(|weather| html! {
                            <button data-testid={format!("weather-{}", weather.name())} aria-pressed={(weather == self.link.weather).to_string()}
                                onclick={ctx.link().callback(move |_: MouseEvent| Msg::Weather(weather))}>{ weather.title() }</button>
                        }) }
                    </div>
                    <div class="verbs">
                        <button data-testid="storm-reseed" title="The same kind of weather with other luck" onclick={ctx.link().callback(|_: MouseEvent| Msg::Reseed)}>{ format!("⚄ New seed ({})", self.link.seed) }</button>
                        <select data-testid="add-store" aria-label="Add a store" disabled={stores >= StormLink::STORES_MAX} onchange={add}>
                            <option value="" selected=true>{ "Add a store…" }</option>
                            { for EXHIBITS.iter().map(|exhibit| html! { <option value={exhibit.name}>{ exhibit.title }</option> }) }
                        </select>
                    </div>
                </div>
                <Compare key={self.number} comparison={self.comparison.clone()} spells={self.link.storm().spells().to_vec()} may_open=true
                    {on_remove} on_change={ctx.link().callback(|()| Msg::Moved)} />
            </div>
        }
    }
}

fn compared(link: &StormLink) -> Shared {
    Shared::new(Comparison::new(link.runs(), link.at, StormLink::horizon()))
}

impl StormPage {
    fn show(&mut self, link: StormLink) {
        let speed = self.comparison.read(Comparison::speed);
        self.comparison = compared(&link);
        self.comparison.write(|comparison| comparison.set_speed(speed));
        self.link = link;
        self.number += 1;
    }

    fn follow_with_address(&mut self) {
        let fragment = self.link.encode();
        self.address_timer = Some(Timeout::new(ADDRESS_AFTER_MS, move || {
            if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
                // A page that may not change its address still works.
                let _refused = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
            }
        }));
    }
}
