//! People.

use std::fmt;

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::id::UserId;
use crate::model::user::{Role, User};

/// A person with the hash of their password.
pub struct UserRow {
    pub user: User,
    /// argon2id, as a PHC string.
    pub password: String,
}

impl fmt::Debug for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRow").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Rx<'_> {
    /// How many people there are.
    pub fn count_users(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM user")?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    /// How many of them have that role.
    pub fn count_role(&self, role: Role) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM user WHERE role = ?1")?;
        Ok(statement.query_row([role], |row| row.get(0))?)
    }

    /// The person of that name, in lower case.
    pub fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, name, role, created_at, password FROM user WHERE name = ?1")?;
        let found = statement.query_row([name], |row| Ok(UserRow { user: user(row)?, password: row.get(4)? }));
        Ok(found.optional()?)
    }

    /// Everyone, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, name, role, created_at FROM user ORDER BY name")?;
        Ok(statement.query_map((), user)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new person; the name must be free.
    pub fn insert_user(&self, row: &UserRow) -> Result<(), StoreError> {
        let UserRow { user, password } = row;
        self.connection
            .prepare_cached("INSERT INTO user (id, name, role, created_at, password) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![user.id, user.name, user.role, user.created_at, password])?;
        Ok(())
    }

    /// Replaces the hash of a password.
    pub fn set_password(&self, user: UserId, password: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?
            .execute(params![user, password])?;
        Ok(())
    }

    /// Deletes a person and, with them, their sessions.
    pub fn delete_user(&self, user: UserId) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([user])?;
        Ok(())
    }
}

/// A person from the columns id, name, role and time of creation, the first of a row.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User { id: row.get(0)?, name: row.get(1)?, role: row.get(2)?, created_at: row.get(3)? })
}
