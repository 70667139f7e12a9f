//! Notifications.

use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension, Row, params};

use super::device::OWN;
use super::{Rx, StoreError, Tx};
use crate::model::id::NotificationId;
use crate::model::notification::{MAX_NOTIFICATIONS, Notification, NotificationFilter};
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT n.number, n.id, n.at, n.kind, d.id, n.operation, n.text, n.checked_at, n.checked_by
    FROM notification n LEFT JOIN device d ON d.number = n.device";

impl Rx<'_> {
    /// The notification of that id.
    pub fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE n.id = ?1"))?;
        Ok(statement.query_row([id], notification).optional()?)
    }

    /// The notification of that number.
    pub fn notification_by_number(&self, number: i64) -> Result<Option<Notification>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} WHERE n.number = ?1"))?;
        Ok(statement.query_row([number], notification).optional()?)
    }

    /// The notifications that fit a filter, newest first: at most `limit`, after `offset` of them.
    pub fn notifications(
        &self,
        filter: &NotificationFilter,
        offset: u32,
        limit: u32,
    ) -> Result<Page<Notification>, StoreError> {
        let own = OWN.replace("= ?", "= ?3");
        let conditions = format!(
            "(?1 IS NULL OR (n.checked_at IS NOT NULL) = ?1) AND (?2 IS NULL OR d.id = ?2) AND (?3 IS NULL OR {own})
             AND (?4 IS NULL OR n.kind = ?4)"
        );
        let bound: [&dyn ToSql; 4] = [&filter.checked, &filter.device, &filter.own_of, &filter.kind];
        let total = self
            .connection
            .prepare_cached(&format!(
                "SELECT count(*) FROM notification n LEFT JOIN device d ON d.number = n.device WHERE {conditions}"
            ))?
            .query_row(bound, |row| row.get(0))?;
        let sql = format!("{SELECT} WHERE {conditions} ORDER BY n.number DESC LIMIT {limit} OFFSET {offset}");
        let items: Vec<Notification> =
            self.connection.prepare_cached(&sql)?.query_map(bound, notification)?.collect::<Result<_, _>>()?;
        let seen = u64::from(offset) + items.len() as u64;
        let next = (seen < total && !items.is_empty()).then(|| seen.to_string());
        Ok(Page { items, next, total })
    }
}

impl Tx<'_> {
    /// Writes a new notification (its number is ignored), forgets the oldest beyond the bound, and returns its number.
    pub fn insert_notification(&self, new: &Notification) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO notification (id, at, kind, device, operation, text)
                 VALUES (?1, ?2, ?3, (SELECT number FROM device WHERE id = ?4), ?5, ?6)",
            )?
            .execute(params![new.id, new.at, new.kind, new.device, new.operation, new.text])?;
        let number = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached("DELETE FROM notification WHERE number <= ?1")?
            .execute([number - MAX_NOTIFICATIONS])?;
        Ok(number)
    }

    /// Ticks a notification off; the first to do so counts.
    pub fn check_notification(&self, number: i64, at: Timestamp, by: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE notification SET checked_at = ?2, checked_by = ?3 WHERE number = ?1 AND checked_at IS NULL",
            )?
            .execute(params![number, at, by])?;
        Ok(())
    }

    /// Ticks off every notification of `own_of`'s devices, or all of them. Returns how many.
    pub fn check_notifications(&self, own_of: Option<&str>, at: Timestamp, by: &str) -> Result<usize, StoreError> {
        let own = OWN.replace("= ?", "= ?1");
        let mut statement = self.connection.prepare_cached(&format!(
            "UPDATE notification SET checked_at = ?2, checked_by = ?3 WHERE checked_at IS NULL
             AND (?1 IS NULL OR device IN (SELECT d.number FROM device d WHERE {own}))"
        ))?;
        Ok(statement.execute(params![own_of, at, by])?)
    }
}

fn notification(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        number: row.get(0)?,
        id: row.get(1)?,
        at: row.get(2)?,
        kind: row.get(3)?,
        device: row.get(4)?,
        operation: row.get(5)?,
        text: row.get(6)?,
        checked_at: row.get(7)?,
        checked_by: row.get(8)?,
    })
}
