//! How devices comply with their policies, and the questions Pym asks them again and again. Reports are in `report`.

mod report;

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::compliance::{Compliance, FeatureCompliance};
use crate::model::device::Device;
use crate::model::id::OperationId;
use crate::model::timestamp::Timestamp;
use crate::store::device::{COLUMNS, device};
use crate::store::policy::untold;

/// What [`compliance`] reads of a row `c`, and of `a`, what the device was told.
const STATE: &str = "c.compliant, c.asked_at, c.answered_at, c.failed_at, c.attempts, c.enforcements,
    a.untold_status, a.untold_reason, a.device IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(a.operations) e
    JOIN operation o ON o.id = unhex(replace(e.value, '-', '')) WHERE o.status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW'))";

impl Rx<'_> {
    /// How a device complies; `None` for one that was never asked and has no policy.
    pub fn compliance(&self, device: i64) -> Result<Option<Compliance>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {STATE} FROM compliance c LEFT JOIN policy_applied a ON a.device = c.device WHERE c.device = ?1"
        ))?;
        let found = statement.query_row([device], compliance).optional()?;
        found.map(|found| Ok(Compliance { features: self.compliance_features(device)?, ..found })).transpose()
    }

    /// How a device complies with each feature, by code.
    pub fn compliance_features(&self, device: i64) -> Result<Vec<FeatureCompliance>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT code, compliant, reason, since FROM compliance_feature WHERE device = ?1 ORDER BY code",
        )?;
        let rows = statement.query_map([device], |row| {
            Ok(FeatureCompliance { code: row.get(0)?, compliant: row.get(1)?, reason: row.get(2)?, since: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Devices with a policy, of these types, that were not asked since `before`, those asked longest ago first.
    pub fn unasked_devices(&self, types: &[String], before: Timestamp, limit: u32) -> Result<Vec<Device>, StoreError> {
        let types = serde_json::to_string(types).unwrap_or_default();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM compliance c JOIN device d ON d.number = c.device
             WHERE (c.asked_at IS NULL OR c.asked_at <= ?2) AND d.type IN (SELECT value FROM json_each(?1))
             AND d.status IN ('ACTIVE', 'UNREACHABLE', 'INACTIVE', 'SUSPENDED')
             ORDER BY c.asked_at LIMIT ?3"
        ))?;
        Ok(statement.query_map(params![types, before, limit], device)?.collect::<Result<_, _>>()?)
    }

    /// Active devices of a type, in the order of their numbers: at most `limit`, after the one of number `after`.
    pub fn active_devices(&self, device_type: &str, after: i64, limit: u32) -> Result<Vec<Device>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM device d WHERE d.type = ?1 AND d.number > ?2 AND d.status = 'ACTIVE'
             ORDER BY d.number LIMIT ?3"
        ))?;
        Ok(statement.query_map(params![device_type, after, limit], device)?.collect::<Result<_, _>>()?)
    }

    /// The last operation of Pym's own of that code on a device.
    pub fn routine(&self, device: i64, code: &str) -> Result<Option<OperationId>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT operation FROM routine WHERE device = ?1 AND code = ?2")?;
        Ok(statement.query_row(params![device, code], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Writes how a device complies, without its features and without how the policy was told.
    pub fn put_compliance(&self, device: i64, compliance: &Compliance) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO compliance (device, compliant, asked_at, answered_at, failed_at, attempts, enforcements)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET compliant = excluded.compliant,
                 asked_at = excluded.asked_at, answered_at = excluded.answered_at, failed_at = excluded.failed_at,
                 attempts = excluded.attempts, enforcements = excluded.enforcements",
            )?
            .execute(params![
                device,
                compliance.compliant,
                compliance.asked_at,
                compliance.answered_at,
                compliance.failed_at,
                compliance.attempts,
                compliance.enforcements
            ])?;
        Ok(())
    }

    /// Writes how a device complies with one feature.
    pub fn put_compliance_feature(&self, device: i64, feature: &FeatureCompliance) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO compliance_feature (device, code, compliant, reason, since) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET compliant = excluded.compliant, reason = excluded.reason,
                 since = excluded.since",
            )?
            .execute(params![device, feature.code, feature.compliant, feature.reason, feature.since])?;
        Ok(())
    }

    /// Forgets how a device complied.
    pub fn forget_compliance(&self, device: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM compliance WHERE device = ?1")?.execute([device])?;
        self.forget_compliance_features(device)
    }

    /// Forgets how a device complied with each feature.
    pub fn forget_compliance_features(&self, device: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM compliance_feature WHERE device = ?1")?.execute([device])?;
        Ok(())
    }

    /// Remembers the last operation of Pym's own of that code on a device, and forgets the activity of the one before
    /// when it has ended, so that asking every minute does not fill the store.
    pub fn put_routine(&self, device: i64, code: &str, operation: OperationId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM activity WHERE number = (SELECT o.activity FROM routine r JOIN operation o ON o.id = r.operation
                 WHERE r.device = ?1 AND r.code = ?2 AND r.operation <> ?3
                 AND o.status NOT IN ('PENDING', 'IN_PROGRESS', 'NOTNOW'))",
            )?
            .execute(params![device, code, operation])?;
        self.connection
            .prepare_cached(
                "INSERT INTO routine (device, code, operation) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET operation = excluded.operation",
            )?
            .execute(params![device, code, operation])?;
        Ok(())
    }
}

fn compliance(row: &Row<'_>) -> rusqlite::Result<Compliance> {
    Ok(Compliance {
        compliant: row.get(0)?,
        asked_at: row.get(1)?,
        answered_at: row.get(2)?,
        failed_at: row.get(3)?,
        attempts: row.get(4)?,
        enforcements: row.get(5)?,
        untold: untold(row, 6)?,
        underway: row.get(8)?,
        features: Vec::new(),
    })
}
