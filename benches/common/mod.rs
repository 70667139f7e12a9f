//! The real daemon, for benches that go through a door.

#![allow(dead_code, unreachable_pub, reason = "no bench uses everything")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The password of the user `admin`.
pub const PASSWORD: &str = "a bench's own password";

/// A number that the environment gives.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A daemon in a directory of its own, the one that `PYM_BENCH_DAEMON` names if it does; killed when dropped.
pub struct Daemon {
    child: Child,
    /// Where it listens, as `endpoints.json` tells.
    pub endpoints: Value,
    home: tempfile::TempDir,
}

impl Daemon {
    pub fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let program =
            std::env::var_os("PYM_BENCH_DAEMON").map_or(PathBuf::from(env!("CARGO_BIN_EXE_pymd")), PathBuf::from);
        let mut command = Command::new(program);
        command.env_clear().env("HOME", home.path()).env("PYM_DATA_DIR", home.path().join("data"));
        command.env("PYM_ADMIN_PASSWORD", PASSWORD).env("PYM_LISTEN_CONTROL", home.path().join("pym.sock"));
        for listener in ["HTTP", "HTTPS", "MQTT", "MQTTS"] {
            command.env(format!("PYM_LISTEN_{listener}"), "127.0.0.1:0");
        }
        let log = fs::File::create(home.path().join("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let written = home.path().join("data/endpoints.json");
        let endpoints = loop {
            if let Ok(text) = fs::read_to_string(&written) {
                break serde_json::from_str(&text).unwrap();
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("pymd ended with {status}: {}", fs::read_to_string(home.path().join("log")).unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Self { child, endpoints, home }
    }

    /// The address of the first listener of a kind: `http`, `https`, `mqtt`, `mqtts`.
    pub fn address(&self, listener: &str) -> String {
        self.endpoints[listener][0].as_str().unwrap().to_owned()
    }

    /// The daemon's directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Resident memory and its peak, in MB.
    pub fn memory(&self) -> (f64, f64) {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status")).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Processor time so far, in seconds, of a system whose clock ticks a hundred times a second.
    pub fn processor(&self) -> f64 {
        let stat = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
