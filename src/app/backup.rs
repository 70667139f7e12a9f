//! Backups of the database while Pym serves.

use std::path::PathBuf;

use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::store::Flush;

impl App {
    /// Writes a consistent copy of the database into the data directory and returns its path; the caller removes it.
    ///
    /// # Errors
    /// A failure of the store or the disk, [`Error::Forbidden`] without the scope `admin`.
    pub async fn backup(&self, actor: &Actor) -> Result<PathBuf, Error> {
        require(actor, Scope::Admin)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let path = self.inner.settings.data_dir.join(format!("backup-{}.db", uuid::Uuid::now_v7()));
        if let Err(error) = self.inner.store.copy_to(path.clone()).await {
            // What there is of the copy is of no use; the first error is the one to tell.
            drop(std::fs::remove_file(&path));
            return Err(error.into());
        }
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                Ok::<_, Error>(tx.audit(now, &actor, "site.backup", "database", Outcome::Done, "")?)
            })
            .await?;
        Ok(path)
    }
}
