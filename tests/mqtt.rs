//! MQTT through the real daemon: with Debian's Mosquitto clients, with Python's paho, and with `kill -9` under load.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use bytes::BytesMut;
use common::{Daemon, PATIENCE, eventually, python};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnAck, Connect, ConnectReturnCode, Packet, Publish};
use serde_json::{Value as Json, json};

/// An enrolled device.
#[derive(Debug)]
struct Device {
    id: String,
    token: String,
    prefix: String,
}

fn enroll(daemon: &Daemon, identifier: &str) -> Device {
    let body = json!({ "type": "raspberrypi", "identifier": identifier }).to_string();
    let (status, answer) = daemon.request("POST", "/api/v1/devices", &body);
    assert_eq!(status, 201, "{answer}");
    let answer: Json = serde_json::from_str(&answer).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    Device {
        id: text(&answer["device"]["id"]),
        token: text(&answer["credentials"]["access_token"]),
        prefix: text(&answer["credentials"]["topic_prefix"]).trim_end_matches('/').to_owned(),
    }
}

/// The values of a metric, as the daemon has stored them.
fn stored(daemon: &Daemon, device: &Device, metric: &str) -> BTreeSet<i64> {
    let path = format!("/api/v1/devices/{}/telemetry/{metric}?from=0&limit=10000", device.id);
    let (status, answer) = daemon.request("GET", &path, "");
    assert_eq!(status, 200, "{answer}");
    let answer: Json = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["truncated"], false);
    answer["points"].as_array().unwrap().iter().map(|point| point["value"].as_i64().unwrap()).collect()
}

/// One of Mosquitto's clients with the daemon's address and the device's token.
fn mosquitto(program: &str, daemon: &Daemon, device: &Device, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &daemon.mqtt().port().to_string(), "-u", &device.token]);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(mut command: Command) -> Output {
    command.output().unwrap()
}

fn succeeds(command: Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A client whose every packet the test sees.
struct Client {
    stream: TcpStream,
    input: BytesMut,
}

impl Client {
    fn connect(daemon: &Daemon, device: &Device, client_id: &str) -> Self {
        let stream = TcpStream::connect(daemon.mqtt()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { stream, input: BytesMut::new() };
        let mut connect = Connect::new(client_id);
        connect.set_login(&device.token, "");
        client.send(&Packet::Connect(connect)).unwrap();
        let answer = client.next().unwrap();
        assert!(matches!(answer, Packet::ConnAck(ConnAck { code: ConnectReturnCode::Success, .. })), "{answer:?}");
        client
    }

    fn send(&mut self, packet: &Packet) -> std::io::Result<()> {
        let mut output = BytesMut::new();
        packet.write(&mut output, usize::MAX).unwrap();
        self.stream.write_all(&output)
    }

    /// The next packet; nothing when the connection ends.
    fn next(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.input, usize::MAX) {
                Ok(packet) => return Some(packet),
                Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("{error}"),
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.input.extend_from_slice(&chunk[..read]),
            }
        }
    }
}

#[test]
fn mosquitto_s_clients_publish_and_subscribe_with_a_device_token() {
    let daemon = Daemon::start();
    let (device, other) = (enroll(&daemon, "pi-1"), enroll(&daemon, "pi-2"));
    let topic = format!("{}/note", device.prefix);
    succeeds(mosquitto("mosquitto_pub", &daemon, &device, &["-t", &topic, "-m", "hello", "-q", "2", "-r"]));
    let all = format!("{}/#", device.prefix);
    let heard = succeeds(mosquitto("mosquitto_sub", &daemon, &device, &["-t", &all, "-C", "1", "-W", "30", "-v"]));
    assert_eq!(heard, format!("{topic} hello\n"));
    // Another device's topic is refused in SUBACK, and a publish there reaches nobody.
    let refused = run(mosquitto("mosquitto_sub", &daemon, &other, &["-t", &all, "-C", "1", "-W", "30"]));
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.stdout.is_empty() && complaint.contains("denied"), "{refused:?}");
    let event = r#"{"event":{"payloadData":{"temperature":99}}}"#;
    let foreign = format!("{}/temperature", device.prefix);
    succeeds(mosquitto("mosquitto_pub", &daemon, &other, &["-t", &foreign, "-m", event, "-q", "1"]));
    assert!(stored(&daemon, &device, "temperature").is_empty());
    succeeds(mosquitto("mosquitto_pub", &daemon, &device, &["-t", &foreign, "-m", event, "-q", "1"]));
    assert_eq!(stored(&daemon, &device, "temperature"), BTreeSet::from([99]));
    let stranger = Device { token: "no-such-token".to_owned(), ..device };
    let refused = run(mosquitto("mosquitto_pub", &daemon, &stranger, &["-t", &topic, "-m", "x"]));
    assert!(!refused.status.success(), "{refused:?}");
    let (_, metrics) = daemon.request("GET", "/metrics", "");
    assert!(metrics.contains("pym_mqtt_denied_total 2\n"), "{metrics}");
}

#[test]
fn messages_queued_for_an_absent_session_survive_kill_9() {
    let mut daemon = Daemon::start();
    let device = enroll(&daemon, "pi-1");
    let topic = format!("{}/note", device.prefix);
    let listen = ["-t", topic.as_str(), "-q", "1", "-c", "-i", "absent"];
    succeeds(mosquitto("mosquitto_sub", &daemon, &device, &[&listen[..], &["-E"]].concat()));
    for n in 0..10 {
        succeeds(mosquitto("mosquitto_pub", &daemon, &device, &["-t", &topic, "-m", &n.to_string(), "-q", "1"]));
    }
    daemon = Daemon::start_in(daemon.kill(), |_| {});
    let heard =
        succeeds(mosquitto("mosquitto_sub", &daemon, &device, &[&listen[..], &["-C", "10", "-W", "30"]].concat()));
    assert_eq!(heard, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

#[test]
fn what_was_acknowledged_is_stored_whenever_the_daemon_is_killed() {
    const ROUNDS: i64 = 8;
    const WINDOW: i64 = 50;
    let mut daemon = Daemon::start();
    let device = enroll(&daemon, "pi-1");
    let topic = format!("{}/load", device.prefix);
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut client = Client::connect(&daemon, &device, "RaspberryPi Agent");
        let (heard, acks) = mpsc::channel();
        let topic = topic.clone();
        let publishing = std::thread::spawn(move || {
            let mut unacknowledged = 0;
            for n in 1.. {
                let value = round * 1_000_000 + n;
                let time = 1_700_000_000 + round * 100_000 + n;
                let event = json!({ "event": { "metaData": { "time": time }, "payloadData": { "n": value } } });
                let mut publish = Publish::new(&topic, QoS::AtLeastOnce, event.to_string());
                publish.pkid = u16::try_from(n).unwrap();
                if client.send(&Packet::Publish(publish)).is_err() {
                    return;
                }
                unacknowledged += 1;
                while unacknowledged >= WINDOW {
                    match client.next() {
                        Some(Packet::PubAck(ack)) => {
                            unacknowledged -= 1;
                            if heard.send(round * 1_000_000 + i64::from(ack.pkid)).is_err() {
                                return;
                            }
                        }
                        Some(other) => panic!("{other:?}"),
                        None => return,
                    }
                }
            }
        });
        // Killed at another point of the load each time.
        for _ in 0..(40 + 23 * round) {
            acknowledged.insert(acks.recv_timeout(PATIENCE).unwrap());
        }
        let home = daemon.kill();
        publishing.join().unwrap();
        acknowledged.extend(acks.try_iter());
        daemon = Daemon::start_in(home, |_| {});
    }
    let stored = stored(&daemon, &device, "n");
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged records are lost: {lost:?}", lost.len(), acknowledged.len());
}

#[test]
fn a_broken_client_is_cut_off_and_the_daemon_goes_on() {
    let daemon = Daemon::start();
    let device = enroll(&daemon, "pi-1");
    for bytes in [
        &b"\x10\xff\xff\xff\x7f"[..],
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &b"\xff\xff\xff\xff\xff\xff"[..],
        &b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x63"[..],
    ] {
        let mut stream = TcpStream::connect(daemon.mqtt()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        drop(stream.read_to_end(&mut rest));
        assert!(rest.is_empty(), "{rest:?}");
    }
    // A publish that claims 200 KB and never ends does not make the daemon allocate them, nor wait for ever.
    let mut client = Client::connect(&daemon, &device, "half");
    client.stream.write_all(b"\x30\xc0\x9a\x0c\x00\x03").unwrap();
    let healthy = Client::connect(&daemon, &device, "healthy");
    drop(healthy);
    eventually("the device to be online", || {
        let (_, answer) = daemon.request("GET", &format!("/api/v1/devices/{}", device.id), "");
        answer.contains("\"online\":true")
    });
    drop(client);
    eventually("the device to be offline", || {
        let (_, answer) = daemon.request("GET", &format!("/api/v1/devices/{}", device.id), "");
        answer.contains("\"status\":\"UNREACHABLE\"")
    });
}

#[test]
fn paho_speaks_with_the_daemon() {
    let daemon = Daemon::start();
    let device = enroll(&daemon, "pi-1");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mqtt/paho_round_trip.py");
    let mut python = python();
    let port = daemon.mqtt().port().to_string();
    python.args([script, &port, &device.token, &device.prefix]).stdin(Stdio::null());
    let output = python.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stored(&daemon, &device, "temperature"), BTreeSet::from([21]));
}
