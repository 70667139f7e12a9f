//! API tokens.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::actor::Scopes;
use crate::model::id::TokenId;
use crate::model::timestamp::Timestamp;
use crate::model::user::ApiToken;

const SELECT: &str = "SELECT id, name, owner, scopes, created_at, expires_at, last_used_at FROM api_token";

impl Rx<'_> {
    /// The token whose secret has that hash, expired ones included.
    pub fn api_token(&self, hash: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE hash = ?1"))?;
        Ok(statement.query_row([hash], token).optional()?)
    }

    /// The token of that id.
    pub fn api_token_by_id(&self, id: TokenId) -> Result<Option<ApiToken>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
        Ok(statement.query_row([id], token).optional()?)
    }

    /// The tokens of one owner or of all, oldest first.
    pub fn api_tokens(&self, owner: Option<&str>) -> Result<Vec<ApiToken>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE ?1 IS NULL OR owner = ?1 ORDER BY created_at, id"))?;
        Ok(statement.query_map([owner], token)?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Writes a new token.
    pub fn insert_api_token(&self, hash: &[u8; 32], token: &ApiToken) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO api_token (id, hash, name, owner, scopes, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                token.id,
                hash,
                token.name,
                token.owner,
                token.scopes.to_string(),
                token.created_at,
                token.expires_at,
            ])?;
        Ok(())
    }

    /// Notes that a token was used.
    pub fn touch_api_token(&self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE api_token SET last_used_at = ?2 WHERE id = ?1")?
            .execute(params![id, at])?;
        Ok(())
    }

    /// Deletes a token. Returns the hash of its secret.
    pub fn delete_api_token(&self, id: TokenId) -> Result<Option<[u8; 32]>, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM api_token WHERE id = ?1 RETURNING hash")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Deletes every token of an owner. Returns the hashes of their secrets.
    pub fn delete_api_tokens(&self, owner: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM api_token WHERE owner = ?1 RETURNING hash")?;
        Ok(statement.query_map([owner], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Forgets at most `limit` tokens that expired before a time. Returns how many.
    pub fn purge_api_tokens(&self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM api_token WHERE id IN (SELECT id FROM api_token WHERE expires_at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![before, limit])?)
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        owner: row.get(2)?,
        scopes: Scopes::parse_lossy(row.get_ref(3)?.as_str()?),
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        last_used_at: row.get(6)?,
    })
}
