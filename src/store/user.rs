//! People.

use std::fmt;

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx, cut_page};
use crate::model::actor::Scopes;
use crate::model::device::PageStart;
use crate::model::id::UserId;
use crate::model::page::Page;
use crate::model::user::{User, UserFilter};

/// The columns that [`user`] reads, of the table `user u`.
pub(super) const COLUMNS: &str = "u.id, u.name, u.created_at, u.first_name, u.last_name, u.email,
    (SELECT coalesce(group_concat(r.role, ' ' ORDER BY r.role), '') FROM user_role r WHERE r.user = u.id),
    (SELECT coalesce(group_concat(o.scopes, ' '), '') FROM user_role r JOIN role o ON o.name = r.role WHERE r.user = u.id),
    EXISTS (SELECT 1 FROM second_factor f WHERE f.user = u.id AND f.confirmed_at IS NOT NULL)";

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
    pub fn count_role(&self, role: &str) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM user_role WHERE role = ?1")?;
        Ok(statement.query_row([role], |row| row.get(0))?)
    }

    /// The person of that name, in lower case.
    pub fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {COLUMNS}, u.password FROM user u WHERE u.name = ?1"))?;
        let found = statement.query_row([name], |row| Ok(UserRow { user: user(row)?, password: row.get(9)? }));
        Ok(found.optional()?)
    }

    /// The people who fit a filter, by name: at most `limit`, after `offset` of them or after that name.
    pub fn users(&self, filter: &UserFilter, start: &PageStart, limit: u32) -> Result<Page<User>, StoreError> {
        const WHERE: &str = "(?1 IS NULL OR instr(u.name, lower(?1)) > 0
            OR instr(lower(u.first_name), lower(?1)) > 0 OR instr(lower(u.last_name), lower(?1)) > 0)
            AND (?2 IS NULL OR u.id IN (SELECT h.user FROM user_role h WHERE h.role = ?2))";
        let (after, offset) = match start {
            PageStart::Offset(offset) => (None, *offset),
            PageStart::Cursor(after) => (after.as_deref(), 0),
        };
        let total = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM user u WHERE {WHERE}"))?
            .query_row(params![filter.text, filter.role], |row| row.get(0))?;
        let mut items: Vec<User> = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM user u WHERE {WHERE} AND (?3 IS NULL OR u.name > ?3)
                 ORDER BY u.name LIMIT ?4 + 1 OFFSET ?5"
            ))?
            .query_map(params![filter.text, filter.role, after, limit, offset], user)?
            .collect::<Result<_, _>>()?;
        let next = cut_page(&mut items, limit).map(|last| last.name.clone());
        Ok(Page { items, next, total })
    }

    /// Everyone who has that role, by name.
    pub fn users_of_role(&self, role: &str) -> Result<Vec<User>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM user u WHERE u.id IN (SELECT h.user FROM user_role h WHERE h.role = ?1) ORDER BY u.name"
        ))?;
        Ok(statement.query_map([role], user)?.collect::<Result<_, _>>()?)
    }

    /// The hashes of everything a person can open a connection with: sessions, API tokens, and access tokens that are
    /// no device's.
    pub fn token_hashes(&self, user: UserId, name: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT hash FROM session WHERE user = ?1 UNION ALL SELECT hash FROM api_token WHERE owner = ?2
             UNION ALL SELECT hash FROM oauth_token WHERE user = ?2 AND kind = 'access' AND device IS NULL",
        )?;
        Ok(statement.query_map(params![user, name], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new person with their roles; the name must be free, and the roles must be there.
    pub fn insert_user(&self, row: &UserRow) -> Result<(), StoreError> {
        let UserRow { user, password } = row;
        self.connection
            .prepare_cached(
                "INSERT INTO user (id, name, created_at, first_name, last_name, email, password)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                user.id,
                user.name,
                user.created_at,
                user.first_name,
                user.last_name,
                user.email,
                password
            ])?;
        self.set_roles(user.id, &user.roles)
    }

    /// Writes a person's names and address.
    pub fn update_user(&self, user: &User) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE user SET first_name = ?2, last_name = ?3, email = ?4 WHERE id = ?1")?
            .execute(params![user.id, user.first_name, user.last_name, user.email])?;
        Ok(())
    }

    /// Puts other roles, which must be there, in the place of a person's.
    pub fn set_roles(&self, user: UserId, roles: &[String]) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM user_role WHERE user = ?1")?.execute([user])?;
        let mut statement = self.connection.prepare_cached("INSERT INTO user_role (user, role) VALUES (?1, ?2)")?;
        for role in roles {
            statement.execute(params![user, role])?;
        }
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
        // First, so that the devices whose policies hang on these roles are looked at again.
        self.connection.prepare_cached("DELETE FROM user_role WHERE user = ?1")?.execute([user])?;
        self.connection.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([user])?;
        Ok(())
    }
}

/// A person from [`COLUMNS`], the first of a row.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let roles: String = row.get(6)?;
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        email: row.get(5)?,
        roles: roles.split_whitespace().map(str::to_owned).collect(),
        scopes: Scopes::parse_lossy(row.get_ref(7)?.as_str()?),
        second_factor: row.get(8)?,
    })
}
