//! What can go wrong in the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("open the database {path}")]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error(
        "the database {path} was written by a newer Pym (schema {found}, this one knows {known}); install that version again or restore a backup"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("bring the database to schema {version}")]
    Migrate { version: i64, source: rusqlite::Error },
    #[error("copy the database to {path}")]
    Copy { path: PathBuf, source: std::io::Error },
    #[error("run a statement")]
    Statement(#[from] rusqlite::Error),
    #[error("read a stored value: {0}")]
    Corrupt(String),
    #[error("the cursor {0:?} is not one of this list")]
    Cursor(String),
    #[error("the transaction was undone by an earlier failure")]
    NoTransaction,
    #[error("commit: {0}")]
    Commit(Arc<str>),
    #[error("start the writer thread")]
    Thread(#[source] std::io::Error),
    #[error("a write panicked and was undone")]
    Panicked,
    #[error("a query took longer than {} s and was ended", longest.as_secs())]
    TooLong { longest: Duration },
    #[error("the store is closed")]
    Closed,
}
