//! The playground: clusters that a reader can break, in the browser.
//!
//! `click · key · link → Command → Player::apply → Changes → the panels that show what changed`, and
//! `requestAnimationFrame → Player::advance → scene at that instant → painter`.

#![forbid(unsafe_code)]

pub mod command;
pub mod player;
