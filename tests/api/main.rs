//! Pym's own API, through its door: every answer is held against the OpenAPI document as it comes. And who may do what,
//! at both doors.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod access;
#[path = "../common/mod.rs"]
mod common;
mod conform;
mod daemon;
mod input;
mod matrix;
mod pages;
mod policies;
mod resources;
mod site;
mod watch;
