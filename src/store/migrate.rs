//! Opening the database: pragmas, and the way from any older schema to this one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Schema `n` is reached by running entry `n - 1`; a released entry never changes.
const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql"), include_str!("migrations/0003.sql")];

/// Opens the database for writing and brings it up to date. Before an existing database is changed, it is copied to
/// `<name>.v<old schema>` beside it.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(failed)?;
    // Hashes of passwords and tokens are nobody else's business; the log beside it takes its mode from the database.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|source| StoreError::Copy { path: path.to_owned(), source })?;
    // auto_vacuum only takes effect before the first table; the log is made small again after a burst.
    connection
        .execute_batch(
            "PRAGMA busy_timeout=5000; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=4194304;
             PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048;",
        )
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(256);
    super::query::teach(&connection).map_err(failed)?;
    let found: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    if found > 0 && found < known {
        copy_aside(&connection, path, found)?;
    }
    for (version, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        step(&mut connection, version, sql).map_err(|source| StoreError::Migrate { version, source })?;
    }
    Ok(connection)
}

fn step(connection: &mut Connection, version: i64, sql: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

/// The copy is complete or absent: it is written under another name and renamed.
fn copy_aside(connection: &Connection, path: &Path, version: i64) -> Result<(), StoreError> {
    let target = path.with_extension(format!("db.v{version}"));
    let unfinished = path.with_extension(format!("db.v{version}.part"));
    let failed = |source| StoreError::Copy { path: target.clone(), source };
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    connection
        .execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])
        .map_err(|source| StoreError::Migrate { version, source })?;
    std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    std::fs::rename(&unfinished, &target).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_new_database_and_finds_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.db");
        drop(open(&path).unwrap());
        let connection = open(&path).unwrap();
        let version: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
        assert_eq!(version, 3);
        let synchronous: i64 = connection.query_row("PRAGMA synchronous", (), |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2, "FULL");
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.db");
        open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("newer Pym (schema 99"), "{error}");
    }

    #[test]
    fn a_copy_is_made_before_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.db");
        let connection = open(&path).unwrap();
        copy_aside(&connection, &path, 1).unwrap();
        copy_aside(&connection, &path, 1).unwrap();
        let copy = Connection::open(path.with_extension("db.v1")).unwrap();
        let version: i64 = copy.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
        assert_eq!(version, 3);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pym.db");
        std::fs::write(&path, "x".repeat(4096)).unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("pym.db"));
    }
}
