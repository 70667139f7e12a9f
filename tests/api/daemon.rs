//! The API of the real daemon, over each of its listeners, with the client that `pymctl` uses.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use pym::client::device::DeviceQuery;
use pym::client::{Client, Trust, WatchMessage};
use pym::model::actor::Scope;
use pym::wire::admin::{Login, NewToken, NewUser};
use pym::wire::device::{DeviceStatus, NewDevice};
use pym::wire::telemetry::{NewEvent, Value};
use pym::wire::watch::Change;

use super::common::{Daemon, PATIENCE};
use super::site::PASSWORD;

struct Doors {
    daemon: Daemon,
    local: Client,
    trust: Trust,
}

impl Doors {
    async fn open() -> Self {
        let daemon = tokio::task::spawn_blocking(Daemon::start).await.unwrap();
        let local = Client::local(Some(daemon.control().to_owned()));
        let (status, authority) = daemon.request("GET", "/ca.pem", "");
        assert_eq!(status, 200);
        let path = daemon.home().path("ca.pem");
        std::fs::write(&path, authority).unwrap();
        Self { daemon, local, trust: Trust::File(path) }
    }

    fn https(&self, token: Option<&str>) -> Client {
        let url = format!("https://localhost:{}", self.daemon.https().port());
        Client::remote(&url, token, &self.trust).unwrap()
    }

    fn http(&self, token: Option<&str>) -> Client {
        Client::remote(&format!("http://{}", self.daemon.http()), token, &Trust::Nobody).unwrap()
    }
}

fn pi(identifier: &str) -> NewDevice {
    let (device_type, identifier) = ("raspberrypi".to_owned(), Some(identifier.to_owned()));
    NewDevice { device_type, identifier, ..NewDevice::default() }
}

#[tokio::test]
async fn every_listener_serves_the_api() {
    let doors = Doors::open().await;
    assert!(doors.local.whoami().await.unwrap().principal.starts_with("uid:"));
    let operator = NewUser {
        name: "olga".to_owned(),
        password: PASSWORD.to_owned(),
        roles: vec!["operator".to_owned()],
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
    };
    doors.local.create_user(&operator).await.unwrap();
    let login = Login { name: "olga".to_owned(), password: PASSWORD.to_owned(), code: None };
    let session = doors.https(None).login(&login).await.unwrap();
    let olga = doors.https(Some(&session.token));
    assert_eq!(olga.whoami().await.unwrap().principal, "olga");

    let enrolled = olga.enroll(&pi("kitchen")).await.unwrap();
    let key = (&enrolled.device).into();
    let itself = doors.http(Some(&enrolled.credentials.access_token));
    let values = [("temperature".to_owned(), Value::Number(41.5))].into();
    itself.post_event(&key, &NewEvent { device_time: None, values }).await.unwrap();
    assert_eq!(olga.last_values(&key).await.unwrap()[0].value, Value::Number(41.5));
    let page = doors.local.devices(&DeviceQuery::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].status), (1, DeviceStatus::Active));

    assert_eq!(doors.http(None).devices(&DeviceQuery::default()).await.unwrap_err().status(), Some(401));
    assert_eq!(olga.users(None).await.unwrap_err().status(), Some(403));
    olga.logout().await.unwrap();
    assert_eq!(olga.whoami().await.unwrap_err().status(), Some(401));
    let trail = doors.local.audit(&pym::client::admin::AuditQuery::default()).await.unwrap();
    let by_olga = trail.items.iter().find(|entry| entry.action == "device.enroll").unwrap();
    assert_eq!((by_olga.actor.as_str(), by_olga.origin.as_str()), ("olga", "127.0.0.1"));
}

#[tokio::test]
async fn a_watcher_sees_what_happens_until_the_daemon_ends() {
    let doors = Doors::open().await;
    let new = NewToken { name: "tui".to_owned(), scopes: vec![Scope::Read], expires_at: None };
    let token = doors.local.create_token(&new).await.unwrap().secret.unwrap();
    let mut watch = doors.https(Some(&token)).watch().await.unwrap();
    let Some(WatchMessage::Snapshot(first)) = watch.next().await.unwrap() else { panic!("no snapshot") };
    assert!(first.devices.is_empty() && first.status.ready);
    let enrolled = doors.local.enroll(&pi("kitchen")).await.unwrap();
    let (mut seen, mut measured) = (false, false);
    while !(seen && measured) {
        let Some(WatchMessage::Delta(delta)) = watch.next().await.unwrap() else { panic!("no delta") };
        for change in delta.changes {
            match change {
                Change::Device { device } => seen |= device.id == enrolled.device.id,
                Change::Host { host } => measured |= !host.hostname.is_empty() && host.memory.total > 0,
                _ => {}
            }
        }
    }
    let ended = tokio::task::spawn_blocking(|| doors.daemon.stop());
    while watch.next().await.is_ok_and(|message| message.is_some()) {}
    let (status, _home) = ended.await.unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_backup_is_streamed_whole() {
    let doors = Doors::open().await;
    doors.local.enroll(&pi("kitchen")).await.unwrap();
    let mut backup = doors.local.backup().await.unwrap();
    let mut copy = Vec::new();
    while let Some(piece) = backup.chunk().await.unwrap() {
        copy.extend_from_slice(&piece);
    }
    let path = doors.daemon.home().path("copy.db");
    std::fs::write(&path, copy).unwrap();
    drop(pym::store::Store::open(&path).unwrap());
}

/// What the plain listener answers to these bytes, up to where it closes.
fn answer_to(daemon: &Daemon, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The daemon may hang up before it has read all of it.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn huge_bodies_are_refused_and_cost_nothing() {
    let daemon = Daemon::start();
    let head = "POST /api/v1/devices HTTP/1.1\r\nHost: pym\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let told = answer_to(&daemon, format!("{head}Content-Length: 1000000000\r\n\r\n").as_bytes());
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..64 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&vec![b' '; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let untold = answer_to(&daemon, &chunked);
    assert!(untold.is_empty() || untold.starts_with("HTTP/1.1 413"), "{untold}");
    let (status, problem) = daemon.request("POST", "/api/v1/devices", &"[".repeat(500_000));
    assert_eq!(status, 400, "{problem}");
    assert_eq!(daemon.request("GET", "/readyz", "").0, 200);
    let metrics = daemon.request("GET", "/metrics", "").1;
    assert!(metrics.lines().any(|line| line == "pym_panics_total 0"), "{metrics}");
}
