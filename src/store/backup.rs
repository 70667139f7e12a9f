//! Copies of the database while it is in use.

use std::path::Path;

use super::{Rx, StoreError};

impl Rx<'_> {
    /// See [`super::Store::copy_to`].
    pub(super) fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        let mut copy = rusqlite::Connection::open(target)
            .map_err(|source| StoreError::Open { path: target.to_owned(), source })?;
        let backup = rusqlite::backup::Backup::new(self.connection, &mut copy)?;
        backup.run_to_completion(i32::MAX, std::time::Duration::ZERO, None)?;
        drop(backup);
        // A backup is one file: no log beside it.
        copy.execute_batch("PRAGMA journal_mode=DELETE;")?;
        Ok(())
    }
}
