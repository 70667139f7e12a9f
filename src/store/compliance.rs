//! How devices comply with their policies, and the questions Pym asks them again and again.

use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::compliance::{Compliance, ComplianceCounts, FeatureCompliance, Violation};
use crate::model::device::Device;
use crate::model::id::OperationId;
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;
use crate::store::device::{COLUMNS, OWN, device};

impl Rx<'_> {
    /// How a device complies; `None` for one that was never asked and has no policy.
    pub fn compliance(&self, device: i64) -> Result<Option<Compliance>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT compliant, asked_at, answered_at, failed_at, attempts, enforcements FROM compliance WHERE device = ?1",
        )?;
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

    /// How many devices comply; only `own_of`'s, where a name is given.
    pub fn compliance_counts(&self, own_of: Option<&str>) -> Result<ComplianceCounts, StoreError> {
        let own = OWN.replace("= ?", "= ?1");
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT coalesce(sum(c.compliant = 1), 0), coalesce(sum(c.compliant = 0), 0), count(*)
             FROM compliance c JOIN device d ON d.number = c.device WHERE ?1 IS NULL OR {own}"
        ))?;
        Ok(statement.query_row([own_of], |row| {
            let (compliant, violating, all): (u64, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(ComplianceCounts { compliant, violating, unknown: all.saturating_sub(compliant + violating) })
        })?)
    }

    /// The devices that do not comply, in the order of their numbers: at most `limit`, after the one of number `after`.
    pub fn violations(&self, own_of: Option<&str>, after: i64, limit: u32) -> Result<Page<Violation>, StoreError> {
        let total = self.compliance_counts(own_of)?.violating;
        let own = OWN.replace("= ?", "= ?1");
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM compliance c JOIN device d ON d.number = c.device
             WHERE c.compliant = 0 AND d.number > ?2 AND (?1 IS NULL OR {own}) ORDER BY d.number LIMIT ?3 + 1"
        ))?;
        let mut found: Vec<Device> =
            statement.query_map(params![own_of, after, limit], device)?.collect::<Result<_, _>>()?;
        let next = super::cut_page(&mut found, limit).map(|last| last.number.to_string());
        let items = found.into_iter().map(|device| self.violation(device)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, total })
    }

    fn violation(&self, device: Device) -> Result<Violation, StoreError> {
        let mut compliance = self.compliance(device.number)?.unwrap_or_default();
        compliance.features.retain(|feature| !feature.compliant);
        Ok(Violation {
            id: device.id,
            device_type: device.device_type,
            identifier: device.identifier,
            name: device.name,
            owner: device.owner,
            status: device.status,
            compliance,
        })
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
    /// Writes how a device complies, without its features.
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
        features: Vec::new(),
    })
}
