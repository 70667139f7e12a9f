//! Certificates of devices.

use rusqlite::{OptionalExtension, Row, params};

use super::device::OWN;
use super::oauth::Holder;
use super::{Rx, StoreError, Tx};
use crate::model::certificate::{Certificate, Fingerprint};
use crate::model::device::PageStart;
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT c.number, c.serial, c.fingerprint, c.subject, c.issuer, d.id, c.issued_by, c.not_before,
    c.not_after, c.created_at, c.revoked_at, c.revoked_by, c.pem
    FROM certificate c LEFT JOIN device d ON d.number = c.device";

/// A certificate with what the store alone needs to know.
#[derive(Clone, Debug)]
pub struct NewCertificate {
    pub certificate: Certificate,
    /// SHA-256 of the `SubjectPublicKeyInfo`.
    pub public_key: [u8; 32],
    /// The device's number.
    pub device: Option<i64>,
}

impl Rx<'_> {
    /// The certificate of that serial number, in hex.
    pub fn certificate(&self, serial: &str) -> Result<Option<Certificate>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE c.serial = ?1"))?;
        Ok(statement.query_row([serial], certificate).optional()?)
    }

    /// The certificate of that fingerprint, and the device it names.
    pub fn certificate_holder(
        &self,
        fingerprint: Fingerprint,
    ) -> Result<Option<(Certificate, Option<Holder>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE c.fingerprint = ?1"))?;
        let Some(found) = statement.query_row([fingerprint.0], certificate).optional()? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached("SELECT device FROM certificate WHERE fingerprint = ?1")?;
        let device: Option<i64> = statement.query_row([fingerprint.0], |row| row.get(0))?;
        let holder = if device.is_some() { self.holder(device, "")? } else { None };
        Ok(Some((found, holder)))
    }

    /// The certificates of one device or of all, narrowed to `own_of`'s devices if that is given, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn certificates(
        &self,
        device: Option<i64>,
        own_of: Option<&str>,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<Certificate>, StoreError> {
        let (before, offset) = match start {
            PageStart::Cursor(None) => (i64::MAX, 0),
            PageStart::Cursor(Some(cursor)) => {
                (cursor.parse().map_err(|_| StoreError::Cursor(cursor.chars().take(100).collect()))?, 0)
            }
            PageStart::Offset(offset) => (i64::MAX, *offset),
        };
        let own = OWN.replace("= ?", "= ?2");
        let filter = format!("(?1 IS NULL OR c.device = ?1) AND (?2 IS NULL OR {own})");
        let count =
            format!("SELECT count(*) FROM certificate c LEFT JOIN device d ON d.number = c.device WHERE {filter}");
        let total = self.connection.prepare_cached(&count)?.query_row(params![device, own_of], |row| row.get(0))?;
        let sql = format!("{SELECT} WHERE {filter} AND c.number < ?3 ORDER BY c.number DESC LIMIT ?4 OFFSET ?5");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, certificate(row)?));
        let found = statement.query_map(params![device, own_of, before, u64::from(limit) + 1, offset], row)?;
        let mut found: Vec<(i64, Certificate)> = found.collect::<Result<_, _>>()?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|(number, _)| number.to_string());
        Ok(Page { items: found.into_iter().map(|(_, certificate)| certificate).collect(), next, total })
    }

    /// The newest certificate of a device for that public key that is good until after `until`.
    pub fn certificate_for_key(
        &self,
        device: i64,
        public_key: &[u8; 32],
        until: Timestamp,
    ) -> Result<Option<Certificate>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE c.device = ?1 AND c.public_key = ?2 AND c.revoked_at IS NULL AND c.not_after > ?3
             ORDER BY c.number DESC LIMIT 1"
        ))?;
        Ok(statement.query_row(params![device, public_key, until], certificate).optional()?)
    }

    /// Serial numbers and times of what was revoked and has not expired, the latest first, at most `limit`.
    pub fn revoked_certificates(&self, now: Timestamp, limit: u32) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT serial, revoked_at FROM certificate WHERE revoked_at IS NOT NULL AND not_after > ?1
             ORDER BY revoked_at DESC LIMIT ?2",
        )?;
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(statement.query_map(params![now, limit], row)?.collect::<Result<_, _>>()?)
    }

    /// How many certificates name no device.
    pub fn loose_certificates(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM certificate WHERE device IS NULL";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Writes a new certificate; its serial number and fingerprint are new.
    pub fn insert_certificate(&self, new: &NewCertificate) -> Result<(), StoreError> {
        let certificate = &new.certificate;
        self.connection
            .prepare_cached(
                "INSERT INTO certificate (serial, fingerprint, public_key, subject, issuer, device, issued_by, pem,
                     not_before, not_after, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                certificate.serial,
                certificate.fingerprint.0,
                new.public_key,
                certificate.subject,
                certificate.issuer,
                new.device,
                certificate.issued_by,
                certificate.pem,
                certificate.not_before,
                certificate.not_after,
                certificate.created_at,
            ])?;
        Ok(())
    }

    /// Revokes a certificate; the first to do so counts.
    pub fn revoke_certificate(&self, serial: &str, at: Timestamp, by: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE certificate SET revoked_at = ?2, revoked_by = ?3 WHERE serial = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![serial, at, by])?;
        Ok(())
    }

    /// Revokes every certificate of a device but the `keep` newest of those that are good. Returns the fingerprints of
    /// those it revoked.
    pub fn revoke_certificates(
        &self,
        device: i64,
        keep: u32,
        at: Timestamp,
        by: &str,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE certificate SET revoked_at = ?2, revoked_by = ?3 WHERE device = ?1 AND revoked_at IS NULL
             AND number NOT IN (SELECT number FROM certificate WHERE device = ?1 AND revoked_at IS NULL
                 AND not_after > ?2 ORDER BY number DESC LIMIT ?4)
             RETURNING fingerprint",
        )?;
        Ok(statement.query_map(params![device, at, by, keep], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Forgets the expired certificates of a device; those that have not expired stay, since the list of revoked ones
    /// is for others too. Returns how many there are then.
    pub fn trim_certificates(&self, device: i64, now: Timestamp) -> Result<u32, StoreError> {
        self.connection
            .prepare_cached("DELETE FROM certificate WHERE device = ?1 AND not_after < ?2")?
            .execute(params![device, now])?;
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM certificate WHERE device = ?1")?;
        Ok(statement.query_row([device], |row| row.get(0))?)
    }
}

fn certificate(row: &Row<'_>) -> rusqlite::Result<Certificate> {
    Ok(Certificate {
        serial: row.get(1)?,
        fingerprint: Fingerprint(row.get(2)?),
        subject: row.get(3)?,
        issuer: row.get(4)?,
        device: row.get(5)?,
        issued_by: row.get(6)?,
        not_before: row.get(7)?,
        not_after: row.get(8)?,
        created_at: row.get(9)?,
        revoked_at: row.get(10)?,
        revoked_by: row.get(11)?,
        pem: row.get(12)?,
    })
}
