//! The file system of the data directory.

use std::path::Path;

use crate::model::host::Space;

/// Used and usable bytes of the file system `path` is on; the root user's reserve is neither, as in df(1).
pub(super) fn space(path: &Path) -> Option<Space> {
    let found = rustix::fs::statvfs(path).ok()?;
    let used = found.f_blocks.saturating_sub(found.f_bfree);
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Space { used: bytes(used), total: bytes(used.saturating_add(found.f_bavail)) })
}
