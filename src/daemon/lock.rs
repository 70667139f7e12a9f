//! One daemon a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Why the data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another pymd{} runs on the data directory {}", holder.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Held { path: PathBuf, holder: Option<u32> },
    #[error("cannot lock the data directory {}", path.display())]
    Failed { path: PathBuf, source: io::Error },
}

/// The lock on a data directory, which the kernel takes back from a process that dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks `data_dir`, which has to be there.
    pub(super) fn take(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join("pymd.lock");
        let failed = |source| LockError::Failed { path: data_dir.to_owned(), source };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).mode(0o600).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Ten digits are the longest process number; what else may be there is no number.
                drop(file.take(16).read_to_string(&mut pid));
                return Err(LockError::Held { path: data_dir.to_owned(), holder: pid.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let error = Lock::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
