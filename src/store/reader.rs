//! The readers: a few read-only connections on blocking threads.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::{Rx, StoreError};

/// How many reads run at once; further ones wait.
const READERS: usize = 2;
/// Memory for pages of one reading connection, in KiB.
const CACHE_KIB: u32 = 1024;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let idle = (0..READERS)
            .map(|_| {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(path, flags)?;
                connection.execute_batch(&format!(
                    "PRAGMA query_only=ON; PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-{CACHE_KIB};"
                ))?;
                connection.set_prepared_statement_cache_capacity(64);
                Ok(connection)
            })
            .collect::<Result<Vec<_>, rusqlite::Error>>()
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), turns: Arc::new(Semaphore::new(READERS)) })
    }

    pub(super) async fn run<T, E>(&self, job: impl FnOnce(&Rx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = Arc::clone(&self.idle);
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let connection = lock(&idle).pop().ok_or(StoreError::Closed)?;
            let lease = Lease { connection: Some(connection), idle: &idle };
            lease.read(job)
        })
        .await
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    pub(super) fn close(&self) {
        self.turns.close();
        lock(&self.idle).clear();
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
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
