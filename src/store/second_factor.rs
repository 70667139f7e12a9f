//! Second factors of people, and their recovery codes.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use super::{Rx, StoreError, Tx};
use crate::model::id::UserId;
use crate::model::timestamp::Timestamp;

/// A second factor with its key.
#[derive(Clone)]
pub struct SecondFactorRow {
    /// What the phone shares.
    pub key: [u8; 20],
    /// The step of the last code that was used.
    pub last_step: i64,
    /// Since when it is in force; `None`: it still waits for its first code.
    pub confirmed_at: Option<Timestamp>,
}

/// Without the key.
impl fmt::Debug for SecondFactorRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactorRow").field("confirmed_at", &self.confirmed_at).finish_non_exhaustive()
    }
}

impl Rx<'_> {
    /// A person's second factor, one that is not confirmed included.
    pub fn second_factor(&self, user: UserId) -> Result<Option<SecondFactorRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT key, last_step, confirmed_at FROM second_factor WHERE user = ?1")?;
        let row = statement.query_row([user], |row| {
            Ok(SecondFactorRow { key: row.get(0)?, last_step: row.get(1)?, confirmed_at: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    /// How many recovery codes a person has left.
    pub fn count_recovery_codes(&self, user: UserId) -> Result<u32, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM recovery_code WHERE user = ?1")?;
        Ok(statement.query_row([user], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Writes a new key that waits to be confirmed, in the place of an earlier one.
    pub fn put_second_factor(&self, user: UserId, key: &[u8; 20], at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO second_factor (user, key, last_step, created_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (user) DO UPDATE SET key = excluded.key, last_step = excluded.last_step,
                     created_at = excluded.created_at, confirmed_at = NULL",
            )?
            .execute(params![user, key, i64::MIN, at])?;
        Ok(())
    }

    /// Puts a person's key in force.
    pub fn confirm_second_factor(&self, user: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE second_factor SET confirmed_at = ?2 WHERE user = ?1")?
            .execute(params![user, at])?;
        Ok(())
    }

    /// Notes the step of a code that was used.
    pub fn use_step(&self, user: UserId, step: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE second_factor SET last_step = ?2 WHERE user = ?1")?
            .execute(params![user, step])?;
        Ok(())
    }

    /// Forgets a person's key and their recovery codes; false when there was no key.
    pub fn delete_second_factor(&self, user: UserId) -> Result<bool, StoreError> {
        self.set_recovery_codes(user, &[])?;
        let mut statement = self.connection.prepare_cached("DELETE FROM second_factor WHERE user = ?1")?;
        Ok(statement.execute([user])? > 0)
    }

    /// Puts the codes of these hashes in the place of a person's.
    pub fn set_recovery_codes(&self, user: UserId, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM recovery_code WHERE user = ?1")?.execute([user])?;
        let mut statement = self.connection.prepare_cached("INSERT INTO recovery_code (user, hash) VALUES (?1, ?2)")?;
        for hash in hashes {
            statement.execute(params![user, hash])?;
        }
        Ok(())
    }

    /// Takes a recovery code away; false when there is none of that hash.
    pub fn use_recovery_code(&self, user: UserId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM recovery_code WHERE user = ?1 AND hash = ?2")?;
        Ok(statement.execute(params![user, hash])? > 0)
    }
}
