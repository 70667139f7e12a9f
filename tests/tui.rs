//! The terminal UI in front of the real daemon, in tmux at 80×24, as a person sees it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Daemon, PATIENCE, eventually};
use rustix::process::{Pid, Signal, kill_process};

/// A tmux server of its own with one window that runs `pym-tui`; killed when dropped.
struct Screen {
    dir: tempfile::TempDir,
}

impl Screen {
    /// Runs the UI in a shell that tells afterwards how it ended.
    fn open(socket: &std::path::Path) -> Self {
        let tui = env!("CARGO_BIN_EXE_pym-tui");
        Self::run(&format!("{tui} --unicode --socket {}; echo \"ended with $?\"; exec cat", socket.display()))
    }

    fn run(script: &str) -> Self {
        let screen = Self { dir: tempfile::tempdir().unwrap() };
        let made = screen.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", script]);
        assert!(made.status.success(), "tmux: {}", String::from_utf8_lossy(&made.stderr));
        screen
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            // A server of its own, UTF-8, and nobody's configuration.
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.dir.path().join("tmux"))
            .args(arguments)
            .env_remove("TMUX")
            .env("TERM", "xterm")
            .output()
            .expect("tmux is needed (Debian package tmux)")
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// Waits until every one of `texts` is on the screen together.
    fn wait_for(&self, texts: &[&str]) {
        let started = Instant::now();
        loop {
            let screen = self.text();
            let missing: Vec<_> = texts.iter().filter(|text| !screen.contains(**text)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{missing:?} not on the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// The process number of the UI, a child of the window's shell.
    fn pid(&self) -> Pid {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]).stdout;
        let shell = String::from_utf8(shell).unwrap();
        let shell = shell.trim();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        Pid::from_raw(children.trim().parse().unwrap()).unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn post(daemon: &Daemon, path: &str, body: &str) -> serde_json::Value {
    let (status, answer) = daemon.request("POST", path, body);
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap_or_default()
}

/// Enrolls a device that has measured something; its id.
fn enroll(daemon: &Daemon, name: &str) -> String {
    let body = format!(r#"{{"type": "raspberrypi", "identifier": "{name}-1", "name": "{name}"}}"#);
    let id = post(daemon, "/api/v1/devices", &body)["device"]["id"].as_str().unwrap().to_owned();
    post(daemon, &format!("/api/v1/devices/{id}/telemetry"), r#"{"values": {"temperature": 41.5}}"#);
    id
}

#[test]
fn the_site_is_on_the_screen_and_comes_back_after_the_daemon_was_killed() {
    let daemon = Daemon::start();
    enroll(&daemon, "porch");
    let screen = Screen::open(daemon.control());
    screen.wait_for(&["● live", "─ Board ─", " cpu ", " memory ", " disk ", " power ", "● active", "Set up"]);
    screen.press(&["2"]);
    screen.wait_for(&["● active", "porch", "porch-1", "raspberrypi", "1 of 1"]);
    screen.press(&["Enter"]);
    screen.wait_for(&["CPU temperature", "41.5 °C", "Status history", "enrolled"]);

    let home = daemon.kill();
    screen.wait_for(&["▲ stale", "retry", "data of", "porch", "41.5 °C"]);
    let daemon = Daemon::start_in(home, |_| {});
    screen.wait_for(&["● live", "porch"]);
    screen.press(&["Escape"]);
    // What happened after the restart arrives.
    enroll(&daemon, "cellar");
    screen.wait_for(&["● live", "cellar", "porch", "2 of 2"]);
    assert!(!screen.text().contains("retry"), "the banner is gone:\n{}", screen.text());
}

#[test]
fn an_operation_is_sent_after_a_confirmation_and_cancelled_after_another() {
    let daemon = Daemon::start();
    let id = enroll(&daemon, "porch");
    let operations = || daemon.request("GET", &format!("/api/v1/operations?device={id}"), "").1;
    let screen = Screen::open(daemon.control());
    screen.wait_for(&["● live"]);
    screen.press(&["2"]);
    screen.wait_for(&["porch-1"]);
    screen.press(&["o"]);
    screen.wait_for(&["Send an operation", "Switch the bulb", "Reboot"]);
    screen.press(&["Enter"]);
    screen.wait_for(&["Which?", "ON", "OFF"]);
    screen.press(&["j", "Enter"]);
    screen.wait_for(&["Send this operation?", "Switch the bulb (bulb, COMMAND)", "OFF", "raspberrypi porch-1"]);
    assert!(!operations().contains("bulb"), "nothing is sent before the confirmation: {}", operations());
    screen.press(&["y"]);
    screen.wait_for(&["bulb OFF to porch, pending"]);
    assert!(operations().contains("PENDING"), "{}", operations());

    screen.press(&["3"]);
    screen.wait_for(&["○ pending", "bulb OFF", "porch"]);
    screen.press(&["c"]);
    screen.wait_for(&["Cancel this operation?", "y cancel it"]);
    screen.press(&["y"]);
    screen.wait_for(&["bulb OFF to porch, cancelled"]);
    eventually("the operation is cancelled", || operations().contains("CANCELLED"));
}

#[test]
fn the_first_administrator_is_made_on_a_fresh_site() {
    let daemon = Daemon::start();
    let screen = Screen::open(daemon.control());
    screen.wait_for(&["● live", "Set up", "Press a"]);
    screen.press(&["a"]);
    screen.wait_for(&["The first administrator"]);
    screen.press(&["Enter", "a long enough passphrase", "Enter", "a long enough passphrase", "Enter"]);
    screen.wait_for(&["admin is the first administrator", "Latest events"]);
    let login = r#"{"name": "admin", "password": "a long enough passphrase"}"#;
    assert_eq!(daemon.request("POST", "/api/v1/login", login).0, 200);
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let nowhere = tempfile::tempdir().unwrap();
    let socket = nowhere.path().join("pym.sock");
    let quit: [fn(&Screen); 3] = [
        |screen| screen.press(&["q"]),
        |screen| screen.press(&["C-c"]),
        |screen| kill_process(screen.pid(), Signal::TERM).unwrap(),
    ];
    for leave in quit {
        let screen = Screen::open(&socket);
        screen.wait_for(&["Waiting for pymd", "no socket there", "retry"]);
        leave(&screen);
        screen.wait_for(&["ended with 0"]);
        let text = screen.text();
        assert!(!text.contains("Waiting for pymd"), "the alternate screen is left:\n{text}");
        // A line that is typed is echoed: the terminal is no longer raw.
        screen.press(&["echoed"]);
        screen.wait_for(&["echoed"]);
    }
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_pym-tui")).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "pym-tui: this needs a terminal to draw on; pymctl is for scripts\n");
}

#[test]
fn a_password_is_asked_for_unseen_and_an_interrupt_gives_the_terminal_back() {
    let daemon = Daemon::start();
    let (pymctl, socket) = (env!("CARGO_BIN_EXE_pymctl"), daemon.control().display().to_string());
    let create = format!("{pymctl} --socket {socket} users create ada --role admin");
    let screen = Screen::run(&format!(
        "trap : INT; {create}; echo \"ended with $?\"; stty -a | grep -ow -e '-*echo'; {create}; echo \"then $?\"; exec cat"
    ));
    screen.wait_for(&["Password:"]);
    screen.press(&["secret", "C-c"]);
    screen.wait_for(&["ended with 130", "\necho\nPassword:"]);
    screen.press(&["correct horse", "Enter"]);
    screen.wait_for(&["Again:"]);
    screen.press(&["correct horse", "Enter"]);
    screen.wait_for(&["ada", "then 0"]);
    let seen = screen.text();
    assert!(!seen.contains("secret") && !seen.contains("horse") && !seen.contains("-echo"), "{seen}");
}
