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

    /// Forgets the oldest lines beyond the newest `keep`, at most `limit` at a time. Returns how many.
    pub fn trim_audit(&self, keep: u64, limit: u32) -> Result<usize, StoreError> {
        // Numbers have no gaps, so nothing need be counted.
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM audit WHERE number IN (SELECT number FROM audit
             WHERE number <= (SELECT max(number) FROM audit) - ?1 ORDER BY number LIMIT ?2)",
        )?;
        Ok(statement.execute(params![keep, limit])?)
    }
}

const WHERE: &str = "(?1 IS NULL OR actor = ?1)
    AND (?2 IS NULL OR action = ?2 OR substr(action, 1, length(?2) + 1) = ?2 || '.')
    AND (?3 IS NULL OR target = ?3) AND (?4 IS NULL OR outcome = ?4) AND (?5 IS NULL OR at >= ?5)
    AND (?6 IS NULL OR at < ?6)";

impl Rx<'_> {
    /// One page of the lines that fit `filter`, newest first; its `next` goes on as [`AuditFilter::before`].
    pub fn audit_entries(&self, filter: &AuditFilter, limit: u32) -> Result<Page<AuditEntry>, StoreError> {
        let AuditFilter { actor, action, target, outcome, since, until, .. } = filter;
        let total = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM audit WHERE {WHERE}"))?
            .query_row(params![actor, action, target, outcome, since, until], |row| row.get(0))?;
        let mut items = self.audit_lines(filter, limit.saturating_add(1))?;
        let next = cut_page(&mut items, limit).map(|last| last.number.to_string());
        Ok(Page { items, next, total })
    }

    /// The newest lines that fit `filter`, at most `limit`, newest first.
    pub fn audit_lines(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let AuditFilter { actor, action, target, outcome, since, until, before } = filter;
        let sql = format!(
            "SELECT number, at, actor, origin, action, target, outcome, detail FROM audit
             WHERE {WHERE} AND (?7 IS NULL OR number < ?7) ORDER BY number DESC LIMIT ?8"
        );
        let bound = params![actor, action, target, outcome, since, until, before, limit];
        Ok(self.connection.prepare_cached(&sql)?.query_map(bound, entry)?.collect::<Result<_, _>>()?)
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
