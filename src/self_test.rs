//! `pymd --self-test`: proves on the board itself, in a temporary directory, that this binary has what it needs.

mod mqtt;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::app::downlink::Downlink;
use crate::app::{App, Clock, PolicySettings, Settings};
use crate::host::{self, Board};
use crate::metrics::Metrics;
use crate::model::actor::Actor;
use crate::net::{Limits, Net};
use crate::pki::Pki;
use crate::store::Store;
use crate::{file, tui};

/// How long one proof may take; an emulated board is slow.
const PATIENCE: Duration = Duration::from_mins(1);
/// What goes over the connections.
const WORD: &[u8] = b"a word to the site";

type Proof = Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// Runs every proof, writes a line for each, and tells whether all held.
///
/// # Errors
/// When `out` cannot be written or there is no temporary directory.
pub async fn run(out: &mut impl Write) -> io::Result<bool> {
    let dir = Scratch::new()?;
    let mut held = true;
    held &= report(out, "store", &timed(store(&dir.path)).await)?;
    held &= report(out, "tls", &timed(tls(&dir.path)).await)?;
    held &= report(out, "mqtt", &timed(mqtt::round_trip(&dir.path)).await)?;
    held &= report(out, "tui", &screen())?;
    held &= report(out, "board", &board(&dir.path))?;
    Ok(held)
}

fn report(out: &mut impl Write, name: &str, proof: &Proof) -> io::Result<bool> {
    match proof {
        Ok(text) => writeln!(out, "{name}: ok, {text}")?,
        Err(error) => writeln!(out, "{name}: FAILED: {error}")?,
    }
    Ok(proof.is_ok())
}

async fn timed(proof: impl Future<Output = Proof>) -> Proof {
    tokio::time::timeout(PATIENCE, proof).await.unwrap_or_else(|_| Err("not done in time".into()))
}

/// The application over the database in `dir`, which is made if it is not there.
async fn open(dir: &Path) -> Result<(App, mpsc::Receiver<Downlink>), Box<dyn std::error::Error + Send + Sync>> {
    let store = Store::open(&dir.join("pym.db"))?;
    let settings = Settings {
        data_dir: dir.to_owned(),
        public_host: None,
        unreachable_after: PATIENCE,
        inactive_after: PATIENCE,
        access_token_ttl: PATIENCE,
        policy: PolicySettings::default(),
    };
    Ok(App::open(store, Clock::default(), Arc::new(Metrics::default()), settings).await?)
}

/// What a client found out, unless its server ended before.
async fn unless_ended(served: impl Future<Output = ()>, asked: impl Future<Output = Proof>) -> Proof {
    tokio::select! {
        proof = asked => proof,
        () = served => Err("the listener ended".into()),
    }
}

/// What was committed is there when the database is opened again.
async fn store(dir: &Path) -> Proof {
    let mut sites = Vec::new();
    for _ in 0..2 {
        let (app, _orders) = open(dir).await?;
        sites.push(app.status(&Actor::system()).await?.site);
        app.store().close().await;
    }
    sites.dedup();
    match sites.as_slice() {
        [site] => Ok(format!("site {site} written and read again")),
        _ => Err("the site's id was not kept".into()),
    }
}

/// A client that trusts the site's authority alone gets its bytes through, over a real socket.
async fn tls(dir: &Path) -> Proof {
    let pki = Pki::open(dir, Clock::default().now(), &host::hostname(), &[])?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let net = Net::new(Limits::default(), Arc::default());
    let config = Arc::new(pki.server_config(&[])?);
    let served = net.serve_streams(listener, Some(config), |mut stream, _| async move {
        let mut word = [0; WORD.len()];
        if stream.read_exact(&mut word).await.is_ok() {
            drop(stream.write_all(&word).await);
            drop(stream.shutdown().await);
        }
    });
    let asked = async {
        let mut roots = RootCertStore::empty();
        roots.add(pki.authority_der().clone())?;
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let socket = TcpStream::connect(address).await?;
        let mut stream =
            TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("localhost")?, socket).await?;
        stream.write_all(WORD).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let version = stream.get_ref().1.protocol_version().ok_or("no protocol was agreed on")?;
        if answer == WORD {
            Ok(format!("{version:?} with the site's own certificate"))
        } else {
            Err("other bytes came back".into())
        }
    };
    let proof = unless_ended(served, asked).await;
    net.drain(Duration::ZERO).await;
    proof
}

fn screen() -> Proof {
    let frame = tui::self_test_frame()?;
    Ok(format!("a frame of {} lines drawn", frame.lines().count()))
}

fn board(dir: &Path) -> Proof {
    let sample = Board::new(dir)?.sample(Clock::default().now());
    if sample.memory.total == 0 || sample.disk.total == 0 {
        return Err("neither memory nor disk can be read".into());
    }
    Ok(format!("{} on {}, {} MB of memory", sample.model, sample.arch, sample.memory.total / 1_000_000))
}

/// A directory of its own, removed at the end.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("pym-self-test-{}", std::process::id()));
        file::private_dir(&path, 0o700)?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}
