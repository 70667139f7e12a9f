//! The audit trail.

use rusqlite::{Row, params};

use super::{Rx, StoreError, Tx, cut_page};
use crate::model::actor::Actor;
use crate::model::audit::{AuditEntry, AuditFilter, Outcome};
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;

impl Tx<'_> {
    /// Writes a line of the trail.
    pub fn audit(
        &self,
        at: Timestamp,
        actor: &Actor,
        action: &str,
        target: &str,
        outcome: Outcome,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO audit (at, actor, origin, action, target, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![at, actor.principal.to_string(), actor.origin, action, target, outcome, detail])?;
        Ok(())
    }
}

impl Rx<'_> {
    /// One page of the lines that fit `filter`, newest first; its `next` goes on as [`AuditFilter::before`].
    pub fn audit_entries(&self, filter: &AuditFilter, limit: u32) -> Result<Page<AuditEntry>, StoreError> {
        const WHERE: &str = "(?1 IS NULL OR actor = ?1)
            AND (?2 IS NULL OR action = ?2 OR substr(action, 1, length(?2) + 1) = ?2 || '.')
            AND (?3 IS NULL OR target = ?3) AND (?4 IS NULL OR at >= ?4)";
        let bound = params![filter.actor, filter.action, filter.target, filter.since];
        let total = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM audit WHERE {WHERE}"))?
            .query_row(bound, |row| row.get(0))?;
        let bound = params![filter.actor, filter.action, filter.target, filter.since, filter.before, limit];
        let mut items: Vec<AuditEntry> = self
            .connection
            .prepare_cached(&format!(
                "SELECT number, at, actor, origin, action, target, outcome, detail FROM audit
                 WHERE {WHERE} AND (?5 IS NULL OR number < ?5) ORDER BY number DESC LIMIT ?6 + 1"
            ))?
            .query_map(bound, entry)?
            .collect::<Result<_, _>>()?;
        let next = cut_page(&mut items, limit).map(|last| last.number.to_string());
        Ok(Page { items, next, total })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        number: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        origin: row.get(3)?,
        action: row.get(4)?,
        target: row.get(5)?,
        outcome: row.get(6)?,
        detail: row.get(7)?,
    })
}
