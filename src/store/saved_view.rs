//! The views of the list of devices that people keep.

use rusqlite::params;

use super::{Rx, StoreError, Tx};
use crate::model::id::UserId;
use crate::model::saved_view::SavedView;
use crate::model::timestamp::Timestamp;

impl Rx<'_> {
    /// A person's views, by name.
    pub fn saved_views(&self, user: UserId) -> Result<Vec<SavedView>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, query, created_at FROM saved_view WHERE user = ?1 ORDER BY name")?;
        let rows = statement.query_map([user], |row| {
            Ok(SavedView { name: row.get(0)?, query: row.get(1)?, created_at: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Keeps a view, in place of a person's other one of that name.
    pub fn put_saved_view(&self, user: UserId, name: &str, query: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO saved_view (user, name, query, created_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET name = excluded.name, query = excluded.query",
            )?
            .execute(params![user, name, query, at])?;
        Ok(())
    }

    /// Forgets a person's view of that name; false when there is none.
    pub fn delete_saved_view(&self, user: UserId, name: &str) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM saved_view WHERE user = ?1 AND name = ?2")?;
        Ok(statement.execute(params![user, name])? > 0)
    }
}
