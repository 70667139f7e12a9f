//! The readers: a few read-only connections on blocking threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, OpenFlags};
use tokio::sync::Semaphore;

use super::{Rx, StoreError};

/// How many reads run at once; further ones wait.
pub(super) const READERS: usize = 2;
/// The longest a read may take before it is ended, so that no query can keep the others from their turn for ever.
const LONGEST_READ: Duration = Duration::from_secs(10);
/// Memory for pages of one reading connection, in KiB.
const CACHE_KIB: u32 = 1024;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    /// `count` connections.
    pub(super) fn open(path: &Path, count: usize) -> Result<Self, StoreError> {
        let idle = (0..count)
            .map(|_| {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(path, flags)?;
                connection.execute_batch(&format!(
                    "PRAGMA query_only=ON; PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-{CACHE_KIB};"
                ))?;
                super::query::teach(&connection)?;
                connection.set_prepared_statement_cache_capacity(64);
                Ok(connection)
            })
            .collect::<Result<Vec<_>, rusqlite::Error>>()
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), turns: Arc::new(Semaphore::new(count)) })
    }

    /// Runs `job` and ends it when it takes longer than [`LONGEST_READ`].
    pub(super) async fn run<T, E>(&self, job: impl FnOnce(&Rx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run_within(LONGEST_READ, job).await
    }

    /// As [`Readers::run`], for as long as that; a copy of the whole database takes its time.
    pub(super) async fn run_within<T, E>(
        &self,
        longest: Duration,
        job: impl FnOnce(&Rx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let connection = lock(&idle).pop().ok_or(StoreError::Closed)?;
        let mut end = End(Some(connection.get_interrupt_handle()));
        let mut reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let lease = Lease { connection: Some(connection), idle: &idle };
            lease.read(job)
        });
        if let Ok(read) = tokio::time::timeout(longest, &mut reading).await {
            end.0 = None;
            return read.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        }
        drop(end);
        match reading.await {
            Ok(Ok(late)) => Ok(late),
            _ => Err(StoreError::TooLong { longest }.into()),
        }
    }

    pub(super) fn close(&self) {
        self.turns.close();
        lock(&self.idle).clear();
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the query when it takes too long, or when whoever asked has gone.
struct End(Option<InterruptHandle>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(query) = &self.0 {
            query.interrupt();
        }
    }
}

/// Gives the connection back however the read ends.
struct Lease<'i> {
    connection: Option<Connection>,
    idle: &'i Mutex<Vec<Connection>>,
}

impl Lease<'_> {
    fn read<T, E: From<StoreError>>(&self, job: impl FnOnce(&Rx<'_>) -> Result<T, E>) -> Result<T, E> {
        let connection = self.connection.as_ref().ok_or(StoreError::Closed)?;
        // One transaction, so that all statements of the job see one state.
        let transaction = connection.unchecked_transaction().map_err(StoreError::from)?;
        let result = job(&Rx { connection: &transaction })?;
        transaction.finish().map_err(StoreError::from)?;
        Ok(result)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            lock(self.idle).push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_query_without_end_is_ended_and_the_connection_serves_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.db");
        drop(super::super::migrate::open(&path).unwrap());
        let readers = Readers::open(&path, READERS).unwrap();
        for _ in 0..=READERS {
            let endless = |rx: &Rx<'_>| {
                const SQL: &str =
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
                Ok::<i64, StoreError>(rx.connection.query_row(SQL, (), |row| row.get(0))?)
            };
            let ended = readers.run_within(Duration::from_millis(50), endless).await;
            assert!(matches!(ended, Err(StoreError::TooLong { .. })), "{ended:?}");
        }
        assert_eq!(readers.run(|rx| rx.meta("nothing")).await.unwrap(), None);
    }
}
