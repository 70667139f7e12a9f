//! Groups, their members, and the roles they are shared with.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use super::query::Clause;
use super::{Rx, StoreError, Tx};
use crate::model::device::DeviceFilter;
use crate::model::group::{Group, NewGroup};
use crate::model::id::{DeviceId, GroupId};
use crate::model::query::Query;
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT g.number, g.id, g.name, g.description, g.owner, g.created_at, g.query,
    (SELECT count(*) FROM group_member m WHERE m.device_group = g.number) FROM device_group g";

/// Whether a group `g` is a person's own; the person's name is bound twice.
const OWN: &str = "(g.owner = ? OR g.number IN (SELECT s.device_group FROM user u JOIN user_role r ON r.user = u.id
    JOIN group_role s ON s.role = r.role WHERE u.name = ?))";

impl Rx<'_> {
    /// Every group, by name.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY g.name"))?;
        Ok(statement.query_map((), group)?.collect::<Result<_, _>>()?)
    }

    /// The groups that a person owns, or that are shared with a role of theirs, by name.
    pub fn own_groups(&self, name: &str) -> Result<Vec<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE {OWN} ORDER BY g.name"))?;
        Ok(statement.query_map([name, name], group)?.collect::<Result<_, _>>()?)
    }

    /// Whether the group is the own of the person of that name, by ownership or through a role of theirs.
    pub fn is_own_group(&self, number: i64, name: &str) -> Result<bool, StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM device_group g WHERE {OWN} AND g.number = ?)");
        Ok(self.connection.prepare_cached(&sql)?.query_row(params![name, name, number], |row| row.get(0))?)
    }

    /// The group of that number.
    pub fn group_numbered(&self, number: i64) -> Result<Option<Group>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE g.number = ?1"))?;
        Ok(statement.query_row([number], group).optional()?)
    }

    /// The roles a group is shared with, by name.
    pub fn group_roles(&self, number: i64) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT role FROM group_role WHERE device_group = ?1 ORDER BY role")?;
        Ok(statement.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The groups that are filled by a query: number and query.
    pub fn query_groups(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, query FROM device_group WHERE query IS NOT NULL ORDER BY number")?;
        Ok(statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Whether a device is in a group.
    pub fn is_member(&self, group: i64, device: i64) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM group_member WHERE device_group = ?1 AND device = ?2)")?;
        Ok(statement.query_row([group, device], |row| row.get(0))?)
    }

    /// Whether a device fits a query; a removed one fits none that does not name statuses.
    pub fn fits(&self, device: i64, query: &Query, now: Timestamp) -> Result<bool, StoreError> {
        let filter = DeviceFilter { query: Some(query.clone()), ..DeviceFilter::default() };
        let mut clause = Clause::of(&filter, now);
        clause.and("d.number = ?", device);
        let sql = format!("SELECT EXISTS (SELECT 1 FROM device d{})", clause.text);
        Ok(self.connection.prepare_cached(&sql)?.query_row(clause.bound(), |row| row.get(0))?)
    }

    /// The devices that have to join a group for it to hold what fits its query, and those that have to leave it.
    pub fn out_of_place(&self, group: i64, query: &Query, now: Timestamp) -> Result<(Vec<i64>, Vec<i64>), StoreError> {
        let filter = DeviceFilter { query: Some(query.clone()), ..DeviceFilter::default() };
        let clause = Clause::of(&filter, now);
        let mut fitting = self.connection.prepare(&format!("SELECT d.number FROM device d{}", clause.text))?;
        let fitting: BTreeSet<i64> = fitting.query_map(clause.bound(), |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut members = self.connection.prepare_cached("SELECT device FROM group_member WHERE device_group = ?1")?;
        let members: BTreeSet<i64> = members.query_map([group], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok((fitting.difference(&members).copied().collect(), members.difference(&fitting).copied().collect()))
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
    pub fn insert_group(&self, id: GroupId, new: &NewGroup, owner: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO device_group (id, name, description, owner, created_at, query) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![id, new.name, new.description, owner, at, new.query])?;
        Ok(())
    }

    /// Renames a group, and changes what fills it.
    pub fn update_group(&self, id: GroupId, new: &NewGroup) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE device_group SET name = ?2, description = ?3, query = ?4 WHERE id = ?1")?
            .execute(params![id, new.name, new.description, new.query])?;
        Ok(())
    }

    /// Shares a group with these roles and no others.
    pub fn share_group(&self, number: i64, roles: &[String]) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM group_role WHERE device_group = ?1")?.execute([number])?;
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO group_role (device_group, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for role in roles {
            statement.execute(params![number, role])?;
        }
        Ok(())
    }

    /// Puts the device of that number into a group or takes it out; again is fine.
    pub fn set_member(&self, group: i64, device: i64, member: bool) -> Result<(), StoreError> {
        let sql = if member {
            "INSERT INTO group_member (device_group, device) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM group_member WHERE device_group = ?1 AND device = ?2"
        };
        self.connection.prepare_cached(sql)?.execute([group, device])?;
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
        query: row.get(6)?,
        devices: row.get(7)?,
    })
}
