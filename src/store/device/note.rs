//! What people write down about a device.

use rusqlite::{OptionalExtension, params};

use crate::model::device::Note;
use crate::store::{Rx, StoreError, Tx};

impl Rx<'_> {
    /// A device's note, if there is one.
    pub fn note(&self, device: i64) -> Result<Option<Note>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT text, written_by, written_at FROM device_note WHERE device = ?1")?;
        let read = |row: &rusqlite::Row<'_>| Ok(Note { text: row.get(0)?, by: row.get(1)?, at: row.get(2)? });
        Ok(statement.query_row([device], read).optional()?)
    }
}

impl Tx<'_> {
    /// Writes a device's note; an empty one is none.
    pub fn put_note(&self, device: i64, note: &Note) -> Result<(), StoreError> {
        if note.text.is_empty() {
            self.connection.prepare_cached("DELETE FROM device_note WHERE device = ?1")?.execute([device])?;
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "INSERT INTO device_note (device, text, written_by, written_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET text = excluded.text, written_by = excluded.written_by,
                 written_at = excluded.written_at",
            )?
            .execute(params![device, note.text, note.by, note.at])?;
        Ok(())
    }
}
