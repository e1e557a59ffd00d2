//! What a run on its page is told.

use web_sys::KeyboardEvent;

use super::picture::Touched;
use crate::command::Command;
use crate::compare::{Asked, Twist};
use crate::panels::{caption, level};
use crate::player::Changes;
use crate::player::script::Lit;
use crate::reading::Lesson;
use crate::store::Selection;

/// What it is told.
pub enum Msg {
    /// Do something.
    Command(Command),
    /// A frame of the animation, at the page's time in milliseconds.
    Frame(f64),
    /// Pick something.
    Select(Selection),
    /// Something in the picture was clicked, or Enter was pressed on it.
    Touched(Touched, By),
    /// The keyboard has come to something in the picture.
    Focused(Touched),
    /// A script has changed the player.
    Changed(Changes),
    /// Words speak of something in the picture.
    Light(Lit),
    /// Whether the reader can see it, as far as it is scrolled.
    InSight(bool),
    /// Point at operations, by their places among the calls.
    Point(Vec<usize>),
    /// A key was pressed.
    Key(KeyboardEvent),
    /// Open a panel, or close it if it is open.
    Toggle(Open),
    /// Read a lesson.
    Lesson(Lesson),
    /// Go on in the lesson that is read.
    Read(caption::Step),
    /// Go on in the level that is played.
    Level(level::Step),
    /// The window has another size, or the reader wants more or less to move.
    Resized,
    /// The page is out of sight, or back in it.
    Hidden,
    /// Show what would become of the run if a message met another fate.
    WhatIf(Asked, Twist),
    /// Go on that way, or (false) as it was.
    Decide(bool),
    /// The sentence has been read.
    Dismiss,
}

/// How something was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// With a pointer.
    Pointer,
    /// With a key: the keyboard follows to where something can be done about it.
    Key,
}

/// What can be open beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The options.
    Options,
    /// The schedule.
    Schedule,
    /// A history of another tool.
    History,
    /// The help.
    Help,
}
