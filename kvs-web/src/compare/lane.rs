//! A lane on the page: its small picture, and what became of it.

use kvs_core::time::Time;
use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::figures::{Tone, rows};
use super::model::Lane;
use crate::stage::layout::Layout;
use crate::stage::painter::Painter;
use crate::stage::scene::{View, scene};

/// The small picture of a lane. What is in its canvas belongs to the painter; Yew never looks in there.
#[derive(Default)]
pub struct Picture {
    /// Where it is.
    pub canvas: NodeRef,
    painter: Option<Painter>,
    layout: Option<Layout>,
}

impl Picture {
    /// Paints the lane as it is now.
    pub fn paint(&mut self, lane: &Lane, still: bool) -> Result<(), JsValue> {
        let Some(canvas) = self.canvas.cast::<HtmlElement>() else { return Ok(()) };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let player = lane.player();
        let layout = match self.layout.take().filter(|layout| layout.suits(player.architecture(), width, height)) {
            Some(layout) => layout,
            None => Layout::new(player.architecture(), width, height),
        };
        let picture = scene(player, &layout, View { still, ..View::default() });
        self.layout = Some(layout);
        let painter = self.painter.get_or_insert_with(|| Painter::new(Element::from(canvas)));
        painter.paint(picture)
    }
}

/// What can be done with a lane.
pub struct Deeds {
    /// Looks at it alone, with all that can be done to it.
    pub on_open: Option<Callback<MouseEvent>>,
    /// Takes it away.
    pub on_remove: Option<Callback<MouseEvent>>,
}

/// A lane: its title, its picture, its figures.
pub fn card(lane: &Lane, picture: &Picture, now: Time, deeds: Deeds) -> Html {
    let title = lane.title().to_owned();
    html! {
        <article class="lane" aria-label={title.clone()} data-lane={title.clone()}>
            <header>
                <h2>{ title.clone() }</h2>
                if let Some(onclick) = deeds.on_open {
                    <button class="quiet" data-testid="open-lane" aria-label={format!("Open {title} alone, at this moment")} {onclick}>{ "Open" }</button>
                }
                if let Some(onclick) = deeds.on_remove {
                    <button class="quiet" data-testid="remove-lane" aria-label={format!("Take {title} away")} {onclick}>{ "✕" }</button>
                }
            </header>
            <div class="small-picture" role="img" aria-label={format!("{title} at {now}")}>
                <div class="canvas" inert=true ref={picture.canvas.clone()}></div>
            </div>
            { figures(lane) }
        </article>
    }
}

fn figures(lane: &Lane) -> Html {
    let Some(figures) = lane.figures() else {
        return html! { <p class="hint" data-testid="living">{ "Being lived to its end…" }</p> };
    };
    html! {
        <dl class="figures" data-testid="figures">
            { for rows(figures).into_iter().map(|row| {
                let class = match row.tone { Tone::Plain => "", Tone::Fine => "fine", Tone::Trouble => "trouble" };
                html! {
                    <div data-figure={row.name} title={row.help}><dt>{ row.label }if !row.note.is_empty() { <small>{ row.note }</small> }</dt><dd {class}>{ row.value }</dd></div>
                }
            }) }
        </dl>
    }
}
