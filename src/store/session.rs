//! Sessions of people.

use rusqlite::{OptionalExtension, Row, params};

use super::user::{COLUMNS, user};
use super::{Rx, StoreError, Tx};
use crate::model::id::{SessionId, UserId};
use crate::model::timestamp::Timestamp;
use crate::model::user::User;

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: SessionId,
    pub user: User,
    /// Where the login came from.
    pub origin: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// The columns of a user, then the session's own.
fn select(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, s.origin, s.created_at, s.expires_at, s.last_used_at, s.id
         FROM session s JOIN user u ON u.id = s.user WHERE {condition}"
    )
}

impl Rx<'_> {
    /// The session whose token has that hash, expired ones included.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&select("s.hash = ?1"))?;
        Ok(statement.query_row([hash], session).optional()?)
    }

    /// A person's sessions that are alive, the last used first.
    pub fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&select("s.user = ?1 AND s.expires_at > ?2 ORDER BY s.last_used_at DESC"))?;
        Ok(statement.query_map(params![user, now], session)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new session, and ends the user's oldest ones so that at most `bound` remain. Returns the hashes of those.
    pub fn insert_session(
        &self,
        hash: &[u8; 32],
        session: &SessionRow,
        bound: u32,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let ended = self
            .connection
            .prepare_cached(
                "DELETE FROM session WHERE hash IN
                 (SELECT hash FROM session WHERE user = ?1 ORDER BY last_used_at DESC LIMIT -1 OFFSET ?2) RETURNING hash",
            )?
            .query_map(params![session.user.id, bound.saturating_sub(1)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.connection
            .prepare_cached(
                "INSERT INTO session (hash, user, origin, created_at, expires_at, last_used_at, id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                hash,
                session.user.id,
                session.origin,
                session.created_at,
                session.expires_at,
                session.last_used_at,
                session.id,
            ])?;
        Ok(ended)
    }

    /// Notes that a session was used, and its new end.
    pub fn touch_session(&self, hash: &[u8; 32], at: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE session SET last_used_at = ?2, expires_at = ?3 WHERE hash = ?1")?
            .execute(params![hash, at, expires_at])?;
        Ok(())
    }

    /// Ends one session of that user; false when it is not theirs or not there.
    pub fn delete_session(&self, user: UserId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM session WHERE hash = ?1 AND user = ?2")?;
        Ok(statement.execute(params![hash, user])? > 0)
    }

    /// Ends the session of that id, if it is that user's. Returns its hash.
    pub fn delete_session_by_id(&self, user: UserId, id: SessionId) -> Result<Option<[u8; 32]>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM session WHERE user = ?1 AND id = ?2 RETURNING hash")?;
        Ok(statement.query_row(params![user, id], |row| row.get(0)).optional()?)
    }

    /// Ends every session of a user. Returns their hashes.
    pub fn delete_sessions(&self, user: UserId) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM session WHERE user = ?1 RETURNING hash")?;
        Ok(statement.query_map([user], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Ends every session of a user but the one whose token has that hash. Returns the hashes of those that ended.
    pub fn delete_other_sessions(&self, user: UserId, keep: &[u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM session WHERE user = ?1 AND hash <> ?2 RETURNING hash")?;
        Ok(statement.query_map(params![user, keep], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Forgets at most `limit` sessions that ended before a time. Returns how many.
    pub fn purge_sessions(&self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires_at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![before, limit])?)
    }
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        user: user(row)?,
        origin: row.get(9)?,
        created_at: row.get(10)?,
        expires_at: row.get(11)?,
        last_used_at: row.get(12)?,
        id: row.get(13)?,
    })
}
