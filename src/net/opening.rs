//! The first moments of a TCP connection: which protocol its first byte shows, and the TLS handshake.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::{Net, Peer, Stream};

/// The first byte of a TLS connection: a handshake record (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// How long a client that spoke HTTP to a TLS port has to take the answer.
const HINT_TIME: Duration = Duration::from_secs(2);

/// What a port expects of a connection's beginning.
#[derive(Clone)]
pub(super) struct Entrance {
    tls: Option<TlsAcceptor>,
    http: bool,
}

impl Entrance {
    /// For a port with or without TLS; with `http`, plain HTTP on a TLS port is told so.
    pub(super) fn new(tls: Option<Arc<ServerConfig>>, http: bool) -> Self {
        Self { tls: tls.map(TlsAcceptor::from), http }
    }

    /// Sees a connection through to its stream; `None` if it did not get there, which is counted.
    pub(super) async fn open(&self, net: &Net, socket: TcpStream) -> Option<(Stream, Peer)> {
        let (address, local) = (canonical(socket.peer_addr().ok()?), canonical(socket.local_addr().ok()?));
        let stream = net.inner.stop.run_until_cancelled(self.stream(net, socket, address, local)).await??;
        let peer = Peer::Remote { address, local, tls: self.tls.is_some(), certificate: stream.certificate() };
        Some((stream, peer))
    }

    async fn stream(&self, net: &Net, socket: TcpStream, address: SocketAddr, local: SocketAddr) -> Option<Stream> {
        let (metrics, limit) = (&net.inner.metrics, net.inner.limits.handshake);
        let mut first = [0];
        // Peeking allocates nothing: a connection that says nothing costs next to nothing.
        let Ok(Ok(1)) = timeout(limit, socket.peek(&mut first)).await else { return None };
        match (&self.tls, first == [TLS_HANDSHAKE]) {
            (None, false) => Some(Stream::Tcp(socket)),
            (Some(acceptor), true) => match timeout(limit, Box::pin(acceptor.accept(socket))).await {
                Ok(Ok(stream)) => Some(Stream::Tls(Box::new(stream))),
                Ok(Err(error)) => {
                    metrics.tls_handshake_failures.inc();
                    tracing::debug!(peer = %address, error = &error as &dyn std::error::Error, "TLS handshake failed");
                    None
                }
                Err(_) => {
                    metrics.tls_handshake_failures.inc();
                    tracing::debug!(peer = %address, "TLS handshake timed out");
                    None
                }
            },
            (expected, _) => {
                metrics.wrong_protocol.inc();
                tracing::debug!(peer = %address, port = local.port(), "TLS and plain text mixed up");
                if expected.is_some() && self.http && first[0].is_ascii_uppercase() {
                    drop(timeout(HINT_TIME, hint(socket, local)).await);
                }
                None
            }
        }
    }
}

/// Tells a client that spoke plain HTTP where it is, and reads on until the client has seen that: closing a socket
/// with unread bytes takes the answer back.
async fn hint(mut socket: TcpStream, local: SocketAddr) {
    let text = format!("This port speaks HTTPS. Use https://, as in https://{local}/\n");
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
    let answer = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
    if socket.write_all(answer.as_bytes()).await.is_ok() && socket.shutdown().await.is_ok() {
        let mut ignored = [0; 512];
        while matches!(socket.read(&mut ignored).await, Ok(1..)) {}
    }
}

/// The address with an IPv4 address that was mapped into IPv6 turned back.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
