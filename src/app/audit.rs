//! Reading the audit trail.

use super::{App, Error, check_limit, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::{AuditEntry, AuditFilter, Outcome};
use crate::model::page::{MAX_PAGE, Page};
use crate::store::Flush;

/// The most lines of an export that are in memory at a time.
pub const EXPORT_PIECE: u32 = 500;
/// The most lines of the trail; the oldest are forgotten beyond. They take some 200 MB.
pub const MAX_AUDIT: u64 = 1_000_000;
/// The most lines forgotten in one transaction.
const TRIM_BATCH: u32 = 1000;

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

    /// Forgets the oldest lines beyond [`MAX_AUDIT`]. Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn trim_audit(&self) -> Result<usize, Error> {
        self.trim_audit_to(MAX_AUDIT).await
    }

    async fn trim_audit_to(&self, keep: u64) -> Result<usize, Error> {
        let mut forgotten = 0;
        loop {
            let count = self.inner.store.write(Flush::Lazy, move |tx| tx.trim_audit(keep, TRIM_BATCH)).await?;
            forgotten += count;
            if count < TRIM_BATCH as usize {
                return Ok(forgotten);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{operator, site};
    use crate::store::StoreError;

    #[tokio::test]
    async fn the_oldest_lines_are_forgotten_and_numbers_go_on() {
        let site = site().await;
        let (admin, now) = (operator(), site.app.clock().now());
        let by = admin.clone();
        let write = site.app.inner.store.write(Flush::Lazy, move |tx| {
            for line in 0..2 * TRIM_BATCH + 10 {
                tx.audit(now, &by, "test.line", &line.to_string(), Outcome::Done, "")?;
            }
            Ok::<_, StoreError>(())
        });
        write.await.unwrap();
        let newest = site.app.audit(&admin, AuditFilter::default(), 1).await.unwrap().items[0].number;
        assert_eq!(site.app.trim_audit().await.unwrap(), 0);
        assert_eq!(site.app.trim_audit_to(7).await.unwrap(), usize::try_from(newest).unwrap() - 7);
        let left = site.app.audit(&admin, AuditFilter::default(), 100).await.unwrap();
        let numbers: Vec<_> = left.items.iter().map(|line| line.number).collect();
        assert_eq!(numbers, (newest - 6..=newest).rev().collect::<Vec<_>>());
        site.app.begin_audit_export(&admin, "csv").await.unwrap();
        assert_eq!(site.app.trim_audit_to(7).await.unwrap(), 1);
        assert_eq!(site.app.audit(&admin, AuditFilter::default(), 1).await.unwrap().items[0].number, newest + 1);
    }
}
