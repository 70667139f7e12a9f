//! OAuth clients, and the access and refresh tokens issued through them.

use std::fmt;

use rusqlite::{OptionalExtension, Params, Row, params};

use super::user::{COLUMNS, user};
use super::{Rx, StoreError, Tx};
use crate::model::device::DeviceStatus;
use crate::model::id::DeviceId;
use crate::model::timestamp::Timestamp;
use crate::model::user::User;

/// A registered client.
#[derive(Clone)]
pub struct ClientRow {
    pub id: String,
    /// SHA-256 of its secret.
    pub secret: [u8; 32],
    pub name: String,
    pub owner: String,
    /// The row number of the device whose own application it is.
    pub device: Option<i64>,
    pub created_at: Timestamp,
}

impl fmt::Debug for ClientRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Which of the two kinds of OAuth token (RFC 6749, sections 1.4 and 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Access,
    Refresh,
}

impl TokenKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// An issued token, without its secret.
#[derive(Clone, Debug)]
pub struct TokenRow {
    pub kind: TokenKind,
    /// The id of the client it was issued through.
    pub client: String,
    /// Whose it is, or who owns the device whose it is.
    pub user: String,
    /// The row number of the device whose it is; `None` for a person's.
    pub device: Option<i64>,
    /// The granted words, as the client asked for them; they carry no authority.
    pub scopes: String,
    pub created_at: Timestamp,
    /// `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// Whose authority a token carries, as it stands now.
#[derive(Clone, Debug)]
pub enum Holder {
    User(User),
    Device { id: DeviceId, device_type: String, identifier: String, status: DeviceStatus },
}

/// What a deletion took from whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Hashes of people's access tokens.
    pub tokens: Vec<[u8; 32]>,
    /// Devices that lost a token.
    pub devices: Vec<DeviceId>,
}

impl Revoked {
    /// Both together.
    pub fn extend(&mut self, other: Self) {
        self.tokens.extend(other.tokens);
        for device in other.devices {
            if !self.devices.contains(&device) {
                self.devices.push(device);
            }
        }
    }
}

impl Rx<'_> {
    /// The client of that id.
    pub fn client(&self, id: &str) -> Result<Option<ClientRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, secret, name, owner, device, created_at FROM oauth_client WHERE id = ?1")?;
        Ok(statement.query_row([id], client).optional()?)
    }

    /// How many clients there are.
    pub fn count_clients(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM oauth_client")?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    /// The token of that kind and hash, expired ones included.
    pub fn oauth_token(&self, kind: TokenKind, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT client, user, device, scopes, created_at, expires_at FROM oauth_token WHERE hash = ?1 AND kind = ?2",
        )?;
        let found = statement.query_row(params![hash, kind.name()], |row| {
            Ok(TokenRow {
                kind,
                client: row.get(0)?,
                user: row.get(1)?,
                device: row.get(2)?,
                scopes: row.get(3)?,
                created_at: row.get(4)?,
                expires_at: row.get(5)?,
            })
        });
        Ok(found.optional()?)
    }

    /// The device, known by type and identifier, whose access token that was before it was removed.
    pub fn gone_token(&self, hash: &[u8; 32]) -> Result<Option<(String, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.type, d.identifier FROM gone_token g JOIN device d ON d.number = g.device WHERE g.hash = ?1",
        )?;
        Ok(statement.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The device of that number, or else the person of that name; `None` when they are gone.
    pub fn holder(&self, device: Option<i64>, name: &str) -> Result<Option<Holder>, StoreError> {
        let Some(device) = device else {
            let mut statement =
                self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM user u WHERE u.name = ?1"))?;
            return Ok(statement.query_row([name], user).optional()?.map(Holder::User));
        };
        let mut statement =
            self.connection.prepare_cached("SELECT id, type, identifier, status FROM device WHERE number = ?1")?;
        let found = statement.query_row([device], |row| {
            Ok(Holder::Device {
                id: row.get(0)?,
                device_type: row.get(1)?,
                identifier: row.get(2)?,
                status: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }
}

impl Tx<'_> {
    /// Writes a new client.
    pub fn insert_client(&self, client: &ClientRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO oauth_client (id, secret, name, owner, device, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![client.id, client.secret, client.name, client.owner, client.device, client.created_at])?;
        Ok(())
    }

    /// Makes room for one more client of a person under a name: deletes the oldest so that `bound` less one remain.
    pub fn trim_clients(&self, owner: &str, name: &str, bound: u32) -> Result<Revoked, StoreError> {
        let (_, revoked) = self.delete_clients(
            "id IN (SELECT id FROM oauth_client WHERE owner = ?1 AND name = ?2 AND device IS NULL
             ORDER BY created_at DESC LIMIT -1 OFFSET ?3)",
            params![owner, name, bound.saturating_sub(1)],
        )?;
        Ok(revoked)
    }

    /// Makes room for one more client of a device, as [`Tx::trim_clients`] does.
    pub fn trim_device_clients(&self, device: i64, bound: u32) -> Result<Revoked, StoreError> {
        let (_, revoked) = self.delete_clients(
            "id IN (SELECT id FROM oauth_client WHERE device = ?1 ORDER BY created_at DESC LIMIT -1 OFFSET ?2)",
            params![device, bound.saturating_sub(1)],
        )?;
        Ok(revoked)
    }

    /// Deletes the clients of an owner under a name, with their tokens. Returns how many clients.
    pub fn delete_named_clients(&self, owner: &str, name: &str) -> Result<(usize, Revoked), StoreError> {
        self.delete_clients("owner = ?1 AND name = ?2 AND device IS NULL", params![owner, name])
    }

    /// Deletes every client and token of a person; the devices they own keep theirs.
    pub fn revoke_user(&self, name: &str) -> Result<Revoked, StoreError> {
        let (_, mut revoked) = self.delete_clients("owner = ?1 AND device IS NULL", params![name])?;
        revoked.extend(self.delete_tokens("user = ?1 AND device IS NULL", params![name])?);
        Ok(revoked)
    }

    /// Makes a person's client a device's own, with every token issued through it: they are good for the device alone,
    /// and its refresh tokens never expire. Returns the access tokens that are no person's any more.
    pub fn bind_client(&self, client: &str, device: i64) -> Result<Revoked, StoreError> {
        let revoked = self.to_revoke("client = ?1", [client])?;
        self.connection
            .prepare_cached("UPDATE oauth_client SET device = ?2 WHERE id = ?1")?
            .execute(params![client, device])?;
        self.connection
            .prepare_cached(
                "UPDATE oauth_token SET device = ?2,
                 expires_at = CASE kind WHEN 'refresh' THEN NULL ELSE expires_at END WHERE client = ?1",
            )?
            .execute(params![client, device])?;
        Ok(revoked)
    }

    /// Deletes the clients of a device under a name, with their tokens.
    pub fn delete_device_clients(&self, device: DeviceId, name: &str) -> Result<(usize, Revoked), StoreError> {
        self.delete_clients("device = (SELECT number FROM device WHERE id = ?1) AND name = ?2", params![device, name])
    }

    /// Deletes every client and token of a device, and remembers which access tokens these were. Its connections are
    /// the caller's to close.
    pub fn revoke_device(&self, device: i64, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO gone_token (hash, device, at)
                 SELECT hash, device, ?2 FROM oauth_token WHERE device = ?1 AND kind = 'access'",
            )?
            .execute(params![device, at])?;
        self.delete_clients("device = ?1", params![device])?;
        self.delete_tokens("device = ?1", params![device])?;
        Ok(())
    }

    /// Deletes what was issued through a client to one holder.
    pub fn revoke_grant(&self, token: &TokenRow) -> Result<Revoked, StoreError> {
        self.delete_tokens(
            "client = ?1 AND user = ?2 AND device IS ?3",
            params![token.client, token.user, token.device],
        )
    }

    /// Deletes one access token.
    pub fn revoke_access(&self, hash: &[u8; 32]) -> Result<Revoked, StoreError> {
        self.delete_tokens("hash = ?1 AND kind = 'access'", params![hash])
    }

    /// Writes a token and deletes the oldest of its kind and client, so that at most `bound` remain.
    pub fn insert_oauth_token(&self, hash: &[u8; 32], token: &TokenRow, bound: u32) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM oauth_token WHERE hash IN (SELECT hash FROM oauth_token
                 WHERE client = ?1 AND kind = ?2 ORDER BY created_at DESC LIMIT -1 OFFSET ?3)",
            )?
            .execute(params![token.client, token.kind.name(), bound.saturating_sub(1)])?;
        self.connection
            .prepare_cached(
                "INSERT INTO oauth_token (hash, kind, client, user, device, scopes, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                hash,
                token.kind.name(),
                token.client,
                token.user,
                token.device,
                token.scopes,
                token.created_at,
                token.expires_at,
            ])?;
        Ok(())
    }

    /// Makes a token count as issued at `at`, and sets its new end.
    pub fn renew_oauth_token(
        &self,
        hash: &[u8; 32],
        at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE oauth_token SET created_at = ?2, expires_at = ?3 WHERE hash = ?1")?
            .execute(params![hash, at, expires_at])?;
        Ok(())
    }

    /// Forgets at most `limit` tokens that expired before a time. Returns how many.
    pub fn purge_oauth_tokens(&self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM oauth_token WHERE hash IN (SELECT hash FROM oauth_token WHERE expires_at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![before, limit])?)
    }

    /// Forgets at most `limit` tokens of devices that were removed before a time. Returns how many.
    pub fn purge_gone_tokens(&self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM gone_token WHERE hash IN (SELECT hash FROM gone_token WHERE at < ?1 LIMIT ?2)",
        )?;
        Ok(statement.execute(params![before, limit])?)
    }

    /// Deletes clients by a condition; their tokens go with them. Returns how many clients.
    fn delete_clients(&self, condition: &str, bound: impl Params + Copy) -> Result<(usize, Revoked), StoreError> {
        let revoked = self.to_revoke(&format!("client IN (SELECT id FROM oauth_client WHERE {condition})"), bound)?;
        let mut statement = self.connection.prepare_cached(&format!("DELETE FROM oauth_client WHERE {condition}"))?;
        Ok((statement.execute(bound)?, revoked))
    }

    fn delete_tokens(&self, condition: &str, bound: impl Params + Copy) -> Result<Revoked, StoreError> {
        let revoked = self.to_revoke(condition, bound)?;
        self.connection.prepare_cached(&format!("DELETE FROM oauth_token WHERE {condition}"))?.execute(bound)?;
        Ok(revoked)
    }

    fn to_revoke(&self, condition: &str, bound: impl Params) -> Result<Revoked, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT hash, (SELECT d.id FROM device d WHERE d.number = oauth_token.device)
             FROM oauth_token WHERE (kind = 'access' OR device IS NOT NULL) AND {condition}"
        ))?;
        let mut rows = statement.query(bound)?;
        let mut revoked = Revoked::default();
        while let Some(row) = rows.next()? {
            match row.get(1)? {
                Some(device) => revoked.extend(Revoked { devices: vec![device], ..Revoked::default() }),
                None => revoked.tokens.push(row.get(0)?),
            }
        }
        Ok(revoked)
    }
}

fn client(row: &Row<'_>) -> rusqlite::Result<ClientRow> {
    Ok(ClientRow {
        id: row.get(0)?,
        secret: row.get(1)?,
        name: row.get(2)?,
        owner: row.get(3)?,
        device: row.get(4)?,
        created_at: row.get(5)?,
    })
}
