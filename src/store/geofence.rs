//! Geofences, and which devices are inside.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::geofence::{Geofence, NewGeofence, Whereabouts};
use crate::model::id::{DeviceId, GeofenceId};
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT f.number, f.id, f.name, f.description, g.id, f.shape, f.notify, f.created_at,
    (SELECT count(*) FROM geofence_state s WHERE s.geofence = f.number AND s.inside)
    FROM geofence f LEFT JOIN device_group g ON g.number = f.device_group";

/// A geofence that watches a device, and where it saw the device last.
#[derive(Clone, Debug)]
pub struct Watching {
    /// The geofence's number in the store.
    pub number: i64,
    pub geofence: Geofence,
    /// Whether the device was inside; `None` when it was not seen before.
    pub inside: Option<bool>,
}

impl Rx<'_> {
    /// Every geofence, by name.
    pub fn geofences(&self) -> Result<Vec<Geofence>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY f.name"))?;
        collect(statement.query([])?)
    }

    /// The geofence of that id.
    pub fn geofence(&self, id: GeofenceId) -> Result<Option<Geofence>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE f.id = ?1"))?;
        Ok(collect(statement.query([id])?)?.pop())
    }

    /// The geofence of that name, in any letter case.
    pub fn geofence_named(&self, name: &str) -> Result<Option<GeofenceId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM geofence WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// The geofences that watch a device: those of its groups, and those of every device.
    pub fn geofences_watching(&self, device: i64) -> Result<Vec<Watching>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE f.device_group IS NULL
             OR f.device_group IN (SELECT device_group FROM group_member WHERE device = ?1) ORDER BY f.number"
        ))?;
        let mut state =
            self.connection.prepare_cached("SELECT inside FROM geofence_state WHERE geofence = ?1 AND device = ?2")?;
        let mut rows = statement.query([device])?;
        let mut watching = Vec::new();
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let inside = state.query_row([number, device], |row| row.get(0)).optional()?;
            watching.push(Watching { number, geofence: geofence(row)?, inside });
        }
        Ok(watching)
    }

    /// Where a device is by each geofence that watches it and has seen it, by name.
    pub fn whereabouts(&self, device: i64) -> Result<Vec<Whereabouts>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT f.id, f.name, s.inside, s.since FROM geofence_state s JOIN geofence f ON f.number = s.geofence
             WHERE s.device = ?1 ORDER BY f.name",
        )?;
        let row = |row: &Row<'_>| {
            Ok(Whereabouts { geofence: row.get(0)?, name: row.get(1)?, inside: row.get(2)?, since: row.get(3)? })
        };
        Ok(statement.query_map([device], row)?.collect::<Result<_, _>>()?)
    }

    /// The devices inside a geofence, the first to come first: at most `limit`.
    pub fn devices_inside(&self, id: GeofenceId, limit: u32) -> Result<Vec<DeviceId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.id FROM geofence_state s JOIN geofence f ON f.number = s.geofence
             JOIN device d ON d.number = s.device WHERE f.id = ?1 AND s.inside ORDER BY s.since, d.number LIMIT ?2",
        )?;
        Ok(statement.query_map(params![id, limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new geofence.
    pub fn insert_geofence(&self, id: GeofenceId, new: &NewGeofence, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO geofence (id, name, description, device_group, shape, notify, created_at)
                 VALUES (?1, ?2, ?3, (SELECT number FROM device_group WHERE id = ?4), ?5, ?6, ?7)",
            )?
            .execute(params![id, new.name, new.description, new.group, shape(new)?, new.notify, at])?;
        Ok(())
    }

    /// Changes a geofence.
    pub fn update_geofence(&self, id: GeofenceId, new: &NewGeofence) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE geofence SET name = ?2, description = ?3, shape = ?5, notify = ?6,
                     device_group = (SELECT number FROM device_group WHERE id = ?4) WHERE id = ?1",
            )?
            .execute(params![id, new.name, new.description, new.group, shape(new)?, new.notify])?;
        Ok(())
    }

    /// Deletes a geofence, and forgets who was inside.
    pub fn delete_geofence(&self, id: GeofenceId) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM geofence WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Forgets who was inside: the area is another.
    pub fn forget_whereabouts(&self, id: GeofenceId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM geofence_state WHERE geofence = (SELECT number FROM geofence WHERE id = ?1)")?
            .execute([id])?;
        Ok(())
    }

    /// Notes on which side of a geofence a device is.
    pub fn set_whereabouts(&self, geofence: i64, device: i64, inside: bool, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO geofence_state (geofence, device, inside, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET inside = excluded.inside, since = excluded.since",
            )?
            .execute(params![geofence, device, inside, at])?;
        Ok(())
    }
}

fn shape(new: &NewGeofence) -> Result<String, StoreError> {
    serde_json::to_string(&new.shape).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Geofence>, StoreError> {
    let mut geofences = Vec::new();
    while let Some(row) = rows.next()? {
        geofences.push(geofence(row)?);
    }
    Ok(geofences)
}

fn geofence(row: &Row<'_>) -> Result<Geofence, StoreError> {
    let shape = serde_json::from_str(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?);
    Ok(Geofence {
        id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        group: row.get(4)?,
        shape: shape.map_err(|error| StoreError::Corrupt(format!("the shape of a geofence: {error}")))?,
        notify: row.get(6)?,
        created_at: row.get(7)?,
        inside: row.get(8)?,
    })
}
