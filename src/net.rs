//! Connections: listening, who the peer is, TLS, what a connection may cost, and how they all end.
//!
//! [`Net`] is the one place where a connection is let in: a TCP connection passes the bounds of [`admission`], shows its
//! protocol by its first byte, makes its TLS handshake under a time-out, and is then spoken to in HTTP ([`http`]) or
//! handed to a protocol of its own ([`Net::serve_streams`]). Nothing here knows what is served.

mod admission;
pub mod body;
pub mod browser;
pub mod download;
pub mod http;
mod lenient;
pub mod listen;
mod opening;
mod peer;
pub mod request;
pub mod shared;
mod stream;
pub mod table;

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::Metrics;
use admission::{Admissions, Class};
pub use peer::Peer;
pub use stream::Stream;

/// How long the accept loop rests after the system refused it a connection, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections may cost. `Default` is what the daemon uses; tests take less.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open TCP connections, all listeners together.
    pub connections: usize,
    /// Bytes of one request's body.
    pub body: usize,
    /// The one path whose bodies go to a file piece by piece: they are not counted as memory, ...
    pub upload_path: &'static str,
    /// ... have at most so many bytes, ...
    pub upload: usize,
    /// ... and may take so long.
    pub upload_time: Duration,
    /// From the connection to its first byte, and from there to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the connection, or the previous response, to the last header of a request: also the idle time of a
    /// connection that is kept alive.
    pub head: Duration,
    /// Between two pieces of a request's body.
    pub body_pause: Duration,
    /// From the head of a request to the end of its body.
    pub body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            body: 1024 * 1024,
            upload_path: "",
            upload: 256 * 1024 * 1024,
            upload_time: Duration::from_hours(1),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body_pause: Duration::from_secs(30),
            body_time: Duration::from_mins(2),
        }
    }
}

/// Every open connection and the bounds on them; cheap to clone.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    limits: Limits,
    admissions: Admissions,
    bodies: body::Bodies,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Net {
    /// No connections yet.
    #[must_use]
    pub fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        let inner = Inner {
            limits,
            admissions: Admissions::new(limits.connections),
            bodies: body::Bodies::default(),
            metrics,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Cancelled when the connections have to come to an end: whoever keeps one open for long must watch it.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    /// The bounds in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Stops accepting, lets the open connections finish until `deadline` has passed and then cuts them; tells how many
    /// it cut.
    pub async fn drain(&self, deadline: Duration) -> usize {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(deadline, self.inner.tasks.wait()).await.is_ok() {
            return 0;
        }
        let cut = self.inner.tasks.len();
        self.inner.abort.cancel();
        self.inner.tasks.wait().await;
        cut
    }

    /// Serves HTTP on `listener`, over TLS if there is a configuration for it, until the drain begins.
    ///
    /// The service finds the [`Peer`] in the extensions of each request.
    pub async fn serve_http<S: http::Service>(
        &self,
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        service: S,
    ) {
        let entrance = opening::Entrance::new(tls, true);
        self.accept_tcp(listener, Class::Http, |net, socket| {
            let (entrance, service) = (entrance.clone(), service.clone());
            async move {
                if let Some((stream, peer)) = entrance.open(&net, socket).await {
                    http::serve(&net, stream, peer, service).await;
                }
            }
        })
        .await;
    }

    /// Hands every connection on `listener`, once it is through with TLS if there is a configuration for it, to
    /// `handler`, until the drain begins. The handler has to watch [`Net::stopping`].
    pub async fn serve_streams<H, F>(&self, listener: TcpListener, tls: Option<Arc<ServerConfig>>, handler: H)
    where
        H: Fn(Stream, Peer) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let entrance = opening::Entrance::new(tls, false);
        self.accept_tcp(listener, Class::Stream, |net, socket| {
            let (entrance, handler) = (entrance.clone(), handler.clone());
            async move {
                if let Some((stream, peer)) = entrance.open(&net, socket).await {
                    handler(stream, peer).await;
                }
            }
        })
        .await;
    }

    /// Serves HTTP on the Unix socket `listener` until the drain begins; the peer is whoever the kernel says it is.
    pub async fn serve_unix<S: http::Service>(&self, listener: &UnixListener, service: S) {
        loop {
            let Some((socket, _)) = self.next(|| listener.accept()).await else { return };
            let Some(admission) = self.inner.admissions.admit_local() else {
                self.inner.metrics.connections_refused.inc();
                continue;
            };
            let Ok(credentials) = socket.peer_cred() else { continue };
            let (net, service) = (self.clone(), service.clone());
            self.spawn(async move {
                let peer = Peer::Local { uid: credentials.uid() };
                http::serve(&net, Stream::Unix(socket), peer, service).await;
                drop(admission);
            });
        }
    }

    async fn accept_tcp<F, Fut>(&self, listener: TcpListener, class: Class, connection: F)
    where
        F: Fn(Self, TcpStream) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        if let Err(error) = listen::tune(&listener) {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot set the options of a listener");
        }
        loop {
            let Some((socket, address)) = self.next(|| listener.accept()).await else { return };
            let Some(admission) = self.inner.admissions.admit(class, address.ip()) else {
                self.inner.metrics.connections_refused.inc();
                continue;
            };
            let opened = connection(self.clone(), socket);
            self.spawn(async move {
                opened.await;
                drop(admission);
            });
        }
    }

    /// The next connection; `None` when the drain has begun.
    async fn next<T, F: Future<Output = io::Result<T>>>(&self, accept: impl Fn() -> F) -> Option<T> {
        loop {
            match self.inner.stop.run_until_cancelled(accept()).await? {
                Ok(connection) => return Some(connection),
                // The client was gone before its turn came; the next one waits already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.inner.metrics.accept_failures.inc();
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                    self.inner.stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await?;
                }
            }
        }
    }

    /// Runs one connection, which a panic or the end of the drain ends.
    fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let net = self.clone();
        self.inner.tasks.spawn(async move {
            let connection = AssertUnwindSafe(connection).catch_unwind();
            if let Some(Err(_)) = net.inner.abort.run_until_cancelled(connection).await {
                net.inner.metrics.panics.inc();
                tracing::error!("a connection ended by a panic");
            }
        });
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("connections", &self.inner.tasks.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
