//! Where data and the control socket are: the system's directories, or the user's own without root. The clients look for
//! the socket in the same places (`client::socket`).

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, Mode, access};
use rustix::process::geteuid;

const SYSTEM_DATA: &str = "/var/lib/pym";
const SYSTEM_RUNTIME: &str = "/run/pym";
const SOCKET_NAME: &str = "pym.sock";
/// The most bytes of a socket's path: `sun_path` less the NUL (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

/// What of the process decides about paths.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    system_data: PathBuf,
    system_runtime: PathBuf,
    home: Option<PathBuf>,
    state_home: Option<PathBuf>,
    runtime_dir: Option<PathBuf>,
    temporary: PathBuf,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        // XDG Base Directory Specification 0.8: relative paths are invalid and ignored.
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            system_data: SYSTEM_DATA.into(),
            system_runtime: SYSTEM_RUNTIME.into(),
            home: absolute("HOME"),
            state_home: absolute("XDG_STATE_HOME"),
            runtime_dir: absolute("XDG_RUNTIME_DIR"),
            temporary: "/tmp".into(),
        }
    }

    /// The data directory when none is set. Creates nothing.
    pub(super) fn data_dir(&self, notes: &mut Vec<String>) -> Result<PathBuf, String> {
        if is_usable(&self.system_data) {
            return Ok(self.system_data.clone());
        }
        let state = self.state_home.clone().or_else(|| self.home.as_ref().map(|home| home.join(".local/state")));
        let dir = state.map(|state| state.join("pym")).ok_or_else(|| {
            let system = self.system_data.display();
            format!("{system} cannot be written and there is no home directory: set PYM_DATA_DIR")
        })?;
        notes.push(format!("cannot write {}: the data directory is {}", self.system_data.display(), dir.display()));
        Ok(dir)
    }

    /// The control socket when none is set. Creates nothing.
    pub(super) fn control_socket(&self, notes: &mut Vec<String>) -> PathBuf {
        if is_usable(&self.system_runtime) {
            return self.system_runtime.join(SOCKET_NAME);
        }
        let dir = self.user_runtime().filter(|dir| is_usable(dir)).unwrap_or_else(|| self.temporary_runtime());
        let socket = dir.join(SOCKET_NAME);
        let system = self.system_runtime.display();
        notes.push(format!("cannot write {system}: the control socket is {}", socket.display()));
        socket
    }

    fn user_runtime(&self) -> Option<PathBuf> {
        self.runtime_dir.as_ref().map(|dir| dir.join("pym"))
    }

    fn temporary_runtime(&self) -> PathBuf {
        self.temporary.join(format!("pym-{}", geteuid().as_raw()))
    }
}

/// Makes the directory of the control socket, for its owner and group alone, where it is missing.
///
/// The one in `/tmp`, where anyone might have made it first, must be the caller's own and closed to all others.
///
/// # Errors
/// When it cannot be made or is not safe.
pub fn prepare_socket_dir(socket: &Path) -> io::Result<()> {
    let Some(dir) = socket.parent().filter(|dir| !dir.as_os_str().is_empty()) else { return Ok(()) };
    let temporary = dir == Environment::of_process().temporary_runtime();
    let mode = if temporary { 0o700 } else { 0o750 };
    DirBuilder::new().recursive(!temporary).mode(mode).create(dir).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(error),
    })?;
    if temporary { check_owner(dir) } else { Ok(()) }
}

/// Checks that a path fits into a Unix socket's address.
pub(super) fn check_socket_path(path: &Path) -> Result<(), String> {
    match path.as_os_str().as_bytes().len() {
        1..=MAX_SOCKET_PATH => Ok(()),
        length => Err(format!("the path of a socket has 1 to {MAX_SOCKET_PATH} bytes, not {length}")),
    }
}

/// A real directory of the caller's own that nobody else may enter.
fn check_owner(dir: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(dir)?;
    let open = Mode::from_raw_mode(found.mode()).intersects(Mode::RWXG | Mode::RWXO);
    if found.is_dir() && found.uid() == geteuid().as_raw() && !open {
        return Ok(());
    }
    let message = format!("{} is not a directory that belongs to this user alone", dir.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Whether the directory can be written, or made.
fn is_usable(dir: &Path) -> bool {
    dir.ancestors()
        .find(|ancestor| ancestor.symlink_metadata().is_ok())
        .is_some_and(|ancestor| ancestor.is_dir() && access(ancestor, Access::WRITE_OK | Access::EXEC_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn environment(root: &Path) -> Environment {
        // A file in the way makes a directory unusable even for root.
        fs::write(root.join("file"), "").unwrap();
        Environment {
            system_data: root.join("file/pym"),
            system_runtime: root.join("file/run"),
            home: Some(root.join("home")),
            state_home: None,
            runtime_dir: Some(root.join("runtime")),
            temporary: root.to_owned(),
        }
    }

    #[test]
    fn what_cannot_be_written_is_replaced_and_said() {
        let root = tempfile::tempdir().unwrap();
        let mut environment = environment(root.path());
        let mut notes = Vec::new();
        assert_eq!(environment.data_dir(&mut notes).unwrap(), root.path().join("home/.local/state/pym"));
        assert_eq!(environment.control_socket(&mut notes), root.path().join("runtime/pym/pym.sock"));
        assert_eq!(notes.len(), 2, "{notes:?}");

        environment.state_home = Some(root.path().join("state"));
        environment.runtime_dir = None;
        assert_eq!(environment.data_dir(&mut notes).unwrap(), root.path().join("state/pym"));
        let own = format!("pym-{}/pym.sock", geteuid().as_raw());
        assert_eq!(environment.control_socket(&mut notes), root.path().join(own));

        (environment.state_home, environment.home) = (None, None);
        assert!(environment.data_dir(&mut notes).unwrap_err().contains("PYM_DATA_DIR"));
    }

    #[test]
    fn the_systems_directories_come_first_and_silently() {
        let root = tempfile::tempdir().unwrap();
        let mut environment = environment(root.path());
        environment.system_data = root.path().join("var/lib/pym");
        environment.system_runtime = root.path().join("run/pym");
        let mut notes = Vec::new();
        assert_eq!(environment.data_dir(&mut notes).unwrap(), environment.system_data);
        assert_eq!(environment.control_socket(&mut notes), environment.system_runtime.join("pym.sock"));
        assert!(notes.is_empty() && !environment.system_data.exists());
    }

    #[test]
    fn the_sockets_directory_is_made_for_owner_and_group() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("a/b/pym.sock");
        prepare_socket_dir(&socket).unwrap();
        prepare_socket_dir(&socket).unwrap();
        assert_eq!(fs::metadata(root.path().join("a/b")).unwrap().mode() & 0o007, 0);
        let private = root.path().join("private");
        DirBuilder::new().mode(0o700).create(&private).unwrap();
        check_owner(&private).unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(check_owner(&private).is_err());
        assert!(check_owner(&root.path().join("missing")).is_err());
        assert!(check_socket_path(Path::new(&"x".repeat(108))).is_err());
        assert!(check_socket_path(&socket).is_ok());
    }
}
