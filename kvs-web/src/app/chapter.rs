//! The frame in a chapter: what does not fit beside text stands behind a line that opens it.

use kvs_core::time::Time;
use kvs_core::zoo::catalog;
use yew::prelude::*;

use super::{App, Msg};
use crate::command::Command;
use crate::element::Embedded;
use crate::panels::more::More;
use crate::panels::{disk, notice, operations, promises, transport};
use crate::player::Player;
use crate::share;
use crate::store::Selection;

impl App {
    pub(super) fn chapter(&self, ctx: &Context<Self>, embedded: &Embedded) -> Html {
        let send = ctx.link().callback(Msg::Command);
        let close = ctx.link().callback(|()| Msg::Select(Selection::Nothing));
        let store = &self.store;
        let on_point = ctx.link().batch_callback({
            let store = store.clone();
            move |operations: Vec<usize>| {
                Some(Msg::Command(Command::Seek(store.read(|player| end_of(player, &operations))?)))
            }
        });
        let title = store.read(|player| catalog::exhibit_of(player.architecture().animal).title);
        let link =
            store.read(|player| format!("{}#{}", embedded.page, share::encode(player.recording(), player.now())));
        html! {
            <div class="page compact" data-testid="embedded">
                <notice::Notice message={self.notice.clone()} on_dismiss={ctx.link().callback(|()| Msg::Dismiss)} />
                { self.stage(ctx, &send, close) }
                { self.words(ctx) }
                <transport::Transport store={store.clone()} send={send.clone()} />
                <More summary="Ask the store"><operations::Operations store={store.clone()} send={send.clone()} /></More>
                <disk::MoreDisks store={store.clone()} {send} selected={self.selection} />
                <More summary="Promises, and whether they are kept">
                    <promises::Promises store={store.clone()} {on_point} />
                </More>
                <p class="origin">{ title }{ " in the " }<a href={link} target="_blank" rel="noopener" data-testid="open-page">{ "KVS Zoo Playground" }</a></p>
            </div>
        }
    }
}

/// When the last of these operations has ended; where one has not, when it was called.
fn end_of(player: &Player, operations: &[usize]) -> Option<Time> {
    let all = player.history().operations();
    let ends = operations.iter().filter_map(|place| all.get(*place));
    ends.map(|operation| operation.ended.as_ref().map_or(operation.called, |ended| ended.at)).max()
}
