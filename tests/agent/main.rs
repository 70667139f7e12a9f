//! Agents against the daemon as it runs: Pym's own out of its download, and those made for the Entgra IoT Server, each
//! with the bytes it sends, over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod arduino;
mod certificate;
#[path = "../common/mod.rs"]
mod common;
mod entgra;
mod outage;
mod own;
mod site;
mod tls;
mod token;
