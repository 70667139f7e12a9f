//! Reading the audit trail.

use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::{AuditEntry, AuditFilter};
use crate::model::device::{MAX_PAGE, Page};

impl App {
    /// Lines of the trail, newest first. `next` is the number to pass as `before`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit that cannot be, [`Error::Forbidden`] without the scope `admin`.
    pub async fn audit(&self, actor: &Actor, filter: AuditFilter, limit: u32) -> Result<Page<AuditEntry>, Error> {
        require(actor, Scope::Admin)?;
        if limit == 0 || limit > MAX_PAGE {
            return Err(Error::invalid("limit", format!("a limit is 1 to {MAX_PAGE}")));
        }
        let (items, total) =
            self.inner.store.read(move |rx| rx.audit_entries(&filter, limit).map_err(Error::from)).await?;
        let full = items.len() >= limit as usize;
        let next = items.last().filter(|_| full).map(|last| last.number.to_string());
        Ok(Page { items, next, total })
    }
}
