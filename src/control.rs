//! DOOR: the Unix socket of `pym-tui`, `pymctl` and `curl --unix-socket`.
//!
//! It serves the same routes as the network does; who asks is known by the uid the kernel vouches for. The security of
//! the site rests on the socket's mode: whoever may open it is an administrator, that is root, the daemon's own user,
//! and the members of the socket's group.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, chmod, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use tokio::net::UnixListener;

use crate::net::Net;
use crate::net::http::Service;

/// Connections the kernel holds until they are accepted.
const BACKLOG: i32 = 16;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("another daemon answers on the control socket {}", path.display())]
    Taken { path: PathBuf },
    #[error("{} is in the way of the control socket: it is no socket", path.display())]
    InTheWay { path: PathBuf },
    #[error("cannot listen on the control socket {}", path.display())]
    Bind { path: PathBuf, source: io::Error },
}

/// The bound socket. Dropping it removes the file, unless it was inherited or somebody has replaced it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file that is ours to remove.
    own: Option<(u64, u64)>,
}

impl Socket {
    /// Binds `path` with mode 0660, in a directory that has to be there. A socket nobody answers on is replaced: it was
    /// left by a daemon that was killed.
    pub fn bind(path: &Path) -> Result<Self, ControlError> {
        let path = path.to_owned();
        remove_stale(&path)?;
        let failed = |source| ControlError::Bind { path: path.clone(), source };
        let listener = listen_at(&path).and_then(UnixListener::from_std).map_err(failed)?;
        let own = std::fs::symlink_metadata(&path).map(|file| (file.dev(), file.ino())).map_err(failed)?;
        Ok(Self { listener, path, own: Some(own) })
    }

    /// Takes over a socket that systemd has bound.
    pub fn inherited(listener: net::UnixListener) -> io::Result<Self> {
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
        Ok(Self { listener: UnixListener::from_std(listener)?, path, own: None })
    }

    /// Where the socket is; empty if it has no path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Serves `service` until the drain begins.
    pub async fn serve<S: Service>(self, net: &Net, service: S) {
        net.serve_unix(&self.listener, service).await;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let found = std::fs::symlink_metadata(&self.path).ok().map(|file| (file.dev(), file.ino()));
        if self.own.is_some() && found == self.own {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn listen_at(path: &Path) -> io::Result<net::UnixListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The file takes its mode from the socket, less the umask: were it only set afterwards, anyone could connect before.
    fchmod(&socket, Mode::from_raw_mode(0o660))?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    chmod(path, Mode::from_raw_mode(0o660))?;
    listen(&socket, BACKLOG)?;
    Ok(net::UnixListener::from(socket))
}

/// Removes the socket file at `path` if nobody answers there.
fn remove_stale(path: &Path) -> Result<(), ControlError> {
    let failed = |source| ControlError::Bind { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(file) if !file.file_type().is_socket() => return Err(ControlError::InTheWay { path: path.to_owned() }),
        Ok(_) => {}
    }
    match net::UnixStream::connect(path) {
        Ok(_) => Err(ControlError::Taken { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn replaces_a_dead_socket_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.sock");
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(matches!(Socket::bind(&path), Err(ControlError::Taken { .. })));
        drop(socket);
        assert!(!path.exists());

        drop(net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "as after a kill");
        let socket = Socket::bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let successor = Socket::bind(&path).unwrap();
        drop(socket);
        assert!(path.exists(), "what a successor has bound is not ours to remove");
        drop(successor);

        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(Socket::bind(&path), Err(ControlError::InTheWay { .. })));
        assert!(path.exists());
    }
}
