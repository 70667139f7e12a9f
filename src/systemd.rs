//! What the daemon and systemd tell each other: `sd_notify(3)`, `sd_watchdog_enabled(3)` and `sd_listen_fds(3)`.
//!
//! Without systemd every function does nothing.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use thiserror::Error;

use crate::model::text::for_terminal;

/// Tells that every listener is open.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(&for_terminal(status))]);
}

/// Tells what the daemon is about, in one line of `systemctl status`.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(&for_terminal(status))]);
}

/// Tells that the configuration is being read again; [`ready`] follows.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Tells that the daemon is about to exit.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Asks for this much more time to start, from now: a migration can take long on an SD card.
pub fn extend_timeout(by: Duration) {
    notify(&[NotifyState::ExtendTimeoutUsec(u32::try_from(by.as_micros()).unwrap_or(u32::MAX))]);
}

/// How often [`watchdog`] is to be called: half the time after which systemd kills a silent daemon.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|timeout| timeout / 2)
}

/// Tells that the daemon is alive; only after something has proved it.
pub fn watchdog() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}

/// Listening sockets from socket units, by the unit's `FileDescriptorName=`.
///
/// A list that is not empty takes the place of the addresses configured for that listener.
#[derive(Debug, Default)]
pub struct Inherited {
    pub https: Vec<TcpListener>,
    pub http: Vec<TcpListener>,
    pub mqtt: Vec<TcpListener>,
    pub mqtts: Vec<TcpListener>,
    pub control: Option<UnixListener>,
}

/// Why the sockets of systemd cannot be used.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot read which sockets systemd passed")]
    Environment(#[source] io::Error),
    #[error("cannot use the socket systemd passed as {name:?}")]
    Socket { name: String, source: io::Error },
    #[error("systemd passed a socket named {name:?}: FileDescriptorName= is http, https, mqtt, mqtts or control")]
    Name { name: String },
}

/// Takes over the sockets systemd passed, in non-blocking mode; a second call finds none.
///
/// It removes `LISTEN_FDS` from the environment, so it is to be called before any thread is started.
///
/// # Errors
/// Sockets with other names or of other kinds than the daemon can serve.
pub fn inherited() -> Result<Inherited, Error> {
    let names: Vec<String> = match sd_notify::listen_fds_with_names() {
        Ok(sockets) => sockets.map(|(_, name)| name).collect(),
        Err(error) => return Err(Error::Environment(error)),
    };
    let mut inherited = Inherited::default();
    if names.is_empty() {
        return Ok(inherited);
    }
    // sd-notify knows the names, listenfd makes sockets of the numbers, without unsafe code here.
    let mut sockets = ListenFd::from_env();
    for (index, name) in names.into_iter().enumerate() {
        let list = match name.as_str() {
            "https" => &mut inherited.https,
            "http" => &mut inherited.http,
            "mqtt" => &mut inherited.mqtt,
            "mqtts" => &mut inherited.mqtts,
            "control" => {
                let taken = open(sockets.take_unix_listener(index), UnixListener::set_nonblocking);
                inherited.control = taken.map_err(|source| Error::Socket { name, source })?;
                continue;
            }
            _ => return Err(Error::Name { name }),
        };
        let taken = open(sockets.take_tcp_listener(index), TcpListener::set_nonblocking);
        list.extend(taken.map_err(|source| Error::Socket { name, source })?);
    }
    Ok(inherited)
}

fn open<T>(taken: io::Result<Option<T>>, set_nonblocking: fn(&T, bool) -> io::Result<()>) -> io::Result<Option<T>> {
    let socket = taken?;
    if let Some(socket) = &socket {
        set_nonblocking(socket, true)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, Stdio};

    /// Set in the process a test starts of itself, because a process cannot safely change its own environment.
    const CHILD: &str = "PYM_TEST_CHILD";

    fn again(test: &str) -> Vec<String> {
        let binary = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        vec![binary, "--exact".to_owned(), format!("systemd::tests::{test}"), "--nocapture".to_owned()]
    }

    #[test]
    fn sockets_are_taken_over_by_name() {
        if std::env::var_os(CHILD).is_some() {
            let inherited = inherited().unwrap();
            let address = inherited.https[0].local_addr().unwrap();
            assert_eq!(address.port().to_string(), std::env::var("PYM_TEST_PORT").unwrap());
            let error = inherited.https[0].accept().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            assert!(inherited.control.unwrap().local_addr().unwrap().as_pathname().is_some());
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let unix = UnixListener::bind(dir.path().join("pym.sock")).unwrap();
        // The shell moves the two sockets where systemd would put them: descriptors 3 and 4 of the process it becomes.
        let script = "exec 3<&0 4<&1 </dev/null >&2; LISTEN_PID=$$ exec \"$@\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(again("sockets_are_taken_over_by_name"))
            .env(CHILD, "1")
            .env("PYM_TEST_PORT", port.to_string())
            .env("LISTEN_FDS", "2")
            .env("LISTEN_FDNAMES", "https:control")
            .stdin(Stdio::from(OwnedFd::from(tcp)))
            .stdout(Stdio::from(OwnedFd::from(unix)))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    fn states_reach_the_notify_socket() {
        if std::env::var_os(CHILD).is_some() {
            assert_eq!(watchdog_interval(), Some(Duration::from_secs(15)));
            ready("3 devices\nERRNO=1");
            stopping();
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let arguments = again("states_reach_the_notify_socket");
        let child = Command::new(&arguments[0])
            .args(&arguments[1..])
            .env(CHILD, "1")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "30000000")
            .env_remove("WATCHDOG_PID")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        let receive = || {
            let mut message = [0; 256];
            let length = socket.recv(&mut message).unwrap();
            String::from_utf8_lossy(&message[..length]).into_owned()
        };
        assert_eq!(receive(), "READY=1\nSTATUS=3 devices\\u{a}ERRNO=1\n");
        assert_eq!(receive(), "STOPPING=1\n");
    }
}
