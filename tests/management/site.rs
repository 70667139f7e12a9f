//! The site that rows are run on.
//!
//! Who may call (`as`): `anonymous`; `admin`, `operator`, `viewer` and `owner` (of the role device-owner), each a person
//! with that role; `phone`, the device itself; `local`, over the control socket.
//!
//! What is there: the Android devices `phone`, which is `owner`'s, and `tablet`, and the Raspberry Pi `pi`, both of
//! which are `admin`'s. `${phone}` is a device's id, `${phone_number}` its number.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value as Json, json};

use super::common::{Daemon, PATIENCE, read_answer};
use super::row::{Row, Saved, fill, fill_json};

const PASSWORD: &str = "correct horse battery";

/// The devices, and whose they are.
const DEVICES: [(&str, &str, &str); 3] =
    [("android", "phone", "owner"), ("android", "tablet", "admin"), ("raspberrypi", "pi", "admin")];

pub(crate) struct Site {
    daemon: Daemon,
    /// Of everyone who has one.
    tokens: BTreeMap<&'static str, String>,
    saved: Saved,
}

impl Site {
    /// A daemon with its people and devices.
    pub(crate) fn start() -> Self {
        let daemon = Daemon::start_with(|command| {
            command.env("PYM_ADMIN_PASSWORD", PASSWORD);
        });
        let mut site = Self { daemon, tokens: BTreeMap::new(), saved: Saved::new() };
        for (name, role) in [("operator", "operator"), ("viewer", "viewer"), ("owner", "device-owner")] {
            site.must("local", "POST /api/v1/users", &json!({ "name": name, "roles": [role], "password": PASSWORD }));
        }
        for name in ["admin", "operator", "viewer", "owner"] {
            let session = site.must("anonymous", "POST /api/v1/login", &json!({ "name": name, "password": PASSWORD }));
            site.tokens.insert(name, session["token"].as_str().unwrap().to_owned());
        }
        for (device_type, identifier, owner) in DEVICES {
            let new = json!({ "type": device_type, "identifier": identifier, "name": identifier });
            let enrolled = site.must(owner, "POST /api/v1/devices", &new);
            site.saved.insert(identifier.to_owned(), enrolled["device"]["id"].clone());
            site.saved.insert(format!("{identifier}_number"), enrolled["device"]["number"].clone());
            if identifier == "phone" {
                let token = enrolled["credentials"]["access_token"].as_str().unwrap();
                site.tokens.insert("phone", token.to_owned());
            }
        }
        site
    }

    /// Runs a row: everything that is wrong with what came of it.
    pub(crate) fn run(&mut self, row: &Row) -> Vec<String> {
        let called = self.prepare(row).map(|(line, headers, body)| {
            let answer = self.call(&row.r#as, &line, &headers, &body);
            (line, answer)
        });
        match called {
            Err(unsaved) => vec![unsaved],
            Ok((line, (status, body))) => {
                let wrong = row.check(status, &body, &mut self.saved);
                wrong.into_iter().map(|wrong| format!("{wrong}\n    {line}\n    {status} {body}")).collect()
            }
        }
    }

    /// The line, headers and body of a row's request.
    fn prepare(&self, row: &Row) -> Result<(String, String, String), String> {
        let mut headers = String::new();
        for (name, value) in &row.headers {
            headers.extend([name.as_str(), ": ", &fill(value, &self.saved)?, "\r\n"]);
        }
        let body = match &row.body {
            None => String::new(),
            Some(Json::String(text)) => fill(text, &self.saved)?,
            Some(json) => fill_json(json, &self.saved)?.to_string(),
        };
        let has_kind = row.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if row.body.is_some() && !has_kind {
            headers.push_str("Content-Type: application/json\r\n");
        }
        Ok((fill(&row.call, &self.saved)?, headers, body))
    }

    fn call(&self, caller: &str, line: &str, headers: &str, body: &str) -> (u16, String) {
        if caller == "local" {
            let (method, path) = line.split_once(' ').unwrap();
            return self.daemon.request(method, path, body);
        }
        let mut stream = TcpStream::connect(self.daemon.http()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}", self.daemon.http());
        if caller != "anonymous" {
            let token = self.tokens.get(caller).unwrap_or_else(|| panic!("nobody is called {caller:?}"));
            head.extend(["Authorization: Bearer ", token, "\r\n"]);
        }
        let length = body.len();
        stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        read_answer(&mut stream)
    }

    fn must(&self, caller: &str, line: &str, body: &Json) -> Json {
        let (status, answer) = self.call(caller, line, "Content-Type: application/json\r\n", &body.to_string());
        assert!((200..300).contains(&status), "{line}: {status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }
}
