//! The daemon: puts everything together, in this order, and takes it apart again in the reverse.
//!
//! Lock the data directory, open the store and the PKI, bind every listener, serve, tell that it is ready; on SIGTERM or
//! SIGINT let connections finish until the deadline, end the tasks, close the store. This is the only place that starts
//! long-lived tasks: one that ends on its own, or panics, takes the daemon down with an error, so that whoever watches
//! over it starts it again whole.

mod certificates;
mod listeners;
mod lock;
mod reload;
mod tasks;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use warp::Filter as _;

use crate::agents;
use crate::app::{self, App, Clock};
use crate::broker::Broker;
use crate::config::{Args, Config};
use crate::host::{self, Board};
use crate::metrics::Metrics;
use crate::net::http::{self, Service};
use crate::net::{Limits, Net, Peer};
use crate::pki::{Pki, PkiError};
use crate::store::{Flush, Store, StoreError};
use crate::systemd::{self, Inherited};
use crate::{api, file, jobs, log, web};

use listeners::{EndpointsFile, ListenError, Listeners};
use lock::{Lock, LockError};
use tasks::Tasks;

/// How long a start may take that has to bring a large database up to date.
const LONGEST_START: Duration = Duration::from_mins(10);
/// How long tasks may take to end once the connections have.
const TASK_DEADLINE: Duration = Duration::from_secs(5);
/// File descriptors beside those of connections: the store, the log, the listeners, and room to breathe.
const SPARE_FILES: u64 = 256;
/// Browsers come to this port: asked for a certificate, they would bother people with it. The other ports under TLS ask.
const PEOPLES_PORT: u16 = 9443;

/// Why the daemon did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("cannot make the data directory {}", path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Locked(#[from] LockError),
    #[error("cannot open the store")]
    Store(#[source] StoreError),
    #[error("cannot set the site's certificates up")]
    Pki(#[from] PkiError),
    #[error("cannot start the application")]
    App(#[source] app::Error),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("cannot write {}", path.display())]
    Endpoints { path: PathBuf, source: io::Error },
    #[error("cannot read the board")]
    Board(#[source] host::Error),
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    #[error("{what} broke off")]
    Interrupted { what: &'static str, source: tokio::task::JoinError },
    #[error("the task {name:?} {how} unexpectedly")]
    Task { name: &'static str, how: &'static str },
}

/// A daemon that serves.
#[derive(Debug)]
pub struct Daemon {
    config: Config,
    app: App,
    broker: Broker,
    pki: Arc<Pki>,
    net: Net,
    tasks: Tasks,
    /// Cancelled after the connections have ended.
    stop: CancellationToken,
    end: EndSignals,
    hangup: Signal,
    endpoints: EndpointsFile,
    _lock: Lock,
}

/// The signals that end the daemon.
#[derive(Debug)]
struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Daemon {
    /// Starts everything; when it returns, the daemon serves and has said so.
    pub async fn start(config: Config, inherited: Inherited) -> Result<Self, DaemonError> {
        let end = EndSignals::listen().map_err(DaemonError::Signals)?;
        let hangup = signal(SignalKind::hangup()).map_err(DaemonError::Signals)?;
        systemd::extend_timeout(LONGEST_START);
        raise_file_limit(config.limits.connections);
        if !config.data_dir.is_dir() {
            file::private_dir(&config.data_dir, 0o700)
                .map_err(|source| DaemonError::DataDir { path: config.data_dir.clone(), source })?;
        }
        let lock = Lock::take(&config.data_dir)?;
        let endpoints = EndpointsFile::new(&config.data_dir);

        let clock = Clock::default();
        let (store, pki, board) = open(config.data_dir.clone(), clock.clone()).await?;
        let pki = Arc::new(pki);
        let metrics = Arc::new(Metrics::default());
        let settings = app::Settings {
            data_dir: config.data_dir.clone(),
            public_host: config.public_host.clone(),
            unreachable_after: config.silence.unreachable_after,
            inactive_after: config.silence.inactive_after,
            access_token_ttl: config.access_token_ttl,
            policy: app::PolicySettings {
                evaluation: config.policy.evaluation,
                monitor_interval: config.policy.monitor_interval,
                max_retries: config.policy.max_retries,
            },
        };
        let (app, downlink) =
            App::open(store, clock, Arc::clone(&metrics), settings).await.map_err(DaemonError::App)?;
        app.use_pki(Arc::clone(&pki));
        certificates::refresh(&app, Arc::clone(&pki)).await;
        first_start(&app, &config).await?;

        let listeners = Listeners::open(&config.listen, inherited)?;
        let bound = listeners.endpoints.clone();
        let limits = Limits {
            connections: config.limits.connections,
            body: config.limits.body_bytes,
            upload_path: api::package::UPLOAD,
            upload: config.limits.package_bytes,
            ..Limits::default()
        };
        let net = Net::new(limits, metrics);
        let stop = CancellationToken::new();
        let mut tasks = Tasks::default();
        let (broker, work) = Broker::open(app.clone(), downlink).await.map_err(DaemonError::App)?;
        for (name, task) in work {
            tasks.spawn(name, task);
        }
        // Agents are told these addresses, so they are known before the first request comes in.
        app.update_standing(|standing| standing.endpoints = bound.clone());
        serve(&net, &mut tasks, listeners, &app, &broker, &pki)?;
        for (name, job) in jobs::all(&app, board, &stop) {
            tasks.spawn(name, job);
        }
        tasks.spawn("certificates", certificates::keep(app.clone(), Arc::clone(&pki), stop.clone()));
        if let Some(period) = systemd::watchdog_interval() {
            tasks.spawn("watchdog", watchdog(app.clone(), period, stop.clone()));
        }

        app.update_standing(|standing| standing.ready = true);
        endpoints.write(&bound).map_err(|source| DaemonError::Endpoints { path: config.data_dir.clone(), source })?;
        systemd::ready("serving");
        tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir = %config.data_dir.display(), "ready");
        Ok(Self { config, app, broker, pki, net, tasks, stop, end, hangup, endpoints, _lock: lock })
    }

    /// Serves until a signal ends it, or a task that should not have ended. `args` are read again on SIGHUP.
    pub async fn run(mut self, args: &Args, log: &log::Levels) -> Result<(), DaemonError> {
        let failure = loop {
            tokio::select! {
                () = self.end.received() => break None,
                _ = self.hangup.recv() => {
                    systemd::reloading();
                    reload::reload(&mut self.config, args, log, &self.pki).await;
                    certificates::refresh(&self.app, Arc::clone(&self.pki)).await;
                    systemd::ready("serving");
                }
                ended = self.tasks.ended() => break Some(ended),
            }
        };
        self.finish().await;
        failure.map_or(Ok(()), Err)
    }

    async fn finish(mut self) {
        systemd::stopping();
        tracing::info!("stopping");
        self.app.update_standing(|standing| standing.ready = false);
        let cut = tokio::select! {
            cut = self.net.drain(self.config.drain_deadline) => cut,
            // Who asks twice does not want to wait.
            () = self.end.received() => self.net.drain(Duration::ZERO).await,
        };
        if cut > 0 {
            tracing::warn!(connections = cut, "connections were cut at the deadline");
        }
        self.broker.stop().await;
        self.stop.cancel();
        self.tasks.finish(TASK_DEADLINE).await;
        self.app.store().close().await;
        drop(self.endpoints);
        tracing::info!("stopped");
    }
}

/// Opens what is on disk, beside the asynchronous tasks: it can take long.
async fn open(data_dir: PathBuf, clock: Clock) -> Result<(Store, Pki, Board), DaemonError> {
    let opened = tokio::task::spawn_blocking(move || {
        let store = Store::open(&data_dir.join("pym.db")).map_err(DaemonError::Store)?;
        let pki = Pki::open(&data_dir, clock.now(), &host::hostname(), &host::addresses())?;
        let board = Board::new(&data_dir).map_err(DaemonError::Board)?;
        Ok((store, pki, board))
    });
    opened.await.map_err(|source| DaemonError::Interrupted { what: "opening the data directory", source })?
}

/// Lets the first administrator in: by the configured password, or by a code that only the board itself tells.
async fn first_start(app: &App, config: &Config) -> Result<(), DaemonError> {
    if !app.setup_needed().await.map_err(DaemonError::App)? {
        return Ok(());
    }
    if let Some(password) = &config.admin_password {
        if let Some(warning) = app.ensure_admin(password.expose()).await.map_err(DaemonError::App)? {
            tracing::warn!("{warning}");
        }
    } else if let Some(code) = app.setup_code() {
        tracing::info!(
            setup.code = code,
            "no administrator yet: `pymctl setup` or pym-tui makes the first one; from elsewhere it takes this code, once"
        );
    }
    Ok(())
}

/// Puts the doors behind their listeners.
fn serve(
    net: &Net,
    tasks: &mut Tasks,
    listeners: Listeners,
    app: &App,
    broker: &Broker,
    pki: &Pki,
) -> Result<(), DaemonError> {
    let routes = routes(app, pki, net);
    let for_people = Arc::new(pki.server_config(&http::PROTOCOLS)?);
    let for_devices = Arc::new(pki.server_config_for_devices(&http::PROTOCOLS)?);
    let https = listeners.https.into_iter().map(|listener| {
        let people = listener.local_addr().is_ok_and(|address| address.port() == PEOPLES_PORT);
        let tls = Arc::clone(if people { &for_people } else { &for_devices });
        (listener, Some(tls))
    });
    for (listener, tls) in with_tls(listeners.http, None).chain(https) {
        let (net, routes) = (net.clone(), routes.clone());
        tasks.spawn("http", async move { net.serve_http(listener, tls, routes).await });
    }
    let tls = Arc::new(pki.server_config_for_devices(&[])?);
    for (listener, tls) in with_tls(listeners.mqtt, None).chain(with_tls(listeners.mqtts, Some(tls))) {
        let (net, broker) = (net.clone(), broker.clone());
        tasks.spawn("mqtt", async move {
            let stop = net.stopping();
            let serve = move |stream, peer: Peer| {
                let (broker, stop) = (broker.clone(), stop.clone());
                async move { broker.serve(stream, peer, stop).await }
            };
            net.serve_streams(listener, tls, serve).await;
        });
    }
    let (net, control) = (net.clone(), listeners.control);
    tasks.spawn("control", async move { control.serve(&net, routes).await });
    Ok(())
}

fn with_tls<T: Clone>(listeners: Vec<TcpListener>, tls: Option<T>) -> impl Iterator<Item = (TcpListener, Option<T>)> {
    listeners.into_iter().map(move |listener| (listener, tls.clone()))
}

/// Every HTTP door, on every HTTP listener: the peer of a request says which it came by.
fn routes(app: &App, pki: &Pki, net: &Net) -> impl Service {
    let api = api::routes(app.clone(), pki.authority_pem().to_owned(), net.stopping());
    let agents = agents::entgra::routes(app.clone());
    let web = web::routes(app.clone(), net.stopping());
    let nothing = web::nothing(app.clone(), net.stopping());
    TowerToHyperService::new(warp::service(
        web.or(api).unify().or(agents).unify().or(nothing).unify().recover(api::problem::recover),
    ))
}

/// Tells systemd that the daemon lives, each time the store's writer has proved it.
async fn watchdog(app: App, period: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        match app.store().write(Flush::Now, |_| Ok::<_, StoreError>(())).await {
            Ok(()) => systemd::watchdog(),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the store does not answer"),
        }
    }
}

/// Takes as many file descriptors as the connections may need, if the system lets us.
fn raise_file_limit(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(SPARE_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let possible = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    if raised.is_err() || possible < wanted {
        tracing::warn!(files = possible, wanted, "too few file descriptors for limits.connections");
    }
}
