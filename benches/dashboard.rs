//! What the dashboard weighs and how fast it is, against a real daemon: `benches/compare/dashboard` runs it.
//!
//! The bytes and requests of a first load are counted below TLS. Then a site of 10,000 devices is asked for its list of
//! devices over kept connections, one request at a time and as many at once as the daemon answers. Last, a hundred pages
//! are opened with their event streams, over HTTP/2 as browsers do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may panic"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figures are for people"
)]

mod common;

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use common::{Daemon, PASSWORD, setting};

/// How long each list is asked for.
const RUN: Duration = Duration::from_secs(5);
/// Requests at once in the second run.
const AT_ONCE: usize = 16;
/// Pages open at once.
const PAGES: usize = 100;
/// The stream of an overview.
const STREAM: &str = "/live?topics=devices+notifications+operations+host";

/// A TCP connection that counts what comes.
struct Counted {
    stream: TcpStream,
    received: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Where the site is, whom to believe there, and as whom to ask.
#[derive(Clone)]
struct Site {
    address: String,
    http1: TlsConnector,
    http2: TlsConnector,
    /// The header `Cookie`.
    session: String,
}

impl Site {
    /// A site at which nobody has logged in.
    fn of(daemon: &Daemon) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::pem_file_iter(daemon.home().join("data/ca/ca.pem")).unwrap();
        for certificate in authority {
            roots.add(certificate.unwrap()).unwrap();
        }
        let connector = |protocol: &[u8]| {
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions().unwrap();
            let mut config = builder.with_root_certificates(roots.clone()).with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        let (http1, http2) = (connector(b"http/1.1"), connector(b"h2"));
        Self { address: daemon.address("https"), http1, http2, session: String::new() }
    }

    async fn dial(
        &self,
        connector: &TlsConnector,
    ) -> (TokioIo<tokio_rustls::client::TlsStream<Counted>>, Arc<AtomicU64>) {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let received = Arc::new(AtomicU64::new(0));
        let counted = Counted { stream, received: Arc::clone(&received) };
        let name = ServerName::try_from("127.0.0.1").unwrap();
        (TokioIo::new(connector.connect(name, counted).await.unwrap()), received)
    }

    /// A kept connection that carries one request at a time.
    async fn connect(&self) -> Connection {
        let (stream, received) = self.dial(&self.http1).await;
        let (sender, driver) = http1::handshake(stream).await.unwrap();
        tokio::spawn(driver);
        Connection { site: self.clone(), sender: Sender::One(sender), received }
    }

    /// A kept connection as a browser makes it.
    async fn browse(&self) -> Connection {
        let (stream, received) = self.dial(&self.http2).await;
        let (sender, driver) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(driver);
        Connection { site: self.clone(), sender: Sender::Two(sender), received }
    }
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

struct Connection {
    site: Site,
    sender: Sender,
    /// Bytes so far, with those of TLS.
    received: Arc<AtomicU64>,
}

impl Connection {
    /// A request with the headers of a browser; its answer, unread.
    async fn open(&mut self, method: &str, path: &str, encoding: &str, body: &Value) -> Response<Incoming> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let address = &self.site.address;
        let mut request = Request::builder().method(method).header("accept-encoding", encoding);
        request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        request = match &self.sender {
            Sender::One(_) => request.uri(path).header("host", address),
            Sender::Two(_) => request.uri(format!("https://{address}{path}")),
        };
        if !self.site.session.is_empty() {
            request = request.header("cookie", &self.site.session).header("sec-fetch-site", "same-origin");
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(body)).unwrap();
        match &mut self.sender {
            Sender::One(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Sender::Two(sender) => sender.send_request(request).await.unwrap(),
        }
    }

    /// A request that must succeed: the body of its answer.
    async fn ask(&mut self, method: &str, path: &str, encoding: &str, body: &Value) -> Bytes {
        let answer = self.open(method, path, encoding, body).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        body
    }

    async fn page(&mut self, path: &str) -> Bytes {
        self.ask("GET", path, "gzip, deflate, br, zstd", &Value::Null).await
    }

    /// As a browser reads it.
    async fn plain(&mut self, path: &str) -> String {
        String::from_utf8(self.ask("GET", path, "identity", &Value::Null).await.to_vec()).unwrap()
    }
}

/// What a page has the browser fetch: addresses in `src` and in the `href` of `link`.
fn parts(html: &str) -> BTreeSet<String> {
    let tags = html.split('<').filter(|tag| ["link ", "script ", "img "].iter().any(|name| tag.starts_with(name)));
    let address = |tag: &str| {
        let rest = tag.split_once("src=\"").or_else(|| tag.split_once("href=\""))?.1;
        Some(rest.split('"').next()?.to_owned())
    };
    tags.filter_map(address).filter(|address| address.starts_with('/')).collect()
}

#[tokio::main]
async fn main() {
    // `cargo test` and `cargo bench` start every bench; this one takes a minute and is started on purpose.
    if std::env::var_os("PYM_BENCH_DASHBOARD").is_none() {
        println!("set PYM_BENCH_DASHBOARD to the number of devices, such as 10000, or run benches/compare/dashboard");
        return;
    }
    let count = setting("PYM_BENCH_DASHBOARD", 10_000);
    let daemon = Daemon::start();
    let mut site = Site::of(&daemon);
    first_load(&site, "/login").await;
    let login = json!({ "name": "admin", "password": PASSWORD });
    let answer = site.connect().await.ask("POST", "/api/v1/login", "identity", &login).await;
    let session: Value = serde_json::from_slice(&answer).unwrap();
    site.session = format!("__Host-pym_session={}", session["token"].as_str().unwrap());
    first_load(&site, "/").await;
    live(&daemon, &site).await;
    fill(&site, count).await;
    first_load(&site, "/devices").await;
    println!("\n{count} devices, the list of devices            p50      p99    pages/s at once   of a core   bytes");
    let lists = ["/devices", "/devices?sort=last_seen", "/devices?q=type:raspberrypi", "/devices?q=kitchen", "/groups"];
    for path in lists {
        list(&daemon, &site, path).await;
    }
    println!("memory: {:.1} MB, {:.1} MB at the peak", daemon.memory().0, daemon.memory().1);
}

/// Everything a browser with an empty cache fetches for a page, over one new connection.
async fn first_load(site: &Site, path: &str) {
    let html = site.browse().await.plain(path).await;
    let mut parts = parts(&html);
    // What those name in turn: the style sheet names no other files, and the script opens the stream, which never ends.
    parts.remove(path);
    let mut browser = site.browse().await;
    let page = browser.page(path).await.len();
    for part in &parts {
        browser.page(part).await;
    }
    let bytes = browser.received.load(Ordering::Relaxed);
    println!(
        "first load of {path}: {:.1} KB with TLS in {} requests (aim: 100 KB); the page alone {:.1} KB, {:.1} KB plain",
        bytes as f64 / 1e3,
        parts.len() + 1,
        page as f64 / 1e3,
        html.len() as f64 / 1e3
    );
}

/// Enrolls devices of three types, some of which have spoken.
async fn fill(site: &Site, count: usize) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let site = site.clone();
        tasks.spawn(async move {
            let mut connection = site.connect().await;
            for index in (first..count).step_by(AT_ONCE) {
                let kind = ["raspberrypi", "arduino", "android"][index % 3];
                let place = ["kitchen", "cellar", "lobby", "roof", "workshop"][index % 5];
                let device = json!({
                    "type": kind,
                    "identifier": format!("device-{index:05}"),
                    "name": format!("{place} {index}"),
                    "properties": [{ "name": "DEVICE_MODEL", "value": "Pixel 2" }, { "name": "OS_VERSION", "value": "8.1" }],
                });
                let made = connection.ask("POST", "/api/v1/devices", "identity", &device).await;
                if index % 2 == 0 {
                    let made: Value = serde_json::from_slice(&made).unwrap();
                    let path = format!("/api/v1/devices/{}/telemetry", made["device"]["id"].as_str().unwrap());
                    let values = json!({ "values": { "temperature": 20.5 } });
                    connection.ask("POST", &path, "identity", &values).await;
                }
            }
        });
    }
    tasks.join_all().await;
    println!("enrolled {count} devices in {:.1} s", begun.elapsed().as_secs_f64());
}

/// One list, one request after the other, and then [`AT_ONCE`].
async fn list(daemon: &Daemon, site: &Site, path: &str) {
    let bytes = site.connect().await.page(path).await.len();
    let (_, mut times) = ask_for(site, path, 1).await;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    let before = daemon.processor();
    let (rate, _) = ask_for(site, path, AT_ONCE).await;
    let share = (daemon.processor() - before) / RUN.as_secs_f64() * 100.0;
    println!("{path:40} {:>6.1} ms {:>5.1} ms {rate:>10.0} {share:>16.0} % {bytes:>8}", at(0.5), at(0.99));
}

/// Asks for a page over so many connections for [`RUN`]: pages a second, and the time of each in microseconds.
async fn ask_for(site: &Site, path: &str, connections: usize) -> (f64, Vec<u64>) {
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(site.connect().await);
    }
    let begun = Instant::now();
    for mut connection in open {
        let path = path.to_owned();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < RUN {
                let asked = Instant::now();
                connection.page(&path).await;
                times.push(asked.elapsed().as_micros() as u64);
            }
            times
        });
    }
    let times: Vec<u64> = tasks.join_all().await.concat();
    (times.len() as f64 / begun.elapsed().as_secs_f64(), times)
}

/// Opens [`PAGES`] overviews with their streams, has something happen, has every page ask anew as the script does, and
/// tells what they cost.
async fn live(daemon: &Daemon, site: &Site) {
    let mut operator = site.connect().await;
    operator.page("/").await;
    let before = daemon.memory().0;
    let mut open = Vec::new();
    for _ in 0..PAGES {
        let mut browser = site.browse().await;
        browser.page("/").await;
        let stream = browser.open("GET", STREAM, "identity", &Value::Null).await;
        assert!(stream.status().is_success(), "the stream was answered {}", stream.status());
        open.push((browser, stream.into_body()));
    }
    let opened = daemon.memory().0;
    let device = json!({ "type": "raspberrypi", "identifier": "live" });
    operator.ask("POST", "/api/v1/devices", "identity", &device).await;
    let mut pages = JoinSet::new();
    for (mut browser, mut stream) in open {
        pages.spawn(async move {
            loop {
                let told = tokio::time::timeout(Duration::from_secs(30), stream.frame()).await;
                let Ok(Some(Ok(frame))) = told else { panic!("a stream said nothing of a new device") };
                let text = frame.into_data().unwrap_or_default();
                if String::from_utf8_lossy(&text)
                    .lines()
                    .any(|line| line.starts_with("data:") && line.contains("devices"))
                {
                    break;
                }
            }
            browser.page("/").await;
            (browser, stream)
        });
    }
    let open = pages.join_all().await;
    let after = daemon.memory().0;
    println!(
        "{} open live pages: {before:.1} MB before, {opened:.1} MB with them, {after:.1} MB after all were drawn anew; \
         {:+.1} MB (aim: +10 MB)",
        open.len(),
        after - before
    );
}
