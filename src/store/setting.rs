//! Settings that people change while the site runs.

use rusqlite::params;

use super::{Rx, StoreError, Tx};
use crate::model::setting::{AreaSettings, Setting};

impl Rx<'_> {
    /// The settings of an area, by name.
    pub fn settings(&self, area: &str) -> Result<AreaSettings, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, value, content_type FROM setting WHERE area = ?1 ORDER BY name")?;
        let rows = statement.query_map([area], |row| {
            Ok(Setting { name: row.get(0)?, value: row.get(1)?, content_type: row.get(2)? })
        })?;
        Ok(AreaSettings(rows.collect::<Result<_, _>>()?))
    }
}

impl Tx<'_> {
    /// Puts these settings in the place of all of the area's.
    pub fn put_settings(&self, area: &str, settings: &[Setting]) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM setting WHERE area = ?1")?.execute([area])?;
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO setting (area, name, value, content_type) VALUES (?1, ?2, ?3, ?4)")?;
        for setting in settings {
            statement.execute(params![area, setting.name, setting.value, setting.content_type])?;
        }
        Ok(())
    }
}
