//! The address: a run begins as it says, and it follows the run.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::App;
use crate::command::Command;
use crate::embed::Start;
use crate::player::Player;
use crate::share;
use crate::store::Store;

/// How long after a change the address follows.
const ADDRESS_AFTER_MS: u32 = 300;

/// Somebody has come by an address that names a run.
#[derive(Clone)]
pub struct Arrival {
    /// Which one this is: who comes again by the same address begins again.
    pub number: u32,
    /// How the run begins.
    pub start: Rc<Start>,
    /// What was wrong with the address, in a sentence.
    pub trouble: Option<AttrValue>,
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// By an address that says nothing.
impl Default for Arrival {
    fn default() -> Self {
        Self { number: 0, start: Rc::new(Start::default()), trouble: None }
    }
}

impl Arrival {
    /// The run at the instant that is shown first.
    pub(super) fn begun(&self) -> Store {
        let mut player = Player::new(self.start.recording.clone());
        // Seeking forward is always allowed.
        let _sought = player.apply(Command::Seek(self.start.at));
        Store::new(player)
    }
}

impl App {
    /// Goes on with the run that another address names.
    pub(super) fn arrive(&mut self, ctx: &Context<Self>, arrival: &Arrival) {
        let Start { recording, at, lesson, .. } = &*arrival.start;
        self.command(ctx, Command::Load(Box::new(recording.clone()), *at));
        self.lesson.clone_from(lesson);
        self.notice.clone_from(&arrival.trouble);
    }

    pub(super) fn follow_with_address(&mut self, ctx: &Context<Self>) {
        if ctx.props().embedded().is_some() {
            return;
        }
        let store = self.store.clone();
        self.address_timer = Some(Timeout::new(ADDRESS_AFTER_MS, move || {
            let fragment = store.read(|player| share::encode(player.recording(), player.now()));
            let history = web_sys::window().and_then(|window| window.history().ok());
            if let Some(history) = history {
                // A page that may not change its address still works; its share panel has the link.
                let _refused = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
            }
        }));
    }
}
