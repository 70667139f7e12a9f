//! Reading the audit trail.

use super::{App, Error, check_limit, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::{AuditEntry, AuditFilter, Outcome};
use crate::model::page::{MAX_PAGE, Page};
use crate::store::Flush;

/// The most lines of an export that are in memory at a time.
pub const EXPORT_PIECE: u32 = 500;

impl App {
    /// Lines of the trail, newest first. `next` is the number to pass as `before`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit that cannot be, [`Error::Forbidden`] without the scope `admin`.
    pub async fn audit(&self, actor: &Actor, filter: AuditFilter, limit: u32) -> Result<Page<AuditEntry>, Error> {
        require(actor, Scope::Admin)?;
        check_limit(limit, MAX_PAGE)?;
        self.inner.store.read(move |rx| rx.audit_entries(&filter, limit).map_err(Error::from)).await
    }

    /// Notes that the caller takes lines of the trail out of the site.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`.
    pub async fn begin_audit_export(&self, actor: &Actor, how: &'static str) -> Result<(), Error> {
        require(actor, Scope::Admin)?;
        let (by, now) = (actor.clone(), self.inner.clock.now());
        self.inner
            .store
            .write(Flush::Now, move |tx| tx.audit(now, &by, "audit.export", "", Outcome::Done, how))
            .await?;
        Ok(())
    }

    /// The next lines of an export, newest first, at most [`EXPORT_PIECE`]; none at the end. Moves `filter` on.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `admin`.
    pub async fn audit_piece(&self, actor: &Actor, filter: &mut AuditFilter) -> Result<Vec<AuditEntry>, Error> {
        require(actor, Scope::Admin)?;
        let asked = filter.clone();
        let lines = self.inner.store.read(move |rx| rx.audit_lines(&asked, EXPORT_PIECE)).await?;
        filter.before = lines.last().map(|line| line.number).or(filter.before);
        Ok(lines)
    }
}
