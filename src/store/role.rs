//! Roles: what people may do.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::actor::Scopes;
use crate::model::id::UserId;
use crate::model::role::Role;
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT name, description, scopes, permissions, built_in,
    (SELECT count(*) FROM user_role u WHERE u.role = role.name) FROM role";

impl Rx<'_> {
    /// The role of that name, in any letter case.
    pub fn role(&self, name: &str) -> Result<Option<Role>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE name = ?1"))?;
        Ok(statement.query_row([name], role).optional()?)
    }

    /// Every role, by name.
    pub fn roles(&self) -> Result<Vec<Role>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY name"))?;
        Ok(statement.query_map((), role)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new role, or what changed of one that is there.
    pub fn put_role(&self, role: &Role, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO role (name, description, scopes, permissions, built_in, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE SET
                 description = excluded.description, scopes = excluded.scopes, permissions = excluded.permissions",
            )?
            .execute(params![
                role.name,
                role.description,
                role.scopes.to_string(),
                serde_json::Value::from(role.permissions.clone()).to_string(),
                role.built_in,
                now
            ])?;
        Ok(())
    }

    /// Deletes a role; people and groups lose it.
    pub fn delete_role(&self, name: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM role WHERE name = ?1")?.execute([name])?;
        Ok(())
    }

    /// Gives the role, which must be there, to these people and takes it from all others.
    pub fn set_role_users(&self, role: &str, users: &BTreeSet<UserId>) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM user_role WHERE role = ?1")?.execute([role])?;
        let mut statement = self.connection.prepare_cached("INSERT INTO user_role (user, role) VALUES (?1, ?2)")?;
        for user in users {
            statement.execute(params![user, role])?;
        }
        Ok(())
    }
}

fn role(row: &Row<'_>) -> rusqlite::Result<Role> {
    let permissions = row.get_ref(3)?.as_str()?;
    Ok(Role {
        name: row.get(0)?,
        description: row.get(1)?,
        scopes: Scopes::parse_lossy(row.get_ref(2)?.as_str()?),
        permissions: serde_json::from_str(permissions).unwrap_or_default(),
        built_in: row.get(4)?,
        users: row.get(5)?,
    })
}
