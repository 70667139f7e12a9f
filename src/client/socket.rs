//! Where the control socket may be.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The variable that names the socket, for the daemon and for its clients.
pub const VARIABLE: &str = "PYM_LISTEN_CONTROL";
/// Where a daemon that was installed with the board listens.
pub const SYSTEM: &str = "/run/pym/pym.sock";

/// The sockets to try, in this order: `given` alone; else the one that `PYM_LISTEN_CONTROL` names alone; else
/// `/run/pym/pym.sock`, `$XDG_RUNTIME_DIR/pym/pym.sock` and `/tmp/pym-<uid>/pym.sock`.
#[must_use]
pub fn candidates(given: Option<PathBuf>) -> Vec<PathBuf> {
    search(
        given,
        env::var_os(VARIABLE).as_deref(),
        env::var_os("XDG_RUNTIME_DIR").as_deref(),
        rustix::process::geteuid().as_raw(),
    )
}

fn search(given: Option<PathBuf>, variable: Option<&OsStr>, runtime_dir: Option<&OsStr>, uid: u32) -> Vec<PathBuf> {
    if let Some(path) = given.or_else(|| variable.filter(|path| !path.is_empty()).map(PathBuf::from)) {
        return vec![path];
    }
    let mut paths = vec![PathBuf::from(SYSTEM)];
    // The XDG base directory specification ignores relative paths.
    if let Some(dir) = runtime_dir.map(Path::new).filter(|dir| dir.is_absolute()) {
        paths.push(dir.join("pym/pym.sock"));
    }
    paths.push(PathBuf::from(format!("/tmp/pym-{uid}/pym.sock")));
    paths
}

/// Whether the directory of a socket below `/tmp` is nobody else's: anyone may make one there and wait for secrets.
pub(super) fn is_trusted(path: &Path) -> bool {
    let Some(dir) = path.parent().filter(|_| path.starts_with("/tmp/")) else { return true };
    rustix::fs::lstat(dir).map_or(true, |facts| {
        let own = [0, rustix::process::geteuid().as_raw()].contains(&facts.st_uid);
        own && rustix::fs::FileType::from_raw_mode(facts.st_mode).is_dir()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(given: Option<&str>, variable: Option<&str>, runtime_dir: Option<&str>) -> Vec<String> {
        search(given.map(PathBuf::from), variable.map(OsStr::new), runtime_dir.map(OsStr::new), 1000)
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn what_was_named_is_the_only_one_tried() {
        assert_eq!(paths(Some("/a"), Some("/b"), Some("/run/user/1000")), ["/a"]);
        assert_eq!(paths(None, Some("/b"), Some("/run/user/1000")), ["/b"]);
    }

    #[test]
    fn else_the_board_then_the_user() {
        assert_eq!(
            paths(None, Some(""), Some("/run/user/1000")),
            ["/run/pym/pym.sock", "/run/user/1000/pym/pym.sock", "/tmp/pym-1000/pym.sock"]
        );
        assert_eq!(paths(None, None, Some("relative")), ["/run/pym/pym.sock", "/tmp/pym-1000/pym.sock"]);
    }

    #[test]
    fn a_socket_below_tmp_is_trusted_in_a_directory_of_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        assert!(is_trusted(&dir.path().join("pym.sock")));
        assert!(is_trusted(Path::new("/run/pym/pym.sock")));
        assert!(is_trusted(Path::new("/tmp/pym-no-such-directory/pym.sock")), "its absence is told when it is opened");
    }
}
