//! What if? Another future beside this one, to keep or to drop.

use std::rc::Rc;

use yew::prelude::*;

use super::{App, Msg};
use crate::command::Command;
use crate::compare::what_if_dialog::WhatIfDialog;
use crate::compare::{Asked, Twist, WhatIf};
use crate::panels;

impl App {
    pub(super) fn ask_what_if(&mut self, ctx: &Context<Self>, asked: Asked, twist: Twist) -> bool {
        // Nothing goes on below two futures.
        self.command(ctx, Command::Pause);
        match self.store.read(|player| WhatIf::new(player, asked, twist)) {
            Ok(what_if) => self.what_if = Some(Rc::new(what_if)),
            Err(refusal) => self.notice = Some(panels::sentence(&refusal.to_string()).into()),
        }
        true
    }

    pub(super) fn decide(&mut self, ctx: &Context<Self>, keeps: bool) -> bool {
        match self.what_if.take().filter(|_| keeps) {
            Some(what_if) => self.command(ctx, Command::Continue(Box::new(what_if.as_it_would_be.clone()), what_if.at)),
            None => true,
        }
    }

    pub(super) fn what_if(&self, ctx: &Context<Self>) -> Html {
        let Some(what_if) = self.what_if.clone() else { return html! {} };
        let decide = |keeps: bool| ctx.link().callback(move |()| Msg::Decide(keeps));
        html! { <WhatIfDialog {what_if} on_keep={decide(true)} on_drop={decide(false)} /> }
    }
}
