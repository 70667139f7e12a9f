//! `pymd`, the daemon.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use pym::config::{Args, Config};
use pym::daemon::Daemon;
use pym::{log, self_test, systemd};
use tokio::runtime::{Builder, Runtime};

/// More threads would idle: the daemon waits for disk and network, and a Pi has four cores at most.
const MAX_WORKERS: usize = 4;
/// Whatever blocks takes turns of its own; this bound keeps the process below the 64 tasks its unit allows.
const MAX_BLOCKING_THREADS: usize = 32;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not be set up, or go where nobody looks at the moment.
            drop(writeln!(io::stderr(), "pymd: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    if args.self_test {
        let held = runtime()?.block_on(self_test::run(&mut io::stdout()))?;
        anyhow::ensure!(held, "the self-test failed");
        return Ok(());
    }
    let inherited = systemd::inherited()?;
    let (config, notes) = Config::load(args)?;
    let levels = log::init(&config.log)?;
    for note in notes {
        tracing::info!("{note}");
    }
    runtime()?.block_on(async { Daemon::start(config, inherited).await?.run(args, &levels).await })?;
    Ok(())
}

fn runtime() -> anyhow::Result<Runtime> {
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MAX_WORKERS));
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).max_blocking_threads(MAX_BLOCKING_THREADS).enable_all();
    builder.build().context("cannot start the runtime")
}
