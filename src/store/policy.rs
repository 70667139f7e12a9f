//! Policies, their versions, and what devices were told of them.

use rusqlite::types::FromSqlError;
use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::{Rx, StoreError, Tx};
use crate::model::device::Device;
use crate::model::id::{DeviceId, GroupId, OperationId, PolicyId};
use crate::model::operation::OperationStatus;
use crate::model::policy::{Applied, Definition, Effective, MAX_VERSIONS, Mode, Policy, PolicyVersion, Untold};
use crate::model::timestamp::Timestamp;
use crate::store::device::{COLUMNS, device};

const SELECT: &str = "SELECT p.number, p.id, p.name, p.device_type, p.priority, p.active, p.changed, p.version,
    p.created_at, p.updated_at, v.definition
    FROM policy p JOIN policy_version v ON v.policy = p.number AND v.version = p.version";

impl Rx<'_> {
    /// Every policy, in the order of their priority.
    pub fn policies(&self) -> Result<Vec<Policy>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY p.priority, p.number"))?;
        Ok(statement.query_map((), policy)?.collect::<Result<_, _>>()?)
    }

    /// The policy of that id.
    pub fn policy(&self, id: PolicyId) -> Result<Option<Policy>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE p.id = ?1"))?;
        Ok(statement.query_row([id], policy).optional()?)
    }

    /// The policy of that number.
    pub fn policy_by_number(&self, number: i64) -> Result<Option<Policy>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE p.number = ?1"))?;
        Ok(statement.query_row([number], policy).optional()?)
    }

    /// The policy of that name, in any letter case.
    pub fn policy_named(&self, name: &str) -> Result<Option<Policy>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE p.name = ?1"))?;
        Ok(statement.query_row([name], policy).optional()?)
    }

    /// The versions of a policy, newest first.
    pub fn policy_versions(&self, policy: i64) -> Result<Vec<PolicyVersion>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, changed_by, changed_at, note, definition FROM policy_version WHERE policy = ?1
             ORDER BY version DESC",
        )?;
        Ok(statement.query_map([policy], version)?.collect::<Result<_, _>>()?)
    }

    /// One version of a policy.
    pub fn policy_version(&self, policy: i64, number: u32) -> Result<Option<PolicyVersion>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, changed_by, changed_at, note, definition FROM policy_version
             WHERE policy = ?1 AND version = ?2",
        )?;
        Ok(statement.query_row(params![policy, number], version).optional()?)
    }

    /// What a device was told last; `None` for one that never had a policy.
    pub fn applied(&self, device: i64) -> Result<Option<Applied>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT policies, features, mode, operations, applied_at, untold_status, untold_reason FROM policy_applied
             WHERE device = ?1",
        )?;
        let found = statement.query_row([device], |row| {
            let policies: Vec<i64> = parsed(row, 0)?;
            let effective = Effective { policies, features: parsed(row, 1)?, mode: row.get(2)? };
            let operations: Vec<String> = parsed(row, 3)?;
            Ok(Applied {
                effective: (!effective.policies.is_empty()).then_some(effective),
                operations: operations.iter().filter_map(|id| id.parse().ok()).collect(),
                applied_at: row.get(4)?,
                untold: untold(row, 5)?,
            })
        });
        Ok(found.optional()?)
    }

    /// The devices that policies may be for, in the order of their numbers: at most `limit` after the one of number `after`.
    pub fn managed_devices(&self, after: i64, limit: u32) -> Result<Vec<Device>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM device d WHERE d.number > ?1 AND d.status NOT IN ('REMOVED', 'BLOCKED')
             ORDER BY d.number LIMIT ?2"
        ))?;
        Ok(statement.query_map(params![after, limit], device)?.collect::<Result<_, _>>()?)
    }

    /// Whether the groups of a device, or the roles of its owner, changed since its policy was settled.
    pub fn has_stale_policies(&self) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM policy_stale)")?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    /// The roles of the person of that name.
    pub fn roles_of(&self, user: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT r.role FROM user u JOIN user_role r ON r.user = u.id WHERE u.name = ?1")?;
        Ok(statement.query_map([user], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The groups a device is in.
    pub fn group_ids_of(&self, device: i64) -> Result<Vec<GroupId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT g.id FROM group_member m JOIN device_group g ON g.number = m.device_group WHERE m.device = ?1",
        )?;
        Ok(statement.query_map([device], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new policy without its definition (its number and version are ignored), after all others, and returns its
    /// number.
    pub fn insert_policy(&self, new: &Policy) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO policy (id, name, device_type, priority, active, changed, version, created_at, updated_at)
                 VALUES (?1, ?2, ?3, (SELECT coalesce(max(priority), 0) + 1 FROM policy), ?4, ?5, 0, ?6, ?7)",
            )?
            .execute(params![
                new.id,
                new.name,
                new.device_type,
                new.active,
                new.changed,
                new.created_at,
                new.updated_at
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Writes the name of a policy, and whether it is active and applied.
    pub fn update_policy(&self, policy: &Policy) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE policy SET name = ?2, active = ?3, changed = ?4, updated_at = ?5 WHERE number = ?1",
            )?
            .execute(params![policy.number, policy.name, policy.active, policy.changed, policy.updated_at])?;
        Ok(())
    }

    /// Adds a version of a policy, which is then the one in force; forgets the oldest beyond the bound.
    pub fn add_policy_version(
        &self,
        policy: i64,
        definition: &Definition,
        by: &str,
        at: Timestamp,
        note: &str,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_string(definition).map_err(unwritable)?;
        self.connection
            .prepare_cached("UPDATE policy SET version = version + 1 WHERE number = ?1")?
            .execute([policy])?;
        self.connection
            .prepare_cached(
                "INSERT INTO policy_version (policy, version, definition, changed_by, changed_at, note)
                 SELECT number, version, ?2, ?3, ?4, ?5 FROM policy WHERE number = ?1",
            )?
            .execute(params![policy, json, by, at, note])?;
        self.connection
            .prepare_cached(
                "DELETE FROM policy_version WHERE policy = ?1
                 AND version <= (SELECT version FROM policy WHERE number = ?1) - ?2",
            )?
            .execute(params![policy, MAX_VERSIONS])?;
        Ok(())
    }

    /// Deletes a policy and its versions, and closes the gap in the priorities.
    pub fn delete_policy(&self, policy: &Policy) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM policy WHERE number = ?1")?.execute([policy.number])?;
        self.connection
            .prepare_cached("UPDATE policy SET priority = priority - 1 WHERE priority > ?1")?
            .execute([policy.priority])?;
        Ok(())
    }

    /// Sets the priority of a policy; an active one that changes has to be applied.
    pub fn set_priority(&self, policy: i64, priority: u32, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE policy SET priority = ?2, changed = changed OR active, updated_at = ?3 WHERE number = ?1 AND priority <> ?2",
            )?
            .execute(params![policy, priority, at])?;
        Ok(())
    }

    /// Notes that everything that was changed up to `at` is applied.
    pub fn mark_applied(&self, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE policy SET changed = 0 WHERE changed AND updated_at <= ?1")?
            .execute([at])?;
        Ok(())
    }

    /// Takes devices whose policy is to be settled off their list, at most `limit`; removed ones are left out.
    pub fn take_stale_policies(&self, limit: u32) -> Result<Vec<Device>, StoreError> {
        let taken: Vec<i64> = self
            .connection
            .prepare_cached(
                "DELETE FROM policy_stale WHERE device IN (SELECT device FROM policy_stale LIMIT ?1) RETURNING device",
            )?
            .query_map([limit], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let sql = format!("SELECT {COLUMNS} FROM device d WHERE d.number = ?1 AND d.status <> 'REMOVED'");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = taken.into_iter().map(|number| statement.query_row([number], device).optional());
        Ok(found.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// Remembers what a device was told.
    pub fn put_applied(&self, device: i64, applied: &Applied) -> Result<(), StoreError> {
        let none = Effective { policies: Vec::new(), mode: Mode::Enforce, features: Vec::new() };
        let effective = applied.effective.as_ref().unwrap_or(&none);
        let operations: Vec<_> = applied.operations.iter().map(ToString::to_string).collect();
        self.connection
            .prepare_cached(
                "INSERT INTO policy_applied (device, policies, features, mode, operations, applied_at, untold_status,
                 untold_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET
                 policies = excluded.policies, features = excluded.features, mode = excluded.mode,
                 operations = excluded.operations, applied_at = excluded.applied_at,
                 untold_status = excluded.untold_status, untold_reason = excluded.untold_reason",
            )?
            .execute(params![
                device,
                serde_json::to_string(&effective.policies).map_err(unwritable)?,
                serde_json::to_string(&effective.features).map_err(unwritable)?,
                effective.mode,
                serde_json::to_string(&operations).map_err(unwritable)?,
                applied.applied_at,
                applied.untold.as_ref().map(|untold| untold.status),
                applied.untold.as_ref().map(|untold| &untold.reason)
            ])?;
        Ok(())
    }

    /// Notes that an operation did not tell a device its policy after all; nothing for one that was not to.
    pub fn note_untold(&self, device: DeviceId, operation: OperationId, untold: &Untold) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE policy_applied SET untold_status = ?3, untold_reason = ?4
                 WHERE device = (SELECT number FROM device WHERE id = ?1)
                 AND EXISTS (SELECT 1 FROM json_each(operations) WHERE value = ?2)",
            )?
            .execute(params![device, operation.to_string(), untold.status, untold.reason])?;
        Ok(())
    }

    /// Forgets what a device was told: it has left, or comes anew.
    pub fn forget_applied(&self, device: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM policy_applied WHERE device = ?1")?.execute([device])?;
        Ok(())
    }
}

fn policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    Ok(Policy {
        number: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        device_type: row.get(3)?,
        priority: row.get(4)?,
        active: row.get(5)?,
        changed: row.get(6)?,
        version: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
        definition: parsed(row, 10)?,
    })
}

fn version(row: &Row<'_>) -> rusqlite::Result<PolicyVersion> {
    Ok(PolicyVersion {
        version: row.get(0)?,
        changed_by: row.get(1)?,
        changed_at: row.get(2)?,
        note: row.get(3)?,
        definition: parsed(row, 4)?,
    })
}

/// The columns `untold_status` and `untold_reason`.
pub(super) fn untold(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Untold>> {
    let status: Option<OperationStatus> = row.get(column)?;
    status.map(|status| Ok(Untold { status, reason: row.get(column + 1)? })).transpose()
}

/// A column that holds JSON.
fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| FromSqlError::Other(error.into()).into())
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::from(rusqlite::Error::ToSqlConversionFailure(error.into()))
}
