//! The playground's place in a chapter: the same root as on its own page, in a frame as narrow as a column of text.

use web_sys::Element;
use yew::{AppHandle, AttrValue, Callback, Renderer};

use crate::app::{App, AppProps, Place};
use crate::panels::caption::Lesson;
use crate::player::Changes;
use crate::store::Store;

/// What is put into a chapter, and who hears of it.
#[derive(Clone, PartialEq)]
pub struct Embedded {
    /// The player, shared with the script that made it.
    pub store: Store,
    /// The lesson that is read first.
    pub lesson: Option<Lesson>,
    /// The address of the playground's own page.
    pub page: AttrValue,
    /// The element that it is in; keys are listened to there.
    pub root: Element,
    /// Something has changed.
    pub on_change: Callback<Changes>,
}

/// Brings it to life in its element.
pub fn mount(embedded: Embedded) -> AppHandle<App> {
    let root = embedded.root.clone();
    Renderer::<App>::with_root_and_props(root, AppProps { place: Place::Chapter(embedded) }).render()
}
