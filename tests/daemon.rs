//! The life of the daemon: start, signals, refusals, end. With the real binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use common::{Daemon, Home, PATIENCE, eventually, read_answer};
use rustix::process::Signal;

fn get(address: std::net::SocketAddr) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: pym\r\nConnection: close\r\n\r\n").unwrap();
    read_answer(&mut stream)
}

/// Resident memory of a process in KiB.
fn rss(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn starts_without_any_configuration_and_serves() {
    let daemon = Daemon::start();
    assert_eq!(get(daemon.http()).0, 200);
    assert_eq!(daemon.request("GET", "/readyz", "").0, 200);
    let endpoints = daemon.endpoints();
    assert!(!endpoints.http[0].ends_with(":0") && !endpoints.https[0].ends_with(":0"));
    let log = daemon.log();
    for address in [&endpoints.http[0], &endpoints.https[0]] {
        assert!(log.contains(address.as_str()), "{address} is not in the log:\n{log}");
    }
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&daemon.home().data_dir()), 0o700);
    assert_eq!(mode(daemon.control()), 0o660);
    assert!(log.contains("setup.code="), "no setup code:\n{log}");
}

#[test]
fn ends_with_0_on_sigterm_with_a_connection_open_and_leaves_no_litter() {
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = Daemon::start();
        let mut open = TcpStream::connect(daemon.http()).unwrap();
        open.write_all(b"GET / HTTP/1.1\r\nHost: pym\r\n").unwrap();
        let mut idle = TcpStream::connect(daemon.http()).unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: pym\r\n\r\n").unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        // The half request holds the drain up until the deadline; a second signal does not wait for that.
        daemon.signal(signal);
        daemon.wait_for_log("stopping");
        daemon.signal(signal);
        let (status, home) = daemon.wait();
        assert_eq!(status.code(), Some(0), "{}", home.log());
        assert!(!home.data_dir().join("endpoints.json").exists());
        assert!(!home.path("pym.sock").exists());
        let wal = fs::metadata(home.data_dir().join("pym.db-wal")).map_or(0, |file| file.len());
        assert_eq!(wal, 0, "the write-ahead log is folded in");
    }
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused_and_told_by_whom() {
    let daemon = Daemon::start();
    let other = daemon.home().command().env("PYM_LISTEN_CONTROL", daemon.home().path("other.sock")).status().unwrap();
    assert_eq!(other.code(), Some(1));
    let expected = format!("another pymd (process {}) runs on the data directory", daemon.pid());
    assert!(daemon.log().contains(&expected), "{}", daemon.log());
    assert_eq!(get(daemon.http()).0, 200, "the first goes on");
}

#[test]
fn starts_again_after_a_kill_with_the_same_authority() {
    let daemon = Daemon::start();
    let authority = fs::read(daemon.home().data_dir().join("ca/ca.pem")).unwrap();
    let home = daemon.kill();
    assert!(home.path("pym.sock").exists(), "left by the kill");
    let daemon = Daemon::start_in(home, |_| {});
    assert_eq!(daemon.request("GET", "/readyz", "").0, 200);
    assert_eq!(fs::read(daemon.home().data_dir().join("ca/ca.pem")).unwrap(), authority);
}

#[test]
fn an_unknown_key_is_refused_with_file_and_line() {
    let home = Home::new();
    let file = home.path("pym.toml");
    fs::write(&file, "[listen]\nhttp = \"127.0.0.1:0\"\nhtpps = \"127.0.0.1:0\"\n").unwrap();
    let status = home.command().arg("--config").arg(&file).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let log = home.log();
    assert!(log.contains(&format!("{}:3", file.display())) && log.contains("htpps"), "{log}");
    assert!(!home.data_dir().exists(), "nothing is made before the configuration is known to be good");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    assert_eq!(home.command().env("PYM_LISTEN_HTTP", &address).status().unwrap().code(), Some(1));
    assert!(home.log().contains(&format!("cannot listen on {address}: Address already in use")), "{}", home.log());
}

#[test]
fn sighup_changes_the_log_levels_and_says_what_has_to_wait() {
    let home = Home::new();
    let file = home.path("pym.toml");
    fs::write(&file, "[log]\nlevel = \"info\"\n").unwrap();
    let daemon = Daemon::start_in(home, |command| {
        command.arg("--config").arg(&file);
    });
    fs::write(&file, "[log]\nlevel = \"info,pym::net=debug\"\n[limits]\nconnections = 9\n").unwrap();
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("configuration read again");
    assert!(daemon.log().contains("key=\"limits\""), "{}", daemon.log());
    assert_eq!(get(daemon.https()).0, 400);
    daemon.wait_for_log("TLS and plain text mixed up");

    fs::write(&file, "[log]\nnonsense = 1\n").unwrap();
    daemon.signal(Signal::HUP);
    daemon.wait_for_log("the configuration stays as it was");
    assert_eq!(get(daemon.http()).0, 200);
}

#[test]
fn plain_http_on_the_tls_port_is_told_so() {
    let daemon = Daemon::start();
    let (status, text) = get(daemon.https());
    assert_eq!(status, 400);
    assert!(text.contains("This port speaks HTTPS"), "{text}");
}

#[test]
fn a_body_of_a_gigabyte_is_refused_with_little_memory() {
    let daemon = Daemon::start();
    let before = rss(daemon.pid());
    for head in ["Content-Length: 1073741824", "Transfer-Encoding: chunked"] {
        let mut stream = TcpStream::connect(daemon.http()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "POST /api/v1/login HTTP/1.1\r\nHost: pym\r\nContent-Type: application/json\r\n{head}\r\n\r\n")
            .unwrap();
        let mut reader = stream.try_clone().unwrap();
        let sender = std::thread::spawn(move || {
            let chunk = [&b"10000\r\n"[..], &vec![b'x'; 65536], b"\r\n"].concat();
            // Until the daemon has had enough.
            (0..16384).take_while(|_| stream.write_all(&chunk).is_ok()).count()
        });
        let mut answer = [0; 12];
        reader.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(answer, "HTTP/1.1 413", "{head}");
        drop(reader);
        assert!(sender.join().unwrap() < 16384, "{head}: all of it was taken");
    }
    let grown = rss(daemon.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "grew by {grown} KiB");
    assert_eq!(get(daemon.http()).0, 200);
}

#[test]
fn sockets_of_systemd_take_the_place_of_configured_ones() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plain = home.command();
    // The shell moves the socket to where systemd would put it: descriptor 3 of the process it becomes.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$0\""]).arg(plain.get_program());
    command.env_clear().env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "http");
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::from(OwnedFd::from(listener)));
    let log = fs::File::options().append(true).open(home.path("log")).unwrap();
    command.stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().unwrap();
    eventually("ready", || home.data_dir().join("endpoints.json").exists());
    let text = fs::read_to_string(home.data_dir().join("endpoints.json")).unwrap();
    assert!(text.contains(&format!("\"{address}\"")), "{text}");
    assert_eq!(get(address).0, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn proves_itself_on_this_board() {
    let output = Command::new(env!("CARGO_BIN_EXE_pymd")).arg("--self-test").env_clear().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for proof in ["store", "tls", "mqtt", "tui", "board"] {
        assert!(text.contains(&format!("{proof}: ok, ")), "{text}");
    }
}
