//! Reaching the daemon: one HTTP/1.1 connection over a Unix socket, TCP or TLS.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::tls::Tls;
use super::{Error, socket};

/// How long a connection, with its TLS handshake, may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);

pub(super) type Sender = http1::SendRequest<Full<Bytes>>;

/// Where the daemon is.
#[derive(Debug)]
pub(super) enum Target {
    /// On this board: on this socket, or the first that answers of those where a daemon may listen.
    Board { socket: Option<PathBuf> },
    /// On another host.
    Host { host: String, port: u16, tls: Option<Tls> },
}

impl Target {
    /// The `Host` header.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Board { .. } => "localhost".to_owned(),
            Self::Host { host, port, .. } => format!("{host}:{port}"),
        }
    }

    pub(super) async fn connect(&self) -> Result<Sender, Error> {
        match self {
            Self::Board { socket } => connect_socket(socket.clone()).await,
            Self::Host { host, port, tls } => connect_host(host, *port, tls.as_ref()).await,
        }
    }
}

/// Looks anew each time: the daemon may have come back in another place.
async fn connect_socket(given: Option<PathBuf>) -> Result<Sender, Error> {
    let mut tried = Vec::new();
    for path in socket::candidates(given) {
        match timeout(CONNECT_TIME, UnixStream::connect(&path)).await.map_err(io::Error::from).flatten() {
            Ok(stream) => return handshake(stream, || path.display().to_string()).await,
            Err(error) => tried.push((path, error)),
        }
    }
    Err(Error::NoSocket { tried })
}

async fn connect_host(host: &str, port: u16, tls: Option<&Tls>) -> Result<Sender, Error> {
    let to = || format!("{host}:{port}");
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = timeout(CONNECT_TIME, TcpStream::connect((bare, port)))
        .await
        .map_err(io::Error::from)
        .flatten()
        .map_err(|source| Error::Connect { to: to(), source })?;
    let Some(tls) = tls else { return handshake(stream, to).await };
    let stream = timeout(CONNECT_TIME, tls.connector.connect(tls.name.clone(), stream))
        .await
        .map_err(io::Error::from)
        .flatten()
        .map_err(|source| Error::Tls { to: to(), source })?;
    handshake(stream, to).await
}

/// The driver ends with its connection, and that with the last of its senders.
async fn handshake<S>(stream: S, to: impl Fn() -> String) -> Result<Sender, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, driver) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|source| Error::Broken { call: format!("the greeting of {}", to()), source })?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection to the daemon ended");
        }
    });
    Ok(sender)
}
