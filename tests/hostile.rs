//! What strangers and hostile devices send, against the real daemon: it answers or closes, its memory stays bounded, it
//! serves on, and nothing has panicked.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use bytes::BytesMut;
use common::{Daemon, PATIENCE, eventually, read_answer};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Packet, Publish};
use serde_json::{Value as Json, json};

/// Resident memory of the daemon in KiB.
fn rss(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The status of the answer to `request`, or 0 when the connection is closed without one.
fn status(address: SocketAddr, request: &[u8]) -> u16 {
    let mut stream = open(address);
    // Refused before all of it was taken.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let head = String::from_utf8_lossy(&answer);
    let text = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    assert!(text.is_some() || answer.is_empty(), "{head:?}");
    text.map_or(0, |text| text.parse().unwrap())
}

/// That the daemon serves on, and has not panicked.
fn lives_on(daemon: &Daemon) {
    assert_eq!(status(daemon.http(), b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200);
    let (_, metrics) = daemon.request("GET", "/metrics", "");
    assert!(metrics.contains("pym_panics_total 0\n"), "{metrics}");
    assert!(!daemon.log().contains("panicked"));
}

#[test]
fn requests_that_are_none_or_lead_elsewhere() {
    let daemon = Daemon::start();
    let get = |target: &str, headers: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").into_bytes()
    };
    let long = "x".repeat(50_000);
    let headers = "X: y\r\n".repeat(500);
    let table: Vec<(Vec<u8>, &[u16])> = vec![
        (b"\x00\x01\x02\x03\r\n\r\n".to_vec(), &[400, 0]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[400, 505, 0]),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), &[400, 505, 0]),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(), &[400, 404, 405]),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(), &[405]),
        (b"GET http://elsewhere/livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(), &[200]),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n".to_vec(), &[400]),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_vec(), &[400]),
        (
            b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n"
                .to_vec(),
            &[400],
        ),
        (get("/%2e%2e/%2e%2e/etc/passwd", ""), &[404]),
        (get("/../../etc/passwd", ""), &[404]),
        (get("/api/v1/devices/%00", ""), &[401, 404]),
        (get("/raspberrypi/device/download?deviceName=%0d%0aX:%20y&sketchType=raspberrypi", ""), &[400, 401]),
        (get(&format!("/{long}"), ""), &[404, 414, 431]),
        (get(&format!("/api/v1/devices?text={long}"), ""), &[401, 414, 431]),
        (get("/livez", &format!("X: {}\r\n", long.repeat(4))), &[431]),
        (get("/livez", &headers), &[431]),
        (get("/api/v1/devices", "Authorization: Basic \r\n"), &[401]),
        (get("/api/v1/devices", "Authorization: Bearer \x7f\r\n"), &[400, 401]),
        (get("/api/v1/devices", &format!("Authorization: Bearer {}\r\n", "a".repeat(10_000))), &[401]),
        (get("/api/v1/devices", "Cookie: __Host-pym_session=;;;===\r\n"), &[401]),
    ];
    let mut wrong = Vec::new();
    for (request, expected) in table {
        let status = status(daemon.http(), &request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(80)]).into_owned();
        if !expected.contains(&status) {
            wrong.push(format!("{shown:?} is answered {status}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    lives_on(&daemon);
}

/// Everyone may send a body before it is known who they are.
#[test]
fn a_crowd_of_half_sent_bodies_takes_little_memory() {
    let daemon = Daemon::start();
    let before = rss(&daemon);
    let part = vec![b'x'; 900_000];
    let crowd: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = open(daemon.http());
            stream.set_write_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
            let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            drop(stream.write_all(&part));
            stream
        })
        .collect();
    let grown = rss(&daemon).saturating_sub(before);
    assert!(grown < 96 * 1024, "grew by {grown} KiB");
    let login = r#"{"name":"a","password":"b"}"#;
    let request = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{login}",
        login.len()
    );
    assert_eq!(status(daemon.http(), request.as_bytes()), 401, "a small body comes through");
    drop(crowd);
    lives_on(&daemon);
}

fn enroll(daemon: &Daemon, identifier: &str) -> (String, String) {
    let body = json!({ "type": "raspberrypi", "identifier": identifier }).to_string();
    let (status, answer) = daemon.request("POST", "/api/v1/devices", &body);
    assert_eq!(status, 201, "{answer}");
    let answer: Json = serde_json::from_str(&answer).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    (text(&answer["device"]["id"]), text(&answer["credentials"]["access_token"]))
}

fn bytes(packet: &Packet) -> Vec<u8> {
    let mut output = BytesMut::new();
    packet.write(&mut output, usize::MAX).unwrap();
    output.to_vec()
}

fn hello(client_id: &str, token: &str) -> Vec<u8> {
    let mut connect = Connect::new(client_id);
    connect.set_login(token, "");
    bytes(&Packet::Connect(connect))
}

/// What is read from a message is many times as large as the message.
#[test]
fn a_device_that_floods_the_store_takes_little_memory_and_every_acknowledgement_holds() {
    const MESSAGES: u16 = 120;
    let daemon = Daemon::start();
    let (id, token) = enroll(&daemon, "flooder");
    let event = format!("[{}]", vec![r#"{"a":1,"b":2,"c":3}"#; 11_000].join(","));
    let before = rss(&daemon);
    let mut stream = open(daemon.mqtt());
    stream.write_all(&hello("flood", &token)).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        for pkid in 1..=MESSAGES {
            let mut publish = Publish::new("carbon.super/raspberrypi/flooder/x", QoS::AtLeastOnce, event.as_bytes());
            publish.pkid = pkid;
            sender.write_all(&bytes(&Packet::Publish(publish))).unwrap();
        }
    });
    let mut most = 0;
    let mut acknowledged = 0;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
    while acknowledged < MESSAGES {
        stream.read_exact(&mut answer).unwrap();
        acknowledged += 1;
        assert_eq!(answer, [0x40, 2, 0, acknowledged.to_be_bytes()[1]]);
        most = most.max(rss(&daemon).saturating_sub(before));
    }
    sending.join().unwrap();
    assert!(most < 96 * 1024, "grew by {most} KiB");
    let (status, values) = daemon.request("GET", &format!("/api/v1/devices/{id}/telemetry"), "");
    assert_eq!(status, 200);
    assert!(values.contains("\"a\""), "{values}");
    lives_on(&daemon);
}

#[test]
fn connections_that_say_nothing_or_nonsense_keep_nobody_out() {
    let daemon = Daemon::start();
    let (_, token) = enroll(&daemon, "pi-1");
    let before = rss(&daemon);
    let addresses = [daemon.http(), daemon.https(), daemon.mqtt(), daemon.mqtts()];
    let beginnings: [&[u8]; 6] = [
        b"",
        b"GET / HTTP/1.1\r\nX: ",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x10\xff\xff\xff\x7f",
        b"\x10\x80\x80\x01\x00\x04MQTT\x04\x02",
        b"\x00\x00\x00\x00",
    ];
    let crowd: Vec<_> = (0..600)
        .map(|n| {
            let mut stream = open(addresses[n % 4]);
            // Refused at once, perhaps.
            drop(stream.write_all(beginnings[n % 6]));
            stream
        })
        .collect();
    let grown = rss(&daemon).saturating_sub(before);
    assert!(grown < 64 * 1024, "grew by {grown} KiB");
    let mut pi = open(daemon.mqtt());
    pi.write_all(&hello("pi", &token)).unwrap();
    let mut answer = [0; 4];
    pi.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
    drop(crowd);
    let (_, metrics) = daemon.request("GET", "/metrics", "");
    assert!(metrics.contains("pym_mqtt_malformed_total{reason=\"length\"}"), "{metrics}");
    lives_on(&daemon);
}

/// Streams that are not read, and one more than there is room for.
#[test]
fn watchers_that_never_read_keep_nobody_out_of_anything_else() {
    let daemon = Daemon::start();
    let (_, answer) = daemon.request("POST", "/api/v1/tokens", r#"{"name":"w","scopes":["read"]}"#);
    let answer: Json = serde_json::from_str(&answer).unwrap();
    let token = answer["secret"].as_str().unwrap().to_owned();
    let request = format!("GET /api/v1/watch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    let before = rss(&daemon);
    let mut crowd = Vec::new();
    for _ in 0..64 {
        let mut stream = open(daemon.http());
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        crowd.push(stream);
    }
    let mut late = open(daemon.http());
    late.write_all(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(read_answer(&mut late).0, 503);
    for n in 0..50 {
        enroll(&daemon, &format!("pi-{n}"));
    }
    assert!(rss(&daemon).saturating_sub(before) < 64 * 1024);
    drop(crowd);
    eventually("a stream to be free", || {
        let mut stream = open(daemon.http());
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        &first == b"HTTP/1.1 200"
    });
    lives_on(&daemon);
}
