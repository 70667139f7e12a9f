//! `pymctl`: one question to the daemon, or one order, and its answer.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    pym::ctl::run(pym::ctl::Args::parse()).await
}
