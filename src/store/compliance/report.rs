//! Reports: how many devices comply, with which policy and which feature, and which devices do not.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Row;

use crate::model::compliance::{
    ComplianceCounts, ComplianceFilter, ComplianceState, FeatureCounts, PolicyCompliance, PolicyName, Standing,
};
use crate::model::device::Device;
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;
use crate::store::device::{COLUMNS, device};
use crate::store::query::Clause;
use crate::store::{Rx, StoreError, cut_page};

const FROM: &str = "FROM compliance c JOIN device d ON d.number = c.device
    LEFT JOIN policy_applied a ON a.device = d.number";
/// How many comply, do not, and are there at all.
const COUNTS: &str = "coalesce(sum({} = 1), 0), coalesce(sum({} = 0), 0), count(*)";

impl Rx<'_> {
    /// How many devices that fit the filter comply, whatever the state it asks for.
    pub fn compliance_counts(&self, filter: &ComplianceFilter, now: Timestamp) -> Result<ComplianceCounts, StoreError> {
        let (join, state, clause) = narrowed(&ComplianceFilter { state: None, ..filter.clone() }, now);
        let sql = format!("SELECT {} {FROM}{join}{}", COUNTS.replace("{}", state), clause.text);
        Ok(self.connection.prepare_cached(&sql)?.query_row(clause.bound(), |row| counts(row, 0))?)
    }

    /// How the devices that fit the filter comply with each policy they were told, in the order of its priority; the
    /// filter's policy, feature and state are left aside, and so are policies without a device.
    pub fn policy_compliance(
        &self,
        filter: &ComplianceFilter,
        now: Timestamp,
    ) -> Result<Vec<PolicyCompliance>, StoreError> {
        let clause = Clause::of(&filter.devices, now);
        let sql = format!(
            "SELECT p.id, p.name, {}, coalesce(sum(a.untold_status IS NOT NULL), 0) {FROM}
             JOIN json_each(a.policies) e JOIN policy p ON p.number = e.value{} GROUP BY p.number ORDER BY p.priority",
            COUNTS.replace("{}", "c.compliant"),
            clause.text
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(clause.bound(), |row| {
            let policy = PolicyName { id: row.get(0)?, name: row.get(1)? };
            Ok(PolicyCompliance { policy, counts: counts(row, 2)?, untold: row.get(5)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How the devices that fit the filter comply with each feature of their policies, by code; the filter's feature and
    /// state are left aside.
    pub fn feature_compliance(
        &self,
        filter: &ComplianceFilter,
        now: Timestamp,
    ) -> Result<Vec<FeatureCounts>, StoreError> {
        let whole = ComplianceFilter { state: None, feature: None, ..filter.clone() };
        let (_, _, mut clause) = narrowed(&whole, now);
        let mut features: BTreeMap<String, ComplianceCounts> = BTreeMap::new();
        let known = format!(
            "SELECT f.code, {} {FROM} JOIN compliance_feature f ON f.device = d.number{} GROUP BY f.code",
            COUNTS.replace("{}", "f.compliant"),
            clause.text
        );
        let mut statement = self.connection.prepare_cached(&known)?;
        let mut rows = statement.query(clause.bound())?;
        while let Some(row) = rows.next()? {
            features.insert(row.get(0)?, counts(row, 1)?);
        }
        // A device that is known to comply or not has a row for each of its features, unless it was not told all.
        clause.joint();
        clause.text.push_str(
            "(c.compliant IS NULL OR a.untold_status IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM compliance_feature f
             WHERE f.device = d.number AND f.code = e.value ->> 'code')",
        );
        let unknown = format!(
            "SELECT e.value ->> 'code', count(*) {FROM} JOIN json_each(a.features) e{} GROUP BY 1",
            clause.text
        );
        let mut statement = self.connection.prepare_cached(&unknown)?;
        let mut rows = statement.query(clause.bound())?;
        while let Some(row) = rows.next()? {
            features.entry(row.get(0)?).or_default().unknown = row.get(1)?;
        }
        Ok(features.into_iter().map(|(code, counts)| FeatureCounts { code, counts }).collect())
    }

    /// The devices that fit the filter, in the order of their numbers: at most `limit`, after the one of number `after`.
    pub fn standings(
        &self,
        filter: &ComplianceFilter,
        after: i64,
        limit: u32,
        now: Timestamp,
    ) -> Result<Page<Standing>, StoreError> {
        let (join, _, mut clause) = narrowed(filter, now);
        let total = self
            .connection
            .prepare_cached(&format!("SELECT count(*) {FROM}{join}{}", clause.text))?
            .query_row(clause.bound(), |row| row.get(0))?;
        clause.and("d.number > ?", after);
        let sql = format!(
            "SELECT {COLUMNS}, a.policies {FROM}{join}{} ORDER BY d.number LIMIT {}",
            clause.text,
            u64::from(limit) + 1
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(clause.bound(), |row| Ok((device(row)?, row.get(12)?)))?;
        let mut found: Vec<(Device, Option<String>)> = rows.collect::<Result<_, _>>()?;
        let next = cut_page(&mut found, limit).map(|(last, _)| last.number.to_string());
        let names = self.policy_names()?;
        let items = found.into_iter().map(|(device, policies)| self.standing(device, policies.as_deref(), &names));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next, total })
    }

    /// How many devices have a policy that was deleted, or were told one that did not reach them: what applying the
    /// policies would mend though no policy is marked as changed.
    pub fn loose_ends(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM policy_applied a JOIN device d ON d.number = a.device
             WHERE d.status NOT IN ('REMOVED', 'BLOCKED') AND (a.untold_status IS NOT NULL
             OR EXISTS (SELECT 1 FROM json_each(a.policies) e WHERE e.value NOT IN (SELECT number FROM policy)))",
        )?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    fn policy_names(&self) -> Result<HashMap<i64, PolicyName>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT number, id, name FROM policy")?;
        let rows =
            statement.query_map((), |row| Ok((row.get(0)?, PolicyName { id: row.get(1)?, name: row.get(2)? })))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn standing(
        &self,
        device: Device,
        policies: Option<&str>,
        names: &HashMap<i64, PolicyName>,
    ) -> Result<Standing, StoreError> {
        let mut compliance = self.compliance(device.number)?.unwrap_or_default();
        compliance.features.retain(|feature| !feature.compliant);
        let numbers: Vec<i64> = policies.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Ok(Standing {
            id: device.id,
            device_type: device.device_type,
            identifier: device.identifier,
            name: device.name,
            owner: device.owner,
            status: device.status,
            state: match compliance.compliant {
                Some(true) => ComplianceState::Compliant,
                Some(false) => ComplianceState::Violating,
                None => ComplianceState::Unknown,
            },
            policies: numbers.iter().filter_map(|number| names.get(number).cloned()).collect(),
            compliance,
        })
    }
}

/// What joins [`FROM`], the column that holds the state, and the conditions.
fn narrowed(filter: &ComplianceFilter, now: Timestamp) -> (&'static str, &'static str, Clause) {
    let mut clause = Clause::of(&filter.devices, now);
    let (mut join, mut state) = ("", "c.compliant");
    if let Some(code) = &filter.feature {
        join = " LEFT JOIN compliance_feature f ON f.device = d.number AND f.code = ?";
        state = "f.compliant";
        clause.bound.insert(0, Box::new(code.clone()));
        clause.and("EXISTS (SELECT 1 FROM json_each(a.features) e WHERE e.value ->> 'code' = ?)", code.clone());
    }
    if let Some(policy) = filter.policy {
        let told = "EXISTS (SELECT 1 FROM json_each(a.policies) e JOIN policy p ON p.number = e.value WHERE p.id = ?)";
        clause.and(told, policy);
    }
    if let Some(wanted) = filter.state {
        clause.joint();
        clause.text.push_str(state);
        clause.text.push_str(match wanted {
            ComplianceState::Compliant => " = 1",
            ComplianceState::Violating => " = 0",
            ComplianceState::Unknown => " IS NULL",
        });
    }
    (join, state, clause)
}

fn counts(row: &Row<'_>, column: usize) -> rusqlite::Result<ComplianceCounts> {
    let (compliant, violating, all): (u64, u64, u64) = (row.get(column)?, row.get(column + 1)?, row.get(column + 2)?);
    Ok(ComplianceCounts { compliant, violating, unknown: all.saturating_sub(compliant + violating) })
}
