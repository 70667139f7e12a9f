use std::net::SocketAddr;
use std::path::Path;

use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use warp::Filter as _;

use super::*;
use crate::model::timestamp::Timestamp;
use crate::pki::Pki;

const PATIENCE: Duration = Duration::from_secs(20);

fn limits() -> Limits {
    Limits { body: 1000, ..Limits::default() }
}

fn quick() -> Limits {
    let soon = Duration::from_millis(200);
    Limits { handshake: soon, head: soon, body_pause: soon, body_time: PATIENCE, ..limits() }
}

/// `GET /` tells the peer, `POST /` the length of the body, `/panic` panics, `/stream` never ends.
fn routes() -> impl http::Service {
    let peer =
        warp::path::end().and(warp::get()).and(warp::ext::get::<Peer>()).map(|peer: Peer| format!("hello {peer:?}"));
    let host = warp::path("host").and(warp::header::<String>("host"));
    let length = warp::post().and(warp::body::bytes()).map(|body: bytes::Bytes| body.len().to_string());
    let panic = warp::path("panic").map(|| -> String { panic!("on purpose") });
    let stream = warp::path("stream").map(|| {
        warp::sse::reply(
            warp::sse::keep_alive()
                .interval(Duration::from_millis(20))
                .stream(futures_util::stream::pending::<Result<warp::sse::Event, std::convert::Infallible>>()),
        )
    });
    TowerToHyperService::new(warp::service(peer.or(host).or(panic).or(stream).or(length)))
}

struct Site {
    net: Net,
    address: SocketAddr,
    pki: Option<Pki>,
    dir: tempfile::TempDir,
}

impl Site {
    async fn plain(limits: Limits) -> Self {
        Self::start(limits, false).await
    }

    async fn tls(limits: Limits) -> Self {
        Self::start(limits, true).await
    }

    async fn start(limits: Limits, tls: bool) -> Self {
        let net = Net::new(limits, Arc::default());
        let dir = tempfile::tempdir().unwrap();
        let pki = tls.then(|| Pki::open(dir.path(), Timestamp::default(), "gateway", &[]).unwrap());
        let config = pki.as_ref().map(|pki| Arc::new(pki.server_config(&http::PROTOCOLS).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = net.clone();
        tokio::spawn(async move { serving.serve_http(listener, config, routes()).await });
        Self { net, address, pki, dir }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_tls(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.pki.as_ref().unwrap().authority_der().clone()).unwrap();
        let mut client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![protocol.to_vec()];
        let connector = TlsConnector::from(Arc::new(client));
        connector.connect(ServerName::try_from("localhost").unwrap(), self.connect().await).await.unwrap()
    }

    /// Sends `request` on a new connection and reads to the end.
    async fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        to_end(&mut stream).await
    }
}

async fn to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("closed in time").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Waits until the other side has closed, if need be by a reset; tells how many bytes came before.
async fn closed(stream: &mut (impl AsyncRead + Unpin)) -> usize {
    let mut bytes = Vec::new();
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("closed in time"));
    bytes.len()
}

async fn until(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> String {
    let mut seen = Vec::new();
    tokio::time::timeout(PATIENCE, async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed before {text:?}");
        }
    })
    .await
    .expect("in time");
    String::from_utf8(seen).unwrap()
}

#[tokio::test]
async fn tells_the_service_who_the_peer_is() {
    let site = Site::plain(limits()).await;
    let answer = site.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("hello Remote { address: 127.0.0.1:"), "{answer}");
    assert!(answer.ends_with("tls: false, certificate: None }"), "{answer}");
}

#[tokio::test]
async fn takes_bare_line_feeds_and_answers_once_whatever_follows() {
    let site = Site::plain(limits()).await;
    for stray in ["", "\n", "\r\n\r\n", "xx\n\n", "\0\0\0 garbage that is no request\n\n", "GET / HTTP/1.1\n\n"] {
        let answer = site.raw(format!("GET / HTTP/1.1\nHost: a\nAuthorization: Bearer b\n\n{stray}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{stray:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{stray:?}: {answer}");
        assert!(answer.ends_with('}'), "{stray:?}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{stray:?}: {answer}");
    }
    // The line feed may come long after the rest of the line.
    let mut stream = site.connect().await;
    for piece in ["GET", " / HTTP/1.1", "\n", "Host: a\n", "\n", "stray"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(to_end(&mut stream).await.matches("HTTP/1.1").count(), 1);
}

#[tokio::test]
async fn keeps_the_connection_of_a_proper_client() {
    let site = Site::plain(limits()).await;
    let mut stream = site.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        until(&mut stream, "tls: false, certificate: None }").await;
    }
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_413_with_and_without_a_length() {
    let site = Site::plain(limits()).await;
    let within =
        format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000));
    assert!(site.raw(within.as_bytes()).await.ends_with("\r\n\r\n1000"));

    let declared = site.raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n").await;
    assert!(declared.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{declared}");
    assert!(declared.contains("application/problem+json"), "{declared}");
    assert!(declared.contains(r#""status":413,"detail":"the request's body is larger than 1000 bytes""#), "{declared}");

    let chunked =
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{}\r\n", "x".repeat(1024));
    assert!(site.raw(chunked.as_bytes()).await.starts_with("HTTP/1.1 413 Payload Too Large\r\n"));
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_gets_its_answer() {
    let site = Site::plain(limits()).await;
    let mut stream = site.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n").await.unwrap();
    for _ in 0..2000 {
        stream.write_all(&[b'x'; 1000]).await.unwrap();
    }
    assert!(to_end(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let site = Site::plain(quick()).await;
    assert_eq!(to_end(&mut site.connect().await).await, "", "says nothing");
    assert_eq!(site.raw(b"GET / HTTP/1.1\r\nHost").await, "", "never ends its headers");
    let idle = site.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(idle.starts_with("HTTP/1.1 200 OK"), "{idle}");
    let body = site.raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;
    assert!(body.starts_with("HTTP/1.1 408 Request Timeout"), "{body}");

    let site = Site::tls(quick()).await;
    assert_eq!(site.raw(&[0x16, 3, 1]).await, "", "never ends its handshake");
    assert_eq!(site.net.inner.metrics.tls_handshake_failures.get(), 1);
    for protocol in [&b"h2"[..], b"http/1.1"] {
        closed(&mut site.connect_tls(protocol).await).await;
    }
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_so_and_tls_on_a_plain_one_closed() {
    let site = Site::tls(limits()).await;
    let answer = site.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("This port speaks HTTPS"), "{answer}");
    let mut other = site.connect().await;
    other.write_all(b"\x10\x20MQTT").await.unwrap();
    assert_eq!(closed(&mut other).await, 0);
    assert_eq!(site.net.inner.metrics.wrong_protocol.get(), 2);

    let site = Site::plain(limits()).await;
    let mut other = site.connect().await;
    other.write_all(&[0x16, 3, 1, 0, 5]).await.unwrap();
    assert_eq!(closed(&mut other).await, 0);
    assert_eq!(site.net.inner.metrics.wrong_protocol.get(), 1);
}

#[tokio::test]
async fn speaks_both_versions_of_http_over_tls() {
    let site = Site::tls(limits()).await;
    let mut stream = site.connect_tls(b"http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut stream, "tls: true, certificate: None }").await;

    let io = hyper_util::rt::TokioIo::new(site.connect_tls(b"h2").await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let get = hyper::Request::get("https://localhost/").body(String::new()).unwrap();
    assert_eq!(sender.send_request(get).await.unwrap().status(), 200);
    let host = hyper::Request::get("https://localhost:9443/host").body(String::new()).unwrap();
    let host = sender.send_request(host).await.unwrap();
    assert_eq!(http_body_util::BodyExt::collect(host).await.unwrap().to_bytes(), "localhost:9443");
    let post = hyper::Request::post("https://localhost/").body("x".repeat(1001)).unwrap();
    assert_eq!(sender.send_request(post).await.unwrap().status(), 413);
    let panic = hyper::Request::get("https://localhost/panic").body(String::new()).unwrap();
    assert_eq!(sender.send_request(panic).await.unwrap().status(), 500);
    let again = hyper::Request::get("https://localhost/").body(String::new()).unwrap();
    assert_eq!(sender.send_request(again).await.unwrap().status(), 200, "the connection outlives it all");
}

#[tokio::test]
async fn a_panic_costs_one_request_and_is_counted() {
    let site = Site::plain(limits()).await;
    let mut stream = site.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = until(&mut stream, "could not be handled").await;
    assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{answer}");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut stream, "hello").await;
    assert_eq!(site.net.inner.metrics.panics.get(), 1);
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_are_closed_and_counted() {
    let site = Site::plain(Limits { connections: 4, ..limits() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = site.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        until(&mut stream, "hello").await;
        held.push(stream);
    }
    assert_eq!(closed(&mut site.connect().await).await, 0);
    assert_eq!(site.net.inner.metrics.connections_refused.get(), 1);
}

#[tokio::test]
async fn the_drain_lets_answers_finish_and_cuts_what_does_not_end() {
    let site = Site::plain(limits()).await;
    let mut idle = site.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut idle, "tls: false, certificate: None }").await;
    let mut silent = site.connect().await;
    let mut posting = site.connect().await;
    posting
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    until(&mut posting, "100 Continue").await;

    let net = site.net.clone();
    let drain = tokio::spawn(async move { net.drain(PATIENCE).await });
    assert_eq!(to_end(&mut idle).await, "");
    assert_eq!(to_end(&mut silent).await, "");
    posting.write_all(b"abc").await.unwrap();
    let answer = to_end(&mut posting).await;
    assert!(answer.contains("200 OK") && answer.ends_with('3'), "{answer}");
    assert_eq!(drain.await.unwrap(), 0);
    assert!(TcpStream::connect(site.address).await.is_err(), "nobody listens any more");

    let site = Site::plain(limits()).await;
    let mut endless = site.connect().await;
    endless.write_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut endless, "200 OK").await;
    assert_eq!(site.net.drain(Duration::from_millis(50)).await, 1);
}

#[tokio::test]
async fn streams_come_through_plain_and_under_tls() {
    async fn echo(mut stream: Stream, peer: Peer) {
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
        stream.write_all(peer.to_string().as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    for tls in [false, true] {
        let mut site = Site::start(limits(), tls).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        site.address = listener.local_addr().unwrap();
        let config = site.pki.as_ref().map(|pki| Arc::new(pki.server_config(&[]).unwrap()));
        let net = site.net.clone();
        tokio::spawn(async move { net.serve_streams(listener, config, echo).await });
        let answer = if tls {
            let mut stream = site.connect_tls(b"mqtt").await;
            stream.write_all(b"ping").await.unwrap();
            to_end(&mut stream).await
        } else {
            site.raw(b"ping").await
        };
        assert_eq!(answer, "ping127.0.0.1");
    }
}

#[tokio::test]
async fn the_unix_socket_tells_the_uid() {
    let site = Site::plain(limits()).await;
    let path: &Path = &site.dir.path().join("sock");
    let listener = UnixListener::bind(path).unwrap();
    let net = site.net.clone();
    tokio::spawn(async move { net.serve_unix(&listener, routes()).await });
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let uid = rustix::process::getuid().as_raw();
    until(&mut stream, &format!("hello Local {{ uid: {uid} }}")).await;
}

#[tokio::test]
async fn bodies_of_all_requests_together_have_a_bound_and_small_ones_come_through() {
    let site = Site::plain(Limits { body: 8 * 1024 * 1024, ..limits() }).await;
    let head =
        |length: usize| format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    let part = vec![b'x'; 7 * 1024 * 1024];
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut stream = site.connect().await;
        stream.write_all(head(part.len() + 1).as_bytes()).await.unwrap();
        stream.write_all(&part).await.unwrap();
        waiting.push(stream);
    }
    // Another body must not take the room of these, so it waits until 21 of 24 MiB are taken.
    let taken = tokio::time::timeout(PATIENCE, async {
        while site.net.inner.bodies.taken() < waiting.len() * part.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    taken.await.expect("the bodies are read");
    let mut refused = site.connect().await;
    refused.write_all(head(part.len()).as_bytes()).await.unwrap();
    // What is refused is not read to its end.
    drop(refused.write_all(&part).await);
    assert!(to_end(&mut refused).await.starts_with("HTTP/1.1 503"));
    let small = format!("{}{}", head(1000), "x".repeat(1000));
    assert!(site.raw(small.as_bytes()).await.ends_with("\r\n\r\n1000"));
    for stream in &mut waiting {
        stream.write_all(b"x").await.unwrap();
        assert!(to_end(stream).await.starts_with("HTTP/1.1 200"));
    }
    let again = [head(part.len()).as_bytes(), &part].concat();
    assert!(site.raw(&again).await.starts_with("HTTP/1.1 200"), "what was taken is given back");
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_has_an_end() {
    let soon = Duration::from_millis(300);
    let site = Site::plain(Limits { body_time: soon, ..limits() }).await;
    let mut stream = site.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n").await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(until_end(&mut reading).await.starts_with("HTTP/1.1 408"));
    dripping.abort();
}

/// As [`to_end`], where the end may be a reset.
async fn until_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("closed in time"));
    String::from_utf8(answer).unwrap()
}
