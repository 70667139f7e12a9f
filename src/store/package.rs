//! Application packages: what is known of them; their bytes are files.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::id::PackageId;
use crate::model::package::Package;

const SELECT: &str =
    "SELECT id, file, name, identifier, version, size, lower(hex(sha256)), uploaded_by, uploaded_at FROM package";

impl Rx<'_> {
    /// Every package, by identifier, the newest upload of each first.
    pub fn packages(&self) -> Result<Vec<Package>, StoreError> {
        let sql = format!("{SELECT} ORDER BY identifier, uploaded_at DESC");
        Ok(self.connection.prepare_cached(&sql)?.query_map((), package)?.collect::<Result<_, _>>()?)
    }

    /// The package of that id.
    pub fn package(&self, id: PackageId) -> Result<Option<Package>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        Ok(statement.query_row([id], package).optional()?)
    }

    /// The package with that name in URLs.
    pub fn package_of_file(&self, file: &str) -> Result<Option<Package>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE file = ?1"))?;
        Ok(statement.query_row([file], package).optional()?)
    }
}

impl Tx<'_> {
    /// Writes a new package; `sha256` is what its hex stands for.
    pub fn insert_package(&self, package: &Package, sha256: [u8; 32]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO package (id, file, name, identifier, version, size, sha256, uploaded_by, uploaded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                package.id,
                package.file,
                package.name,
                package.identifier,
                package.version,
                package.size,
                sha256,
                package.uploaded_by,
                package.uploaded_at,
            ])?;
        Ok(())
    }

    /// Forgets a package.
    pub fn delete_package(&self, id: PackageId) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM package WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

fn package(row: &Row<'_>) -> rusqlite::Result<Package> {
    Ok(Package {
        id: row.get(0)?,
        file: row.get(1)?,
        name: row.get(2)?,
        identifier: row.get(3)?,
        version: row.get(4)?,
        size: row.get(5)?,
        sha256: row.get(6)?,
        uploaded_by: row.get(7)?,
        uploaded_at: row.get(8)?,
    })
}
