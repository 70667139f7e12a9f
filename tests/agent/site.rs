//! A site with an administrator, and the agents that live on it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::common::{Daemon, PATIENCE, eventually, python};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A daemon with an administrator.
pub(crate) struct Site {
    pub(crate) daemon: Daemon,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Site::start`], with more in the environment of the daemon.
    pub(crate) fn start_with(more: &[(&'static str, &str)]) -> Self {
        let mut environment = vec![("PYM_ADMIN_PASSWORD", PASSWORD.to_owned())];
        environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let daemon = Daemon::start_with(|command| {
            command.envs(environment.clone());
        });
        Self { daemon, environment }
    }

    /// A power cut: the daemon is killed, and starts again on the same ports, where its agents look for it.
    pub(crate) fn cut_power(self) -> Self {
        let Self { daemon, environment } = self;
        let endpoints = daemon.endpoints().clone();
        let daemon = Daemon::start_in(daemon.kill(), |command| {
            command.envs(environment.clone());
            command.env("PYM_LISTEN_HTTP", endpoints.http.join(","));
            command.env("PYM_LISTEN_MQTT", endpoints.mqtt.join(","));
        });
        Self { daemon, environment }
    }

    /// A request to the HTTP port: the status and the body of its answer.
    pub(crate) fn http(&self, line: &str, authorization: &str, kind: &str, body: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.daemon.http()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (host, length) = (self.daemon.http(), body.len());
        let head =
            format!("{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nConnection: close\r\n");
        write!(stream, "{head}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, answer.split_off(end + 4))
    }

    /// The administrator's access token, got as the tools of the Entgra IoT Server get theirs.
    pub(crate) fn token(&self) -> String {
        let person = basic("admin", PASSWORD);
        let register = "POST /api-application-registration/register";
        let (status, client) = self.http(register, &person, "application/json", r#"{"applicationName":"tools"}"#);
        assert_eq!(status, 201);
        let client: Json = serde_json::from_slice(&client).unwrap();
        let client = basic(client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        let form = format!("grant_type=password&username=admin&password={}", PASSWORD.replace(' ', "+"));
        let (status, token) = self.http("POST /token", &client, "application/x-www-form-urlencoded", &form);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&token));
        let token: Json = serde_json::from_slice(&token).unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// A new device with the agent for it, by `device/download`.
    pub(crate) fn download(&self, device_type: &str, name: &str) -> Package {
        let line = format!("GET /{device_type}/device/download?deviceName={name}&sketchType={device_type}");
        let (status, archive) = self.http(&line, &format!("Bearer {}", self.token()), "text/plain", "");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&archive));
        Package::unzip(&archive)
    }

    /// `pymctl` on the control socket.
    pub(crate) fn pymctl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pymctl"));
        for variable in ["PYM_URL", "PYM_TOKEN", "PYM_CA", "PYM_CA_FINGERPRINT"] {
            command.env_remove(variable);
        }
        command.env("PYM_LISTEN_CONTROL", self.daemon.control()).args(arguments).output().unwrap()
    }

    /// What `pymctl` prints with `--json`, when it succeeds.
    pub(crate) fn pymctl_json(&self, arguments: &[&str]) -> Json {
        let output = self.pymctl(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "pymctl {arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Sends an operation and waits until the device has carried it out: its response.
    pub(crate) fn completes(&self, device: &str, code: &str, payload: Option<&str>) -> String {
        let mut arguments = vec!["send", device, code, "--wait"];
        arguments.extend(payload.iter().flat_map(|payload| ["--payload", payload]));
        let activity = self.pymctl_json(&arguments);
        let operation = &activity["operations"][0];
        assert_eq!(operation["status"], "COMPLETED", "{operation}");
        operation["responses"][0]["text"].as_str().unwrap_or_default().to_owned()
    }

    /// A device as the own API shows it; `key` is `<type>:<identifier>`.
    pub(crate) fn device(&self, key: &str) -> Json {
        self.get(&format!("/api/v1/devices/{key}"))
    }

    /// An answer of the own API.
    pub(crate) fn get(&self, path: &str) -> Json {
        let (status, body) = self.daemon.request("GET", path, "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The last-known value of a metric; null before the first.
    pub(crate) fn metric(&self, key: &str, name: &str) -> Json {
        let device = self.device(key);
        let metrics = device["metrics"].as_array().unwrap();
        metrics.iter().find(|last| last["metric"] == name).map_or(Json::Null, |last| last["value"].clone())
    }

    /// Waits until the device has this status, and is connected or not, as it says.
    pub(crate) fn wait_for_status(&self, key: &str, status: &str) {
        eventually(&format!("{key} is {status}"), || {
            let device = self.device(key);
            device["status"] == status && device["online"] == (status == "ACTIVE")
        });
    }

    /// A line of `/metrics`.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let (_, text) = self.daemon.request("GET", "/metrics", "");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }
}

pub(crate) fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{secret}")))
}

/// An agent as it was downloaded, unzipped.
pub(crate) struct Package {
    folder: TempDir,
}

impl Package {
    pub(crate) fn unzip(archive: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.zip");
        fs::write(&file, archive).unwrap();
        let unzip = Command::new("unzip").arg("-q").arg(&file).current_dir(folder.path()).status();
        let status = unzip.unwrap_or_else(|error| panic!("unzip (Debian package unzip) does not run: {error}"));
        assert!(status.success(), "unzip: {status}");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The keys of `deviceConfig.properties`.
    pub(crate) fn keys(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.path("deviceConfig.properties")).unwrap();
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Changes one of the keys.
    pub(crate) fn set(&self, key: &str, value: &str) {
        let path = self.path("deviceConfig.properties");
        let old = format!("{key}={}\n", self.keys()[key]);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&old));
        fs::write(&path, text.replace(&old, &format!("{key}={value}\n"))).unwrap();
    }

    /// The device as the own API names it.
    pub(crate) fn device(&self) -> String {
        let keys = self.keys();
        format!("{}:{}", keys["controller-context"].trim_start_matches('/'), keys["deviceId"])
    }

    /// Runs the agent as its README says; it measures often, and simulates the temperature where there is no sensor.
    pub(crate) fn run(&self, options: &[&str]) -> Program {
        let mut command = python();
        command.arg("agent.py").args(["--interval", "0.2", "--simulate-temperature"]).args(options);
        Program::start(&mut command, self.folder.path())
    }

    /// Runs a script of this folder with the keys of the package.
    pub(crate) fn run_script(&self, script: &str, options: &[&str]) -> Program {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agent").join(script);
        Program::start(python().arg(script).arg("deviceConfig.properties").args(options), self.folder.path())
    }
}

/// A program that runs beside the test and writes a log; killed when dropped.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Self {
        let log = folder.join("log");
        let file = File::create(&log).unwrap();
        command.current_dir(folder).stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { child: command.spawn().unwrap(), log }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// How often the log says `text`.
    pub(crate) fn said(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// Waits until the log has said `text` so often.
    pub(crate) fn wait_for(&self, text: &str, times: usize) {
        eventually(&format!("{text:?} {times} times in the agent's log"), || self.said(text) >= times);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            drop(writeln!(std::io::stderr(), "--- the log of the agent\n{}---", self.log()));
        }
    }
}
