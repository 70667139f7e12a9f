//! Pym: an EMM and IoT device-management server that fits on a Raspberry Pi.

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
pub mod wire;
