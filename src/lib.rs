//! Pym: an EMM and IoT device-management server that fits on a Raspberry Pi.
//!
//! Three thin binaries stand on this library: `pymd`, the [`daemon`]; `pym-tui`, the terminal UI ([`tui`]); and `pymctl`,
//! the command line ([`ctl`]). What a module may name goes one way:
//!
//! ```text
//! bin → daemon → { api, web, broker, agents, control, jobs } → app → { store, pki, auth } → model
//! { tui, ctl } → client → wire → model
//! ```
//!
//! A request comes in through [`net`] and a door ([`api`], [`web`], [`agents`], [`broker`], [`control`]), which decodes it and calls
//! [`app`]; that decides by who asks, and keeps what must last in the [`store`] before the door answers. Operations for
//! devices go the other way, through [`app::downlink`]. One resource is one file a layer, of the same name in each.
//! ARCHITECTURE.md is the map, and `tests/house.rs` checks the arrows.

pub mod agents;
pub mod api;
pub mod app;
pub mod auth;
pub mod broker;
pub mod client;
pub mod config;
pub mod control;
pub mod ctl;
pub mod daemon;
pub mod file;
pub mod host;
pub mod jobs;
pub mod log;
pub mod metrics;
pub mod model;
pub mod net;
pub mod pki;
pub mod self_test;
pub mod store;
pub mod systemd;
pub mod tui;
pub mod web;
pub mod wire;
