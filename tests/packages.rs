//! Application packages through the doors of the real daemon.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use common::{Daemon, PATIENCE, eventually, read_answer};
use serde_json::{Value as Json, json};

const UPLOAD: &str = "/api/v1/packages?identifier=org.example.app&version=1.0";

fn apk(size: usize) -> Vec<u8> {
    let body = (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes());
    b"PK\x03\x04".iter().copied().chain(body).take(size).collect()
}

fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: pym\r\nConnection: close\r\n\
         Content-Type: application/vnd.android.package-archive\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn upload(daemon: &Daemon, path: &str, content: &[u8]) -> (u16, Json) {
    let mut stream = UnixStream::connect(daemon.control()).unwrap();
    stream.write_all(head(path, content.len()).as_bytes()).unwrap();
    // A refusal may come before the end.
    drop(stream.write_all(content));
    let (status, body) = read_answer(&mut stream);
    (status, serde_json::from_str(&body).unwrap())
}

fn fetch(daemon: &Daemon, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: pym\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

fn files(daemon: &Daemon) -> usize {
    fs::read_dir(daemon.home().data_dir().join("packages")).map_or(0, Iterator::count)
}

#[test]
fn a_package_lives_from_its_upload_to_its_end() {
    let daemon = Daemon::start();
    let content = apk(3 * 1024 * 1024 + 17);
    let (status, package) = upload(&daemon, UPLOAD, &content);
    assert_eq!(status, 201, "{package}");
    assert_eq!(package["size"], content.len());
    let (status, again) = upload(&daemon, UPLOAD, &content);
    assert_eq!((status, &again["id"]), (201, &package["id"]), "the same again is the same");
    assert_eq!(files(&daemon), 1);

    let path = format!("/store/api/mobileapp/getfile/{}", package["file"].as_str().unwrap());
    let (answer, bytes) = fetch(&daemon, &path, "");
    assert!(answer.starts_with("http/1.1 200") && answer.contains("vnd.android.package-archive"), "{answer}");
    assert!(answer.contains(&format!("content-length: {}", content.len())), "{answer}");
    assert!(bytes == content, "the bytes are the same");
    let (answer, bytes) = fetch(&daemon, &path, "Range: bytes=1048576-\r\n");
    assert!(answer.starts_with("http/1.1 206"), "{answer}");
    assert!(bytes == content[1_048_576..], "the rest is the same");
    assert!(fetch(&daemon, &path, "Range: bytes=99999999-\r\n").0.starts_with("http/1.1 416"));
    assert!(fetch(&daemon, "/store/api/mobileapp/getfile/..%2Fpym.db", "").0.starts_with("http/1.1 404"));
    assert!(fetch(&daemon, "/api/v1/packages", "").0.starts_with("http/1.1 401"));

    let phone = json!({ "type": "android", "identifier": "phone" }).to_string();
    let (_, enrolled) = daemon.request("POST", "/api/v1/devices", &phone);
    let enrolled: Json = serde_json::from_str(&enrolled).unwrap();
    let to = json!({ "devices": [enrolled["device"]["id"]] }).to_string();
    let one = format!("/api/v1/packages/{}", package["id"].as_str().unwrap());
    for (change, code) in
        [("install", "INSTALL_APPLICATION"), ("update", "UPDATE_APPLICATION"), ("uninstall", "UNINSTALL_APPLICATION")]
    {
        let (status, activity) = daemon.request("POST", &format!("{one}/{change}"), &to);
        assert_eq!(status, 201, "{activity}");
        let activity: Json = serde_json::from_str(&activity).unwrap();
        assert_eq!(activity["code"], code);
        let payload: Json = serde_json::from_str(activity["payload"].as_str().unwrap()).unwrap();
        assert_eq!(payload["appIdentifier"], "org.example.app");
        assert_eq!(payload["url"].as_str().is_some_and(|url| url.ends_with(&path)), change != "uninstall");
    }

    // It outlives the daemon, however that ends; what a crash left does not.
    let home = daemon.kill();
    fs::write(home.data_dir().join("packages/.upload-left"), "half").unwrap();
    let daemon = Daemon::start_in(home, |_| {});
    assert_eq!(files(&daemon), 1);
    assert!(fetch(&daemon, &path, "").1 == content, "the bytes are still the same");
    assert_eq!(daemon.request("DELETE", &one, "").0, 204);
    assert_eq!(daemon.request("DELETE", &one, "").0, 404);
    assert!(fetch(&daemon, &path, "").0.starts_with("http/1.1 404"));
    assert_eq!(files(&daemon), 0);
}

#[test]
fn an_upload_that_is_no_package_leaves_nothing() {
    let daemon = Daemon::start_with(|command| {
        command.env("PYM_LIMITS_PACKAGE_BYTES", "1048576");
    });
    assert_eq!(upload(&daemon, UPLOAD, b"GIF89a").0, 400);
    assert_eq!(upload(&daemon, UPLOAD, b"").0, 400);
    assert_eq!(upload(&daemon, "/api/v1/packages?identifier=app&version=1", &apk(100)).1["field"], "identifier");
    assert_eq!(upload(&daemon, UPLOAD, &apk(1024 * 1024 + 1)).0, 413);
    let mut broken = UnixStream::connect(daemon.control()).unwrap();
    broken.write_all(head(UPLOAD, 900_000).as_bytes()).unwrap();
    broken.write_all(&apk(600_000)).unwrap();
    eventually("the upload begins", || files(&daemon) == 1);
    drop(broken);
    eventually("what came is removed", || files(&daemon) == 0);
    let (_, list) = daemon.request("GET", "/api/v1/packages", "");
    assert_eq!(serde_json::from_str::<Json>(&list).unwrap()["total"], 0);
}
