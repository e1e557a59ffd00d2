//! A small living picture of a store: still until a reader points at it.

use web_sys::Element;
use yew::prelude::*;

use super::moments::moment;
use crate::command::{Command, Speed};
use crate::frame::FrameLoop;
use crate::player::Player;
use crate::stage::layout::Layout;
use crate::stage::painter::Painter;
use crate::stage::scene::{View, scene};

/// How large it is laid out; it is shown smaller.
const SIZE: (f64, f64) = (620.0, 380.0);

#[derive(Properties, PartialEq)]
pub struct PictureProps {
    /// The store's name.
    pub name: &'static str,
    /// Whether it moves.
    pub moves: bool,
    /// Whether the reader wants nothing to fly.
    pub is_still: bool,
}

/// The component. Its element belongs to the painter.
pub struct Picture {
    player: Option<Player>,
    layout: Option<Layout>,
    canvas: NodeRef,
    painter: Option<Painter>,
    frames: FrameLoop,
}

/// A frame has come, at the page's time in milliseconds.
pub struct Frame(f64);

impl Component for Picture {
    type Message = Frame;
    type Properties = PictureProps;

    fn create(ctx: &Context<Self>) -> Self {
        let player = moment(ctx.props().name);
        let layout = player.as_ref().map(|player| Layout::new(player.architecture(), SIZE.0, SIZE.1));
        Self { player, layout, canvas: NodeRef::default(), painter: None, frames: FrameLoop::default() }
    }

    fn changed(&mut self, ctx: &Context<Self>, _old: &PictureProps) -> bool {
        self.follow(ctx);
        false
    }

    fn update(&mut self, ctx: &Context<Self>, Frame(now_ms): Frame) -> bool {
        let elapsed_ms = self.frames.arrived(now_ms);
        if let Some(player) = &mut self.player {
            let _changes = player.advance(elapsed_ms);
        }
        self.paint(ctx);
        self.follow(ctx);
        false
    }

    fn view(&self, _ctx: &Context<Self>) -> Html {
        // What is in it can be clicked in the exhibit, not here.
        html! { <div class="picture" ref={self.canvas.clone()} inert={true} aria-hidden="true"></div> }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first_render: bool) {
        if first_render && let Some(canvas) = self.canvas.cast::<Element>() {
            self.painter = Some(Painter::new(canvas));
            self.paint(ctx);
        }
    }
}

impl Picture {
    /// Time passes while the reader points at it, and stands when she does not.
    fn follow(&mut self, ctx: &Context<Self>) {
        let moves = ctx.props().moves && !ctx.props().is_still;
        if let Some(player) = &mut self.player {
            let command = if moves { Command::Play } else { Command::Pause };
            let _changes = player.apply(Command::SetSpeed(Speed::default())).and_then(|_changes| player.apply(command));
        }
        if moves {
            self.frames.request(ctx.link().callback(Frame));
        } else {
            self.frames.stop();
        }
    }

    fn paint(&mut self, ctx: &Context<Self>) {
        let (Some(player), Some(layout), Some(painter)) = (&self.player, &self.layout, &mut self.painter) else {
            return;
        };
        let view = View { still: ctx.props().is_still, ..View::default() };
        // A page that refuses to draw has its words still.
        let _refused = painter.paint(scene(player, layout, view));
    }
}
