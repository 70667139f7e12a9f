//! Every listener of the daemon: bound before anything is served, and told to whoever looks for them.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::{self, paths};
use crate::control::{ControlError, Socket};
use crate::file;
use crate::model::host::Endpoints;
use crate::net::listen::{BindError, bind};
use crate::systemd::Inherited;

/// Why the daemon does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("cannot prepare the directory of the control socket {}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("cannot use a listening socket")]
    Adopt(#[source] io::Error),
}

/// The listeners by what they speak.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) https: Vec<tokio::net::TcpListener>,
    pub(super) http: Vec<tokio::net::TcpListener>,
    pub(super) mqtt: Vec<tokio::net::TcpListener>,
    pub(super) mqtts: Vec<tokio::net::TcpListener>,
    pub(super) control: Socket,
    pub(super) endpoints: Endpoints,
}

impl Listeners {
    /// Binds what is configured; sockets that systemd has passed take the place of those of their kind.
    pub(super) fn open(listen: &config::Listen, inherited: Inherited) -> Result<Self, ListenError> {
        let control = if let Some(listener) = inherited.control {
            Socket::inherited(listener).map_err(ListenError::Adopt)?
        } else {
            paths::prepare_socket_dir(&listen.control)
                .map_err(|source| ListenError::Directory { path: listen.control.clone(), source })?;
            Socket::bind(&listen.control)?
        };
        tracing::info!(path = %control.path().display(), "listening for control");
        let mut endpoints = Endpoints { control: control.path().display().to_string(), ..Endpoints::default() };
        Ok(Self {
            https: open("https", inherited.https, &listen.https, &mut endpoints.https)?,
            http: open("http", inherited.http, &listen.http, &mut endpoints.http)?,
            mqtt: open("mqtt", inherited.mqtt, &listen.mqtt, &mut endpoints.mqtt)?,
            mqtts: open("mqtts", inherited.mqtts, &listen.mqtts, &mut endpoints.mqtts)?,
            control,
            endpoints,
        })
    }
}

fn open(
    name: &str,
    inherited: Vec<std::net::TcpListener>,
    addresses: &[SocketAddr],
    bound: &mut Vec<String>,
) -> Result<Vec<tokio::net::TcpListener>, ListenError> {
    let listeners = if inherited.is_empty() { bind(addresses)? } else { inherited };
    let mut opened = Vec::with_capacity(listeners.len());
    for listener in listeners {
        let address = listener.local_addr().map_err(ListenError::Adopt)?;
        tracing::info!(%address, "listening for {name}");
        bound.push(address.to_string());
        opened.push(tokio::net::TcpListener::from_std(listener).map_err(ListenError::Adopt)?);
    }
    Ok(opened)
}

/// The file that tells where a running daemon listens.
#[derive(Debug)]
pub(super) struct EndpointsFile {
    path: PathBuf,
}

impl EndpointsFile {
    /// Removes what a daemon that was killed has left.
    pub(super) fn new(data_dir: &Path) -> Self {
        let path = data_dir.join("endpoints.json");
        drop(std::fs::remove_file(&path));
        Self { path }
    }

    /// Writes the addresses, for anyone to read.
    pub(super) fn write(&self, endpoints: &Endpoints) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(endpoints)?;
        text.push(b'\n');
        file::replace(&self.path, &text, 0o644)
    }
}

impl Drop for EndpointsFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}
