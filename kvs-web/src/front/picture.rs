//! A small living picture of a store: a still until a reader points at it, and then the store itself.

use wasm_bindgen_futures::spawn_local;
use web_sys::Element;
use yew::prelude::*;

use super::moments::moment;
use crate::command::{Command, Speed};
use crate::frame::FrameLoop;
use crate::parts;
use crate::player::Player;
use crate::stage::layout::Layout;
use crate::stage::painter::Painter;
use crate::stage::scene::{View, scene};

/// How large it is laid out; it is shown smaller.
pub const SIZE: (f64, f64) = (620.0, 380.0);

#[derive(Properties, PartialEq)]
pub struct PictureProps {
    /// The store's name.
    pub name: &'static str,
    /// Whether it moves.
    pub moves: bool,
    /// Whether the reader wants nothing to fly.
    pub is_still: bool,
    /// What it shows before it lives, as SVG of ours.
    pub still: Option<AttrValue>,
}

/// The component. Its element belongs to the painter.
#[derive(Default)]
pub struct Picture {
    /// The store, once somebody has pointed at it.
    living: Option<(Player, Layout)>,
    is_waking: bool,
    canvas: NodeRef,
    painter: Option<Painter>,
    frames: FrameLoop,
}

/// What happens to it.
pub enum Msg {
    /// All that it takes to live is here.
    Wake,
    /// A frame has come, at the page's time in milliseconds.
    Frame(f64),
}

impl Component for Picture {
    type Message = Msg;
    type Properties = PictureProps;

    fn create(_ctx: &Context<Self>) -> Self {
        Self::default()
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &PictureProps) -> bool {
        if ctx.props().still != old.still {
            self.show_still(ctx);
        }
        self.follow(ctx);
        false
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Wake => self.wake(ctx),
            Msg::Frame(now_ms) => {
                let elapsed_ms = self.frames.arrived(now_ms);
                if let Some((player, _)) = &mut self.living {
                    let _changes = player.advance(elapsed_ms);
                }
                self.paint(ctx);
            }
        }
        self.follow(ctx);
        false
    }

    fn view(&self, _ctx: &Context<Self>) -> Html {
        // What is in it can be clicked in the exhibit, not here.
        html! { <div class="picture" ref={self.canvas.clone()} inert={true} aria-hidden="true"></div> }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first_render: bool) {
        if first_render {
            self.show_still(ctx);
        }
    }
}

impl Picture {
    fn show_still(&self, ctx: &Context<Self>) {
        if self.living.is_none()
            && let (Some(canvas), Some(still)) = (self.canvas.cast::<Element>(), &ctx.props().still)
        {
            canvas.set_inner_html(still);
        }
    }

    /// Goes on from where the still picture was taken.
    fn wake(&mut self, ctx: &Context<Self>) {
        let (Some(canvas), Some(player)) = (self.canvas.cast::<Element>(), moment(ctx.props().name)) else { return };
        let layout = Layout::new(player.architecture(), SIZE.0, SIZE.1);
        self.living = Some((player, layout));
        canvas.set_inner_html("");
        self.painter = Some(Painter::new(canvas));
        self.paint(ctx);
    }

    /// Time passes while the reader points at it, and stands when she does not.
    fn follow(&mut self, ctx: &Context<Self>) {
        let moves = ctx.props().moves && !ctx.props().is_still;
        match &mut self.living {
            Some((player, _)) => {
                let command = if moves { Command::Play } else { Command::Pause };
                let _changes =
                    player.apply(Command::SetSpeed(Speed::default())).and_then(|_changes| player.apply(command));
            }
            None if moves && !self.is_waking => {
                self.is_waking = true;
                let link = ctx.link().clone();
                spawn_local(async move {
                    parts::expect_all().await;
                    link.send_message(Msg::Wake);
                });
            }
            None => {}
        }
        if moves && self.living.is_some() {
            self.frames.request(ctx.link().callback(Msg::Frame));
        } else {
            self.frames.stop();
        }
    }

    fn paint(&mut self, ctx: &Context<Self>) {
        let (Some((player, layout)), Some(painter)) = (&self.living, &mut self.painter) else { return };
        // A page that refuses to draw has its words still.
        let _refused = painter.paint(scene(player, layout, View { still: ctx.props().is_still, ..View::default() }));
    }
}
