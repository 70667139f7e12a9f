//! `pym-tui`: watches the site and its board in a terminal, and sends operations to devices.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use pym::tui::{Charset, Options};

/// Watches the site and its board in a terminal, and sends operations to devices.
///
/// It talks to the daemon on this board through its control socket, and connects again by itself when the daemon was
/// away. Press ? for the keys.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[arg(long, value_name = "PATH", help = "The daemon's control socket", long_help = SOCKET_HELP)]
    socket: Option<PathBuf>,
    #[arg(long, help = "Draw with ASCII alone", long_help = ASCII_HELP)]
    ascii: bool,
    /// Draw with Unicode whatever the locale says
    #[arg(long, conflicts_with = "ascii")]
    unicode: bool,
}

const SOCKET_HELP: &str = "The daemon's control socket; without it PYM_LISTEN_CONTROL, /run/pym/pym.sock, \
    $XDG_RUNTIME_DIR/pym/pym.sock and /tmp/pym-UID/pym.sock are tried";
const ASCII_HELP: &str = "Draw with ASCII alone; so it does by itself where the locale (LC_ALL, LC_CTYPE, LANG) is set \
    and not UTF-8, and on the Linux console";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let charset = match (args.ascii, args.unicode) {
        (true, _) => Charset::Ascii,
        (_, true) => Charset::Unicode,
        _ => Charset::of(|name| std::env::var(name).ok()),
    };
    let ended = pym::tui::run(Options { socket: args.socket, charset }).await.map_err(anyhow::Error::from);
    let Err(error) = ended else { return ExitCode::SUCCESS };
    // The terminal may be gone, and then nobody can be told.
    let _ = writeln!(std::io::stderr(), "pym-tui: {error:#}");
    ExitCode::FAILURE
}
