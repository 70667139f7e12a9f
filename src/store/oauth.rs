//! OAuth clients and tokens.

use super::{StoreError, Tx};

impl Tx<'_> {
    /// Deletes a device's applications and tokens.
    pub fn revoke_device(&self, device: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM oauth_token WHERE device = ?1")?.execute([device])?;
        self.connection.prepare_cached("DELETE FROM oauth_client WHERE device = ?1")?.execute([device])?;
        Ok(())
    }
}
