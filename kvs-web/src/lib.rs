//! The playground: clusters that a reader can break, in the browser.
//!
//! `click · key · link → Command → Player::apply → Changes → the panels that show what changed`, and
//! `requestAnimationFrame → Player::advance → scene at that instant → painter`.

#![forbid(unsafe_code)]

pub mod app;
pub mod challenge;
pub mod clerk;
pub mod command;
pub mod compare;
pub mod diagram;
pub mod element;
pub mod embed;
pub mod frame;
pub mod front;
pub mod inspect;
pub mod js;
pub mod keymap;
pub mod keyspace;
pub mod lessons;
mod panels;
pub mod parts;
pub mod platter;
pub mod player;
pub mod plug;
pub mod progress;
pub mod reading;
pub mod root;
pub mod route;
pub mod share;
pub mod stage;
pub mod store;
pub mod telling;
pub mod transcript;
pub mod work;
