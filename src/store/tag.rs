//! Tags of devices.

use super::{Rx, StoreError, Tx};

impl Rx<'_> {
    /// Every tag that is in use, by name, and how many devices have it.
    pub fn tags(&self, limit: u32) -> Result<Vec<(String, u64)>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, count(*) FROM tag GROUP BY name ORDER BY name LIMIT ?1")?;
        Ok(statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// A device's tags, by name.
    pub fn tags_of(&self, device: i64) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM tag WHERE device = ?1 ORDER BY name")?;
        Ok(statement.query_map([device], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Adds a tag to a device; again is fine. False when the device had it.
    pub fn add_tag(&self, device: i64, tag: &str) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("INSERT INTO tag (device, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        Ok(statement.execute(rusqlite::params![device, tag])? > 0)
    }

    /// Takes a tag from a device; again is fine. False when the device did not have it.
    pub fn remove_tag(&self, device: i64, tag: &str) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM tag WHERE device = ?1 AND name = ?2")?;
        Ok(statement.execute(rusqlite::params![device, tag])? > 0)
    }
}
