//! A board with a sloppy HTTP client, over a real socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::common::{Daemon, PATIENCE};
use crate::site::{PASSWORD, basic};

/// Sends bytes as they are, and reads everything until the daemon hangs up.
fn exchange(daemon: &Daemon, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn text(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

/// What the sketch takes for its order: the text after the last colon of the whole answer.
fn after_last_colon(answer: &str) -> &str {
    answer.rsplit(':').next().unwrap_or_default()
}

#[test]
fn an_arduino_is_understood_and_understands() {
    let daemon = Daemon::start_with(|command| {
        command.env("PYM_ADMIN_PASSWORD", PASSWORD);
    });
    let person = basic("admin", PASSWORD);
    let download = exchange(
        &daemon,
        &format!(
            "GET /arduino/device/download?deviceName=board HTTP/1.1\r\nHost: {}\r\nAuthorization: {person}\r\n\
             Connection: close\r\n\r\n",
            daemon.http()
        ),
    );
    // Nothing in the archive is compressed, so the header file can be read where it stands.
    let download = text(&download);
    assert!(download.starts_with("HTTP/1.1 200"), "{}", download.get(..300).unwrap_or(&download));
    let value = |name: &str| {
        let after = download.split_once(&format!("#define {name} \"")).unwrap().1;
        after.split_once('"').unwrap().0.to_owned()
    };
    let (id, token) = (value("DEVICE_ID"), value("DEVICE_TOKEN"));
    assert!(download.contains(&format!("#define SERVER_EP_PORT {}\n", daemon.http().port())));
    assert!(download.contains("#define SERVER_EP_IP 127,0,0,1\n"));

    // The sketch ends its lines with bare line feeds.
    let controls = format!(
        "GET /arduino/device/{id}/controls HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nConnection: close\n\n"
    );
    let nothing = text(&exchange(&daemon, &controls));
    assert!(nothing.starts_with("HTTP/1.1 409"), "{nothing}");
    assert!(!["ON", "OFF"].contains(&after_last_colon(&nothing)));

    for state in ["ON", "OFF"] {
        let bulb = format!(
            "POST /arduino/device/{id}/bulb?state={state} HTTP/1.1\r\nHost: x\r\nAuthorization: {person}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let sent = text(&exchange(&daemon, &bulb));
        assert!(sent.starts_with("HTTP/1.1 200"), "{sent}");
        let order = text(&exchange(&daemon, &controls));
        assert!(order.starts_with("HTTP/1.1 202"), "{order}");
        assert_eq!(after_last_colon(&order), state, "{order}");
    }

    let body = format!(
        "{{\"event\":{{\"metaData\":{{\"owner\":\"admin\",\"deviceId\":\"{id}\"}},\"payloadData\":{{\"temperature\":21.25}}}}}}"
    );
    let report = format!(
        "POST /endpoints/arduino_receiver?deviceId={id} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\n\
         Content-Type: application/json\nContent-Length: {}\nConnection: close\n\n{body}",
        body.len()
    );
    let answer = text(&exchange(&daemon, &report));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (status, device) = daemon.request("GET", &format!("/api/v1/devices/arduino:{id}"), "");
    assert!(status == 200 && device.contains("\"ACTIVE\""), "{status} {device}");
}
