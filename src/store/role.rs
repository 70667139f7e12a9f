//! Roles: what people may do.

use rusqlite::{OptionalExtension, Row};

use super::{Rx, StoreError};
use crate::model::actor::Scopes;
use crate::model::user::Role;

const SELECT: &str = "SELECT name, description, scopes, permissions, built_in FROM role";

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

fn role(row: &Row<'_>) -> rusqlite::Result<Role> {
    let permissions = row.get_ref(3)?.as_str()?;
    Ok(Role {
        name: row.get(0)?,
        description: row.get(1)?,
        scopes: Scopes::parse_lossy(row.get_ref(2)?.as_str()?),
        permissions: serde_json::from_str(permissions).unwrap_or_default(),
        built_in: row.get(4)?,
    })
}
