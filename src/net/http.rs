//! HTTP on one connection: time-outs, the bounds of requests, panics, and an end in good order.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use warp::Reply as _;

use super::body::RequestBody;
use super::lenient::Lenient;
use super::{Net, Peer, Stream};

/// The ALPN names of the HTTP ports under TLS, best first (RFC 7301).
pub const PROTOCOLS: [&[u8]; 2] = [H2, b"http/1.1"];
const H2: &[u8] = b"h2";

/// All headers of an HTTP/1 request together, in bytes; also the buffer a connection may grow to.
const MAX_HEAD: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// All headers of an HTTP/2 request together, in bytes.
const MAX_HEADER_LIST: u32 = 32 * 1024;
/// Bytes a client may have under way on one HTTP/2 stream, ...
const STREAM_WINDOW: u32 = 64 * 1024;
/// ... and on the whole connection.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Bytes of responses kept for one HTTP/2 stream until the client takes them.
const MAX_SEND_BUFFER: usize = 64 * 1024;
/// An HTTP/2 client that says nothing is asked whether it is still there after this time.
const PING_INTERVAL: Duration = Duration::from_mins(1);

/// What answers requests: any hyper service with warp's responses, such as `TowerToHyperService` over `warp::service`.
pub trait Service:
    hyper::service::Service<
        Request<RequestBody>,
        Response = warp::reply::Response,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Service for S where
    S: hyper::service::Service<
            Request<RequestBody>,
            Response = warp::reply::Response,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// What the requests of one connection share.
pub(super) struct Connection {
    net: Net,
    peer: Peer,
    answer_once: AtomicBool,
    /// Requests whose responses are not complete.
    open: AtomicUsize,
    /// Requests so far; wraps around.
    served: AtomicUsize,
}

impl Connection {
    /// Closes the connection after the next answer.
    pub(super) fn answer_once(&self) {
        self.answer_once.store(true, Ordering::Relaxed);
    }
}

/// Speaks HTTP with one client until it goes, falls silent, or the drain ends it.
pub(super) async fn serve<S: Service>(net: &Net, stream: Stream, peer: Peer, service: S) {
    net.inner.metrics.http_connections.inc();
    let connection = Arc::new(Connection {
        net: net.clone(),
        peer,
        answer_once: AtomicBool::new(false),
        open: AtomicUsize::new(0),
        served: AtomicUsize::new(0),
    });
    let http2 = matches!(&stream, Stream::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(H2));
    let ended = if http2 {
        serve_http2(stream, connection, service).await
    } else {
        serve_http1(stream, connection, service).await
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "HTTP connection ended early");
    }
}

async fn serve_http1<S: Service>(stream: Stream, connection: Arc<Connection>, service: S) -> hyper::Result<()> {
    let stop = connection.net.inner.stop.clone();
    let io = TokioIo::new(Lenient::new(stream, Arc::clone(&connection)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(connection.net.inner.limits.head).max_buf_size(MAX_HEAD);
    let requests = service_fn(move |request| answer(Arc::clone(&connection), service.clone(), request));
    let mut serving = pin!(builder.serve_connection(io, requests));
    tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    }
}

async fn serve_http2<S: Service>(stream: Stream, connection: Arc<Connection>, service: S) -> hyper::Result<()> {
    let net = connection.net.clone();
    let mut builder = http2::Builder::new(Tasks(net.clone()));
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER);
    let shared = Arc::clone(&connection);
    let requests = service_fn(move |request| answer(Arc::clone(&shared), service.clone(), request));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    tokio::select! {
        ended = serving.as_mut() => return ended,
        () = net.inner.stop.cancelled() => {}
        () = idle(&connection, net.inner.limits.head) => {}
    }
    if connection.served.load(Ordering::Relaxed) == 0 {
        // Perhaps not even the preface has come, for which a graceful end would wait.
        return Ok(());
    }
    serving.as_mut().graceful_shutdown();
    serving.await
}

/// Returns when a connection has had no request for `pause`, and none is open: HTTP/2 has no such time-out of its own.
async fn idle(connection: &Connection, pause: Duration) {
    let mut before = connection.served.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(pause).await;
        let served = connection.served.load(Ordering::Relaxed);
        if served == before && connection.open.load(Ordering::Relaxed) == 0 {
            return;
        }
        before = served;
    }
}

/// Answers one request.
async fn answer<S: Service>(
    connection: Arc<Connection>,
    service: S,
    request: Request<Incoming>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = warp::Error> + Send + 'static>, Infallible> {
    connection.served.fetch_add(1, Ordering::Relaxed);
    connection.open.fetch_add(1, Ordering::Relaxed);
    let open = Open(Arc::clone(&connection));
    let limits = &connection.net.inner.limits;
    let http1 = request.version() < Version::HTTP_2;

    let declared = request.body().size_hint().lower();
    let upload = request.method() == hyper::Method::POST && request.uri().path() == limits.upload_path;
    let most = if upload { limits.upload } else { limits.body };
    let mut response = if request.uri().path_and_query().is_none() {
        // As with CONNECT (RFC 9112, 3.2.3). warp takes it for granted that there is a path, and panics.
        problem(StatusCode::METHOD_NOT_ALLOWED, "this is no proxy: the request names no path")
    } else if usize::try_from(declared).is_ok_and(|declared| declared <= most) {
        let bodies = &connection.net.inner.bodies;
        let authority = request.uri().authority().and_then(|authority| authority.as_str().parse().ok());
        let mut request = request.map(|body| {
            if upload { RequestBody::upload(body, limits) } else { RequestBody::new(body, limits, bodies) }
        });
        let fate = request.body().fate();
        // Handlers hold on to what they have read.
        let _charge = request.body().charge();
        request.extensions_mut().insert(connection.peer);
        // Over HTTP/2 the host is a part of the request itself (RFC 9113, section 8.3.1); handlers look for the header.
        if let Some(authority) = authority {
            request.headers_mut().entry(HOST).or_insert(authority);
        }
        match AssertUnwindSafe(async { service.call(request).await }).catch_unwind().await {
            Err(_) => {
                connection.net.inner.metrics.panics.inc();
                problem(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be handled")
            }
            Ok(Ok(_)) if fate.as_ref().is_some_and(super::body::Fate::too_large) => too_large(most),
            Ok(Ok(_)) if fate.as_ref().is_some_and(super::body::Fate::too_slow) => {
                problem(StatusCode::REQUEST_TIMEOUT, "the request's body did not arrive in time")
            }
            Ok(Ok(_)) if fate.as_ref().is_some_and(super::body::Fate::busy) => {
                problem(StatusCode::SERVICE_UNAVAILABLE, "too many large requests at once; try again later")
            }
            Ok(Ok(response)) => response,
        }
    } else {
        too_large(most)
    };
    if http1 && connection.answer_once.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| ResponseBody { body, _open: open }))
}

fn too_large(limit: usize) -> warp::reply::Response {
    problem(StatusCode::PAYLOAD_TOO_LARGE, &format!("the request's body is larger than {limit} bytes"))
}

/// A refusal that no handler has seen, as RFC 9457 wants it; `detail` needs no escaping in JSON.
fn problem(status: StatusCode, detail: &str) -> warp::reply::Response {
    let title = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let text = format!(r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}"#);
    let reply = warp::reply::with_header(text, CONTENT_TYPE, "application/problem+json");
    warp::reply::with_status(reply, status).into_response()
}

/// A request that is not answered completely.
struct Open(Arc<Connection>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A response's body, which keeps its request open until it is through.
struct ResponseBody<B> {
    body: B,
    _open: Open,
}

impl<B: hyper::body::Body + Unpin> hyper::body::Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs the streams of HTTP/2 connections among the other connections, so that the drain waits for them.
#[derive(Clone)]
struct Tasks(Net);

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, future: F) {
        self.0.spawn(future.map(drop));
    }
}
