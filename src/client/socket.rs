//! Where the control socket may be.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, lstat};
use rustix::process::geteuid;

/// The variable that names the socket, for the daemon and for its clients.
pub const VARIABLE: &str = "PYM_LISTEN_CONTROL";
/// Where a daemon that was installed with the board listens.
pub const SYSTEM: &str = "/run/pym/pym.sock";

/// The sockets to try, in this order: `given` alone; else the one that `PYM_LISTEN_CONTROL` names alone; else
/// `/run/pym/pym.sock`, `$XDG_RUNTIME_DIR/pym/pym.sock`, and `/tmp/pym-<uid>/pym.sock` if that directory is the caller's.
#[must_use]
pub fn candidates(given: Option<PathBuf>) -> Vec<PathBuf> {
    let temporary = PathBuf::from(format!("/tmp/pym-{}", geteuid().as_raw()));
    search(
        given,
        env::var_os(VARIABLE).as_deref(),
        env::var_os("XDG_RUNTIME_DIR").as_deref(),
        Some(temporary).filter(|dir| is_own(dir)),
    )
}

fn search(
    given: Option<PathBuf>,
    variable: Option<&OsStr>,
    runtime_dir: Option<&OsStr>,
    temporary: Option<PathBuf>,
) -> Vec<PathBuf> {
    if let Some(path) = given.or_else(|| variable.filter(|path| !path.is_empty()).map(PathBuf::from)) {
        return vec![path];
    }
    // The XDG base directory specification has relative paths ignored.
    let runtime_dir = runtime_dir.map(Path::new).filter(|dir| dir.is_absolute()).map(|dir| dir.join("pym"));
    let below = [runtime_dir, temporary].into_iter().flatten().map(|dir| dir.join("pym.sock"));
    [PathBuf::from(SYSTEM)].into_iter().chain(below).collect()
}

/// Whether a directory is the caller's and closed to others: anyone may make one in `/tmp` and wait for secrets.
fn is_own(dir: &Path) -> bool {
    lstat(dir).is_ok_and(|facts| {
        let open = Mode::from_raw_mode(facts.st_mode).intersects(Mode::WGRP | Mode::WOTH);
        FileType::from_raw_mode(facts.st_mode).is_dir() && facts.st_uid == geteuid().as_raw() && !open
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(given: Option<&str>, variable: Option<&str>, runtime_dir: Option<&str>) -> Vec<String> {
        let temporary = Some(PathBuf::from("/tmp/pym-1000"));
        search(given.map(PathBuf::from), variable.map(OsStr::new), runtime_dir.map(OsStr::new), temporary)
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
    fn a_directory_that_others_may_write_is_not_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        assert!(is_own(dir.path()));
        rustix::fs::chmod(dir.path(), Mode::from_raw_mode(0o777)).unwrap();
        assert!(!is_own(dir.path()));
        assert!(!is_own(&dir.path().join("missing")));
    }
}
