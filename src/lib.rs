//! Pym: an EMM and IoT device-management server that fits on a Raspberry Pi.

pub mod model;
pub mod wire;
