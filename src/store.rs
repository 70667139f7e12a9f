//! The store: one SQLite database, one writer thread that commits in groups, a few read-only readers.
//!
//! A write is a closure over [`Tx`]; it runs in a savepoint of its own, so that its failure spares its neighbours, and
//! its answer is given after the group's commit. Nothing else in Pym knows SQL.

mod application;
mod audit;
mod backup;
mod certificate;
mod compliance;
mod device;
mod device_list;
mod device_type;
mod enrollment_token;
mod error;
mod geofence;
mod group;
mod location;
mod meta;
mod migrate;
mod mqtt;
mod notification;
mod oauth;
mod operation;
mod package;
mod policy;
mod query;
mod reader;
mod role;
mod row;
mod saved_view;
mod second_factor;
mod session;
mod setting;
mod tag;
mod telemetry;
mod token;
mod user;
mod writer;

use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

pub use certificate::NewCertificate;
pub use device::OwnDevice;
pub use error::StoreError;
pub use oauth::{ClientRow, Holder, Revoked, TokenKind, TokenRow};
pub use second_factor::SecondFactorRow;
pub use session::SessionRow;
pub use user::UserRow;
pub use writer::{Flush, MAX_QUEUED, Ticket, WriterStats};

use reader::{READERS, Readers};
use writer::Writer;

/// A handle to the store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    /// One reader for credentials alone, so that no list keeps people and devices from coming in.
    doorkeeper: Readers,
}

/// A consistent view of the store for reading.
#[derive(Debug)]
pub struct Rx<'c> {
    connection: &'c Connection,
}

/// A savepoint of the writer: reads as [`Rx`] does, and writes.
#[derive(Debug)]
pub struct Tx<'c> {
    rx: Rx<'c>,
    events: &'c Events,
}

/// What makes the ids of events.
#[derive(Debug, Default)]
struct Events {
    /// Random, the same as long as the store is open.
    run: i64,
    /// The id given last.
    last: Cell<i64>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Rx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.rx
    }
}

/// Cuts `rows`, read with one more than `limit`, down to a page; returns its last row when there is a next page.
fn cut_page<T>(rows: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more)
}

impl Store {
    /// Opens the database file, making it or bringing it up to date first (with a copy of the old one beside it).
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = migrate::open(path)?;
        let writer = Writer::start(connection)?;
        let readers = Readers::open(path, READERS)?;
        let doorkeeper = Readers::open(path, 1)?;
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), writer, readers, doorkeeper }) })
    }

    /// Runs `job` in a savepoint of the next group and answers after the group's commit. An error of the job undoes
    /// the job alone.
    ///
    /// # Errors
    /// The job's own error, or [`StoreError`] when the group could not be committed or the store is closed.
    pub async fn write<T, E>(
        &self,
        flush: Flush,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit(flush, job).await?.wait().await
    }

    /// As [`Store::write`], but returns once the job is queued: the ticket waits for the commit. Jobs run in the order
    /// in which they were queued.
    ///
    /// # Errors
    /// [`StoreError::Closed`] when the store is closed.
    pub async fn submit<T, E>(
        &self,
        flush: Flush,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Ticket<T, E>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit(flush, job).await
    }

    /// Runs `job` on a read-only connection; every statement of it sees the same state.
    ///
    /// # Errors
    /// The job's own error, or [`StoreError`] when no reader could be had, or the read took longer than ten seconds.
    pub async fn read<T, E>(&self, job: impl FnOnce(&Rx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.readers.run(job).await
    }

    /// As [`Store::read`], for looking up who calls, and for nothing that takes long.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn identify<T, E>(&self, job: impl FnOnce(&Rx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.doorkeeper.run(job).await
    }

    /// Writes a compact, consistent copy of the database to `target`, which must not exist, however long that takes.
    ///
    /// # Errors
    /// When the copy cannot be written; what there is of it is left for the caller to remove.
    pub async fn copy_to(&self, target: PathBuf) -> Result<(), StoreError> {
        self.inner.readers.run_within(Duration::MAX, move |rx| rx.copy_to(&target)).await
    }

    /// What the writer has done since the start.
    #[must_use]
    pub fn stats(&self) -> WriterStats {
        self.inner.writer.stats()
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Commits what is queued, ends the writer and folds the write-ahead log into the database. Later calls fail.
    pub async fn close(&self) {
        self.inner.readers.close();
        self.inner.doorkeeper.close();
        self.inner.writer.close().await;
    }
}

#[cfg(test)]
impl Tx<'_> {
    /// Undoes the whole transaction, as SQLite does after some failures of the disk.
    pub(crate) fn lose_transaction(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }
}
