//! Custom device types, as JSON.

use rusqlite::params;

use super::{Rx, StoreError, Tx};
use crate::model::device_type::DeviceType;
use crate::model::timestamp::Timestamp;

impl Rx<'_> {
    /// Every custom device type, by name.
    pub fn device_types(&self) -> Result<Vec<DeviceType>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT name, definition FROM device_type ORDER BY name")?;
        let rows = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (name, definition) = row?;
            serde_json::from_str(&definition)
                .map_err(|error| StoreError::Corrupt(format!("device type {name}: {error}")))
        })
        .collect()
    }

    /// How many devices of the type there are, removed ones included.
    pub fn devices_of_type(&self, name: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM device WHERE type = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Writes a custom device type, new or in place of the one of its name.
    pub fn put_device_type(&self, device_type: &DeviceType, at: Timestamp) -> Result<(), StoreError> {
        let definition = serde_json::to_string(device_type)
            .map_err(|error| StoreError::Corrupt(format!("device type {}: {error}", device_type.name)))?;
        self.connection
            .prepare_cached(
                "INSERT INTO device_type (name, definition, created_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET definition = excluded.definition",
            )?
            .execute(params![device_type.name, definition, at])?;
        Ok(())
    }

    /// Deletes a custom device type.
    pub fn delete_device_type(&self, name: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM device_type WHERE name = ?1")?.execute([name])?;
        Ok(())
    }
}
