//! The Android agent of the Entgra IoT Server against the daemon as it runs, byte for byte: what its sources
//! (`cdmf-agent-android` 3.3.1) send over a socket, and what they take for a success.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod agent;
#[path = "../common/mod.rs"]
mod common;
mod doors;
mod life;
mod many;
mod policy;
mod site;
