//! Reading the audit trail.

use super::{App, Error, check_limit, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::{AuditEntry, AuditFilter};
use crate::model::page::{MAX_PAGE, Page};

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
}
