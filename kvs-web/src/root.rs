//! The page: shows what its address leads to, and follows it.

use std::rc::Rc;

use gloo_events::EventListener;
use yew::prelude::*;

use crate::app::{App, Arrival, Place};
use crate::compare::page::StormPage;
use crate::front::Front;
use crate::panels::shelf::ShelfPage;
use crate::route::Route;

/// Where the reader is, and how often she has come somewhere.
#[derive(Clone, PartialEq)]
struct Here {
    number: u32,
    route: Rc<Route>,
    trouble: Option<AttrValue>,
}

impl Here {
    fn by_address(number: u32) -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
        let (route, trouble) = match Route::parse(hash.strip_prefix('#').unwrap_or_default()) {
            Ok(route) => (route, None),
            Err(error) => (Route::fallback(&error), Some(AttrValue::from(error.to_string()))),
        };
        Self { number, route: Rc::new(route), trouble }
    }
}

impl Reducible for Here {
    type Action = ();

    fn reduce(self: Rc<Self>, (): ()) -> Rc<Self> {
        Rc::new(Self::by_address(self.number + 1))
    }
}

/// The page of the playground.
#[component]
pub fn Root() -> Html {
    let here = use_reducer(|| Here::by_address(0));
    {
        let here = here.dispatcher();
        use_effect_with((), move |()| {
            let listener =
                web_sys::window().map(|window| EventListener::new(&window, "hashchange", move |_| here.dispatch(())));
            move || drop(listener)
        });
    }
    match &*here.route {
        Route::Front => html! { <Front /> },
        Route::Shelf(shelf) => html! { <ShelfPage shelf={*shelf} /> },
        Route::Storm(link) => {
            html! { <StormPage number={here.number} link={link.clone()} trouble={here.trouble.clone()} /> }
        }
        Route::Run(start) => {
            let arrival = Arrival { number: here.number, start: start.clone(), trouble: here.trouble.clone() };
            html! { <App place={Place::Page(arrival)} /> }
        }
    }
}
