//! Devices, their enrollments, properties and status changes. The list is in `list`.

pub(super) mod list;
mod note;

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::device::{Device, DeviceStatus, Enrollment, MAX_STATUS_CHANGES, Property, StatusChange};
use crate::model::id::{DeviceId, EnrollmentId};
use crate::model::timestamp::Timestamp;

pub(super) const COLUMNS: &str =
    "d.number, d.id, d.type, d.identifier, d.name, d.description, d.owner, d.ownership, d.status,
    d.enrolled_at, d.updated_at, d.last_seen_at";

/// Whether a device `d` is a person's own; the person's name is bound twice.
pub(super) const OWN: &str = "d.owner = ? OR d.number IN (SELECT m.device FROM user u JOIN user_role r ON r.user = u.id
    JOIN group_role g ON g.role = r.role JOIN group_member m ON m.device_group = g.device_group WHERE u.name = ?)";

/// What of a device tells whose it is.
#[derive(Clone, Copy, Debug)]
pub struct OwnDevice {
    pub id: DeviceId,
    pub status: DeviceStatus,
    /// By ownership, not only through a group.
    pub owned: bool,
}

impl Rx<'_> {
    /// The device of that id, removed ones included.
    pub fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM device d WHERE d.id = ?1"))?;
        Ok(statement.query_row([id], device).optional()?)
    }

    /// The device of that type and identifier, removed ones included.
    pub fn find_device(&self, device_type: &str, identifier: &str) -> Result<Option<Device>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM device d WHERE d.type = ?1 AND d.identifier = ?2"))?;
        Ok(statement.query_row([device_type, identifier], device).optional()?)
    }

    /// A device's row number.
    pub fn device_number(&self, id: DeviceId) -> Result<Option<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT number FROM device WHERE id = ?1")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Whether the device is the own of the person of that name, by ownership or through a group shared with them.
    pub fn is_own(&self, device: i64, name: &str) -> Result<bool, StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM device d WHERE ({OWN}) AND d.number = ?)");
        Ok(self.connection.prepare_cached(&sql)?.query_row(params![name, name, device], |row| row.get(0))?)
    }

    /// The devices of that identifier, whatever their types, that are not removed: at most `limit`.
    pub fn devices_identified(&self, identifier: &str, limit: u32) -> Result<Vec<DeviceId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM device WHERE identifier = ?1 AND status <> 'REMOVED' ORDER BY number LIMIT ?2",
        )?;
        Ok(statement.query_map(params![identifier, limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The own devices of the person of that name, at most `limit`.
    pub fn own_devices(&self, name: &str, limit: u32) -> Result<Vec<OwnDevice>, StoreError> {
        let own = OWN.replace("= ?", "= ?1");
        let sql = format!("SELECT d.id, d.status, d.owner = ?1 FROM device d WHERE {own} LIMIT ?2");
        let read = |row: &Row<'_>| Ok(OwnDevice { id: row.get(0)?, status: row.get(1)?, owned: row.get(2)? });
        Ok(self.connection.prepare_cached(&sql)?.query_map(params![name, limit], read)?.collect::<Result<_, _>>()?)
    }

    /// How many devices a person owns, removed ones included.
    pub fn count_owned(&self, owner: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM device WHERE owner = ?1")?;
        Ok(statement.query_row([owner], |row| row.get(0))?)
    }

    /// How many devices have each status.
    pub fn device_counts(&self) -> Result<Vec<(DeviceStatus, u64)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT status, count(*) FROM device GROUP BY status")?;
        Ok(statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Devices of a status last heard before a time (those never heard count from their enrollment), at most `limit`.
    pub fn silent_devices(
        &self,
        status: DeviceStatus,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Device>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM device d WHERE d.status = ?1 AND coalesce(d.last_seen_at, d.enrolled_at) < ?2 LIMIT ?3"
        ))?;
        Ok(statement.query_map(params![status, before, limit], device)?.collect::<Result<_, _>>()?)
    }

    /// A device's properties, by name.
    pub fn properties(&self, device: i64) -> Result<Vec<Property>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, value FROM property WHERE device = ?1 ORDER BY name")?;
        let rows = statement.query_map([device], |row| Ok(Property { name: row.get(0)?, value: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A device's status changes, newest first.
    pub fn status_history(&self, device: i64, limit: u32) -> Result<Vec<StatusChange>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, from_status, to_status, changed_by, reason FROM status_change WHERE device = ?1
             ORDER BY id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![device, limit], |row| {
            Ok(StatusChange {
                at: row.get(0)?,
                from: row.get(1)?,
                to: row.get(2)?,
                by: row.get(3)?,
                reason: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A device's enrollments, newest first.
    pub fn enrollments(&self, device: i64) -> Result<Vec<Enrollment>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, owner, ownership, enrolled_at, ended_at FROM enrollment WHERE device = ?1
             ORDER BY enrolled_at DESC, id DESC LIMIT 100",
        )?;
        let rows = statement.query_map([device], |row| {
            Ok(Enrollment {
                id: row.get(0)?,
                owner: row.get(1)?,
                ownership: row.get(2)?,
                enrolled_at: row.get(3)?,
                ended_at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new device (its number is ignored) and returns it with its number.
    pub fn insert_device(&self, device: &Device) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO device (id, type, identifier, name, description, owner, ownership, status, enrolled_at,
                 updated_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                device.id,
                device.device_type,
                device.identifier,
                device.name,
                device.description,
                device.owner,
                device.ownership,
                device.status,
                device.enrolled_at,
                device.updated_at,
                device.last_seen_at,
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Writes everything of a device that can change.
    pub fn update_device(&self, device: &Device) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE device SET name = ?2, description = ?3, owner = ?4, ownership = ?5, status = ?6,
                 enrolled_at = ?7, updated_at = ?8, last_seen_at = ?9 WHERE number = ?1",
            )?
            .execute(params![
                device.number,
                device.name,
                device.description,
                device.owner,
                device.ownership,
                device.status,
                device.enrolled_at,
                device.updated_at,
                device.last_seen_at,
            ])?;
        Ok(())
    }

    /// Remembers when a device was heard.
    pub fn touch_device(&self, number: i64, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE device SET last_seen_at = ?2 WHERE number = ?1")?
            .execute(params![number, at])?;
        Ok(())
    }

    /// Takes a device out of its groups, and its tags off it.
    pub fn forget_belongings(&self, device: i64) -> Result<(), StoreError> {
        for table in ["group_member", "tag"] {
            self.connection.prepare_cached(&format!("DELETE FROM {table} WHERE device = ?1"))?.execute([device])?;
        }
        Ok(())
    }

    /// Forgets what a device has told and was told; its enrollments and the changes of its status stay.
    pub fn forget_history(&self, device: i64) -> Result<(), StoreError> {
        for table in ["application", "device_note", "location", "metric", "notification", "operation", "property"] {
            self.connection.prepare_cached(&format!("DELETE FROM {table} WHERE device = ?1"))?.execute([device])?;
        }
        Ok(())
    }

    /// Ends the current enrollment, if there is one.
    pub fn end_enrollment(&self, device: i64, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE enrollment SET ended_at = ?2 WHERE device = ?1 AND ended_at IS NULL")?
            .execute(params![device, at])?;
        Ok(())
    }

    /// Begins an enrollment with the device's present owner.
    pub fn begin_enrollment(&self, id: EnrollmentId, device: &Device, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO enrollment (id, device, owner, ownership, enrolled_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, device.number, device.owner, device.ownership, at])?;
        Ok(())
    }

    /// Writes a line of the status history and forgets the oldest beyond the bound.
    pub fn add_status_change(&self, device: i64, change: &StatusChange) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO status_change (device, at, from_status, to_status, changed_by, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![device, change.at, change.from, change.to, change.by, change.reason])?;
        self.connection
            .prepare_cached(
                "DELETE FROM status_change WHERE device = ?1 AND id <=
                 (SELECT id FROM status_change WHERE device = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute([device, MAX_STATUS_CHANGES])?;
        Ok(())
    }

    /// Sets properties; others stay. Returns how many the device has then.
    pub fn put_properties(&self, device: i64, properties: &[Property]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO property (device, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?;
        for property in properties {
            statement.execute(params![device, property.name, property.value])?;
        }
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM property WHERE device = ?1")?;
        Ok(statement.query_row([device], |row| row.get(0))?)
    }
}

pub(super) fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        number: row.get(0)?,
        id: row.get(1)?,
        device_type: row.get(2)?,
        identifier: row.get(3)?,
        name: row.get(4)?,
        description: row.get(5)?,
        owner: row.get(6)?,
        ownership: row.get(7)?,
        status: row.get(8)?,
        enrolled_at: row.get(9)?,
        updated_at: row.get(10)?,
        last_seen_at: row.get(11)?,
    })
}
