//! Enrollment tokens, and the devices they enrolled.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::device::Device;
use crate::model::enrollment_token::EnrollmentToken;
use crate::model::id::{DeviceId, EnrollmentTokenId};
use crate::model::timestamp::Timestamp;

const SELECT: &str =
    "SELECT id, note, device_type, owner, tags, made_by, created_at, expires_at, max_uses, uses, last_used_at
    FROM enrollment_token";

impl Rx<'_> {
    /// The token whose secret has that hash, expired ones included.
    pub fn enrollment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrollmentToken>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE hash = ?1"))?;
        self.with_groups(statement.query_row([hash], token).optional()?)
    }

    /// The token of that id.
    pub fn enrollment_token_by_id(&self, id: EnrollmentTokenId) -> Result<Option<EnrollmentToken>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        self.with_groups(statement.query_row([id], token).optional()?)
    }

    /// The tokens of one maker or of all, newest first.
    pub fn enrollment_tokens(&self, made_by: Option<&str>) -> Result<Vec<EnrollmentToken>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE ?1 IS NULL OR made_by = ?1 ORDER BY created_at DESC, id DESC"))?;
        let mut tokens = statement.query_map([made_by], token)?.collect::<Result<Vec<_>, _>>()?;
        for token in &mut tokens {
            self.find_groups(token)?;
        }
        Ok(tokens)
    }

    /// How many tokens there are.
    pub fn count_enrollment_tokens(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM enrollment_token")?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    /// The devices a token enrolled and that are enrolled since, the last first.
    pub fn devices_of_token(&self, id: EnrollmentTokenId, limit: u32) -> Result<Vec<DeviceId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.id FROM enrollment_token_device t JOIN device d ON d.number = t.device
             WHERE t.token = ?1 AND d.enrolled_at = t.at AND d.status <> 'REMOVED' ORDER BY t.at DESC, d.number DESC LIMIT ?2",
        )?;
        Ok(statement.query_map(params![id, limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Whether the current enrollment of a device is that token's doing.
    pub fn has_enrolled(&self, id: EnrollmentTokenId, device: &Device) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM enrollment_token_device WHERE token = ?1 AND device = ?2 AND at = ?3)",
        )?;
        Ok(statement.query_row(params![id, device.number, device.enrolled_at], |row| row.get(0))?)
    }

    fn with_groups(&self, token: Option<EnrollmentToken>) -> Result<Option<EnrollmentToken>, StoreError> {
        let Some(mut token) = token else { return Ok(None) };
        self.find_groups(&mut token)?;
        Ok(Some(token))
    }

    fn find_groups(&self, token: &mut EnrollmentToken) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT g.id FROM enrollment_token_group t JOIN device_group g ON g.number = t.device_group
             WHERE t.token = ?1 ORDER BY g.name",
        )?;
        token.groups = statement.query_map([token.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Writes a new token, with the numbers of its groups.
    pub fn insert_enrollment_token(
        &self,
        hash: &[u8; 32],
        token: &EnrollmentToken,
        groups: &[i64],
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO enrollment_token
                     (id, hash, note, device_type, owner, tags, made_by, created_at, expires_at, max_uses, uses)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)",
            )?
            .execute(params![
                token.id,
                hash,
                token.note,
                token.device_type,
                token.owner,
                // A tag holds no comma.
                token.tags.join(","),
                token.made_by,
                token.created_at,
                token.expires_at,
                token.max_uses,
            ])?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO enrollment_token_group (token, device_group) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?;
        for group in groups {
            statement.execute(params![token.id, group])?;
        }
        Ok(())
    }

    /// Counts a device that a token enrolled.
    pub fn use_enrollment_token(&self, id: EnrollmentTokenId, device: i64, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE enrollment_token SET uses = uses + 1, last_used_at = ?2 WHERE id = ?1")?
            .execute(params![id, at])?;
        self.connection
            .prepare_cached(
                "INSERT INTO enrollment_token_device (token, device, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET at = excluded.at",
            )?
            .execute(params![id, device, at])?;
        Ok(())
    }

    /// Deletes a token; what it enrolled stays. False when there was none.
    pub fn delete_enrollment_token(&self, id: EnrollmentTokenId) -> Result<bool, StoreError> {
        Ok(self.connection.prepare_cached("DELETE FROM enrollment_token WHERE id = ?1")?.execute([id])? > 0)
    }

    /// Deletes every token that a person made or that enrolls devices for them.
    pub fn delete_enrollment_tokens(&self, name: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM enrollment_token WHERE made_by = ?1 OR owner = ?1")?
            .execute([name])?;
        Ok(())
    }

    /// Forgets at most `limit` tokens that expired before a time. Returns how many.
    pub fn purge_enrollment_tokens(&self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM enrollment_token WHERE id IN (SELECT id FROM enrollment_token WHERE expires_at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![before, limit])?)
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<EnrollmentToken> {
    let tags = row.get_ref(4)?.as_str()?.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    Ok(EnrollmentToken {
        id: row.get(0)?,
        note: row.get(1)?,
        device_type: row.get(2)?,
        owner: row.get(3)?,
        groups: Vec::new(),
        tags,
        made_by: row.get(5)?,
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
        max_uses: row.get(8)?,
        uses: row.get(9)?,
        last_used_at: row.get(10)?,
    })
}
