//! What is installed on devices.

use std::collections::HashMap;

use rusqlite::{Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::application::Application;

impl Rx<'_> {
    /// What is installed on a device, by package.
    pub fn applications(&self, device: i64) -> Result<Vec<Application>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT package, name, version, system, active, memory, reported_at FROM application WHERE device = ?1
             ORDER BY package",
        )?;
        Ok(statement.query_map([device], application)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Makes these the applications of a device. Those that are as they were are not written. Returns whether any was.
    pub fn replace_applications(&self, device: i64, applications: &[Application]) -> Result<bool, StoreError> {
        let mut known: HashMap<String, Application> =
            self.applications(device)?.into_iter().map(|known| (known.package.clone(), known)).collect();
        let mut insert = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO application (device, package, name, version, system, active, memory, reported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let mut changed = false;
        for new in applications {
            let same = |known: Application| Application { reported_at: new.reported_at, ..known } == *new;
            if known.remove(&new.package).is_some_and(same) {
                continue;
            }
            changed = true;
            insert.execute(params![
                device,
                new.package,
                new.name,
                new.version,
                new.system,
                new.active,
                new.memory,
                new.reported_at,
            ])?;
        }
        let mut delete =
            self.connection.prepare_cached("DELETE FROM application WHERE device = ?1 AND package = ?2")?;
        for package in known.keys() {
            changed = true;
            delete.execute(params![device, package])?;
        }
        Ok(changed)
    }
}

fn application(row: &Row<'_>) -> rusqlite::Result<Application> {
    Ok(Application {
        package: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        system: row.get(3)?,
        active: row.get(4)?,
        memory: row.get(5)?,
        reported_at: row.get(6)?,
    })
}
