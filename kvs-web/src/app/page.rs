//! The frame on a page of its own: the stores on top, the picture and what happened on the left, what can be done and what is promised on the right.

use kvs_core::zoo::Architecture;
use kvs_core::zoo::catalog::{self, EXHIBITS, Exhibit};
use yew::prelude::*;

use super::{App, Msg, Open};
use crate::command::Command;
use crate::compare::StormLink;
use crate::panels::{
    diagram, disk, help, history, inspector, log, notice, operations, options, promises, schedule, search, shards,
    share as share_panel, transport,
};
use crate::player::Player;
use crate::store::Selection;

impl App {
    pub(super) fn page(&self, ctx: &Context<Self>) -> Html {
        let send = ctx.link().callback(Msg::Command);
        let on_select = ctx.link().callback(Msg::Select);
        let on_point = ctx.link().callback(Msg::Point);
        let on_twist = ctx.link().callback(|(asked, twist)| Msg::WhatIf(asked, twist));
        let close = ctx.link().callback(|()| Msg::Select(Selection::Nothing));
        let toggle = |open: Open| ctx.link().callback(move |_: MouseEvent| Msg::Toggle(open));
        let shut = |open: Open| ctx.link().callback(move |()| Msg::Toggle(open));
        let is_open = |open: Open| self.open == Some(open);
        let exhibit = self.store.read(|player| catalog::exhibit_of(player.architecture().animal));
        html! {
            <div class="page">
                <header class="top">
                    <h1><a href="#" title="The map of all stores" data-testid="home">{ "KVS Zoo" }</a></h1>
                    <nav class="tabs" aria-label="Stores">{ for EXHIBITS.iter().map(|each| self.tab(ctx, each, exhibit)) }</nav>
                    <span class="grow"></span>
                    <a class="button" data-testid="open-lessons" href="#lessons">{ "Lessons" }</a>
                    <a class="button" href={self.store.read(|player| format!("#{}", StormLink::with(player.architecture()).encode()))}
                        data-testid="open-storm">{ "Side by side" }</a>
                    <button aria-expanded={is_open(Open::Options).to_string()} data-testid="open-options" onclick={toggle(Open::Options)}>{ "Options" }</button>
                    <button aria-expanded={is_open(Open::Schedule).to_string()} data-testid="open-schedule" onclick={toggle(Open::Schedule)}>{ "Schedules" }</button>
                    <button aria-expanded={is_open(Open::History).to_string()} data-testid="open-history" onclick={toggle(Open::History)}>{ "Histories" }</button>
                    <button aria-expanded={is_open(Open::Help).to_string()} data-testid="open-help" onclick={toggle(Open::Help)}>{ "Help" }</button>
                </header>
                <notice::Notice message={self.notice.clone()} on_dismiss={ctx.link().callback(|()| Msg::Dismiss)} />
                if is_open(Open::Options) { <options::Options store={self.store.clone()} send={send.clone()} /> }
                if is_open(Open::Schedule) { <schedule::ScheduleDialog send={send.clone()} on_lesson={ctx.link().callback(Msg::Lesson)} on_close={shut(Open::Schedule)} /> }
                if is_open(Open::History) { <history::HistoryDialog on_close={shut(Open::History)} /> }
                if is_open(Open::Help) { <help::Help on_close={shut(Open::Help)} /> }
                { self.what_if(ctx) }
                <main inert={self.what_if.is_some()}>
                    <div class="left">
                        if !self.is_led() { <div class="about">
                            <p>{ exhibit.summary }</p>
                            <p class="promise"><b>{ "Promises " }</b>{ self.store.read(|player| promise(exhibit, player)) }</p>
                            <p class="try"><b>{ "Try " }</b>{ exhibit.try_this }</p>
                        </div> }
                        { self.goal(ctx) }
                        { self.stage(ctx, &send, close) }
                        { self.words(ctx) }
                        <transport::Transport store={self.store.clone()} send={send.clone()} />
                        <diagram::DiagramPanel store={self.store.clone()} send={send.clone()} on_select={on_select.clone()}
                            pointed={self.pointed.clone()} on_unpoint={on_point.reform(|()| Vec::new())} />
                        <log::Log store={self.store.clone()} send={send.clone()} on_twist={on_twist.clone()} />
                    </div>
                    <div class="right">
                        <operations::Operations store={self.store.clone()} send={send.clone()} />
                        if self.store.read(|player| player.architecture().sharding.is_some()) {
                            <shards::Shards store={self.store.clone()} send={send.clone()} />
                        }
                        <promises::Promises store={self.store.clone()} {on_point}>
                            if !self.is_in_level() { <search::SearchPanel store={self.store.clone()} send={send.clone()} /> }
                        </promises::Promises>
                        <disk::Disks store={self.store.clone()} send={send.clone()} selected={self.selection} />
                        <inspector::Inspector store={self.store.clone()} {send} selected={self.selection} on_select={on_select} {on_twist} />
                        <share_panel::SharePanel store={self.store.clone()} />
                    </div>
                </main>
            </div>
        }
    }

    fn tab(&self, ctx: &Context<Self>, each: &'static Exhibit, chosen: &Exhibit) -> Html {
        let is_chosen = each.animal == chosen.animal;
        let onclick = ctx.link().callback(move |_: MouseEvent| Msg::Command(Command::Choose(each.animal)));
        html! {
            <button class="tab" data-testid={format!("exhibit-{}", each.name)} aria-pressed={is_chosen.to_string()} {onclick}>{ each.title }</button>
        }
    }
}

/// What an exhibit promises, in words; with other options than its own it may be something else, and is listed.
fn promise(exhibit: &Exhibit, player: &Player) -> String {
    let guarantees = |architecture: &Architecture| -> Vec<&'static str> {
        architecture.own_claims().iter().map(|claim| claim.guarantee.title()).collect()
    };
    let present = guarantees(player.architecture());
    if present == guarantees(&exhibit.architecture()) {
        return exhibit.promise.into();
    }
    format!("With these options: {}.", present.join(", "))
}
