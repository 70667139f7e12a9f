//! The real daemon, started on free ports with a directory of its own, for every test that goes through a door.

#![allow(dead_code, unreachable_pub, reason = "no test file uses everything")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pym::app::downlink::Downlink;
use pym::app::{App, Clock, PolicySettings, Settings};
use pym::metrics::Metrics;
use pym::model::host::Endpoints;
use pym::pki::Pki;
use pym::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take before a test gives up: far more than a busy board needs.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A daemon of its own; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    home: Home,
    endpoints: Endpoints,
}

/// The directory of a daemon, which outlives it: start another one on it.
#[derive(Debug)]
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// A new, empty one.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// The data directory of the daemon.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A path beside the data directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the daemons of this directory have logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// `pymd` with this directory, free ports on the loopback, no other configuration and nothing of the environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pymd"));
        command.env_clear();
        command.env("HOME", self.dir.path()).env("PYM_DATA_DIR", self.data_dir());
        command.env("PYM_LISTEN_CONTROL", self.path("pym.sock"));
        for listener in ["HTTP", "HTTPS", "MQTT", "MQTTS"] {
            command.env(format!("PYM_LISTEN_{listener}"), "127.0.0.1:0");
        }
        let log = File::options().append(true).create(true).open(self.path("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }
}

impl Daemon {
    /// Starts a daemon in a new directory and waits until it is ready.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As [`Daemon::start`], with a change to its command line or environment.
    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_in(Home::new(), change)
    }

    /// As [`Daemon::start_with`], in a directory that may have been used before.
    pub fn start_in(home: Home, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = home.command();
        change(&mut command);
        let written = home.data_dir().join("endpoints.json");
        // A daemon that was killed has left its own.
        drop(fs::remove_file(&written));
        let mut child = command.spawn().unwrap();
        let started = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(&written) {
                let endpoints = serde_json::from_str(&text).unwrap();
                return Self { child, home, endpoints };
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("pymd ended with {status}:\n{}", home.log());
            }
            assert!(started.elapsed() < PATIENCE, "pymd is not ready:\n{}", home.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where the daemon listens.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The address of the first plain HTTP listener.
    pub fn http(&self) -> SocketAddr {
        self.endpoints.http[0].parse().unwrap()
    }

    /// The address of the first HTTPS listener.
    pub fn https(&self) -> SocketAddr {
        self.endpoints.https[0].parse().unwrap()
    }

    /// The address of the first MQTT listener.
    pub fn mqtt(&self) -> SocketAddr {
        self.endpoints.mqtt[0].parse().unwrap()
    }

    /// The address of the first listener for MQTT over TLS.
    pub fn mqtts(&self) -> SocketAddr {
        self.endpoints.mqtts[0].parse().unwrap()
    }

    /// The control socket.
    pub fn control(&self) -> &Path {
        Path::new(&self.endpoints.control)
    }

    /// The directory of the daemon.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The daemon's process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the daemon has logged so far.
    pub fn log(&self) -> String {
        self.home.log()
    }

    /// Waits until the log contains `text`.
    pub fn wait_for_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log"), || self.log().contains(text));
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the daemon to end by itself.
    pub fn wait(mut self) -> (ExitStatus, Home) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "pymd does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        };
        (status, self.take_home())
    }

    /// Ends the daemon in good order.
    pub fn stop(self) -> (ExitStatus, Home) {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Kills the daemon as a power cut would.
    pub fn kill(mut self) -> Home {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.take_home()
    }

    /// A request over the control socket, as root or the daemon's own user; the status and the body of its answer.
    pub fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(self.control()).unwrap();
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: pym\r\nConnection: close\r\nContent-Length: {length}\r\n");
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        stream.write_all(format!("{head}{kind}\r\n{body}").as_bytes()).unwrap();
        read_answer(&mut stream)
    }

    fn take_home(mut self) -> Home {
        let nothing = Home { dir: tempfile::tempdir().unwrap() };
        std::mem::replace(&mut self.home, nothing)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            drop(writeln!(std::io::stderr(), "--- the log of pymd\n{}---", self.log()));
        }
    }
}

/// The application over a new store in a directory, with the site's authority, for tests of a door without listeners.
pub async fn application(dir: &Path) -> (App, tokio::sync::mpsc::Receiver<Downlink>) {
    let store = Store::open(&dir.join("pym.db")).unwrap();
    let settings = Settings {
        data_dir: dir.to_owned(),
        public_host: None,
        unreachable_after: Duration::from_mins(10),
        inactive_after: Duration::from_mins(15),
        access_token_ttl: Duration::from_hours(1),
        policy: PolicySettings::default(),
    };
    let (app, downlink) = App::open(store, Clock::default(), Arc::new(Metrics::default()), settings).await.unwrap();
    let pki = Pki::open(dir, app.clock().now(), "gateway", &[]).unwrap();
    app.use_pki(Arc::new(pki));
    (app, downlink)
}

/// Reads an HTTP/1 answer up to the end of the connection: its status and its body.
pub fn read_answer(stream: &mut impl std::io::Read) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP: {answer:?}"));
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status: {head:?}")), body.to_owned())
}

/// A Python with paho-mqtt: the one `dev/test` found, or Debian's.
pub fn python() -> Command {
    let python = std::env::var_os("PYM_TEST_PYTHON").unwrap_or_else(|| "/usr/bin/python3".into());
    let found = Command::new(&python).args(["-c", "import paho.mqtt.client"]).output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "{} has no paho-mqtt: install the Debian package python3-paho-mqtt, or set PYM_TEST_PYTHON",
        Path::new(&python).display()
    );
    let mut command = Command::new(python);
    command.env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
