//! Static groups and their members.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::group::Group;
use crate::model::id::{DeviceId, GroupId};
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT g.number, g.id, g.name, g.description, g.owner, g.created_at,
    (SELECT count(*) FROM group_member m WHERE m.device_group = g.number) FROM device_group g";

impl Rx<'_> {
    /// Every group, by name.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY g.name"))?;
        Ok(statement.query_map((), group)?.collect::<Result<_, _>>()?)
    }

    /// The group of that id.
    pub fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE g.id = ?1"))?;
        Ok(statement.query_row([id], group).optional()?)
    }

    /// The group of that name, in any letter case.
    pub fn group_named(&self, name: &str) -> Result<Option<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE g.name = ?1"))?;
        Ok(statement.query_row([name], group).optional()?)
    }

    /// The groups a device is in, by name.
    pub fn groups_of(&self, device: i64) -> Result<Vec<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} JOIN group_member m ON m.device_group = g.number WHERE m.device = ?1 ORDER BY g.name"
        ))?;
        Ok(statement.query_map([device], group)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new group.
    pub fn insert_group(
        &self,
        id: GroupId,
        name: &str,
        description: &str,
        owner: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO device_group (id, name, description, owner, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, name, description, owner, at])?;
        Ok(())
    }

    /// Renames a group.
    pub fn update_group(&self, id: GroupId, name: &str, description: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE device_group SET name = ?2, description = ?3 WHERE id = ?1")?
            .execute(params![id, name, description])?;
        Ok(())
    }

    /// Deletes a group; its devices stay.
    pub fn delete_group(&self, id: GroupId) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM device_group WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Puts a device into a group; again is fine. False when there is no such device.
    pub fn add_member(&self, group: i64, device: DeviceId) -> Result<bool, StoreError> {
        let Some(device) = self.device_number(device)? else { return Ok(false) };
        self.connection
            .prepare_cached("INSERT INTO group_member (device_group, device) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute([group, device])?;
        Ok(true)
    }

    /// Takes a device out of a group; again is fine. False when there is no such device.
    pub fn remove_member(&self, group: i64, device: DeviceId) -> Result<bool, StoreError> {
        let Some(device) = self.device_number(device)? else { return Ok(false) };
        self.connection
            .prepare_cached("DELETE FROM group_member WHERE device_group = ?1 AND device = ?2")?
            .execute([group, device])?;
        Ok(true)
    }
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        number: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        owner: row.get(4)?,
        created_at: row.get(5)?,
        devices: row.get(6)?,
    })
}
